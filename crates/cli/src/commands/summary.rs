//! `timestep summary`: what is a network made of, and what does it cost?

use crate::args::Summary;
use crate::commands::analyze::number;
use crate::failure::Failure;
use crate::settings;
use crate::ui::{Ui, table};
use serde_json::{Value, json};
use std::path::Path;
use timestep_data::info;
use timestep_nets::{InputShape, Network, SegmentSummary, device, preset};
use timestep_numerics::analysis::{modified_equation, stability};
use timestep_train::recipe::NetworkSettings;
use timestep_train::{Trained, network_config};

/// Builds the network and prints it.
pub(crate) fn run(args: &Summary, ui: Ui) -> Result<u8, Failure> {
    let (network, k) = build(args)?;
    if ui.json {
        ui.object(object(&network, k));
    } else {
        ui.data(&text(&network, k));
    }
    Ok(0)
}

/// The network that was asked for, and the mean of its learned coefficients if it was trained.
fn build(args: &Summary) -> Result<(Network, Option<f64>), Failure> {
    let what = args.what.as_deref().unwrap_or("");
    let path = Path::new(what);
    let has_weights = path.extension().is_some_and(|e| e == "safetensors")
        || path.join("weights/best.safetensors").is_file();
    if has_weights {
        let trained = Trained::load(path, &device("cpu")?)?;
        let learned = timestep_nets::coefficients(&trained.network, &trained.parameters);
        let values: Vec<f64> = learned.into_iter().flatten().flatten().collect();
        let mean = (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        return Ok((trained.network, mean));
    }
    let mut input = InputShape {
        channels: 3,
        height: 32,
        width: 32,
    };
    let mut classes = 10;
    let mut network = NetworkSettings::default();
    if what.is_empty() || preset(what).is_ok() {
        network.preset = what.to_owned();
    } else if what.contains('/') || what.ends_with(".toml") {
        let recipe = settings::layers(Some(what))?.resolve()?.recipe;
        network = recipe.network;
        if let Ok(data) = info(&recipe.data.name) {
            classes = data.classes.unwrap_or(classes);
            if let Some(shape) = data.shape {
                input = InputShape {
                    channels: shape.channels,
                    height: shape.height,
                    width: shape.width,
                };
            }
        }
    } else {
        // Names the near spellings.
        preset(what)?;
    }
    if what.is_empty() && args.block.is_none() && args.scheme.is_none() {
        return Err(Failure::usage(
            "a summary of what?",
            "give a network (`timestep list networks`), a recipe, weights, or --block and --scheme",
        ));
    }
    if let Some(text) = &args.input {
        input = parse_input(text)?;
    }
    network.block = args.block.clone().unwrap_or(network.block);
    network.scheme = args.scheme.clone().unwrap_or(network.scheme);
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
    network.classes = args.classes.unwrap_or(network.classes);
    Ok((
        Network::build(&network_config(&network, input, classes)?)?,
        None,
    ))
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

/// The summary as one object.
fn object(network: &Network, k: Option<f64>) -> Value {
    let scheme = network.scheme();
    let k = k.or(scheme.coefficient.map(|c| c.default));
    let intervals = stability(scheme.key, k).ok();
    let segment = |s: &SegmentSummary| {
        json!({
            "name": s.name,
            "steps": s.steps,
            "entrance": s.entrance,
            "channels": s.channels,
            "height": s.size.height,
            "width": s.size.width,
            "block_evaluations": s.block_evaluations,
            "parameters": s.cost.parameters,
            "coefficients": s.coefficients,
            "multiply_adds": s.cost.multiply_adds,
            "activation_bytes": 4 * s.cost.activations,
        })
    };
    let segments: Vec<Value> = network
        .segments()
        .iter()
        .map(|s| segment(s.summary()))
        .collect();
    let cost = network.cost();
    json!({
        "network": network.config().name,
        "block": network.config().block,
        "classes": network.config().classes,
        "parameters": cost.parameters,
        "coefficients": network.coefficient_count(),
        "multiply_adds": cost.multiply_adds,
        "block_evaluations": network.block_evaluations(),
        "activation_bytes": 4 * cost.activations,
        "segments": segments,
        "scheme": {
            "key": scheme.key,
            "equation": scheme.equation,
            "order": scheme.order,
            "k": k,
            "real_interval": intervals.as_ref().map(|i| json!([number(i.real_interval.0), 0.0])),
            "imaginary_interval": intervals.as_ref().map(|i| number(i.imaginary_interval)),
        },
    })
}

/// The summary as a table and two lines of theory.
fn text(network: &Network, k: Option<f64>) -> String {
    let config = network.config();
    let head = [
        "segment",
        "enters by",
        "steps",
        "f",
        "shape",
        "parameters",
        "k's",
        "M mult-adds",
        "activations",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    let input = config.input;
    rows.push(row(
        "images",
        "",
        "",
        "",
        &format!("{}×{}×{}", input.channels, input.height, input.width),
    ));
    for segment in network.segments() {
        let s = segment.summary();
        let shape = format!("{}×{}×{}", s.channels, s.size.height, s.size.width);
        let mut row = row(
            &s.name,
            s.entrance,
            &s.steps.to_string(),
            &s.block_evaluations.to_string(),
            &shape,
        );
        row.extend([
            s.cost.parameters.to_string(),
            s.coefficients.to_string(),
            format!("{:.2}", s.cost.multiply_adds as f64 / 1e6),
            megabytes(s.cost.activations),
        ]);
        rows.push(row);
    }
    let cost = network.cost();
    let steps = config.steps.iter().sum::<usize>().to_string();
    let evaluations = network.block_evaluations().to_string();
    let mut total = row(
        "total",
        "",
        &steps,
        &evaluations,
        &format!("{} classes", config.classes),
    );
    total.extend([
        cost.parameters.to_string(),
        network.coefficient_count().to_string(),
        format!("{:.2}", cost.multiply_adds as f64 / 1e6),
        megabytes(cost.activations),
    ]);
    rows.push(total);
    let scheme = network.scheme();
    let at = k.or(scheme.coefficient.map(|c| c.default));
    let mut theory = format!(
        "\nscheme `{}`: u_next = {}\norder {}",
        scheme.key, scheme.equation, scheme.order
    );
    if let Ok(found) = stability(scheme.key, at) {
        theory.push_str(&format!(
            ", stable for hλ in [{:.3}, 0]",
            found.real_interval.0
        ));
    }
    if let Ok(equation) = modified_equation(scheme.key, at, 2) {
        theory.push_str(&format!(", follows {equation}"));
    }
    if let Some(at) = at {
        let which = if k.is_some() {
            "the learned mean"
        } else {
            "for example"
        };
        theory.push_str(&format!("   (k = {at:.3}, {which})"));
    }
    format!(
        "{}: block `{}`\n{}{theory}\n",
        config.name,
        config.block,
        table(&rows)
    )
}

/// The first cells of a row.
fn row(name: &str, entrance: &str, steps: &str, evaluations: &str, shape: &str) -> Vec<String> {
    [name, entrance, steps, evaluations, shape]
        .map(String::from)
        .to_vec()
}

/// Numbers kept for the backward pass as megabytes of f32, for one image.
fn megabytes(numbers: usize) -> String {
    format!("{:.2} MB", 4.0 * numbers as f64 / 1e6)
}
