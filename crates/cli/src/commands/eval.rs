//! `timestep eval`: how good are weights on a data set?

use crate::args::Eval;
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::progress::Waiting;
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use timestep_nets::device;
use timestep_study::codes::Code;
use timestep_study::conditions as required;
use timestep_study::imported::placeholder;
use timestep_study::json;
use timestep_study::measure::Measured;
use timestep_study::sample::open_for;
use timestep_train::files;
use timestep_train::recipe::TaskKind;

/// Name of the file inside the folder of a run.
const FILE: &str = "evaluation.json";

/// Opens weights and data, prints the protocol, then the result.
pub(crate) fn run(args: &Eval, ui: Ui) -> Result<u8, Failure> {
    let conditions = required::parse(&args.require, TaskKind::Classify)?;
    let inputs = [Some(&args.weights), args.data_dir.as_ref()];
    let inputs: Vec<&Path> = inputs.into_iter().flatten().map(PathBuf::as_path).collect();
    let outputs = Outputs::check(&[args.out.as_deref()], &inputs, args.overwrite.force)?;
    let engine = device(&args.device)?;
    let trained = trained::load(&args.weights, NonFinite::flag(args.allow_non_finite), ui)?;
    let card = &trained.card;
    let name = args.data.clone().unwrap_or_else(|| card.data.clone());
    let dataset = open_for(&trained, &name, args.data_dir.as_deref())?;
    dataset.notes.iter().for_each(|note| ui.note(note));
    let unnamed = (card.classes.iter().enumerate()).all(|(i, name)| *name == placeholder(i));
    if unnamed && dataset.classes.len() == card.classes.len() {
        ui.note("the weights do not name their classes: they are taken in the order of the data");
    } else if dataset.classes != card.classes {
        return Err(Failure::usage(
            format!(
                "the weights tell {} classes apart ({}, …), the data has {} ({}, …)",
                card.classes.len(),
                card.classes.first().map_or("", String::as_str),
                dataset.classes.len(),
                dataset.classes.first().map_or("", String::as_str)
            ),
            "measure on the data set that the network was trained on, with the same class names",
        )
        .coded(Code::OtherImages));
    }
    ui.note(&format!(
        "{} on the {} test images of {name}, normalised with mean {:?} and deviation {:?}",
        card.network.name,
        dataset.test.len(),
        card.normalise.mean,
        card.normalise.std
    ));
    let batch = args.batch as usize;
    let mut waiting = Waiting::new(ui, "images", dataset.test.len());
    let named = (name.as_str(), args.weights.as_path());
    let (found, test) = Measured::on(&dataset, named, &trained, batch, &*engine, |done| {
        waiting.at(done);
    })?;
    drop(waiting);
    ui.answer(&found);
    save(args, &found, &outputs, ui)?;
    if test.top1 < 2.0 / card.classes.len() as f64 {
        ui.note(
            "hint: that is hardly above chance: are the classes in the same order, the images \
             prepared in the same way, and these the right weights?",
        );
    }
    required::check(&conditions, &test)?;
    Ok(0)
}

/// Writes what was measured: where it was asked for, else into the run whose own test images these are.
fn save(args: &Eval, found: &Measured, outputs: &Outputs, ui: Ui) -> Result<(), Failure> {
    let mut text = json::value(found).to_string();
    text.push('\n');
    let own = args.weights.is_dir() && args.data.is_none() && args.data_dir.is_none();
    let path = match &args.out {
        Some(path) => {
            outputs.write(path, text.as_bytes())?;
            path.clone()
        }
        None if own => {
            let path = args.weights.join(FILE);
            // Nobody asked for it: what keeps it from being written is no failure.
            if let Err(error) = files::write_atomic(&path, |out| out.write_all(text.as_bytes())) {
                ui.note(&format!("not saved in the run: {error}"));
                return Ok(());
            }
            path
        }
        None => return Ok(()),
    };
    ui.note(&format!("all of it in {}", path.display()));
    Ok(())
}
