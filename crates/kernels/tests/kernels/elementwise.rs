//! Do a scheme's step, the pooling head and their gradients agree with f64, whatever the instruction
//! set and the number of threads?

use crate::common::{Numbers, all_kernels, shape};
use timestep_kernels::{
    Affine, ConvShape, Kernels, NormSums, Scaled, Sum, Term, TermBack, TermGrads, View, reference,
};

const PIXELS: usize = 300;

fn numbers(seed: u64, n: usize) -> Vec<f32> {
    let mut numbers = Numbers(seed);
    // Multiples of 1/64: products with the scales below are exact, so ReLU masks agree.
    (0..n)
        .map(|_| (numbers.below(257) as f32 - 128.0) / 64.0)
        .collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

fn near(what: &str, got: &[f64], want: &[f64], to: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    let scale = want.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
    for (i, (a, b)) in got.iter().zip(want).enumerate() {
        assert!((a - b).abs() <= to * scale, "{what}[{i}]: {a} against {b}");
    }
}

/// Everything that two terms, one of them normed and rectified, are made of.
struct Step {
    channels: usize,
    u: Vec<f32>,
    v: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
    center: Vec<f32>,
    coefs: [Vec<f32>; 2],
    grad: [Vec<f32>; 2],
    factors: [Vec<f32>; 2],
    constant: Vec<f32>,
}

impl Step {
    fn new(channels: usize) -> Self {
        let n = PIXELS * channels;
        Self {
            channels,
            u: numbers(1, n),
            v: numbers(2, n),
            scale: vec![0.5; channels],
            shift: numbers(3, channels),
            center: numbers(4, channels),
            coefs: [numbers(5, channels), numbers(6, channels)],
            grad: [numbers(7, n), numbers(8, n)],
            factors: [numbers(9, channels), numbers(10, channels)],
            constant: numbers(11, channels),
        }
    }

    fn terms(&self) -> [Term<'_>; 2] {
        let normed = View {
            data: &self.v,
            affine: Some(Affine {
                scale: &self.scale,
                shift: &self.shift,
                center: &self.center,
            }),
            relu: true,
        };
        [
            Term {
                view: View::plain(&self.u),
                coefs: &self.coefs[0],
            },
            Term {
                view: normed,
                coefs: &self.coefs[1],
            },
        ]
    }

    fn sum(&self) -> Sum<'_> {
        let scaled = |i: usize| Scaled {
            data: &self.grad[i],
            scale: &self.factors[i],
        };
        Sum {
            terms: vec![scaled(0), scaled(1)],
            constant: Some(&self.constant),
        }
    }

    /// `Σ cᵢ viewᵢ` in f64.
    fn combined(&self) -> Vec<f64> {
        let mut out = vec![0.0; self.u.len()];
        for term in self.terms() {
            let view = reference::view(&term.view, self.channels);
            for (i, (out, x)) in out.iter_mut().zip(view).enumerate() {
                *out += f64::from(term.coefs[i % self.channels]) * x;
            }
        }
        out
    }

    fn backward(&self, kernels: &Kernels) -> (Vec<TermGrads>, Vec<f32>, Vec<f32>) {
        let n = self.u.len();
        let (mut dz, mut out) = (vec![f32::NAN; n], vec![f32::NAN; n]);
        let [plain, normed] = self.terms();
        let back = vec![
            TermBack {
                term: plain,
                coefs: true,
                norm: true,
                input: None,
            },
            TermBack {
                term: normed,
                coefs: true,
                norm: true,
                input: Some(&mut dz),
            },
        ];
        let grads = kernels.combine_backward(&self.sum(), self.channels, back, Some(&mut out));
        (grads, dz, out)
    }
}

#[test]
fn a_step_and_its_gradients() {
    for channels in [1, 3, 16, 20, 64] {
        let step = Step::new(channels);
        let want = step.combined();
        let g = reference::sum(&step.sum(), channels);
        for kernels in all_kernels() {
            let what = format!("{channels} channels, {kernels:?}");
            let mut out = vec![f32::NAN; step.u.len()];
            let moments = kernels.combine(&step.terms(), channels, &mut out, true);
            near(&what, &wide(&out), &want, 1e-6);
            let moments = moments.expect("asked for");
            for c in 0..channels {
                let own: Vec<f64> = want.iter().skip(c).step_by(channels).copied().collect();
                let mean = own.iter().sum::<f64>() / PIXELS as f64;
                let variance = own.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / PIXELS as f64;
                near(
                    &what,
                    &[moments.mean[c], moments.variance(c)],
                    &[mean, variance],
                    1e-5,
                );
            }
            let (grads, dz, added) = step.backward(&kernels);
            near(&what, &wide(&added), &g, 1e-6);
            for (term, grads) in step.terms().iter().zip(&grads) {
                let view = reference::view(&term.view, channels);
                let mut coefs = vec![0.0; channels];
                for (i, (g, x)) in g.iter().zip(&view).enumerate() {
                    coefs[i % channels] += g * x;
                }
                near(&what, &grads.coefs, &coefs, 1e-5);
            }
            let view = reference::view(&step.terms()[1].view, channels);
            let mut norm = NormSums::new(channels);
            let mut want_dz = Vec::new();
            for (i, (g, y)) in g.iter().zip(&view).enumerate() {
                let c = i % channels;
                let through = if *y > 0.0 {
                    g * f64::from(step.coefs[1][c])
                } else {
                    0.0
                };
                want_dz.push(through);
                norm.plain[c] += through;
                norm.centered[c] += through * f64::from(step.v[i] - step.center[c]);
            }
            near(&what, &wide(&dz), &want_dz, 1e-6);
            near(&what, &grads[1].norm.plain, &norm.plain, 1e-5);
            near(&what, &grads[1].norm.centered, &norm.centered, 1e-5);
        }
    }
}

#[test]
fn the_mean_over_pixels_and_its_gradient() {
    let (batch, pixels, channels) = (5, 60, 20);
    let step = Step::new(channels);
    let normed = step.terms()[1].view;
    assert_eq!(batch * pixels, PIXELS);
    let view = reference::view(&normed, channels);
    let grad = numbers(20, batch * channels);
    for kernels in all_kernels() {
        let mut out = vec![f32::NAN; batch * channels];
        kernels.pool(&normed, batch, channels, &mut out);
        let mut want = vec![0.0; batch * channels];
        for (i, x) in view.iter().enumerate() {
            want[i / (pixels * channels) * channels + i % channels] += x / pixels as f64;
        }
        near("mean", &wide(&out), &want, 1e-6);
        let mut dz = vec![f32::NAN; view.len()];
        let norm = kernels.pool_backward(&normed, batch, channels, &grad, &mut dz);
        let mut plain = vec![0.0; channels];
        for (i, (dz, y)) in dz.iter().zip(&view).enumerate() {
            let g = grad[i / (pixels * channels) * channels + i % channels];
            let want = if *y > 0.0 {
                f64::from(g) / pixels as f64
            } else {
                0.0
            };
            assert!((f64::from(*dz) - want).abs() < 1e-7);
            plain[i % channels] += want;
        }
        near("sums", &norm.plain, &plain, 1e-5);
    }
}

#[test]
fn a_convolution_with_its_step_is_the_convolution_and_the_step() {
    let cases: [ConvShape; 3] = [
        shape(3, (9, 6), (16, 16), (3, 1, 1), 1),
        shape(2, (8, 8), (12, 20), (1, 1, 0), 1),
        shape(2, (7, 8), (8, 24), (3, 2, 1), 1),
    ];
    for shape in cases {
        let (x, w) = (
            numbers(1, shape.input_len()),
            numbers(2, shape.weight_len()),
        );
        let u = numbers(3, shape.output_len());
        let coefs = numbers(4, shape.output);
        let term = Term {
            view: View::plain(&u),
            coefs: &coefs,
        };
        for kernels in all_kernels() {
            let mut alone = vec![f32::NAN; u.len()];
            kernels.conv_forward(&shape, &View::plain(&x), &w, &mut alone, false);
            let want: Vec<f64> = (0..u.len())
                .map(|i| {
                    -0.5 * f64::from(alone[i])
                        + f64::from(coefs[i % shape.output]) * f64::from(u[i])
                })
                .collect();
            let mut out = vec![f32::NAN; u.len()];
            let terms = [term];
            let step = (-0.5, terms.as_slice());
            let moments = kernels.conv_combine(&shape, &View::plain(&x), &w, step, &mut out, true);
            near("step", &wide(&out), &want, 1e-6);
            let moments = moments.expect("asked for");
            let pixels = u.len() / shape.output;
            let mean = want.iter().step_by(shape.output).sum::<f64>() / pixels as f64;
            near("mean", &moments.mean[..1], &[mean], 1e-5);
            // The gradient of the input alone is that of the whole backward pass.
            let ones = vec![1.0; shape.output];
            let sum = Sum {
                terms: vec![Scaled {
                    data: &u,
                    scale: &ones,
                }],
                constant: None,
            };
            let (mut both, mut one) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
            let view = View::plain(&x);
            kernels.conv_backward(&shape, &view, &w, &sum, Some(&mut both), None);
            kernels.conv_input_grad(&shape, &w, &sum, &mut one);
            assert_eq!(both, one);
        }
    }
}

#[test]
fn the_same_bits_for_any_number_of_threads() {
    let step = Step::new(20);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| {
            let kernels = Kernels::detect();
            let mut out = vec![0.0; step.u.len()];
            let moments = kernels.combine(&step.terms(), 20, &mut out, true);
            (out, moments, step.backward(&kernels))
        })
    };
    let one = run(1);
    for threads in [2, 3, 5] {
        assert!(run(threads) == one, "{threads} threads");
    }
}
