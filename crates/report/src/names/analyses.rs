//! Which questions do the commands below `timestep analyze` answer?

use super::Entry;
use timestep_registry::{Facts, Kind, named};
use timestep_train::TrainError;

/// An analysis.
pub struct Question {
    named: Facts,
}

named!(Question);

impl Question {
    const fn new(key: &'static str, question: &'static str) -> Self {
        Self {
            named: Facts::new(Kind::Analysis, key, question, ""),
        }
    }

    /// The question, for the help of its command.
    #[must_use]
    pub const fn question(&self) -> &'static str {
        self.named.title
    }
}

/// `analyze order`.
pub static ORDER: Question =
    Question::new("order", "How fast does the error fall with the step size?");
/// `analyze order-star`.
pub static ORDER_STAR: Question = Question::new(
    "order-star",
    "Where does a one-step scheme grow faster than the solution, and how many sectors meet at 0?",
);
/// `analyze adaptive`.
pub static ADAPTIVE: Question = Question::new(
    "adaptive",
    "Which steps does an embedded pair take that controls its error, and what do they cost?",
);
/// `analyze weak-order`.
pub static WEAK_ORDER: Question = Question::new(
    "weak-order",
    "With noise: how fast do means approach those of a stochastic differential equation?",
);
/// `analyze stability`.
pub static STABILITY: Question = Question::new(
    "stability",
    "For which hλ does a scheme stay bounded, and where are those of a trained network?",
);
/// `analyze modified-equation`.
pub static MODIFIED_EQUATION: Question = Question::new(
    "modified-equation",
    "Which differential equation does a scheme really solve?",
);
/// `analyze momentum`.
pub static MOMENTUM: Question = Question::new(
    "momentum",
    "What did a network learn: k_n, momentum, effective step, its equation",
);
/// `analyze trace`.
pub static TRACE: Question = Question::new(
    "trace",
    "Which way do images take through a trained network: norms, turns, a portrait",
);
/// `analyze convergence`.
pub static CONVERGENCE: Question = Question::new(
    "convergence",
    "How far is a trained network a differential equation: accuracy and end state with other steps",
);
/// `analyze diffusion`.
pub static DIFFUSION: Question = Question::new(
    "diffusion",
    "What did a restorer learn: step sizes, k_n, filters, influence functions",
);

/// All analyses, in the order of the command line.
pub static ALL: &[&Question] = &[
    &ORDER,
    &ORDER_STAR,
    &ADAPTIVE,
    &WEAK_ORDER,
    &STABILITY,
    &MODIFIED_EQUATION,
    &MOMENTUM,
    &TRACE,
    &CONVERGENCE,
    &DIFFUSION,
];

impl Entry for Question {
    fn page(&self) -> Result<String, TrainError> {
        let title = self.title;
        Ok(format!("# Question\n{title}\n\n# Use it\n"))
    }
}
