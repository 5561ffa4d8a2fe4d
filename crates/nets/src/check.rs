//! Do the pieces of a configuration fit together? All reasons why not, at once.

use crate::{Activations, BlockKind, BodyFacts, NetError, NetworkConfig};
use timestep_numerics::noise::{ActsOn, noise as noise_law};
use timestep_numerics::{SchemeFacts, facts as scheme_facts};

/// Looks up a scheme's theory, translating the error.
pub(crate) fn scheme_by_name(name: &str) -> Result<&'static SchemeFacts, NetError> {
    scheme_facts(name).map_err(|unknown| match unknown.problem() {
        Some(_) => NetError::Incompatible(vec![unknown.to_string()]),
        None => NetError::Unknown {
            kind: "scheme",
            name: name.to_string(),
            near: unknown
                .suggestions()
                .iter()
                .map(|key| (*key).to_owned())
                .collect(),
            list: "timestep list schemes",
        },
    })
}

/// Collects every reason why a configuration cannot be built.
pub(crate) fn check(
    config: &NetworkConfig,
    body: &BodyFacts,
    kind: &BlockKind,
    theory: &SchemeFacts,
) -> Result<(), NetError> {
    let mut problems = Vec::new();
    extents(config, &mut problems);
    if problems.is_empty() {
        (body.check)(config, kind, theory, &mut problems);
        noise(config, body, kind, theory, &mut problems);
        if !body.uniform && config.scheme.control.is_some() {
            problems.push(format!(
                "a tolerance can be given for networks of one block and one scheme, not for those of {}",
                config.name
            ));
        }
        if !body.uniform && !config.scheme.h.is_empty() {
            problems.push(format!(
                "step sizes can be given for networks of one block and one scheme, not for those of {}",
                config.name
            ));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(NetError::Incompatible(problems))
    }
}

/// Steps that all segments may have together; the deepest published network has 600.
const MOST_STEPS: usize = 10_000;
/// Channels of a block; with more, one convolution would have a trillion weights.
const MOST_CHANNELS: usize = 1 << 20;
/// Classes: labels have 16 bits.
const MOST_CLASSES: usize = 1 << 16;
/// Rows, columns and channels of an image.
const MOST_PIXELS: usize = 1 << 16;

/// Refuses a network that does not fit the memory of this machine, before any of it is taken.
///
/// What is counted is the least that any use needs: the numbers, and what one image leaves in training.
pub(crate) fn check_memory(
    name: &str,
    images: usize,
    numbers: usize,
    activations: usize,
) -> Result<(), NetError> {
    let bytes = |floats: usize| (floats as u64).saturating_mul(4);
    let needs = bytes(numbers).saturating_add(bytes(activations));
    let budget = timestep_engine::memory_budget();
    if needs <= budget {
        return Ok(());
    }
    Err(NetError::TooLarge {
        network: name.to_owned(),
        parameters: bytes(numbers),
        images,
        activations: bytes(activations),
        budget,
    })
}

/// Numbers that no network can have.
fn extents(config: &NetworkConfig, problems: &mut Vec<String>) {
    if config.body.steps.is_empty() {
        problems.push("it has no segments (`steps` is empty)".to_string());
    }
    if let Some(at) = config.body.steps.iter().position(|n| *n == 0) {
        problems.push(format!("segment {} has no steps", at + 1));
    }
    if config.body.steps.len() > 8 {
        problems.push(format!(
            "{} segments are more than 8",
            config.body.steps.len()
        ));
    }
    let steps = config
        .body
        .steps
        .iter()
        .fold(0usize, |all, n| all.saturating_add(*n));
    if steps > MOST_STEPS {
        problems.push(format!("{steps} steps are more than {MOST_STEPS}"));
    }
    if config.body.width == 0 || config.body.widths.contains(&0) {
        problems.push("its width is 0".to_string());
    }
    if !config.body.widths.is_empty() && config.body.widths.len() != config.body.steps.len() {
        problems.push(format!(
            "it has {} segments, but {} widths",
            config.body.steps.len(),
            config.body.widths.len()
        ));
    }
    let segments = 0..config.body.steps.len().min(8);
    let given = segments
        .clone()
        .all(|n| config.body.widths.is_empty() || n < config.body.widths.len());
    let widths = segments.filter(|_| given).map(|n| config.width_of(n));
    let others = [
        config.body.width,
        config.stem.width,
        config.block.inner_width,
        config.block.groups,
    ];
    let widest = widths.chain(others).max().unwrap_or(0);
    if widest > MOST_CHANNELS {
        problems.push(format!("{widest} channels are more than {MOST_CHANNELS}"));
    }
    if config.classes > MOST_CLASSES {
        problems.push(format!(
            "{} classes are more than {MOST_CLASSES}",
            config.classes
        ));
    }
    if config.classes < 2 {
        problems.push(format!(
            "{} class(es): a classifier needs at least 2",
            config.classes
        ));
    }
    let input = config.input;
    if input.channels == 0 || input.height == 0 || input.width == 0 {
        problems.push("its input images are empty".to_string());
    }
    let largest = input.channels.max(input.height).max(input.width);
    if largest > MOST_PIXELS {
        problems.push(format!(
            "input images of {}×{} with {} channels: no extent may be above {MOST_PIXELS}",
            input.height, input.width, input.channels
        ));
    }
    for (what, share) in [
        ("dropout", config.block.dropout),
        ("drop-path", config.body.drop_path),
    ] {
        if !(0.0..1.0).contains(&share) {
            problems.push(format!("{what} of {share} is not a share below 1"));
        }
    }
}

/// What noise demands of a network.
fn noise(
    config: &NetworkConfig,
    body: &BodyFacts,
    kind: &BlockKind,
    theory: &SchemeFacts,
    problems: &mut Vec<String>,
) {
    if config.body.drop_path > 0.0 && !(body.joins)(theory) {
        problems.push("drop-path needs the joins of FractalNet or of a fractal scheme".to_string());
    }
    let law = match noise_law(&config.noise) {
        Ok(None) => return,
        Ok(Some(law)) => law,
        Err(error) => {
            problems.push(error.to_string());
            return;
        }
    };
    let facts = law.facts();
    if !body.uniform && facts.acts_on != ActsOn::Joins {
        problems.push(format!(
            "noise `{}` acts on the steps of networks of one block and one scheme, not on those of {}",
            facts.key, config.name
        ));
        return;
    }
    match facts.acts_on {
        ActsOn::Increment => {}
        ActsOn::Branches if kind.facts.two_branches => {}
        ActsOn::Branches => problems.push(format!(
            "noise `{}` mixes the two branches of a block, and `{}` has one; block `shake-shake` has two",
            facts.key,
            kind.key()
        )),
        ActsOn::State if config.body.activations == Activations::Reconstructed => {
            problems.push(format!(
                "activations cannot be reconstructed: what noise `{}` adds to the state cannot be undone",
                facts.key
            ));
        }
        ActsOn::State => {}
        ActsOn::Joins => problems.push(
            "drop-path is set by the share of branches that it leaves out (`drop_path`)".to_string(),
        ),
    }
}
