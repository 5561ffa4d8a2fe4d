//! `timestep summary`: what is a network made of, and what does it cost?

use crate::args::Summary;
use crate::failure::Failure;
use crate::schemes;
use crate::settings;
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use std::path::Path;
use timestep_data::info;
use timestep_nets::{Home, InputShape, Network, preset};
use timestep_study::summary::SummaryOfNetwork;
use timestep_train::network_config;
use timestep_train::recipe::{NetworkSettings, NoiseSection, data_sets};
use timestep_train::run::RECIPE;

/// Builds the network and prints it.
pub(crate) fn run(args: &Summary, ui: Ui) -> Result<u8, Failure> {
    let (network, k) = build(args, ui)?;
    ui.answer(&SummaryOfNetwork::of(&network, k));
    Ok(0)
}

/// The network that was asked for, and the mean of its learned coefficients if it was trained.
fn build(args: &Summary, ui: Ui) -> Result<(Network, Option<f64>), Failure> {
    let what = args.what.as_deref().unwrap_or("");
    let path = Path::new(what);
    let has_weights = path.extension().is_some_and(|e| e == "safetensors")
        || path.join("weights/best.safetensors").is_file();
    if has_weights {
        refuse_changes(args, what)?;
        let trained = trained::load(path, NonFinite::Allowed, ui)?;
        let learned = timestep_nets::coefficients(&trained.network, &trained.parameters);
        let values: Vec<f64> = learned.into_iter().flatten().flatten().collect();
        let mean = (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        return Ok((trained.network, mean));
    }
    let own_scheme = args.scheme.is_some() || args.scheme_file.is_some();
    if what.is_empty() && args.block.is_none() && !own_scheme {
        return Err(Failure::usage(
            "a summary of what?",
            "give a network (`timestep list networks`), a recipe, weights, or --block and --scheme",
        ));
    }
    let (mut input, mut classes) = Home::Cifar.input();
    let (mut network, mut noise) = (NetworkSettings::default(), NoiseSection::default());
    let recipe = what.contains('/')
        || what.ends_with(".toml")
        || path.join(RECIPE).is_file()
        || data_sets().any(|data| data == what);
    if what.is_empty() || preset(what).is_ok() {
        network.preset = what.to_owned();
        if let Ok(preset) = preset(what) {
            (input, classes) = preset.home.input();
        }
    } else if recipe {
        let recipe = settings::layers(Some(what))?.resolve()?.recipe;
        (network, noise) = (recipe.network, recipe.noise);
        let data = info(&recipe.data.name)?;
        classes = data.classes.unwrap_or(classes);
        if let Some(shape) = data.shape {
            (input.channels, input.height, input.width) =
                (shape.channels, shape.height, shape.width);
        } else {
            if recipe.data.size > 0 {
                (input.height, input.width) = (recipe.data.size, recipe.data.size);
            }
            if args.input.is_none() || args.classes.is_none() {
                ui.note(&format!(
                    "the folder decides shape and classes; shown for {}×{}×{} and {classes}, or as \
                     --input and --classes say",
                    input.channels, input.height, input.width
                ));
            }
        }
    } else {
        // Names the near spellings.
        preset(what)?;
    }
    if let Some(text) = &args.input {
        input = parse_input(text)?;
    }
    network.block = args.block.clone().unwrap_or(network.block);
    network.scheme = match &args.scheme_file {
        Some(file) => schemes::read(file)?.written().to_owned(),
        None => args.scheme.clone().unwrap_or(network.scheme),
    };
    network.width = args.width.unwrap_or(network.width);
    if let Some(steps) = &args.steps {
        let parsed: Result<Vec<usize>, _> = steps.split(',').map(|s| s.trim().parse()).collect();
        network.steps = parsed.map_err(|_| {
            Failure::usage(
                format!("--steps {steps} is no list of numbers"),
                "write --steps 3,3,3",
            )
        })?;
    }
    // A recipe says 0 for "as the data"; a person who says 0 means a mistake.
    if let Some(given) = args.classes {
        (classes, network.classes) = (given, 0);
    }
    Ok((
        Network::build(&network_config(&network, &noise, input, classes)?)?,
        None,
    ))
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
