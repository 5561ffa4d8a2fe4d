//! `timestep analyze trace`: which way do images take through a trained network?

use crate::args::TraceArgs;
use crate::failure::Failure;
use crate::outputs::{Outputs, check_drawing};
use crate::progress::Waiting;
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use timestep_nets::{SegmentTrace, device};
use timestep_report::portrait::of_ways;
use timestep_study::sample::Sample;
use timestep_study::trace::{IMAGES, WayThroughSegment, arrays, follow};

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
    outputs.save(args.svg.as_deref(), ui, || {
        Ok(of_ways(&ways, &sample.classes))
    })?;
    outputs.save(args.npz.as_deref(), ui, || Ok(arrays(&traces, &ways)?))?;
    Ok(0)
}
