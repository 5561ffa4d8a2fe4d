//! What stands before the first segment and after the last? Stem and head.

use crate::branches::{Branches, EPSILON};
use crate::layers::{ConvNorm, Dropout, LayerNorm};
use crate::positions::positions;
use crate::{Builder, Conv, ConvSpec, Features, Linear, Norm, Pass, Size, StemKind, Window, ops};
use timestep_engine::Array;

/// A 3×3 maximum of stride 2 that keeps half the size: the end of ImageNet stems.
const HALVE: Window = Window {
    kernel: 3,
    stride: 2,
    padding: 1,
};

/// Side of the patches of an image: 2 pixels up to 16, 4 up to 64, 16 above, and no more than there are.
pub(crate) fn patch(image: Size) -> usize {
    let least = image.height.min(image.width);
    let side = match image.height.max(image.width) {
        0..=16 => 2,
        17..=64 => 4,
        _ => 16,
    };
    side.min(least).max(1)
}

/// The first layers.
#[derive(Debug)]
pub(crate) enum Stem {
    /// A convolution, perhaps norm and ReLU, perhaps a maximum over windows.
    Plain {
        conv: Conv,
        norm: Option<Norm>,
        relu: bool,
        pool: bool,
        /// Are waves added that tell pixels where they are?
        placed: bool,
    },
    /// Convolutions, maxima and branches one after the other (inception networks).
    Chain(Vec<StemLayer>),
}

/// One layer of a chain.
#[derive(Debug)]
pub(crate) enum StemLayer {
    Conv(ConvNorm),
    Pool(Window),
    Branches(Branches),
}

/// What a stem leaves to the first segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inlet {
    /// Channels of the state.
    pub(crate) channels: usize,
    /// Size of the state.
    pub(crate) size: Size,
}

impl Stem {
    /// A convolution and what belongs to it.
    pub(crate) fn plain(
        make: &mut Builder,
        kind: StemKind,
        (input, channels): (usize, usize),
        size: Size,
        preactivation: bool,
    ) -> (Self, Inlet) {
        let large = matches!(kind, StemKind::Imagenet | StemKind::ImagenetNormed);
        let placed = kind == StemKind::Patches;
        let spec = match kind {
            _ if large => ConvSpec::square(channels, 7, 2),
            StemKind::Patches => {
                let side = patch(size);
                ConvSpec {
                    bias: true,
                    ..ConvSpec::square(channels, side, side).valid()
                }
            }
            StemKind::Strided => ConvSpec::square(channels, 3, 2),
            _ => ConvSpec::square(channels, 3, 1),
        };
        let conv = match placed {
            // Patches do not overlap: what a channel sums are all numbers of one.
            true => {
                let [rows, columns] = spec.kernel;
                let std = (2.0 / (rows * columns * input + channels) as f64).sqrt();
                make.convolution_from("conv1", input, spec, size, std)
            }
            false => make.convolution("conv1", input, spec, size),
        };
        let mut size = spec.size(size);
        let bare = matches!(kind, StemKind::Cifar | StemKind::Strided) && preactivation;
        let normed = !placed && !bare;
        let norm = normed.then(|| make.norm("bn1", channels));
        if large {
            make.keep(channels, size);
            size = HALVE.size(size);
        }
        make.close_part();
        let stem = Stem::Plain {
            conv,
            norm,
            relu: normed && kind != StemKind::CifarLinear,
            pool: large,
            placed,
        };
        (stem, Inlet { channels, size })
    }

    /// The first state.
    pub(crate) fn forward(&self, pass: &Pass, images: Features) -> Features {
        match self {
            Stem::Plain {
                conv,
                norm,
                relu,
                pool,
                placed,
            } => {
                let mut u = match (norm, relu) {
                    (Some(norm), true) => norm.relu_of(pass, conv, &images),
                    (Some(norm), false) => norm.of(pass, conv, &images),
                    (None, _) => conv.forward(pass, &images),
                };
                if *pool {
                    u = ops::max_pool(&u, HALVE);
                }
                if *placed {
                    let waves = positions(pass, u.dims());
                    u = ops::combine(&[(1.0.into(), &u), (1.0.into(), &waves)]);
                }
                u
            }
            Stem::Chain(layers) => layers.iter().fold(images, |u, layer| match layer {
                StemLayer::Conv(conv) => conv.forward(pass, &u),
                StemLayer::Pool(window) => ops::max_pool(&u, *window),
                StemLayer::Branches(branches) => branches.forward(pass, &u),
            }),
        }
    }
}

/// A chain of layers while it is built.
pub(crate) struct Chain<'b> {
    make: &'b mut Builder,
    layers: Vec<StemLayer>,
    inlet: Inlet,
    epsilon: f64,
}

impl<'b> Chain<'b> {
    /// Starts at the images; `epsilon` is added to the variance by the norms.
    pub(crate) fn new(make: &'b mut Builder, channels: usize, size: Size, epsilon: f64) -> Self {
        Self {
            epsilon,
            make,
            layers: Vec::new(),
            inlet: Inlet { channels, size },
        }
    }

    /// A convolution with norm and ReLU.
    pub(crate) fn conv(mut self, name: &str, spec: ConvSpec) -> Self {
        let Inlet { channels, size } = self.inlet;
        let conv = ConvNorm::new(self.make, name, channels, spec, size, self.epsilon);
        self.layers.push(StemLayer::Conv(conv));
        self.inlet = Inlet {
            channels: spec.output,
            size: spec.size(size),
        };
        self
    }

    /// A maximum over windows.
    pub(crate) fn pool(mut self, window: Window) -> Self {
        self.layers.push(StemLayer::Pool(window));
        self.inlet.size = window.size(self.inlet.size);
        self
    }

    /// Branches.
    pub(crate) fn branches(mut self, name: &str, branches: &[&[crate::branches::Layer]]) -> Self {
        let Inlet { channels, size } = self.inlet;
        let built = Branches::build(self.make, name, channels, size, branches, self.epsilon);
        self.inlet = Inlet {
            channels: built.channels,
            size: built.size,
        };
        self.layers.push(StemLayer::Branches(built));
        self
    }

    /// The stem and what it leaves.
    pub(crate) fn finish(self) -> (Stem, Inlet) {
        self.make.close_part();
        (Stem::Chain(self.layers), self.inlet)
    }
}

/// The last layers: perhaps a convolution, norm and ReLU; mean over the image; linear layer.
#[derive(Debug)]
pub(crate) struct Head {
    conv: Option<ConvNorm>,
    norm: Option<Norm>,
    layer_norm: Option<LayerNorm>,
    relu: bool,
    dropout: Option<Dropout>,
    linear: Linear,
}

/// What a head has besides the linear layer.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeadSpec {
    /// A 1×1 convolution with norm and ReLU: its name and channels.
    pub(crate) conv: Option<(&'static str, usize)>,
    /// Norm and ReLU after pre-activation blocks.
    pub(crate) norm: bool,
    /// A layer norm, without a ReLU.
    pub(crate) layer_norm: bool,
    /// ReLU alone.
    pub(crate) relu: bool,
    /// Share of means set to zero in training.
    pub(crate) dropout: f64,
    /// Name of the linear layer.
    pub(crate) linear: &'static str,
}

impl Head {
    /// Builds a head on the state of the last segment.
    pub(crate) fn build(make: &mut Builder, spec: &HeadSpec, inlet: Inlet, classes: usize) -> Self {
        let Inlet { mut channels, size } = inlet;
        let conv = spec.conv.map(|(name, width)| {
            let layer = ConvSpec::square(width, 1, 1);
            let conv = ConvNorm::new(make, name, channels, layer, size, EPSILON);
            channels = width;
            conv
        });
        let norm = spec.norm.then(|| {
            make.keep(channels, size);
            make.norm("bn", channels)
        });
        Self {
            conv,
            norm,
            layer_norm: (spec.layer_norm).then(|| make.layer_norm("norm", channels, size)),
            relu: spec.relu,
            dropout: Dropout::new("head", spec.dropout),
            linear: make.linear(spec.linear, channels, classes),
        }
    }

    /// Logits `[batch, classes]`.
    pub(crate) fn forward(&self, pass: &Pass, mut u: Features) -> Array {
        if let Some(conv) = &self.conv {
            u = conv.forward(pass, &u);
        }
        if let Some(norm) = &self.norm {
            u = norm.relu(pass, &u);
        }
        if let Some(norm) = &self.layer_norm {
            u = norm.forward(pass, &u);
        }
        if self.relu {
            u = ops::relu(&u);
        }
        let mut mean = ops::global_average_pool(&u);
        let shape = mean.shape();
        let dropped = self.dropout.as_ref();
        if let Some(factors) = dropped.and_then(|d| d.factors(pass, shape[0], shape[1])) {
            let factors: Vec<f64> = factors.iter().map(|f| f64::from(*f)).collect();
            mean = mean.times(&Array::constant(pass.tape(), shape, &factors));
        }
        self.linear.forward(pass, &mean)
    }
}
