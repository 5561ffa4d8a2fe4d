//! Are means over windows those of the reference, forward and backward, for every kind of view?

use crate::common::{Case, Kind, Numbers, all_kernels, same_bits, shape};
use std::panic::catch_unwind;
use timestep_kernels::layout::Extent;
use timestep_kernels::{Kernels, MeanPool, View, reference};

/// Kernel, stride and padding of windows that overlap, touch, leave gaps, or lie mostly outside.
const POOLS: [[usize; 3]; 7] = [
    [3, 1, 1],
    [2, 2, 0],
    [3, 2, 1],
    [2, 3, 0],
    [1, 2, 0],
    [5, 2, 4],
    [4, 1, 0],
];

fn pool([kernel, stride, padding]: [usize; 3]) -> MeanPool {
    MeanPool {
        kernel,
        stride,
        padding,
    }
}

/// Images of random features for every number of channels: less than a vector, one, many and a rest.
fn cases() -> impl Iterator<Item = (Extent, Case)> {
    let channels = [1, 5, 16, 24, 37].into_iter().enumerate();
    channels.flat_map(|(i, channels)| {
        Kind::ALL.map(|kind| {
            let (height, width) = (5 + i, 8 - i);
            let shape = shape(2, (height, width), (channels, 1), (1, 1, 0), 1);
            let extent = Extent {
                batch: 2,
                height,
                width,
                channels,
            };
            (extent, Case::new(shape, kind, (1, false), i as u64))
        })
    })
}

fn close(what: &str, actual: &[f32], expected: &[f64]) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    for (i, (a, b)) in actual.iter().zip(expected).enumerate() {
        let error = (f64::from(*a) - b).abs();
        assert!(error <= 1e-6 * largest, "{what}: {a} is not {b} at {i}");
    }
}

#[test]
fn means_and_their_gradients_are_those_of_the_reference() {
    let mut kernels = all_kernels();
    kernels.dedup_by_key(|k| k.isa());
    for (extent, case) in cases() {
        let values = reference::view(&case.view(), extent.channels);
        for pool in &POOLS.map(pool) {
            let expected = reference::mean_pool(pool, &extent, &values);
            let grad = Numbers(7).uniform(expected.len());
            let wide: Vec<f64> = grad.iter().map(|g| f64::from(*g)).collect();
            let expected_grad = reference::mean_pool_grad(pool, &extent, &wide);
            for k in &kernels {
                let what = format!("{pool:?} {extent:?} {:?} {k:?}", case.kind);
                close(&what, &k.mean_pool(pool, &case.view(), &extent), &expected);
                let actual = k.mean_pool_backward(pool, &extent, &grad);
                close(&what, &actual, &expected_grad);
            }
        }
    }
}

#[test]
fn the_border_does_not_count() {
    let extent = Extent {
        batch: 1,
        height: 2,
        width: 3,
        channels: 1,
    };
    let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let smooth = pool([3, 1, 1]);
    let values = data.map(f64::from);
    // Two columns at the sides, three in the middle, always both rows.
    let means = [3.0, 3.5, 4.0, 3.0, 3.5, 4.0];
    assert_eq!(reference::mean_pool(&smooth, &extent, &values), means);
    for k in all_kernels() {
        let out = k.mean_pool(&smooth, &View::plain(&data), &extent);
        close("by hand", &out, &means);
        let ones = k.mean_pool(&smooth, &View::plain(&[1.0; 6]), &extent);
        close("a mean of ones", &ones, &[1.0; 6]);
    }
}

#[test]
fn the_gradient_of_the_reference_is_the_adjoint_of_its_means() {
    let numbers = |seed, n| Numbers(seed).uniform(n).into_iter().map(f64::from);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let extent = Extent {
        batch: 2,
        height: 6,
        width: 5,
        channels: 3,
    };
    for pool in POOLS.map(pool) {
        let x: Vec<f64> = numbers(1, extent.len()).collect();
        let g: Vec<f64> = numbers(2, pool.output(&extent).len()).collect();
        let forward = dot(&reference::mean_pool(&pool, &extent, &x), &g);
        let backward = dot(&x, &reference::mean_pool_grad(&pool, &extent, &g));
        assert!((forward - backward).abs() < 1e-12, "{pool:?}");
    }
}

#[test]
fn not_a_number_passes_and_stays_in_its_windows() {
    let extent = Extent {
        batch: 1,
        height: 4,
        width: 4,
        channels: 2,
    };
    let mut data = vec![-1.0; extent.len()];
    data[0] = f32::NAN;
    let view = View {
        relu: true,
        ..View::plain(&data)
    };
    let halve = pool([2, 2, 0]);
    for k in all_kernels() {
        let nan = |values: &[f32]| -> Vec<usize> {
            (0..values.len()).filter(|i| values[*i].is_nan()).collect()
        };
        assert_eq!(nan(&k.mean_pool(&halve, &view, &extent)), [0]);
        let mut grad = vec![0.0; 8];
        grad[3] = f32::NAN;
        let back = k.mean_pool_backward(&halve, &extent, &grad);
        // The upper right window's second channel.
        assert_eq!(nan(&back), [5, 7, 13, 15]);
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let (extent, case) = cases().last().expect("cases");
    let pool = pool([3, 1, 1]);
    let both = |threads: usize| {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        builder.build().expect("threads").install(|| {
            let k = Kernels::detect();
            let out = k.mean_pool(&pool, &case.view(), &extent);
            let grad = k.mean_pool_backward(&pool, &extent, &out);
            (out, grad)
        })
    };
    let one = both(1);
    for threads in [2, 5] {
        let more = both(threads);
        same_bits("means", &more.0, &one.0).unwrap();
        same_bits("gradients", &more.1, &one.1).unwrap();
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let extent = Extent {
        batch: 1,
        height: 2,
        width: 2,
        channels: 1,
    };
    for bad in [[3, 1, 0], [2, 0, 0], [2, 1, 2]] {
        assert!(
            catch_unwind(|| pool(bad).output(&extent)).is_err(),
            "{bad:?}"
        );
    }
    let k = Kernels::detect();
    let halve = pool([2, 2, 0]);
    let short = catch_unwind(|| k.mean_pool(&halve, &View::plain(&[0.0; 3]), &extent));
    assert!(short.is_err(), "features too short");
    let long = catch_unwind(|| k.mean_pool_backward(&halve, &extent, &[0.0; 2]));
    assert!(long.is_err(), "too many gradients");
}
