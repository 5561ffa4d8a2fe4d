//! What did a learned diffusion learn? Its filters and influence functions, step by step, as SVG.

use crate::svg::{COLOURS, escape};
use std::fmt::Write;
use timestep_study::diffusion::{DiffusionStep, RANGE, Reaction};

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnStep {
    /// What is written above the row.
    pub label: String,
    /// Filters, in the order in which they are drawn.
    pub reactions: Vec<Reaction>,
}

/// Filters drawn for a step: those whose functions do most.
pub const SHOWN: usize = 12;

impl DrawnStep {
    /// A step with its strongest filters; `reactions` has the strongest first.
    #[must_use]
    pub fn new(step: &DiffusionStep, mut reactions: Vec<Reaction>) -> Self {
        reactions.truncate(SHOWN);
        let number = |x: Option<f64>| x.map_or("·".to_owned(), |x| format!("{x:.4}"));
        // At the first step u is the noisy picture itself, so its λ does nothing.
        let lambda = (step.step > 1).then_some(step.lambda);
        let (t, lambda, k) = (step.step, number(lambda), number(step.k));
        Self {
            label: format!("step {t}: λ {lambda}, k {k}"),
            reactions,
        }
    }
}

/// Side of the picture of a filter, and width of a cell, in pixels.
const FILTER: f64 = 42.0;
const CELL: f64 = 78.0;
/// Height of a curve.
const CURVE: f64 = 56.0;
/// Height of a step's row.
const ROW: f64 = 148.0;

/// Filters (grey is zero, white positive) above their influence functions between plus and minus [`RANGE`] grey levels. All curves of a step have one scale.
#[must_use]
pub fn diffusion(steps: &[DrawnStep], title: &str) -> String {
    let most = steps
        .iter()
        .map(|s| s.reactions.len())
        .max()
        .unwrap_or(1)
        .max(1);
    let (width, height) = (40.0 + CELL * most as f64, 50.0 + ROW * steps.len() as f64);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#fff\"/>\n\
         <text x=\"20\" y=\"26\" fill=\"#222\">{}</text>\n",
        escape(title)
    );
    for (row, step) in steps.iter().enumerate() {
        let top = 50.0 + ROW * row as f64;
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"20\" y=\"{:.0}\" fill=\"#222\">{}</text>",
            top + 8.0,
            escape(&step.label)
        );
        let largest = step
            .reactions
            .iter()
            .flat_map(|r| &r.curve)
            .fold(1e-9_f64, |m, v| m.max(v.abs()));
        for (column, reaction) in step.reactions.iter().enumerate() {
            let left = 20.0 + CELL * column as f64;
            filter(
                &mut svg,
                &reaction.taps,
                left + (CELL - FILTER) / 2.0,
                top + 18.0,
            );
            curve(
                &mut svg,
                &reaction.curve,
                largest,
                left + 4.0,
                top + 18.0 + FILTER + 6.0,
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\" fill=\"#555\" font-size=\"10\">curves: ±{largest:.3}, z within ±{RANGE:.0}</text>",
            width - 20.0,
            top + 8.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The taps as squares.
fn filter(svg: &mut String, taps: &[f64], left: f64, top: f64) {
    let side = (taps.len() as f64).sqrt().round().max(1.0) as usize;
    let largest = taps.iter().fold(1e-12_f64, |m, v| m.max(v.abs()));
    let pixel = FILTER / side as f64;
    for (i, tap) in taps.iter().enumerate() {
        let grey = (127.5 + 127.5 * tap / largest).round() as u8;
        let _ = write!(
            svg,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{pixel:.2}\" height=\"{pixel:.2}\" fill=\"rgb({grey},{grey},{grey})\"/>",
            left + pixel * (i % side) as f64,
            top + pixel * (i / side) as f64
        );
    }
    svg.push('\n');
}

/// A function with its axis.
fn curve(svg: &mut String, values: &[f64], largest: f64, left: f64, top: f64) {
    let (width, middle) = (CELL - 8.0, top + CURVE / 2.0);
    let last = values.len().saturating_sub(1).max(1) as f64;
    let points: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(i, v)| {
            let x = left + width * i as f64 / last;
            format!("{x:.1},{:.1}", middle - v / largest * CURVE / 2.0)
        })
        .collect();
    let _ = writeln!(
        svg,
        "<path d=\"M{left:.1} {middle:.1}h{width:.1}M{:.1} {top:.1}v{CURVE:.1}\" stroke=\"#bbb\"/>\
         <polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>",
        left + width / 2.0,
        points.join(" "),
        COLOURS[0]
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_and_function_is_drawn() {
        let reaction = Reaction {
            taps: vec![0.0, 1.0, -1.0, 0.5],
            curve: vec![-1.0, 0.0, 1.0],
        };
        let step = DrawnStep {
            label: "step 1 <λ>".into(),
            reactions: vec![reaction.clone(), reaction],
        };
        let svg = diffusion(&[step.clone(), step], "a & b");
        assert_eq!(svg.matches("<polyline").count(), 4);
        assert_eq!(svg.matches("<rect").count(), 1 + 16);
        assert!(svg.contains("a &amp; b") && svg.contains("&lt;λ&gt;"));
        assert!(svg.ends_with("</svg>\n"));
    }
}
