//! Do the kernels' pieces add up to a batch norm with its whole backward pass?

use crate::common::{Numbers, all_kernels, shape};
use timestep_kernels::{Affine, ConvShape, Kernels, Scaled, Sum, View, reference};

/// `y = conv₂(relu(norm(conv₁(u))))`, and the gradient of `y`.
struct Net {
    first: ConvShape,
    second: ConvShape,
    u: Vec<f32>,
    weights: [Vec<f32>; 2],
    gamma: Vec<f32>,
    beta: Vec<f32>,
    grad: Vec<f32>,
}

/// What comes out, forward and backward.
struct Results {
    mean: Vec<f64>,
    variance: Vec<f64>,
    y: Vec<f64>,
    of_u: Vec<f64>,
    of_weights: [Vec<f64>; 2],
    of_gamma: Vec<f64>,
    of_beta: Vec<f64>,
    /// Gradient of what the norm sees.
    of_x: Vec<f64>,
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|x| f64::from(*x)).collect()
}

impl Net {
    fn new(first: ConvShape, second: ConvShape, seed: u64) -> Self {
        let n = &mut Numbers(seed);
        let fit = (second.height, second.width, second.input);
        assert_eq!((first.out_height(), first.out_width(), first.output), fit);
        Self {
            first,
            second,
            u: n.uniform(first.input_len()),
            weights: [first, second].map(|s| n.uniform(s.weight_len())),
            gamma: n.uniform(second.input).iter().map(|x| x + 1.5).collect(),
            beta: n.uniform(second.input),
            grad: n.uniform(second.output_len()),
        }
    }

    fn reference(&self) -> Results {
        let [w1, w2] = self.weights.each_ref().map(|w| wide(w));
        let (u, gamma, beta) = (wide(&self.u), wide(&self.gamma), wide(&self.beta));
        let x = reference::conv_forward(&self.first, &u, &w1);
        let (mean, variance) = reference::moments(&x, gamma.len());
        let z = reference::batch_norm(&x, &gamma, &beta);
        let seen = reference::relu(&z);
        let y = reference::conv_forward(&self.second, &seen, &w2);
        let (of_seen, of_w2) = reference::conv_grads(&self.second, &seen, &w2, &wide(&self.grad));
        let norm = reference::batch_norm_grads(&x, &gamma, &reference::relu_grad(&z, &of_seen));
        let (of_u, of_w1) = reference::conv_grads(&self.first, &u, &w1, &norm.input);
        Results {
            mean,
            variance,
            y,
            of_u,
            of_weights: [of_w1, of_w2],
            of_gamma: norm.gamma,
            of_beta: norm.beta,
            of_x: norm.input,
        }
    }

    fn kernels(&self, kernels: &Kernels) -> Results {
        let channels = self.gamma.len();
        let u = View::plain(&self.u);
        let mut x = vec![f32::NAN; self.first.output_len()];
        let moments = kernels.conv_forward(&self.first, &u, &self.weights[0], &mut x, true);
        let moments = moments.expect("asked for");
        let deviation: Vec<f64> = (0..channels)
            .map(|c| (moments.variance(c) + reference::EPSILON).sqrt())
            .collect();
        let per_channel =
            |f: &dyn Fn(usize) -> f64| -> Vec<f32> { (0..channels).map(|c| f(c) as f32).collect() };
        let scale = per_channel(&|c| f64::from(self.gamma[c]) / deviation[c]);
        let shift = per_channel(&|c| {
            f64::from(self.beta[c]) - moments.mean[c] * f64::from(self.gamma[c]) / deviation[c]
        });
        let center = per_channel(&|c| moments.mean[c]);
        let view = View {
            data: &x,
            affine: Some(Affine {
                scale: &scale,
                shift: &shift,
                center: &center,
            }),
            relu: true,
        };
        let mut y = vec![f32::NAN; self.second.output_len()];
        kernels.conv_forward(&self.second, &view, &self.weights[1], &mut y, false);

        let ones = vec![1.0; self.second.output];
        let term = Scaled {
            data: &self.grad,
            scale: &ones,
        };
        let grad = Sum {
            terms: vec![term],
            constant: None,
        };
        let mut dz = vec![f32::NAN; x.len()];
        let weights = &self.weights[1];
        let back = kernels.conv_backward(&self.second, &view, weights, &grad, Some(&mut dz), None);
        // dx = scale (dz - Σ dz / n - (x - μ) Σ dz (x - μ) / (n σ²)), one number per channel each.
        let norm = &back.norm;
        let slope = |c: usize| {
            -f64::from(scale[c]) * norm.centered[c] / (moments.count * deviation[c].powi(2))
        };
        let of_data = per_channel(&slope);
        let constant = per_channel(&|c| {
            -f64::from(scale[c]) * norm.plain[c] / moments.count - slope(c) * moments.mean[c]
        });
        let terms = vec![
            Scaled {
                data: &dz,
                scale: &scale,
            },
            Scaled {
                data: &x,
                scale: &of_data,
            },
        ];
        let grad = Sum {
            terms,
            constant: Some(&constant),
        };
        let mut of_u = vec![f32::NAN; self.u.len()];
        let mut of_x = vec![f32::NAN; x.len()];
        let weights = &self.weights[0];
        let (to, copy) = (Some(&mut of_u[..]), Some(&mut of_x[..]));
        let first = kernels.conv_backward(&self.first, &u, weights, &grad, to, copy);
        Results {
            variance: (0..channels).map(|c| moments.variance(c)).collect(),
            mean: moments.mean,
            y: wide(&y),
            of_u: wide(&of_u),
            of_weights: [first.weights, back.weights].map(|w| wide(&w)),
            of_gamma: (0..channels)
                .map(|c| norm.centered[c] / deviation[c])
                .collect(),
            of_beta: norm.plain.clone(),
            of_x: wide(&of_x),
        }
    }
}

/// Compares relative to the largest value.
fn close(what: &str, actual: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    for (i, (a, b)) in actual.iter().zip(expected).enumerate() {
        let off = (a - b).abs() / largest;
        assert!(off <= tolerance, "{what}: {a} is not {b} at {i} ({off:e})");
    }
}

fn check(first: ConvShape, second: ConvShape, seed: u64) {
    let net = Net::new(first, second, seed);
    let expected = net.reference();
    for kernels in all_kernels() {
        let winograd = kernels.uses_winograd(&first) || kernels.uses_winograd(&second);
        let tolerance = if winograd { 5e-5 } else { 5e-6 };
        let actual = net.kernels(&kernels);
        let close = |what: &str, actual: &[f64], expected: &[f64]| {
            close(
                &format!("{what}, {kernels:?}, {first:?}"),
                actual,
                expected,
                tolerance,
            );
        };
        close("mean", &actual.mean, &expected.mean);
        close("variance", &actual.variance, &expected.variance);
        close("output", &actual.y, &expected.y);
        close("gradient of γ", &actual.of_gamma, &expected.of_gamma);
        close("gradient of β", &actual.of_beta, &expected.of_beta);
        close("gradient of x", &actual.of_x, &expected.of_x);
        close("gradient of u", &actual.of_u, &expected.of_u);
        for i in 0..2 {
            let (actual, expected) = (&actual.of_weights[i], &expected.of_weights[i]);
            close(&format!("gradient of weights {i}"), actual, expected);
        }
    }
}

#[test]
fn a_basic_block() {
    let conv = shape(3, (9, 8), (16, 16), (3, 1, 1), 1);
    check(conv, conv, 1);
}

#[test]
fn a_block_that_halves_the_image() {
    let first = shape(2, (11, 8), (20, 24), (3, 2, 1), 1);
    check(first, shape(2, (6, 4), (24, 24), (3, 1, 1), 1), 2);
}

#[test]
fn a_bottleneck() {
    let reduce = shape(2, (7, 7), (40, 12), (1, 1, 0), 1);
    check(reduce, shape(2, (7, 7), (12, 12), (3, 1, 1), 4), 3);
    let strided = shape(2, (7, 7), (12, 33), (3, 2, 1), 3);
    check(strided, shape(2, (4, 4), (33, 48), (1, 1, 0), 1), 4);
}

#[test]
fn a_stem_with_few_channels() {
    let stem = shape(2, (18, 18), (3, 16), (7, 2, 3), 1);
    check(stem, shape(2, (9, 9), (16, 5), (5, 1, 2), 1), 5);
}
