//! A learning rate that rises linearly, then falls along half a cosine.
//!
//! # Equation
//! Up to step `P = round(peak_at · T)` of `T`: `η_t = b · (w + (1 - w) t / P)`, `w = warmup_factor`; then the cosine of `cosine`
//! with `W = P`.
//!
//! # When to use / when not
//! For short runs with a large rate. It has its own rise, so `schedule.warmup_epochs` is not used.
//!
//! # Reference
//! L. N. Smith, N. Topin, Super-convergence: very fast training of neural networks using large learning rates, 2019.

use super::{ScheduleFacts, round};
use timestep_registry::{Facts, Kind, Range, Setting};

pub(super) static FACTS: ScheduleFacts = ScheduleFacts {
    named: Facts {
        settings: &[
            Setting::number(
                "schedule.final_factor",
                0.0,
                Range::Share,
                "share of the rate at the end",
            ),
            Setting::number(
                "schedule.peak_at",
                0.3,
                Range::ShareInside,
                "share of the run with the rising rate",
            ),
        ],
        references: &["smith2019super"],
        ..Facts::new(
            Kind::Schedule,
            "one-cycle",
            "rises linearly, then falls along half a cosine",
            include_str!("one_cycle.rs"),
        )
    },
    equation: "w + (1 - w) t / P, then the cosine",
    knows_end: true,
    share: |moment| {
        let peak = round(moment.own.number("peak_at") * moment.total as f64);
        moment.ramp(peak) * moment.cosine(peak, moment.own.number("final_factor"))
    },
    doubts: |settings, _, found| {
        found.warn(
            settings.warmup_epochs > 0.0,
            "schedule.warmup_epochs",
            "one-cycle does not use it",
            Some("its rise is set by `schedule.peak_at`"),
        );
    },
};
