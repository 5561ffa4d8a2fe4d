//! Which class does a trained network see in image files?

mod table;

pub use table::Table;

use crate::answer;
use crate::sample::test_resize;
use rayon::prelude::*;
use std::path::Path;
use timestep_data::{GreyFile, ImageShape, Source, Split, fill_batch, load_source};
use timestep_nets::Engine;
use timestep_train::evaluate::logits;
use timestep_train::recipe::PadMode;
use timestep_train::{TrainError, Trained};

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

/// What is looked at of each image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Views {
    /// Also its mirror image.
    mirrored: bool,
    /// Also itself, moved by so many pixels into each of the four corners; 0: not.
    moved: usize,
    /// Does what moves in mirror the image at its edge, or is it black?
    reflected: bool,
}

impl Views {
    /// The image as it is.
    pub const PLAIN: Self = Self {
        mirrored: false,
        moved: 0,
        reflected: false,
    };

    /// The views that the network was trained on: mirrored if it saw mirrored images, moved by half of the border that was added. `None` if it
    /// saw neither, so that other views than the plain one would be strange to it.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] if the recipe in the weights cannot be read.
    pub fn trained_on(trained: &Trained) -> Result<Option<Self>, TrainError> {
        let recipe = trained.card.recipe()?;
        let (data, varied) = (recipe.data, recipe.train.overfit == 0);
        let moved = if varied { data.pad.div_ceil(2) } else { 0 };
        let views = Self {
            mirrored: data.flip && varied,
            moved,
            reflected: moved > 0 && data.pad_mode == PadMode::Reflect,
        };
        Ok((views != Self::PLAIN).then_some(views))
    }

    /// Number of views of an image.
    #[must_use]
    pub fn count(&self) -> usize {
        (1 + usize::from(self.mirrored)) * if self.moved > 0 { 5 } else { 1 }
    }

    /// The views of an image, C×H×W; what moves in is as the border in training.
    fn of(&self, image: &[u8], shape: ImageShape) -> Vec<Vec<u8>> {
        let far = self.moved as isize;
        let mut places = vec![(0, 0)];
        if far > 0 {
            places.extend([(-far, -far), (-far, far), (far, -far), (far, far)]);
        }
        let mirrors = [false, true];
        let mirrors = &mirrors[..1 + usize::from(self.mirrored)];
        let all = mirrors
            .iter()
            .flat_map(|mirror| places.iter().map(move |place| (*mirror, *place)));
        all.map(|(mirror, place)| seen(image, shape, mirror, place, self.reflected))
            .collect()
    }
}

/// The place within `0..n` that `at` mirrors at the edge, which is not repeated: `c b | a b c | b a`.
fn reflected(at: isize, n: isize) -> isize {
    let at = at.abs();
    if at < n { at } else { 2 * (n - 1) - at }
}

/// An image moved by (down, right) and perhaps mirrored; what moves in reflects it, or is black.
fn seen(
    image: &[u8],
    shape: ImageShape,
    mirror: bool,
    (down, right): (isize, isize),
    reflect: bool,
) -> Vec<u8> {
    let (h, w) = (shape.height as isize, shape.width as isize);
    let mut moved = Vec::with_capacity(image.len());
    for plane in image.chunks_exact(shape.plane()) {
        for y in 0..h {
            for x in 0..w {
                let x = if mirror { w - 1 - x } else { x };
                let (mut y, mut x) = (y - down, x - right);
                if reflect {
                    (y, x) = (reflected(y, h), reflected(x, w));
                }
                let inside = (0..h).contains(&y) && (0..w).contains(&x);
                moved.push(if inside {
                    plane[(y * w + x) as usize]
                } else {
                    0
                });
            }
        }
    }
    moved
}

/// Whether training took grey files among those in colour, as sets of image files do: then they are shown in all three channels.
///
/// # Errors
/// [`TrainError::Data`] if the data set of its training is unknown.
pub fn takes_grey(trained: &Trained) -> Result<bool, TrainError> {
    Ok(timestep_data::info(&trained.card.data)?.resizes)
}

impl Prediction {
    /// Classifies image files together, each with the `top` most probable classes; a file that cannot be used is told of by
    /// itself. Of several views the probabilities are averaged.
    ///
    /// # Errors
    /// [`TrainError`] if the network refuses.
    pub fn of_all(
        trained: &Trained,
        sources: &[Source<'_>],
        (grey, views): (GreyFile, &Views),
        top: usize,
        engine: &dyn Engine,
    ) -> Result<Vec<Result<Self, TrainError>>, TrainError> {
        let input = trained.card.network.input;
        let shape = ImageShape {
            channels: input.channels,
            height: input.height,
            width: input.width,
        };
        let resize = test_resize(&trained.card)?;
        let load = |source: &Source<'_>| load_source(*source, shape, resize, grey);
        let loaded: Vec<_> = sources.par_iter().map(load).collect();
        let good = loaded.iter().flatten();
        let pixels: Vec<u8> = good
            .flat_map(|image| views.of(image, shape))
            .flatten()
            .collect();
        let count = pixels.len() / shape.len().max(1);
        let mut shares = Vec::new();
        if count > 0 {
            let split = Split::from_pixels(shape, pixels, vec![0; count])?;
            let all: Vec<u32> = (0..count as u32).collect();
            let batch = fill_batch(&split, &all, None, &trained.card.normalise)?;
            let logits = logits(&trained.network, &trained.parameters, &batch, engine)?;
            let classes = trained.network.config().classes;
            let rows: Vec<Vec<f64>> = logits.chunks_exact(classes).map(softmax).collect();
            shares.extend(rows.chunks(views.count()).map(mean));
        }
        let mut shares = shares.into_iter();
        let named = sources.iter().zip(loaded).map(|(source, loaded)| {
            loaded?;
            let shares: Vec<f64> = shares.next().unwrap_or_default();
            Ok(Self::named(
                &trained.card.classes,
                source.path(),
                &shares,
                top,
            ))
        });
        Ok(named.collect())
    }

    fn named(classes: &[String], path: &Path, shares: &[f64], top: usize) -> Self {
        let mut ranked: Vec<usize> = (0..classes.len().min(shares.len())).collect();
        ranked.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
        let best = ranked.into_iter().take(top).map(|i| Probability {
            class: classes[i].clone(),
            probability: shares[i],
        });
        Self {
            image: path.display().to_string(),
            top: best.collect(),
        }
    }
}

/// Probability of each class.
fn softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().fold(f32::NEG_INFINITY, |m, v| m.max(*v));
    let weights: Vec<f64> = logits
        .iter()
        .map(|v| f64::from(v - largest).exp())
        .collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / total).collect()
}

/// The mean over views.
fn mean(views: &[Vec<f64>]) -> Vec<f64> {
    let classes = views.first().map_or(0, Vec::len);
    let of = |class: usize| views.iter().map(|view| view[class]).sum::<f64>();
    (0..classes).map(|c| of(c) / views.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_moved_and_mirrored() {
        let shape = ImageShape::new(1, 2, 3);
        let image = [1, 2, 3, 4, 5, 6];
        let both = Views {
            mirrored: true,
            moved: 1,
            reflected: false,
        };
        let all = both.of(&image, shape);
        assert_eq!((all.len(), both.count()), (10, 10));
        assert_eq!(all[0], image);
        // Up and left: the lower right part of it, and black.
        assert_eq!(all[1], [5, 6, 0, 0, 0, 0]);
        assert_eq!(all[4], [0, 0, 0, 0, 1, 2]);
        assert_eq!(all[5], [3, 2, 1, 6, 5, 4]);
        assert_eq!(Views::PLAIN.of(&image, shape), [image.to_vec()]);
        let within = Views {
            reflected: true,
            ..both
        };
        let all = within.of(&image, shape);
        // Up and left: row 1, then row 0 again; columns 1, 2, then 1 again.
        assert_eq!(all[1], [5, 6, 5, 2, 3, 2]);
        assert_eq!(all[4], [5, 4, 5, 2, 1, 2]);
        assert_eq!(mean(&[vec![0.5, 0.5], vec![1.0, 0.0]]), [0.75, 0.25]);
    }
}
