//! What do trained weights do with images: all test images of a data set, or files of a person?

use crate::answer;
use crate::sample::test_resize;
use std::path::Path;
use std::time::Instant;
use timestep_data::{
    DataError, Dataset, GreyFile, ImageShape, Loader, Normalise, Split, fill_batch, load_image,
    load_image_resized,
};
use timestep_nets::Engine;
use timestep_train::evaluate::{evaluate, logits};
use timestep_train::event::TestMetrics;
use timestep_train::{TrainError, Trained};

answer! {
    /// How good weights are on the test images of a data set.
    pub struct Measured {
        /// The weights file or the run folder, as it was given.
        pub weights: String,
        /// Name of the network.
        pub network: String,
        /// Name of the data set.
        pub data: String,
        /// Test images.
        pub images: usize,
        /// Mean cross entropy in nats.
        pub loss: f64,
        /// Share of images whose class is the most probable one, from 0 to 1.
        pub top1: f64,
        /// Share of images whose class is among the five most probable ones, from 0 to 1.
        pub top5: f64,
        /// Images per second.
        pub images_per_second: f64,
    }
}

impl Measured {
    /// Measures weights on the test images of `dataset`, in batches of `batch` images.
    ///
    /// # Errors
    /// [`TrainError`] for unreadable images.
    pub fn on(
        dataset: &Dataset,
        data: &str,
        weights: &Path,
        trained: &Trained,
        batch: usize,
        engine: &dyn Engine,
    ) -> Result<(Self, TestMetrics), TrainError> {
        let card = &trained.card;
        let loader = Loader::new(&dataset.test, batch, card.normalise.clone())?;
        let began = Instant::now();
        let (network, parameters) = (&trained.network, &trained.parameters);
        let test = evaluate(network, parameters, &loader, engine, |_, _| {})?;
        let images = dataset.test.len();
        let answer = Self {
            weights: weights.display().to_string(),
            network: card.network.name.clone(),
            data: data.to_owned(),
            images,
            loss: test.loss,
            top1: test.top1,
            top5: test.top5,
            images_per_second: images as f64 / began.elapsed().as_secs_f64(),
        };
        Ok((answer, test))
    }
}

answer! {
    /// A class with its probability.
    pub struct Probability {
        /// Name of the class.
        pub class: String,
        /// Its probability, from 0 to 1.
        pub probability: f64,
    }
}

answer! {
    /// What a network sees in an image file.
    pub struct Prediction {
        /// The file, as it was given.
        pub image: String,
        /// The most probable classes, the first one first.
        pub top: Vec<Probability>,
    }
}

impl Prediction {
    /// Classifies an image file; the `top` most probable classes.
    ///
    /// # Errors
    /// [`TrainError`] for a file that cannot be used.
    pub fn of(
        trained: &Trained,
        path: &Path,
        grey: GreyFile,
        top: usize,
        engine: &dyn Engine,
    ) -> Result<Self, TrainError> {
        let classes = &trained.card.classes;
        let shares = classify(trained, path, grey, engine)?;
        let mut ranked: Vec<usize> = (0..classes.len().min(shares.len())).collect();
        ranked.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
        let best = ranked.into_iter().take(top).map(|i| Probability {
            class: classes[i].clone(),
            probability: shares[i],
        });
        Ok(Self {
            image: path.display().to_string(),
            top: best.collect(),
        })
    }
}

/// Probability of each class.
fn classify(
    trained: &Trained,
    path: &Path,
    grey: GreyFile,
    engine: &dyn Engine,
) -> Result<Vec<f64>, TrainError> {
    let input = trained.card.network.input;
    let shape = ImageShape {
        channels: input.channels,
        height: input.height,
        width: input.width,
    };
    let pixels = match test_resize(&trained.card)? {
        Some(shorter) => load_image_resized(path, shape, shorter, grey)?,
        None => load_image(path, shape, grey)?,
    };
    let batch = one(shape, pixels, &trained.card.normalise)?;
    let logits = logits(&trained.network, &trained.parameters, &batch, engine)?;
    let largest = logits.iter().fold(f32::NEG_INFINITY, |m, v| m.max(*v));
    let weights: Vec<f64> = logits
        .iter()
        .map(|v| f64::from(v - largest).exp())
        .collect();
    let total: f64 = weights.iter().sum();
    Ok(weights.into_iter().map(|w| w / total).collect())
}

/// A batch of one image.
fn one(
    shape: ImageShape,
    pixels: Vec<u8>,
    normalise: &Normalise,
) -> Result<timestep_data::Batch, DataError> {
    let split = Split::from_pixels(shape, pixels, vec![0])?;
    fill_batch(&split, &[0], None, normalise)
}
