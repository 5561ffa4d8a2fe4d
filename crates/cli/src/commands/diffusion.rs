//! `timestep analyze diffusion`: what did a restorer learn? Step sizes, k_n, filters and influence functions.

use crate::args::DiffusionArgs;
use crate::failure::Failure;
use crate::outputs::{Outputs, check_drawing};
use crate::ui::Ui;
use timestep_report::diffusion::{DrawnStep, SHOWN, diffusion};
use timestep_restore::methods::{bundled, read_weights};
use timestep_restore::trd::Model;
use timestep_study::coded::of_file;
use timestep_study::diffusion::LearnedDiffusion;
use timestep_train::run::weights_at;

/// Prints what each step of a model does; draws it on request.
pub(crate) fn run(args: &DiffusionArgs, ui: Ui) -> Result<u8, Failure> {
    let outputs = Outputs::check(&[args.svg.as_deref()], &[&args.model], args.overwrite.force)?;
    check_drawing(args.svg.as_deref())?;
    let name = args.model.to_string_lossy();
    let bytes = match bundled(&name) {
        Some(bytes) => bytes.to_vec(),
        None => read_weights(&weights_at(&args.model)).map_err(|e| {
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
