//! Which coefficients did a network learn, how, and what do they mean as a differential equation?

use crate::answer;
use std::path::{Path, PathBuf};
use timestep_nets::{NetError, Network, Parameters, SegmentEquation, all_coefficients};
use timestep_numerics::SchemeFacts;
use timestep_numerics::analysis::modified_equation_with;
use timestep_train::event::Event;
use timestep_train::{Trained, run};

/// Derivatives shown in modified equations.
const TERMS: usize = 3;

answer! {
    /// What the scheme of a segment is with the coefficients that its steps learned; null where it has no answer.
    pub struct LearnedSegment {
        /// Segment, from 1.
        pub segment: usize,
        /// Learned coefficient of each step, the mean over channels where each has its own; null at a restart.
        pub k: Vec<Option<f64>>,
        /// Mean of the coefficients.
        pub mean_k: Option<f64>,
        /// Effective step on average over the steps, in units of the step `h`: `1/c` where the scheme follows `c u' = f(u)`.
        pub effective_step: Option<f64>,
        /// The stable interval of real `hλ` of the steps as they are, repeated, as `[a, 0]`.
        pub real_interval: Option<[f64; 2]>,
        /// The largest stable imaginary `hλ` of the steps as they are, repeated.
        pub imaginary_interval: Option<f64>,
        /// Whether the learned sequence, repeated for ever, keeps errors of the history bounded.
        pub zero_stable: Option<bool>,
        /// Largest factor by which an error of the states grows over a run of steps, without `f`.
        pub growth: Option<f64>,
        /// Coefficients of the modified equation that the steps follow on average.
        pub coefficients: Option<Vec<f64>>,
        /// The modified equation in words.
        pub equation: Option<String>,
        /// All coefficients of each step, that of the newest earlier state first; none at a restart.
        pub all_k: Vec<Vec<f64>>,
        /// Effective step of each step, in units of the step `h`; null where it follows no `c u' = f(u)`.
        pub effective_steps: Vec<Option<f64>>,
        /// Time that the segment covers: the sum of its effective steps.
        pub time: Option<f64>,
        /// How far one error moves all later states: the largest sum of partial products of coefficients.
        pub variation: Option<f64>,
        /// Lower and upper bound of the joint spectral radius of the steps on differences of states: below 1, errors of the history die out
        /// whatever order the steps come in.
        pub joint: Option<[f64; 2]>,
        /// Roots of the characteristic polynomial of the whole sequence, as `[real, imaginary]`.
        pub roots: Option<Vec<[f64; 2]>>,
    }
}

/// The segments of a network with what they learned.
///
/// # Errors
/// [`NetError::Incompatible`] if an analysis fails for another reason than that the scheme at the learned coefficient
/// has no answer to the question.
pub fn segments(
    network: &Network,
    parameters: &Parameters,
) -> Result<Vec<LearnedSegment>, NetError> {
    let scheme = network.scheme();
    let all = all_coefficients(network, parameters);
    let equations = timestep_nets::equations(network, parameters, TERMS)?;
    let pairs = equations.into_iter().zip(all);
    Ok(pairs
        .map(|(equation, all)| LearnedSegment::of(equation, all, scheme))
        .collect())
}

impl LearnedSegment {
    fn of(found: SegmentEquation, all_k: Vec<Vec<f64>>, scheme: &SchemeFacts) -> Self {
        let effective_steps = effective_steps(scheme, &all_k);
        let stability = found.stability.as_ref();
        let zero = found.zero_stability.as_ref();
        let roots = |z: &timestep_numerics::analysis::ZeroStability| {
            z.roots.iter().map(|r| [r.re, r.im]).collect()
        };
        Self {
            segment: found.segment,
            k: found.k,
            mean_k: found.mean_k,
            effective_step: found.effective_step,
            real_interval: stability.map(|s| [s.real_interval.0, 0.0]),
            imaginary_interval: stability.map(|s| s.imaginary_interval),
            zero_stable: zero.map(|z| z.zero_stable),
            growth: zero.map(|z| z.growth),
            equation: found.equation.as_ref().map(ToString::to_string),
            coefficients: found.equation.map(|e| e.coefficients),
            time: effective_steps.iter().copied().sum(),
            effective_steps,
            variation: zero.map(|z| z.variation),
            joint: zero.and_then(|z| z.joint),
            roots: zero.map(roots),
            all_k,
        }
    }
}

/// The step size of every step in the scheme's own time: `1/c` where the step follows `c u' = f`. `None` where it
/// follows no such equation. A restart is forward Euler.
fn effective_steps(scheme: &SchemeFacts, all: &[Vec<f64>]) -> Vec<Option<f64>> {
    let one = |coefficients: &Vec<f64>| {
        // A coefficient without a time scale, such as k = -1, is no failure.
        let found = modified_equation_with(scheme.written(), coefficients, 1).ok();
        found
            .map(|e| 1.0 / e.time_scale())
            .filter(|h| h.is_finite())
    };
    all.iter().map(one).collect()
}

answer! {
    /// The coefficients after an epoch of training.
    pub struct EpochCoefficients {
        /// The epoch, from 1.
        pub epoch: usize,
        /// By segment and step, the coefficient of the newest earlier state; null at a restart.
        pub k: Vec<Vec<Option<f64>>>,
        /// By segment and step, all coefficients, that of the newest earlier state first.
        pub all_k: Vec<Vec<Vec<f64>>>,
    }
}

impl EpochCoefficients {
    fn new(epoch: usize, all_k: Vec<Vec<Vec<f64>>>) -> Self {
        let newest = |steps: &Vec<Vec<f64>>| steps.iter().map(|s| s.first().copied()).collect();
        Self {
            epoch,
            k: all_k.iter().map(newest).collect(),
            all_k,
        }
    }
}

answer! {
    /// What a network learned: its coefficients, what they mean, and how they came about.
    pub struct LearnedNetwork {
        /// The weights file or the run folder, as it was given.
        pub weights: String,
        /// Name of the network.
        pub network: String,
        /// Name of its scheme.
        pub scheme: &'static str,
        /// Epoch of the weights.
        pub epoch: usize,
        /// Its segments.
        pub segments: Vec<LearnedSegment>,
        /// The coefficients after each epoch; empty for a weights file without its run.
        pub history: Vec<EpochCoefficients>,
    }
}

impl LearnedNetwork {
    /// Reads what the network at `path` learned.
    ///
    /// # Errors
    /// As [`segments`].
    pub fn read(path: &Path, trained: &Trained) -> Result<Self, NetError> {
        Ok(Self {
            weights: path.display().to_string(),
            network: trained.card.network.name.clone(),
            scheme: trained.network.scheme().key,
            epoch: trained.card.epoch,
            segments: segments(&trained.network, &trained.parameters)?,
            history: history(path),
        })
    }

    /// The run's name if the weights lie in a run folder, else the network's.
    #[must_use]
    pub fn label(&self) -> String {
        let name = || {
            let folder = run_folder(Path::new(&self.weights))?.canonicalize().ok()?;
            Some(folder.file_name()?.to_string_lossy().into_owned())
        };
        name().unwrap_or_else(|| self.network.clone())
    }
}

/// The run folder that weights lie in, if they do.
fn run_folder(path: &Path) -> Option<PathBuf> {
    let folder = if path.is_dir() {
        path.to_owned()
    } else {
        // A file named without a folder is in the current one.
        path.canonicalize().ok()?.parent()?.parent()?.to_owned()
    };
    folder.join(run::RECIPE).is_file().then_some(folder)
}

/// The coefficients after each epoch, from the run's events; empty for a weights file alone. Lines of other versions
/// are passed over; where a run logged the newest coefficient only, that is all there is.
fn history(path: &Path) -> Vec<EpochCoefficients> {
    let file = run_folder(path).map(|folder| folder.join("events.jsonl"));
    let Some(Ok(text)) = file.map(std::fs::read_to_string) else {
        return Vec::new();
    };
    text.lines()
        .filter_map(|line| match serde_json::from_str(line) {
            Ok(Event::Epoch {
                epoch,
                memory_k,
                all_k,
                ..
            }) if all_k.is_empty() => {
                let listed = |k: Vec<Option<f64>>| k.into_iter().map(Vec::from_iter).collect();
                let all = memory_k.into_iter().map(listed).collect();
                Some(EpochCoefficients::new(epoch, all))
            }
            Ok(Event::Epoch { epoch, all_k, .. }) => Some(EpochCoefficients::new(epoch, all_k)),
            _ => None,
        })
        .collect()
}
