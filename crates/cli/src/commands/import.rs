//! `timestep import`: how do weights of PyTorch become weights of this program?

use crate::args;
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::ui::Ui;
use std::path::Path;
use timestep_nets::foreign::{ForeignFile, read_pytorch};
use timestep_nets::{preset, read_safetensors};
use timestep_study::codes::Code;
use timestep_study::imported::Import;
use timestep_train::read_bytes;
use timestep_train::recipe::open;

/// Reads the file, maps its names, reports, writes.
pub(crate) fn run(args: &args::Import, ui: Ui) -> Result<u8, Failure> {
    let outputs = Outputs::check(&[Some(&args.out)], &[&args.file], args.overwrite.force)?;
    let home = preset(&args.net)?.home;
    let data = args.data.as_deref().unwrap_or(home.recipe());
    let layers = open(Some(&format!("{data}/{}", args.net)))?;
    let recipe = layers.resolve()?.recipe;
    let foreign = read(&args.file)?;
    let import = Import::map(&foreign, &recipe, home, args.classes)?;
    ui.answer(&import.report(&foreign));
    if !import.is_complete() {
        return Err(incomplete(args, &import));
    }
    let card = import.card(&recipe, (&args.mean, &args.std))?;
    ui.note(&format!(
        "images are normalised with mean {:?} and deviation {:?}: give --mean and --std if the \
         network was trained otherwise",
        card.normalise.mean, card.normalise.std
    ));
    let numbers = import.network.cost().parameters + import.network.coefficient_count();
    let finite = (!args.allow_non_finite).then_some(args.file.as_path());
    outputs.write(&args.out, &import.weights(&card, finite)?)?;
    ui.note(&format!(
        "wrote {}: {} with {numbers} numbers; `timestep eval` and `timestep predict` take it",
        args.out.display(),
        args.net,
    ));
    Ok(0)
}

/// The arrays of a file, by what it is.
fn read(path: &Path) -> Result<ForeignFile, Failure> {
    let bytes = read_bytes(path)?;
    if path.extension().is_some_and(|e| e == "safetensors") {
        let file = read_safetensors(&bytes)?;
        return Ok(ForeignFile {
            arrays: file.arrays,
            ..ForeignFile::default()
        });
    }
    read_pytorch(&bytes).map_err(|error| Failure {
        message: format!("{}: {error}", path.display()),
        ..error.into()
    })
}

/// Why nothing is written.
fn incomplete(args: &args::Import, import: &Import) -> Failure {
    let hint = match import.other_classes() {
        Some(classes) => {
            format!("the file tells {classes} classes apart: give --classes {classes}")
        }
        None => {
            "the file was written for another network: `timestep list networks` shows which there \
             are, `timestep summary NET --json` what one is made of"
                .to_owned()
        }
    };
    let [missing, unexpected, other] = import.misfits();
    Failure::usage(
        format!(
            "{} is not a `{}`: {missing} missing, {unexpected} not in the network, {other} of another shape; \
             nothing was written",
            args.file.display(),
            args.net,
        ),
        hint,
    )
    .coded(Code::OtherNetwork)
}
