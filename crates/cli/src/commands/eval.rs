//! `timestep eval`: how good are weights on a data set?

use crate::args::Eval;
use crate::commands::import::placeholder;
use crate::failure::Failure;
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use timestep_nets::device;
use timestep_study::codes::Code;
use timestep_study::conditions as required;
use timestep_study::measure::Measured;
use timestep_study::sample::open_for;
use timestep_train::recipe::TaskKind;

/// Opens weights and data, prints the protocol, then the result.
pub(crate) fn run(args: &Eval, ui: Ui) -> Result<u8, Failure> {
    let conditions = required::parse(&args.require, TaskKind::Classify)?;
    let engine = device("cpu")?;
    let trained = trained::load(&args.weights, NonFinite::flag(args.allow_non_finite), ui)?;
    let card = &trained.card;
    let name = args.data.clone().unwrap_or_else(|| card.data.clone());
    let dataset = open_for(card, &name, args.data_dir.as_deref())?;
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
    let (found, test) = Measured::on(&dataset, &name, &args.weights, &trained, batch, &*engine)?;
    ui.answer(&found);
    if test.top1 < 2.0 / card.classes.len() as f64 {
        ui.note(
            "hint: that is hardly above chance: are the classes in the same order, the images \
             prepared in the same way, and these the right weights?",
        );
    }
    required::check(&conditions, &test)?;
    Ok(0)
}
