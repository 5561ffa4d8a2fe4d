//! `timestep resample` and `timestep analyze convergence`: a trained network with other steps.

use crate::args::{
    CoefficientsArg, ConvergenceArgs, InterpolationArg, Resample, Sampling, StatisticsArg,
};
use crate::failure::Failure;
use crate::outputs::{Outputs, check_drawing};
use crate::progress::Waiting;
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use timestep_nets::resample::{Coefficients, Interpolation, Manner};
use timestep_nets::{device, to_safetensors};
use timestep_report::convergence::convergence;
use timestep_study::codes::Code;
use timestep_study::convergence::{ConvergenceOfNetwork, FACTORS, converge};
use timestep_study::resampled::{
    Place, ResampledWeights, Statistics, Way, card, coefficients_word, interpolation_word, sampled,
    statistics_word,
};
use timestep_study::sample::Sample;
use timestep_train::Trained;
use timestep_train::recipe::TaskRecipe;

/// Samples a network, writes its weights and perhaps a recipe.
pub(crate) fn run(args: &Resample, ui: Ui) -> Result<u8, Failure> {
    let named = [Some(args.out.as_path()), args.recipe.as_deref()];
    let outputs = Outputs::check(&named, &[&args.weights], args.overwrite.force)?;
    let way = way(args.sampling);
    if way.statistics == Statistics::Interpolated {
        let flag = args.data_dir.as_ref().map(|_| "--data-dir");
        if let Some(flag) = flag.or(args.seed.map(|_| "--seed")) {
            return Err(Failure::usage(
                format!("{flag} is for statistics that are measured, and these are interpolated"),
                "add --statistics measured, or leave it out",
            ));
        }
    }
    let trained = trained::load(&args.weights, NonFinite::Refused, ui)?;
    fits(args.sampling, &trained)?;
    let place = Place {
        data: None,
        dir: args.data_dir.as_deref(),
        seed: args.seed.unwrap_or(0),
    };
    let found = sampled(&trained, &args.steps, way, &*device("cpu")?, place)?;
    let card = card(&trained, &found.network)?;
    let bytes = to_safetensors(&found.parameters, &card.to_metadata())?;
    outputs.write(&args.out, &bytes)?;
    let config = found.network.config();
    ui.answer(&ResampledWeights {
        weights: args.weights.display().to_string(),
        file: args.out.display().to_string(),
        network: config.name.clone(),
        steps_before: trained.network.config().body.steps.clone(),
        steps: config.body.steps.clone(),
        h: config.scheme.h.clone(),
        interpolation: interpolation_word(way.manner.interpolation),
        coefficients: found.coefficients.map(coefficients_word),
        statistics: statistics_word(way.statistics),
        images: found.images,
    });
    if let Some(path) = &args.recipe {
        let mut recipe = card.recipe()?;
        recipe.train.init = args.out.display().to_string();
        outputs.write(path, recipe.to_toml().as_bytes())?;
        ui.note(&format!(
            "wrote {}: `timestep train` takes it",
            path.display()
        ));
    }
    Ok(0)
}

/// Runs test images through networks with fewer and more steps, prints, draws.
pub(crate) fn run_convergence(args: &ConvergenceArgs, ui: Ui) -> Result<u8, Failure> {
    let named = [args.svg.as_deref(), args.csv.as_deref()];
    let inputs: Vec<&Path> = args.weights.iter().map(PathBuf::as_path).collect();
    let outputs = Outputs::check(&named, &inputs, args.overwrite.force)?;
    check_drawing(args.svg.as_deref())?;
    let factors = match &args.times[..] {
        [] => &FACTORS,
        times => times,
    };
    if let Some(factor) = factors.iter().find(|f| !(0.01..=100.0).contains(*f)) {
        return Err(Failure::usage(
            format!("--times {factor} is not between 0.01 and 100"),
            "0.5 halves the number of steps, 2 doubles it",
        )
        .coded(Code::AnalysisInput));
    }
    let engine = device(args.images.device())?;
    let way = way(args.sampling);
    let mut all = Vec::new();
    for path in &args.weights {
        let trained = trained::load(path, NonFinite::Refused, ui)?;
        fits(args.sampling, &trained)?;
        let sample = Sample::draw(&trained, &args.images.wanted(usize::MAX))?;
        let place = Place {
            data: args.images.data.as_deref(),
            dir: args.images.data_dir.as_deref(),
            seed: args.images.seed.unwrap_or(0),
        };
        let weights = path.display().to_string();
        let mut waiting = Waiting::new(ui, "images", sample.count());
        let what = (weights.as_str(), &trained);
        let mut done = |seen| waiting.at(seen);
        let found = converge(what, &sample, factors, way, &*engine, place, &mut done)?;
        drop(waiting);
        ui.answer(&found);
        all.push(found);
    }
    if let Some(path) = &args.svg {
        outputs.write(path, convergence(&all).as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &args.csv {
        outputs.write(path, table(&all).as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(0)
}

/// What the flags ask for.
fn way(args: Sampling) -> Way {
    Way {
        manner: Manner {
            interpolation: match args.interpolation {
                None | Some(InterpolationArg::Linear) => Interpolation::Linear,
                Some(InterpolationArg::Constant) => Interpolation::Constant,
            },
            coefficients: match args.coefficients {
                None | Some(CoefficientsArg::Rescaled) => Coefficients::Rescaled,
                Some(CoefficientsArg::Kept) => Coefficients::Kept,
            },
        },
        statistics: match args.statistics {
            None | Some(StatisticsArg::Interpolated) => Statistics::Interpolated,
            Some(StatisticsArg::Measured) => Statistics::Measured,
        },
    }
}

/// Refuses a wish about coefficients that a network cannot fulfil.
fn fits(args: Sampling, trained: &Trained) -> Result<(), Failure> {
    let scheme = trained.network.scheme();
    let problem = match args.coefficients {
        Some(_) if scheme.coefficient.is_none() => "has no learned coefficients",
        Some(CoefficientsArg::Rescaled) if !trained.network.has_single_coefficients() => {
            "has several coefficients in a step, which no rule rescales"
        }
        _ => return Ok(()),
    };
    Err(Failure::usage(
        format!("--coefficients: `{}` {problem}", trained.card.network.name),
        "leave --coefficients out",
    ))
}

/// Every row as comma-separated text.
fn table(all: &[ConvergenceOfNetwork]) -> String {
    let mut text = String::from(
        "weights,network,epoch,data,images,interpolation,coefficients,statistics,roughness,factor,steps,block_evaluations,top1,loss,agreement,distance\n",
    );
    for one in all {
        let quoted = |word: &str| match word.contains([',', '"']) {
            true => format!("\"{}\"", word.replace('"', "\"\"")),
            false => word.to_owned(),
        };
        for row in &one.rows {
            let steps: Vec<String> = row.steps.iter().map(ToString::to_string).collect();
            let cells = [
                quoted(&one.weights),
                quoted(&one.network),
                one.epoch.to_string(),
                quoted(&one.data),
                one.images.to_string(),
                one.interpolation.to_owned(),
                one.coefficients.unwrap_or_default().to_owned(),
                one.statistics.to_owned(),
                one.roughness.map_or(String::new(), |r| r.to_string()),
                row.factor.to_string(),
                steps.join(" "),
                row.block_evaluations.to_string(),
                row.top1.to_string(),
                row.loss.to_string(),
                row.agreement.to_string(),
                row.distance.to_string(),
            ];
            text.push_str(&(cells.join(",") + "\n"));
        }
    }
    text
}
