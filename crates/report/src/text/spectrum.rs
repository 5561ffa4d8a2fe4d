//! The spectrum of a trained network, in words: a table of steps, a verdict on each segment, how to read them.

use super::Answer;
use super::page::{Page, head};
use timestep_nets::{MARGIN, Measured};
use timestep_study::spectrum::{SpectrumOfSegment, SpectrumOfStep, coefficients};

impl Answer for Vec<SpectrumOfSegment> {
    fn text(&self, page: &mut Page) {
        let Some(first) = self.first() else {
            return;
        };
        page.line(format!(
            "{} ({}, epoch {})",
            first.weights, first.network, first.epoch
        ));
        let kind = first.kind();
        page.line(format!("{}, largest over the images", kind.equation()));
        page.blank();
        page.table(&rows(self));
        page.blank();
        for segment in self {
            let damped = segment.verdict_on_damped;
            let damped = damped.map_or(String::new(), |verdict| {
                format!("; what the equation damps is {verdict}")
            });
            let bound = segment.bound.map_or(String::new(), |bound| {
                format!("; bound of ‖h f'‖: {bound:.2} (proved)")
            });
            page.line(format!(
                "segment {}: {}{damped}{bound}",
                segment.segment, segment.verdict
            ));
        }
        page.blank();
        page.line(
            "The region is that of the scheme with the k_n of the step held constant (· is a restart: forward Euler).",
        );
        page.line(format!(
            "growth: what the scheme multiplies the fastest mode with per step; inside below {:.2}, outside above {:.2}.",
            1.0 - MARGIN,
            1.0 + MARGIN
        ));
        page.line(
            "of damped: the same for modes with Re hλ <= 0, which the equation damps; modes with Re hλ > 0 grow by the \
             equation itself, whatever the scheme. In brackets, modes outside at all images together, of both kinds.",
        );
        page.line(
            "residual: of the outer eigenvalues, as a part of the largest; --products N lowers it.",
        );
        let steps: Vec<&SpectrumOfStep> = self.iter().flat_map(|s| &s.steps).collect();
        remarks(kind, &steps).into_iter().for_each(|r| page.line(r));
    }
}

/// A row for each step.
fn rows(segments: &[SpectrumOfSegment]) -> Vec<Vec<String>> {
    let mut rows = head([
        "segment",
        "step",
        "k_n",
        "|hλ|",
        "Re hλ",
        "Im hλ",
        "residual",
        "growth",
        "of damped",
        "in the region?",
    ]);
    for segment in segments {
        for (n, step) in segment.steps.iter().enumerate() {
            let mut verdict = step.verdict.to_owned();
            let (own, scheme) = (step.outside_by_equation, step.outside_by_scheme);
            if own + scheme > 0 {
                verdict.push_str(&format!(" ({own} growing, {scheme} damped)"));
            }
            let [low, high] = step.real;
            let damped = step.growth_of_damped;
            rows.push(vec![
                match n {
                    0 => segment.segment.to_string(),
                    _ => String::new(),
                },
                step.step.to_string(),
                coefficients(segment.scheme, &step.coefficients, step.history),
                format!("{:.3}", step.radius),
                format!("{low:+.3} to {high:+.3}"),
                format!("±{:.3}", step.imaginary),
                format!("{:.1} %", 100.0 * step.uncertainty),
                format!("{:.3}", step.growth),
                damped.map_or("·".to_owned(), |g| format!("{g:.3}")),
                verdict,
            ]);
        }
    }
    rows
}

/// What has to be said about this kind of network.
fn remarks(kind: Measured, steps: &[&SpectrumOfStep]) -> Vec<&'static str> {
    let mut all = Vec::new();
    if steps.iter().any(|s| s.rectified) {
        all.push(
            "The ReLU after each step is not part of f and not of what is measured: it multiplies by 0 or 1, which \
             lengthens no vector, but the eigenvalues of the step with it are others.",
        );
    }
    if steps.iter().any(|s| s.by_channel) {
        all.push(
            "Every channel has a k_n of its own; shown, and used for the region, is their mean.",
        );
    }
    if steps.iter().any(|s| s.first_of_several) {
        all.push(
            "The evaluations of a step have running statistics of their own, so they are not quite one f; J_f is that of \
             the first.",
        );
    }
    match kind {
        Measured::Pair => all.push(
            "A pair of halves has every hλ in both signs, counted once: one of the two grows, unless they lie on the \
             imaginary axis (\"damped\" here), where the scheme is stable up to ±2i.",
        ),
        Measured::Increment => all.push(
            "Every evaluation of a step has weights of its own, so the step as a whole is read as forward Euler for \
             its own increment.",
        ),
        Measured::Slope => {}
    }
    all
}
