//! What does a recipe become before the first step? Data, network, loaders, schedule.

use crate::TrainError;
use crate::network::network_config;
use crate::recipe::{PadMode as RecipePad, Recipe, Resolved};
use crate::schedule::Schedule;
use crate::trained::Card;
use timestep_data::{Augment, DataError, Dataset, Loader, Normalise, OpenOptions, PadMode, open};
use timestep_nets::{InputShape, Network};

/// Everything that a recipe stands for, ready to be trained.
#[derive(Debug)]
pub struct Setup {
    /// The recipe.
    pub resolved: Resolved,
    /// The images, reduced to a few if the recipe overfits.
    pub dataset: Dataset,
    /// What pixels are normalised with.
    pub normalise: Normalise,
    /// The architecture.
    pub network: Network,
    /// The learning rate over time.
    pub schedule: Schedule,
}

impl Setup {
    /// Opens the data and builds the network.
    ///
    /// # Errors
    /// [`TrainError::Data`] for unusable data, [`TrainError::Net`] for an impossible network.
    pub fn new(resolved: Resolved) -> Result<Self, TrainError> {
        // Names of networks are checked before data is opened: a typo should not cost a minute.
        let probe = InputShape {
            channels: 3,
            height: 32,
            width: 32,
        };
        Network::build(&network_config(&resolved.recipe.network, probe, 10)?)?;
        let mut dataset = open_data(&resolved.recipe)?;
        let recipe = &resolved.recipe;
        if recipe.train.overfit > 0 {
            let n = recipe.train.overfit.min(dataset.train.len());
            let first: Vec<u32> =
                timestep_data::order(recipe.train.seed, 0, dataset.train.len())[..n].to_vec();
            dataset.train = dataset.train.subset(&first)?;
            dataset.test = dataset.train.clone();
        }
        let normalise = if recipe.data.mean.is_empty() {
            Normalise::from_split(&dataset.train)?
        } else {
            let f32s = |values: &[f64]| values.iter().map(|v| *v as f32).collect();
            Normalise::new(f32s(&recipe.data.mean), f32s(&recipe.data.std))?
        };
        let input = InputShape {
            channels: dataset.shape.channels,
            height: dataset.shape.height,
            width: dataset.shape.width,
        };
        let config = network_config(&recipe.network, input, dataset.classes.len())?;
        if config.classes < dataset.classes.len() {
            return Err(DataError::BadOption {
                option: "network.classes",
                value: config.classes.to_string(),
                expected: format!("at least the {} classes of the data", dataset.classes.len()),
            }
            .into());
        }
        let network = Network::build(&config)?;
        let schedule = Schedule::of(recipe);
        Ok(Self {
            dataset,
            normalise,
            network,
            schedule,
            resolved,
        })
    }

    /// The recipe.
    #[must_use]
    pub fn recipe(&self) -> &Recipe {
        &self.resolved.recipe
    }

    /// Shuffled, augmented batches of the training images.
    ///
    /// # Errors
    /// [`TrainError::Data`] if the padding does not fit the images.
    pub fn train_loader(&self) -> Result<Loader<'_>, TrainError> {
        let recipe = self.recipe();
        let seed = recipe.train.seed;
        let loader = Loader::new(
            &self.dataset.train,
            recipe.train.batch,
            self.normalise.clone(),
        )?
        .shuffled(seed);
        if recipe.train.overfit > 0 {
            return Ok(loader);
        }
        let augment = Augment {
            pad: recipe.data.pad,
            pad_mode: match recipe.data.pad_mode {
                RecipePad::Zero => PadMode::Zero,
                RecipePad::Reflect => PadMode::Reflect,
            },
            flip: recipe.data.flip,
        };
        Ok(loader.augmented(augment, seed)?)
    }

    /// Plain batches of the test images.
    ///
    /// # Errors
    /// [`TrainError::Data`] never, for a checked recipe.
    pub fn test_loader(&self) -> Result<Loader<'_>, TrainError> {
        let batch = self.recipe().train.eval_batch;
        Ok(Loader::new(
            &self.dataset.test,
            batch,
            self.normalise.clone(),
        )?)
    }

    /// Optimiser steps in an epoch.
    #[must_use]
    pub fn steps_per_epoch(&self) -> usize {
        self.dataset.train.len().div_ceil(self.recipe().train.batch)
    }

    /// What is stored beside weights of this run.
    #[must_use]
    pub fn card(&self, epoch: usize, top1: f64) -> Card {
        Card {
            network: self.network.config().clone(),
            classes: self.dataset.classes.clone(),
            normalise: self.normalise.clone(),
            data: self.dataset.name.clone(),
            recipe: self.portable_recipe().to_toml(),
            epoch,
            top1,
        }
    }

    /// The recipe without what may change between machines: weights stay byte-equal wherever
    /// the data lies and however long the run may take.
    fn portable_recipe(&self) -> Recipe {
        let mut recipe = self.recipe().clone();
        recipe.data.dir.clear();
        recipe.train.time.clear();
        recipe
    }
}

/// Opens the data set of a recipe.
///
/// # Errors
/// [`TrainError::Data`] with the reason.
pub fn open_data(recipe: &Recipe) -> Result<Dataset, TrainError> {
    let data = &recipe.data;
    let options = OpenOptions {
        dir: (!data.dir.is_empty()).then(|| data.dir.clone().into()),
        size: (data.size > 0).then_some(data.size),
        ..OpenOptions::default()
    };
    Ok(open(&data.name, &options)?)
}
