//! Is a convolution with packed weights, cut into pieces of channels and finished as it is stored, the same as one after the other?

use crate::common::{Case, Kind, Numbers, all_kernels, same_bits, shape};
use timestep_kernels::layout::Extent;
use timestep_kernels::{Affine, ConvShape, Finish, Isa, Kernels, MaxPool, Term, View};

fn pool(threads: usize) -> rayon::ThreadPool {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
    builder.build().expect("threads")
}

/// Single images, or two, with work for several pieces.
fn small_batches() -> [ConvShape; 7] {
    [
        shape(1, (14, 14), (64, 136), (3, 1, 1), 1),
        shape(1, (14, 14), (128, 128), (3, 1, 1), 4),
        // Pixels a page apart, channels that fill no vector.
        shape(1, (7, 7), (1024, 100), (1, 1, 0), 1),
        shape(1, (9, 8), (512, 96), (1, 2, 0), 1),
        shape(2, (20, 19), (64, 41), (3, 2, 1), 1),
        // Sums over the kernel in several parts.
        shape(1, (6, 6), (1024, 40), (3, 2, 1), 1),
        shape(1, (24, 24), (64, 96), (3, 2, 1), 8),
    ]
}

#[test]
fn pieces_of_channels_have_the_bits_of_the_whole_on_any_number_of_threads() {
    let pools = [1, 2, 3, 5].map(pool);
    for shape in small_batches() {
        let case = Case::new(shape, Kind::NormRelu, (1, false), 3);
        for kernels in all_kernels() {
            // With moments, chunks are whole.
            let (whole, _) = case.forward(&kernels);
            let packed = kernels.pack_conv(&shape, &case.weights);
            assert!(packed.suits(kernels, &shape));
            for pool in &pools {
                let mut out = vec![f32::NAN; whole.len()];
                let finish = Finish::default();
                pool.install(|| {
                    kernels.conv_packed(&shape, &case.view(), &packed, &finish, &mut out, false)
                });
                let place = format!("{shape:?} {kernels:?} {pool:?}");
                same_bits(&place, &out, &whole).unwrap();
            }
        }
    }
}

#[test]
fn what_is_finished_as_it_is_stored_is_what_would_be_done_afterwards() {
    let pools = [1, 3].map(pool);
    for shape in small_batches() {
        let case = Case::new(shape, Kind::Relu, (1, false), 4);
        let mut numbers = Numbers(9);
        let (scale, shift) = (numbers.uniform(shape.output), numbers.uniform(shape.output));
        let coefs = numbers.uniform(shape.output);
        let others = numbers.uniform(shape.output_len());
        let term = Term {
            view: View {
                relu: true,
                ..View::plain(&others)
            },
            coefs: &coefs,
        };
        let norm = Affine {
            scale: &scale,
            shift: &shift,
            center: &shift,
        };
        for kernels in all_kernels() {
            let (raw, _) = case.forward(&kernels);
            let packed = kernels.pack_conv(&shape, &case.weights);
            for (norm, relu, coef, terms) in [
                (Some(norm), true, 1.0, &[][..]),
                (Some(norm), false, 0.5, &[term][..]),
                (None, true, -2.0, &[term, term][..]),
            ] {
                let finish = Finish {
                    norm,
                    relu,
                    coef,
                    terms,
                };
                // What the network would compute after the convolution, from its results as they are.
                let later = |i: usize| {
                    let c = i % shape.output;
                    let mut y = f64::from(raw[i]);
                    if norm.is_some() {
                        y = f64::from(scale[c]) * y + f64::from(shift[c]);
                    }
                    if relu {
                        y = y.max(0.0);
                    }
                    let term = f64::from(coefs[c]) * f64::from(others[i].max(0.0));
                    f64::from(coef) * y + terms.len() as f64 * term
                };
                for pool in &pools {
                    let mut out = vec![f32::NAN; raw.len()];
                    pool.install(|| {
                        kernels.conv_packed(&shape, &case.view(), &packed, &finish, &mut out, false)
                    });
                    for (i, y) in out.iter().enumerate() {
                        let want = later(i);
                        let allowed = 1e-6 * (1.0 + f64::from(raw[i]).abs());
                        let off = (f64::from(*y) - want).abs();
                        assert!(off <= allowed, "{shape:?} {kernels:?} {i}: {y} {want}");
                    }
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "weights packed for another shape")]
fn packed_weights_of_another_order_are_refused() {
    let own = shape(1, (8, 8), (16, 16), (3, 1, 1), 1);
    // So small that most tiles of Winograd's method would lie outside.
    let other = ConvShape {
        height: 2,
        width: 2,
        ..own
    };
    let kernels = Kernels::detect().with_winograd(true);
    let packed = kernels.pack_conv(&own, &vec![0.0; own.weight_len()]);
    let (x, mut out) = (vec![0.0; other.input_len()], vec![0.0; other.output_len()]);
    let finish = Finish::default();
    kernels.conv_packed(&other, &View::plain(&x), &packed, &finish, &mut out, false);
}

#[test]
fn largest_values_without_places_are_those_with_places() {
    let (pool, input) = (
        MaxPool {
            kernel: 3,
            stride: 2,
            padding: 1,
        },
        Extent {
            batch: 2,
            height: 90,
            width: 61,
            channels: 19,
        },
    );
    let mut data = Numbers(1).uniform(input.len());
    for i in (0..data.len()).step_by(97) {
        data[i] = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY][i % 3];
    }
    for relu in [false, true] {
        let view = View {
            relu,
            ..View::plain(&data)
        };
        for kernels in Isa::ALL.into_iter().filter_map(Kernels::new) {
            let (want, _) = kernels.max_pool(&pool, &view, &input);
            let mut out = vec![0.0; want.len()];
            kernels.max_pool_values(&pool, &view, &input, &mut out);
            let same = |(a, b): (&f32, &f32)| a == b || a.is_nan() && b.is_nan();
            assert!(out.iter().zip(&want).all(same), "{kernels:?} {relu}");
            assert!(want.iter().any(|x| x.is_nan()) && want.contains(&f32::INFINITY));
        }
    }
}
