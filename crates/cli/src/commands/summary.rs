//! `timestep summary`: what is a network made of, and what does it cost?

use crate::answers::intervals;
use crate::args::Summary;
use crate::failure::Failure;
use crate::settings;
use crate::trained::{self, NonFinite};
use crate::ui::{Ui, table};
use serde_json::{Value, json};
use std::path::Path;
use timestep_data::info;
use timestep_nets::{Home, InputShape, Network, Role, SegmentSummary, preset};
use timestep_numerics::analysis::{modified_equation, stability};
use timestep_study::json::number;
use timestep_study::map::{Place, law};
use timestep_train::network_config;
use timestep_train::recipe::{NetworkSettings, NoiseSection, data_sets};
use timestep_train::run::RECIPE;

/// Builds the network and prints it.
pub(crate) fn run(args: &Summary, ui: Ui) -> Result<u8, Failure> {
    let (network, k) = build(args, ui)?;
    if ui.json {
        ui.object(object(&network, k));
    } else {
        ui.data(&text(&network, k));
    }
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
    if what.is_empty() && args.block.is_none() && args.scheme.is_none() {
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
    let config = network.config();
    let place = Place::of(network);
    json!({
        "network": config.name,
        "block": config.block,
        "input": [config.input.channels, config.input.height, config.input.width],
        "classes": config.classes,
        "parameters": cost.parameters,
        "coefficients": network.coefficient_count(),
        "multiply_adds": cost.multiply_adds,
        "block_evaluations": network.block_evaluations(),
        "activation_bytes": 4 * cost.activations,
        "segments": segments,
        "map": {"equation": place.equation, "scheme": place.scheme},
        "noise": law(network).map(|noise| json!({
            "key": noise.key, "equation": noise.equation, "ito": noise.ito,
        })),
        "scheme": {
            "key": scheme.key,
            "equation": scheme.equation,
            "order": scheme.order,
            "k": k.map(number),
            "real_interval": intervals.as_ref().map(|i| json!([number(i.real_interval.0), 0.0])),
            "imaginary_interval": intervals.as_ref().map(|i| number(i.imaginary_interval)),
        },
    })
}

/// The summary as a tree by segment and group of steps, and lines of theory.
fn text(network: &Network, k: Option<f64>) -> String {
    let config = network.config();
    let head = [
        "part",
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
    let shape = format!("{}×{}×{}", input.channels, input.height, input.width);
    rows.push(vec!["images".into(), String::new(), String::new(), shape]);
    let (stem, (channels, size)) = (network.stem_cost(), network.stem_shape());
    let shape = format!("{channels}×{}×{}", size.height, size.width);
    rows.push(vec![
        "stem".into(),
        String::new(),
        String::new(),
        shape,
        stem.parameters.to_string(),
        String::new(),
        millions(stem.multiply_adds),
        megabytes(stem.activations),
    ]);
    for segment in network.segments() {
        let s = segment.summary();
        rows.push(vec![
            format!("segment {}", s.name),
            s.steps.to_string(),
            s.block_evaluations.to_string(),
            format!("{}×{}×{}", s.channels, s.size.height, s.size.width),
            s.cost.parameters.to_string(),
            s.coefficients.to_string(),
            millions(s.cost.multiply_adds),
            megabytes(s.cost.activations),
        ]);
        rows.extend(groups(network, s));
    }
    let head = network.head_cost();
    let shape = format!("{} classes", config.classes);
    rows.push(vec![
        "head".into(),
        String::new(),
        String::new(),
        shape,
        head.parameters.to_string(),
        String::new(),
        millions(head.multiply_adds),
        megabytes(head.activations),
    ]);
    let cost = network.cost();
    rows.push(vec![
        "total".into(),
        config.steps.iter().sum::<usize>().to_string(),
        network.block_evaluations().to_string(),
        String::new(),
        cost.parameters.to_string(),
        network.coefficient_count().to_string(),
        millions(cost.multiply_adds),
        megabytes(cost.activations),
    ]);
    let (name, block) = (&config.name, &config.block);
    format!(
        "{name}: block `{block}`\n{}\n{}\n",
        table(&rows),
        theory(network, k)
    )
}

/// The step that a transition takes, as the tree names it.
fn entrance(name: &'static str) -> &'static str {
    match name {
        "strided step" => "strided forward Euler",
        other => other,
    }
}

/// A row for each run of alike steps of a segment: how it is entered, then how it goes on.
fn groups(network: &Network, segment: &SegmentSummary) -> Vec<Vec<String>> {
    let scheme = network.scheme();
    let strided = segment.entrance.starts_with("strided");
    let mut parts: Vec<(String, usize, usize, usize)> = Vec::new();
    if segment.entrance == "projection" {
        let inside = format!("{}.downsample.", segment.name);
        let (weights, _) = count(network, |name| name.starts_with(&inside));
        parts.push(("projection to the new shape".into(), 0, weights, 0));
    }
    let mut from = 0;
    for n in 0..segment.steps {
        let inside = format!("{}.{n}.", segment.name);
        let (weights, coefficients) = count(network, |name| name.starts_with(&inside));
        let (what, evaluations) = match n {
            0 if strided => (entrance(segment.entrance).to_owned(), 1),
            0 if scheme.memory > 0 => (format!("{}, without history", scheme.key), scheme.stages),
            _ => (scheme.key.to_owned(), scheme.stages),
        };
        // Alike steps share a row; the row of the first one is extended.
        if let Some(last) = parts.last_mut().filter(|_| n > from)
            && last.0.ends_with(&format!(": {what}"))
            && last.2 / (n - from) == weights
        {
            *last = (
                format!("steps {}-{}: {what}", from + 1, n + 1),
                last.1 + evaluations,
                last.2 + weights,
                last.3 + coefficients,
            );
            continue;
        }
        from = n;
        parts.push((
            format!("step {}: {what}", n + 1),
            evaluations,
            weights,
            coefficients,
        ));
    }
    let last = parts.len();
    let branch = |i: usize| if i + 1 == last { "└ " } else { "├ " };
    parts
        .into_iter()
        .enumerate()
        .map(|(i, (what, evaluations, weights, coefficients))| {
            vec![
                format!("{}{what}", branch(i)),
                String::new(),
                evaluations.to_string(),
                String::new(),
                weights.to_string(),
                coefficients.to_string(),
            ]
        })
        .collect()
}

/// Trained numbers and coefficients of the parameters whose name passes.
fn count(network: &Network, named: impl Fn(&str) -> bool) -> (usize, usize) {
    let (mut weights, mut coefficients) = (0, 0);
    for spec in network.specs().iter().filter(|spec| named(&spec.name)) {
        match spec.role {
            Role::Buffer => {}
            Role::Coefficient => coefficients += spec.len(),
            Role::Weight | Role::Bias | Role::Norm => weights += spec.len(),
        }
    }
    (weights, coefficients)
}

/// What the network is as a differential equation.
fn theory(network: &Network, k: Option<f64>) -> String {
    let scheme = network.scheme();
    let at = k.or(scheme.coefficient.map(|c| c.default));
    let place = Place::of(network);
    let mut text = format!(
        "on the map: {}, stepped by {}\nscheme `{}`: u_next = {}\norder {}",
        place.equation, place.scheme, scheme.key, scheme.equation, scheme.order
    );
    if let Some(at) = at {
        let which = if k.is_some() {
            "the learned mean"
        } else {
            "for example"
        };
        text.push_str(&format!("; at k = {at:.3} ({which})"));
    } else {
        text.push(',');
    }
    if let Ok(found) = stability(scheme.key, at) {
        text.push_str(&format!(
            " stable for {}",
            intervals(found.real_interval.0, found.imaginary_interval)
        ));
    }
    if let Ok(equation) = modified_equation(scheme.key, at, 2) {
        text.push_str(&format!(", follows {equation}"));
    }
    if let Some(noise) = law(network) {
        text.push_str(&format!(
            "\nnoise `{}` in training: u_next = {}\nin Itô form: {}",
            noise.key, noise.equation, noise.ito
        ));
    }
    text
}

/// Millions, with two digits.
fn millions(count: usize) -> String {
    format!("{:.2}", count as f64 / 1e6)
}

/// Numbers kept for the backward pass as megabytes of f32, for one image.
fn megabytes(numbers: usize) -> String {
    format!("{:.2} MB", 4.0 * numbers as f64 / 1e6)
}
