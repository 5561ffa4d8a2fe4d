//! The same learning rate in every step, after the warm-up.
//!
//! # Equation
//! `η_t = b`, the rate of the recipe.
//!
//! # When to use / when not
//! To compare optimisers or to look at dynamics without a fall of the rate in between, and for runs that may be prolonged. A rate
//! that falls ends with a lower loss.
//!
//! # Reference
//! None: it is what every other schedule is compared with.

use super::{ScheduleFacts, warmup_ends};
use timestep_registry::{Facts, Kind};

pub(super) static FACTS: ScheduleFacts = ScheduleFacts {
    named: Facts::new(
        Kind::Schedule,
        "constant",
        "the same rate in every step",
        include_str!("constant.rs"),
    ),
    equation: "1",
    knows_end: false,
    share: |moment| moment.ramp(moment.warmup),
    doubts: warmup_ends,
};
