//! `timestep analyze stability`: where is a scheme stable, and where do the `hλ` of a trained network lie?

use super::analyze::stability;
use crate::args::StabilityArgs;
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use std::path::Path;
use timestep_nets::device;
use timestep_nets::foreign::npz;
use timestep_numerics::analysis::Effort;
use timestep_numerics::facts;
use timestep_report::spectrum::{pictured, spectra};
use timestep_study::codes::Code;
use timestep_study::sample::Sample;
use timestep_study::spectrum::{
    Circumstances, IMAGES, MeasuredStep, PRODUCTS, TOLERANCE, answer, measure, segments,
};

/// The stability region of a scheme, or the spectra of a trained network in it.
pub(crate) fn run(args: &StabilityArgs, ui: Ui) -> Result<u8, Failure> {
    if is_weights(&args.what) {
        return of_network(args, ui);
    }
    let only = [
        ("--data", args.images.data.is_some()),
        ("--data-dir", args.images.data_dir.is_some()),
        ("--images", args.images.images.is_some()),
        ("--seed", args.images.seed.is_some()),
        ("--products", args.products.is_some()),
        ("--npz", args.npz.is_some()),
    ];
    if let Err(unknown) = facts(&args.what) {
        return Err(Failure::usage(
            format!("{unknown}, and no weights file or run folder either"),
            unknown.hint(),
        )
        .coded(Code::UnknownPart));
    }
    if let Some((flag, _)) = only.iter().find(|(_, given)| *given) {
        return Err(Failure::usage(
            format!(
                "{flag} is for trained networks; `{}` is a scheme",
                args.what
            ),
            "give a weights file or a run folder, or leave it out",
        ));
    }
    let outputs = Outputs::check(&[args.svg.as_deref()], &[], args.overwrite.force)?;
    stability(args, &outputs, ui)
}

/// Does a word mean weights? A scheme's name does not, even where a folder happens to have it too.
fn is_weights(what: &str) -> bool {
    let path = Path::new(what);
    let looks = what.contains(std::path::is_separator) || what.ends_with(".safetensors");
    looks
        || path.is_file()
        || path.join("weights").is_dir()
        || path.exists() && facts(what).is_err()
}

/// Measures, prints and draws the spectra of a network.
fn of_network(args: &StabilityArgs, ui: Ui) -> Result<u8, Failure> {
    if let Some(k) = args.k {
        return Err(Failure::usage(
            format!(
                "--k {k} is for schemes; `{}` is a trained network",
                args.what
            ),
            "the k_n are those that it learned",
        ));
    }
    let outputs = Outputs::check(
        &[args.svg.as_deref(), args.npz.as_deref()],
        &[Path::new(&args.what)],
        args.overwrite.force,
    )?;
    let engine = device("cpu")?;
    let trained = trained::load(Path::new(&args.what), NonFinite::Allowed, ui)?;
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
    let steps = measure(
        &trained,
        sample.split(),
        sample.numbers(),
        effort,
        seed,
        &*engine,
    )?;
    if steps.is_empty() {
        return Err(Failure::usage(
            format!("no step of `{}` keeps the shape of its state", args.what),
            "a segment of one strided step has no square Jacobian; more steps have",
        )
        .coded(Code::NoAnswer));
    }
    let at = Circumstances {
        weights: &args.what,
        trained: &trained,
        data: &sample.data,
        images: sample.numbers(),
    };
    ui.answer(&answer(&steps, &at));
    if let Some(path) = &args.svg {
        let all = segments(&steps);
        let drawn: Vec<_> = all.iter().map(|(n, own)| pictured(*n, own)).collect();
        let picture = spectra(&drawn)?;
        outputs.write(path, picture.as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &args.npz {
        let bytes = arrays(&steps, sample.numbers())?;
        outputs.write(path, &bytes)?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(0)
}

/// Every value as a row of arrays.
fn arrays(steps: &[MeasuredStep], numbers: &[u32]) -> Result<Vec<u8>, Failure> {
    let mut columns: [Vec<f32>; 7] = Default::default();
    for step in steps {
        for (spectrum, image) in step.spectra.iter().zip(numbers) {
            for v in &spectrum.values {
                let row = [
                    spectrum.segment as f64,
                    spectrum.step as f64,
                    f64::from(*image),
                    v.z.re,
                    v.z.im,
                    v.residual,
                    v.growth,
                ];
                for (column, value) in columns.iter_mut().zip(row) {
                    column.push(value as f32);
                }
            }
        }
    }
    let shape = [columns[0].len()];
    let names = [
        "segment",
        "step",
        "image",
        "real",
        "imaginary",
        "residual",
        "growth",
    ];
    let named = names.into_iter().zip(columns);
    let all: Vec<(&str, &[usize], Vec<f32>)> = named.map(|(n, c)| (n, &shape[..], c)).collect();
    npz(&all).map_err(Failure::from)
}
