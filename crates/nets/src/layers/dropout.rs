//! Which features are left out in training? A random share, the same wherever a step is evaluated.

use crate::{Features, Pass, ops};
use rayon::prelude::*;
use timestep_numerics::random::Stream;

/// Sets a share of features to zero in training and scales the others up, so that the mean stays.
#[derive(Clone, Debug)]
pub(crate) struct Dropout {
    /// Names its random numbers.
    name: String,
    share: f64,
}

impl Dropout {
    /// Dropout of a share of features; none for 0.
    pub(crate) fn new(name: &str, share: f64) -> Option<Self> {
        (share > 0.0).then(|| Self {
            name: format!("{name}.dropout"),
            share,
        })
    }

    /// Applies it, if there is any, in training passes that have random numbers.
    pub(crate) fn apply(dropout: &Option<Self>, pass: &Pass, input: Features) -> Features {
        let [batch, channels, height, width] = input.dims();
        let each = channels * height * width;
        match dropout.as_ref().and_then(|d| d.factors(pass, batch, each)) {
            Some(factors) => ops::mask(&input, &factors),
            None => input,
        }
    }

    /// What each of `each` features of every image is multiplied by.
    pub(crate) fn factors(&self, pass: &Pass, batch: usize, each: usize) -> Option<Vec<f32>> {
        let draws = pass.random()?;
        assert_eq!(draws.images.len(), batch, "a number for each image");
        let kept = (1.0 / (1.0 - self.share)) as f32;
        let streams: Vec<Stream> = draws.each(&self.name).collect();
        let mut factors = vec![kept; batch * each];
        factors
            .par_chunks_mut(each.max(1))
            .zip(streams)
            .for_each(|(factors, mut stream)| {
                for factor in factors {
                    if stream.bernoulli(self.share) {
                        *factor = 0.0;
                    }
                }
            });
        Some(factors)
    }
}
