//! Which functions can be learned? Sums of Gaussians on a grid, run as piecewise cubics that are linear in the weights.

use std::sync::OnceLock;
use timestep_kernels::diffusion::{PIECES, hermite};
use timestep_numerics::linear_algebra::{Square, solve};

/// Width `γ` of a Gaussian and distance between neighbours, in grey levels.
const GAMMA: f64 = 10.0;

/// Sums of Gaussians `Σ_j w_j exp(-(z-μ_j)²/(2γ²))` with equidistant `μ_j`, `γ` apart and symmetric about zero.
#[derive(Debug)]
pub(crate) struct Gaussians {
    count: usize,
    /// For each Gaussian its table: four rows of [`PIECES`].
    tables: Vec<Vec<f64>>,
}

impl Gaussians {
    /// The 63 Gaussians of an influence function (`μ` from -310 to 310).
    pub(crate) fn influence() -> &'static Self {
        static ONE: OnceLock<Gaussians> = OnceLock::new();
        ONE.get_or_init(|| Self::new(63))
    }

    /// The 53 Gaussians of a shrinkage function (`μ` from -260 to 260).
    pub(crate) fn shrinkage() -> &'static Self {
        static ONE: OnceLock<Gaussians> = OnceLock::new();
        ONE.get_or_init(|| Self::new(53))
    }

    fn new(count: usize) -> Self {
        let tables = (0..count)
            .map(|j| {
                let centre = Self::centre(count, j);
                hermite(|z| {
                    let d = z - centre;
                    let value = (-d * d / (2.0 * GAMMA * GAMMA)).exp();
                    (value, -d / (GAMMA * GAMMA) * value)
                })
            })
            .collect();
        Self { count, tables }
    }

    fn centre(count: usize, j: usize) -> f64 {
        GAMMA * (j as f64 - (count - 1) as f64 / 2.0)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The table of a sum.
    pub(crate) fn table(&self, weights: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; 4 * PIECES];
        for (w, table) in weights.iter().zip(&self.tables) {
            for (s, t) in sum.iter_mut().zip(table) {
                *s += w * t;
            }
        }
        sum
    }

    /// `∂ℓ/∂w` from the gradient of the table.
    pub(crate) fn weight_gradient(&self, to_table: &[f64]) -> Vec<f64> {
        self.tables
            .iter()
            .map(|table| table.iter().zip(to_table).map(|(t, g)| t * g).sum())
            .collect()
    }

    /// The sum at `z`, from the definition.
    pub(crate) fn exact(&self, weights: &[f64], z: f64) -> f64 {
        weights
            .iter()
            .enumerate()
            .map(|(j, w)| {
                let d = z - Self::centre(self.count, j);
                w * (-d * d / (2.0 * GAMMA * GAMMA)).exp()
            })
            .sum()
    }

    /// The weights whose sum is nearest to `f` in the least squares on the range of the centres, one grey level apart.
    pub(crate) fn fit(&self, f: impl Fn(f64) -> f64) -> Vec<f64> {
        let reach = GAMMA * (self.count - 1) as f64 / 2.0;
        let points: Vec<f64> = (0..=(2.0 * reach) as usize)
            .map(|i| i as f64 - reach)
            .collect();
        let one = |j: usize, z: f64| {
            let d = z - Self::centre(self.count, j);
            (-d * d / (2.0 * GAMMA * GAMMA)).exp()
        };
        let gram = Square::from_fn(self.count, |i, j| {
            points.iter().map(|z| one(i, *z) * one(j, *z)).sum::<f64>()
        });
        let right: Vec<f64> = (0..self.count)
            .map(|i| points.iter().map(|z| one(i, *z) * f(*z)).sum())
            .collect();
        solve(&gram, &right)
            .expect("products of Gaussians with different centres are a regular matrix")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use timestep_kernels::diffusion::reference::cubic;

    #[test]
    fn the_table_is_near_the_sum_of_gaussians() {
        let gaussians = Gaussians::influence();
        let start = gaussians.fit(|z| 0.05 * 2.0 * (z / 20.0) / (1.0 + z * z / 400.0));
        let rough: Vec<f64> = (0..63)
            .map(|j| f64::from((j * 37 % 11) as u8) / 5.0 - 1.0)
            .collect();
        for (weights, tolerance) in [(start, 5e-3), (rough, 1.5e-2)] {
            let table = gaussians.table(&weights);
            let largest = (-640..=640)
                .map(|z| gaussians.exact(&weights, f64::from(z) / 2.0).abs())
                .fold(0.0, f64::max);
            for z in -640..=640 {
                let z = f64::from(z) / 2.0;
                let error = (cubic(&table, z) - gaussians.exact(&weights, z)).abs();
                assert!(error < tolerance * largest, "{z}: {error} of {largest}");
            }
        }
    }
}
