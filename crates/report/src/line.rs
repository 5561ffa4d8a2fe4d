//! How does one quantity change with another? Curves in one frame, on linear or logarithmic axes.

use crate::svg::{COLOURS, Frame, ticks};

/// A curve.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Text of the legend; empty for none.
    pub label: String,
    /// Points in drawing order. The curve is broken where a number cannot be drawn: one that is not
    /// finite, or not positive on a logarithmic axis.
    pub points: Vec<(f64, f64)>,
    /// Which of the six colours; counted round.
    pub colour: usize,
    /// Draw dashes.
    pub dashed: bool,
    /// Mark each point.
    pub dots: bool,
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What is written beside it.
    pub label: String,
    /// Logarithmic.
    pub log: bool,
    /// Of whole numbers: there is nothing between them.
    pub whole: bool,
}

impl Axis {
    /// A linear axis.
    #[must_use]
    pub fn linear(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            log: false,
            whole: false,
        }
    }

    /// A linear axis of whole numbers.
    #[must_use]
    pub fn count(label: &str) -> Self {
        Self {
            whole: true,
            ..Self::linear(label)
        }
    }

    /// A logarithmic axis.
    #[must_use]
    pub fn log(label: &str) -> Self {
        Self {
            log: true,
            ..Self::linear(label)
        }
    }

    /// Where a number lies on the axis, if it can be drawn.
    fn place(&self, value: f64) -> Option<f64> {
        let placed = if self.log { value.log10() } else { value };
        placed.is_finite().then_some(placed)
    }
}

/// Curves in a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Above the frame.
    pub title: String,
    /// Below the frame.
    pub x: Axis,
    /// Left of the frame.
    pub y: Axis,
    /// The curves.
    pub lines: Vec<Line>,
    /// Vertical lines at these numbers, with a word each.
    pub marks: Vec<(f64, String)>,
}

/// Height of a row of the legend in pixels.
const ROW: f64 = 18.0;

impl Chart {
    /// The picture, `size` pixels wide and high.
    #[must_use]
    pub fn svg(&self, size: (f64, f64)) -> String {
        let placed: Vec<Vec<Option<(f64, f64)>>> =
            self.lines.iter().map(|l| self.placed(l)).collect();
        let points = || placed.iter().flatten().flatten();
        let marks = self.marks.iter().filter_map(|(x, _)| self.x.place(*x));
        // A dot on the frame would be cut.
        let dots = self.lines.iter().any(|l| l.dots);
        let room = if dots { 0.03 } else { 0.0 };
        let x = extent(points().map(|p| p.0).chain(marks), room);
        let below = extent(points().map(|p| p.1), 0.05);
        let legend: Vec<&Line> = self.lines.iter().filter(|l| !l.label.is_empty()).collect();
        // Two columns where the words fit; letters are about 7 wide.
        let longest = legend.iter().map(|l| l.label.chars().count()).max();
        let fits = 34.0 + 7.0 * longest.unwrap_or(0) as f64 <= (size.0 - 80.0) / 2.0;
        let columns = if legend.len() > 3 && fits { 2 } else { 1 };
        let rows = legend.len().div_ceil(columns) + usize::from(!self.marks.is_empty());
        // Legend and marks stand above the curves.
        let share = ((ROW * rows as f64 + 8.0) / (size.1 - 90.0)).min(0.6);
        let share = if rows == 0 { 0.0 } else { share };
        let y = (below.0, below.0 + (below.1 - below.0) / (1.0 - share));
        let mut frame = Frame::new(
            size,
            &self.title,
            (x.0, x.1, &self.x.label),
            (y.0, y.1, &self.y.label),
        );
        for (at, text) in steps(x, &self.x) {
            frame.line((at, y.0), (at, y.1), GRID);
            let bottom = frame.py(y.0) + 18.0;
            frame.label(frame.px(at), bottom, "middle", &text);
        }
        // No numbers beside the legend: nothing is measured there.
        for (at, text) in steps(below, &self.y) {
            frame.line((x.0, at), (x.1, at), GRID);
            let left = frame.px(x.0) - 6.0;
            frame.label(left, frame.py(at) + 4.0, "end", &text);
        }
        let words = legend.len().div_ceil(columns) as f64;
        for (at, word) in &self.marks {
            let Some(at) = self.x.place(*at) else {
                continue;
            };
            frame.line(
                (at, y.0),
                (at, y.1),
                "stroke=\"#888\" stroke-dasharray=\"4 4\"",
            );
            // A word that would leave the frame stands left of its line; letters are about 7 wide.
            let right = frame.px(at) + 7.0 * word.chars().count() as f64 > frame.px(x.1);
            let (shift, anchor) = if right { (-5.0, "end") } else { (5.0, "start") };
            let top = frame.py(y.1) + ROW * (words + 1.0) - 3.0;
            frame.label(frame.px(at) + shift, top, anchor, word);
        }
        for (line, points) in self.lines.iter().zip(&placed) {
            draw(&mut frame, line, points);
        }
        let width = (size.0 - 80.0) / columns as f64;
        for (n, line) in legend.iter().enumerate() {
            let left = frame.px(x.0) + 10.0 + width * (n % columns) as f64;
            let top = frame.py(y.1) + ROW * (n / columns) as f64 + ROW - 3.0;
            let dashes = if line.dashed { DASHES } else { "" };
            frame.raw(&format!(
                "<path d=\"M{left:.1} {:.1}h18\" stroke=\"{}\" stroke-width=\"3\"{dashes}/>",
                top - 4.0,
                COLOURS[line.colour % COLOURS.len()]
            ));
            frame.label(left + 24.0, top, "start", &line.label);
        }
        frame.finish()
    }

    /// The points of a curve on the axes.
    fn placed(&self, line: &Line) -> Vec<Option<(f64, f64)>> {
        let place = |(x, y): &(f64, f64)| Some((self.x.place(*x)?, self.y.place(*y)?));
        line.points.iter().map(place).collect()
    }
}

const GRID: &str = "stroke=\"#ddd\" stroke-width=\"1\"";
const DASHES: &str = " stroke-dasharray=\"5 4\"";

/// Draws one curve, broken where a point is missing.
fn draw(frame: &mut Frame, line: &Line, points: &[Option<(f64, f64)>]) {
    let colour = COLOURS[line.colour % COLOURS.len()];
    let dashes = if line.dashed { DASHES } else { "" };
    for part in points.split(Option::is_none) {
        let pixels: Vec<(f64, f64)> = part
            .iter()
            .flatten()
            .map(|(x, y)| (frame.px(*x), frame.py(*y)))
            .collect();
        let path: Vec<String> = pixels
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        if pixels.len() > 1 {
            frame.raw(&format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>",
                path.join(" ")
            ));
        }
        // A single point has no line: without a dot it would not be seen.
        if line.dots || pixels.len() == 1 {
            for (x, y) in pixels {
                frame.raw(&format!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>"
                ));
            }
        }
    }
}

/// Smallest and largest number with a margin; never an empty range.
fn extent(values: impl Iterator<Item = f64>, margin: f64) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
        (l.min(v), h.max(v))
    });
    if low > high {
        return (0.0, 1.0);
    }
    if high - low < 1e-12 * high.abs().max(1.0) {
        let room = if low == 0.0 { 0.5 } else { 0.5 * low.abs() };
        return (low - room, high + room);
    }
    let room = margin * (high - low);
    (low - room, high + room)
}

/// Places of grid lines on an axis with their texts.
fn steps(range: (f64, f64), axis: &Axis) -> Vec<(f64, String)> {
    if !axis.log {
        let mut at = ticks(range);
        at.retain(|v| !axis.whole || v.fract().abs() < 1e-9);
        let gap = at
            .windows(2)
            .map(|w| w[1] - w[0])
            .fold(f64::INFINITY, f64::min);
        let decimals = if gap.is_finite() {
            (-(gap * 1.0001).log10().floor()).clamp(0.0, 8.0) as usize
        } else {
            2
        };
        // `+ 0.0` turns -0 into 0.
        return at
            .into_iter()
            .map(|v| (v, format!("{:.decimals$}", v + 0.0)))
            .collect();
    }
    let decades = range.1 - range.0;
    let multiples: &[f64] = if decades > 2.5 {
        &[1.0]
    } else if decades > 1.0 {
        &[1.0, 3.0]
    } else {
        &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0]
    };
    let mut all = Vec::new();
    for power in range.0.floor() as i32..=range.1.ceil() as i32 {
        for m in multiples {
            let value = m * 10_f64.powi(power);
            let at = value.log10();
            if at >= range.0 && at <= range.1 {
                all.push((at, short(value)));
            }
        }
    }
    all
}

/// A number of a logarithmic axis.
fn short(value: f64) -> String {
    if (1e-3..1e5).contains(&value) {
        let text = format!("{value:.4}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    format!("{value:.0e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>, log: bool) -> String {
        let y = if log {
            Axis::log("y")
        } else {
            Axis::linear("y")
        };
        let line = Line {
            label: "a < b".into(),
            points,
            ..Line::default()
        };
        Chart {
            title: "t".into(),
            x: Axis::linear("x"),
            y,
            lines: vec![line],
            marks: vec![(2.0, "here".into())],
        }
        .svg((460.0, 320.0))
    }

    #[test]
    fn a_curve_is_broken_where_a_number_cannot_be_drawn() {
        let points = vec![(1.0, 1.0), (2.0, 0.1), (3.0, f64::NAN), (4.0, 2.0)];
        let svg = chart(points.clone(), false);
        assert_eq!(svg.matches("<polyline").count(), 1);
        assert_eq!(svg.matches("<circle").count(), 1, "a lonely point is a dot");
        assert!(svg.contains("a &lt; b") && svg.contains("here"));
        // Zero has no place on a logarithmic axis.
        let svg = chart(vec![(1.0, 1.0), (2.0, 0.0), (3.0, 0.5), (4.0, 2.0)], true);
        assert_eq!(svg.matches("<polyline").count(), 1);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn empty_and_constant_curves_have_a_frame() {
        for points in [
            vec![],
            vec![(1.0, 0.5)],
            vec![(1.0, 3.0), (1.0, 3.0)],
            vec![(f64::NAN, 0.0)],
        ] {
            for log in [false, true] {
                let svg = chart(points.clone(), log);
                assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
            }
        }
    }

    #[test]
    fn ticks_have_as_many_decimals_as_they_need() {
        let texts = |range, axis: Axis| -> Vec<String> {
            steps(range, &axis).into_iter().map(|t| t.1).collect()
        };
        assert_eq!(texts((0.0, 0.011), Axis::linear(""))[1], "0.002");
        assert_eq!(texts((1.0, 20.0), Axis::linear(""))[0], "5");
        assert_eq!(texts((1.0, 3.0), Axis::count("")), ["1", "2", "3"]);
        assert_eq!(
            texts((-4.0, 0.5), Axis::log("")),
            ["1e-4", "0.001", "0.01", "0.1", "1"]
        );
        assert!(texts((-0.1, 0.2), Axis::log("")).contains(&"1.5".to_owned()));
    }
}
