//! A training that would be done, and what one reached, in words.

use super::Answer;
use super::page::Page;
use timestep_study::dry_run::{PlannedClassifier, PlannedRestorer};

impl Answer for PlannedClassifier {
    fn text(&self, page: &mut Page) {
        let [channels, height, width] = self.shape;
        let classes = self.classes;
        page.facts(&[
            ("recipe", format!("{} (seed {})", self.recipe, self.seed)),
            (
                "data",
                format!(
                    "{}: {} train, {} test images of {channels}×{height}×{width}",
                    self.data, self.train_images, self.test_images
                ),
            ),
            (
                "network",
                format!(
                    "{}: {} steps of `{}` on `{}`",
                    self.network, self.depth, self.scheme, self.block
                ),
            ),
            (
                "cost",
                format!(
                    "{} parameters and {} coefficients, {:.1} M multiply-adds per image",
                    self.parameters,
                    self.coefficients,
                    self.multiply_adds as f64 / 1e6
                ),
            ),
            (
                "memory",
                format!(
                    "about {} MB of activations at batch {}",
                    self.activation_bytes / 1_000_000,
                    self.batch
                ),
            ),
            (
                "check",
                format!(
                    "one batch forward and backward: loss {:.3} (ln {classes} = {:.3})",
                    self.loss,
                    (classes as f64).ln()
                ),
            ),
            (
                "time",
                format!(
                    "{:.2} s per step, {} steps: about {}",
                    self.seconds_per_step,
                    self.steps,
                    hours(self.hours)
                ),
            ),
            ("run", runs(&self.run, self.seeds)),
        ]);
        page.line("Nothing was written. Remove --dry-run to start.");
    }
}

impl Answer for PlannedRestorer {
    fn text(&self, page: &mut Page) {
        let steps = match self.steps {
            1 => "one step".to_owned(),
            n => format!("{n} steps"),
        };
        page.facts(&[
            ("recipe", format!("{} (seed {})", self.recipe, self.seed)),
            (
                "pictures",
                format!(
                    "{} to train on ({} pixels), {} to measure on; noise {}",
                    self.train_pictures, self.train_pixels, self.test_pictures, self.sigma
                ),
            ),
            (
                "model",
                format!(
                    "{}: {} parameters, started at {:.3} dB",
                    self.shape, self.parameters, self.psnr
                ),
            ),
            (
                "phases",
                match (self.iterations, self.drawn) {
                    (n, 0) => format!("{} of at most {n} iterations together", self.phases),
                    (0, n) => format!(
                        "{} of {n} steps on {} pictures together",
                        self.phases, self.batch
                    ),
                    (n, steps) => format!(
                        "{} of at most {n} iterations, and {steps} steps on {} pictures, together",
                        self.phases, self.batch
                    ),
                },
            ),
            (
                "time",
                format!(
                    "{:.2} s for an evaluation of {steps} on all pictures; an iteration takes one or more",
                    self.seconds_per_evaluation
                ),
            ),
            ("run", runs(&self.run, self.seeds)),
        ]);
        page.line("Nothing was written. Remove --dry-run to start.");
    }
}

/// Where the runs would go, and how many there are.
fn runs(first: &str, seeds: u64) -> String {
    match seeds {
        1 => first.to_owned(),
        n => format!("{first} and {} more, one for each seed", n - 1),
    }
}

/// Hours as a person says them.
fn hours(hours: f64) -> String {
    let minutes = (hours * 60.0).round() as u64;
    match minutes {
        0 => "a minute".into(),
        1..=119 => format!("{minutes} minutes"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}
