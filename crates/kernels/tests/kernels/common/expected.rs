//! How far may the kernels be from the reference?

use super::Case;
use timestep_kernels::{Moments, View, reference};

/// Half the distance from 1 to the next `f32`.
const UNIT: f64 = f32::EPSILON as f64 / 2.0;
/// Error of Winograd's method, relative to the largest sum of absolute products.
const WINOGRAD: f64 = 1e-5;

/// What the reference says about a case.
pub(crate) struct Expected {
    pub(crate) out: Close,
    pub(crate) grad_out: Close,
    pub(crate) input: Close,
    pub(crate) weights: Close,
}

impl Expected {
    pub(crate) fn new(case: &Case) -> Self {
        let shape = &case.shape;
        let view = case.view();
        let seen = reference::view(&view, shape.input);
        let weights: Vec<f64> = case.weights.iter().map(|w| f64::from(*w)).collect();
        let grad = reference::sum(&case.sum(), shape.output);
        let (input, of_weights) = reference::conv_grads(shape, &seen, &weights, &grad);
        // The same with absolute values: what rounding errors are measured against.
        let (seen_size, weights_size) = (sizes(&seen), sizes(&weights));
        let grad_size = sum_sizes(case);
        let (input_size, of_weights_size) =
            reference::conv_grads(shape, &seen_size, &weights_size, &grad_size);
        // Before the ReLU, which is the last thing a view does.
        let before = reference::view(
            &View {
                relu: false,
                ..view
            },
            shape.input,
        );
        let back = |grad: &[f64]| match view.relu {
            true => reference::relu_grad(&before, grad),
            false => grad.to_vec(),
        };
        let taps = shape.taps();
        Self {
            out: Close {
                values: reference::conv_forward(shape, &seen, &weights),
                sizes: reference::conv_forward(shape, &seen_size, &weights_size),
                depth: taps * shape.group_input(),
            },
            input: Close {
                values: back(&input),
                sizes: back(&input_size),
                depth: taps * shape.group_output(),
            },
            weights: Close {
                values: of_weights,
                sizes: of_weights_size,
                depth: shape.output_len() / shape.output,
            },
            grad_out: Close {
                values: grad,
                sizes: grad_size,
                depth: case.terms.len() + 1,
            },
        }
    }
}

fn sizes(values: &[f64]) -> Vec<f64> {
    values.iter().map(|x| x.abs()).collect()
}

/// `|constant| + Σ |scaleᵢ · dataᵢ|`.
fn sum_sizes(case: &Case) -> Vec<f64> {
    let channels = case.shape.output;
    let size = |i: usize| {
        let constant = case
            .constant
            .as_ref()
            .map_or(0.0, |v| f64::from(v[i % channels].abs()));
        let terms = case.terms.iter();
        constant
            + terms
                .map(|(x, s)| f64::from((x[i] * s[i % channels]).abs()))
                .sum::<f64>()
    };
    (0..case.shape.output_len()).map(size).collect()
}

/// Values, and how exactly sums of products can be expected to meet them.
pub(crate) struct Close {
    pub(crate) values: Vec<f64>,
    /// Sums of the absolute products.
    pub(crate) sizes: Vec<f64>,
    /// Number of products.
    pub(crate) depth: usize,
}

impl Close {
    /// Compares element by element.
    ///
    /// A sum of `n` products in `f32` is off by about `√n` rounding errors of its absolute size;
    /// Winograd's method mixes the pixels of a tile, so there the largest size counts.
    pub(crate) fn compare(&self, what: &str, actual: &[f32], winograd: bool) -> Result<(), String> {
        ensure(actual.len() == self.values.len(), what)?;
        let largest = self.sizes.iter().copied().fold(0.0, f64::max);
        let direct = UNIT * (8.0 + 2.0 * (self.depth as f64).sqrt());
        for (i, (actual, expected)) in actual.iter().zip(&self.values).enumerate() {
            let bound = if winograd {
                WINOGRAD * largest
            } else {
                direct * self.sizes[i]
            };
            near(what, f64::from(*actual), *expected, bound).map_err(|e| format!("{e} at {i}"))?;
        }
        Ok(())
    }
}

/// Are the moments those of `values`?
pub(crate) fn check_moments(
    values: &[f32],
    moments: &Moments,
    channels: usize,
) -> Result<(), String> {
    let values: Vec<f64> = values.iter().map(|x| f64::from(*x)).collect();
    let (mean, variance) = reference::moments(&values, channels);
    let pixels = (values.len() / channels) as f64;
    ensure(moments.count == pixels, "number of pixels")?;
    for c in 0..channels {
        let channel = values.iter().skip(c).step_by(channels);
        let spread = channel.map(|x| (x - mean[c]).abs()).fold(0.0, f64::max);
        // The sums in `f32` are of differences from one of the values.
        // A constant channel shows the rounding of the reference itself.
        let bound = 4e-6 * spread * spread + 1e-24 * mean[c] * mean[c];
        near(
            "mean",
            moments.mean[c],
            mean[c],
            1e-6 * spread + 1e-12 * mean[c].abs(),
        )?;
        near("variance", moments.variance(c), variance[c], bound)?;
        let unbiased = variance[c] * pixels / (pixels - 1.0).max(1.0);
        near(
            "unbiased variance",
            moments.unbiased(c),
            unbiased,
            2.0 * bound,
        )?;
    }
    Ok(())
}

/// `Err` unless `actual` is within `bound` of `expected`; NaN never is.
pub(crate) fn near(what: &str, actual: f64, expected: f64, bound: f64) -> Result<(), String> {
    if (actual - expected).abs() <= bound {
        return Ok(());
    }
    Err(format!(
        "{what} is {actual:e}, not {expected:e} (within {bound:e})"
    ))
}

/// `Err` unless all bits agree.
pub(crate) fn same_bits(what: &str, actual: &[f32], expected: &[f32]) -> Result<(), String> {
    ensure(actual.len() == expected.len(), what)?;
    let differs = |(a, b): (&f32, &f32)| a.to_bits() != b.to_bits();
    match actual.iter().zip(expected).position(differs) {
        None => Ok(()),
        Some(i) => Err(format!(
            "{what} differs at {i}: {} and {}",
            actual[i], expected[i]
        )),
    }
}

/// `Err` unless it holds.
pub(crate) fn ensure(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}
