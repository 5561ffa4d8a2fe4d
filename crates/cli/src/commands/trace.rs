//! `timestep analyze trace`: which way do images take through a trained network?

use crate::args::TraceArgs;
use crate::failure::Failure;
use crate::of_data::Sample;
use crate::outputs::Outputs;
use crate::registry::Question;
use crate::trained::{self, NonFinite};
use crate::ui::{Ui, table};
use serde_json::{Value, json};
use timestep_nets::foreign::npz;
use timestep_nets::{SegmentTrace, TraceRow, Tracer, device};
use timestep_numerics::analysis::{Principal, principal};
use timestep_report::portrait::{NormCurve, SegmentPaths, portrait};
use timestep_study::json::number;
use timestep_train::Trained;
use timestep_train::evaluate::images;

/// What is known of `timestep analyze trace`.
pub(crate) static FACTS: Question = Question::new(
    "trace",
    "Which way do images take through a trained network: norms, turns, a portrait",
);

/// Images that are followed, unless a number is given.
const IMAGES: usize = 200;
/// Images in a batch: the states of one are held at a time.
const BATCH: usize = 32;

/// A segment with its portrait.
struct Segment {
    trace: SegmentTrace,
    plane: Principal,
    /// `paths[image][state]`, in the plane.
    paths: Vec<Vec<(f64, f64)>>,
}

/// Follows test images, prints norms and turns, draws the portrait.
pub(crate) fn run(args: &TraceArgs, ui: Ui) -> Result<u8, Failure> {
    let outputs = Outputs::check(
        &[args.svg.as_deref(), args.npz.as_deref()],
        &[&args.weights],
        args.overwrite.force,
    )?;
    let engine = device("cpu")?;
    let trained = trained::load(&args.weights, NonFinite::Allowed, ui)?;
    let sample = Sample::draw(&trained.card, &args.images, IMAGES)?;
    ui.note(&format!(
        "{}: {} test images of {}, running statistics",
        trained.card.network.name,
        sample.len(),
        sample.data
    ));
    let mut tracer = Tracer::new();
    let mut labels = Vec::new();
    for batch in sample.batches(BATCH) {
        let batch = batch?;
        labels.extend(batch.labels.iter().map(|l| *l as usize));
        tracer.add(
            &*engine,
            &trained.network,
            &trained.parameters,
            images(&batch),
        )?;
    }
    let segments = tracer
        .finish()
        .into_iter()
        .map(with_portrait)
        .collect::<Result<Vec<_>, Failure>>()?;
    if ui.json {
        for segment in &segments {
            ui.object(json!({
                "weights": args.weights.display().to_string(),
                "network": trained.card.network.name,
                "data": sample.data,
                "images": sample.numbers(),
                "labels": labels,
                "segment": segment.trace.segment,
                "channels": segment.trace.channels,
                "straightness": segment.trace.straightness.map(number),
                "states": segment.trace.rows.iter().map(row_json).collect::<Vec<_>>(),
                "shares": segment.plane.shares,
                "paths": segment.paths,
            }));
        }
    } else {
        ui.data(&text(args, &trained, &segments));
    }
    if let Some(path) = &args.svg {
        let picture = picture(&segments, &labels, &sample.classes);
        outputs.write(path, picture.as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &args.npz {
        let bytes = arrays(&segments, &labels, sample.numbers())?;
        outputs.write(path, &bytes)?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(0)
}

/// Lays the mean features of a segment into the plane in which they spread most.
fn with_portrait(trace: SegmentTrace) -> Result<Segment, Failure> {
    let points: Vec<Vec<f64>> = trace.means.iter().flatten().cloned().collect();
    let plane = principal(&points, 2)?;
    let flat = |point: &Vec<f64>| {
        let at = plane.coordinates(point);
        // One channel spreads along a line only.
        (at[0], at.get(1).copied().unwrap_or(0.0))
    };
    let count = trace.means.first().map_or(0, Vec::len);
    let path = |image: usize| {
        trace
            .means
            .iter()
            .map(|state| flat(&state[image]))
            .collect()
    };
    Ok(Segment {
        paths: (0..count).map(path).collect(),
        plane,
        trace,
    })
}

fn row_json(row: &TraceRow) -> Value {
    json!({
        "step": row.step,
        "state": number(row.state),
        "increment": row.increment.map(number),
        "slope": row.slope.map(number),
        "cosine": row.cosine.map(number),
    })
}

fn text(args: &TraceArgs, trained: &Trained, segments: &[Segment]) -> String {
    let head = [
        "segment",
        "step",
        "|u|",
        "|u - u_prev|",
        "|h f|",
        "cosine",
        "turn",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    let value = |v: Option<f64>| v.map_or("·".to_owned(), |v| format!("{v:.4}"));
    for segment in segments {
        for (i, row) in segment.trace.rows.iter().enumerate() {
            let turn = row.cosine.map(|c| c.clamp(-1.0, 1.0).acos().to_degrees());
            rows.push(vec![
                if i == 0 {
                    segment.trace.segment.to_string()
                } else {
                    String::new()
                },
                row.step.to_string(),
                format!("{:.4}", row.state),
                value(row.increment),
                value(row.slope),
                row.cosine.map_or("·".into(), |c| format!("{c:+.3}")),
                turn.map_or("·".into(), |t| format!("{t:.0}°")),
            ]);
        }
    }
    let mut text = format!(
        "{} ({}, epoch {})\nroot mean squares over elements and images\n\n{}\n",
        args.weights.display(),
        trained.card.network.name,
        trained.card.epoch,
        table(&rows)
    );
    for segment in segments {
        let straight = segment.trace.straightness;
        let shares: Vec<String> = segment
            .plane
            .shares
            .iter()
            .map(|s| format!("{:.0} %", 100.0 * s))
            .collect();
        text.push_str(&format!(
            "segment {}: straightness {}; its portrait shows {} of the spread\n",
            segment.trace.segment,
            straight.map_or("·".to_owned(), |s| format!("{s:.3}")),
            shares.join(" + ")
        ));
    }
    text.push_str(
        "\n|u - u_prev| is the increment of a step, |h f| what its block added; a multistep scheme adds its history too.\n\
         cosine: of the angle between an increment and the one before; near 1 the way is smooth, a curve of an equation.\n\
         straightness: distance from the first state to the last as a part of the length of the way; 1 is a line.\n",
    );
    text
}

fn picture(segments: &[Segment], labels: &[usize], classes: &[String]) -> String {
    let paths = segments.iter().map(|s| {
        let share = |i: usize| 100.0 * s.plane.shares.get(i).copied().unwrap_or(0.0);
        SegmentPaths {
            title: format!(
                "Segment {}: {} states",
                s.trace.segment,
                s.trace.means.len()
            ),
            axes: (
                format!("first direction ({:.0} % of the spread)", share(0)),
                format!("second direction ({:.0} %)", share(1)),
            ),
            paths: labels
                .iter()
                .copied()
                .zip(s.paths.iter().cloned())
                .collect(),
        }
    });
    let curve = |label: &str, of: fn(&TraceRow) -> Option<f64>| NormCurve {
        label: label.to_owned(),
        segments: segments
            .iter()
            .map(|s| s.trace.rows.iter().map(of).collect())
            .collect(),
    };
    let norms = [
        curve("state u", |r| Some(r.state)),
        curve("increment of a step", |r| r.increment),
        curve("h f(u), what the block adds", |r| r.slope),
    ];
    portrait(&paths.collect::<Vec<_>>(), &norms, classes)
}

/// Norms, paths and mean features; what is not there is NaN.
fn arrays(segments: &[Segment], labels: &[usize], numbers: &[u32]) -> Result<Vec<u8>, Failure> {
    let mut all: Vec<(String, Vec<usize>, Vec<f32>)> = vec![
        (
            "images".into(),
            vec![numbers.len()],
            numbers.iter().map(|n| *n as f32).collect(),
        ),
        (
            "labels".into(),
            vec![labels.len()],
            labels.iter().map(|l| *l as f32).collect(),
        ),
    ];
    for segment in segments {
        let trace = &segment.trace;
        let name = |what: &str| format!("segment{}.{what}", trace.segment);
        let (states, images) = (trace.rows.len(), labels.len());
        let of = |get: fn(&TraceRow) -> Option<f64>| -> Vec<f32> {
            let value = |r| get(r).unwrap_or(f64::NAN) as f32;
            trace.rows.iter().map(value).collect()
        };
        for (what, get) in [
            ("step", (|r| Some(r.step as f64)) as fn(&TraceRow) -> _),
            ("state", |r| Some(r.state)),
            ("increment", |r| r.increment),
            ("slope", |r| r.slope),
            ("cosine", |r| r.cosine),
        ] {
            all.push((name(what), vec![states], of(get)));
        }
        let features = trace.means.iter().flatten().flatten();
        all.push((
            name("features"),
            vec![trace.means.len(), images, trace.channels],
            features.map(|v| *v as f32).collect(),
        ));
        let paths = segment.paths.iter().flatten().flat_map(|p| [p.0, p.1]);
        all.push((
            name("paths"),
            vec![images, trace.means.len(), 2],
            paths.map(|v| v as f32).collect(),
        ));
    }
    let borrowed: Vec<(&str, &[usize], Vec<f32>)> = all
        .iter()
        .map(|(name, shape, values)| (&**name, &**shape, values.clone()))
        .collect();
    npz(&borrowed).map_err(Failure::from)
}
