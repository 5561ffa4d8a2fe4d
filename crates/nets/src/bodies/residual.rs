//! Segments of one block and one scheme, resolution halved in between.
//!
//! # As a network
//! ResNet, pre-activation ResNet, ResNeXt, wide ResNet, RevNet, Shake-Shake and all LM-ResNets: whatever is a product
//! of a block and a scheme. It is the only body in which every block goes with every scheme and every noise.
//!
//! # Segments
//! As many as `steps` has numbers. The first one begins at the shape that the stem leaves; each of the others halves
//! the resolution and doubles the width, by the shortcut and the transition that the network names. A
//! transition voids the history of a multistep scheme.
//!
//! # When to use / when not
//! The default. Published networks with blocks of several kinds have bodies of their own.
//!
//! # Reference
//! K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, CVPR 2016.

use super::residual_check::check;
use super::{BodyFacts, Parts, SegmentBuilder, image, shared_scheme, with_head};
use crate::drop_path::DropPath;
use crate::ends::{HeadSpec, Inlet, Stem};
use crate::noise::StepNoise;
use crate::segment::Segment;
use crate::{
    Activations, BlockKind, BlockShape, Builder, Entrance, Granularity, History, Init, NetError,
    NetworkConfig, Role, Shortcut, StemKind, Transition, block,
};
use std::sync::Arc;
use timestep_numerics::noise::ActsOn;
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: BodyFacts = BodyFacts {
    named: Facts {
        references: &["he2016deep"],
        ..Facts::new(
            Kind::Body,
            "residual",
            "segments of one block and one scheme, resolution halved in between",
            include_str!("residual.rs"),
        )
    },
    uniform: true,
    identity: true,
    joins: |scheme| scheme.columns > 1,
    scheme: None,
    sizes: "",
    build,
    check,
};

/// Builds a residual network.
pub(super) fn build(make: &mut Builder, config: &NetworkConfig) -> Result<Parts, NetError> {
    let kind = block(&config.block.name)?;
    let steps: usize = config.body.steps.iter().sum();
    let noise = StepNoise::of_steps(&config.noise, steps)
        .map_err(|why| NetError::Incompatible(vec![why]))?;
    let preactivation = kind.facts.preactivation;
    let channels = (config.input.channels, config.stem_channels());
    let (stem, start) = Stem::plain(
        make,
        config.stem.kind,
        channels,
        image(config),
        preactivation,
    );
    let stem_cost = make.take_cost();
    let mut inlet = start;
    let mut segments = Vec::new();
    for index in 0..config.body.steps.len() {
        let before: usize = config.body.steps[..index].iter().sum();
        let noise = noise.get(before..before + config.body.steps[index]);
        let noise = Noises(noise.unwrap_or_default());
        let segment = segment(make, config, index, inlet, (&kind, noise))?;
        let summary = segment.summary();
        inlet = Inlet {
            channels: summary.channels,
            size: summary.size,
        };
        segments.push(segment);
    }
    let spec = HeadSpec {
        norm: preactivation && !kind.facts.layer_norm,
        layer_norm: kind.facts.layer_norm,
        // Blocks that rectify what comes in leave the last state as it is.
        relu: config.stem.kind == StemKind::CifarLinear,
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

/// The noise of each step of a segment; none if there is none.
#[derive(Clone, Copy)]
struct Noises<'n>(&'n [Arc<StepNoise>]);

impl Noises<'_> {
    /// The block of step `n` with its noise.
    fn kind(self, kind: &BlockKind, n: usize) -> BlockKind {
        kind.with_noise(self.0.get(n).cloned())
    }

    /// What is added to the state after step `n`.
    fn added(self, n: usize) -> Option<Arc<StepNoise>> {
        let noise = self.0.get(n);
        noise
            .filter(|noise| noise.acts_on() == ActsOn::State)
            .cloned()
    }
}

/// Builds segment `index` (from 0).
fn segment(
    make: &mut Builder,
    config: &NetworkConfig,
    index: usize,
    inlet: Inlet,
    (kind, noise): (&BlockKind, Noises<'_>),
) -> Result<Segment, NetError> {
    let name = format!("layer{}", index + 1);
    let control = config.scheme.control();
    // Where sizes follow from their error a step is a cell of time, with the weights of one block.
    let name_of_scheme = match control {
        Some(_) => "euler",
        None => &config.scheme.name,
    };
    let scheme = shared_scheme(name_of_scheme)?;
    let theory = scheme.facts();
    let channels = config.width_of(index) * kind.facts.expansion;
    let stride = if index == 0 { 1 } else { 2 };
    let size = inlet.size.strided(stride);
    // The state after a normed stem needs no norm and ReLU again.
    let normed = matches!(
        config.stem.kind,
        StemKind::CifarNormed | StemKind::ImagenetNormed
    );
    let activated = index == 0 && normed && kind.facts.preactivation;
    let entering = BlockShape {
        input: inlet.channels,
        output: channels,
        inner: config.inner_of(index),
        stride,
        stride_at: config.block.stride_at,
        size: inlet.size,
        groups: config.block.groups,
        activated,
        dropout: config.block.dropout,
        stage: 0,
    };
    let shortcut = effective_shortcut(config, kind);
    let changes = stride != 1 || inlet.channels != channels;
    let first = format!("{name}.0");
    let mut coefficients = 0;
    let entrance = changes.then(|| match config.body.transition {
        Transition::StridedStep => {
            let noisy = noise.kind(kind, 0);
            let step = Entrance::strided_step(make, &first, shortcut, &noisy, &entering);
            match theory.coefficient {
                Some(facts) if index > 0 && config.scheme.history == History::Projected => {
                    coefficients = match config.scheme.coefficient {
                        Granularity::Scalar => 1,
                        Granularity::Channel => channels,
                    };
                    let k = make.parameter(
                        format!("{first}.{}", facts.name),
                        vec![coefficients],
                        Role::Coefficient,
                        Init::Uniform(facts.init.0, facts.init.1),
                    );
                    step.with_history(make, &first, kind, &entering, k)
                }
                _ => step,
            }
        }
        Transition::ProjectThenStep => Entrance::project(make, &name, shortcut, kind, &entering),
        Transition::ReversibleStep => {
            let half = BlockShape {
                input: entering.input / 2,
                output: entering.output / 2,
                inner: (entering.inner / 2).max(1),
                ..entering
            };
            Entrance::reversible_step(make, &first, shortcut, &noise.kind(kind, 0), &half)
        }
    });
    let stepped = entrance.as_ref().is_some_and(Entrance::is_step);
    let mut segment = SegmentBuilder::new(make, &name, index + 1, entrance, coefficients);
    for n in usize::from(stepped)..config.body.steps[index] {
        let part = BlockShape {
            input: channels / theory.parts,
            output: channels / theory.parts,
            inner: (config.inner_of(index) / theory.parts).max(1),
            stride: 1,
            size,
            activated: false,
            ..entering
        };
        let step_name = format!("{name}.{n}");
        let granularity = (config.scheme.coefficient, channels);
        let kind = noise.kind(kind, n);
        let step = segment.step(&scheme, granularity, &step_name, |make, name, stage| {
            // Only the first evaluation of all sees what the stem leaves.
            let activated = activated && n == 0 && stage == 0 && !stepped;
            let shape = BlockShape {
                activated,
                stage,
                ..part
            };
            kind.build(make, name, &shape)
        });
        step.h = config.h_of(index, n);
        step.added = noise.added(n);
        step.drop_path = drop_path(config, &step_name, theory.columns);
    }
    let mut segment = match config.body.activations {
        Activations::Stored if let Some(control) = control => {
            segment.finish_controlled(channels, size, control)
        }
        Activations::Stored => segment.finish(channels, size),
        Activations::Reconstructed => segment.finish_reconstructed(channels, size),
    };
    segment.added_at_entrance = noise.added(0).filter(|_| stepped);
    Ok(segment)
}

/// Drop-path at the joins of a step of a fractal scheme.
fn drop_path(config: &NetworkConfig, name: &str, columns: usize) -> Option<DropPath> {
    (config.body.drop_path > 0.0).then(|| DropPath {
        name: name.to_owned(),
        share: config.body.drop_path,
        columns,
    })
}

/// A projection without a block cannot share the block's entry: it gets a norm of its own.
fn effective_shortcut(config: &NetworkConfig, kind: &BlockKind) -> Shortcut {
    let alone = config.body.transition != Transition::StridedStep;
    if config.body.shortcut == Shortcut::SharedProjection && (alone || !kind.facts.preactivation) {
        Shortcut::Projection
    } else {
        config.body.shortcut
    }
}
