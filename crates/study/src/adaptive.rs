//! What does control of the error cost, and what does it give? Embedded pairs on equations with a known solution.

use crate::answer;
use timestep_numerics::adaptive::{Controlled, Tolerance};

answer! {
    /// A step that a pair took.
    pub struct StepOfPair {
        /// Time after the step.
        pub time: f64,
        /// Its size.
        pub h: f64,
        /// Norm of its estimated error in units of the tolerance, below 1.
        pub estimate: f64,
    }
}

answer! {
    /// A solution up to time 1 with control of the error.
    pub struct SolutionOfPair {
        /// Name of the pair.
        pub pair: &'static str,
        /// The problem that is solved.
        pub problem: &'static str,
        /// Its equation, with the initial value.
        pub equation: &'static str,
        /// Tolerance as a share of the size of a component.
        pub relative: f64,
        /// Least size of a component that counts.
        pub absolute: f64,
        /// Steps that were taken.
        pub taken: usize,
        /// Steps that were refused and taken again, smaller.
        pub refused: usize,
        /// Evaluations of `f`, all of them.
        pub evaluations: usize,
        /// Largest error of a component at time 1.
        pub error: f64,
        /// The state at time 1.
        pub end: Vec<f64>,
        /// Every step.
        pub steps: Vec<StepOfPair>,
    }
}

impl SolutionOfPair {
    /// The answer of a solution that was found with a tolerance.
    #[must_use]
    pub fn of(found: Controlled, tolerance: &Tolerance) -> Self {
        let steps = found.steps.iter().map(|step| StepOfPair {
            time: step.time,
            h: step.h,
            estimate: step.error,
        });
        Self {
            pair: found.pair,
            problem: found.problem,
            equation: found.equation,
            relative: tolerance.relative,
            absolute: tolerance.absolute,
            taken: found.steps.len(),
            refused: found.refused,
            evaluations: found.evaluations,
            error: found.error,
            steps: steps.collect(),
            end: found.end,
        }
    }
}
