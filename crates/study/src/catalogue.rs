//! Which command prints which objects? The page `docs/reference/json.md` is made of this list, and a test of the
//! program holds every object that it prints to it.

use crate::answer::{Documented, Line};
use crate::{
    adaptive, baselines, compare, convergence, diffusion, doctor, dry_run, learned, lr_find, map,
    measure, predict, reproduce, resampled, runtime, schemes, spectrum, summary, trace, watch,
    weak_order,
};

/// A command with the kinds of objects that it prints with `--json`.
#[derive(Clone, Debug)]
pub struct Printed {
    /// The command, without `timestep`.
    pub command: &'static str,
    /// The kinds of objects.
    pub lines: Vec<Line>,
}

/// Every command whose answers are of this crate.
#[must_use]
pub fn printed() -> Vec<Printed> {
    let all = [
        ("summary", vec![summary::SummaryOfNetwork::line()]),
        ("analyze order", vec![schemes::OrderOfScheme::line()]),
        (
            "analyze stability SCHEME",
            vec![schemes::StabilityOfScheme::line()],
        ),
        (
            "analyze stability WEIGHTS",
            vec![spectrum::SpectrumOfSegment::line()],
        ),
        (
            "analyze modified-equation",
            vec![schemes::EquationOfScheme::line()],
        ),
        (
            "analyze order-star",
            vec![schemes::OrderStarOfScheme::line()],
        ),
        ("analyze adaptive", vec![adaptive::SolutionOfPair::line()]),
        ("analyze momentum", vec![learned::LearnedNetwork::line()]),
        ("analyze trace", vec![trace::WayThroughSegment::line()]),
        (
            "analyze convergence",
            vec![convergence::ConvergenceOfNetwork::line()],
        ),
        ("analyze weak-order", weak_order::WeakOrderOfNoise::lines()),
        ("analyze diffusion", vec![diffusion::DiffusionStep::line()]),
        ("compare", compare::ComparedRuns::lines()),
        ("compare --baselines", vec![baselines::Baseline::line()]),
        ("resample", vec![resampled::ResampledWeights::line()]),
        ("eval", vec![measure::Measured::line()]),
        ("predict", vec![predict::Prediction::line()]),
        (
            "lr-find",
            vec![lr_find::TriedRate::line(), lr_find::SuggestedRate::line()],
        ),
        ("reproduce TABLE", vec![reproduce::ReproducedRow::line()]),
        (
            "reproduce TABLE --dry-run",
            vec![reproduce::PlannedRun::line()],
        ),
        ("reproduce field", vec![reproduce::FieldRow::line()]),
        ("reproduce table1", vec![map::FamilyOnTheMap::line()]),
        ("reproduce runtime", vec![runtime::SecondsOfMethod::line()]),
        ("train --dry-run", vec![dry_run::PlannedClassifier::line()]),
        (
            "train denoising/… --dry-run",
            vec![dry_run::PlannedRestorer::line()],
        ),
        ("watch", vec![watch::Watched::line()]),
        ("doctor", vec![doctor::Checkup::line()]),
    ];
    let all = all.into_iter();
    all.map(|(command, lines)| Printed { command, lines })
        .collect()
}
