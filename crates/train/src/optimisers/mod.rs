//! Which rules move the weights, and what does each need? One file each, one registry line each.
//!
//! A rule sees all parameters of a network as one flat slice of numbers and their gradients as
//! another. [`Group`]s say which runs of numbers move and how much they decay; numbers outside
//! every group, and those of frozen groups, keep their bits. Every number moves by itself, so the
//! result does not depend on the number of threads.

pub mod pieces;

registry! {
    /// Every optimiser, in the order of lists.
    pub static OPTIMISERS: [OptimiserFacts] = FACTS;

    mod sgd;
    mod adamw;
    mod lion;
}

pub use adamw::AdamW;
pub use lion::Lion;
pub(crate) use pieces::{CHUNK, Piece, cut, pieces};
pub use sgd::Sgd;

use std::fmt::Debug;
use std::ops::Range;
use timestep_registry::{Facts, Values, registry};

/// The headings that the page of every optimiser has, in this order.
pub const HEADINGS: [&str; 5] = [
    "Equation",
    "As a scheme",
    "Memory",
    "When to use / when not",
    "Reference",
];

/// A run of numbers that an optimiser treats alike.
///
/// Groups are in the order of their ranges and do not overlap. They may leave numbers out, such as
/// running statistics: those are never touched.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Which numbers of the flat slices.
    pub range: Range<usize>,
    /// Weight decay `λ` of these numbers.
    pub decay: f64,
    /// Whether the numbers stay as they are: neither moved nor decayed.
    pub frozen: bool,
}

/// What is known about an optimiser without making one.
#[derive(Debug)]
pub struct OptimiserFacts {
    /// What is known of everything that can be named.
    pub named: Facts,
    /// One step as one line of mathematics.
    pub equation: &'static str,
    /// Numbers kept for each parameter, at most.
    pub memory: usize,
    /// Learning rate when nobody says otherwise.
    pub lr: f64,
    /// Weight decay when nobody says otherwise.
    pub weight_decay: f64,
    /// The largest learning rate that is usual; a recipe is warned about more than that.
    pub usual_lr: f64,
    /// Which settings do not go together; they are all there, and each is in its range.
    pub clash: fn(&Values) -> Option<Clash>,
    /// Makes it of its settings, which are all there and each in its range.
    pub make: fn(&Values) -> Box<dyn Optimiser>,
}

timestep_registry::named!(OptimiserFacts);

/// Settings of an optimiser that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The setting that is to blame, for instance `optimiser.nesterov`.
    pub path: &'static str,
    /// The rest of a sentence that begins with it.
    pub message: &'static str,
    /// One action that helps.
    pub hint: &'static str,
}

impl OptimiserFacts {
    /// Its own settings with their defaults.
    #[must_use]
    pub fn defaults(&self) -> Values {
        Values::default().completed(self.settings)
    }

    /// The settings among these that do not go together, if there are any.
    #[must_use]
    pub fn clash(&self, values: &Values) -> Option<Clash> {
        (self.clash)(&values.completed(self.settings))
    }
}

/// A rule that moves the weights along their gradients, and what it remembers of earlier steps.
pub trait Optimiser: Debug + Send {
    /// What is known about it.
    fn facts(&self) -> &'static OptimiserFacts;

    /// Takes one step with learning rate `lr`: changes `values` in the groups that are not frozen.
    ///
    /// # Panics
    /// If the slices differ in length, or from one step to the next, or if the groups overlap, are
    /// not in order or do not fit.
    fn update(&mut self, values: &mut [f32], gradients: &[f32], groups: &[Group], lr: f64);

    /// Steps taken.
    fn steps(&self) -> u64;

    /// What is remembered, by name, each as long as `values`; nothing before the first step.
    fn state(&self) -> Vec<(&'static str, &[f32])>;

    /// Takes up what [`state`](Self::state) told after `steps` steps; names that are not its own
    /// are an error, for they belong to another optimiser.
    ///
    /// # Errors
    /// [`RestoreError`]; the optimiser is unchanged then.
    fn restore(&mut self, steps: u64, state: Vec<(String, Vec<f32>)>) -> Result<(), RestoreError>;
}

/// Why a saved state does not belong to an optimiser.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// Something that the optimiser remembers is not there.
    #[error("the state of `{optimiser}` has no `{name}`")]
    Missing {
        /// Key of the optimiser.
        optimiser: &'static str,
        /// What is missing.
        name: &'static str,
    },
    /// Something is there that the optimiser does not know.
    #[error("`{name}` is no part of the state of `{optimiser}`")]
    Foreign {
        /// Key of the optimiser.
        optimiser: &'static str,
        /// What is not its own.
        name: String,
    },
    /// Two parts of the state have different lengths.
    #[error("`{name}` has {found} numbers, and {wanted} belong there")]
    Length {
        /// Which part.
        name: &'static str,
        /// Numbers in it.
        found: usize,
        /// Numbers in the first part.
        wanted: usize,
    },
}

/// Takes the parts called `names` out of a saved state, in that order; they are empty before the
/// first step.
///
/// # Errors
/// [`RestoreError`] for parts that are missing, belong to another optimiser, or differ in length.
pub fn parts<const N: usize>(
    optimiser: &'static str,
    names: [&'static str; N],
    steps: u64,
    mut state: Vec<(String, Vec<f32>)>,
) -> Result<[Vec<f32>; N], RestoreError> {
    let mut found = [const { Vec::new() }; N];
    if steps > 0 {
        for (part, name) in found.iter_mut().zip(names) {
            let at = state.iter().position(|(key, _)| key == name);
            let at = at.ok_or(RestoreError::Missing { optimiser, name })?;
            *part = state.swap_remove(at).1;
        }
    }
    if let Some((name, _)) = state.pop() {
        return Err(RestoreError::Foreign { optimiser, name });
    }
    let wanted = found.first().map_or(0, Vec::len);
    for (part, name) in found.iter().zip(names) {
        let found = part.len();
        if found != wanted {
            return Err(RestoreError::Length {
                name,
                found,
                wanted,
            });
        }
    }
    Ok(found)
}

/// The facts of all optimisers, in the order of the table.
#[must_use]
pub fn optimisers() -> Vec<&'static OptimiserFacts> {
    OPTIMISERS.all()
}

/// What is known about the optimiser called `name` (key or alias, in any case).
#[must_use]
pub fn optimiser_facts(name: &str) -> Option<&'static OptimiserFacts> {
    OPTIMISERS.find(name)
}

/// The optimiser called `name`, at rest; settings that `values` does not give have their defaults.
///
/// # Errors
/// [`OptimiserError`] for an unknown name, a setting of another optimiser, or a value out of range.
pub fn optimiser(name: &str, values: &Values) -> Result<Box<dyn Optimiser>, OptimiserError> {
    let unknown = || OptimiserError::Unknown(name.to_owned());
    let facts = optimiser_facts(name).ok_or_else(unknown)?;
    for (key, value) in values.given() {
        let Some(setting) = facts.setting(key) else {
            return Err(OptimiserError::Foreign {
                optimiser: facts.key,
                key: key.to_owned(),
            });
        };
        if let Err(why) = setting.check(value) {
            return Err(OptimiserError::Setting {
                optimiser: facts.key,
                key: setting.key(),
                why,
            });
        }
    }
    if let Some(clash) = facts.clash(values) {
        return Err(OptimiserError::Setting {
            optimiser: facts.key,
            key: clash.path,
            why: clash.message.to_owned(),
        });
    }
    Ok((facts.make)(&values.completed(facts.settings)))
}

/// Why there is no optimiser for some settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptimiserError {
    /// No optimiser has that name.
    #[error("there is no optimiser `{0}`")]
    Unknown(String),
    /// A setting belongs to another optimiser.
    #[error("the optimiser `{optimiser}` has no setting `{key}`")]
    Foreign {
        /// Key of the optimiser.
        optimiser: &'static str,
        /// The setting.
        key: String,
    },
    /// A setting makes no sense.
    #[error("the optimiser `{optimiser}`: `{key}` {why}")]
    Setting {
        /// Key of the optimiser.
        optimiser: &'static str,
        /// The setting.
        key: &'static str,
        /// The rest of the sentence.
        why: String,
    },
}

#[cfg(test)]
mod tests;
