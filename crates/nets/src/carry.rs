//! Which shortcuts are there? Ways to carry a state to another number of channels and another size.

use crate::{
    BlockFacts, BlockShape, Builder, Conv, Features, Norm, Pass, Sampling, Shortcut, Window, ops,
};

/// The linear part of a transition (up to norms and ReLU): carries `u` to the new shape.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Carry {
    /// Subsampling and zero channels.
    OptionA(Sampling),
    /// Means of windows, and zero channels on both sides.
    Pooled { stride: usize, channels: usize },
    /// Convolution, then norm.
    ConvNorm { conv: Conv, norm: Norm },
    /// Norm, ReLU, then convolution.
    NormConv { norm: Norm, conv: Conv },
    /// Convolution of the block's own entry.
    Shared { conv: Conv },
    /// Convolution alone.
    Plain { conv: Conv },
    /// Two convolutions of the rectified state and of its shifted copy, joined, then a norm.
    Shifted {
        convs: [Conv; 2],
        norm: Norm,
        stride: usize,
    },
}

impl Carry {
    /// Builds the shortcut under `name`.
    pub(crate) fn build(
        make: &mut Builder,
        name: &str,
        kind: Shortcut,
        facts: &BlockFacts,
        shape: &BlockShape,
    ) -> Self {
        let (input, output, stride) = (shape.input, shape.output, shape.stride);
        let conv = |make: &mut Builder, part: &str| {
            let name = format!("{name}.{part}");
            make.conv(&name, input, output, 1, stride, 1, shape.size)
        };
        let small = shape.size.strided(stride);
        match (kind, facts.preactivation) {
            (Shortcut::OptionA, _) => Carry::OptionA(Sampling {
                stride,
                offset: 0,
                channels: output,
            }),
            (Shortcut::PooledOptionA, _) => Carry::Pooled {
                stride,
                channels: output,
            },
            (Shortcut::SharedProjection, _) => Carry::Shared {
                conv: conv(make, "0"),
            },
            (Shortcut::PlainProjection, _) => Carry::Plain {
                conv: conv(make, "0"),
            },
            (Shortcut::Projection, false) => {
                let conv = conv(make, "0");
                make.keep(output, small);
                Carry::ConvNorm {
                    conv,
                    norm: make.norm(&format!("{name}.1"), output),
                }
            }
            (Shortcut::Projection, true) => {
                let norm = make.norm(&format!("{name}.0"), input);
                Carry::NormConv {
                    norm,
                    conv: conv(make, "2"),
                }
            }
            (Shortcut::ShiftedPaths, _) => {
                // An odd number of channels leaves one more to the first path.
                let widths = [output.div_ceil(2), output / 2];
                let mut part = |i: usize| {
                    let name = format!("{name}.path{i}");
                    make.conv(&name, input, widths[i], 1, 1, 1, small)
                };
                let convs = [part(0), part(1)];
                make.keep(output, small);
                Carry::Shifted {
                    convs,
                    norm: make.norm(&format!("{name}.bn"), output),
                    stride,
                }
            }
        }
    }

    /// The state in the new shape; `entry` is what the block beside it starts with.
    pub(crate) fn forward(&self, pass: &Pass, u: &Features, entry: Option<&Features>) -> Features {
        match self {
            Carry::OptionA(sampling) => ops::sample(u, *sampling),
            Carry::Pooled { stride, channels } => {
                let window = Window {
                    kernel: *stride,
                    stride: *stride,
                    padding: 0,
                };
                // The builder has seen to it that the windows cover the image.
                let small = match stride {
                    1 => u.clone(),
                    _ => ops::mean_pool(u, window),
                };
                let [_, present, _, _] = u.dims();
                ops::embed(&small, (channels - present) / 2, *channels)
            }
            Carry::ConvNorm { conv, norm } => norm.of(pass, conv, u),
            Carry::NormConv { norm, conv } => conv.forward(pass, &norm.relu(pass, u)),
            Carry::Shared { conv } => conv.forward(pass, entry.unwrap_or(u)),
            Carry::Plain { conv } => conv.forward(pass, u),
            Carry::Shifted {
                convs,
                norm,
                stride,
            } => {
                let start = ops::relu(u);
                let [_, channels, _, _] = u.dims();
                let path = |i: usize| {
                    let sampling = Sampling {
                        stride: *stride,
                        offset: i,
                        channels,
                    };
                    convs[i].forward(pass, &ops::sample(&start, sampling))
                };
                norm.forward(pass, &ops::join(&[&path(0), &path(1)]))
            }
        }
    }
}
