//! `timestep export`: how do other programs get the weights?

use crate::args::{Export, ExportFormat};
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::ui::Ui;
use serde_json::json;
use timestep_nets::foreign::npz;
use timestep_nets::{Metadata, to_safetensors};
use timestep_train::Trained;

/// Reads weights of ours and writes them with PyTorch's names and shapes.
pub(crate) fn run(args: &Export, ui: Ui) -> Result<u8, Failure> {
    let outputs = Outputs::check(&[Some(&args.out)], &[&args.weights], args.overwrite.force)?;
    let trained = Trained::load(&args.weights)?;
    let parameters = &trained.parameters;
    let bytes = match args.format {
        ExportFormat::Safetensors => to_safetensors(parameters, &Metadata::new())?,
        ExportFormat::Npz => {
            let arrays: Vec<(&str, &[usize], Vec<f32>)> = parameters
                .specs()
                .iter()
                .zip(parameters.ids())
                .map(|(spec, id)| {
                    (
                        spec.name.as_str(),
                        &spec.shape[..],
                        parameters.value(id).to_vec(),
                    )
                })
                .collect();
            npz(&arrays)?
        }
    };
    outputs.write(&args.out, &bytes)?;
    let count = parameters.specs().len();
    if ui.json {
        ui.object(json!({
            "file": args.out.display().to_string(),
            "arrays": count,
            "bytes": bytes.len(),
            "network": trained.card.network.name,
        }));
    } else {
        ui.note(&format!(
            "wrote {}: {count} arrays of `{}`, with PyTorch's names and shapes",
            args.out.display(),
            trained.card.network.name
        ));
    }
    Ok(0)
}
