//! `timestep analyze trace`: which way do images take through a trained network?

use crate::args::TraceArgs;
use crate::failure::Failure;
use crate::outputs::{Outputs, check_drawing};
use crate::progress::Waiting;
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use timestep_nets::foreign::npz;
use timestep_nets::{SegmentTrace, TraceRow, device};
use timestep_report::portrait::{NormCurve, SegmentPaths, portrait};
use timestep_study::sample::Sample;
use timestep_study::trace::{IMAGES, StateOnTheWay, WayThroughSegment, follow};

/// Follows test images, prints norms and turns, draws the portrait.
pub(crate) fn run(args: &TraceArgs, ui: Ui) -> Result<u8, Failure> {
    let outputs = Outputs::check(
        &[args.svg.as_deref(), args.npz.as_deref()],
        &[&args.weights],
        args.overwrite.force,
    )?;
    check_drawing(args.svg.as_deref())?;
    let engine = device(args.images.device())?;
    let trained = trained::load(&args.weights, NonFinite::Allowed, ui)?;
    let sample = Sample::draw(&trained, &args.images.wanted(IMAGES))?;
    ui.note(&format!(
        "{}: {} test images of {}, running statistics",
        trained.card.network.name,
        sample.count(),
        sample.data
    ));
    let weights = args.weights.display().to_string();
    let mut waiting = Waiting::new(ui, "images", sample.count());
    let followed = follow(&weights, &trained, &sample, &*engine, |seen| {
        waiting.at(seen)
    })?;
    drop(waiting);
    let (traces, ways): (Vec<SegmentTrace>, Vec<WayThroughSegment>) = followed.into_iter().unzip();
    ui.answer(&ways);
    if let Some(path) = &args.svg {
        let picture = picture(&ways, &sample.classes);
        outputs.write(path, picture.as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &args.npz {
        let bytes = arrays(&traces, &ways)?;
        outputs.write(path, &bytes)?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(0)
}

fn picture(segments: &[WayThroughSegment], classes: &[String]) -> String {
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

/// Norms, paths and mean features; what is not there is NaN.
fn arrays(traces: &[SegmentTrace], ways: &[WayThroughSegment]) -> Result<Vec<u8>, Failure> {
    let mut all: Vec<(String, Vec<usize>, Vec<f32>)> = Vec::new();
    if let Some(way) = ways.first() {
        let images: Vec<f32> = way.images.iter().map(|n| *n as f32).collect();
        let labels: Vec<f32> = way.labels.iter().map(|l| *l as f32).collect();
        all.push(("images".into(), vec![images.len()], images));
        all.push(("labels".into(), vec![labels.len()], labels));
    }
    for (trace, way) in traces.iter().zip(ways) {
        let name = |what: &str| format!("segment{}.{what}", trace.segment);
        let (states, images) = (trace.rows.len(), way.labels.len());
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
        let paths = way.paths.iter().flatten().flat_map(|p| [p.0, p.1]);
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
