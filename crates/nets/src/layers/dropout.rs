//! Which features are left out in training? A random share, the same wherever a step is evaluated.

use crate::{Features, Pass, ops};

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
        let n = input.dims().iter().product();
        match dropout.as_ref().and_then(|this| this.factors(pass, n)) {
            Some(factors) => ops::mask(&input, &factors),
            None => input,
        }
    }

    /// What each of `n` features is multiplied by.
    pub(crate) fn factors(&self, pass: &Pass, n: usize) -> Option<Vec<f32>> {
        let mut rng = pass.random(&self.name)?;
        let kept = (1.0 / (1.0 - self.share)) as f32;
        Some(
            (0..n)
                .map(|_| {
                    if crate::init::unit(&mut rng) < self.share {
                        0.0
                    } else {
                        kept
                    }
                })
                .collect(),
        )
    }
}
