//! A test of learning rates as SVG.

use crate::line::{Axis, Chart, Line};
use crate::text::rate;
use timestep_train::Setup;
use timestep_train::range::{Range, RangePoint};

/// Loss against rate, with the suggestion marked.
#[must_use]
pub fn chart(setup: &Setup, range: &Range) -> String {
    let line = |label: &str, colour: usize, value: fn(&RangePoint) -> f64| Line {
        label: label.to_owned(),
        points: range.points.iter().map(|p| (p.lr, value(p))).collect(),
        colour,
        ..Line::default()
    };
    Chart {
        title: format!(
            "Loss of {} on {} with a rising rate",
            setup.network.config().name,
            setup.dataset.name
        ),
        x: Axis::log("learning rate"),
        y: Axis::log("loss"),
        lines: vec![
            line("loss of a batch", 5, |p| p.loss),
            line("smoothed", 0, |p| p.smoothed),
        ],
        marks: (range.suggestion())
            .map(|f| (f.steepest, format!("suggestion {}", rate(f.steepest))))
            .into_iter()
            .collect(),
    }
    .svg((720.0, 420.0))
}
