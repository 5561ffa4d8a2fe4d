//! Why could a network not be built, stepped or loaded?

use timestep_engine::{NoEngine, engines};
use timestep_numerics::StepError;
use timestep_numerics::analysis::AnalysisError;
use timestep_registry::did_you_mean;
use timestep_weights::WeightsError;

/// What can go wrong with a network. The text is one sentence; [`hint`](NetError::hint) helps.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NetError {
    /// A name that is in no registry.
    #[error("unknown {kind} `{name}`")]
    Unknown {
        /// What was looked for: "network", "block".
        kind: &'static str,
        /// The name given.
        name: String,
        /// Registered names that look like it.
        near: Vec<String>,
        /// The command that lists all.
        list: &'static str,
    },
    /// The pieces do not fit together; all reasons at once.
    #[error("the network cannot be built: {}", .0.join("; "))]
    Incompatible(Vec<String>),
    /// The network does not fit the memory there is.
    #[error(
        "the network `{network}` needs {} of memory ({} for its numbers, {} for {images} image(s)), more than the {} \
         there are",
        size(.parameters.saturating_add(*.activations)), size(*.parameters), size(*.activations), size(*.budget)
    )]
    TooLarge {
        /// Name of the network.
        network: String,
        /// Bytes of its numbers, copies for training included.
        parameters: u64,
        /// Images at once.
        images: usize,
        /// Bytes that these leave in a forward pass.
        activations: u64,
        /// Bytes that may be taken.
        budget: u64,
    },
    /// A step failed.
    #[error("segment {segment}: {source}")]
    Step {
        /// Segment, from 1.
        segment: usize,
        /// The cause.
        #[source]
        source: StepError,
    },
    /// A weights file cannot be read, was changed after it was written, or cannot be written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A weights file cannot be read as one.
    #[error("not a readable safetensors file: {0}")]
    Corrupt(String),
    /// A number does not fit half precision.
    #[error("`{0}` holds a number beyond ±65504, which half precision does not have")]
    NotHalf(String),
    /// A weights file belongs to another network.
    #[error("the weights do not fit the network `{network}`: {}", .problems.join("; "))]
    Mismatch {
        /// Name of the network.
        network: String,
        /// Differences, at most a handful, then a count.
        problems: Vec<String>,
    },
    /// The network cannot have other steps.
    #[error("the network cannot be resampled: {0}")]
    NotSampled(String),
    /// A step that an analysis has no answer for.
    #[error("{0}")]
    Unmeasurable(&'static str),
    /// Steps of a network whose sizes follow from their error.
    #[error(
        "`{0}` has no steps of its own: their number and sizes follow from a tolerance and the images"
    )]
    Controlled(String),
    /// An analysis of a step failed.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// A device that this build does not have.
    #[error("unknown device `{0}`")]
    Device(String),
    /// A device that this machine does not have.
    #[error(transparent)]
    NoDevice(NoEngine),
    /// A device for evaluation where something is to be learned.
    #[error("`{0}` is for evaluation: nothing is learned from 8-bit products")]
    OnlyEvaluates(String),
}

impl NetError {
    /// One action that helps, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            NetError::Unknown { near, list, .. } => {
                let question = did_you_mean(near).map_or(String::new(), |q| q + " ");
                Some(format!("{question}`{list}` shows every name"))
            }
            NetError::Weights(WeightsError::Changed { .. }) => {
                Some("restore the file from a copy, or train again".into())
            }
            NetError::Corrupt(_) | NetError::Weights(_) => {
                Some("the file may be truncated, or not a .safetensors file at all".into())
            }
            NetError::NotHalf(_) => Some("leave `--format half` out: f32 holds it".into()),
            NetError::Mismatch { .. } => Some(
                "the file was written for another network: `timestep summary FILE` names it".into(),
            ),
            NetError::Device(_) => {
                let names: Vec<&str> = engines().iter().map(|engine| engine.key).collect();
                Some(format!(
                    "the devices of this build are {}; GPUs need a build with `--features gpu`",
                    names.join(", ")
                ))
            }
            NetError::NoDevice(error) => Some(error.hint()),
            NetError::OnlyEvaluates(name) => Some(format!(
                "leave --device out, and measure what was trained: `timestep eval RUN --device {name}`"
            )),
            NetError::Incompatible(_) => Some(
                "`timestep explain NAME` says what a block or scheme needs; `timestep summary` checks a \
                 combination without training"
                    .into(),
            ),
            NetError::TooLarge { parameters, activations, images, .. } => {
                let needs = parameters.saturating_add(*activations);
                let batch = if *images > 1 { "the batch, " } else { "" };
                Some(format!(
                    "lower {batch}`width`, `steps`, `classes` or the size of the images, or allow it with {}={}M",
                    timestep_engine::MEMORY_VARIABLE,
                    needs.div_ceil(1 << 20)
                ))
            }
            NetError::NotSampled(_) => Some(
                "`timestep summary WEIGHTS` shows the segments and their steps".into(),
            ),
            NetError::Controlled(_) => Some(
                "`timestep analyze convergence` works for it; what looks at single steps needs fixed ones (`network.rtol=0`)".into(),
            ),
            NetError::Unmeasurable(_) => Some(
                "`timestep analyze trace` works for every network; `timestep analyze stability SCHEME` shows the \
                 region of a scheme"
                    .into(),
            ),
            NetError::Step {
                source: StepError::NoFixedPoint { .. },
                ..
            } => Some(
                "the block expands too far for steps of this size: smaller ones (`--set network.h=0.05`; 0.1 unless another is given), a lower learning rate, or a \
                 block whose modes are damped (`--block antisymmetric`) help"
                    .into(),
            ),
            NetError::Step {
                source: StepError::Uncontrolled(_),
                ..
            } => Some(
                "allow a larger error (`--set network.rtol=0.1`), more evaluations (`network.evaluations`), or take a pair of higher order".into(),
            ),
            NetError::Step { .. } | NetError::Analysis(_) => None,
        }
    }
}

/// A number of bytes in words.
fn size(bytes: u64) -> String {
    const GIB: u64 = 1 << 30;
    match bytes {
        u64::MAX => "more bytes than can be counted".to_owned(),
        0..GIB => format!("{} MiB", bytes.div_ceil(1 << 20)),
        _ => format!("{:.1} GiB", bytes as f64 / GIB as f64),
    }
}
