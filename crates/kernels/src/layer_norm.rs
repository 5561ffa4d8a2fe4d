//! How are the channels of a pixel normalised? By their own mean and variance (Ba, Kiros, Hinton 2016).
//!
//! Pixels do not depend on each other; the gradients of scale and shift are sums over chunks of them that are merged in order, in double
//! precision.

use crate::kernels::Kernels;
use crate::parallel::map;
use crate::simd::{Loops, run_loops};

/// Pixels of a piece of work.
const CHUNK: usize = 256;
/// Independent chains of a sum, so that it fills vectors.
const CHAINS: usize = 16;

/// The sum of `f` over all channels, in 16 chains.
#[inline(always)]
fn sum(channels: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut sums = [0.0_f32; CHAINS];
    let whole = channels / CHAINS * CHAINS;
    let mut c = 0;
    while c < whole {
        for i in 0..CHAINS {
            sums[i] += f(c + i);
        }
        c += CHAINS;
    }
    let mut total = 0.0;
    for sum in sums {
        total += sum;
    }
    for c in whole..channels {
        total += f(c);
    }
    total
}

/// Mean and `1/√(σ² + ε)` of the channels of a pixel.
#[inline(always)]
fn moments(x: &[f32], epsilon: f32) -> (f32, f32) {
    let count = x.len() as f32;
    let mean = sum(x.len(), |c| x[c]) / count;
    let squares = sum(x.len(), |c| (x[c] - mean) * (x[c] - mean));
    (mean, 1.0 / (squares / count + epsilon).sqrt())
}

/// A chunk of pixels.
struct Forward<'a> {
    x: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    epsilon: f32,
}

impl Loops for Forward<'_> {
    type Out = Vec<f32>;

    #[inline(always)]
    fn run(self) -> Vec<f32> {
        let channels = self.scale.len();
        let mut out = vec![0.0; self.x.len()];
        for (out, x) in out
            .chunks_exact_mut(channels)
            .zip(self.x.chunks_exact(channels))
        {
            let (mean, inverse) = moments(x, self.epsilon);
            for c in 0..channels {
                out[c] = (x[c] - mean) * inverse * self.scale[c] + self.shift[c];
            }
        }
        out
    }
}

/// The way back through a chunk of pixels.
struct Backward<'a> {
    x: &'a [f32],
    scale: &'a [f32],
    grad: &'a [f32],
    epsilon: f32,
}

/// Gradients of the input, of scale and of shift.
type Grads = (Vec<f32>, Vec<f32>, Vec<f32>);

impl Loops for Backward<'_> {
    type Out = Grads;

    #[inline(always)]
    fn run(self) -> Grads {
        let channels = self.scale.len();
        let count = channels as f32;
        let mut out = vec![0.0; self.x.len()];
        let (mut scale, mut shift) = (vec![0.0; channels], vec![0.0; channels]);
        let mut normed = vec![0.0_f32; channels];
        let rows = self
            .x
            .chunks_exact(channels)
            .zip(self.grad.chunks_exact(channels));
        for (out, (x, grad)) in out.chunks_exact_mut(channels).zip(rows) {
            let (mean, inverse) = moments(x, self.epsilon);
            for c in 0..channels {
                normed[c] = (x[c] - mean) * inverse;
                scale[c] += grad[c] * normed[c];
                shift[c] += grad[c];
                out[c] = grad[c] * self.scale[c];
            }
            let plain = sum(channels, |c| out[c]) / count;
            let along = sum(channels, |c| out[c] * normed[c]) / count;
            for c in 0..channels {
                out[c] = inverse * (out[c] - plain - normed[c] * along);
            }
        }
        (out, scale, shift)
    }
}

impl Kernels {
    /// `γ (x - μ) / √(σ² + ε) + β` with mean and biased variance over the channels of each pixel.
    ///
    /// # Panics
    /// If a length does not fit.
    #[must_use]
    pub fn layer_norm(&self, x: &[f32], scale: &[f32], shift: &[f32], epsilon: f64) -> Vec<f32> {
        let channels = scale.len();
        assert!(
            channels > 0 && x.len().is_multiple_of(channels),
            "whole pixels"
        );
        assert_eq!(shift.len(), channels, "a shift for each channel");
        let parts = map(x.chunks(CHUNK * channels), |x| {
            let epsilon = epsilon as f32;
            run_loops(
                *self,
                Forward {
                    x,
                    scale,
                    shift,
                    epsilon,
                },
            )
        });
        parts.concat()
    }

    /// Gradients of `x`, `γ` and `β` of [`layer_norm`](Self::layer_norm): with `x̂ = (x - μ)/σ` and `ĝ = γ g`,
    /// `dx = (ĝ - mean(ĝ) - x̂ mean(ĝ x̂)) / σ`, `dγ = Σ g x̂`, `dβ = Σ g`.
    ///
    /// # Panics
    /// If a length does not fit.
    #[must_use]
    pub fn layer_norm_backward(
        &self,
        x: &[f32],
        scale: &[f32],
        grad: &[f32],
        epsilon: f64,
    ) -> Grads {
        let channels = scale.len();
        assert!(
            channels > 0 && x.len().is_multiple_of(channels),
            "whole pixels"
        );
        assert_eq!(grad.len(), x.len(), "a gradient for each number");
        let pieces = x
            .chunks(CHUNK * channels)
            .zip(grad.chunks(CHUNK * channels));
        let parts = map(pieces, |(x, grad)| {
            let epsilon = epsilon as f32;
            run_loops(
                *self,
                Backward {
                    x,
                    scale,
                    grad,
                    epsilon,
                },
            )
        });
        let mut out = Vec::with_capacity(x.len());
        let mut sums = vec![[0.0_f64; 2]; channels];
        for (part, scale, shift) in parts {
            out.extend(part);
            for (sums, (a, b)) in sums.iter_mut().zip(scale.iter().zip(&shift)) {
                sums[0] += f64::from(*a);
                sums[1] += f64::from(*b);
            }
        }
        let narrow = |which: usize| sums.iter().map(|s| s[which] as f32).collect();
        (out, narrow(0), narrow(1))
    }
}
