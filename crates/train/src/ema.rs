//! Which weights are better than those of the last step? Often their average over the last thousands.
//!
//! After every step `e ← e + (1 - d)(w - e)` with `d = min(D, (1 + n) / (10 + n))`, `n` the averages taken
//! before and `D` the recipe's `train.ema`. The second term of the minimum is the usual warm-up (TensorFlow's
//! `ExponentialMovingAverage`): without it the first value would weigh on the average for `1 / (1 - D)`
//! steps. Running statistics are averaged as the weights are, so that they belong to each other.
//! B. T. Polyak, A. B. Juditsky, Acceleration of stochastic approximation by averaging, SIAM J. Control
//! Optim. 30(4), 1992, average over all steps; here the early ones are forgotten.

use crate::optimisers::CHUNK;
use rayon::prelude::*;

/// An exponential average of all numbers of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Ema {
    decay: f64,
    updates: u64,
    values: Vec<f32>,
}

impl Ema {
    /// The average of `values` alone.
    #[must_use]
    pub fn new(decay: f64, values: Vec<f32>) -> Self {
        Self::restored(decay, 0, values)
    }

    /// An average that was saved after `updates` updates.
    #[must_use]
    pub fn restored(decay: f64, updates: u64, values: Vec<f32>) -> Self {
        Self {
            decay,
            updates,
            values,
        }
    }

    /// Takes the values after a step into the average.
    ///
    /// # Panics
    /// If their number differs from that of the average.
    pub fn update(&mut self, values: &[f32]) {
        assert_eq!(self.values.len(), values.len(), "numbers of one network");
        let n = self.updates as f64;
        let decay = self.decay.min((1.0 + n) / (10.0 + n));
        let share = (1.0 - decay) as f32;
        self.values
            .par_chunks_mut(CHUNK)
            .zip(values.par_chunks(CHUNK))
            .for_each(|(average, values)| {
                for (e, w) in average.iter_mut().zip(values) {
                    *e += share * (w - *e);
                }
            });
        self.updates += 1;
    }

    /// The average.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Updates so far.
    #[must_use]
    pub fn updates(&self) -> u64 {
        self.updates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_steps_are_forgotten_fast_and_the_later_ones_slowly() {
        let mut ema = Ema::new(0.5, vec![1.0, -4.0]);
        ema.update(&[0.0, 6.0]); // d = 1/10
        assert!((ema.values()[0] - 0.1).abs() < 1e-7);
        assert_eq!(ema.values()[1], 5.0);
        ema.update(&[0.0, 5.0]); // d = 2/11
        assert!((ema.values()[0] - 0.1 * 2.0 / 11.0).abs() < 1e-7);
        assert_eq!(ema.values()[1], 5.0);
        let mut late = Ema::restored(0.5, 1000, vec![1.0]);
        late.update(&[0.0]);
        assert_eq!((late.values(), late.updates()), (&[0.5_f32][..], 1001));
    }

    #[test]
    fn the_average_of_a_constant_is_that_constant() {
        let values: Vec<f32> = (0..1000).map(|i| (i as f32).sin()).collect();
        let mut ema = Ema::new(0.999, values.clone());
        for _ in 0..100 {
            ema.update(&values);
        }
        assert_eq!(ema.values(), values);
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let n = 3 * CHUNK + 5;
        let values: Vec<f32> = (0..n).map(|i| (i as f32 * 0.3).sin()).collect();
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("threads").install(|| {
                let mut ema = Ema::new(0.99, vec![0.25; n]);
                for _ in 0..5 {
                    ema.update(&values);
                }
                ema
            })
        };
        assert_eq!(run(1), run(5));
    }
}
