//! How is the spectrum of a trained network told? A table of steps, a verdict a segment, how to read them.

use crate::ui::table;
use timestep_nets::{MARGIN, Measured, StepSpectrum};
use timestep_report::spectrum::measured::{MeasuredStep, segments, verdict, verdict_on_damped};

/// The table, the verdict on every segment, and how to read them.
pub(crate) fn text(title: &str, steps: &[MeasuredStep]) -> String {
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
    for (segment, own) in segments(steps) {
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
fn remarks(steps: &[MeasuredStep]) -> Vec<&'static str> {
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
