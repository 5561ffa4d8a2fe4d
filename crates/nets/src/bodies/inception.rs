//! Inception-ResNet-v2: three kinds of inception block, with reductions between them.
//!
//! # As a network
//! Inception-ResNet-v2 (Szegedy et al. 2017), with the names of timm's weights: forward Euler steps of size 0.17,
//! 0.10 and 0.20.
//!
//! # Segments
//! Three, of the blocks `inception-a`, `inception-b` and `inception-c`; a reduction of parallel convolutions stands before
//! the second and the third. Only their lengths can be changed.
//!
//! # When to use / when not
//! For the published network on photographs of 75×75 pixels or more; nothing is padded, so smaller images leave no pixel.
//!
//! # Reference
//! C. Szegedy, S. Ioffe, V. Vanhoucke, A. Alemi, Inception-v4, Inception-ResNet and the impact of residual connections on
//! learning, AAAI 2017.

use super::{BodyFacts, Parts, SegmentBuilder, image, shared_scheme, three_segments, with_head};
use crate::ConvSpec;
use crate::branches::{Branches, EPSILON, Layer, MAX, conv, reduce};
use crate::ends::{Chain, HeadSpec, Inlet};
use crate::transition::Reduction;
use crate::{
    BlockShape, Builder, Entrance, Features, Granularity, NetError, NetworkConfig, Pass, StrideAt,
    block,
};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BodyFacts = BodyFacts {
    named: Facts {
        references: &["szegedy2017inception"],
        ..Facts::new(
            Kind::Body,
            "inception-resnet",
            "Inception-ResNet-v2: three kinds of inception block, reductions in between",
            include_str!("inception.rs"),
        )
    },
    uniform: false,
    identity: true,
    joins: |_| false,
    scheme: None,
    sizes: ", step sizes 0.17, 0.10 and 0.20",
    build,
    check: |config, _, _, problems| three_segments(config, "Inception-ResNet-v2", problems),
};

/// Smallest image that leaves a pixel at the end.
const SMALLEST: usize = 75;

impl Reduction for Branches {
    fn forward(&self, pass: &Pass, u: &Features) -> Features {
        Branches::forward(self, pass, u)
    }
}

/// Says that images are too small for a network without padding.
pub(super) fn check_size(config: &NetworkConfig, smallest: usize) -> Result<(), NetError> {
    if config.input.height.min(config.input.width) < smallest {
        return Err(NetError::Incompatible(vec![format!(
            "images of {}×{} pixels are too small: it needs {smallest}×{smallest} or more",
            config.input.height, config.input.width
        )]));
    }
    Ok(())
}

/// Shape of an inception block whose first branch has 32 channels (or 192).
pub(super) fn inception_shape(channels: usize, inlet: Inlet) -> BlockShape {
    BlockShape {
        input: channels,
        output: channels,
        inner: 256,
        stride: 1,
        stride_at: StrideAt::First,
        size: inlet.size,
        groups: 1,
        activated: false,
        dropout: 0.0,
        stage: 0,
    }
}

/// Builds the network.
pub(super) fn build(make: &mut Builder, config: &NetworkConfig) -> Result<Parts, NetError> {
    check_size(config, SMALLEST)?;
    let scheme = shared_scheme(&config.scheme.name)?;
    let square = ConvSpec::square;
    let pool = Layer::Mean;
    let (stem, start) = Chain::new(make, config.input.channels, image(config), EPSILON)
        .conv("conv2d_1a", square(32, 3, 2).valid())
        .conv("conv2d_2a", square(32, 3, 1).valid())
        .conv("conv2d_2b", square(64, 3, 1))
        .pool(MAX)
        .conv("conv2d_3b", square(80, 1, 1))
        .conv("conv2d_4a", square(192, 3, 1).valid())
        .pool(MAX)
        .branches(
            "mixed_5b",
            &[
                &[conv(96, 1, 1)],
                &[conv(48, 1, 1), conv(64, 5, 5)],
                &[conv(64, 1, 1), conv(96, 3, 3), conv(96, 3, 3)],
                &[pool, conv(64, 1, 1)],
            ],
        )
        .finish();
    let stem_cost = make.take_cost();
    let reductions: [&[&[Layer]]; 2] = [
        &[
            &[reduce(384)],
            &[conv(256, 1, 1), conv(256, 3, 3), reduce(384)],
            &[Layer::Max],
        ],
        &[
            &[conv(256, 1, 1), reduce(384)],
            &[conv(256, 1, 1), reduce(288)],
            &[conv(256, 1, 1), conv(288, 3, 3), reduce(320)],
            &[Layer::Max],
        ],
    ];
    let plans = [
        ("repeat", "inception-a", 0.17),
        ("repeat_1", "inception-b", 0.10),
        ("repeat_2", "inception-c", 0.20),
    ];
    let mut segments = Vec::new();
    let mut inlet = start;
    for (index, (name, block_name, h)) in plans.into_iter().enumerate() {
        let kind = block(block_name)?;
        let mut entrance = None;
        if index > 0 {
            let name = ["mixed_6a", "mixed_7a"][index - 1];
            let built = Branches::build(
                make,
                name,
                inlet.channels,
                inlet.size,
                reductions[index - 1],
                EPSILON,
            );
            inlet = Inlet {
                channels: built.channels,
                size: built.size,
            };
            entrance = Some(Entrance::Layers(Box::new(built)));
        }
        let shape = inception_shape(inlet.channels, inlet);
        let mut segment = SegmentBuilder::new(make, name, index + 1, entrance, 0);
        for n in 0..config.body.steps[index] {
            // The last step of all is as long as its block says and leaves the sign.
            let last = index == 2 && n + 1 == config.body.steps[index];
            let step_name = if last {
                "block8".to_owned()
            } else {
                format!("{name}.{n}")
            };
            let granularity = (Granularity::Scalar, inlet.channels);
            let step = segment.step(&scheme, granularity, &step_name, |make, name, _| {
                kind.build(make, name, &shape)
            });
            (step.h, step.settles) = if last { (1.0, false) } else { (h, true) };
        }
        segments.push(segment.finish(inlet.channels, inlet.size));
    }
    let spec = HeadSpec {
        conv: Some(("conv2d_7b", 1536)),
        linear: "classif",
        ..HeadSpec::default()
    };
    Ok(with_head(
        make,
        (stem, stem_cost, start),
        segments,
        &spec,
        config.classes,
    ))
}
