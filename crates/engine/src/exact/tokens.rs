//! What are attention and layer norm? Weighed means over the pixels of an image; pixels less the mean of their channels.

use super::record::Record;
use super::tensor::{Shape, Tensor, at};
use std::rc::Rc;

/// Extents of attention.
#[derive(Clone, Copy)]
struct Heads {
    batch: usize,
    channels: usize,
    heads: usize,
    pixels: usize,
}

impl Heads {
    /// Place of channel `c` (within its head) of a pixel: of the queries (`which = 0`), keys or values.
    fn input(&self, [image, head, which, c]: [usize; 4], pixel: usize) -> usize {
        let channel = which * self.channels + head * (self.channels / self.heads) + c;
        (image * 3 * self.channels + channel) * self.pixels + pixel
    }

    /// The same place of the result.
    fn output(&self, [image, head, c]: [usize; 3], pixel: usize) -> usize {
        let channel = head * (self.channels / self.heads) + c;
        (image * self.channels + channel) * self.pixels + pixel
    }

    fn each(&self, mut f: impl FnMut(usize, usize)) {
        for image in 0..self.batch {
            for head in 0..self.heads {
                f(image, head);
            }
        }
    }
}

/// `softmax_j(q_i · k_j / √d)` of one head of one image, row after row.
fn weights(u: &[f64], shape: Heads, image: usize, head: usize) -> Vec<f64> {
    let width = shape.channels / shape.heads;
    let mut all = Vec::new();
    for i in 0..shape.pixels {
        let score = |j: usize| -> f64 {
            let terms = (0..width).map(|c| {
                u[shape.input([image, head, 0, c], i)] * u[shape.input([image, head, 1, c], j)]
            });
            terms.sum::<f64>() / (width as f64).sqrt()
        };
        let scores: Vec<f64> = (0..shape.pixels).map(score).collect();
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = scores.iter().map(|s| (s - largest).exp()).sum();
        all.extend(scores.iter().map(|s| (s - largest).exp() / total));
    }
    all
}

impl Record {
    /// `o_i = Σ_j w_ij v_j`, `w_i = softmax_j(s_ij)`, `s_ij = q_i · k_j / √d`, over the pixels of an image and within each head.
    ///
    /// Back: `dv_j = Σ_i w_ij g_i`, `ds_ij = w_ij (g_i · v_j - Σ_l w_il g_i · v_l)`, `dq_i = Σ_j ds_ij k_j / √d`,
    /// `dk_j = Σ_i ds_ij q_i / √d`.
    pub(super) fn attended(&self, input: &Tensor, heads: usize) -> Tensor {
        let [batch, all, height, columns] = input.dims();
        assert!(
            all.is_multiple_of(3 * heads),
            "queries, keys and values of heads"
        );
        let shape = Heads {
            batch,
            channels: all / 3,
            heads,
            pixels: height * columns,
        };
        let (width, pixels) = (shape.channels / heads, shape.pixels);
        let u = input.data.clone();
        let mut out = vec![0.0; batch * shape.channels * pixels];
        shape.each(|image, head| {
            let w = weights(&u, shape, image, head);
            for i in 0..pixels {
                for c in 0..width {
                    let terms = (0..pixels)
                        .map(|j| w[i * pixels + j] * u[shape.input([image, head, 2, c], j)]);
                    out[shape.output([image, head, c], i)] = terms.sum();
                }
            }
        });
        let back = move |g: &[f64]| {
            let mut du = vec![0.0; u.len()];
            let root = (width as f64).sqrt();
            shape.each(|image, head| {
                let w = weights(&u, shape, image, head);
                let place =
                    |which: usize, c: usize, at: usize| shape.input([image, head, which, c], at);
                let grad = |c: usize, i: usize| g[shape.output([image, head, c], i)];
                for i in 0..pixels {
                    let w = &w[i * pixels..][..pixels];
                    let along = |j: usize| -> f64 {
                        (0..width).map(|c| grad(c, i) * u[place(2, c, j)]).sum()
                    };
                    let dw: Vec<f64> = (0..pixels).map(along).collect();
                    let mean: f64 = w.iter().zip(&dw).map(|(w, d)| w * d).sum();
                    for j in 0..pixels {
                        let ds = w[j] * (dw[j] - mean) / root;
                        for c in 0..width {
                            du[place(0, c, i)] += ds * u[place(1, c, j)];
                            du[place(1, c, j)] += ds * u[place(0, c, i)];
                            du[place(2, c, j)] += w[j] * grad(c, i);
                        }
                    }
                }
            });
            du
        };
        let dims = Shape::Features([batch, shape.channels, height, columns]);
        self.record(dims, out, vec![(input, Box::new(back))])
    }

    /// `v = γ x̂ + β` with `x̂ = (u - μ) / √(σ² + ε)`, mean and biased variance over the channels of each pixel.
    ///
    /// Back, with means over the channels of a pixel and `ĝ = γ g`: `du = (ĝ - mean(ĝ) - x̂ mean(ĝ x̂)) / σ`,
    /// `dγ = Σ g x̂`, `dβ = Σ g`.
    pub(super) fn layer_normed(
        &self,
        input: &Tensor,
        [scale, shift]: [&Tensor; 2],
        epsilon: f64,
    ) -> Tensor {
        let dims = input.dims();
        let [batch, channels, height, width] = dims;
        assert_eq!(scale.data.len(), channels, "a scale for each channel");
        let count = channels as f64;
        // Calls `f` with the places of the channels of each pixel.
        let each = move |f: &mut dyn FnMut(&[usize])| {
            for image in 0..batch {
                for row in 0..height {
                    for column in 0..width {
                        let place = |c| at(dims, [image, c, row, column]);
                        f(&(0..channels).map(place).collect::<Vec<_>>());
                    }
                }
            }
        };
        let u = &input.data;
        let mut normed = vec![0.0; u.len()];
        let mut inverse = vec![0.0; u.len()];
        each(&mut |pixel| {
            let mean = pixel.iter().map(|at| u[*at]).sum::<f64>() / count;
            let squares: f64 = pixel.iter().map(|at| (u[*at] - mean).powi(2)).sum();
            let one = 1.0 / (squares / count + epsilon).sqrt();
            for at in pixel {
                (normed[*at], inverse[*at]) = ((u[*at] - mean) * one, one);
            }
        });
        let normed = Rc::new(normed);
        let mut out = vec![0.0; u.len()];
        each(&mut |pixel| {
            for (c, at) in pixel.iter().enumerate() {
                out[*at] = normed[*at] * scale.data[c] + shift.data[c];
            }
        });
        let (by, own) = (scale.data.clone(), normed.clone());
        let to_input = move |g: &[f64]| {
            let mut du = vec![0.0; g.len()];
            each(&mut |pixel| {
                let scaled = |c: usize| by[c] * g[pixel[c]];
                let plain = (0..channels).map(scaled).sum::<f64>() / count;
                let along = (0..channels)
                    .map(|c| scaled(c) * own[pixel[c]])
                    .sum::<f64>()
                    / count;
                for (c, at) in pixel.iter().enumerate() {
                    du[*at] = inverse[*at] * (scaled(c) - plain - own[*at] * along);
                }
            });
            du
        };
        let to_scale = move |g: &[f64]| {
            let mut sums = vec![0.0; channels];
            each(&mut |pixel| {
                for (c, at) in pixel.iter().enumerate() {
                    sums[c] += g[*at] * normed[*at];
                }
            });
            sums
        };
        let to_shift = move |g: &[f64]| {
            let mut sums = vec![0.0; channels];
            each(&mut |pixel| {
                for (c, at) in pixel.iter().enumerate() {
                    sums[c] += g[*at];
                }
            });
            sums
        };
        self.record(
            input.shape,
            out,
            vec![
                (input, Box::new(to_input)),
                (scale, Box::new(to_scale)),
                (shift, Box::new(to_shift)),
            ],
        )
    }
}
