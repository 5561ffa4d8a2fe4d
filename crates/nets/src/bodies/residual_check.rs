//! Which blocks, schemes, shortcuts and transitions fit together in a residual network?

use crate::{Activations, BlockKind, History, NetworkConfig, Shortcut, StemKind, Transition};
use timestep_numerics::adaptive::{pair_of, pairs};
use timestep_numerics::{SchemeFacts, scheme};

/// What blocks and schemes demand of each other.
pub(super) fn check(
    config: &NetworkConfig,
    kind: &BlockKind,
    theory: &SchemeFacts,
    problems: &mut Vec<String>,
) {
    let block = kind.key();
    for index in 0..config.body.steps.len() {
        let (width, inner) = (config.width_of(index), config.inner_of(index));
        let channels = width * kind.facts.expansion;
        if !channels.is_multiple_of(theory.parts) {
            problems.push(format!(
                "scheme `{}` steps {} halves of the channels in turn, and {channels} channels \
                 cannot be halved",
                theory.key, theory.parts,
            ));
            break;
        }
        let inside = inner / theory.parts;
        if config.block.groups > 1 && !inside.is_multiple_of(config.block.groups) {
            problems.push(format!(
                "{inside} channels inside `{block}` cannot be divided into {} groups",
                config.block.groups
            ));
            break;
        }
    }
    let shrinks = [config.stem_channels()]
        .into_iter()
        .chain((0..config.body.steps.len()).map(|i| config.width_of(i) * kind.facts.expansion))
        .collect::<Vec<_>>();
    let padded = matches!(
        config.body.shortcut,
        Shortcut::OptionA | Shortcut::PooledOptionA
    );
    if padded && let Some(at) = shrinks.windows(2).position(|w| w[1] < w[0]) {
        problems.push(format!(
            "a shortcut without weights cannot go from {} to {} channels",
            shrinks[at],
            shrinks[at + 1]
        ));
    }
    if config.body.shortcut == Shortcut::PooledOptionA {
        let halved = config.body.steps.len() - 1;
        let before = match config.stem.kind {
            StemKind::Imagenet | StemKind::ImagenetNormed => 2,
            StemKind::Strided => 1,
            _ => 0,
        };
        let factor = 1 << (halved + before);
        let (h, w) = (config.input.height, config.input.width);
        if !h.is_multiple_of(factor) || !w.is_multiple_of(factor) {
            problems.push(format!(
                "means of 2×2 pixels need sides that {factor} divides, not {h}×{w}"
            ));
        }
    }
    if config.body.transition == Transition::ReversibleStep {
        if theory.parts != 2 {
            problems.push(format!(
                "scheme `{}` has no halves for a reversible transition",
                theory.key
            ));
        }
        if !config.stem_channels().is_multiple_of(2) {
            problems.push(format!(
                "the stem's {} channels cannot be halved for a reversible transition",
                config.stem_channels()
            ));
        }
    }
    if config.scheme.history == History::Projected && theory.coefficient.is_none() {
        problems.push(format!("scheme `{}` has no history to project", theory.key));
    }
    step_sizes(config, problems);
    control(config, kind, theory, problems);
    if config.body.activations == Activations::Reconstructed {
        let reversible = scheme::<f64>(theory.written()).is_ok_and(|s| s.reversible().is_some());
        if !reversible {
            problems.push(format!(
                "activations cannot be reconstructed: steps of `{}` cannot be undone",
                theory.key
            ));
        }
        if kind.facts.rectifies {
            problems.push(format!(
                "activations cannot be reconstructed: block `{block}` puts a ReLU after the step, \
                 which cannot be undone"
            ));
        }
    }
}

/// What control of the error demands of a network.
fn control(
    config: &NetworkConfig,
    kind: &BlockKind,
    theory: &SchemeFacts,
    problems: &mut Vec<String>,
) {
    let Some(control) = config.scheme.control else {
        return;
    };
    if pair_of(theory.key).is_none() {
        let all: Vec<String> = pairs().iter().map(|p| format!("`{}`", p.scheme)).collect();
        problems.push(format!(
            "scheme `{}` does not estimate its error, which a tolerance needs; {} do",
            theory.key,
            all.join(", ")
        ));
    }
    if !control.tolerance().is_sensible() {
        problems.push(format!(
            "tolerances of {} and {}: both must be finite, the relative one at least 1e-13, the absolute one above 0",
            control.rtol, control.atol
        ));
    }
    let mut refuse = |given: bool, what: &str| {
        if given {
            problems.push(format!(
                "steps whose sizes follow from their error cannot have {what}"
            ));
        }
    };
    let normed = matches!(
        config.stem.kind,
        StemKind::CifarNormed | StemKind::ImagenetNormed
    );
    refuse(
        kind.facts.rectifies,
        &format!("block `{}`, which puts a ReLU after each step", kind.key()),
    );
    refuse(
        normed && kind.facts.preactivation,
        "a stem with a norm, after which the first block is another one",
    );
    refuse(
        !config.noise.name.is_empty(),
        "noise, which is drawn for each step",
    );
    refuse(
        config.block.dropout > 0.0,
        "dropout, which is drawn for each step",
    );
    refuse(
        config.body.activations == Activations::Reconstructed,
        "reconstructed activations; they keep one state a step",
    );
}

/// Step sizes that no steps could have.
fn step_sizes(config: &NetworkConfig, problems: &mut Vec<String>) {
    let (h, steps) = (&config.scheme.h, &config.body.steps);
    let all: usize = steps.iter().sum();
    if ![0, 1, steps.len(), all].contains(&h.len()) {
        problems.push(format!(
            "{} step sizes are neither one, nor one for each of {} segments, nor one for each of {all} steps",
            h.len(),
            steps.len()
        ));
    }
    if let Some(h) = h.iter().find(|h| !(h.is_finite() && **h > 0.0)) {
        problems.push(format!("a step size of {h} is not above 0"));
    }
}
