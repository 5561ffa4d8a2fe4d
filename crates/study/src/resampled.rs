//! What is a trained network with other steps, and how far is it from the one that was trained?

use crate::answer;
use crate::sample::open_for;
use std::path::Path;
use timestep_data::Loader;
use timestep_nets::resample::{Coefficients, Interpolation, Manner, Resampled, resample};
use timestep_nets::{Engine, Network, NetworkConfig, Parameters};
use timestep_train::recipe::TaskRecipe;
use timestep_train::statistics::measured;
use timestep_train::{Card, TrainError, Trained};

/// Training images on which running statistics are measured anew, at most.
pub const IMAGES: usize = 2048;

/// Where running statistics come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statistics {
    /// They are sampled as weights are.
    #[default]
    Interpolated,
    /// They are measured on training images.
    Measured,
}

/// How a network is sampled otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Way {
    /// Weights and coefficients.
    pub manner: Manner,
    /// Running statistics.
    pub statistics: Statistics,
}

answer! {
    /// Weights of a network with other steps.
    pub struct ResampledWeights {
        /// The weights file or the run folder that was read, as it was given.
        pub weights: String,
        /// The file that was written.
        pub file: String,
        /// Name of the network.
        pub network: String,
        /// Steps of each segment before, those of transitions counted.
        pub steps_before: Vec<usize>,
        /// Steps of each segment.
        pub steps: Vec<usize>,
        /// Step size: one for all steps, one for each segment, or one for each step; none if all are 1.
        pub h: Vec<f64>,
        /// What weights are between the steps that were trained: `linear` or `constant`.
        pub interpolation: &'static str,
        /// What happened to learned coefficients: `rescaled` or `kept`; null where there are none.
        pub coefficients: Option<&'static str>,
        /// Where running statistics come from: `interpolated` or `measured`.
        pub statistics: &'static str,
        /// Training images on which they were measured.
        pub images: usize,
    }
}

/// A word for each choice, in answers and on the command line.
#[must_use]
pub fn interpolation_word(interpolation: Interpolation) -> &'static str {
    match interpolation {
        Interpolation::Linear => "linear",
        Interpolation::Constant => "constant",
    }
}

/// The same for coefficients.
#[must_use]
pub fn coefficients_word(coefficients: Coefficients) -> &'static str {
    match coefficients {
        Coefficients::Rescaled => "rescaled",
        Coefficients::Kept => "kept",
    }
}

/// The same for running statistics.
#[must_use]
pub fn statistics_word(statistics: Statistics) -> &'static str {
    match statistics {
        Statistics::Interpolated => "interpolated",
        Statistics::Measured => "measured",
    }
}

/// A trained network with other steps, and the images on which its statistics were measured.
#[derive(Debug)]
pub struct Sampled {
    /// The network.
    pub network: Network,
    /// Its numbers.
    pub parameters: Parameters,
    /// What happened to its coefficients; `None` if it has none.
    pub coefficients: Option<Coefficients>,
    /// Images.
    pub images: usize,
}

/// Where training images are found again, for statistics.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'a> {
    /// Name of the data set; that of the training by default.
    pub data: Option<&'a str>,
    /// Folder of the data set; that of the training by default.
    pub dir: Option<&'a Path>,
    /// Seed with which images are drawn.
    pub seed: u64,
}

/// A trained network with these steps in each segment.
///
/// # Errors
/// [`TrainError::Net`] if it cannot be sampled, [`TrainError::Data`] if statistics are to be measured and the training images are not
/// there.
pub fn sampled(
    trained: &Trained,
    steps: &[usize],
    way: Way,
    engine: &dyn Engine,
    place: Place<'_>,
) -> Result<Sampled, TrainError> {
    let found = resample(&trained.network, &trained.parameters, steps, way.manner)?;
    let Resampled {
        network,
        mut parameters,
        coefficients,
    } = found;
    let mut images = 0;
    if way.statistics == Statistics::Measured {
        let data = open_for(trained, place.data.unwrap_or(&trained.card.data), place.dir)?;
        let batch = trained
            .card
            .recipe()?
            .train
            .batch
            .min(data.train.len())
            .max(1);
        let loader = Loader::new(&data.train, batch, trained.card.normalise.clone())?;
        let loader = loader.shuffled(place.seed);
        let batches = (IMAGES / batch).max(1);
        (parameters, images) = measured(&network, &parameters, &loader, engine, batches)?;
    }
    Ok(Sampled {
        network,
        parameters,
        coefficients,
        images,
    })
}

/// The card of a sampled network: that of the trained one with other steps. How good it is was not measured.
///
/// # Errors
/// [`TrainError::Recipe`] if the recipe of the weights cannot be read.
pub fn card(trained: &Trained, network: &Network) -> Result<Card, TrainError> {
    let mut recipe = trained.card.recipe()?;
    let config = network.config();
    recipe.network.steps.clone_from(&config.body.steps);
    recipe.network.h.clone_from(&config.scheme.h);
    if config.scheme.h.is_empty() && !NetworkConfig::usual_h(&config.scheme.name).is_empty() {
        // A recipe that says nothing asks for the usual size.
        recipe.network.h = vec![1.0];
    }
    Ok(Card {
        network: config.clone(),
        recipe: recipe.to_toml(),
        top1: 0.0,
        ..trained.card.clone()
    })
}
