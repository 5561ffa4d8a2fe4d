//! Which coefficients did networks learn? Against the step, and against the epoch of training, as SVG.

use crate::svg::{COLOURS, Frame, panels};
use crate::text::{at, places};
use timestep_nets::all_coefficients;
use timestep_study::learned::LearnedNetwork;
use timestep_study::reproduce::{Progress, Reproduction};
use timestep_train::run::{Which, weights};
use timestep_train::{TrainError, Trained};

/// The learned coefficients of one network.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// Text of the legend.
    pub label: String,
    /// All coefficients by segment and step, that of the newest earlier state first; none at a restart.
    pub segments: Vec<Vec<Vec<f64>>>,
}

/// The coefficients of one network over training.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Text above the panel.
    pub label: String,
    /// Epochs.
    pub epochs: Vec<usize>,
    /// One curve a coefficient.
    pub curves: Vec<Curve>,
}

impl History {
    /// The history of a network that learned coefficients.
    #[must_use]
    pub fn of(found: &LearnedNetwork) -> Self {
        let epochs = &found.history;
        let curve = |place: (usize, usize, usize)| Curve {
            segment: place.0,
            step: place.1,
            age: place.2,
            values: epochs.iter().map(|epoch| at(epoch, place)).collect(),
        };
        Self {
            label: found.label(),
            epochs: epochs.iter().map(|epoch| epoch.epoch).collect(),
            curves: places(epochs).into_iter().map(curve).collect(),
        }
    }
}

/// One coefficient over training.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Segment, from 1.
    pub segment: usize,
    /// Step of the segment, from 1.
    pub step: usize,
    /// How old the state is that it belongs to: 1 is the newest earlier one.
    pub age: usize,
    /// The coefficient after each epoch.
    pub values: Vec<Option<f64>>,
}

/// What is shown of a coefficient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `-k`, the momentum.
    Momentum,
    /// `1-k`, the weight of the newest state, as in the plots of Lu et al. 2018.
    OneMinusK,
}

impl Form {
    fn of(self, k: f64) -> f64 {
        match self {
            Form::Momentum => -k,
            Form::OneMinusK => 1.0 - k,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Form::Momentum => "-k (momentum)",
            Form::OneMinusK => "1-k",
        }
    }
}

/// The value where nothing is remembered, `k = 0`, and the range shown in any case.
fn range(form: Form, values: impl Iterator<Item = f64>) -> (f64, f64) {
    let zero = form.of(0.0);
    values.fold((zero - 0.1, zero + 0.3), |(l, h), v| (l.min(v), h.max(v)))
}

/// What must stand above the curves for a legend of so many rows, as a share of the range of the curves, in a picture
/// of this height.
fn above(rows: usize, height: f64) -> f64 {
    // Rows are 18 apart, and the frame has 90 of the height around it.
    let share = ((18.0 * rows as f64 + 16.0) / (height - 90.0)).min(0.6);
    share / (1.0 - share)
}

/// The learned coefficients against the step, over the whole depth of each network.
///
/// Vertical lines mark where the segments of the first network begin; a restart has no point. Coefficients
/// of older states are hollow points without a line.
#[must_use]
pub fn learned(networks: &[Learned], form: Form) -> String {
    let depth = |s: &Learned| s.segments.iter().map(Vec::len).sum::<usize>();
    let steps = networks.iter().map(depth).max().unwrap_or(1).max(1);
    let all = networks
        .iter()
        .flat_map(|n| &n.segments)
        .flatten()
        .flatten();
    let (low, high) = range(form, all.map(|k| form.of(*k)));
    let margin = 0.05 * (high - low);
    let high = high + above(networks.len(), 420.0) * (high - low);
    let mut frame = Frame::new(
        (720.0, 420.0),
        "Learned momentum",
        (0.5, steps as f64 + 0.5, "step n, over the whole network"),
        (low - margin, high + margin, form.label()),
    );
    frame.grid();
    if let Some(first) = networks.first() {
        let mut at = 0.5;
        for segment in &first.segments {
            let dashes = "stroke=\"#888\" stroke-dasharray=\"4 4\"";
            frame.line((at, low - margin), (at, high + margin), dashes);
            at += segment.len() as f64;
        }
    }
    let zero = form.of(0.0);
    frame.line((0.5, zero), (steps as f64 + 0.5, zero), "stroke=\"#222\"");
    for (index, network) in networks.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let mut n = 0.0;
        for segment in &network.segments {
            // A line ends where history does.
            let mut line = Vec::new();
            for step in segment {
                n += 1.0;
                for (age, k) in step.iter().enumerate() {
                    let (x, y) = (frame.px(n), frame.py(form.of(*k)));
                    let fill = if age == 0 {
                        line.push(format!("{x:.1},{y:.1}"));
                        colour
                    } else {
                        "#fff"
                    };
                    let radius = if age == 0 { 4 } else { 3 };
                    frame.raw(&format!(
                        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{fill}\" stroke=\"{colour}\"/>"
                    ));
                }
            }
            frame.raw(&format!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                line.join(" ")
            ));
        }
        legend(&mut frame, index, colour, &network.label);
    }
    frame.finish()
}

/// Pixels of the panel of a network.
const PANEL: (f64, f64) = (560.0, 400.0);

/// The coefficients against the epoch: one panel a network, one colour a segment, later steps of a segment
/// with longer dashes, coefficients of older states pale.
#[must_use]
pub fn history(networks: &[History], form: Form) -> String {
    let drawn: Vec<String> = networks.iter().map(|n| over_epochs(n, form)).collect();
    panels(&drawn, PANEL, 1)
}

fn over_epochs(network: &History, form: Form) -> String {
    let all = network.curves.iter().flat_map(|c| &c.values).flatten();
    let (low, high) = range(form, all.map(|k| form.of(*k)));
    let mut segments: Vec<usize> = network.curves.iter().map(|c| c.segment).collect();
    segments.dedup();
    let high = high + above(segments.len(), PANEL.1) * (high - low);
    let margin = 0.05 * (high - low);
    let first = network.epochs.first().map_or(0.0, |e| *e as f64);
    let last = network.epochs.last().map_or(1.0, |e| *e as f64);
    let title = format!("{} (later steps of a segment dashed)", network.label);
    let mut frame = Frame::new(
        PANEL,
        &title,
        (first.min(last - 1.0), last, "epoch"),
        (low - margin, high + margin, form.label()),
    );
    frame.grid();
    let zero = form.of(0.0);
    frame.line(
        (first.min(last - 1.0), zero),
        (last, zero),
        "stroke=\"#222\"",
    );
    let mut named = Vec::new();
    for Curve {
        segment,
        step,
        age,
        values,
    } in &network.curves
    {
        let colour = COLOURS[(segment - 1) % COLOURS.len()];
        let points: Vec<String> = network
            .epochs
            .iter()
            .zip(values)
            .filter_map(|(e, k)| {
                let y = frame.py(form.of((*k)?));
                Some(format!("{:.1},{y:.1}", frame.px(*e as f64)))
            })
            .collect();
        let dashes = match step {
            0..=2 => String::new(),
            more => format!(" stroke-dasharray=\"{} 3\"", 3 * (more - 1)),
        };
        let pale = if *age > 1 {
            " stroke-opacity=\"0.45\""
        } else {
            ""
        };
        frame.raw(&format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"{dashes}{pale}/>",
            points.join(" ")
        ));
        if !named.contains(segment) {
            legend(
                &mut frame,
                named.len(),
                colour,
                &format!("segment {segment}"),
            );
            named.push(*segment);
        }
    }
    frame.finish()
}

fn legend(frame: &mut Frame, index: usize, colour: &str, label: &str) {
    let y = 60.0 + 18.0 * index as f64;
    frame.raw(&format!(
        "<rect x=\"72\" y=\"{:.1}\" width=\"12\" height=\"12\" fill=\"{colour}\"/>",
        y - 10.0
    ));
    frame.label(90.0, y, "start", label);
}

/// The learned momentum of all rows of a table that are done, with their first seeds; `None` if there is none yet.
///
/// # Errors
/// [`TrainError`] if the weights of a run cannot be read.
pub fn of_table(table: &Reproduction) -> Result<Option<String>, TrainError> {
    let mut series = Vec::new();
    for task in table.tasks().iter().filter(|task| task.seed == 0) {
        if !matches!(table.progress(task), Progress::Done(_)) {
            continue;
        }
        let trained = Trained::load(&weights(&task.folder, Which::Last))?;
        series.push(Learned {
            label: trained.card.network.name.clone(),
            segments: all_coefficients(&trained.network, &trained.parameters),
        });
    }
    Ok((!series.is_empty()).then(|| learned(&series, Form::Momentum)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Heights of the points of a picture.
    fn heights(svg: &str) -> Vec<f64> {
        svg.split("cy=\"")
            .skip(1)
            .filter_map(|t| t.split('"').next()?.parse().ok())
            .collect()
    }

    #[test]
    fn every_coefficient_is_a_point() {
        let one = Learned {
            label: "net".into(),
            segments: vec![
                vec![vec![], vec![-0.5]],
                vec![vec![], vec![-0.9, 0.2], vec![0.1]],
            ],
        };
        let svg = learned(std::slice::from_ref(&one), Form::Momentum);
        assert_eq!(svg.matches("<circle").count(), 4);
        assert_eq!(svg.matches("fill=\"#fff\" stroke").count(), 1);
        assert!(svg.contains("-k (momentum)"));
        let other = learned(&[one], Form::OneMinusK);
        assert!(other.contains(">1-k<"));
        // Both forms differ by one: the same picture on another axis.
        for (a, b) in heights(&svg).iter().zip(heights(&other)) {
            assert!((a - b).abs() < 0.11, "{a} {b}");
        }
        assert!(learned(&[], Form::Momentum).contains("</svg>"));
    }

    fn curve(segment: usize, step: usize, age: usize, values: Vec<Option<f64>>) -> Curve {
        Curve {
            segment,
            step,
            age,
            values,
        }
    }

    #[test]
    fn every_step_has_a_curve_over_training() {
        let one = History {
            label: "run <1>".into(),
            epochs: vec![1, 2, 3],
            curves: vec![
                curve(1, 2, 1, vec![Some(0.0), Some(-0.1), Some(-0.2)]),
                curve(1, 3, 2, vec![Some(0.0), None, Some(0.1)]),
                curve(2, 2, 1, vec![Some(0.0); 3]),
            ],
        };
        let svg = history(&[one.clone(), one], Form::Momentum);
        assert_eq!(svg.matches("<polyline").count(), 6);
        assert_eq!(svg.matches("segment 2").count(), 2);
        assert_eq!(svg.matches("stroke-opacity").count(), 2, "one older state");
        assert!(svg.contains("run &lt;1&gt;") && !svg.contains("NaN"));
        let single = History {
            label: String::new(),
            epochs: vec![1],
            curves: vec![curve(1, 2, 1, vec![Some(0.1)])],
        };
        assert!(!history(&[single], Form::OneMinusK).contains("NaN"));
    }
}
