//! Which network do a few words describe? One of ours, that of a recipe or of weights, or one that is put together from its parts.

use std::path::Path;
use timestep_data::info;
use timestep_nets::{Home, InputShape, Network, preset};
use timestep_train::recipe::{NetworkSettings, NoiseSection, data_sets, open};
use timestep_train::run::{RECIPE, Which, weights};
use timestep_train::{TrainError, Trained, network_config};

/// What takes the place of the parts that the name says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Shape of the images.
    pub input: Option<InputShape>,
    /// Classes.
    pub classes: Option<usize>,
    /// Block.
    pub block: Option<String>,
    /// Scheme, as it is written in recipes.
    pub scheme: Option<String>,
    /// Steps of the segments.
    pub steps: Option<Vec<usize>>,
    /// Channels of the first segment.
    pub width: Option<usize>,
}

/// A network that was described, untrained.
pub struct Described {
    /// The network.
    pub network: Network,
    /// Whether a folder of images decides about shape or classes, for which usual ones stand.
    pub by_folder: bool,
}

/// Does a word name weights: a file of them, or the folder of a run that has some?
#[must_use]
pub fn names_weights(what: &str) -> bool {
    let path = Path::new(what);
    path.extension().is_some_and(|e| e == "safetensors") || weights(path, Which::Best).is_file()
}

/// The mean of the coefficients that a network learned, if it has some.
#[must_use]
pub fn mean_coefficient(trained: &Trained) -> Option<f64> {
    let learned = timestep_nets::coefficients(&trained.network, &trained.parameters);
    let values: Vec<f64> = learned.into_iter().flatten().flatten().collect();
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

impl Described {
    /// Builds the network of a name, a recipe or the folder of a run, or, for an empty name, of `changes` alone.
    ///
    /// # Errors
    /// [`TrainError::Net`] for unknown names, with the near ones, and for parts that do not go together;
    /// [`TrainError::Recipe`] for the problems of a recipe.
    pub fn build(what: &str, changes: &Changes) -> Result<Self, TrainError> {
        let (mut input, mut classes) = Home::Cifar.input();
        let (mut network, mut noise) = (NetworkSettings::default(), NoiseSection::default());
        let recipe = what.contains('/')
            || what.ends_with(".toml")
            || Path::new(what).join(RECIPE).is_file()
            || data_sets().any(|data| data == what);
        let mut by_folder = false;
        if what.is_empty() {
        } else if !recipe || preset(what).is_ok() {
            // An unknown name is told with the near ones.
            (input, classes) = preset(what)?.home.input();
            what.clone_into(&mut network.preset);
        } else {
            let recipe = open(Some(what))?.resolve()?.recipe;
            (network, noise) = (recipe.network, recipe.noise);
            let data = info(&recipe.data.name)?;
            classes = data.classes.unwrap_or(classes);
            if let Some(shape) = data.shape {
                (input.channels, input.height, input.width) =
                    (shape.channels, shape.height, shape.width);
            } else {
                if recipe.data.size > 0 {
                    (input.height, input.width) = (recipe.data.size, recipe.data.size);
                }
                by_folder = true;
            }
        }
        input = changes.input.unwrap_or(input);
        network.block = changes.block.clone().unwrap_or(network.block);
        network.scheme = changes.scheme.clone().unwrap_or(network.scheme);
        network.width = changes.width.unwrap_or(network.width);
        network.steps = changes.steps.clone().unwrap_or(network.steps);
        // A recipe says 0 for "as the data"; a person who says 0 means a mistake.
        if let Some(given) = changes.classes {
            (classes, network.classes) = (given, 0);
        }
        Ok(Self {
            network: Network::build(&network_config(&network, &noise, input, classes)?)?,
            by_folder,
        })
    }
}
