//! What is batch normalisation? Features less their mean, divided by their standard deviation, scaled and shifted.

use super::record::Record;
use super::tensor::{Shape, Tensor, channels};
use crate::Statistics;
use std::rc::Rc;

/// The sum of the numbers of each channel.
fn sums(dims: [usize; 4], numbers: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sums = vec![0.0; dims[1]];
    for (number, c) in numbers.zip(channels(dims)) {
        sums[c] += number;
    }
    sums
}

/// The sum of `a b` over each channel.
fn products(dims: [usize; 4], a: &[f64], b: &[f64]) -> Vec<f64> {
    sums(dims, a.iter().zip(b).map(|(a, b)| a * b))
}

/// A function of every number and of what belongs to its channel.
fn each(dims: [usize; 4], numbers: &[f64], f: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    let all = numbers.iter().zip(channels(dims));
    all.map(|(number, c)| f(c, *number)).collect()
}

impl Record {
    /// `v = u + b`, one `b` a channel. Back: `du = g`, `db = Σ g`.
    pub(super) fn biased(&self, input: &Tensor, bias: &Tensor) -> Tensor {
        let dims = input.dims();
        let b = &bias.data;
        assert_eq!(b.len(), dims[1], "a bias a channel");
        let out = each(dims, &input.data, |c, u| u + b[c]);
        let to_bias = move |g: &[f64]| sums(dims, g.iter().copied());
        self.record(
            input.shape,
            out,
            vec![
                (input, Box::new(<[f64]>::to_vec)),
                (bias, Box::new(to_bias)),
            ],
        )
    }

    /// `v = γ x̂ + β` with `x̂ = (u - μ) / σ`, `σ = √(σ² + ε)`, where mean and biased variance are those of the batch.
    ///
    /// Back, with the means over a channel: `du = γ/σ (g - mean(g) - x̂ mean(g x̂))`, `dγ = Σ g x̂`, `dβ = Σ g`.
    pub(super) fn norm_by_batch(
        &self,
        input: &Tensor,
        scale: &Tensor,
        shift: &Tensor,
        epsilon: f64,
    ) -> (Tensor, Statistics) {
        let dims = input.dims();
        let count = (dims[0] * dims[2] * dims[3]) as f64;
        let mean: Vec<f64> = sums(dims, input.data.iter().copied())
            .iter()
            .map(|sum| sum / count)
            .collect();
        let centred = each(dims, &input.data, |c, u| u - mean[c]);
        let squares = products(dims, &centred, &centred);
        let std: Vec<f64> = squares
            .iter()
            .map(|sum| (sum / count + epsilon).sqrt())
            .collect();
        let statistics = Statistics {
            mean,
            variance: squares.iter().map(|s| s / (count - 1.0).max(1.0)).collect(),
        };
        let gamma = scale.data.clone();
        let normal = each(dims, &centred, |c, u| u / std[c]);
        let to_input = {
            let normal = normal.clone();
            move |g: &[f64]| {
                let along_one = sums(dims, g.iter().copied());
                let along_normal = products(dims, g, &normal);
                let all = g.iter().zip(&normal).zip(channels(dims));
                all.map(|((g, x), c)| {
                    let rest = g - along_one[c] / count - x * along_normal[c] / count;
                    gamma[c] / std[c] * rest
                })
                .collect()
            }
        };
        let out = self.scaled_and_shifted(input, normal, scale, shift, Box::new(to_input));
        (out, statistics)
    }

    /// The same with mean and variance that are constants. Back: `du = γ/σ g`, `dγ = Σ g x̂`, `dβ = Σ g`.
    pub(super) fn norm_by_constants(
        &self,
        input: &Tensor,
        [scale, shift]: [&Tensor; 2],
        [mean, variance]: [&Tensor; 2],
        epsilon: f64,
    ) -> Tensor {
        let dims = input.dims();
        let std: Vec<f64> = variance.data.iter().map(|v| (v + epsilon).sqrt()).collect();
        let normal = each(dims, &input.data, |c, u| (u - mean.data[c]) / std[c]);
        let gamma = scale.data.clone();
        let to_input = move |g: &[f64]| each(dims, g, |c, g| gamma[c] / std[c] * g);
        self.scaled_and_shifted(input, normal, scale, shift, Box::new(to_input))
    }

    /// `γ x̂ + β`, given `x̂` and the way back to what it was made of.
    fn scaled_and_shifted(
        &self,
        input: &Tensor,
        normal: Vec<f64>,
        scale: &Tensor,
        shift: &Tensor,
        to_input: super::record::Pullback,
    ) -> Tensor {
        let dims = input.dims();
        let (gamma, beta) = (&scale.data, &shift.data);
        assert!(
            [gamma.len(), beta.len()] == [dims[1]; 2],
            "a scale and a shift a channel"
        );
        let out = each(dims, &normal, |c, x| gamma[c] * x + beta[c]);
        let normal = Rc::new(normal);
        let to_scale = move |g: &[f64]| products(dims, g, &normal);
        let to_shift = move |g: &[f64]| sums(dims, g.iter().copied());
        self.record(
            Shape::Features(dims),
            out,
            vec![
                (input, to_input),
                (scale, Box::new(to_scale)),
                (shift, Box::new(to_shift)),
            ],
        )
    }
}
