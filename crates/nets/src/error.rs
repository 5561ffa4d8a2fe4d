//! Why could a network not be built, stepped or loaded?

use timestep_engine::{NoEngine, engines};
use timestep_numerics::StepError;
use timestep_numerics::analysis::AnalysisError;
use timestep_registry::did_you_mean;

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
    /// A step failed.
    #[error("segment {segment}: {source}")]
    Step {
        /// Segment, from 1.
        segment: usize,
        /// The cause.
        #[source]
        source: StepError,
    },
    /// A weights file cannot be read as one.
    #[error("not a readable safetensors file: {0}")]
    Corrupt(String),
    /// A weights file belongs to another network.
    #[error("the weights do not fit the network `{network}`: {}", .problems.join("; "))]
    Mismatch {
        /// Name of the network.
        network: String,
        /// Differences, at most a handful, then a count.
        problems: Vec<String>,
    },
    /// A step that an analysis has no answer for.
    #[error("{0}")]
    Unmeasurable(&'static str),
    /// An analysis of a step failed.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// A device that this build does not have.
    #[error("unknown device `{0}`")]
    Device(String),
    /// A device that this machine does not have.
    #[error(transparent)]
    NoDevice(NoEngine),
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
            NetError::Corrupt(_) => {
                Some("the file may be truncated, or not a .safetensors file at all".into())
            }
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
            NetError::Incompatible(_) => Some(
                "`timestep explain NAME` says what a block or scheme needs; `timestep summary` checks a \
                 combination without training"
                    .into(),
            ),
            NetError::Unmeasurable(_) => Some(
                "`timestep analyze trace` works for every network; `timestep analyze stability SCHEME` shows the \
                 region of a scheme"
                    .into(),
            ),
            NetError::Step { .. } | NetError::Analysis(_) => None,
        }
    }
}
