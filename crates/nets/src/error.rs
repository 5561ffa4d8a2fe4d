//! Why could a network not be built, stepped or loaded?

use timestep_engine::{NoEngine, engines};
use timestep_numerics::StepError;
use timestep_numerics::analysis::AnalysisError;

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
            NetError::Unknown { near, list, .. } if near.is_empty() => {
                Some(format!("`{list}` shows every name"))
            }
            NetError::Unknown { near, list, .. } => {
                let names: Vec<String> = near.iter().map(|n| format!("`{n}`")).collect();
                Some(format!(
                    "did you mean {}? `{list}` shows every name",
                    names.join(" or ")
                ))
            }
            NetError::Corrupt(_) => {
                Some("the file may be truncated, or not a .safetensors file at all".into())
            }
            NetError::Mismatch { .. } => Some(
                "the file was written for another network: `timestep summary FILE` names it".into(),
            ),
            NetError::Device(_) => {
                let names: Vec<&str> = engines().iter().map(|engine| engine.name).collect();
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

/// Registered names close enough to `name` to be what was meant, best first.
#[must_use]
pub fn near_names<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|k| (strsim::jaro_winkler(&name.to_lowercase(), k), k))
        .filter(|(score, _)| *score > 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored
        .into_iter()
        .take(3)
        .map(|(_, k)| k.to_string())
        .collect()
}
