//! `timestep export`: how do other programs get the network, or its weights?

use crate::args::Export;
use crate::failure::Failure;
use crate::outputs::{Outputs, is_standard_output};
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use std::path::Path;
use timestep_export::{Destination, Format, Source};
use timestep_files::create_folder;
use timestep_study::files::ExportedFile;

/// The program, as it is named in what it writes.
const VERSION: &str = concat!("timestep ", env!("CARGO_PKG_VERSION"));

/// Reads weights of ours and writes them for another program.
pub(crate) fn run(args: &Export, ui: Ui) -> Result<u8, Failure> {
    let stream = is_standard_output(&args.out) || args.out.starts_with("/dev");
    let to = Destination::of(&args.out, args.format.map(Format::from), stream)?;
    if args.with_preprocessing && to.format != Format::Onnx {
        return Err(Failure::usage(
            format!(
                "--with-preprocessing is for ONNX, and this is {}",
                to.format.key()
            ),
            match to.format {
                Format::Pytorch => "leave it out: the module has `normalise` and `predict`",
                _ => "leave it out, or let the output end in .onnx",
            },
        ));
    }
    let named: Vec<Option<&Path>> = to.files.iter().map(|file| Some(file.as_path())).collect();
    let outputs = Outputs::check(&named, &[&args.weights], args.overwrite.force)?;
    let trained = trained::load(&args.weights, NonFinite::flag(args.allow_non_finite), ui)?;
    let metadata = trained.card.to_metadata();
    let source = Source {
        metadata: &metadata,
        network: &trained.network,
        parameters: &trained.parameters,
        classes: &trained.card.classes,
        mean: &trained.card.normalise.mean,
        std: &trained.card.normalise.std,
        version: VERSION,
    };
    let contents = to.contents(&source, args.with_preprocessing)?;
    if let Some(folder) = &to.folder {
        create_folder(folder)?;
    }
    for (file, bytes) in to.files.iter().zip(&contents) {
        outputs.write(file, bytes)?;
    }
    let arrays = trained.parameters.specs().len();
    let network = trained.card.network.name;
    let names: Vec<String> = to.files.iter().map(|f| f.display().to_string()).collect();
    ui.note(&format!(
        "wrote {}: {arrays} arrays of `{network}`{}",
        names.join(" and "),
        match to.format {
            Format::Onnx if args.with_preprocessing => {
                "; pixels between 0 and 1 go in, probabilities come out"
            }
            Format::Onnx => "; normalised images go in, logits come out",
            Format::Pytorch => "; `load()` in the module gives the network",
            Format::Timm =>
                "; `timm.create_model(\"local-dir:…\", pretrained=True)` loads the folder",
            Format::Half => " in half precision; `eval`, `predict` and `train --init` take it",
            Format::Safetensors | Format::Npz => ", with PyTorch's names and shapes",
        }
    ));
    ui.event(&ExportedFile {
        file: args.out.display().to_string(),
        format: to.format.key(),
        files: names,
        arrays,
        bytes: contents.iter().map(Vec::len).sum(),
        network,
    });
    Ok(0)
}
