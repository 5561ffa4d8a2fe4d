//! A learning rate that falls at given epochs.
//!
//! # Equation
//! `η_t = b · gamma^m`, `m` the number of milestones that are `≤ t / E`, for `E` steps per epoch.
//!
//! # When to use / when not
//! The published protocol of most residual networks: a tenth of the rate at one half and at three quarters of the run. The
//! milestones belong to a number of epochs; in shorter runs `cosine` and `one-cycle` need none.
//!
//! # Reference
//! K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, CVPR 2016, section 4.2.

use super::{ScheduleFacts, warmup_ends};
use timestep_registry::{Facts, Kind, Range, Setting};

pub(super) static FACTS: ScheduleFacts = ScheduleFacts {
    named: Facts {
        settings: &[
            Setting::increasing("schedule.milestones", "epochs after which the rate falls"),
            Setting::number(
                "schedule.gamma",
                0.1,
                Range::Positive,
                "factor at each milestone",
            ),
        ],
        references: &["he2016deep"],
        ..Facts::new(
            Kind::Schedule,
            "multi-step",
            "falls at given epochs",
            include_str!("multi_step.rs"),
        )
    },
    equation: "gamma^m, m milestones passed",
    knows_end: false,
    share: |moment| {
        let milestones = moment.own.counts("milestones").iter();
        let passed = milestones.filter(|&&m| moment.step >= m.saturating_mul(moment.per_epoch));
        // A product, not `powi`: the same bits on every machine.
        let decay = passed.fold(1.0, |factor, _| factor * moment.own.number("gamma"));
        decay * moment.ramp(moment.warmup)
    },
    doubts: |settings, epochs, found| {
        let milestones = settings.own.counts("milestones");
        let never = milestones
            .iter()
            .filter(|&&milestone| milestone >= epochs)
            .count();
        found.warn(
            epochs > 0 && never > 0,
            "schedule.milestones",
            &format!(
                "{never} of {} lie beyond the {epochs} epochs of the run",
                milestones.len()
            ),
            Some(
                "move them with `--set schedule.milestones=…`, or use `--set schedule.name=cosine`",
            ),
        );
        found.warn(
            milestones.is_empty(),
            "schedule.milestones",
            "without milestones the rate never falls",
            None,
        );
        warmup_ends(settings, epochs, found);
    },
};
