//! Does a result depend on anything but the arguments? Not on threads, used scratch, or old outputs.

use crate::common::{Case, Kind, all_kernels, oblong, same_bits, shape, varied_shapes};
use timestep_kernels::Kernels;

/// All results of a case as bits.
fn bits(case: &Case, kernels: &Kernels) -> (Vec<u32>, Vec<u64>) {
    let (out, moments) = case.forward(kernels);
    let back = case.backward(kernels);
    let norm = &back.grads.norm;
    let single = [&out, &back.input, &back.grad_out, &back.grads.weights];
    let double = [&moments.mean, &moments.squares, &norm.plain, &norm.centered];
    (
        single.into_iter().flatten().map(|x| x.to_bits()).collect(),
        double.into_iter().flatten().map(|x| x.to_bits()).collect(),
    )
}

fn pool(threads: usize) -> rayon::ThreadPool {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
    builder.build().expect("threads")
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let pools = [1, 2, 3, 5].map(pool);
    for (i, shape) in [
        shape(13, (9, 10), (16, 24), (3, 1, 1), 1),
        shape(2, (50, 47), (32, 16), (3, 1, 1), 1),
        shape(70, (5, 4), (9, 11), (3, 1, 1), 1),
        shape(21, (7, 8), (16, 17), (3, 2, 1), 1),
        shape(1, (70, 70), (40, 8), (1, 1, 0), 1),
        shape(9, (8, 8), (32, 32), (3, 1, 1), 4),
        oblong(5, (30, 31), (48, 24), ([7, 1], 1, [3, 0]), 1),
        oblong(5, (31, 30), (48, 24), ([1, 7], 1, [0, 3]), 1),
        oblong(19, (9, 8), (24, 9), ([3, 3], 1, [0, 0]), 1),
        shape(11, (9, 8), (64, 96), (3, 1, 1), 2),
        shape(9, (9, 8), (64, 64), (3, 1, 1), 16),
        // Weights larger than the caches.
        shape(3, (4, 3), (340, 352), (3, 1, 1), 1),
        // Weights enough to be merged in several pieces.
        shape(7, (4, 4), (64, 64), (3, 1, 1), 1),
    ]
    .into_iter()
    .enumerate()
    {
        let case = Case::new(shape, Kind::NormRelu, (1 + i % 7, i % 2 == 0), 11);
        for kernels in all_kernels() {
            let results = pools
                .each_ref()
                .map(|pool| pool.install(|| bits(&case, &kernels)));
            for result in &results[1..] {
                assert!(*result == results[0], "{shape:?} {kernels:?}");
            }
        }
    }
}

#[test]
fn used_scratch_changes_nothing() {
    let large = shape(1, (24, 24), (48, 48), (3, 1, 1), 1);
    let mut nan = Case::new(large, Kind::Plain, (1, false), 1);
    nan.data.fill(f32::NAN);
    nan.terms[0].0.fill(f32::NAN);
    for shape in varied_shapes() {
        let case = Case::new(shape, Kind::NormRelu, (3, true), 5);
        for kernels in all_kernels() {
            // Scratch belongs to a thread, so a new pool has none.
            let clean = pool(1).install(|| bits(&case, &kernels));
            let used = pool(1).install(|| {
                nan.forward(&kernels);
                nan.backward(&kernels);
                bits(&case, &kernels)
            });
            assert!(clean == used, "{shape:?} {kernels:?}");
        }
    }
}

#[test]
fn outputs_are_overwritten_whatever_they_held() {
    for shape in varied_shapes() {
        let case = Case::new(shape, Kind::Relu, (1, false), 2);
        for kernels in all_kernels() {
            let (expected, _) = case.forward(&kernels);
            let mut out = vec![1e30; expected.len()];
            kernels.conv_forward(&shape, &case.view(), &case.weights, &mut out, false);
            same_bits("output", &out, &expected).unwrap();
            let expected = case.backward(&kernels);
            let mut input = vec![1e30; expected.input.len()];
            let mut grad_out = vec![1e30; expected.grad_out.len()];
            case.backward_into(&kernels, Some(&mut input), Some(&mut grad_out));
            same_bits("gradient of input", &input, &expected.input).unwrap();
            same_bits("added-up gradient", &grad_out, &expected.grad_out).unwrap();
        }
    }
}
