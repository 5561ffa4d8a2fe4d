//! What would be done to make a table, and for about how long?

use super::pace::Pace;
use super::{Progress, Reproduction, Task};
use crate::answer;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use timestep_nets::{Network, preset};
use timestep_train::recipe::Recipe;
use timestep_train::{Setup, TrainError, network_config};

answer! {
    /// A run of a table that is to be made.
    pub struct PlannedRun {
        /// Its recipe.
        pub recipe: &'static str,
        /// Its seed.
        pub seed: u64,
        /// Epochs.
        pub epochs: usize,
        /// Images of a batch.
        pub batch: usize,
        /// Training images; null if the data is not there and its size not known.
        pub images: Option<usize>,
        /// Hours on this machine, about: from some steps of its network, timed now; null where it cannot be built or stepped.
        pub hours: Option<f64>,
        /// How far it is: `waiting`, `begun`, `diverged`, `refused` or `done`.
        pub progress: &'static str,
        /// Its folder.
        pub run: String,
        /// Why it cannot be run as things are.
        pub trouble: Option<String>,
    }
}

/// What would be done to make a table; in JSON the list of its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What the table compares.
    pub title: &'static str,
    /// What the runs are given to work with, in words.
    pub budget: String,
    /// The runs.
    pub runs: Vec<PlannedRun>,
    /// Hours of all runs that are not done, as far as they are known.
    pub hours: f64,
}

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.runs.serialize(serializer)
    }
}

impl Plan {
    /// The plan of some runs of a table. Nothing is written; this machine is timed for some steps.
    ///
    /// # Errors
    /// [`TrainError`] for a recipe that does not resolve.
    pub fn of(reproduction: &Reproduction, tasks: &[Task]) -> Result<Self, TrainError> {
        let mut paces = Paces::default();
        let runs: Result<Vec<PlannedRun>, TrainError> = (tasks.iter())
            .map(|task| PlannedRun::of(reproduction, task, &mut paces))
            .collect();
        let runs = runs?;
        let open = runs.iter().filter(|run| run.progress != "done");
        Ok(Self {
            title: reproduction.table.title,
            budget: reproduction.budget.describe(),
            hours: open.filter_map(|run| run.hours).sum(),
            runs,
        })
    }
}

/// What was timed, by recipe and settings: seeds do not change it.
type Paces = BTreeMap<(&'static str, &'static [&'static str]), Option<Pace>>;

impl PlannedRun {
    fn of(reproduction: &Reproduction, task: &Task, paces: &mut Paces) -> Result<Self, TrainError> {
        let budget = &reproduction.budget;
        let resolved = budget.recipe(task.recipe, task.sets, task.seed)?;
        let (epochs, batch) = (resolved.recipe.train.epochs, resolved.recipe.train.batch);
        let progress: Progress = reproduction.progress(task);
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
        let pace = network.and_then(|network| {
            let of = || Pace::of(&network, &resolved.recipe).ok();
            *paces.entry((task.recipe, task.sets)).or_insert_with(of)
        });
        let hours = images.zip(pace).map(|(images, pace)| {
            // Every epoch measures the test images too.
            let epoch = pace.train * images as f64 + pace.test * tests as f64;
            epoch * epochs as f64 / 3600.0
        });
        Ok(Self {
            recipe: task.recipe,
            seed: task.seed,
            epochs,
            batch,
            images,
            hours,
            progress: progress.word(),
            run: task.folder.display().to_string(),
            trouble,
        })
    }
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
