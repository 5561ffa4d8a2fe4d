//! `timestep train denoising/…`: how does a recipe of a restorer become a run?

use crate::args::{RecipeFlags, Train};
use crate::codes::Code;
use crate::failure::{Failure, INTERRUPTED};
use crate::ui::{Ui, table};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use timestep_restore::training::{Event, Outcome, RestoreRecipe, embedded_text, samples, train};
use timestep_train::files::{self};
use timestep_train::run;

/// The text of the recipe that is asked for, if it is one of a restorer: an embedded one, a file, or that of a run.
pub(crate) fn text(args: &Train) -> Option<String> {
    match &args.resume {
        Some(run) => named(&run.to_string_lossy()),
        None => named(args.recipe.as_deref()?),
    }
}

/// The text of a recipe by name, file or run folder, if it is one of a restorer.
pub(crate) fn named(name: &str) -> Option<String> {
    let text = match embedded_text(name) {
        Some(text) => text.to_owned(),
        None => {
            let path = Path::new(name);
            let file = path.join(run::RECIPE);
            std::fs::read_to_string(if path.is_dir() { &file } else { path }).ok()?
        }
    };
    RestoreRecipe::recognises(&text).then_some(text)
}

/// Prints every setting of a recipe, with where it comes from.
pub(crate) fn show(text: &str, flags: &RecipeFlags, ui: Ui) -> Result<u8, Failure> {
    let changes = changes(flags)?;
    let recipe = RestoreRecipe::parse(text, &changes)?;
    let mut rows = vec![["setting", "value", "from"].map(String::from).to_vec()];
    for (path, value) in recipe.values()? {
        let changed = changes.iter().any(|(key, _)| *key == path);
        let origin = if changed { "command line" } else { "recipe" };
        if ui.json {
            ui.object(json!({"path": path, "value": value, "origin": origin}));
        }
        rows.push(vec![path, value, origin.to_owned()]);
    }
    if !ui.json {
        ui.data(&table(&rows));
    }
    Ok(0)
}

/// Trains a restorer, or continues its run.
pub(crate) fn run(args: &Train, text: &str, stop: Arc<AtomicBool>, ui: Ui) -> Result<u8, Failure> {
    let changes = changes(&args.flags)?;
    if args.resume.is_some() && !changes.is_empty() {
        return Err(Failure::usage(
            "settings of a run cannot change when it is continued",
            "leave out --seed, --scheme and --set, or start another run",
        )
        .coded(Code::OtherSettings));
    }
    let recipe = RestoreRecipe::parse(text, &changes)?;
    let name = format!(
        "{}-{}x{}-s{}",
        recipe.model.method, recipe.model.size, recipe.model.size, recipe.model.sigma
    );
    let data = data_folder(args)?;
    if args.dry_run {
        let pictures = samples(&data, &recipe)?;
        let pixels: usize = pictures.iter().map(|s| s.clean.pixels().len()).sum();
        let text = recipe.to_toml()?;
        ui.data(&format!(
            "{text}\n# {} pictures, {pixels} pixels; nothing was written",
            pictures.len()
        ));
        return Ok(0);
    }
    let folder = match &args.resume {
        Some(folder) => folder.clone(),
        None => run::create(&args.out, args.name.as_deref().unwrap_or(&name))?,
    };
    let environment = json!({
        "machine": run::environment(rayon::current_num_threads()),
        "data_dir": std::fs::canonicalize(&data).unwrap_or(data.clone()).display().to_string(),
    });
    files::write_atomic(&folder.join(ENVIRONMENT), |out| {
        out.write_all(environment.to_string().as_bytes())
    })?;
    let mut each = |event: &Event| {
        tell(event, ui);
        !stop.load(Ordering::SeqCst)
    };
    let weights = folder.join("weights/last.safetensors");
    match train(&recipe, &data, &folder, &mut each)? {
        Outcome::Interrupted => {
            ui.note(&format!(
                "interrupted; the state is saved\ncontinue with: timestep train --resume {}",
                folder.display()
            ));
            Ok(INTERRUPTED)
        }
        Outcome::Finished { psnr } => {
            if ui.json {
                ui.object(json!({"event": "trained", "method": recipe.model.method, "sigma": recipe.model.sigma, "psnr": psnr, "weights": weights.display().to_string()}));
            } else {
                ui.data(&format!(
                    "{name}: PSNR {psnr:.3} dB on the training pictures\nweights in {}\nclean a picture with: timestep denoise \
                     PICTURE -o OUT --method {} --model {}",
                    weights.display(),
                    recipe.model.method,
                    weights.display()
                ));
            }
            Ok(0)
        }
    }
}

/// What the run remembers besides its recipe.
const ENVIRONMENT: &str = "environment.json";

/// The folder of pictures: the flag, or what the run remembers.
fn data_folder(args: &Train) -> Result<PathBuf, Failure> {
    if let Some(folder) = &args.flags.data_dir {
        return Ok(PathBuf::from(folder));
    }
    let remembered = args.resume.as_ref().and_then(|run| {
        let text = std::fs::read_to_string(run.join(ENVIRONMENT)).ok()?;
        let value: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(PathBuf::from(value.get("data_dir")?.as_str()?))
    });
    remembered.ok_or_else(|| {
        Failure::usage(
            "the pictures to train on are not named",
            "give their folder with --data-dir, for instance the 400 crops of BSDS500 that denoisers are trained on",
        )
        .coded(Code::TrainingPictures)
    })
}

/// Flags as settings; those that only classifiers have are refused.
fn changes(flags: &RecipeFlags) -> Result<Vec<(String, String)>, Failure> {
    let others = [
        ("--epochs", &flags.epochs),
        ("--batch", &flags.batch),
        ("--lr", &flags.lr),
        ("--net", &flags.net),
        ("--block", &flags.block),
        ("--noise", &flags.noise),
        ("--optimiser", &flags.optimiser),
        ("--init", &flags.init),
        ("--freeze", &flags.freeze),
        ("--width", &flags.width),
        ("--data", &flags.data),
        ("--overfit", &flags.overfit),
        ("--time", &flags.time),
    ];
    if let Some((flag, _)) = others.iter().find(|(_, value)| value.is_some()) {
        return Err(Failure::usage(
            format!("{flag} is not a setting of a restorer"),
            "its settings are model.{size,steps,scheme,sigma,start}, data.{every,skip}, train.{greedy,joint,seed}: --set model.sigma=15",
        )
        .coded(Code::RestorerRecipe));
    }
    let mut changes = Vec::new();
    let own = [
        ("train.seed", &flags.seed),
        ("model.scheme", &flags.scheme),
        ("model.steps", &flags.steps),
    ];
    for (path, value) in own {
        if let Some(value) = value {
            changes.push((path.to_owned(), value.clone()));
        }
    }
    for assignment in &flags.sets {
        let Some((path, value)) = assignment.split_once('=') else {
            return Err(Failure::usage(
                format!("--set {assignment} is not an assignment"),
                "write --set section.key=value, for instance --set model.sigma=15",
            )
            .coded(Code::Syntax));
        };
        changes.push((path.trim().to_owned(), value.trim().to_owned()));
    }
    Ok(changes)
}

/// Says what happens.
fn tell(event: &Event, ui: Ui) {
    match event {
        Event::Phase {
            number,
            of,
            phase,
            parameters,
            pictures,
            replayed,
        } => {
            let steps = if phase.last == phase.first + 1 {
                format!("step {}", phase.last)
            } else {
                format!("steps {} to {} together", phase.first + 1, phase.last)
            };
            let again = match replayed {
                0 => String::new(),
                n => format!(", {n} evaluations known"),
            };
            ui.note(&format!(
                "phase {} of {of}: {steps}, {parameters} parameters, {pictures} pictures, at most {} iterations{again}",
                number + 1,
                phase.iterations
            ));
        }
        Event::Evaluated {
            phase,
            evaluation,
            psnr,
            seconds,
        } => {
            if ui.json {
                ui.object(json!({"event": "evaluation", "phase": phase, "evaluation": evaluation, "psnr": psnr, "seconds": seconds}));
            } else if evaluation % 5 == 0 {
                ui.note(&format!(
                    "  evaluation {evaluation}: {psnr:.3} dB, {seconds:.0} s"
                ));
            }
        }
    }
}
