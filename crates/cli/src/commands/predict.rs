//! `timestep predict`: which class does a network see in image files?

use crate::args::Predict;
use crate::codes::Code;
use crate::failure::Failure;
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use serde_json::json;
use std::path::Path;
use timestep_data::{
    DataError, GreyFile, ImageShape, Normalise, Split, fill_batch, load_image, load_image_resized,
};
use timestep_nets::{Engine, device};
use timestep_study::sample::test_resize;
use timestep_train::Trained;
use timestep_train::evaluate::logits;

/// Classifies each image by itself; a file that cannot be used does not stop the others.
pub(crate) fn run(args: &Predict, ui: Ui) -> Result<u8, Failure> {
    let engine = device("cpu")?;
    let trained = trained::load(&args.weights, NonFinite::flag(args.allow_non_finite), ui)?;
    let classes = &trained.card.classes;
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
    let mut failures = Vec::new();
    for path in &args.images {
        let shares = match classify(&trained, path, grey, &*engine) {
            Ok(shares) => shares,
            Err(failure) => {
                failures.push(failure);
                continue;
            }
        };
        let mut ranked: Vec<usize> = (0..classes.len().min(shares.len())).collect();
        ranked.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
        ranked.truncate(usize::try_from(args.top).unwrap_or(usize::MAX));
        if ui.json {
            let top: Vec<_> = ranked
                .iter()
                .map(|i| json!({"class": classes[*i], "probability": shares[*i]}))
                .collect();
            ui.object(json!({"image": path.display().to_string(), "top": top}));
        } else {
            let top: Vec<String> = ranked
                .iter()
                .map(|i| format!("{} {:.1} %", classes[*i], 100.0 * shares[*i]))
                .collect();
            ui.data(&format!("{}: {}", path.display(), top.join(", ")));
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

/// Probability of each class.
fn classify(
    trained: &Trained,
    path: &Path,
    grey: GreyFile,
    engine: &dyn Engine,
) -> Result<Vec<f64>, Failure> {
    let input = trained.card.network.input;
    let shape = ImageShape {
        channels: input.channels,
        height: input.height,
        width: input.width,
    };
    let pixels = match test_resize(&trained.card)? {
        Some(shorter) => load_image_resized(path, shape, shorter, grey)?,
        None => load_image(path, shape, grey)?,
    };
    let batch = one(shape, pixels, &trained.card.normalise)?;
    let logits = logits(&trained.network, &trained.parameters, &batch, engine)?;
    let largest = logits.iter().fold(f32::NEG_INFINITY, |m, v| m.max(*v));
    let weights: Vec<f64> = logits
        .iter()
        .map(|v| f64::from(v - largest).exp())
        .collect();
    let total: f64 = weights.iter().sum();
    Ok(weights.into_iter().map(|w| w / total).collect())
}

/// A batch of one image.
fn one(
    shape: ImageShape,
    pixels: Vec<u8>,
    normalise: &Normalise,
) -> Result<timestep_data::Batch, DataError> {
    let split = Split::from_pixels(shape, pixels, vec![0])?;
    fill_batch(&split, &[0], None, normalise)
}
