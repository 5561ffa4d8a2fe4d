//! `timestep analyze stability`: where is a scheme stable, and where do the `hλ` of a trained network lie?

use crate::args::StabilityArgs;
use crate::failure::Failure;
use crate::outputs::{Outputs, check_drawing};
use crate::progress::Waiting;
use crate::schemes::{Asked, asked};
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use timestep_nets::device;
use timestep_numerics::analysis::Effort;
use timestep_numerics::facts;
use timestep_report::spectrum::{pictured, spectra};
use timestep_report::stability as plots;
use timestep_study::codes::Code;
use timestep_study::sample::Sample;
use timestep_study::schemes::StabilityOfScheme;
use timestep_study::spectrum::{
    Circumstances, IMAGES, PRODUCTS, TOLERANCE, answer, arrays, measure, segments, table,
};

/// The stability regions of schemes, or the spectra of a trained network in them.
pub(crate) fn run(args: &StabilityArgs, ui: Ui) -> Result<u8, Failure> {
    if let Some(weights) = args.what.iter().find(|what| is_weights(what)) {
        let [_] = &args.what[..] else {
            return Err(Failure::usage(
                format!("`{weights}` is a trained network, which stands alone"),
                "ask about schemes and networks one after the other",
            ));
        };
        return of_network(args, weights, ui);
    }
    let only = [
        ("--data", args.images.data.is_some()),
        ("--data-dir", args.images.data_dir.is_some()),
        ("--images", args.images.images.is_some()),
        ("--seed", args.images.seed.is_some()),
        ("--device", args.images.device.is_some()),
        ("--products", args.products.is_some()),
        ("--npz", args.npz.is_some()),
    ];
    for what in &args.what {
        let name = what.split_once(':').map_or(what.as_str(), |(name, _)| name);
        if let Err(unknown) = facts(name) {
            return Err(Failure::usage(
                format!("{unknown}, and no weights file or run folder either"),
                unknown.hint(),
            )
            .coded(Code::UnknownPart));
        }
    }
    let all = asked(&args.what, &args.scheme_file, args.k)?;
    if let Some((flag, _)) = only.iter().find(|(_, given)| *given) {
        return Err(Failure::usage(
            format!(
                "{flag} is for trained networks; `{}` is a scheme",
                all[0].facts.key
            ),
            "give a weights file or a run folder, or leave it out",
        ));
    }
    let paths = [args.svg.as_deref(), args.csv.as_deref()];
    let inputs: Vec<&Path> = args.scheme_file.iter().map(PathBuf::as_path).collect();
    let outputs = Outputs::check(&paths, &inputs, args.overwrite.force)?;
    check_drawing(args.svg.as_deref())?;
    of_schemes(args, &all, &outputs, ui)
}

/// Does a word mean weights? A scheme's name does not, even where a folder happens to have it too.
fn is_weights(what: &str) -> bool {
    let path = Path::new(what);
    let looks = what.contains(std::path::is_separator) || what.ends_with(".safetensors");
    looks
        || path.is_file()
        || path.join("weights").is_dir()
        || path.exists() && facts(what).is_err() && !what.contains(':')
}

/// Measures, prints and draws the spectra of a network.
fn of_network(args: &StabilityArgs, weights: &str, ui: Ui) -> Result<u8, Failure> {
    if let Some(k) = args.k {
        return Err(Failure::usage(
            format!("--k {k} is for schemes; `{weights}` is a trained network"),
            "the k_n are those that it learned",
        ));
    }
    if !args.scheme_file.is_empty() {
        return Err(Failure::usage(
            format!("--scheme-file is for schemes; `{weights}` is a trained network"),
            "the scheme is that of the network",
        ));
    }
    let outputs = Outputs::check(
        &[
            args.svg.as_deref(),
            args.npz.as_deref(),
            args.csv.as_deref(),
        ],
        &[Path::new(weights)],
        args.overwrite.force,
    )?;
    check_drawing(args.svg.as_deref())?;
    let engine = device(args.images.device())?;
    let trained = trained::load(Path::new(weights), NonFinite::Allowed, ui)?;
    let sample = Sample::draw(&trained, &args.images.wanted(IMAGES))?;
    let seed = args.images.seed.unwrap_or(0);
    let effort = Effort {
        products: args.products.map_or(PRODUCTS, |n| n as usize),
        tolerance: TOLERANCE,
    };
    ui.note(&format!(
        "{}: Jacobians at {} test images of {}, running statistics",
        trained.card.network.name,
        sample.count(),
        sample.data
    ));
    let mut waiting = Waiting::new(ui, "steps", 0);
    let steps = measure(
        &trained,
        sample.split(),
        sample.numbers(),
        (effort, seed),
        &*engine,
        |done, total| waiting.of(done, total),
    )?;
    drop(waiting);
    if steps.is_empty() {
        return Err(Failure::usage(
            format!("no step of `{weights}` keeps the shape of its state"),
            "a segment of one strided step has no square Jacobian; more steps have",
        )
        .coded(Code::NoAnswer));
    }
    let at = Circumstances {
        weights,
        trained: &trained,
        data: &sample.data,
        images: sample.numbers(),
    };
    ui.answer(&answer(&steps, &at));
    outputs.save(args.svg.as_deref(), ui, || {
        let all = segments(&steps);
        let drawn: Vec<_> = all.iter().map(|(n, own)| pictured(*n, own)).collect();
        Ok(spectra(&drawn)?)
    })?;
    outputs.save(args.npz.as_deref(), ui, || {
        Ok(arrays(&steps, sample.numbers())?)
    })?;
    outputs.save(args.csv.as_deref(), ui, || {
        Ok(table(&steps, sample.numbers()))
    })?;
    Ok(0)
}

/// The regions of schemes.
fn of_schemes(
    args: &StabilityArgs,
    all: &[Asked],
    outputs: &Outputs,
    ui: Ui,
) -> Result<u8, Failure> {
    for Asked { facts, k } in all {
        ui.answer(&StabilityOfScheme::measure(facts.written(), *k)?);
    }
    let all: Vec<_> = all.iter().map(|one| (one.facts, one.k)).collect();
    outputs.save(args.svg.as_deref(), ui, || Ok(plots::regions(&all)?))?;
    outputs.save(args.csv.as_deref(), ui, || Ok(plots::boundaries(&all)?))?;
    Ok(0)
}
