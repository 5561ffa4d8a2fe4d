//! What is a model trained on when noise is drawn anew for every step? A few pictures at a time, turned and mirrored.
//!
//! A model that sees the same noise at every evaluation learns some of it by heart. Drawn anew, noise has no end; a step then knows
//! its gradient only about, which Adam can use and L-BFGS cannot.

use super::Sample;
use timestep_data::{Degradation, order};
use timestep_numerics::random::Stream;

/// Numbers of drawn noise begin here, beyond those of the pictures of any folder.
const FIRST: u64 = 1 << 32;

/// Pictures that are drawn from, and what happens to them.
pub struct Draws<'a> {
    /// The pictures; their own noise is not used.
    pub pictures: &'a [Sample],
    /// What makes them noisy.
    pub noise: &'a dyn Degradation,
    /// Seed of all that is drawn.
    pub seed: u64,
    /// Pictures of a step.
    pub count: usize,
}

impl Draws<'_> {
    /// The pictures of a step. Every picture comes once before any comes again, each time in one of its eight positions. What is
    /// drawn depends on the seed and the number of the step alone.
    ///
    /// # Panics
    /// If there are no pictures.
    #[must_use]
    pub fn at(&self, step: usize) -> Vec<Sample> {
        let all = self.pictures.len();
        let mut pass = (0, order(self.seed, 0, all));
        let first = step * self.count;
        let draw = |place: usize| {
            let number = (place / all) as u64;
            if pass.0 != number {
                pass = (number, order(self.seed, number, all));
            }
            let picture = &self.pictures[pass.1[place % all] as usize];
            let way = Stream::new(self.seed, "position", place as u64, 0).below(8);
            let clean = picture.clean.turned(1 + way as u8);
            let planes = std::slice::from_ref(&clean);
            let mut noisy = self.noise.apply(planes, self.seed, FIRST + place as u64);
            Sample {
                noisy: noisy.swap_remove(0),
                clean,
            }
        };
        (first..first + self.count).map(draw).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use timestep_data::Gaussian;
    use timestep_picture::Plane;

    #[test]
    fn every_picture_comes_once_in_a_pass_and_noise_never_twice() {
        let picture = |n: usize| {
            let pixels: Vec<f32> = (0..12).map(|i| (20 * n + i) as f32).collect();
            let clean = Plane::new(4, 3, pixels).expect("a plane");
            Sample {
                noisy: clean.clone(),
                clean,
            }
        };
        let pictures: Vec<Sample> = (0..6).map(picture).collect();
        let noise = Gaussian { sigma: 5.0 };
        let draws = Draws {
            pictures: &pictures,
            noise: &noise,
            seed: 3,
            count: 2,
        };
        let drawn: Vec<Sample> = (0..60).flat_map(|step| draws.at(step)).collect();
        let darkest = |s: &Sample| s.clean.pixels().iter().fold(f32::MAX, |a, b| a.min(*b)) as u32;
        let mut apart = BTreeSet::new();
        let mut positions = BTreeSet::new();
        for pass in drawn.chunks(6) {
            let seen: BTreeSet<u32> = pass.iter().map(darkest).collect();
            assert_eq!(seen, (0..6).map(|n| 20 * n).collect());
            for sample in pass {
                let both = sample.noisy.pixels().iter().zip(sample.clean.pixels());
                let noise: Vec<u32> = both.map(|(n, c)| (n - c).round().to_bits()).collect();
                apart.insert(noise);
                let from = darkest(sample);
                let place = |p: &f32| *p as u32 - from;
                let order: Vec<u32> = sample.clean.pixels().iter().map(place).collect();
                positions.insert((sample.clean.width(), order));
            }
        }
        assert_eq!(apart.len(), 120);
        assert_eq!(positions.len(), 8);
        // Asked for again, in another order, a step is the same.
        let again = draws.at(7);
        assert_eq!(again[1].noisy.pixels(), drawn[15].noisy.pixels());
    }
}
