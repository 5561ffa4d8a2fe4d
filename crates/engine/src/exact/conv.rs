//! What is a convolution? A sum of products, each of one feature and one weight.

use super::record::Record;
use super::tensor::{Shape, Tensor, at, places};
use crate::{ConvSpec, Size};

/// Products of one weight with features of a row: `u[input + k stride] w[weight]` belongs to `v[output + k]`.
struct Run {
    input: usize,
    stride: usize,
    weight: usize,
    output: usize,
    count: usize,
}

/// Calls `f` with every product of a convolution, row by row of the image; those with the zeros around the image are left
/// out. Extents are those of the input and of the output.
fn products(spec: &ConvSpec, from: [usize; 4], to: [usize; 4], mut f: impl FnMut(Run)) {
    let [_, channels, height, width] = from;
    let (inputs, outputs) = (channels / spec.groups, spec.output / spec.groups);
    let weights = [spec.output, inputs, spec.kernel[0], spec.kernel[1]];
    let stride = spec.stride;
    for image in 0..to[0] {
        for (weight, [out, i, tap_row, tap_column]) in places(weights).enumerate() {
            let channel = out / outputs * inputs + i;
            // Columns of the output whose feature `column · stride + tap - padding` lies inside the image.
            let before = spec.padding[1].saturating_sub(tap_column);
            let first = before.div_ceil(stride);
            let last = (width + spec.padding[1]).saturating_sub(tap_column);
            let end = last.div_ceil(stride).min(to[3]);
            for row in 0..to[2] {
                let Some(y) = (row * stride + tap_row).checked_sub(spec.padding[0]) else {
                    continue;
                };
                if y < height && first < end {
                    let x = first * stride + tap_column - spec.padding[1];
                    f(Run {
                        input: at(from, [image, channel, y, x]),
                        stride,
                        weight,
                        output: at(to, [image, out, row, first]),
                        count: end - first,
                    });
                }
            }
        }
    }
}

impl Record {
    /// `v_o = Σ u_i w_t` over all products `(i, t, o)`. Back: `du_i = Σ g_o w_t`, `dw_t = Σ g_o u_i`.
    pub(super) fn convolution(&self, input: &Tensor, weight: &Tensor, spec: &ConvSpec) -> Tensor {
        let spec = *spec;
        let from = input.dims();
        let [batch, channels, height, width] = from;
        let size = spec.size(Size { height, width });
        let to = [batch, spec.output, size.height, size.width];
        let count = spec.output * (channels / spec.groups) * spec.kernel[0] * spec.kernel[1];
        assert!(
            channels.is_multiple_of(spec.groups) && spec.output.is_multiple_of(spec.groups),
            "channels in whole groups"
        );
        assert_eq!(weight.data.len(), count, "weights of the convolution");
        let (u, w) = (input.data.clone(), weight.data.clone());
        let mut out = vec![0.0; to.iter().product()];
        products(&spec, from, to, |run| {
            let (u, w) = (u[run.input..].iter().step_by(run.stride), w[run.weight]);
            let out = out[run.output..][..run.count].iter_mut();
            out.zip(u).for_each(|(v, u)| *v += u * w);
        });
        let to_input = move |g: &[f64]| {
            let mut du = vec![0.0; from.iter().product()];
            products(&spec, from, to, |run| {
                let (g, w) = (&g[run.output..][..run.count], w[run.weight]);
                let du = du[run.input..].iter_mut().step_by(run.stride);
                du.zip(g).for_each(|(du, g)| *du += g * w);
            });
            du
        };
        let to_weight = move |g: &[f64]| {
            let mut dw = vec![0.0; count];
            products(&spec, from, to, |run| {
                let (g, u) = (&g[run.output..][..run.count], &u[run.input..]);
                let sum: f64 = g
                    .iter()
                    .zip(u.iter().step_by(run.stride))
                    .map(|(g, u)| g * u)
                    .sum();
                dw[run.weight] += sum;
            });
            dw
        };
        self.record(
            Shape::Features(to),
            out,
            vec![(input, Box::new(to_input)), (weight, Box::new(to_weight))],
        )
    }
}
