//! How is the spectrum of a trained network told? A table of steps, a verdict a segment, how to read them.

use crate::ui::table;
use timestep_nets::{MARGIN, Measured, StepSpectrum, Verdict};
use timestep_numerics::facts;

/// Coefficients of a step that are shown; `dense` has many.
const SHOWN: usize = 3;

/// Spectra of one step at all images.
pub(crate) struct Step {
    /// One an image.
    pub(crate) spectra: Vec<StepSpectrum>,
    /// Does a ReLU follow it?
    pub(crate) rectified: bool,
    /// Are its coefficients means over channels?
    pub(crate) by_channel: bool,
}

impl Step {
    /// Its spectrum at the first image; a step is listed once it has one.
    pub(crate) fn first(&self) -> &StepSpectrum {
        &self.spectra[0]
    }

    /// Largest value over the images.
    pub(crate) fn largest(&self, of: impl Fn(&StepSpectrum) -> f64) -> f64 {
        self.spectra
            .iter()
            .map(of)
            .fold(f64::NEG_INFINITY, f64::max)
    }

    /// The verdict on all images.
    pub(crate) fn verdict(&self) -> Verdict {
        Verdict::of(self.largest(StepSpectrum::growth))
    }

    /// Largest growth of what the equation damps, if there is any.
    pub(crate) fn damped(&self) -> Option<f64> {
        let all = self
            .spectra
            .iter()
            .filter_map(StepSpectrum::growth_of_damped);
        all.reduce(f64::max)
    }

    /// Modes outside the region: the equation's own, and the scheme's.
    pub(crate) fn outside(&self) -> (usize, usize) {
        let all = self.spectra.iter().map(StepSpectrum::outside);
        all.fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
    }

    /// Smallest and largest real part and largest imaginary part.
    pub(crate) fn extent(&self) -> (f64, f64, f64) {
        (
            -self.largest(|s| -s.extent().0),
            self.largest(|s| s.extent().1),
            self.largest(|s| s.extent().2),
        )
    }

    /// Its coefficients; a dot at a restart.
    pub(crate) fn k(&self) -> String {
        let region = &self.first().region;
        match (region.coefficients(), region.history()) {
            ([], 0) if facts(region.scheme()).is_ok_and(|f| f.memory > 0) => "·".to_owned(),
            ([], _) => "-".to_owned(),
            (all, _) => {
                let mut few: Vec<String> =
                    all.iter().take(SHOWN).map(|k| format!("{k:+.3}")).collect();
                if all.len() > SHOWN {
                    few.push("…".to_owned());
                }
                few.join(" ")
            }
        }
    }
}

/// The verdict on a segment: its worst step.
pub(crate) fn verdict(steps: &[&Step]) -> Verdict {
    let all = steps.iter().map(|s| s.verdict());
    all.max().unwrap_or(Verdict::Inside)
}

/// The same on the modes that the equation damps.
pub(crate) fn verdict_on_damped(steps: &[&Step]) -> Option<Verdict> {
    let all = steps.iter().filter_map(|s| s.damped());
    all.map(Verdict::of).max()
}

/// The table, the verdict on every segment, and how to read them.
pub(crate) fn text(title: &str, steps: &[Step], segments: &[usize]) -> String {
    let head = [
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
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    let mut first_of = 0;
    for step in steps {
        let first = step.first();
        let (low, high, top) = step.extent();
        let segment = if first.segment == first_of {
            String::new()
        } else {
            first.segment.to_string()
        };
        first_of = first.segment;
        let (own, scheme) = step.outside();
        let mut verdict = step.verdict().name().to_owned();
        if own + scheme > 0 {
            verdict.push_str(&format!(" ({own} growing, {scheme} damped)"));
        }
        rows.push(vec![
            segment,
            first.step.to_string(),
            step.k(),
            format!("{:.3}", step.largest(StepSpectrum::radius)),
            format!("{low:+.3} to {high:+.3}"),
            format!("±{top:.3}"),
            format!("{:.1} %", 100.0 * step.largest(|s| s.uncertainty)),
            format!("{:.3}", step.largest(StepSpectrum::growth)),
            step.damped().map_or("·".to_owned(), |g| format!("{g:.3}")),
            verdict,
        ]);
    }
    let kind = steps[0].first().measured;
    let mut text = format!(
        "{title}\n{}, largest over the images\n\n{}",
        kind.equation(),
        table(&rows)
    );
    text.push('\n');
    for segment in segments {
        let own: Vec<&Step> = steps
            .iter()
            .filter(|s| s.first().segment == *segment)
            .collect();
        let damped = verdict_on_damped(&own).map_or(String::new(), |v| {
            format!("; what the equation damps is {}", v.name())
        });
        let all = verdict(&own).name();
        text.push_str(&format!("segment {segment}: {all}{damped}\n"));
    }
    text.push_str(&format!(
        "\nThe region is that of the scheme with the k_n of the step held constant (· is a restart: forward Euler).\n\
         growth: what the scheme multiplies the fastest mode with in a step; inside below {:.2}, outside above {:.2}.\n\
         of damped: the same for modes with Re hλ <= 0, which the equation damps; modes with Re hλ > 0 grow by the\n\
         equation itself, whatever the scheme. In brackets, modes outside at all images together, of both kinds.\n\
         residual: of the outer eigenvalues, as a part of the largest; --products N lowers it.\n",
        1.0 - MARGIN,
        1.0 + MARGIN
    ));
    for line in remarks(steps) {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// What has to be said about this kind of network.
fn remarks(steps: &[Step]) -> Vec<&'static str> {
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
    match steps[0].first().measured {
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
