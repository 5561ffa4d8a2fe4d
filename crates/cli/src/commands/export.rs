//! `timestep export`: how do other programs get the weights?

use crate::args::{Export, ExportFormat};
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use timestep_nets::foreign::npz;
use timestep_nets::{Metadata, to_safetensors};
use timestep_study::files::ExportedFile;

/// Reads weights of ours and writes them with PyTorch's names and shapes.
pub(crate) fn run(args: &Export, ui: Ui) -> Result<u8, Failure> {
    let outputs = Outputs::check(&[Some(&args.out)], &[&args.weights], args.overwrite.force)?;
    let trained = trained::load(&args.weights, NonFinite::flag(args.allow_non_finite), ui)?;
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
    let network = trained.card.network.name;
    ui.note(&format!(
        "wrote {}: {count} arrays of `{network}`, with PyTorch's names and shapes",
        args.out.display()
    ));
    ui.event(&ExportedFile {
        file: args.out.display().to_string(),
        arrays: count,
        bytes: bytes.len(),
        network,
    });
    Ok(0)
}
