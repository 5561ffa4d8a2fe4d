//! `timestep analyze diffusion`: what did a restorer learn? Step sizes, k_n, filters and influence functions.

use crate::args::DiffusionArgs;
use crate::codes::of_file;
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::registry::Question;
use crate::ui::{Ui, table};
use serde_json::json;
use std::path::{Path, PathBuf};
use timestep_numerics::analysis::zero_stability_of_steps;
use timestep_report::diffusion::{DiffusionStep, RANGE, SHOWN, diffusion, steps_of};
use timestep_restore::methods::{bundled, read_weights};
use timestep_restore::trd::Model;

/// What is known of `timestep analyze diffusion`.
pub(crate) static FACTS: Question = Question::new(
    "diffusion",
    "What did a restorer learn: step sizes, k_n, filters, influence functions",
);

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
    let stability = model
        .coefficients
        .iter()
        .any(|c| !c.is_empty())
        .then(|| zero_stability_of_steps(&model.scheme, &model.coefficients[1..]))
        .transpose()?;
    let mut rows = vec![
        [
            "step",
            "λ",
            "k",
            "step size 1/(1+k)",
            "largest |φ|",
            "slope at 0",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    let steps = steps_of(&model);
    let number = |x: Option<f64>| x.map_or("·".to_owned(), |x| format!("{x:.4}"));
    for (t, step) in steps.iter().enumerate() {
        let h = step.k.map(|k| 1.0 / (1.0 + k));
        if ui.json {
            ui.object(json!({
                "step": t + 1, "lambda": step.lambda, "k": step.k, "step_size": h,
                "largest_influence": step.largest, "mean_slope": step.slope,
            }));
        }
        // At the first step u is the noisy picture itself, so its λ does nothing.
        let lambda = (t > 0).then_some(step.lambda);
        rows.push(vec![
            (t + 1).to_string(),
            number(lambda),
            number(step.k),
            number(h.or(Some(1.0))),
            format!("{:.3}", step.largest),
            format!("{:.5}", step.slope),
        ]);
    }
    let title = format!(
        "reaction-diffusion {0}×{0}, {1} steps of {2}, sigma {3}",
        model.size,
        model.stages.len(),
        model.scheme,
        model.sigma
    );
    if !ui.json {
        let mut text = format!("{title}\n{}", table(&rows));
        if let Some(found) = &stability {
            text.push_str(&format!(
                "learned sequence of k: largest growth of an error {:.3}\n",
                found.growth
            ));
        }
        ui.data(&text);
    }
    if let Some(svg) = &args.svg {
        let drawn: Vec<DiffusionStep> = steps.into_iter().map(|step| step.drawn).collect();
        let picture = diffusion(&drawn, &title, RANGE);
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
