//! Which way do images take through a network? Their paths in a plane, and the norms on the way, as SVG.

use crate::svg::{COLOURS, Frame, panels};
use timestep_study::trace::{StateOnTheWay, WayThroughSegment};

/// The paths through one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentPaths {
    /// Text above the panel.
    pub title: String,
    /// Labels of the axes.
    pub axes: (String, String),
    /// Class of each image and its points, in order of depth.
    pub paths: Vec<(usize, Vec<(f64, f64)>)>,
}

/// A curve over the steps of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct NormCurve {
    /// Text of the legend.
    pub label: String,
    /// Its value at each step of each segment; `None` where it has none.
    pub segments: Vec<Vec<Option<f64>>>,
}

/// Pixels of a panel.
const PANEL: (f64, f64) = (430.0, 400.0);
/// Panels in a row.
const COLUMNS: usize = 2;
/// Classes that are named.
const NAMED: usize = 12;
/// Ten colours that can be told apart by people who do not see red or green (P. Tol, "muted").
const MUTED: [&str; 10] = [
    "#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255",
    "#aa4499", "#666666",
];

fn colour(class: usize, classes: usize) -> String {
    if classes <= MUTED.len() {
        return MUTED[class % MUTED.len()].to_owned();
    }
    // Turns by the golden angle stay far apart, however many there are.
    format!("hsl({:.0},60%,45%)", (class as f64 * 137.508) % 360.0)
}

/// A panel a segment, and one of norms. Thin lines are images, thick ones the means of classes; a dot ends
/// each.
#[must_use]
pub fn portrait(segments: &[SegmentPaths], norms: &[NormCurve], classes: &[String]) -> String {
    let mut all: Vec<String> = segments.iter().map(|s| paths(s, classes)).collect();
    all.push(curves(norms));
    panels(&all, PANEL, COLUMNS)
}

/// The same of the answer that was found out.
#[must_use]
pub fn of_ways(segments: &[WayThroughSegment], classes: &[String]) -> String {
    let paths = segments.iter().map(|s| {
        let share = |i: usize| 100.0 * s.shares.get(i).copied().unwrap_or(0.0);
        let labels = s.labels.iter().copied();
        SegmentPaths {
            title: format!("Segment {}: {} states", s.segment, s.states.len()),
            axes: (
                format!("first direction ({:.0} % of the spread)", share(0)),
                format!("second direction ({:.0} %)", share(1)),
            ),
            paths: labels.zip(s.paths.iter().cloned()).collect(),
        }
    });
    let curve = |label: &str, of: fn(&StateOnTheWay) -> Option<f64>| NormCurve {
        label: label.to_owned(),
        segments: segments
            .iter()
            .map(|s| s.states.iter().map(of).collect())
            .collect(),
    };
    let norms = [
        curve("state u", |r| Some(r.state)),
        curve("increment of a step", |r| r.increment),
        curve("h f(u), what the block adds", |r| r.slope),
    ];
    portrait(&paths.collect::<Vec<_>>(), &norms, classes)
}

/// The smallest range that holds all values, with some room.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    let (low, high) = values.fold(start, |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return (-1.0, 1.0);
    }
    let room = (0.06 * (high - low)).max(1e-6);
    (low - room, high + room)
}

fn paths(segment: &SegmentPaths, classes: &[String]) -> String {
    let points = || segment.paths.iter().flat_map(|(_, path)| path);
    let (x, y) = (range(points().map(|p| p.0)), range(points().map(|p| p.1)));
    let (across, up) = (&*segment.axes.0, &*segment.axes.1);
    let title = &segment.title;
    let mut frame = Frame::new(PANEL, title, (x.0, x.1, across), (y.0, y.1, up));
    frame.grid();
    let count = classes.len();
    for (class, path) in &segment.paths {
        draw(&mut frame, path, &colour(*class, count), 0.22, (0.7, 1.6));
    }
    for (class, name) in classes.iter().enumerate() {
        let own: Vec<&Vec<(f64, f64)>> = segment
            .paths
            .iter()
            .filter(|(c, _)| *c == class)
            .map(|(_, path)| path)
            .collect();
        let Some(mean) = mean(&own) else { continue };
        draw(&mut frame, &mean, &colour(class, count), 1.0, (2.0, 3.5));
        if let (Some(end), true) = (mean.last(), count <= NAMED) {
            let at = (frame.px(end.0) + 6.0, frame.py(end.1) + 4.0);
            frame.label(at.0, at.1, "start", name);
        }
    }
    frame.finish()
}

/// The mean of paths, point by point.
fn mean(paths: &[&Vec<(f64, f64)>]) -> Option<Vec<(f64, f64)>> {
    let first = paths.first()?;
    let number = paths.len() as f64;
    let at = |i: usize| {
        let sum = paths.iter().filter_map(|p| p.get(i));
        let (x, y) = sum.fold((0.0, 0.0), |(x, y), p| (x + p.0, y + p.1));
        (x / number, y / number)
    };
    Some((0..first.len()).map(at).collect())
}

/// A path with a dot at its end.
fn draw(
    frame: &mut Frame,
    path: &[(f64, f64)],
    colour: &str,
    opacity: f64,
    (width, radius): (f64, f64),
) {
    let Some(end) = path.last() else { return };
    let points: Vec<String> = path
        .iter()
        .map(|(x, y)| format!("{:.1},{:.1}", frame.px(*x), frame.py(*y)))
        .collect();
    frame.raw(&format!(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" \
         stroke-opacity=\"{opacity}\"/>",
        points.join(" ")
    ));
    frame.raw(&format!(
        "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius}\" fill=\"{colour}\" fill-opacity=\"{:.2}\"/>",
        frame.px(end.0),
        frame.py(end.1),
        (2.5 * opacity).min(1.0)
    ));
}

fn curves(norms: &[NormCurve]) -> String {
    let steps = norms.iter().map(|c| c.segments.iter().map(Vec::len).sum());
    let steps: usize = steps.max().unwrap_or(0);
    let values = norms.iter().flat_map(|c| &c.segments).flatten().flatten();
    let high = values.fold(1e-6_f64, |m, v| m.max(*v)) * (1.08 + 0.06 * norms.len() as f64);
    let end = steps as f64 - 0.5;
    let mut frame = Frame::new(
        PANEL,
        "Root mean squares on the way",
        (-0.5, end.max(0.5), "states of the network, in order"),
        (0.0, high, "per element"),
    );
    frame.grid();
    for (index, curve) in norms.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let mut n = 0.0;
        for (number, segment) in curve.segments.iter().enumerate() {
            if index == 0 && number > 0 {
                let dashes = "stroke=\"#888\" stroke-dasharray=\"4 4\"";
                frame.line((n - 0.5, 0.0), (n - 0.5, high), dashes);
            }
            let mut points = Vec::new();
            for value in segment {
                if let Some(value) = value {
                    points.push(format!("{:.1},{:.1}", frame.px(n), frame.py(*value)));
                    frame.raw(&format!(
                        "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                        frame.px(n),
                        frame.py(*value)
                    ));
                }
                n += 1.0;
            }
            frame.raw(&format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>",
                points.join(" ")
            ));
        }
        let y = 58.0 + 17.0 * index as f64;
        frame.raw(&format!(
            "<rect x=\"70\" y=\"{:.1}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>",
            y - 9.0
        ));
        frame.label(85.0, y, "start", &curve.label);
    }
    frame.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_and_every_class_has_a_path() {
        let segment = SegmentPaths {
            title: "segment 1".into(),
            axes: ("first (60 %)".into(), "second".into()),
            paths: vec![
                (0, vec![(0.0, 0.0), (1.0, 1.0)]),
                (0, vec![(0.0, 0.0), (3.0, 1.0)]),
                (1, vec![(2.0, -1.0), (2.0, 0.0)]),
            ],
        };
        let norms = NormCurve {
            label: "|u|".into(),
            segments: vec![vec![Some(1.0), Some(2.0)], vec![None, Some(1.5)]],
        };
        let classes = ["a & b".to_owned(), "c".to_owned(), "absent".to_owned()];
        let svg = portrait(&[segment], &[norms], &classes);
        // Three images and two classes that have any; two pieces of the curve.
        assert_eq!(svg.matches("<polyline").count(), 5 + 2);
        assert!(svg.contains("a &amp; b") && !svg.contains("absent"));
        assert!(!svg.contains("NaN") && svg.trim_end().ends_with("</svg>"));
        let many: Vec<String> = (0..100).map(|i| format!("class {i}")).collect();
        let point = SegmentPaths {
            title: String::new(),
            axes: (String::new(), String::new()),
            paths: vec![(99, vec![(1.0, 1.0)])],
        };
        let svg = portrait(&[point], &[], &many);
        assert!(svg.contains("hsl(") && !svg.contains("class 99") && !svg.contains("NaN"));
    }

    #[test]
    fn a_mean_path_lies_between() {
        let (a, b) = (vec![(0.0, 2.0), (1.0, 1.0)], vec![(2.0, 4.0), (3.0, 1.0)]);
        assert_eq!(mean(&[&a, &b]), Some(vec![(1.0, 3.0), (2.0, 1.0)]));
        assert_eq!(mean(&[]), None);
    }
}
