//! Where do the measured `hλ` of a trained network lie? One panel per segment, one colour per step, as SVG.

use crate::contour::outlines;
use crate::svg::{COLOURS, Frame, in_proportion, panels};
use timestep_nets::StepSpectrum;
use timestep_numerics::Complex64;
use timestep_numerics::analysis::{AnalysisError, LearnedStep};
use timestep_study::spectrum::{MeasuredStep, verdict};

/// The measured values of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPoints {
    /// Text of the legend.
    pub label: String,
    /// The step in whose region they belong.
    pub region: LearnedStep,
    /// The values `hλ`.
    pub points: Vec<Complex64>,
}

/// The steps of one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentPoints {
    /// Text above the panel.
    pub title: String,
    /// Its steps.
    pub steps: Vec<StepPoints>,
}

/// Pixels of a panel.
const PANEL: (f64, f64) = (430.0, 440.0);
/// Pixels of its plot area.
const AREA: (f64, f64) = (PANEL.0 - 80.0, PANEL.1 - 90.0);
/// Points of the grid on each axis; odd, so that the real axis is on the grid.
const FINE: usize = 121;
/// The same where the matrix of a step is large.
const COARSE: usize = 61;
/// Earlier states from which on that is so.
const LARGE: usize = 4;
/// The spectral radius up to which a point counts as stable: rounding must not hide a region without area.
const LEVEL: f64 = 1.0 + 1e-9;
/// Panels in a row.
const COLUMNS: usize = 3;

/// The values of each segment with the regions of its steps.
///
/// A region is that of constant coefficients. Steps with the same region share one outline.
///
/// # Errors
/// [`AnalysisError`] if the eigenvalues of a step cannot be found.
pub fn spectra(segments: &[SegmentPoints]) -> Result<String, AnalysisError> {
    let drawn: Result<Vec<String>, AnalysisError> = segments.iter().map(panel).collect();
    Ok(panels(&drawn?, PANEL, COLUMNS))
}

/// The colour of a step: one of a few, or of a ramp from blue to red where there are many.
fn colour(index: usize, count: usize) -> String {
    match COLOURS.get(index) {
        Some(colour) if count <= COLOURS.len() => (*colour).to_owned(),
        _ => {
            let part = index as f64 / (count - 1).max(1) as f64;
            format!("hsl({:.0},75%,42%)", 240.0 - 235.0 * part)
        }
    }
}

fn panel(segment: &SegmentPoints) -> Result<String, AnalysisError> {
    let ((left, right), top) = window(segment)?;
    let mut frame = Frame::new(
        PANEL,
        &segment.title,
        (left, right, "Re hλ"),
        (-top, top, "Im hλ"),
    );
    frame.grid();
    let count = segment.steps.len();
    let mut known: Vec<&LearnedStep> = Vec::new();
    for (index, step) in segment.steps.iter().enumerate() {
        if known.contains(&&step.region) {
            continue;
        }
        known.push(&step.region);
        let path = outline(&frame, &step.region, (left, right), top)?;
        if !path.is_empty() {
            let colour = colour(index, count);
            frame.raw(&format!(
                "<path d=\"{path}\" fill=\"{colour}\" fill-opacity=\"0.08\" fill-rule=\"evenodd\" \
                 stroke=\"{colour}\" stroke-width=\"1.2\"/>"
            ));
        }
    }
    let axis = "stroke=\"#222\" stroke-width=\"1\"";
    frame.line((left, 0.0), (right, 0.0), axis);
    frame.line((0.0, -top), (0.0, top), axis);
    for (index, step) in segment.steps.iter().enumerate() {
        let colour = colour(index, count);
        for z in &step.points {
            frame.raw(&format!(
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.6\" fill=\"{colour}\" fill-opacity=\"0.75\"/>",
                frame.px(z.re),
                frame.py(z.im)
            ));
        }
    }
    // Where there are more steps than colours, only the ends of the ramp are named.
    let named = segment.steps.iter().enumerate();
    let named = named.filter(|(i, _)| count <= COLOURS.len() || *i == 0 || *i == count - 1);
    for (row, (index, step)) in named.enumerate() {
        let y = 58.0 + 17.0 * row as f64;
        let colour = colour(index, count);
        frame.raw(&format!(
            "<rect x=\"70\" y=\"{:.1}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>",
            y - 9.0
        ));
        frame.label(85.0, y, "start", &step.label);
    }
    Ok(frame.finish())
}

/// The part of the plane that shows all values and regions, in the proportions of the plot area.
fn window(segment: &SegmentPoints) -> Result<((f64, f64), f64), AnalysisError> {
    let (mut left, mut right, mut top) = (-2.0_f64, 0.6_f64, 1.1_f64);
    for step in &segment.steps {
        let found = step.region.stability()?;
        left = left.min(found.real_interval.0.max(-20.0));
        top = top.max(found.imaginary_interval.min(20.0));
        for z in &step.points {
            (left, right, top) = (left.min(z.re), right.max(z.re), top.max(z.im.abs()));
        }
    }
    let room = 0.06 * (right - left).max(2.0 * top);
    (left, right, top) = (left - room, right + room, top + room);
    Ok(in_proportion((left, right), top, AREA))
}

/// The outline of a region as SVG.
fn outline(
    frame: &Frame,
    step: &LearnedStep,
    re: (f64, f64),
    top: f64,
) -> Result<String, AnalysisError> {
    let n = if step.history() < LARGE { FINE } else { COARSE };
    let region = step.region((re, n), ((-top, top), n))?;
    let mut path = String::new();
    for polygon in outlines(&region.re, &region.im, |i, j| region.at(i, j) - LEVEL) {
        for (n, (x, y)) in polygon.iter().enumerate() {
            let letter = if n == 0 { 'M' } else { 'L' };
            path.push_str(&format!("{letter}{:.1} {:.1}", frame.px(*x), frame.py(*y)));
        }
        path.push('Z');
    }
    Ok(path)
}

/// The settled values of a segment for its picture.
#[must_use]
pub fn pictured(segment: usize, steps: &[&MeasuredStep]) -> SegmentPoints {
    SegmentPoints {
        title: format!("Segment {segment}: {}", verdict(steps).name()),
        steps: steps.iter().map(|s| points(s)).collect(),
    }
}

fn points(step: &MeasuredStep) -> StepPoints {
    let first = step.first();
    let label = match first.region.coefficients() {
        [] => format!("step {}", first.step),
        _ => format!("step {}, k = {}", first.step, step.k()),
    };
    let settled = step.spectra.iter().flat_map(StepSpectrum::settled);
    StepPoints {
        label,
        region: first.region.clone(),
        points: settled.map(|v| v.z).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_a_point_and_every_region_an_outline() {
        let step = |k: f64, points: &[(f64, f64)]| StepPoints {
            label: format!("k < {k}"),
            region: LearnedStep::new("lm", &[k], 1).expect("fits"),
            points: points.iter().map(|(x, y)| Complex64::new(*x, *y)).collect(),
        };
        let segment = SegmentPoints {
            title: "segment 1".into(),
            steps: vec![
                step(-0.5, &[(-1.0, 0.0), (0.2, 3.0)]),
                step(0.0, &[(-6.5, 0.0)]),
                step(0.0, &[]),
            ],
        };
        let svg = spectra(&[segment.clone(), segment]).expect("a picture");
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert_eq!(svg.matches("<svg").count(), 3, "a picture and two panels");
        assert_eq!(svg.matches("<circle").count(), 6);
        assert_eq!(svg.matches("evenodd").count(), 4, "equal regions once");
        assert!(svg.contains("k &lt; -0.5") && !svg.contains("NaN"));
        // The value far to the left is inside the panel.
        let x = svg.split("cx=\"").skip(1).map(|t| t.split('"').next());
        let x: Vec<f64> = x.flatten().map(|t| t.parse().expect("a number")).collect();
        assert!(x.iter().all(|x| (60.0..=PANEL.0 - 20.0).contains(x)));
        let many = SegmentPoints {
            title: String::new(),
            steps: (0..9).map(|_| step(-0.1, &[(0.0, 0.0)])).collect(),
        };
        let svg = spectra(&[many]).expect("a picture");
        assert_eq!(
            svg.matches("k &lt; -0.1").count(),
            2,
            "only the ends are named"
        );
        assert_eq!(
            svg.matches("hsl(240,").count(),
            2 + 1 + 1,
            "outline, point and name"
        );
        assert!(spectra(&[]).expect("nothing").contains("</svg>"));
    }
}
