//! `timestep reproduce --dry-run`: what would be done, and for about how long?

use crate::failure::Failure;
use crate::ui::Ui;
use serde_json::json;
use std::time::Instant;
use timestep_nets::{Home, Network, Targets, device, preset};
use timestep_train::recipe::OptimiserSettings;
use timestep_train::recipe::Recipe;
use timestep_train::reproduce::{Progress, Reproduction, Task};
use timestep_train::{Examples, Learner};
use timestep_train::{Setup, TrainError, network_config};

/// What would be done, and for about how long.
pub(super) fn run(reproduction: &Reproduction, tasks: &[Task], ui: Ui) -> Result<u8, Failure> {
    let speed = speed()?;
    let (mut rows, mut total) = (Vec::new(), 0.0);
    for task in tasks {
        let resolved = reproduction
            .budget
            .recipe(task.recipe, task.sets, task.seed)?;
        let (epochs, batch) = (resolved.recipe.train.epochs, resolved.recipe.train.batch);
        let progress = match reproduction.progress(task) {
            Progress::Waiting => "waiting",
            Progress::Begun => "begun",
            Progress::Diverged => "diverged",
            Progress::Refused(_) => "refused",
            Progress::Done(_) => "done",
        };
        // Data that is not there is no reason to hide the plan: its size is known.
        let (images, tests, network, trouble) = match Setup::new(resolved.clone()) {
            Ok(setup) => {
                let data = (setup.dataset.train.len(), setup.dataset.test.len());
                (Some(data.0), data.1, Some(setup.network), None)
            }
            Err(TrainError::Net(error)) => (None, 0, None, Some(error.to_string())),
            Err(error) => {
                let (images, tests) = size(&resolved.recipe);
                let home = preset(&resolved.recipe.network.preset)?.home;
                let (input, classes) = home.input();
                let (settings, noise) = (&resolved.recipe.network, &resolved.recipe.noise);
                let config = network_config(settings, noise, input, classes)?;
                let network = Network::build(&config)?;
                (images, tests, Some(network), Some(error.to_string()))
            }
        };
        let hours = images.zip(network).map(|(images, network)| {
            let adds = network.cost().multiply_adds as f64;
            // A backward pass is two forward ones; every epoch measures the test images too.
            adds * (3 * images + tests) as f64 * epochs as f64 / speed / 3600.0
        });
        if progress != "done" {
            total += hours.unwrap_or(0.0);
        }
        if ui.json {
            ui.object(json!({
                "recipe": task.recipe, "seed": task.seed, "epochs": epochs, "batch": batch, "images": images,
                "hours": hours, "progress": progress, "run": task.folder.display().to_string(),
                "trouble": trouble,
            }));
        }
        rows.push(vec![
            task.recipe.to_owned(),
            task.seed.to_string(),
            epochs.to_string(),
            batch.to_string(),
            images.map_or("?".into(), |n| n.to_string()),
            hours.map_or("?".into(), in_words),
            trouble.unwrap_or_else(|| progress.to_owned()),
        ]);
    }
    if !ui.json {
        let head = [
            "recipe", "seed", "epochs", "batch", "images", "about", "state",
        ];
        rows.insert(0, head.map(String::from).to_vec());
        ui.data(&format!(
            "{}\n{}\n\n{}\nabout {} in all, from the multiplications of each network at the speed of lm-resnet-20 \
             on this machine now;\nwide networks are up to twice as fast, thin ones half as fast. Nothing was written.",
            reproduction.table.title,
            reproduction.budget.describe(),
            crate::ui::table(&rows),
            in_words(total),
        ));
    }
    Ok(0)
}

/// Images for training and testing that a recipe's data set has, if it is known without its files.
fn size(recipe: &Recipe) -> (Option<usize>, usize) {
    let (images, tests) = match timestep_data::info(&recipe.data.name) {
        // A folder of photographs of the size that a network was published for is what it was published for.
        Ok(info) if info.shape.is_none() => match preset(&recipe.network.preset) {
            Ok(preset) if preset.home.input().0.height == recipe.data.size => {
                let (train, test) = preset.home.images();
                (Some(train), test)
            }
            _ => (None, 0),
        },
        Ok(info) => (info.train, info.test.unwrap_or(0)),
        Err(_) => (None, 0),
    };
    let limited = |n: usize| match recipe.data.limit {
        0 => n,
        limit => n.min(limit),
    };
    (images.map(limited), tests)
}

/// Hours as a person says them.
fn in_words(hours: f64) -> String {
    match hours * 60.0 {
        m if m < 1.0 => format!("{:.0} s", m * 60.0),
        m if m < 120.0 => format!("{m:.0} min"),
        _ => format!("{hours:.0} h"),
    }
}

/// Multiply-adds a second in training, measured on steps of lm-resnet-20.
fn speed() -> Result<f64, Failure> {
    const BATCH: usize = 32;
    let (input, classes) = Home::Cifar.input();
    let network = Network::build(&preset("lm-resnet-20")?.config(input, classes))?;
    let mut parameters = network.init(0);
    let settings = OptimiserSettings::default();
    let mut learner = Learner::new(device("cpu")?, &settings, network.specs())?;
    let dims = [BATCH, input.channels, input.height, input.width];
    let images = vec![0.0; dims.iter().product()];
    let targets = Targets::of(&[0; BATCH]);
    let examples = Examples {
        dims,
        images: &images,
        targets: &targets,
    };
    let mut fastest = f64::INFINITY;
    for _ in 0..4 {
        let began = Instant::now();
        let _ = learner.step(&network, &mut parameters, &examples, 0.01, None)?;
        fastest = fastest.min(began.elapsed().as_secs_f64());
    }
    Ok(3.0 * (network.cost().multiply_adds * BATCH) as f64 / fastest)
}
