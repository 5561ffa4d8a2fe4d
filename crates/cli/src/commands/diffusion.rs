//! `timestep analyze diffusion`: what did a restorer learn? Step sizes, k_n, filters and influence functions.

use crate::args::DiffusionArgs;
use crate::codes::of_file;
use crate::failure::Failure;
use crate::ui::{Ui, table};
use serde_json::json;
use timestep_numerics::analysis::zero_stability_of_steps;
use timestep_report::diffusion::{DiffusionStep, Reaction, diffusion};
use timestep_restore::methods::bundled;
use timestep_restore::trd::Model;
use timestep_train::files;

/// Influence functions are looked at between plus and minus this, in grey levels.
const RANGE: f64 = 100.0;
/// Points of a curve.
const POINTS: usize = 81;
/// Filters drawn for a step: those whose functions do most.
const SHOWN: usize = 12;

/// Prints what each step of a model does; draws it on request.
pub(crate) fn run(args: &DiffusionArgs, ui: Ui) -> Result<u8, Failure> {
    let name = args.model.to_string_lossy();
    let bytes = match bundled(&name) {
        Some(bytes) => bytes.to_vec(),
        None => std::fs::read(&args.model).map_err(|e| {
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
    let mut steps = Vec::new();
    for (t, stage) in model.stages.iter().enumerate() {
        let mut reactions: Vec<Reaction> = (0..model.filters())
            .map(|i| Reaction {
                taps: model.taps(t, i),
                curve: curve(&model, t, i),
            })
            .collect();
        let slopes: f64 = (0..model.filters())
            .map(|i| (model.influence(t, i, 0.5) - model.influence(t, i, -0.5)).abs())
            .sum();
        let strength = |r: &Reaction| r.curve.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        reactions.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
        let largest = reactions.first().map_or(0.0, strength);
        let k = model.coefficients[t].first().copied();
        let h = k.map(|k| 1.0 / (1.0 + k));
        if ui.json {
            ui.object(json!({
                "step": t + 1, "lambda": stage.lambda(), "k": k, "step_size": h, "largest_influence": largest,
                "mean_slope": slopes / model.filters() as f64,
            }));
        }
        let number = |x: Option<f64>| x.map_or("·".to_owned(), |x| format!("{x:.4}"));
        // At the first step u is the noisy picture itself, so its λ does nothing.
        let lambda = (t > 0).then(|| stage.lambda());
        rows.push(vec![
            (t + 1).to_string(),
            number(lambda),
            number(k),
            number(h.or(Some(1.0))),
            format!("{largest:.3}"),
            format!("{:.5}", slopes / model.filters() as f64),
        ]);
        reactions.truncate(SHOWN);
        let label = format!("step {}: λ {}, k {}", t + 1, number(lambda), number(k));
        steps.push(DiffusionStep { label, reactions });
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
        let picture = diffusion(&steps, &title, RANGE);
        files::write_atomic(svg, |out| out.write_all(picture.as_bytes()))?;
        ui.note(&format!(
            "wrote {} (the {SHOWN} strongest filters of each step)",
            svg.display()
        ));
    }
    Ok(0)
}

/// Values of an influence function.
fn curve(model: &Model, t: usize, i: usize) -> Vec<f64> {
    (0..POINTS)
        .map(|p| RANGE * (2.0 * p as f64 / (POINTS - 1) as f64 - 1.0))
        .map(|z| model.influence(t, i, z))
        .collect()
}
