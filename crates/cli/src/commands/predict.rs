//! `timestep predict`: which class does a network see in image files?

use crate::args::Predict;
use crate::failure::Failure;
use crate::inputs::{Input, expand};
use crate::outputs::Outputs;
use crate::progress::Waiting;
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use std::path::Path;
use timestep_data::GreyFile;
use timestep_nets::device;
use timestep_study::codes::Code;
use timestep_study::predict::{Prediction, Table, Views, takes_grey};
use timestep_train::Trained;

/// Images that go through the network together, all their views counted.
const TOGETHER: usize = 32;

/// Classifies each image by itself; a file that cannot be used does not stop the others.
pub(crate) fn run(args: &Predict, ui: Ui) -> Result<u8, Failure> {
    let kind = args.out.as_deref().map(table).transpose()?;
    let read: Vec<&Path> = args.images.iter().map(|path| path.as_path()).collect();
    let outputs = Outputs::check(&[args.out.as_deref()], &read, args.overwrite.force)?;
    let engine = device(&args.device)?;
    let trained = trained::load(&args.weights, NonFinite::flag(args.allow_non_finite), ui)?;
    if args.grey_as_rgb && trained.card.network.input.channels == 1 {
        return Err(Failure::usage(
            "--grey-as-rgb is for networks that take RGB images; this one takes grey ones",
            "leave it out",
        )
        .coded(Code::Colours));
    }
    let grey = if args.grey_as_rgb || takes_grey(&trained)? {
        GreyFile::AsRgb
    } else {
        GreyFile::Refused
    };
    let views = views(args.tta, &trained)?;
    let top = usize::try_from(args.top).unwrap_or(usize::MAX);
    let inputs = expand(&args.images)?;
    let mut failures: Vec<Failure> = Vec::new();
    let mut found: Vec<Prediction> = Vec::new();
    let mut waiting = Waiting::new(ui, "images", inputs.len());
    let mut done = 0;
    for part in inputs.chunks(TOGETHER.div_ceil(views.count())) {
        let sources: Vec<_> = part.iter().map(Input::source).collect();
        for one in Prediction::of_all(&trained, &sources, (grey, &views), top, &*engine)? {
            match one {
                Ok(one) if kind.is_some() => found.push(one),
                Ok(one) => ui.answer(&one),
                Err(error) => failures.push(error.into()),
            }
        }
        done += part.len();
        waiting.at(done);
    }
    drop(waiting);
    if let (Some(path), Some(kind)) = (&args.out, kind) {
        outputs.write(path, kind.text(&found, top).as_bytes())?;
        let (n, path) = (found.len(), path.display());
        ui.note(&format!("wrote {path} with {n} images"));
    }
    together(failures, inputs.len()).map_or(Ok(0), Err)
}

/// What is looked at of each image.
fn views(tta: bool, trained: &Trained) -> Result<Views, Failure> {
    if !tta {
        return Ok(Views::PLAIN);
    }
    Views::trained_on(trained)?.ok_or_else(|| {
        Failure::usage(
            "--tta: the network was trained on images neither mirrored nor moved, so it knows no other views",
            "leave it out",
        )
    })
}

/// The kind of table that a file is to be.
fn table(path: &Path) -> Result<Table, Failure> {
    Table::named(path).ok_or_else(|| {
        Failure::usage(
            format!("`{}` ends in the name of no table", path.display()),
            "predictions are written as .csv, .json or .jsonl",
        )
        .coded(Code::OutputKind)
    })
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
