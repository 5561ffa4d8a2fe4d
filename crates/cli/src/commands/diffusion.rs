//! `timestep analyze diffusion`: what did a restorer learn? Step sizes, k_n, filters and influence functions.

use crate::args::DiffusionArgs;
use crate::coded::of_file;
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use timestep_report::diffusion::{DrawnStep, SHOWN, diffusion};
use timestep_restore::methods::{bundled, read_weights};
use timestep_restore::trd::Model;
use timestep_study::diffusion::LearnedDiffusion;

/// Prints what each step of a model does; draws it on request.
pub(crate) fn run(args: &DiffusionArgs, ui: Ui) -> Result<u8, Failure> {
    let outputs = Outputs::check(&[args.svg.as_deref()], &[&args.model], args.overwrite.force)?;
    let name = args.model.to_string_lossy();
    let bytes = match bundled(&name) {
        Some(bytes) => bytes.to_vec(),
        None => read_weights(&weights_in(&args.model)).map_err(|e| {
            Failure::usage(
                format!("`{name}` is neither bundled weights nor a readable file ({e})"),
                "bundled are for instance trd-5x5-s25 and trd-7x7-s25; a run leaves weights/last.safetensors",
            )
            .coded(of_file(&e, true))
        })?,
    };
    let model = Model::from_bytes(&bytes)?;
    let (found, reactions) = LearnedDiffusion::read(&model)?;
    ui.answer(&found);
    if let Some(svg) = &args.svg {
        let drawn = found.steps.iter().zip(reactions);
        let drawn: Vec<DrawnStep> = drawn.map(|(s, all)| DrawnStep::new(s, all)).collect();
        let picture = diffusion(&drawn, &found.title);
        outputs.write(svg, picture.as_bytes())?;
        ui.note(&format!(
            "wrote {} (the {SHOWN} strongest filters of each step)",
            svg.display()
        ));
    }
    Ok(0)
}

/// The weights that a path stands for: those of a run folder are its best, or its last if it has no best.
pub(crate) fn weights_in(path: &Path) -> PathBuf {
    let inside = ["best", "last"].map(|name| path.join(format!("weights/{name}.safetensors")));
    let found = inside.into_iter().find(|file| file.is_file());
    found.unwrap_or_else(|| path.to_owned())
}
