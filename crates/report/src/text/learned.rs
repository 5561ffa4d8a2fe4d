//! What a network learned, in words: coefficients, equations, and their history over training.

use super::Answer;
use super::page::{Page, head};
use crate::stability::{imaginary_axis, real_axis};
use timestep_numerics::facts;
use timestep_study::learned::{EpochCoefficients, LearnedNetwork, LearnedSegment};

/// Steps with coefficients of which each gets a column of its own in the table of the history.
const COLUMNS: usize = 10;
/// Ages of earlier states that have columns of their own where means of segments are shown; `dense` has many.
const AGES: usize = 2;
/// Epochs shown in that table.
const ROWS: usize = 12;

/// Where a coefficient belongs: segment, step and age of the earlier state, all from 1.
pub type Place = (usize, usize, usize);

impl Answer for LearnedNetwork {
    fn text(&self, page: &mut Page) {
        page.line(format!(
            "{} ({}, epoch {})",
            self.weights, self.network, self.epoch
        ));
        equations(self.scheme, &self.segments, page);
        if learns(self.scheme, &self.segments) {
            sequences(&self.segments, page);
            older(&self.segments, page);
            over_training(&self.history, page);
        }
    }
}

/// Whether a scheme has coefficients that are learned: one that came from a file shows it by having some.
pub fn learns(scheme: &str, segments: &[LearnedSegment]) -> bool {
    facts(scheme).is_ok_and(|scheme| scheme.coefficient.is_some())
        || segments.iter().any(|s| s.mean_k.is_some())
}

/// A value, or a sign where there is none.
fn or(value: Option<f64>, nothing: &str, shown: impl Fn(f64) -> String) -> String {
    value.map_or(nothing.to_owned(), shown)
}

/// A table, and one equation for each segment (one for all where they are the same).
pub fn equations(scheme: &str, segments: &[LearnedSegment], page: &mut Page) {
    page.line("As a differential equation");
    let equation = |s: &LearnedSegment| {
        let none = "none: the scheme is not zero-stable".to_owned();
        s.equation.clone().unwrap_or(none)
    };
    if !learns(scheme, segments) {
        if let Some(first) = segments.first() {
            page.line(format!("scheme `{scheme}`:  {}", equation(first)));
            if let Some(stable) = interval(first) {
                page.line(format!("stable for hλ in {stable}"));
            }
        }
        return;
    }
    let mut rows = head([
        "segment",
        "k_n",
        "mean k",
        "momentum -k",
        "mean step",
        "stable hλ",
    ]);
    for s in segments {
        let k: Vec<String> = (s.k.iter())
            .map(|k| or(*k, "·", |k| format!("{k:+.3}")))
            .collect();
        rows.push(vec![
            s.segment.to_string(),
            k.join(" "),
            or(s.mean_k, "-", |k| format!("{k:+.4}")),
            or(s.mean_k, "-", |k| format!("{:+.4}", -k)),
            or(s.effective_step, "-", |h| format!("{h:.4}")),
            interval(s).unwrap_or("-".into()),
        ]);
    }
    page.table(&rows);
    page.line("(· is a restart: a forward Euler step, which uses no k)");
    for s in segments {
        page.line(format!("segment {}:  {}", s.segment, equation(s)));
    }
    for s in segments.iter().filter(|s| s.zero_stable == Some(false)) {
        let segment = s.segment;
        page.line(format!(
            "segment {segment}: its sequence k_n is not zero-stable"
        ));
    }
}

/// A stable interval as text; schemes for waves have an imaginary one.
fn interval(segment: &LearnedSegment) -> Option<String> {
    let real = real_axis(segment.real_interval?[0]);
    Some(match segment.imaginary_interval? {
        top if top > 0.0 => format!("{real} and {}", imaginary_axis(top)),
        _ => real,
    })
}

/// Time and zero-stability of the learned sequences.
fn sequences(segments: &[LearnedSegment], page: &mut Page) {
    page.blank();
    page.line("The learned sequences, as they are");
    let mut rows = head([
        "segment",
        "effective steps",
        "time",
        "zero-stable",
        "growth",
        "variation",
        "any order",
    ]);
    let three = |v: f64| format!("{v:.3}");
    for s in segments {
        let steps = s.effective_steps.iter();
        let steps: Vec<String> = steps.map(|h| or(*h, "none", three)).collect();
        rows.push(vec![
            s.segment.to_string(),
            steps.join(" "),
            or(s.time, "-", three),
            s.zero_stable
                .map_or("-", |yes| if yes { "yes" } else { "NO" })
                .to_owned(),
            or(s.growth, "-", three),
            or(s.variation, "-", three),
            s.joint.map_or("-".to_owned(), bounds),
        ]);
    }
    page.table(&rows);
    page.line(
        "effective steps: h/c where a step follows c u' = f(u), c = 1 + k_n for `lm`; time: their sum.",
    );
    page.line(
        "growth: largest factor of an error in the states over any run of steps (norm of the partial products at f = 0).",
    );
    page.line(
        "any order: joint spectral radius of the steps on differences of states (between two bounds); below 1, errors die out in any order.",
    );
    page.line(
        "variation: sup of sum of partial products |k_m … k_n|, how far one error moves all later states.",
    );
}

/// Two bounds of a number: one where they agree.
fn bounds([low, high]: [f64; 2]) -> String {
    let (low, high) = (format!("{low:.3}"), format!("{high:.3}"));
    if low == high {
        high
    } else {
        format!("{low}-{high}")
    }
}

/// All coefficients of steps that have more than one.
fn older(segments: &[LearnedSegment], page: &mut Page) {
    let several = |s: &LearnedSegment| s.all_k.iter().any(|step| step.len() > 1);
    if !segments.iter().any(several) {
        return;
    }
    let mut rows = head(["segment", "step", "coefficients of u_(n-1), u_(n-2), …"]);
    for s in segments {
        let steps = s.all_k.iter().enumerate();
        for (step, ks) in steps.filter(|(_, ks)| !ks.is_empty()) {
            let ks: Vec<String> = ks.iter().map(|k| format!("{k:+.3}")).collect();
            rows.push(vec![
                s.segment.to_string(),
                (step + 1).to_string(),
                ks.join(" "),
            ]);
        }
    }
    page.blank();
    page.line("All coefficients");
    page.table(&rows);
}

/// Every place that has a coefficient.
pub fn places(history: &[EpochCoefficients]) -> Vec<Place> {
    let mut places = Vec::new();
    let last = history.last().into_iter();
    for (i, steps) in last.flat_map(|epoch| epoch.all_k.iter().enumerate()) {
        for (n, ks) in steps.iter().enumerate() {
            places.extend((1..=ks.len()).map(|age| (i + 1, n + 1, age)));
        }
    }
    places
}

/// The coefficient at a place.
pub fn at(epoch: &EpochCoefficients, (segment, step, age): Place) -> Option<f64> {
    let steps = epoch.all_k.get(segment - 1)?;
    steps.get(step - 1)?.get(age - 1).copied()
}

/// The history as a table: every coefficient where there are few; otherwise means of segments, one column
/// for each age.
fn over_training(history: &[EpochCoefficients], page: &mut Page) {
    let places = places(history);
    if places.is_empty() {
        return;
    }
    let few = places.len() <= COLUMNS;
    let several = places.iter().any(|(_, _, age)| *age > 1);
    let named = |what: String, age: usize| match age {
        1 => what,
        _ => format!("{what}, age {age}"),
    };
    let mut columns: Vec<(String, Vec<Place>)> = Vec::new();
    for place in places {
        let (segment, step, age) = place;
        let head = if few {
            named(format!("{segment}.{step}"), age)
        } else if age > AGES {
            continue;
        } else {
            named(format!("segment {segment}"), age)
        };
        match columns.iter_mut().find(|(known, _)| *known == head) {
            Some((_, own)) => own.push(place),
            None => columns.push((head, vec![place])),
        }
    }
    let mut rows = head(["epoch"]);
    rows[0].extend(columns.iter().map(|(head, _)| head.clone()));
    let last = history.len() - 1;
    let shown = ROWS.min(history.len());
    // Evenly spread, first and last included.
    let picked = (0..shown).map(|i| if shown > 1 { i * last / (shown - 1) } else { 0 });
    for epoch in picked.map(|i| &history[i]) {
        let mean = |(_, own): &(String, Vec<Place>)| {
            let values: Vec<f64> = own.iter().filter_map(|p| at(epoch, *p)).collect();
            if values.is_empty() {
                return "·".to_owned();
            }
            format!("{:+.3}", values.iter().sum::<f64>() / values.len() as f64)
        };
        let mut row = vec![epoch.epoch.to_string()];
        row.extend(columns.iter().map(mean));
        rows.push(row);
    }
    let what = match few {
        true => "k_n, by segment.step",
        false => "mean k_n of each segment",
    };
    let ages = match several {
        true => "; age 2 is the state before the newest earlier one",
        false => "",
    };
    page.blank();
    page.line(format!("History over training: {what}{ages}"));
    page.table(&rows);
}
