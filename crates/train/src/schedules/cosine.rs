//! A learning rate that falls along half a cosine.
//!
//! # Equation
//! `η_t = b · (f + (1 - f)(1 + cos πp) / 2)`, `p = (t - W) / (T - W)`, for a warm-up of `W` of `T` steps and
//! `f = final_factor`. The cosine starts when the warm-up ends, so that neither cuts into the other.
//!
//! # When to use / when not
//! For a run of any length without milestones, and long ones (Shake-Shake: 1800 epochs). The rate of a step depends on the length
//! of the run, so a run cannot be prolonged.
//!
//! # Reference
//! I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017; here without restarts.

use super::{ScheduleFacts, warmup_ends};
use timestep_registry::{Facts, Kind, Range, Setting};

pub(super) static FACTS: ScheduleFacts = ScheduleFacts {
    named: Facts {
        settings: &[Setting::number(
            "schedule.final_factor",
            0.0,
            Range::Share,
            "share of the rate at the end",
        )],
        references: &["loshchilov2017sgdr"],
        ..Facts::new(
            Kind::Schedule,
            "cosine",
            "falls along half a cosine",
            include_str!("cosine.rs"),
        )
    },
    equation: "f + (1 - f)(1 + cos pi p) / 2",
    knows_end: true,
    share: |moment| {
        let floor = moment.own.number("final_factor");
        moment.ramp(moment.warmup) * moment.cosine(moment.warmup, floor)
    },
    doubts: warmup_ends,
};
