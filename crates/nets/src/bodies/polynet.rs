//! Very Deep PolyNet: inception blocks stepped by `two-way` and `poly3`.
//!
//! # As a network
//! The released network of Zhang et al. (2017) steps `x + s (F₁x + F₂σF₁x + F₃σF₂σF₁x)`: the convolutions of the three `F`
//! are the same, their norms and the last 1×1 convolution are not, and `s` falls from 1 to 0.7 over the network. Here
//! that is a step of the scheme, relaxed by `s`.
//!
//! # Segments
//! Three, of inception blocks like those of `inception-resnet`, the second stepped by `two-way` and `poly3` in turn, the others
//! by `poly3`. Only their lengths can be changed.
//!
//! # When to use / when not
//! For the published network on photographs of 75×75 pixels or more.
//!
//! # Reference
//! X. Zhang, Z. Li, C. C. Loy, D. Lin, PolyNet: a pursuit of structural diversity in very deep networks, CVPR 2017.

use super::inception::{check_size, inception_shape};
use super::{BodyFacts, Parts, SegmentBuilder, image, shared_scheme, three_segments, with_head};
use crate::ConvSpec;
use crate::branches::{Branches, Layer, conv, reduce};
use crate::ends::{Chain, HeadSpec, Inlet};
use crate::inception::Stage;
use crate::ops::NORM_EPSILON;
use crate::{
    Block, BlockFacts, Builder, Conv, Entrance, Features, Granularity, NetError, NetworkConfig,
    Norm, Pass, block, ops,
};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BodyFacts = BodyFacts {
    named: Facts {
        references: &["zhang2017polynet"],
        ..Facts::new(
            Kind::Body,
            "polynet",
            "Very Deep PolyNet: inception blocks stepped by poly3 and two-way",
            include_str!("polynet.rs"),
        )
    },
    uniform: false,
    identity: true,
    joins: |_| false,
    scheme: Some("truncated backward Euler (poly-3) and two right-hand sides (2-way)"),
    sizes: ", relaxed by 1 to 0.7",
    build,
    check: |config, _, _, problems| three_segments(config, "Very Deep PolyNet", problems),
};

/// Smallest image that leaves a pixel at the end.
const SMALLEST: usize = 75;

/// Share of the increment that the last step leaves out.
const FALL: f64 = 0.3;

/// An inception block of PolyNet: branches, then a 1×1 convolution with norm.
#[derive(Debug)]
struct PolyBlock {
    facts: &'static BlockFacts,
    branches: Branches,
    conv: Conv,
    norm: Norm,
    /// Does it see what a block before it in the same step found? Then that is rectified first.
    inner: bool,
}

impl PolyBlock {
    /// The last layer, named under the block.
    fn finish(
        make: &mut Builder,
        name: &str,
        facts: &'static BlockFacts,
        branches: Branches,
        (output, inner): (usize, bool),
    ) -> Self {
        let spec = ConvSpec::square(output, 1, 1);
        let conv = make.convolution(
            &format!("{name}.linear.conv"),
            branches.channels,
            spec,
            branches.size,
        );
        make.keep(output, branches.size);
        let norm = make.norm(&format!("{name}.linear.bn"), output);
        Self {
            facts,
            branches,
            conv,
            norm,
            inner,
        }
    }
}

impl Block for PolyBlock {
    fn facts(&self) -> &'static BlockFacts {
        self.facts
    }

    fn eval_from(&self, pass: &Pass, u: &Features, _entry: Option<&Features>) -> Features {
        let start = if self.inner { ops::relu(u) } else { u.clone() };
        let found = self.branches.forward(pass, &start);
        self.norm.of(pass, &self.conv, &found)
    }

    fn after_step(&self, u: Features) -> Features {
        ops::relu(&u)
    }
}

/// What the widths of branches are multiples of.
const UNIT: usize = 32;

/// Builds the network.
pub(super) fn build(make: &mut Builder, config: &NetworkConfig) -> Result<Parts, NetError> {
    check_size(config, SMALLEST)?;
    let (two_way, poly3) = (shared_scheme("two-way")?, shared_scheme("poly3")?);
    let square = ConvSpec::square;
    let strided = Layer::Conv(square(192, 3, 2).valid());
    let (stem, start) = Chain::new(make, config.input.channels, image(config), NORM_EPSILON)
        .conv("stem.conv1.0", square(32, 3, 2).valid())
        .conv("stem.conv1.1", square(32, 3, 1).valid())
        .conv("stem.conv1.2", square(64, 3, 1))
        .branches(
            "stem.mixed1",
            &[&[Layer::Max], &[Layer::Conv(square(96, 3, 2).valid())]],
        )
        .branches(
            "stem.mixed2",
            &[
                &[conv(64, 1, 1), Layer::Conv(square(96, 3, 1).valid())],
                &[
                    conv(64, 1, 1),
                    conv(64, 7, 1),
                    conv(64, 1, 7),
                    Layer::Conv(square(96, 3, 1).valid()),
                ],
            ],
        )
        .branches("stem.mixed3", &[&[strided], &[Layer::Max]])
        .finish();
    let stem_cost = make.take_cost();
    let reductions: [&[&[Layer]]; 2] = [
        &[
            &[conv(256, 1, 1), conv(256, 3, 3), reduce(384)],
            &[reduce(384)],
            &[Layer::Max],
        ],
        &[
            &[conv(256, 1, 1), conv(256, 3, 3), reduce(256)],
            &[conv(256, 1, 1), reduce(256)],
            &[conv(256, 1, 1), reduce(384)],
            &[Layer::Max],
        ],
    ];
    let total: usize = config.body.steps.iter().sum();
    let mut segments = Vec::new();
    let (mut inlet, mut taken) = (start, 0);
    for index in 0..config.body.steps.len() {
        let (key, stage) = [
            ("inception-a", Stage::A),
            ("inception-b", Stage::B),
            ("inception-c", Stage::C),
        ][index];
        let kind = block(key)?;
        let name = format!("layer{}", index + 1);
        let mut entrance = None;
        if index > 0 {
            let name = format!("{name}.reduction");
            let layers = reductions[index - 1];
            let built = Branches::build(
                make,
                &name,
                inlet.channels,
                inlet.size,
                layers,
                NORM_EPSILON,
            );
            inlet = Inlet {
                channels: built.channels,
                size: built.size,
            };
            entrance = Some(Entrance::Layers(Box::new(built)));
        }
        let shape = inception_shape(inlet.channels, inlet);
        let layers = stage.layers(UNIT);
        let layers: Vec<&[Layer]> = layers.iter().map(Vec::as_slice).collect();
        let mut segment = SegmentBuilder::new(make, &name, index + 1, entrance, 0);
        for n in 0..config.body.steps[index] {
            // Stage A has two-way steps only; the others begin with poly-3 and alternate.
            let poly = index > 0 && n % 2 == 0;
            let scheme = if poly { &poly3 } else { &two_way };
            let step_name = format!("{name}.{n}");
            let granularity = (Granularity::Scalar, inlet.channels);
            let step = segment.step_of(scheme, granularity, (&step_name, false), |make, name| {
                let stages = scheme.facts().stages;
                let mut blocks: Vec<Box<dyn Block>> = Vec::new();
                let mut first: Option<Branches> = None;
                for stage in 0..stages {
                    let name = format!("{name}.stage{stage}");
                    let branches = match &first {
                        Some(shared) if poly => shared.renormed(make, &name, inlet.size),
                        _ => Branches::build(
                            make,
                            &name,
                            shape.input,
                            inlet.size,
                            &layers,
                            NORM_EPSILON,
                        ),
                    };
                    first.get_or_insert(branches.clone());
                    let last = (shape.output, poly && stage > 0);
                    let block = PolyBlock::finish(make, &name, kind.facts, branches, last);
                    blocks.push(Box::new(block));
                }
                blocks
            });
            let fallen = FALL * taken as f64 / (total - 1).max(1) as f64;
            step.relaxation = 1.0 - fallen;
            taken += 1;
        }
        segments.push(segment.finish(inlet.channels, inlet.size));
    }
    let spec = HeadSpec {
        dropout: config.block.dropout,
        linear: "fc",
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
