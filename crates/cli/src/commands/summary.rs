//! `timestep summary`: what is a network made of, and what does it cost?

use crate::args::Summary;
use crate::failure::Failure;
use crate::schemes;
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use std::path::Path;
use timestep_nets::InputShape;
use timestep_study::summary::{
    Changes, Described, SummaryOfNetwork, mean_coefficient, names_weights,
};

/// Builds the network and prints it.
pub(crate) fn run(args: &Summary, ui: Ui) -> Result<u8, Failure> {
    let what = args.what.as_deref().unwrap_or("");
    if names_weights(what) {
        refuse_changes(args, what)?;
        let trained = trained::load(Path::new(what), NonFinite::Allowed, ui)?;
        let k = mean_coefficient(&trained);
        ui.answer(&SummaryOfNetwork::of(&trained.network, k));
        return Ok(0);
    }
    let changes = changes(args)?;
    if what.is_empty() && changes.block.is_none() && changes.scheme.is_none() {
        return Err(Failure::usage(
            "a summary of what?",
            "give a network (`timestep list networks`), a recipe, weights, or --block and --scheme",
        ));
    }
    let described = Described::build(what, &changes)?;
    let network = &described.network;
    if described.by_folder && (args.input.is_none() || args.classes.is_none()) {
        let config = network.config();
        let (input, classes) = (config.input, config.classes);
        ui.note(&format!(
            "the folder decides shape and classes; shown for {}×{}×{} and {classes}, or as \
             --input and --classes say",
            input.channels, input.height, input.width
        ));
    }
    ui.answer(&SummaryOfNetwork::of(network, None));
    Ok(0)
}

/// What the flags change of the network.
fn changes(args: &Summary) -> Result<Changes, Failure> {
    let scheme = match &args.scheme_file {
        Some(file) => Some(schemes::read(file)?.written().to_owned()),
        None => args.scheme.clone(),
    };
    let steps = args.steps.as_ref().map(|steps| {
        let parsed: Result<Vec<usize>, _> = steps.split(',').map(|s| s.trim().parse()).collect();
        parsed.map_err(|_| {
            Failure::usage(
                format!("--steps {steps} is no list of numbers"),
                "write --steps 3,3,3",
            )
        })
    });
    Ok(Changes {
        input: args.input.as_deref().map(parse_input).transpose()?,
        classes: args.classes,
        block: args.block.clone(),
        scheme,
        steps: steps.transpose()?,
        width: args.width,
    })
}

/// Weights are of one network: flags that describe another would be ignored.
fn refuse_changes(args: &Summary, what: &str) -> Result<(), Failure> {
    let flags = [
        ("--classes", args.classes.is_some()),
        ("--input", args.input.is_some()),
        ("--block", args.block.is_some()),
        ("--scheme", args.scheme.is_some()),
        ("--scheme-file", args.scheme_file.is_some()),
        ("--steps", args.steps.is_some()),
        ("--width", args.width.is_some()),
    ];
    match flags.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((flag, _)) => Err(Failure::usage(
            format!("`{what}` holds the weights of one network, which {flag} cannot change"),
            format!("leave {flag} out, or give the name of a network or recipe instead"),
        )),
    }
}

/// `3x32x32`
fn parse_input(text: &str) -> Result<InputShape, Failure> {
    let parts: Vec<usize> = text
        .split(['x', '×'])
        .filter_map(|p| p.trim().parse().ok())
        .collect();
    match parts[..] {
        [channels, height, width] => Ok(InputShape {
            channels,
            height,
            width,
        }),
        _ => Err(Failure::usage(
            format!("--input {text} is no shape of an image"),
            "write channels x height x width: --input 3x32x32",
        )),
    }
}
