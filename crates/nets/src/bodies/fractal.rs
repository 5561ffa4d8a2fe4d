//! How is FractalNet built? Segments of one fractal step each, with a 2×2 maximum after it.

use super::{Parts, SegmentBuilder, head, image};
use crate::Window;
use crate::drop_path::DropPath;
use crate::ends::{HeadSpec, Inlet, Stem};
use crate::{BlockShape, Builder, Cost, Features, Granularity, NetError, NetworkConfig, block};
use std::sync::Arc;
use timestep_numerics::{PlainFractal, Scheme};

/// The maximum after each segment.
const HALVE: Window = Window {
    kernel: 2,
    stride: 2,
    padding: 0,
};

/// Columns of a registered fractal scheme, from the number of its evaluations.
fn columns(scheme: &str) -> Option<u32> {
    let facts = timestep_numerics::facts(scheme).ok()?;
    (facts.network == "FractalNet").then(|| (facts.stages + 1).ilog2())
}

/// Builds FractalNet: segment widths as configured, one step each.
pub(super) fn build(make: &mut Builder, config: &NetworkConfig) -> Result<Parts, NetError> {
    let kind = block(&config.block)?;
    let refused = |why: &str| NetError::Incompatible(vec![why.to_owned()]);
    let Some(columns) = columns(&config.scheme) else {
        return Err(refused(
            "FractalNet is stepped by `fractal2`, `fractal3` or `fractal4` only",
        ));
    };
    if config.steps.iter().any(|n| *n != 1) {
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
    for index in 0..config.steps.len() {
        if inlet.size.height < 2 || inlet.size.width < 2 {
            return Err(refused(&format!(
                "images of {}×{} pixels are too small to be halved {} times",
                config.input.height,
                config.input.width,
                config.steps.len()
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
                    stride_at: config.stride_at,
                    size: inlet.size,
                    groups: config.groups,
                    activated: false,
                    // Rises from 0 by a tenth of four times the share at the end of five segments.
                    dropout: config.dropout * index as f64 / (config.steps.len() - 1).max(1) as f64,
                };
                kind.build(make, name, &shape)
            },
        );
        step.settles = false;
        step.drop_path = (config.drop_path > 0.0).then_some(DropPath {
            name,
            share: config.drop_path,
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
    let (head, head_cost) = head(make, &spec, &segments, config.classes);
    Ok(Parts {
        stem: Stem::Chain(Vec::new()),
        stem_cost: Cost::default(),
        inlet: start,
        segments,
        head,
        head_cost,
    })
}
