//! What is the increment `ΔŴ` that a law of noise stands for, and does it satisfy the condition?

use crate::NoiseSettings;
use crate::linear_algebra::{Square, symmetric_eigen};
use crate::noise::{
    Control, Decay, Distribution, Noise, NoiseFacts, Scaling, StepId, noise, noise_facts,
};
use crate::random::{Purpose, Stream};

/// How the probability to keep a block depends on the step size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Survival {
    /// The same for every step size.
    Fixed(f64),
    /// `p = 1/2 + c √Δt`.
    Half {
        /// `c`.
        c: f64,
    },
}

impl Survival {
    /// `p` at a step size.
    #[must_use]
    pub fn at(self, dt: f64) -> f64 {
        match self {
            Self::Fixed(p) => p,
            Self::Half { c } => 0.5 + c * dt.sqrt(),
        }
    }
}

/// A law of noise as it is refined: one curve of the analysis.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The law.
    pub noise: &'static NoiseFacts,
    /// For stochastic depth: the probability to keep a block, the same for every step.
    pub survival: Option<Survival>,
}

impl Setting {
    /// The settings that a noise is looked at with: stochastic depth with `p = 1/2`, each of `keeps` and the one
    /// that comes from the first of them and tends to 1/2; every other law as it is. `coarsest` is the
    /// largest step size. Empty for a name that no law has.
    #[must_use]
    pub fn of(noise: &str, keeps: &[f64], coarsest: f64) -> Vec<Self> {
        let Some(noise) = noise_facts(noise) else {
            return Vec::new();
        };
        if noise.setting("keep").is_none() {
            return vec![Self {
                noise,
                survival: None,
            }];
        }
        let mut all = vec![Survival::Fixed(0.5)];
        all.extend(
            keeps
                .iter()
                .copied()
                .filter(|p| *p != 0.5)
                .map(Survival::Fixed),
        );
        let first = keeps.iter().find(|p| **p != 0.5);
        all.extend(first.map(|p| Survival::Half {
            c: (p - 0.5) / coarsest.sqrt(),
        }));
        all.into_iter()
            .map(|survival| Self {
                noise,
                survival: Some(survival),
            })
            .collect()
    }

    /// The name of the curve: `stochastic-depth p = 0.8`.
    #[must_use]
    pub fn label(&self) -> String {
        match self.survival {
            None => self.noise.key.to_owned(),
            Some(Survival::Fixed(p)) => format!("{} p = {p}", self.noise.key),
            Some(Survival::Half { c }) => {
                let (sign, size) = if c < 0.0 { ('-', -c) } else { ('+', c) };
                format!("{} p = 1/2 {sign} {size:.2} sqrt(dt)", self.noise.key)
            }
        }
    }

    /// The law at a step size.
    pub(super) fn law(&self, dt: f64) -> Box<dyn Noise> {
        let settings = NoiseSettings::named(self.noise.key);
        let settings = match self.survival {
            None => settings,
            // Dividing survivors by p changes the scale of η, which the normalisation takes out.
            Some(survival) => (settings.with("keep", survival.at(dt)))
                .with("decay", Decay::Constant.key())
                .with("scaling", Scaling::Test.key()),
        };
        let law = noise(&settings).ok().flatten();
        law.expect("a registered law with settings that make sense")
    }

    /// Does the third moment of the increment satisfy the condition of weak order 1 as `Δt → 0`?
    ///
    /// It does if `|E ΔŴ³|/Δt²` stays bounded, here: does not grow by more than the fourth root of the
    /// refinement over four decades of step sizes.
    #[must_use]
    pub fn holds(&self) -> bool {
        let bound = |dt: f64| Increment::new(self, dt).bound();
        bound(1e-8) <= bound(1e-4) * 10.0 + 1e-9
    }
}

/// The normalised random number `ξ = (η - E η)/√Var η` of a law at a step size; `ΔŴ = √Δt ξ`.
#[derive(Debug)]
pub(super) struct Increment {
    law: Box<dyn Noise>,
    dt: f64,
    mean: f64,
    deviation: f64,
    /// `E ξ³`.
    pub(super) skew: f64,
}

/// Every step of the analysis has the same law.
const AT: StepId = StepId { step: 0, steps: 1 };

/// Nodes of the quadrature for laws with a density: exact for polynomials of degree 31 in `ξ`, more than three times
/// the stages of any scheme but the deepest fractal ones, whose last terms are below rounding.
const NODES: usize = 16;

impl Increment {
    pub(super) fn new(setting: &Setting, dt: f64) -> Self {
        let law = setting.law(dt);
        let moments = law.moments(AT);
        let deviation = moments.variance.sqrt();
        Self {
            law,
            dt,
            mean: moments.mean,
            deviation,
            skew: moments.third / deviation.powi(3),
        }
    }

    /// The `K` that `|E ΔŴ| + |E ΔŴ³| + |E ΔŴ² - Δt| ≤ K Δt²` needs; only the third moment is not 0.
    pub(super) fn bound(&self) -> f64 {
        self.skew.abs() / self.dt.sqrt()
    }

    /// Two draws of `ξ` that mirror each other: the second comes from the uniform numbers `1 - U` of the first,
    /// or is its negative.
    pub(super) fn pair(&self, stream: &mut Stream) -> (f64, f64) {
        let mut mirror = stream.mirrored();
        (self.draw(stream), self.draw(&mut mirror))
    }

    fn draw(&self, stream: &mut Stream) -> f64 {
        let eta = match self.law.control(AT, 1.0, stream) {
            Control::Scale(eta) => eta,
            Control::Mix { forward, .. } => forward,
            Control::Add { .. } => return stream.normal(),
        };
        (eta - self.mean) / self.deviation
    }

    /// Values of `ξ` with weights: expectations of polynomials in `ξ` are sums over them.
    pub(super) fn nodes(&self) -> Vec<(f64, f64)> {
        match self.law.distribution(AT) {
            Distribution::Points(points) => (points.into_iter())
                .map(|(eta, weight)| ((eta - self.mean) / self.deviation, weight))
                .collect(),
            // Off-diagonals of the Jacobi matrices of Legendre's and Hermite's polynomials.
            Distribution::Uniform { .. } => {
                gauss(|k| k / (4.0 * k * k - 1.0).sqrt(), 3.0_f64.sqrt())
            }
            Distribution::Normal { .. } => gauss(f64::sqrt, 1.0),
        }
    }
}

/// Gauss' quadrature from the three-term recurrence of its orthogonal polynomials (Golub and Welsch 1969).
fn gauss(off_diagonal: impl Fn(f64) -> f64, scale: f64) -> Vec<(f64, f64)> {
    let jacobi = Square::from_fn(NODES, |i, j| {
        if i.abs_diff(j) == 1 {
            off_diagonal(i.max(j) as f64)
        } else {
            0.0
        }
    });
    let eigen = symmetric_eigen(&jacobi)
        .expect("a symmetric tridiagonal matrix of 16 finite numbers has eigenvalues");
    (0..NODES)
        .map(|n| (scale * eigen.values[n], eigen.vectors[(n, 0)].powi(2)))
        .collect()
}

/// The moments of `ΔŴ` at one step size, measured from draws and by formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// Step size `Δt`.
    pub dt: f64,
    /// The probability to keep a block, for stochastic depth.
    pub survival: Option<f64>,
    /// Measured `E ΔŴ/√Δt`, `E ΔŴ²/Δt`, `E ΔŴ³/Δt^{3/2}`, each with its standard error.
    pub measured: [(f64, f64); 3],
    /// `E ΔŴ³/Δt^{3/2}` by formula; the other two are 0 and 1.
    pub skew: f64,
    /// The `K` that `|E ΔŴ| + |E ΔŴ³| + |E ΔŴ² - Δt| ≤ K Δt²` needs.
    pub bound: f64,
}

/// Draws from which moments are measured.
const DRAWS: usize = 100_000;

/// What the draws of this analysis are for.
pub(super) const PURPOSE: Purpose = Purpose::new("weak order");

/// The moments of the increment of a setting at a step size, from the draws `weak order` of time 0.
///
/// # Panics
/// If the probability to keep a block is not between 0 and 1 at this step size; `weak_order` refuses such a setting.
#[must_use]
pub fn condition(setting: &Setting, dt: f64, seed: u64) -> Condition {
    let increment = Increment::new(setting, dt);
    let mut stream = Stream::new(seed, PURPOSE, 0, Stream::WHOLE);
    let mut sums = [[0.0; 2]; 3];
    for _ in 0..DRAWS {
        let xi = increment.draw(&mut stream);
        for (power, sum) in (1..).zip(&mut sums) {
            sum[0] += xi.powi(power);
            sum[1] += xi.powi(2 * power);
        }
    }
    let n = DRAWS as f64;
    Condition {
        dt,
        survival: setting.survival.map(|s| s.at(dt)),
        measured: sums.map(|[sum, squares]| {
            let mean = sum / n;
            (mean, ((squares / n - mean * mean).max(0.0) / n).sqrt())
        }),
        skew: increment.skew,
        bound: increment.bound(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::noises;

    fn all() -> Vec<Setting> {
        let of = |facts: &&NoiseFacts| Setting::of(facts.key, &[0.8, 0.9, 0.2], 1.0 / 8.0);
        noises().iter().flat_map(of).collect()
    }

    #[test]
    fn every_registered_noise_has_settings_of_its_own_law() {
        for facts in noises() {
            let settings = Setting::of(facts.key, &[0.8], 1.0 / 8.0);
            assert!(!settings.is_empty(), "{}", facts.key);
            for setting in settings {
                assert_eq!(setting.law(0.1).facts().key, facts.key);
            }
        }
        assert!(Setting::of("shake-shak", &[], 0.1).is_empty());
    }

    #[test]
    fn measured_moments_are_those_of_the_formula() {
        for setting in all() {
            for dt in [1.0 / 8.0, 1.0 / 256.0] {
                let found = condition(&setting, dt, 3);
                let wanted = [0.0, 1.0, found.skew];
                for ((got, error), want) in found.measured.into_iter().zip(wanted) {
                    assert!(
                        (got - want).abs() < 4.5 * error + 1e-12,
                        "{}: {got} ± {error}, {want}",
                        setting.label()
                    );
                }
            }
        }
    }

    #[test]
    fn nodes_have_the_moments_of_the_increment() {
        for setting in all() {
            let increment = Increment::new(&setting, 1.0 / 16.0);
            let moment = |power: i32| -> f64 {
                (increment.nodes().iter())
                    .map(|(xi, weight)| weight * xi.powi(power))
                    .sum()
            };
            for (power, want) in [(0, 1.0), (1, 0.0), (2, 1.0), (3, increment.skew)] {
                assert!((moment(power) - want).abs() < 1e-12, "{}", setting.label());
            }
            match setting.noise.key {
                // E ξ⁴ and E ξ⁶ of a uniform and of a normal number of variance 1.
                "shake-shake" => {
                    assert!(
                        (moment(4) - 1.8).abs() < 1e-12 && (moment(6) - 27.0 / 7.0).abs() < 1e-11
                    );
                }
                "gaussian" => {
                    assert!((moment(4) - 3.0).abs() < 1e-11 && (moment(6) - 15.0).abs() < 1e-10);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_pair_mirrors_itself() {
        for setting in all() {
            let increment = Increment::new(&setting, 1.0 / 16.0);
            let mut stream = Stream::new(5, PURPOSE, 9, 0);
            let symmetric = increment.skew == 0.0 && setting.noise.key != "drop-path";
            let (mut sum, mut products) = (0.0, 0.0);
            for _ in 0..20_000 {
                let (a, b) = increment.pair(&mut stream);
                assert!(!symmetric || (a + b).abs() < 1e-9, "{a}, {b}");
                sum += b;
                products += a * b;
            }
            // The mirror image has mean 0 as well, and pairs do not move the same way.
            assert!((sum / 20_000.0).abs() < 4.5 / 20_000_f64.sqrt());
            assert!(products < 0.0, "{}", setting.label());
        }
    }

    #[test]
    fn the_condition_holds_where_the_third_moment_vanishes_fast_enough() {
        for setting in all() {
            let fails = matches!(setting.survival, Some(Survival::Fixed(p)) if p != 0.5);
            assert_eq!(setting.holds(), !fails, "{}", setting.label());
        }
    }
}
