//! How do weights of another program become weights of a network of ours? Their names are mapped, and what a file of weights does not
//! tell (classes, normalisation) is taken from the recipe.

use super::ImportedFile;
use std::path::Path;
use timestep_data::{Normalise, OpenOptions};
use timestep_nets::foreign::{ForeignFile, Mapping, Target, map_names};
use timestep_nets::{Home, Network, Role, WeightsFile, to_safetensors};
use timestep_train::recipe::{Recipe, TaskRecipe};
use timestep_train::{Card, TrainError, check_finite, network_config};

/// Mean and deviation that most programs normalise CIFAR images with.
const MEAN: [f32; 3] = [0.4914, 0.4822, 0.4465];
/// See [`MEAN`].
const STD: [f32; 3] = [0.2023, 0.1994, 0.2010];

/// The name of a class that a file of weights does not tell.
#[must_use]
pub fn placeholder(class: usize) -> String {
    format!("class {class}")
}

/// Arrays that found their places in a network.
pub struct Import {
    /// The network.
    pub network: Network,
    /// Classes that it tells apart.
    pub classes: usize,
    mapping: Mapping,
}

impl Import {
    /// Maps the arrays of a file to the network of a recipe; `classes` as the recipe's data says, unless given. `home` is what the
    /// network was published for.
    ///
    /// # Errors
    /// [`TrainError`] if the network cannot be built.
    pub fn map(
        foreign: &ForeignFile,
        recipe: &Recipe,
        home: Home,
        given: Option<usize>,
    ) -> Result<Self, TrainError> {
        let (mut input, mut classes) = home.input();
        let info = timestep_data::info(&recipe.data.name)?;
        if let Some(shape) = info.shape {
            (input.channels, input.height, input.width) =
                (shape.channels, shape.height, shape.width);
        }
        if recipe.data.size > 0 {
            (input.height, input.width) = (recipe.data.size, recipe.data.size);
        }
        classes = given.or(info.classes).unwrap_or(classes);
        let network = Network::build(&network_config(
            &recipe.network,
            &recipe.noise,
            input,
            classes,
        )?)?;
        let targets: Vec<Target> = (network.specs().iter())
            .map(|spec| Target {
                name: spec.name.clone(),
                shape: spec.shape.clone(),
                is_buffer: spec.role == Role::Buffer,
                is_coefficient: spec.role == Role::Coefficient,
            })
            .collect();
        Ok(Self {
            network,
            classes,
            mapping: map_names(foreign, &targets),
        })
    }

    /// What became of the arrays.
    #[must_use]
    pub fn report(&self, foreign: &ForeignFile) -> ImportedFile {
        ImportedFile::new(foreign, &self.mapping)
    }

    /// Whether every array of the network is filled, and nothing left over.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.mapping.is_complete()
    }

    /// The number of classes of the file, where that is what keeps it from fitting: the most frequent reason, with an easy remedy.
    #[must_use]
    pub fn other_classes(&self) -> Option<usize> {
        let head = (self.mapping.wrong_shape.iter())
            .find(|w| w.name.ends_with("fc.weight") || w.name.ends_with("classif.weight"))?;
        (head.found.first() != Some(&self.classes))
            .then(|| head.found.first().copied().unwrap_or(0))
    }

    /// Arrays that are missing, that are not in the network, and that have another shape.
    #[must_use]
    pub fn misfits(&self) -> [usize; 3] {
        let mapping = &self.mapping;
        [
            mapping.missing.len(),
            mapping.unexpected.len(),
            mapping.wrong_shape.len(),
        ]
    }

    /// The bytes of a file of weights of ours; `finite` names the file in which numbers must be finite.
    ///
    /// # Errors
    /// [`TrainError`] for numbers that are not finite, or if the arrays do not fit.
    pub fn weights(self, card: &Card, finite: Option<&Path>) -> Result<Vec<u8>, TrainError> {
        let file = WeightsFile {
            arrays: self.mapping.arrays,
            ..WeightsFile::default()
        };
        if let Some(path) = finite {
            check_finite(path, &file)?;
        }
        let parameters = self.network.load(&file)?;
        Ok(to_safetensors(&parameters, &card.to_metadata())?)
    }

    /// What is stored beside the numbers. Normalised is as `given` says (mean and deviation), else as the recipe does, else as an
    /// embedded data set is measured, else as most programs do.
    ///
    /// # Errors
    /// [`TrainError::Data`] for another number of channels, or a deviation that is no positive number.
    pub fn card(&self, recipe: &Recipe, given: (&[f32], &[f32])) -> Result<Card, TrainError> {
        let channels = self.network.config().input.channels;
        let info = timestep_data::info(&recipe.data.name)?;
        let unsaid = given.0.is_empty() && given.1.is_empty() && recipe.data.mean.is_empty();
        // An embedded data set can be asked.
        let measured = if unsaid && !info.needs_dir {
            let dataset = timestep_data::open(&recipe.data.name, &OpenOptions::default())?;
            Some(Normalise::from_split(&dataset.train)?)
        } else {
            None
        };
        let chosen = |given: &[f32], recipe: &[f64], usual: &[f32; 3]| -> Vec<f32> {
            match (given, recipe) {
                ([], []) if channels == 3 => usual.to_vec(),
                ([], []) => vec![usual.iter().sum::<f32>() / 3.0; channels],
                ([], recipe) => recipe.iter().map(|v| *v as f32).collect(),
                (given, _) => given.to_vec(),
            }
        };
        let (mean, std) = match measured {
            Some(measured) => (measured.mean, measured.std),
            None => (
                chosen(given.0, &recipe.data.mean, &MEAN),
                chosen(given.1, &recipe.data.std, &STD),
            ),
        };
        Ok(Card {
            network: self.network.config().clone(),
            classes: (0..self.classes).map(placeholder).collect(),
            normalise: Normalise::new(mean, std)?,
            data: recipe.data.name.clone(),
            recipe: recipe.to_toml(),
            epoch: 0,
            top1: 0.0,
        })
    }
}
