//! `timestep export`: how do other programs get the network, or its weights?

use crate::args::{Export, ExportFormat};
use crate::failure::Failure;
use crate::outputs::{Outputs, is_standard_output};
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use timestep_export::{Graph, Subject, onnx, pytorch, timm};
use timestep_files::create_folder;
use timestep_nets::foreign::npz;
use timestep_nets::{Metadata, Parameters, to_safetensors};
use timestep_study::codes::Code;
use timestep_study::files::ExportedFile;
use timestep_train::Trained;

/// Files by the endings that they have.
const ENDINGS: [(&str, ExportFormat); 4] = [
    ("onnx", ExportFormat::Onnx),
    ("py", ExportFormat::Pytorch),
    ("safetensors", ExportFormat::Safetensors),
    ("npz", ExportFormat::Npz),
];

/// The program, as it is named in what it writes.
const VERSION: &str = concat!("timestep ", env!("CARGO_PKG_VERSION"));

/// Reads weights of ours and writes them for another program.
pub(crate) fn run(args: &Export, ui: Ui) -> Result<u8, Failure> {
    let format = format(args)?;
    let files = files(&args.out, format);
    let named: Vec<Option<&Path>> = files.iter().map(|file| Some(file.as_path())).collect();
    let outputs = Outputs::check(&named, &[&args.weights], args.overwrite.force)?;
    let trained = trained::load(&args.weights, NonFinite::flag(args.allow_non_finite), ui)?;
    let contents = contents(&trained, format, &files, args.with_preprocessing)?;
    if let Some(folder) = folder(&args.out, format) {
        create_folder(folder)?;
    }
    for (file, bytes) in files.iter().zip(&contents) {
        outputs.write(file, bytes)?;
    }
    let arrays = trained.parameters.specs().len();
    let network = trained.card.network.name;
    let names: Vec<String> = files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    ui.note(&format!(
        "wrote {}: {arrays} arrays of `{network}`{}",
        names.join(" and "),
        match format {
            ExportFormat::Onnx if args.with_preprocessing => {
                "; pixels between 0 and 1 go in, probabilities come out"
            }
            ExportFormat::Onnx => "; normalised images go in, logits come out",
            ExportFormat::Pytorch => "; `load()` in the module gives the network",
            ExportFormat::Timm =>
                "; `timm.create_model(\"local-dir:…\", pretrained=True)` loads the folder",
            ExportFormat::Safetensors | ExportFormat::Npz => ", with PyTorch's names and shapes",
        }
    ));
    ui.event(&ExportedFile {
        file: args.out.display().to_string(),
        format: name(format),
        files: names,
        arrays,
        bytes: contents.iter().map(Vec::len).sum(),
        network,
    });
    Ok(0)
}

/// The word for a format, on the command line and in answers.
fn name(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Safetensors => "safetensors",
        ExportFormat::Npz => "npz",
        ExportFormat::Onnx => "onnx",
        ExportFormat::Pytorch => "pytorch",
        ExportFormat::Timm => "timm",
    }
}

/// The format that the ending and `--format` agree on.
fn format(args: &Export) -> Result<ExportFormat, Failure> {
    let out = &args.out;
    let device = is_standard_output(out) || out.starts_with("/dev");
    let ending = out.extension().filter(|_| !device);
    let ending = ending.map(|e| e.to_string_lossy().to_lowercase());
    let known = ENDINGS.iter().find(|(e, _)| ending.as_deref() == Some(*e));
    let refuse = |message: String, hint: String| {
        Err(Failure::usage(message, hint).coded(Code::ExportFormat))
    };
    let shown = out.display();
    let format = match (known, args.format) {
        (Some((_, of_ending)), None) => *of_ending,
        (Some((_, of_ending)), Some(given)) if *of_ending == given => given,
        (Some((_, of_ending)), Some(given)) => {
            return refuse(
                format!(
                    "`{shown}` ends like {}, and --format is {}",
                    name(*of_ending),
                    name(given)
                ),
                "leave --format out, or give the output the ending of the format".into(),
            );
        }
        // The name of a folder has no ending, only perhaps a dot.
        (None, Some(ExportFormat::Timm)) if !device => ExportFormat::Timm,
        (None, Some(ExportFormat::Pytorch)) if ending.is_none() && !device => ExportFormat::Pytorch,
        (None, Some(given @ (ExportFormat::Timm | ExportFormat::Pytorch))) if device => {
            return refuse(
                format!(
                    "{} is more than one file, and standard output is one",
                    name(given)
                ),
                "name a folder".into(),
            );
        }
        (None, Some(given)) if device => given,
        (None, None) if ending.is_none() => {
            return refuse(
                format!("`{shown}` has no ending, which would say the format"),
                "let it end in .onnx, .py, .safetensors or .npz, or give --format".into(),
            );
        }
        (None, Some(given)) if ending.is_none() => {
            return refuse(
                format!("`{shown}` has no ending, and {} is a file", name(given)),
                format!("name it `{}.{}`", shown, name(given)),
            );
        }
        (None, _) => {
            let module = out.with_extension("py");
            return refuse(
                format!("the ending of `{shown}` names no format of export"),
                match ending.as_deref() {
                    Some("pt" | "pth" | "ckpt") => format!(
                        "let it end in .onnx, .py, .safetensors or .npz; for PyTorch, `{}` reads its weights itself",
                        module.display()
                    ),
                    _ => "let it end in .onnx, .py, .safetensors or .npz".into(),
                },
            );
        }
    };
    if args.with_preprocessing && format != ExportFormat::Onnx {
        return Err(Failure::usage(
            format!(
                "--with-preprocessing is for ONNX, and this is {}",
                name(format)
            ),
            match format {
                ExportFormat::Pytorch => "leave it out: the module has `normalise` and `predict`",
                _ => "leave it out, or let the output end in .onnx",
            },
        ));
    }
    Ok(format)
}

/// The folder that is made, where the output is one.
fn folder(out: &Path, format: ExportFormat) -> Option<&Path> {
    match format {
        ExportFormat::Timm => Some(out),
        ExportFormat::Pytorch if out.extension().is_none() => Some(out),
        _ => None,
    }
}

/// The files that are written.
fn files(out: &Path, format: ExportFormat) -> Vec<PathBuf> {
    match (format, folder(out, format)) {
        (ExportFormat::Timm, _) => vec![out.join("config.json"), out.join("model.safetensors")],
        (_, Some(folder)) => vec![folder.join("model.py"), folder.join("weights.safetensors")],
        (ExportFormat::Pytorch, None) => vec![out.to_owned(), out.with_extension("safetensors")],
        _ => vec![out.to_owned()],
    }
}

/// The bytes of each of the files.
fn contents(
    trained: &Trained,
    format: ExportFormat,
    files: &[PathBuf],
    preprocessing: bool,
) -> Result<Vec<Vec<u8>>, Failure> {
    let Trained {
        network,
        parameters,
        card,
        ..
    } = trained;
    match format {
        ExportFormat::Safetensors => {
            return Ok(vec![to_safetensors(parameters, &Metadata::new())?]);
        }
        ExportFormat::Npz => return Ok(vec![npz(&arrays(parameters))?]),
        ExportFormat::Onnx | ExportFormat::Pytorch | ExportFormat::Timm => {}
    }
    let graph = Graph::of(network)?;
    let subject = Subject {
        name: &card.network.name,
        graph: &graph,
        parameters,
        classes: &card.classes,
        mean: &card.normalise.mean,
        std: &card.normalise.std,
        version: VERSION,
    };
    Ok(match format {
        ExportFormat::Timm => {
            let folder = timm(&subject, network)?;
            vec![folder.config.into_bytes(), folder.weights]
        }
        ExportFormat::Pytorch => {
            let weights = files.last().and_then(|file| file.file_name());
            let weights = weights.unwrap_or_default().to_string_lossy();
            let module = pytorch(&subject, &weights)?;
            vec![module.python.into_bytes(), module.weights]
        }
        _ => vec![onnx(&subject, preprocessing)?],
    })
}

/// All arrays with their names and shapes.
fn arrays(parameters: &Parameters) -> Vec<(&str, &[usize], Vec<f32>)> {
    let specs = parameters.specs().iter().zip(parameters.ids());
    specs
        .map(|(spec, id)| {
            let values = parameters.value(id).to_vec();
            (spec.name.as_str(), &spec.shape[..], values)
        })
        .collect()
}
