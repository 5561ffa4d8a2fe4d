//! Which learning rate does a step use?
//!
//! A pure function of the number of the step, so a run that is resumed cannot be off by one: it
//! asks for step 4,711 and gets what an uninterrupted run got. With `b` the base rate, `E` steps
//! an epoch, `T = E · epochs` steps in all and step `t` counted from 0:
//!
//! | name | rate |
//! |---|---|
//! | `constant` | `b` |
//! | `multi-step` | `b · gamma^m`, `m` the number of milestones `≤ t / E` |
//! | `cosine` | `b · (f + (1 - f)(1 + cos πp) / 2)`, `p = (t - W) / (T - W)` |
//! | `one-cycle` | up to step `P`: `b · (w + (1 - w) t / P)`; then the cosine with `W = P` |
//!
//! where `f` is `final_factor`, `w` is `warmup_factor` and `P = round(peak_at · T)`. A warm-up of
//! `W = round(warmup_epochs · E)` steps multiplies the first three by `w + (1 - w) t / W` for
//! `t < W`; the cosine starts when the warm-up ends, so that neither cuts into the other. The
//! final rate belongs to the moment after the last step: no step is spent on a rate of zero.

use crate::recipe::{Recipe, ScheduleKind, ScheduleSettings};
use std::f64::consts::PI;

/// The learning rate of every step of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    base: f64,
    settings: ScheduleSettings,
}

impl Schedule {
    /// A schedule whose highest rate is `base`.
    pub fn new(base: f64, settings: ScheduleSettings) -> Self {
        Schedule { base, settings }
    }

    /// The schedule of a recipe.
    pub fn of(recipe: &Recipe) -> Self {
        Schedule::new(recipe.optimiser.lr, recipe.schedule.clone())
    }

    /// The rate that step `step` (from 0, over the whole run) uses.
    ///
    /// Steps past the end keep the final rate.
    pub fn lr(&self, step: usize, steps_per_epoch: usize, epochs: usize) -> f64 {
        let s = &self.settings;
        let total = steps_per_epoch.saturating_mul(epochs);
        let warmup = round(s.warmup_epochs * steps_per_epoch as f64);
        let shape = match s.name {
            ScheduleKind::Constant => self.ramp(step, warmup),
            ScheduleKind::MultiStep => {
                let passed = s
                    .milestones
                    .iter()
                    .filter(|&&m| step >= m.saturating_mul(steps_per_epoch));
                // A product, not `powi`: the same bits on every machine.
                let decay = passed.fold(1.0, |factor, _| factor * s.gamma);
                decay * self.ramp(step, warmup)
            }
            ScheduleKind::Cosine => self.ramp(step, warmup) * self.cosine(step, warmup, total),
            ScheduleKind::OneCycle => {
                let peak = round(s.peak_at * total as f64);
                self.ramp(step, peak) * self.cosine(step, peak, total)
            }
        };
        self.base * shape
    }

    /// The linear rise from `warmup_factor` to 1 over the first `length` steps.
    fn ramp(&self, step: usize, length: usize) -> f64 {
        if step >= length {
            return 1.0;
        }
        let from = self.settings.warmup_factor;
        from + (1.0 - from) * (step as f64 / length as f64)
    }

    /// The fall from 1 at step `start` to `final_factor` at step `end`.
    fn cosine(&self, step: usize, start: usize, end: usize) -> f64 {
        if step <= start {
            return 1.0;
        }
        let floor = self.settings.final_factor;
        if step >= end {
            return floor;
        }
        let progress = (step - start) as f64 / (end - start) as f64;
        floor + (1.0 - floor) * 0.5 * (1.0 + (PI * progress).cos())
    }
}

/// A non-negative number of steps, rounded; what is not a number counts as 0.
fn round(steps: f64) -> usize {
    // `as` saturates, which is what a warm-up longer than any run should do.
    steps.round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: ScheduleKind) -> ScheduleSettings {
        ScheduleSettings {
            name,
            ..ScheduleSettings::default()
        }
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} is not {b}");
    }

    #[test]
    fn constant_is_constant() {
        let schedule = Schedule::new(0.3, settings(ScheduleKind::Constant));
        for step in [0, 1, 99, 100, 10_000] {
            assert_eq!(schedule.lr(step, 10, 10), 0.3);
        }
    }

    #[test]
    fn milestones_act_on_the_first_step_of_their_epoch() {
        let s = ScheduleSettings {
            milestones: vec![80, 120],
            gamma: 0.1,
            ..settings(ScheduleKind::MultiStep)
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
            final_factor: 0.1,
            ..settings(ScheduleKind::Cosine)
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
            warmup_epochs: 2.0,
            warmup_factor: 0.1,
            final_factor: 0.0,
            ..settings(ScheduleKind::Cosine)
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
    fn warm_up_of_part_of_an_epoch_before_milestones() {
        let s = ScheduleSettings {
            warmup_epochs: 0.5,
            warmup_factor: 0.0,
            milestones: vec![1],
            gamma: 0.5,
            ..settings(ScheduleKind::MultiStep)
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
            peak_at: 0.25,
            warmup_factor: 0.2,
            final_factor: 0.0,
            ..settings(ScheduleKind::OneCycle)
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
        for name in [ScheduleKind::Cosine, ScheduleKind::OneCycle] {
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
        for name in [
            ScheduleKind::Constant,
            ScheduleKind::MultiStep,
            ScheduleKind::Cosine,
            ScheduleKind::OneCycle,
        ] {
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
}
