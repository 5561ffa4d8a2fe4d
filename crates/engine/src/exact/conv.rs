//! What is a convolution? A sum of products, each of one feature and one weight.

use super::record::Record;
use super::tensor::{Shape, Tensor, at, places};
use crate::{ConvSpec, Size};

/// Calls `f(input, weight, output)` with the positions of every product of a convolution; those with the zeros around
/// the image are left out. Extents are those of the input and of the output.
fn products(
    spec: &ConvSpec,
    from: [usize; 4],
    to: [usize; 4],
    mut f: impl FnMut(usize, usize, usize),
) {
    let [_, channels, height, width] = from;
    let (inputs, outputs) = (channels / spec.groups, spec.output / spec.groups);
    for (output, [image, out, row, column]) in places(to).enumerate() {
        for i in 0..inputs {
            let channel = out / outputs * inputs + i;
            for tap_row in 0..spec.kernel[0] {
                for tap_column in 0..spec.kernel[1] {
                    // Counted from the first row and column of the padding.
                    let y = row * spec.stride + tap_row;
                    let x = column * spec.stride + tap_column;
                    let inside = (spec.padding[0]..spec.padding[0] + height).contains(&y)
                        && (spec.padding[1]..spec.padding[1] + width).contains(&x);
                    if inside {
                        let (y, x) = (y - spec.padding[0], x - spec.padding[1]);
                        let input = at(from, [image, channel, y, x]);
                        let kernel = [spec.output, inputs, spec.kernel[0], spec.kernel[1]];
                        let weight = at(kernel, [out, i, tap_row, tap_column]);
                        f(input, weight, output);
                    }
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
        products(&spec, from, to, |i, t, o| out[o] += u[i] * w[t]);
        let to_input = move |g: &[f64]| {
            let mut du = vec![0.0; from.iter().product()];
            products(&spec, from, to, |i, t, o| du[i] += g[o] * w[t]);
            du
        };
        let to_weight = move |g: &[f64]| {
            let mut dw = vec![0.0; count];
            products(&spec, from, to, |i, t, o| dw[t] += g[o] * u[i]);
            dw
        };
        self.record(
            Shape::Features(to),
            out,
            vec![(input, Box::new(to_input)), (weight, Box::new(to_weight))],
        )
    }
}
