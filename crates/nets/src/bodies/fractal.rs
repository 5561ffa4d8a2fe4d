//! FractalNet: segments of one fractal step each, with a 2×2 maximum after it.
//!
//! # As a network
//! FractalNet-20 and FractalNet-40 (Larsson et al. 2017): three or four columns that are joined by means. There is no
//! stem, and no identity: a step does not add an increment to its state.
//!
//! # Segments
//! As many as `steps` has numbers, each of one step of `fractal2`, `fractal3` or `fractal4`, followed by the maximum of
//! every 2×2 pixels. Dropout rises from segment to segment.
//!
//! # When to use / when not
//! For the published networks. A fractal scheme with an identity is a scheme of the body `residual`.
//!
//! # Reference
//! G. Larsson, M. Maire, G. Shakhnarovich, FractalNet: ultra-deep neural networks without residuals, ICLR 2017.

use super::{BodyFacts, Parts, SegmentBuilder, image, with_head};
use crate::Window;
use crate::drop_path::DropPath;
use crate::ends::{HeadSpec, Inlet, Stem};
use crate::{BlockShape, Builder, Cost, Features, Granularity, NetError, NetworkConfig, block};
use std::sync::Arc;
use timestep_numerics::{PlainFractal, Scheme};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BodyFacts = BodyFacts {
    named: Facts {
        references: &["larsson2017fractalnet"],
        ..Facts::new(
            Kind::Body,
            "fractal",
            "FractalNet: segments of one fractal step, a 2x2 maximum after each",
            include_str!("fractal.rs"),
        )
    },
    uniform: false,
    identity: false,
    joins: |_| true,
    scheme: Some("Runge-Kutta, in the reading of columns that contain the identity"),
    sizes: "",
    build,
    check: |_, _, _, _| {},
};

/// The maximum after each segment.
const HALVE: Window = Window {
    kernel: 2,
    stride: 2,
    padding: 0,
};

/// Columns of a registered fractal scheme.
fn columns(scheme: &str) -> Option<u32> {
    let facts = timestep_numerics::facts(scheme).ok()?;
    let columns = u32::try_from(facts.columns).ok()?;
    (columns > 1).then_some(columns)
}

/// Builds FractalNet: segment widths as configured, one step each.
pub(super) fn build(make: &mut Builder, config: &NetworkConfig) -> Result<Parts, NetError> {
    let kind = block(&config.block.name)?;
    let refused = |why: &str| NetError::Incompatible(vec![why.to_owned()]);
    let Some(columns) = columns(&config.scheme.name) else {
        return Err(refused(
            "FractalNet is stepped by `fractal2`, `fractal3` or `fractal4` only",
        ));
    };
    if config.body.steps.iter().any(|n| *n != 1) {
        return Err(refused("each segment of FractalNet is one fractal step"));
    }
    let plain = PlainFractal::new(columns).ok_or_else(|| refused("2 to 4 columns"))?;
    let scheme: Arc<dyn Scheme<Features>> = Arc::new(plain);
    let start = Inlet {
        channels: config.input.channels,
        size: image(config),
    };
    // There is no stem: images are the first state.
    make.close_part();
    let mut inlet = start;
    let mut segments = Vec::new();
    for index in 0..config.body.steps.len() {
        if inlet.size.height < 2 || inlet.size.width < 2 {
            return Err(refused(&format!(
                "images of {}×{} pixels are too small to be halved {} times",
                config.input.height,
                config.input.width,
                config.body.steps.len()
            )));
        }
        let name = format!("layer{}", index + 1);
        let channels = config.width_of(index);
        let sees_start = PlainFractal::sees_start(columns);
        let mut segment = SegmentBuilder::new(make, &name, index + 1, None, 0);
        let step = format!("{name}.0");
        let step = segment.step(
            &scheme,
            (Granularity::Scalar, channels),
            &step,
            |make, name, stage| {
                let shape = BlockShape {
                    input: if sees_start[stage] {
                        inlet.channels
                    } else {
                        channels
                    },
                    output: channels,
                    inner: channels,
                    stride: 1,
                    stride_at: config.block.stride_at,
                    size: inlet.size,
                    groups: config.block.groups,
                    activated: false,
                    // Rises from 0 by a tenth of four times the share at the end of five segments.
                    dropout: config.block.dropout * index as f64
                        / (config.body.steps.len() - 1).max(1) as f64,
                    stage,
                };
                kind.build(make, name, &shape)
            },
        );
        step.settles = false;
        step.drop_path = (config.body.drop_path > 0.0).then_some(DropPath {
            name,
            share: config.body.drop_path,
            columns: columns as usize,
        });
        let size = HALVE.size(inlet.size);
        let mut segment = segment.finish(channels, size);
        segment.exit = Some(HALVE);
        segments.push(segment);
        inlet = Inlet { channels, size };
    }
    let spec = HeadSpec {
        linear: "fc",
        ..HeadSpec::default()
    };
    Ok(with_head(
        make,
        (Stem::Chain(Vec::new()), Cost::default(), start),
        segments,
        &spec,
        config.classes,
    ))
}
