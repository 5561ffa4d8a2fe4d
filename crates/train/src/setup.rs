//! What does a recipe become before the first step? Data, network, loaders, schedule.

use crate::cluster::{Communicator, tree::own};
use crate::freeze::trained;
use crate::network::network_config;
use crate::recipe::{
    CropKind, DataSettings, Origin, PadMode as RecipePad, Recipe, Resolved, TaskRecipe,
};
use crate::schedules::Schedule;
use crate::trained::Card;
use crate::{DepthPenalty, LipschitzLimit, TrainError};
use timestep_data::{
    Augment, Chosen, Cutout, DataError, Dataset, Jitter, Loader, Mixup, Normalise, OpenOptions,
    PadMode, RandAugment, Share, View, Watch, open_watched,
};
use timestep_nets::{Home, InputShape, Network, preset};

/// Seed of the images that `data.limit` picks.
const LIMIT_SEED: u64 = 0x11_417;

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
        Self::watched(resolved, &|_, _| ())
    }

    /// [`Setup::new`], telling `watch` how many of how many images are decoded.
    ///
    /// # Errors
    /// As [`Setup::new`].
    pub fn watched(resolved: Resolved, watch: Watch<'_>) -> Result<Self, TrainError> {
        // Names of networks are checked before data is opened: a typo should not cost a minute.
        let named = &resolved.recipe.network;
        let home = preset(&named.preset).map_or(Home::Cifar, |preset| preset.home);
        Network::build(&network_config(
            named,
            &resolved.recipe.noise,
            home.input().0,
            10,
        )?)?;
        let mut resolved = resolved;
        let mut dataset = open_data(&resolved.recipe, watch)?;
        keep_chosen(&mut resolved, &dataset);
        let recipe = &resolved.recipe;
        let wanted = recipe.data.mean.len();
        if wanted != 0 && wanted != dataset.shape.channels {
            return Err(TrainError::OtherColours {
                what: "the recipe's `data.mean` and `data.std` are",
                wanted,
                given: dataset.shape.channels,
            });
        }
        if recipe.data.limit > 0 {
            let n = recipe.data.limit.min(dataset.train.len());
            // The same images for every seed: seeds then differ in training, not in data.
            let some: Vec<u32> =
                timestep_data::order(LIMIT_SEED, 0, dataset.train.len())[..n].to_vec();
            dataset.train = dataset.train.subset(&some)?;
        }
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
        let config = network_config(&recipe.network, &recipe.noise, input, dataset.classes.len())?;
        if config.classes < dataset.classes.len() {
            return Err(DataError::BadOption {
                option: "network.classes",
                value: config.classes.to_string(),
                expected: format!("at least the {} classes of the data", dataset.classes.len()),
            }
            .into());
        }
        let network = Network::build(&config)?;
        trained(&network, &recipe.train.freeze)?;
        DepthPenalty::of(&network, recipe.train.depth_penalty)?;
        LipschitzLimit::of(&network, recipe.train.lipschitz)?;
        let batch = recipe.train.batch.min(dataset.train.len());
        let part = recipe.train.part(batch);
        // Values, gradients, and what every optimiser remembers at least.
        network.check_training(part, 3)?;
        let schedule = Schedule::of(recipe);
        let setup = Self {
            dataset,
            normalise,
            network,
            schedule,
            resolved,
        };
        // Whether the images can be varied as asked is known now; a run should not begin before.
        setup.train_loader()?;
        Ok(setup)
    }

    /// A sentence if the network tells more classes apart than the data has: the others are never right.
    #[must_use]
    pub fn surplus_classes(&self) -> Option<String> {
        let (asked, there) = (self.network.config().classes, self.dataset.classes.len());
        (asked > there).then(|| {
            format!(
                "the network tells {asked} classes apart, and `{}` has {there}: the other {} have no images to learn \
                 from",
                self.dataset.name,
                asked - there
            )
        })
    }

    /// A sentence if the network is measured on the images that it learns.
    #[must_use]
    pub fn overfits(&self) -> Option<String> {
        (self.recipe().train.overfit > 0).then(|| {
            format!(
                "the test images are the {} training images (`train.overfit`): what is measured says what was learned by heart, \
                 not how good the network is",
                self.dataset.train.len()
            )
        })
    }

    /// The recipe.
    #[must_use]
    pub fn recipe(&self) -> &Recipe {
        &self.resolved.recipe
    }

    /// The part of each batch that a rank computes.
    #[must_use]
    pub fn share(&self, ranks: &dyn Communicator) -> Share {
        let shards = self.recipe().train.shards.max(1);
        Share {
            shards,
            own: own(shards, ranks.rank(), ranks.size()),
        }
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
        Ok(loader.augmented(self.augment(), seed)?)
    }

    /// How training images are varied; a run that learns some by heart varies none.
    #[must_use]
    pub fn augment(&self) -> Augment {
        let data = &self.recipe().data;
        Augment {
            view: view(data),
            pad: data.pad,
            pad_mode: match data.pad_mode {
                RecipePad::Zero => PadMode::Zero,
                RecipePad::Reflect => PadMode::Reflect,
            },
            flip: data.flip,
            alternate: data.alternate_flip,
            jitter: match data.jitter[..] {
                [brightness, contrast, saturation] => Jitter {
                    brightness,
                    contrast,
                    saturation,
                },
                _ => Jitter::OFF,
            },
            rand_augment: match data.rand_augment[..] {
                [operations, magnitude] => RandAugment {
                    operations,
                    magnitude,
                },
                _ => RandAugment::OFF,
            },
            cutout: Cutout { size: data.cutout },
            mixup: Mixup { alpha: data.mixup },
        }
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

    /// The name of its run folder: the data, the network, the noise and the seed.
    #[must_use]
    pub fn default_name(&self) -> String {
        // A folder of one's own is called by its name.
        let data = &self.dataset.name;
        let own = timestep_data::info(data).is_ok_and(|info| info.shape.is_none());
        let place = std::path::Path::new(&self.recipe().data.dir);
        let stem = place.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.filter(|stem| own && crate::run::check_name(stem).is_ok());
        // A published network that has a noise of its own need not be called by it.
        let noise = self.recipe().network.noise.replace("none", "");
        let network = &self.network.config().name;
        crate::run::default_name(
            network,
            &noise,
            stem.unwrap_or(data),
            self.recipe().train.seed,
        )
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
    pub(crate) fn portable_recipe(&self) -> Recipe {
        let mut recipe = self.recipe().clone();
        recipe.data.dir.clear();
        recipe.train.time.clear();
        recipe
    }
}

/// Puts what opening the data decided into the recipe, so that the run says it and can be repeated.
fn keep_chosen(resolved: &mut Resolved, dataset: &Dataset) {
    let Chosen { size, held_out } = dataset.chosen;
    let data = &mut resolved.recipe.data;
    let mut note = |path| {
        let origin = Origin::Recipe("chosen for this data".to_owned());
        resolved.origins.insert(path, origin);
    };
    if let Some(size) = size {
        data.size = size;
        note("data.size");
    }
    if let Some(share) = held_out.filter(|_| data.held_out == 0.0) {
        data.held_out = share;
        note("data.held_out");
    }
}

/// Which part of a training image is seen.
fn view(data: &DataSettings) -> View {
    match (data.crop, &data.scale[..]) {
        (CropKind::Pad, _) => View::Padded,
        (CropKind::RandomResized, [low, high]) => View::RandomResized {
            scale: (*low, *high),
            ratio: (3.0 / 4.0, 4.0 / 3.0),
        },
        (CropKind::RandomResized, _) => View::RANDOM_RESIZED,
        (CropKind::Scale, [low, high]) => View::Scaled {
            shorter: (*low as usize, *high as usize),
        },
        (CropKind::Scale, _) => View::SCALED,
    }
}

/// Opens the data set of a recipe, telling `watch` how many images are decoded.
fn open_data(recipe: &Recipe, watch: Watch<'_>) -> Result<Dataset, TrainError> {
    let data = &recipe.data;
    let options = OpenOptions {
        dir: (!data.dir.is_empty()).then(|| data.dir.clone().into()),
        size: (data.size > 0).then_some(data.size),
        held_out: (data.held_out > 0.0).then_some(data.held_out),
        split_seed: data.split_seed as u64,
        resize: (data.resize > 0).then_some(data.resize),
        full: view(data).needs_whole() || !data.jitter.is_empty(),
        ..OpenOptions::default()
    };
    let dataset = open_watched(&data.name, &options, watch)?;
    Ok(match data.classes.is_empty() {
        true => dataset,
        false => dataset.of_classes(&data.classes)?,
    })
}
