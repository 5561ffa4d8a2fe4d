//! How fast does the mean of a scheme *with its noise* approach that of a stochastic differential equation?
//!
//! # The scheme as a discretised equation
//! Noise multiplies the increment of a step by a random number `η`. With `ξ = (η - E η)/√Var η` a step of forward
//! Euler is `X_{n+1} = X_n + E η h f + √Var η h f ξ`. It is read as the step of
//!
//! ```text
//! dX = a(X) dt + b(X) dW,        X_{n+1} = X_n + Δt a(X_n) + b(X_n) ΔŴ_n,        ΔŴ_n = √Δt ξ_n
//! ```
//!
//! (Lu, Zhong, Li, Dong 2018, section 3). That needs the random part to be of size `√Δt`: with `f` scaled by `Δt`
//! in both parts it would be of size `Δt` and vanish in the limit, so the reading takes `f` (for two
//! branches `f₁ - f₂`) *in the noise* of size `Δt^{-1/2}`. Here `a` and `b` are given apart and the scheme steps
//! on `f = a + b ξ/√Δt`; the numbers `η` are drawn by [`Noise::control`](crate::noise::Noise::control) of the law, one a
//! step for all its evaluations.
//!
//! # The condition
//! Weak order 1 means `|E φ(X_N) - E φ(X_T)| ≤ C Δt` for smooth `φ`. Let `u(t, x) = E[φ(X_T) | X_t = x]`. The error is
//! the sum over the steps of `E u(t_{n+1}, X_{n+1}) - u(t_n, X_n)`; expanding `u` in `ΔŴ` leaves `O(Δt²)` a step, and
//! `O(Δt)` in all, if
//!
//! ```text
//! |E ΔŴ| + |E ΔŴ³| + |E ΔŴ² - Δt| ≤ K Δt²
//! ```
//!
//! (Kloeden and Platen 1992, section 14.5). The first and the third term are 0 by the normalisation. With `γ = E ξ³` the
//! second is `|γ| Δt^{3/2}`, so what is needed is `γ = O(√Δt)`. For stochastic depth `γ = (1-2p)/√(p(1-p))`, so
//! `1 - 2p = O(√Δt)`; for a symmetric law (shake-shake, drop-path, normal) `γ = 0`.
//!
//! # What happens without it
//! The term of third order of the expansion is then the largest: with the `γ` of a fixed `p`,
//!
//! ```text
//! E φ(X_N) - E φ(X_T) = (γ/6) √Δt ∫₀ᵀ E[ b(X_t)³ ∂³u/∂x³(t, X_t) ] dt + O(Δt)
//! ```
//!
//! The order is 1/2, not 0: noise that is skewed still obeys the central limit theorem, and this is its
//! first (Edgeworth) correction. It shows in functionals with `∂³u/∂x³ ≠ 0`. For linear equations `u` is a
//! polynomial of the degree of `φ`, so `E X` and `E X²` keep order 1 with *any* `p`, and `E X³` falls to 1/2.
//! That is why the first three moments are measured. Example: for `dX = σ dW` the third cumulant of `X_N` is
//! exactly `N σ³ γ Δt^{3/2} = σ³ γ T √Δt`.
//!
//! # Other schemes
//! A scheme with memory that follows `c u' = f(u)` ([`modified_equation`](super::modified_equation())) takes steps
//! `h = c Δt`; the damped roots of its history forget each draw, and the condition is the same. A scheme with
//! stages meets the same `ξ` at each, so its limit has `b` evaluated within the step: the *reading*, 0 for
//! Itô's sense, 1/2 for Stratonovich's (Heun, Runge-Kutta), 1 for the two-fold polynomial. It is found by
//! running the scheme, and reference moments are those of `dX = (a + reading b b') dt + b dW`. A scheme with a
//! root of its history on the unit circle beside 1 (leapfrog) keeps noise in that mode for ever: its error does
//! not fall, which the measured order shows. Where the memory of `lm` does not fade with the depth, the limit is an equation
//! of second order: [`second_order`].
//!
//! # How it is measured
//! On four equations with known moments ([`SdeFacts`]), by simulation with a martingale as control variate, mirrored
//! pairs and common random numbers for all laws (module `simulate`). Where the step is affine
//! the moments of the scheme are also *computed* by a linear recursion, with no draws: the check on the simulation.
//! The order is a weighted least-squares slope with a 95 % interval (module `fit`).
//!
//! # Sources
//! P. E. Kloeden, E. Platen, Numerical solution of stochastic differential equations, 1992, sections 14.1 and 14.5;
//! D. Talay, L. Tubaro, Expansion of the global error for numerical schemes solving stochastic differential equations,
//! 1990; Y. Lu, A. Zhong, Q. Li, B. Dong, Beyond finite layer neural networks, ICML 2018.

mod equations;
mod fit;
mod forms;
mod history;
mod increment;
mod network;
mod second_order;
mod simulate;

pub use equations::SdeFacts;
pub use fit::Estimate;
pub use increment::{Condition, Setting, Survival, condition};
pub use network::{NetworkBlock, network};
pub use second_order::second_order;

use super::order::own_time;
use super::subject::Subject;
use super::{AnalysisError, zero_stability};
use crate::random::Stream;
use equations::{END, Sde, geometric, hyperbolic, ornstein_uhlenbeck, oscillator};
use history::Method;
use increment::{Increment, PURPOSE};
use num_complex::Complex64;
use rayon::prelude::*;
use simulate::{Level, PAIRS, Sums};

/// What to simulate.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<'a> {
    /// Registry name of the scheme.
    pub scheme: &'a str,
    /// Its coefficient; `None` for the default.
    pub k: Option<f64>,
    /// Numbers of steps up to time 1: at least three different ones, each at least 2.
    pub steps: Vec<usize>,
    /// Paths for each number of steps; an odd one is rounded up, because paths come in pairs.
    pub paths: usize,
    /// Seed of all draws.
    pub seed: u64,
}

/// The error at one number of steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeakSample {
    /// Number of steps.
    pub steps: usize,
    /// Step size `Δt`.
    pub dt: f64,
    /// Simulated `E X_N^m - E X_T^m`; the computed one where nothing is simulated ([`second_order`]).
    pub error: f64,
    /// Its standard error.
    pub deviation: f64,
    /// The same difference, computed without draws, where that is possible.
    pub computed: Option<f64>,
}

/// The errors of one law on one moment of one equation.
#[derive(Clone, Debug)]
pub struct Curve {
    /// The law.
    pub setting: Setting,
    /// The equation.
    pub sde: SdeFacts,
    /// `m` in `E X^m`; for two entries `X` is the first.
    pub moment: u32,
    /// `E X_T^m` of the equation, in the reading of the scheme.
    pub exact: f64,
    /// Order of the simulated errors; `None` if there are none, or fewer than three are larger than chance and
    /// rounding.
    pub order: Option<Estimate>,
    /// Order of the computed errors.
    pub computed: Option<Estimate>,
    /// All errors, coarsest first.
    pub samples: Vec<WeakSample>,
}

/// The measured weak orders of a scheme with several laws of noise.
#[derive(Clone, Debug)]
pub struct WeakOrder {
    /// Key of the scheme.
    pub scheme: &'static str,
    /// The coefficient used, if the scheme has one.
    pub k: Option<f64>,
    /// For [`second_order`]: `k = -(1 - damping Δt)`.
    pub damping: Option<f64>,
    /// The scheme follows `time_scale u' = f(u)`.
    pub time_scale: f64,
    /// How it reads the stochastic integral: 0 Itô, 1/2 Stratonovich.
    pub reading: f64,
    /// Do all modes of the history but the constant one die out? If not, they keep noise for ever and the errors
    /// do not fall.
    pub damped: bool,
    /// One a setting, equation and moment, in this order.
    pub curves: Vec<Curve>,
}

impl WeakOrder {
    /// The coefficient as one line of mathematics, if the scheme has one.
    #[must_use]
    pub fn coefficient(&self) -> Option<String> {
        match self.damping {
            Some(damping) => Some(format!("-(1 - {damping} dt)")),
            None => self.k.map(|k| k.to_string()),
        }
    }
}

/// Simulates a scheme with each of the `settings` and measures its weak orders.
///
/// Runs on all threads of the global pool; the same plan gives the same bits for any number of them. The cost is about
/// 30 ns a step, path, law and equation.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme, a coefficient that does not fit, a scheme that is not zero-stable or has no
/// time scale, fewer than three numbers of steps, a step or path count that is too small, and a
/// probability outside (0, 1).
pub fn weak_order(plan: &Plan<'_>, settings: &[Setting]) -> Result<WeakOrder, AnalysisError> {
    let subject = Subject::new(plan.scheme, plan.k)?;
    if subject.facts.implicit {
        // A step would be a rational function of the noise, whose moments nothing here knows.
        return Err(AnalysisError::BadInput {
            what: "the scheme",
            problem: "is implicit: its step is no polynomial in the noise",
        });
    }
    let time_scale = own_time(&subject)?;
    let steps = checked_steps(&plan.steps, settings)?;
    if plan.paths < 4 {
        return Err(AnalysisError::BadInput {
            what: "paths",
            problem: "must be at least 4, for a standard error",
        });
    }
    let method = Method {
        subject,
        time_scale,
    };
    let roots = zero_stability(subject.facts.written(), subject.k)?.roots;
    let on_circle = |root: &&Complex64| root.norm() > 1.0 - 1e-9;
    let damped = roots.iter().filter(on_circle).count() <= subject.facts.parts;
    let reading = method.reading()?;
    let constants = method.takes_constants()?;
    let partitioned = subject.facts.parts == 2;
    let fits =
        |homogeneous: bool, halves: bool| (constants || homogeneous) && (!partitioned || halves);
    let mut curves = Vec::new();
    for setting in settings {
        let measure = Measure {
            method,
            reading,
            steps: &steps,
            plan,
            setting,
        };
        for sde in [geometric(), ornstein_uhlenbeck(), hyperbolic()] {
            if fits(sde.homogeneous, sde.partitioned) {
                curves.extend(measure.on(&sde)?);
            }
        }
        let sde = oscillator();
        if fits(sde.homogeneous, sde.partitioned) {
            curves.extend(measure.on(&sde)?);
        }
    }
    Ok(WeakOrder {
        scheme: subject.facts.key,
        k: subject.k,
        damping: None,
        time_scale,
        reading,
        damped,
        curves,
    })
}

/// The numbers of steps in order, each once; refused where no order or no noise can be seen.
fn checked_steps(steps: &[usize], settings: &[Setting]) -> Result<Vec<usize>, AnalysisError> {
    let mut steps = steps.to_vec();
    steps.sort_unstable();
    steps.dedup();
    let refuse = |what, problem| Err(AnalysisError::BadInput { what, problem });
    if steps.len() < 3 || steps[0] < 2 {
        return refuse(
            "steps",
            "must be three or more different numbers, each at least 2",
        );
    }
    let survivals = settings.iter().filter_map(|setting| setting.survival);
    let coarsest = END / steps[0] as f64;
    for p in survivals.map(|survival| survival.at(coarsest)) {
        if !(p > 0.0 && p < 1.0) {
            return refuse(
                "the probability to keep a block",
                "must lie between 0 and 1: at either end there is no noise",
            );
        }
    }
    Ok(steps)
}

/// One law under one scheme.
struct Measure<'a> {
    method: Method<'a>,
    reading: f64,
    steps: &'a [usize],
    plan: &'a Plan<'a>,
    setting: &'a Setting,
}

impl Measure<'_> {
    /// The curves of the three moments of one equation.
    fn on<const D: usize>(&self, sde: &Sde<D>) -> Result<Vec<Curve>, AnalysisError> {
        let increments: Vec<Increment> = (self.steps.iter())
            .map(|steps| Increment::new(self.setting, END / *steps as f64))
            .collect();
        let levels = (self.steps.iter().zip(&increments))
            .map(|(steps, increment)| Level::new(self.method, self.reading, sde, increment, *steps))
            .collect::<Result<Vec<_>, _>>()?;
        let estimates = simulated(&levels, self.plan)?;
        let computed = (self.steps.par_iter().zip(&increments))
            .map(|(steps, increment)| self.method.moments(sde, increment, *steps))
            .collect::<Result<Vec<_>, _>>()?;
        let exact = levels[0].exact();
        let curves = (0..3).map(|m| {
            let samples: Vec<WeakSample> = (self.steps.iter().zip(&estimates).zip(&computed))
                .map(|((steps, sums), computed)| {
                    let (error, deviation) = sums.estimate(m);
                    WeakSample {
                        steps: *steps,
                        dt: END / *steps as f64,
                        error,
                        deviation,
                        computed: computed.map(|moments| moments[m] - exact[m]),
                    }
                })
                .collect();
            let measured: Vec<_> = (samples.iter())
                .map(|s| (s.dt, s.error, s.deviation))
                .collect();
            let known: Vec<_> = (samples.iter())
                .filter_map(|s| s.computed.map(|error| (s.dt, error, 0.0)))
                .collect();
            Curve {
                setting: *self.setting,
                sde: sde.facts,
                moment: m as u32 + 1,
                exact: exact[m],
                order: fit::slope(&measured),
                computed: fit::slope(&known),
                samples,
            }
        });
        Ok(curves.collect())
    }
}

/// Simulates all levels; their blocks are shared among the threads, finest level first, and added in order.
fn simulated<const D: usize>(
    levels: &[Level<'_, D>],
    plan: &Plan<'_>,
) -> Result<Vec<Sums>, AnalysisError> {
    let pairs = plan.paths.div_ceil(2);
    let blocks = pairs.div_ceil(PAIRS);
    let sums = (0..levels.len() * blocks)
        .into_par_iter()
        .map(|job| {
            let (level, block) = (levels.len() - 1 - job / blocks, job % blocks);
            // Streams depend on level and block only: all laws and equations see the same uniform numbers.
            let mut stream = Stream::new(plan.seed, PURPOSE, level as u64 + 1, block as u64);
            let count = PAIRS.min(pairs - block * PAIRS);
            levels[level].block(&mut stream, count)
        })
        .collect::<Result<Vec<Sums>, _>>()?;
    let add = |blocks: &[Sums]| blocks.iter().fold(Sums::default(), Sums::and);
    Ok(sums.chunks(blocks).rev().map(add).collect())
}

#[cfg(test)]
mod tests;
