//! One shape from the stem to the head.
//!
//! # As a network
//! An isotropic network: no segment halves the resolution or changes the width, so the whole network is one equation in
//! time and not one for each segment.
//!
//! # Segments
//! As many as `steps` has numbers, all of the shape that the stem leaves; the history of a multistep scheme begins anew in
//! each.
//!
//! # When to use / when not
//! To look at a network as one trajectory. At the resolution of the images it costs more than a network that halves it.
//!
//! # Reference
//! M. Sandler, J. Baccash, A. Zhmoginov, A. Howard, Non-discriminative data or weak model? On the relative importance of data
//! and model resolution, ICCV workshops 2019.

use super::{BodyFacts, Parts, SegmentBuilder, image, shared_scheme, with_head};
use crate::ends::{HeadSpec, Stem};
use crate::{BlockShape, Builder, NetError, NetworkConfig, block};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BodyFacts = BodyFacts {
    named: Facts::new(
        Kind::Body,
        "isotropic",
        "one shape from the stem to the head",
        include_str!("isotropic.rs"),
    ),
    uniform: false,
    identity: true,
    joins: |_| false,
    scheme: None,
    sizes: "",
    build,
    check: |config, kind, theory, problems| {
        let width = config.stem_channels();
        if !width.is_multiple_of(theory.parts * kind.facts.expansion) {
            problems.push(format!(
                "{width} channels cannot be divided among block and scheme"
            ));
        }
    },
};

/// Builds the network.
fn build(make: &mut Builder, config: &NetworkConfig) -> Result<Parts, NetError> {
    let kind = block(&config.block.name)?;
    let scheme = shared_scheme(&config.scheme.name)?;
    let preactivation = kind.facts.preactivation;
    let channels = (config.input.channels, config.stem_channels());
    let (stem, inlet) = Stem::plain(
        make,
        config.stem.kind,
        channels,
        image(config),
        preactivation,
    );
    let stem_cost = make.take_cost();
    let width = inlet.channels / scheme.facts().parts;
    let shape = BlockShape {
        input: width,
        output: width,
        inner: width / kind.facts.expansion,
        stride: 1,
        stride_at: config.block.stride_at,
        size: inlet.size,
        groups: config.block.groups,
        activated: false,
        dropout: config.block.dropout,
        stage: 0,
    };
    let mut segments = Vec::new();
    for (index, steps) in config.body.steps.iter().enumerate() {
        let name = format!("layer{}", index + 1);
        let mut segment = SegmentBuilder::new(make, &name, index + 1, None, 0);
        for n in 0..*steps {
            let coefficients = (config.scheme.coefficient, inlet.channels);
            segment.step(
                &scheme,
                coefficients,
                &format!("{name}.{n}"),
                |make, name, stage| kind.build(make, name, &BlockShape { stage, ..shape }),
            );
        }
        segments.push(segment.finish(inlet.channels, inlet.size));
    }
    let spec = HeadSpec {
        norm: preactivation,
        linear: "fc",
        ..HeadSpec::default()
    };
    Ok(with_head(
        make,
        (stem, stem_cost, inlet),
        segments,
        &spec,
        config.classes,
    ))
}
