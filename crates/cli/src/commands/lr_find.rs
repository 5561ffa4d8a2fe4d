//! `timestep lr-find`: which learning rate suits a recipe?

use crate::args::LrFind;
use crate::failure::Failure;
use crate::outputs::{Outputs, check_drawing};
use crate::progress::{Waiting, watched};
use crate::settings;
use crate::ui::Ui;
use std::path::Path;
use timestep_nets::learning_device;
use timestep_report::lr_find::chart;
use timestep_study::codes::Code;
use timestep_study::lr_find::{SuggestedRate, TriedRate};
use timestep_train::Setup;
use timestep_train::range::{Rates, range_test};
use timestep_train::recipe::TaskKind;

/// Runs the test, prints the suggestion, draws it on request.
pub(crate) fn run(args: &LrFind, ui: Ui) -> Result<u8, Failure> {
    settings::check_data(args.recipe.as_deref(), &args.flags)?;
    let layers = settings::layers_for(args.recipe.as_deref(), &args.flags)?;
    if layers.task() == TaskKind::Restore {
        return Err(Failure::usage(
            "restorers are trained by L-BFGS, which finds its own step sizes",
            "give the recipe of a classifier: `timestep list recipes`",
        )
        .coded(Code::OtherTask));
    }
    let unused = [
        (
            "--lr",
            &args.flags.lr,
            "the rates go --from one --to another",
        ),
        (
            "--epochs",
            &args.flags.epochs,
            "--iterations says how many steps are taken",
        ),
        (
            "--time",
            &args.flags.time,
            "--iterations says how many steps are taken",
        ),
    ];
    if let Some((flag, _, hint)) = unused.into_iter().find(|(_, given, _)| given.is_some()) {
        let message = format!("{flag} changes nothing in a test of learning rates");
        return Err(Failure::usage(message, hint));
    }
    let recipe = args.recipe.as_deref().map(Path::new);
    let init = args.flags.init.as_deref().map(Path::new);
    let inputs: Vec<&Path> = recipe.into_iter().chain(init).collect();
    let outputs = Outputs::check(&[args.svg.as_deref()], &inputs, args.overwrite.force)?;
    check_drawing(args.svg.as_deref())?;
    let rates = rates(args)?;
    let engine = learning_device(&args.device)?;
    let layers = settings::with_flags(layers, &args.flags)?;
    let resolved = layers.resolve()?;
    let setup = watched(ui, "images", |watch| Setup::watched(resolved, watch))?;
    if setup.recipe().schedule.lr_batch != 0 {
        return Err(Failure::usage(
            "rates are tried as they stand, and `schedule.lr_batch` would change the one that is found",
            "--set schedule.lr_batch=0; the rate that is found belongs to this batch",
        ));
    }
    let mut waiting = Waiting::new(ui, "steps", rates.steps);
    let mut step = 0;
    let range = range_test(&setup, rates, engine, |point| {
        step += 1;
        ui.event(&TriedRate::new(step, point));
        waiting.at(step);
    })?;
    drop(waiting);
    let found = range.suggestion();
    ui.answer(&SuggestedRate::new(&setup, &range, args.from));
    outputs.save(args.svg.as_deref(), ui, || Ok(chart(&setup, &range)))?;
    if found.is_none() {
        return Err(Failure::negative(
            "the loss never falls in this range: there is no rate to suggest",
            Some("try more steps (`--iterations`), or other ends (`--from`, `--to`)".to_owned()),
        ));
    }
    Ok(0)
}

/// The rates to try, if they make a range.
fn rates(args: &LrFind) -> Result<Rates, Failure> {
    let (from, to) = (args.from, args.to);
    if !(from > 0.0 && to > from && to.is_finite()) {
        return Err(Failure::usage(
            format!("--from {from} and --to {to} are no range of learning rates"),
            "both are positive, and --to is the larger one, for instance --from 1e-4 --to 3",
        ));
    }
    // clap keeps the number between 10 and 100,000.
    let steps = args.iterations as usize;
    Ok(Rates { from, to, steps })
}
