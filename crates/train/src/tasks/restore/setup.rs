//! What does the recipe of a restorer become before the first evaluation? Pictures with noise, a model, phases.

use crate::TrainError;
use crate::files::{Action, FileError};
use crate::recipe::{RecipeError, Resolved, RestoreRecipe, TaskRecipe};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use timestep_data::Degradation;
use timestep_restore::learned::{
    Choice, Draws, Lengths, Phase, Restorer, Sample, Source, picture_files, samples, weights_named,
};

/// Seed of the noise on test pictures: the same for every run, so that runs can be compared.
const TEST_SEED: u64 = 0;

/// Everything that the recipe of a restorer stands for, ready to be trained.
pub struct RestoreSetup {
    /// The recipe.
    pub resolved: Resolved<RestoreRecipe>,
    /// Pictures of all phases but those of `train.finish` and `train.drawn`.
    pub train: Vec<Sample>,
    /// Every picture of the folder; empty if no phase uses them.
    pub all: Vec<Sample>,
    /// Pictures that are measured on.
    pub test: Vec<Sample>,
    /// The model before training.
    pub start: Restorer,
    /// The phases, each with what it is trained on.
    pub phases: Vec<(Phase, Source)>,
    /// What happens to clean pictures.
    noise: Box<dyn Degradation>,
}

impl RestoreSetup {
    /// Reads the pictures and makes the model.
    ///
    /// # Errors
    /// [`TrainError::Pictures`] for pictures that cannot be used, [`TrainError::Restore`] for a model that cannot be.
    pub fn new(resolved: Resolved<RestoreRecipe>) -> Result<Self, TrainError> {
        let start = start(&resolved.recipe)?;
        let (recipe, data) = (&resolved.recipe, &resolved.recipe.data);
        if data.dir.is_empty() {
            return Err(TrainError::NeedsPictures);
        }
        let (folder, seed) = (Path::new(&data.dir), recipe.train.seed);
        // A recipe was checked before.
        let noise = recipe
            .degradation()
            .map_err(|bad| RecipeError::unfit("data.noise", bad.text, bad.why, &bad.hint))?;
        let choice = Choice {
            every: data.every,
            skip: data.skip,
        };
        let train = samples(folder, choice, &*noise, seed)?;
        let every = recipe.train.uses_every_picture();
        let all = match every {
            false => Vec::new(),
            true => samples(folder, Choice::ALL, &*noise, seed)?,
        };
        let test = match test_choice(recipe) {
            None => Vec::new(),
            Some((dir, test)) => {
                apart((folder, choice), (&dir, test), every)?;
                samples(&dir, test, &*noise, TEST_SEED)?
            }
        };
        let phases = start.phases(Lengths {
            greedy: recipe.train.greedy,
            joint: recipe.train.joint,
            finish: recipe.train.finish,
            drawn: recipe.train.drawn,
        });
        Ok(Self {
            resolved,
            train,
            all,
            test,
            start,
            phases,
            noise,
        })
    }

    /// The recipe.
    #[must_use]
    pub fn recipe(&self) -> &RestoreRecipe {
        &self.resolved.recipe
    }

    /// The pictures of a phase, with noise that was drawn once.
    pub(super) fn samples(&self, source: Source) -> &[Sample] {
        match source {
            Source::Every | Source::Drawn => &self.all,
            Source::Chosen => &self.train,
        }
    }

    /// What is drawn for phases whose noise is.
    pub(super) fn draws(&self) -> Draws<'_> {
        Draws {
            pictures: &self.all,
            noise: &*self.noise,
            seed: self.recipe().train.seed,
            count: self.recipe().train.drawn_batch,
        }
    }

    /// The name of its run folder: the model, the noise level, the kind of noise where it is not Gaussian, and the seed.
    #[must_use]
    pub fn default_name(&self) -> String {
        let recipe = self.recipe();
        let (model, sigma) = (recipe.model_name(), recipe.model.sigma);
        let kind = match recipe.degradation() {
            Ok(noise) if !recipe.data.noise.is_empty() => format!("-{}", noise.facts().key),
            _ => String::new(),
        };
        format!("{model}-s{sigma}{kind}-seed{}", recipe.train.seed)
    }

    /// Fingerprint of all pictures.
    pub(super) fn fingerprint(&self) -> String {
        fingerprint([&self.train, &self.all, &self.test].into_iter().flatten())
    }

    /// Fingerprint of the pictures that are measured on; empty without any.
    pub(super) fn test_fingerprint(&self) -> String {
        match self.test.as_slice() {
            [] => String::new(),
            pictures => fingerprint(pictures.iter()),
        }
    }

    /// The recipe as text, without what may change between machines: weights stay byte-equal wherever the pictures lie and
    /// however long the run may take.
    pub(super) fn portable_recipe(&self) -> String {
        let mut recipe = self.recipe().clone();
        recipe.data.dir.clear();
        recipe.data.test_dir.clear();
        recipe.train.time.clear();
        recipe.to_toml()
    }
}

/// The model before training: the published start, or the weights that are named.
fn start(recipe: &RestoreRecipe) -> Result<Restorer, TrainError> {
    let model = &recipe.model;
    let start = Restorer::start(recipe.scheme(), model.size, model.steps, model.sigma)?;
    if model.start.is_empty() {
        return Ok(start);
    }
    let bytes =
        weights_named(&model.start).map_err(|e| FileError::new(Action::Read, &model.start, e))?;
    start
        .with_weights(&bytes)
        .map_err(|source| TrainError::Start {
            start: model.start.clone(),
            source,
        })
}

/// The pictures that are measured on, if there are some.
fn test_choice(recipe: &RestoreRecipe) -> Option<(PathBuf, Choice)> {
    let data = &recipe.data;
    if !recipe.has_test() {
        return None;
    }
    let dir = match data.test_dir.as_str() {
        "" => &data.dir,
        dir => dir,
    };
    let choice = Choice {
        every: data.test_every.max(1),
        skip: data.test_skip,
    };
    Some((dir.into(), choice))
}

/// Refuses to measure on pictures that are trained on.
fn apart(
    (train_dir, train): (&Path, Choice),
    (test_dir, test): (&Path, Choice),
    all: bool,
) -> Result<(), TrainError> {
    let same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        // What is wrong with a folder is said when its pictures are read.
        _ => false,
    };
    if !same(train_dir, test_dir) {
        return Ok(());
    }
    let files = picture_files(train_dir)?;
    let both = (0..files.len()).find(|i| test.takes(*i) && (all || train.takes(*i)));
    match both {
        None => Ok(()),
        Some(index) => Err(TrainError::NotHeldOut {
            picture: files[index].clone(),
        }),
    }
}

/// SHA-256 of sizes and pixels.
fn fingerprint<'a>(pictures: impl Iterator<Item = &'a Sample>) -> String {
    let mut hash = Sha256::new();
    for sample in pictures {
        for plane in [&sample.clean, &sample.noisy] {
            hash.update((plane.width() as u64).to_le_bytes());
            hash.update((plane.height() as u64).to_le_bytes());
            for pixel in plane.pixels() {
                hash.update(pixel.to_le_bytes());
            }
        }
    }
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}
