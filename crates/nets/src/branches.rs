//! What are inception modules made of? Branches of convolutions and pools, side by side.

use crate::ConvSpec;
use crate::layers::ConvNorm;
use crate::{Builder, Features, Pass, Size};
use crate::{Window, ops};

/// Added to the variance by the norms of Inception-ResNet.
pub(crate) const EPSILON: f64 = 1e-3;

/// A 3×3 maximum of stride 2 without padding.
pub(crate) const MAX: Window = Window {
    kernel: 3,
    stride: 2,
    padding: 0,
};

/// A 3×3 mean that keeps the size.
pub(crate) const MEAN: Window = Window {
    kernel: 3,
    stride: 1,
    padding: 1,
};

/// One layer of a branch, as it is written down.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layer {
    /// Convolution, norm and ReLU.
    Conv(ConvSpec),
    /// Largest values.
    Max,
    /// Means.
    Mean,
}

/// Convolution of a kernel that keeps the size.
pub(crate) fn conv(output: usize, rows: usize, columns: usize) -> Layer {
    Layer::Conv(ConvSpec::rectangle(output, [rows, columns], 1))
}

/// 3×3 convolution of stride 2 without padding.
pub(crate) fn reduce(output: usize) -> Layer {
    Layer::Conv(ConvSpec::square(output, 3, 2).valid())
}

/// A layer that was built.
#[derive(Clone, Copy, Debug)]
enum Built {
    Conv(ConvNorm),
    Max,
    Mean,
}

/// Branches side by side; their results are joined.
#[derive(Clone, Debug)]
pub(crate) struct Branches {
    branches: Vec<Vec<Built>>,
    /// Channels of the result.
    pub(crate) channels: usize,
    /// Size of the result.
    pub(crate) size: Size,
}

impl Branches {
    /// Builds branches named `name.branch0`, …; the layers of a branch with more than one are counted:
    /// `name.branch1.0`. `epsilon` is added to the variance by the norms.
    pub(crate) fn build(
        make: &mut Builder,
        name: &str,
        input: usize,
        size: Size,
        branches: &[&[Layer]],
        epsilon: f64,
    ) -> Self {
        let (mut built, mut total, mut end) = (Vec::new(), 0, size);
        for (i, layers) in branches.iter().enumerate() {
            let (mut channels, mut at) = (input, size);
            let mut branch = Vec::new();
            for (j, layer) in layers.iter().enumerate() {
                let name = if layers.len() == 1 {
                    format!("{name}.branch{i}")
                } else {
                    format!("{name}.branch{i}.{j}")
                };
                branch.push(match layer {
                    Layer::Conv(spec) => {
                        let conv = ConvNorm::new(make, &name, channels, *spec, at, epsilon);
                        (channels, at) = (spec.output, spec.size(at));
                        Built::Conv(conv)
                    }
                    Layer::Max => {
                        at = MAX.size(at);
                        Built::Max
                    }
                    Layer::Mean => Built::Mean,
                });
            }
            built.push(branch);
            total += channels;
            end = at;
        }
        Self {
            branches: built,
            channels: total,
            size: end,
        }
    }

    /// The same convolutions with norms of their own, named like the branches.
    pub(crate) fn renormed(&self, make: &mut Builder, name: &str, size: Size) -> Self {
        let branch = |make: &mut Builder, i: usize, layers: &[Built]| {
            let mut at = size;
            let layer = |(j, layer): (usize, &Built)| match layer {
                Built::Conv(conv) => {
                    let name = match layers.len() {
                        1 => format!("{name}.branch{i}.bn"),
                        _ => format!("{name}.branch{i}.{j}.bn"),
                    };
                    let renormed = conv.renormed(make, &name, at);
                    at = conv.size(at);
                    Built::Conv(renormed)
                }
                pool => *pool,
            };
            layers.iter().enumerate().map(layer).collect()
        };
        Self {
            branches: (self.branches.iter().enumerate())
                .map(|(i, layers)| branch(make, i, layers))
                .collect(),
            ..*self
        }
    }

    /// The results of all branches, joined.
    pub(crate) fn forward(&self, pass: &Pass, input: &Features) -> Features {
        let results: Vec<Features> = (self.branches.iter())
            .map(|branch| {
                branch.iter().fold(input.clone(), |u, layer| match layer {
                    Built::Conv(conv) => conv.forward(pass, &u),
                    Built::Max => ops::max_pool(&u, MAX),
                    Built::Mean => ops::mean_pool(&u, MEAN),
                })
            })
            .collect();
        match results.as_slice() {
            [one] => one.clone(),
            all => ops::join(&all.iter().collect::<Vec<_>>()),
        }
    }
}
