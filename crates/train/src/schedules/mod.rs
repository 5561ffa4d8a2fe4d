//! Which learning rate does a step use? One file for each schedule, one registry line each.
//!
//! A schedule is a pure function of the number of the step, so a run that is resumed cannot be off by one: it asks for
//! step 4,711 and gets what an uninterrupted run got. With `E` steps per epoch, `T = E · epochs` steps in all and step
//! `t` counted from 0, a warm-up of `W = round(warmup_epochs · E)` steps multiplies the rate by `w + (1 - w) t / W` for
//! `t < W`, where `w` is `warmup_factor`. The final rate belongs to the moment after the last step: no step is spent on a
//! rate of zero.

use crate::recipe::{Findings, Recipe, ScheduleSettings};
use std::f64::consts::PI;
use timestep_registry::{Facts, Setting, Values, registry};

/// The headings that the page of every schedule has, in this order.
pub const SCHEDULE_HEADINGS: [&str; 3] = ["Equation", "When to use / when not", "Reference"];

registry! {
    /// Every schedule, in the order of lists.
    pub static SCHEDULES: [ScheduleFacts] = FACTS;

    mod constant;
    mod multi_step;
    mod cosine;
    mod one_cycle;
}

/// What is known about a schedule without a run.
#[derive(Debug)]
pub struct ScheduleFacts {
    /// What is known of everything that can be named.
    pub named: Facts,
    /// The rate as one line of mathematics, in units of the highest.
    pub equation: &'static str,
    /// Does the rate of a step depend on the number of epochs? Then a run cannot be prolonged.
    pub knows_end: bool,
    /// The share of the highest rate that a step takes; settings are all there, and each is in its range.
    pub share: fn(&Moment<'_>) -> f64,
    /// What is probably not meant, of a run of so many epochs.
    pub doubts: fn(&ScheduleSettings, usize, &mut Findings),
}

timestep_registry::named!(ScheduleFacts);

/// A step of a run, as a schedule sees it.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'s> {
    /// The step, from 0 over the whole run.
    pub step: usize,
    /// Steps per epoch.
    pub per_epoch: usize,
    /// Steps of the whole run.
    pub total: usize,
    /// Steps of the warm-up.
    pub warmup: usize,
    /// Share of the rate that a rise begins from.
    pub from: f64,
    /// The schedule's own settings.
    pub own: &'s Values,
}

impl Moment<'_> {
    /// The linear rise to 1 over the first `length` steps.
    #[must_use]
    pub fn ramp(&self, length: usize) -> f64 {
        if self.step >= length {
            return 1.0;
        }
        self.from + (1.0 - self.from) * (self.step as f64 / length as f64)
    }

    /// The fall along half a cosine, from 1 at step `start` to `floor` at the end of the run.
    #[must_use]
    pub fn cosine(&self, start: usize, floor: f64) -> f64 {
        if self.step <= start {
            return 1.0;
        }
        if self.step >= self.total {
            return floor;
        }
        let progress = (self.step - start) as f64 / (self.total - start) as f64;
        floor + (1.0 - floor) * 0.5 * (1.0 + (PI * progress).cos())
    }
}

/// What can be set on schedules beside the warm-up, with whose it is.
pub fn schedule_settings() -> impl Iterator<Item = (&'static ScheduleFacts, &'static Setting)> {
    let all = SCHEDULES.all().into_iter();
    all.flat_map(|facts| facts.settings.iter().map(move |setting| (facts, setting)))
}

/// The learning rate of every step of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    base: f64,
    settings: ScheduleSettings,
}

impl Schedule {
    /// A schedule whose highest rate is `base`.
    pub fn new(base: f64, settings: ScheduleSettings) -> Self {
        let all = schedule_settings().map(|(_, setting)| setting);
        let own = settings.own.completed(all);
        Schedule {
            base,
            settings: ScheduleSettings { own, ..settings },
        }
    }

    /// The schedule of a recipe, whose rate may grow with its batch.
    pub fn of(recipe: &Recipe) -> Self {
        let scale = match recipe.schedule.lr_batch {
            0 => 1.0,
            batch => recipe.train.batch as f64 / batch as f64,
        };
        Schedule::new(recipe.optimiser.lr * scale, recipe.schedule.clone())
    }

    /// The rate that step `step` (from 0, over the whole run) uses; the highest one if there is no schedule of the name, which a
    /// checked recipe rules out.
    ///
    /// Steps past the end keep the final rate.
    pub fn lr(&self, step: usize, steps_per_epoch: usize, epochs: usize) -> f64 {
        let settings = &self.settings;
        let moment = Moment {
            step,
            per_epoch: steps_per_epoch,
            total: steps_per_epoch.saturating_mul(epochs),
            warmup: round(settings.warmup_epochs * steps_per_epoch as f64),
            from: settings.warmup_factor,
            own: &settings.own,
        };
        let facts = SCHEDULES.find(&settings.name);
        self.base * facts.map_or(1.0, |facts| (facts.share)(&moment))
    }
}

/// A non-negative number of steps, rounded; what is not a number counts as 0.
fn round(steps: f64) -> usize {
    // `as` saturates, which is what a warm-up longer than any run should do.
    steps.round() as usize
}

/// Doubts of schedules with the warm-up that all share.
fn warmup_ends(settings: &ScheduleSettings, epochs: usize, found: &mut Findings) {
    found.warn(
        epochs > 0 && settings.warmup_epochs >= epochs as f64,
        "schedule.warmup_epochs",
        &format!("the run of {epochs} epochs ends before the warm-up does"),
        None,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str) -> ScheduleSettings {
        ScheduleSettings {
            name: name.to_owned(),
            ..ScheduleSettings::default()
        }
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} is not {b}");
    }

    #[test]
    fn constant_is_constant() {
        let schedule = Schedule::new(0.3, settings("constant"));
        for step in [0, 1, 99, 100, 10_000] {
            assert_eq!(schedule.lr(step, 10, 10), 0.3);
        }
    }

    #[test]
    fn milestones_act_on_the_first_step_of_their_epoch() {
        let s = ScheduleSettings {
            own: Values::default().with("milestones", vec![80, 120]),
            ..settings("multi-step")
        };
        let schedule = Schedule::new(0.1, s);
        let per_epoch = 391;
        assert_eq!(schedule.lr(0, per_epoch, 160), 0.1);
        assert_eq!(schedule.lr(80 * per_epoch - 1, per_epoch, 160), 0.1);
        close(schedule.lr(80 * per_epoch, per_epoch, 160), 0.01);
        close(schedule.lr(120 * per_epoch - 1, per_epoch, 160), 0.01);
        close(schedule.lr(120 * per_epoch, per_epoch, 160), 0.001);
        close(schedule.lr(160 * per_epoch - 1, per_epoch, 160), 0.001);
    }

    #[test]
    fn cosine_at_its_quarters() {
        let s = ScheduleSettings {
            own: Values::default().with("final_factor", 0.1),
            ..settings("cosine")
        };
        let schedule = Schedule::new(2.0, s);
        // T = 100: cos 0, cos π/2, cos π, and (1 + cos π/4) / 2 = 0.853553390593...
        close(schedule.lr(0, 10, 10), 2.0);
        close(
            schedule.lr(25, 10, 10),
            2.0 * (0.1 + 0.9 * 0.853_553_390_593_273_8),
        );
        close(schedule.lr(50, 10, 10), 2.0 * (0.1 + 0.9 * 0.5));
        assert!(schedule.lr(99, 10, 10) > 0.2);
        close(schedule.lr(100, 10, 10), 0.2);
        close(schedule.lr(5_000, 10, 10), 0.2);
    }

    #[test]
    fn warm_up_rises_linearly_and_shifts_the_cosine() {
        let s = ScheduleSettings {
            own: Values::default().with("final_factor", 0.0),
            warmup_epochs: 2.0,
            warmup_factor: 0.1,
            ..settings("cosine")
        };
        let schedule = Schedule::new(1.0, s);
        // W = 20 of T = 100, so the cosine has 80 steps and is at one half on step 60.
        close(schedule.lr(0, 10, 10), 0.1);
        close(schedule.lr(10, 10, 10), 0.55);
        close(schedule.lr(19, 10, 10), 0.955);
        close(schedule.lr(20, 10, 10), 1.0);
        close(schedule.lr(60, 10, 10), 0.5);
        close(schedule.lr(100, 10, 10), 0.0);
    }

    #[test]
    fn rates_grow_with_batches_if_asked_to() {
        let recipe = |batch, lr_batch| {
            let mut recipe = Recipe::default();
            recipe.train.batch = batch;
            recipe.optimiser.lr = 0.1;
            recipe.schedule = settings("constant");
            recipe.schedule.lr_batch = lr_batch;
            recipe
        };
        for (batch, lr_batch, rate) in [(64, 0, 0.1), (512, 128, 0.4), (32, 128, 0.025)] {
            close(Schedule::of(&recipe(batch, lr_batch)).lr(7, 10, 10), rate);
        }
    }

    #[test]
    fn warm_up_of_part_of_an_epoch_before_milestones() {
        let s = ScheduleSettings {
            own: Values::default()
                .with("milestones", vec![1])
                .with("gamma", 0.5),
            warmup_epochs: 0.5,
            warmup_factor: 0.0,
            ..settings("multi-step")
        };
        let schedule = Schedule::new(1.0, s);
        let rates: Vec<f64> = (0..12).map(|step| schedule.lr(step, 8, 2)).collect();
        let expected = [0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5];
        rates
            .iter()
            .zip(expected)
            .for_each(|(&rate, want)| close(rate, want));
    }

    #[test]
    fn one_cycle_by_hand() {
        let s = ScheduleSettings {
            own: Values::default()
                .with("peak_at", 0.25)
                .with("final_factor", 0.0),
            warmup_factor: 0.2,
            ..settings("one-cycle")
        };
        let schedule = Schedule::new(0.4, s);
        // T = 80, P = 20; the fall has 60 steps and is at one half on step 50.
        close(schedule.lr(0, 8, 10), 0.08);
        close(schedule.lr(10, 8, 10), 0.24);
        close(schedule.lr(20, 8, 10), 0.4);
        close(schedule.lr(50, 8, 10), 0.2);
        close(schedule.lr(80, 8, 10), 0.0);
        assert!(schedule.lr(79, 8, 10) > 0.0);
    }

    #[test]
    fn smooth_schedules_do_not_jump() {
        for name in ["cosine", "one-cycle"] {
            for warmup_epochs in [0.0, 1.5, 3.0] {
                let s = ScheduleSettings {
                    warmup_epochs,
                    ..settings(name)
                };
                let schedule = Schedule::new(1.0, s);
                let (per_epoch, epochs) = (50, 20);
                let rate = |step| schedule.lr(step, per_epoch, epochs);
                let jump = (0..per_epoch * epochs)
                    .map(|step| (rate(step + 1) - rate(step)).abs())
                    .fold(0.0, f64::max);
                assert!(
                    jump < 0.02,
                    "{name} with warm-up {warmup_epochs} jumps by {jump}"
                );
            }
        }
    }

    #[test]
    fn odd_sizes_give_finite_rates() {
        for name in ["constant", "multi-step", "cosine", "one-cycle"] {
            let s = ScheduleSettings {
                warmup_epochs: 7.0,
                ..settings(name)
            };
            let schedule = Schedule::new(0.1, s);
            for (step, per_epoch, epochs) in [(0, 0, 0), (0, 1, 1), (1, 1, 1), (3, 1, 2)] {
                let rate = schedule.lr(step, per_epoch, epochs);
                assert!(rate.is_finite() && rate >= 0.0, "{name}: {rate}");
            }
        }
    }

    #[test]
    fn every_file_is_registered_and_documented() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/schedules");
        assert!(timestep_registry::unregistered(folder, MODULES, &[]).is_empty());
        for facts in SCHEDULES.all() {
            assert_eq!(facts.lacks(&SCHEDULE_HEADINGS), None, "{}", facts.key);
        }
        for (_, setting) in schedule_settings() {
            assert_eq!(setting.check(&setting.default), Ok(()), "{}", setting.path);
            for (_, other) in schedule_settings().filter(|(_, other)| other.path == setting.path) {
                assert_eq!(
                    (&other.default, other.range),
                    (&setting.default, setting.range)
                );
            }
        }
    }
}
