//! Networks with other steps, in words.

use super::Answer;
use super::page::{Page, head};
use timestep_study::convergence::ConvergenceOfNetwork;
use timestep_study::resampled::ResampledWeights;

/// Numbers of steps or sizes: `3,3,3`.
fn list<T: ToString>(all: &[T]) -> String {
    let words: Vec<String> = all.iter().map(ToString::to_string).collect();
    words.join(",")
}

impl Answer for ConvergenceOfNetwork {
    fn text(&self, page: &mut Page) {
        page.line(format!(
            "{} ({}, epoch {})",
            self.weights, self.network, self.epoch
        ));
        page.blank();
        let mut rows = head([
            "steps",
            "times",
            "evaluations",
            "top-1",
            "loss",
            "agreement",
            "distance",
        ]);
        for row in &self.rows {
            rows.push(vec![
                list(&row.steps),
                row.factor.to_string(),
                row.block_evaluations.to_string(),
                format!("{:.2} %", 100.0 * row.top1),
                format!("{:.4}", row.loss),
                format!("{:.2} %", 100.0 * row.agreement),
                format!("{:.4}", row.distance),
            ]);
        }
        page.table(&rows);
        page.blank();
        let coefficients = self
            .coefficients
            .map_or(String::new(), |c| format!(", coefficients {c}"));
        page.line(format!(
            "weights {} in depth{coefficients}, running statistics {}",
            self.interpolation, self.statistics
        ));
        if let Some(roughness) = self.roughness {
            page.line(format!(
                "weights change by {roughness:.3} of their size from step to step (unrelated ones by 1.4)"
            ));
        }
        page.line(
            "distance: of the last state from that of the trained network, as a part of its size.",
        );
        page.line("A differential equation has a limit: with finer steps, accuracy and state stay what they are.");
    }
}

impl Answer for ResampledWeights {
    fn text(&self, page: &mut Page) {
        let h = match self.h.len() {
            0 => "1".to_owned(),
            1 => self.h[0].to_string(),
            n if n == self.steps.len() => list(&self.h),
            _ => "one for each step".to_owned(),
        };
        page.line(format!(
            "{}: {}, steps {} (before {}), step size {h}",
            self.file,
            self.network,
            list(&self.steps),
            list(&self.steps_before)
        ));
        let coefficients = self
            .coefficients
            .map_or(String::new(), |c| format!(", coefficients {c}"));
        let images = match self.images {
            0 => String::new(),
            n => format!(" on {n} training images"),
        };
        page.line(format!(
            "weights {} in depth{coefficients}, running statistics {}{images}",
            self.interpolation, self.statistics
        ));
    }
}
