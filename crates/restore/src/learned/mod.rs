//! What do the two trained methods share? Filters, functions, files, pictures and the way to train them.

mod arrays;
mod basis;
mod drawn;
mod fit;
mod gaussians;
mod limit;
mod pictures;
mod restorer;
mod stage;

pub(crate) use arrays::{Arrays, bad, write, write_half};
pub(crate) use gaussians::Gaussians;
pub(crate) use limit::{NEAR, no_more_than_noise};
pub(crate) use stage::StageGrads;

pub use drawn::Draws;
pub use fit::{Evaluation, Fit, Fitted, Phase, Trainable, fit, phases};
pub use pictures::{Choice, PicturesError, picture_files, samples};
pub use restorer::{Lengths, Restorer, Source, weights_named};
pub use stage::Stage;

use rayon::prelude::*;
use timestep_picture::Plane;

/// A noisy picture and the clean one.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What restoration starts from.
    pub noisy: Plane,
    /// What it should arrive at.
    pub clean: Plane,
}

/// The model whose level is nearest to `sigma` as a ratio. There is at least one.
pub(crate) fn nearest<M>(models: &[(f64, M)], sigma: f64) -> (f64, &M) {
    let apart = |level: f64| (level / sigma).ln().abs();
    let mut best = &models[0];
    for model in &models[1..] {
        if apart(model.0) < apart(best.0) {
            best = model;
        }
    }
    (best.0, &best.1)
}

/// The plane times a number; a factor of one changes no bit.
pub(crate) fn rescaled(plane: &Plane, by: f32) -> Plane {
    let mut plane = plane.clone();
    rescale(&mut plane, by);
    plane
}

/// The same in place.
pub(crate) fn rescale(plane: &mut Plane, by: f32) {
    let pieces = plane.pixels_mut().par_chunks_mut(1 << 15);
    pieces.for_each(|piece| piece.iter_mut().for_each(|p| *p *= by));
}
