//! Which pictures are there? The stability region of a scheme, the learned momentum of networks.

use crate::svg::{COLOURS, Frame};
use timestep_numerics::analysis::Region;

/// The learned coefficients of one network.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Text of the legend.
    pub label: String,
    /// `k_n` by segment and step; `None` where a step has none.
    pub segments: Vec<Vec<Option<f64>>>,
}

/// The region `ρ ≤ 1` of a scheme in the plane of `z = hλ`, as SVG.
#[must_use]
pub fn stability_region(region: &Region, title: &str) -> String {
    let mut frame = Frame::new(
        (560.0, 520.0),
        title,
        (region.re[0], last(&region.re), "Re hλ"),
        (region.im[0], last(&region.im), "Im hλ"),
    );
    // Runs of stable cells of a row become one rectangle: small files, no seams.
    let (nx, ny) = (region.re.len(), region.im.len());
    let dx = (last(&region.re) - region.re[0]) / (nx - 1) as f64;
    let dy = (last(&region.im) - region.im[0]) / (ny - 1) as f64;
    for j in 0..ny {
        let mut i = 0;
        while i < nx {
            let run = (i..nx)
                .take_while(|i| region.at(*i, j) <= 1.0 + 1e-9)
                .count();
            if run > 0 {
                let x0 = frame.px((region.re[i] - dx / 2.0).max(region.re[0]));
                let x1 = frame.px((region.re[i + run - 1] + dx / 2.0).min(last(&region.re)));
                let y0 = frame.py((region.im[j] + dy / 2.0).min(last(&region.im)));
                let y1 = frame.py((region.im[j] - dy / 2.0).max(region.im[0]));
                frame.raw(&format!(
                    "<rect x=\"{x0:.1}\" y=\"{y0:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#a6cee3\"/>",
                    x1 - x0,
                    y1 - y0 + 0.3
                ));
            }
            i += run.max(1);
        }
    }
    frame.grid();
    let axis = "stroke=\"#222\" stroke-width=\"1.2\"";
    frame.line((region.re[0], 0.0), (last(&region.re), 0.0), axis);
    frame.line((0.0, region.im[0]), (0.0, last(&region.im)), axis);
    frame.finish()
}

/// The learned momentum `-k_n` against the step, over the whole depth of each network, as SVG.
///
/// Vertical lines mark where the segments of the first network begin; a restart has no point.
#[must_use]
pub fn momentum(series: &[Series]) -> String {
    let depth = |s: &Series| s.segments.iter().map(Vec::len).sum::<usize>();
    let steps = series.iter().map(depth).max().unwrap_or(1).max(1);
    let values = series
        .iter()
        .flat_map(|s| &s.segments)
        .flatten()
        .flatten()
        .map(|k| -k);
    let (low, high) = values.fold((-0.1_f64, 0.3_f64), |(l, h), v| (l.min(v), h.max(v)));
    let margin = 0.05 * (high - low);
    // Room for the legend above the curves.
    let high = high + 0.06 * (series.len() as f64 + 0.5) * (high - low);
    let mut frame = Frame::new(
        (720.0, 420.0),
        "Learned momentum",
        (0.5, steps as f64 + 0.5, "step n, over the whole network"),
        (low - margin, high + margin, "-k (momentum)"),
    );
    frame.grid();
    if let Some(first) = series.first() {
        let mut at = 0.5;
        for segment in &first.segments {
            let dashes = "stroke=\"#888\" stroke-dasharray=\"4 4\"";
            frame.line((at, low - margin), (at, high + margin), dashes);
            at += segment.len() as f64;
        }
    }
    frame.line((0.5, 0.0), (steps as f64 + 0.5, 0.0), "stroke=\"#222\"");
    for (index, one) in series.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let mut n = 0.0;
        for segment in &one.segments {
            // A line ends where history does.
            let mut points = Vec::new();
            for k in segment {
                n += 1.0;
                if let Some(k) = k {
                    points.push((frame.px(n), frame.py(-k)));
                }
            }
            let path: Vec<String> = points
                .iter()
                .map(|(x, y)| format!("{x:.1},{y:.1}"))
                .collect();
            frame.raw(&format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                path.join(" ")
            ));
            for (x, y) in points {
                let circle =
                    format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>");
                frame.raw(&circle);
            }
        }
        let y = 60.0 + 18.0 * index as f64;
        frame.raw(&format!(
            "<rect x=\"72\" y=\"{:.1}\" width=\"12\" height=\"12\" fill=\"{colour}\"/>",
            y - 10.0
        ));
        frame.label(90.0, y, "start", &one.label);
    }
    frame.finish()
}

/// The end of a grid axis; a region has at least two points on each.
fn last(axis: &[f64]) -> f64 {
    axis[axis.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use timestep_numerics::analysis::region;

    #[test]
    fn a_region_is_drawn_where_the_scheme_is_stable() {
        let stable = region("euler", None, (-3.0, 1.0), (-2.0, 2.0), 41, 41).expect("a region");
        let svg = stability_region(&stable, "a < b");
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("a &lt; b") && svg.matches("#a6cee3").count() > 10);
        let none = region("lm", Some(1.2), (-3.0, 1.0), (-2.0, 2.0), 41, 41).expect("a region");
        assert_eq!(stability_region(&none, "").matches("#a6cee3").count(), 0);
    }

    #[test]
    fn every_coefficient_is_a_point() {
        let one = Series {
            label: "net".into(),
            segments: vec![vec![None, Some(-0.5)], vec![None, Some(-0.9), Some(0.1)]],
        };
        assert_eq!(momentum(&[one]).matches("<circle").count(), 3);
        assert!(momentum(&[]).contains("</svg>"));
    }
}
