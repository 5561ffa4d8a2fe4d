//! `timestep predict`: which class does a network see in image files?

use crate::args::Predict;
use crate::failure::Failure;
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use timestep_data::GreyFile;
use timestep_nets::device;
use timestep_study::codes::Code;
use timestep_study::measure::Prediction;

/// Classifies each image by itself; a file that cannot be used does not stop the others.
pub(crate) fn run(args: &Predict, ui: Ui) -> Result<u8, Failure> {
    let engine = device("cpu")?;
    let trained = trained::load(&args.weights, NonFinite::flag(args.allow_non_finite), ui)?;
    if args.grey_as_rgb && trained.card.network.input.channels == 1 {
        return Err(Failure::usage(
            "--grey-as-rgb is for networks that take RGB images; this one takes grey ones",
            "leave it out",
        )
        .coded(Code::Colours));
    }
    let grey = if args.grey_as_rgb {
        GreyFile::AsRgb
    } else {
        GreyFile::Refused
    };
    let top = usize::try_from(args.top).unwrap_or(usize::MAX);
    let mut failures: Vec<Failure> = Vec::new();
    for path in &args.images {
        match Prediction::of(&trained, path, grey, top, &*engine) {
            Ok(found) => ui.answer(&found),
            Err(error) => failures.push(error.into()),
        }
    }
    together(failures, args.images.len()).map_or(Ok(0), Err)
}

/// What was wrong with some of `of` images, each told once, with the code and hint of the first.
fn together(failures: Vec<Failure>, of: usize) -> Option<Failure> {
    let lines: Vec<String> = failures.iter().map(|f| f.message.clone()).collect();
    let first = failures.into_iter().next()?;
    if of == 1 {
        return Some(first);
    }
    let message = format!(
        "{} of {of} images could not be classified:\n  {}",
        lines.len(),
        lines.join("\n  ")
    );
    Some(Failure { message, ..first })
}
