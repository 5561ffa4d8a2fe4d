//! What is known of a scheme without taking a step: equation, order, memory, and what a network of it learns.

use super::StepError;
use crate::{Definition, State};
use std::fmt;
use timestep_registry::{Facts, Kind};

/// Which evaluations of `f` share weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// One set of weights for a whole segment: the network is an autonomous equation.
    Tied,
    /// One set a step, used by all its stages (Runge-Kutta, PolyNet's poly-2).
    PerStep,
    /// One set for every evaluation (FractalNet, RevNet, PolyNet's mpoly-2 and 2-way).
    PerStage,
}

impl fmt::Display for Sharing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Sharing::Tied => "tied",
            Sharing::PerStep => "per-step",
            Sharing::PerStage => "per-stage",
        })
    }
}

/// The learned coefficients that a scheme adds to each step: one for each earlier state it weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoefficientFacts {
    /// Name in weight files: `memory_k`; the coefficient of the state before that is `memory_k2`.
    pub name: &'static str,
    /// Interval of the uniform initialisation of the newest earlier state's coefficient.
    pub init: (f64, f64),
    /// Power of its age by which the interval of an older state's coefficient is divided: the
    /// coefficient of `u_{n-j}` starts in `init / j^decay`.
    pub decay: i32,
    /// Does the first step after a restart use one? If not, none is created for it.
    pub at_restart: bool,
    /// Value that an analysis takes when none is given.
    pub default: f64,
    /// Values that an analysis takes for the coefficients of older states; their number is how many
    /// a step has besides the first, once so much history is there.
    pub older: &'static [f64],
}

impl CoefficientFacts {
    /// Coefficients of a step that has `history` earlier states.
    #[must_use]
    pub fn count(&self, history: usize) -> usize {
        history.clamp(usize::from(self.at_restart), 1 + self.older.len())
    }

    /// Interval of the uniform initialisation of coefficient `index` (from 0), that of `u_{n-1-index}`.
    #[must_use]
    pub fn init_of(&self, index: usize) -> (f64, f64) {
        let age = (1 + index) as f64;
        let (low, high) = self.init;
        (low / age.powi(self.decay), high / age.powi(self.decay))
    }

    /// Name of coefficient `index` (from 0) in weight files.
    #[must_use]
    pub fn name_of(&self, index: usize) -> String {
        match index {
            0 => self.name.to_owned(),
            _ => format!("{}{}", self.name, index + 1),
        }
    }
}

/// What is known about a scheme without running it.
#[derive(Debug)]
pub struct SchemeFacts {
    /// What is known of everything that can be named.
    pub named: Facts,
    /// The step as one line of mathematics.
    pub equation: &'static str,
    /// The published architecture that is this scheme, or an empty string.
    pub network: &'static str,
    /// Order of convergence, in the scheme's own time (see [`analysis::order`](crate::analysis)).
    pub order: u32,
    /// Evaluations of `f` per step.
    pub stages: usize,
    /// Evaluations of `f` in a step that has less history than [`memory`](Self::memory) says: those of the
    /// starting procedure.
    pub start_stages: usize,
    /// Earlier states kept.
    pub memory: usize,
    /// Does it keep the slopes `f(u_{n-j})` as well?
    pub keeps_slopes: bool,
    /// Learned coefficients of a step.
    pub coefficient: Option<CoefficientFacts>,
    /// Which evaluations share weights when a network does not say otherwise.
    pub sharing: Sharing,
    /// Number of parts the state is split into (2 for partitioned schemes).
    pub parts: usize,
    /// Columns that it joins, whose paths drop-path can drop: more than one for fractal schemes.
    pub columns: usize,
    /// Does a step solve an equation, so that it evaluates `f` as often as that takes? [`stages`](Self::stages) then counts an equation as
    /// one evaluation.
    pub implicit: bool,
    /// The numbers of a scheme that came from a file, not from the registry.
    pub definition: Option<&'static Definition>,
}

impl SchemeFacts {
    /// What most schemes have in common: one evaluation of `f` a step at a state that is known, no memory, nothing learned, order 1. A scheme
    /// writes what it has of its own (its name and equation at least) and takes the rest from here.
    pub const EXPLICIT: Self = Self {
        named: Facts::new(Kind::Scheme, "", "", ""),
        equation: "",
        network: "",
        order: 1,
        stages: 1,
        start_stages: 1,
        memory: 0,
        keeps_slopes: false,
        coefficient: None,
        sharing: Sharing::PerStep,
        parts: 1,
        columns: 1,
        implicit: false,
        definition: None,
    };

    /// The same of a scheme whose step solves one equation.
    pub const IMPLICIT: Self = Self {
        implicit: true,
        ..Self::EXPLICIT
    };

    /// The size of the steps of a network that does not say it. 1 for explicit schemes: the scale is in the weights of the block. The search of
    /// an implicit step needs a map that contracts, or hardly expands, and random first weights make blocks whose slopes are several times
    /// the size of the state: 0.1 leaves it a solution in reach, and training grows the weights to fill it.
    #[must_use]
    pub fn usual_h(&self) -> f64 {
        if self.implicit { 0.1 } else { 1.0 }
    }

    /// The two halves of a state, for a scheme that steps one after the other.
    ///
    /// # Errors
    /// [`StepError::NoHalves`].
    pub(crate) fn halves<S: State>(&self, u: &S) -> Result<(S, S), StepError> {
        let scheme = self.named.key;
        u.split().ok_or(StepError::NoHalves { scheme })
    }

    /// The state that has these halves.
    ///
    /// # Errors
    /// [`StepError::NoHalves`].
    pub(crate) fn whole<S: State>(&self, first: &S, second: &S) -> Result<S, StepError> {
        let scheme = self.named.key;
        S::join(first, second).ok_or(StepError::NoHalves { scheme })
    }

    /// Evaluations of `f` in a step that has `history` earlier states.
    #[must_use]
    pub fn stages_at(&self, history: usize) -> usize {
        match history < self.memory {
            true => self.start_stages,
            false => self.stages,
        }
    }

    /// What stands for the scheme in a recipe, and finds it again: its key, or the text of its definition.
    #[must_use]
    pub fn written(&self) -> &'static str {
        self.definition.map_or(self.named.key, Definition::text)
    }
}

timestep_registry::named!(SchemeFacts);
