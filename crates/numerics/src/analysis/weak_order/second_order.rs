//! Where the memory does not fade, is `lm` with noise a *second-order* stochastic equation, and how good a one?
//!
//! With `k = -(1 - g Δt)` the step `X_{n+1} = (1-k) X_n + k X_{n-1} + η f(X_n)` moves with the velocity
//! `Y_{n+1} = (X_{n+1} - X_n)/Δt`:
//!
//! ```text
//! X_{n+1} = X_n + Δt Y_{n+1},        Y_{n+1} = (1 - g Δt) Y_n + η f(X_n)/Δt
//! ```
//!
//! With `η f = Δt (Δt a + b ΔŴ)` that is a weak discretisation of
//!
//! ```text
//! dX = Y dt,        dY = (-g Y + a(X)) dt + b(X) dW
//! ```
//!
//! the noisy form of `(1+k) u' + (1-k)(Δt/2) u'' = f(u)` (Lu, Zhong, Li, Dong 2018, section 3, and the slides of the
//! talk). The noise enters the velocity; a restart, the first step of a segment, is `Y = 0`. The condition on the
//! noise is that of first order, for `u` of the pair has third derivatives in `Y` just as well.
//!
//! The errors are *computed*: a step is affine in `(1, X_n, X_{n-1})`, so its third moments follow a linear
//! recursion, and those of the equation an exponential.

use super::equations::{END, Sde, SdeFacts};
use super::history::Method;
use super::increment::Increment;
use super::{Curve, Setting, WeakOrder, WeakSample, checked_steps, fit};
use crate::analysis::AnalysisError;
use crate::analysis::subject::Subject;

/// An equation of second order in `X`: what the scheme sees, and the pair `(X, Y)`.
struct Problem {
    /// `a` and `b` on `(1, X)`.
    force: Sde<2>,
    /// The pair, with damping.
    pair: Sde<3>,
}

/// `dY = (-g Y + stiffness X) dt + (constant + slope X) dW` from `(X, Y) = (1, 0)`.
fn problem(facts: SdeFacts, damping: f64, stiffness: f64, noise: (f64, f64)) -> Problem {
    let (constant, slope) = noise;
    Problem {
        force: Sde {
            facts,
            drift: [[0.0, 0.0], [0.0, stiffness]],
            noises: vec![[[0.0, 0.0], [constant, slope]]],
            start: [1.0, 1.0],
            homogeneous: constant == 0.0,
            partitioned: false,
        },
        pair: Sde {
            facts,
            drift: [[0.0; 3], [0.0, 0.0, 1.0], [0.0, stiffness, -damping]],
            noises: vec![[[0.0; 3], [0.0; 3], [constant, slope, 0.0]]],
            start: [1.0, 1.0, 0.0],
            homogeneous: constant == 0.0,
            partitioned: false,
        },
    }
}

/// Most steps: `X_n - X_{n-1}` is of size `Δt`, its third moments of size `Δt³`, and double precision knows those of
/// `X` to 1e-16.
const MOST: usize = 2048;

const REFERENCE: &str = "exponential of the matrix that moves all moments up to the third";

/// A spring that is pushed at random, and a spring whose stiffness is random.
fn problems(damping: f64) -> [Problem; 2] {
    let pushed = SdeFacts {
        name: "pushed oscillator",
        equation: "dX = Y dt, dY = (-g Y - X) dt + 2 dW, (X, Y)(0) = (1, 0)",
        reference: REFERENCE,
    };
    let stiff = SdeFacts {
        name: "oscillator with noisy stiffness",
        equation: "dX = Y dt, dY = (-g Y - X) dt + 2 X dW, (X, Y)(0) = (1, 0)",
        reference: REFERENCE,
    };
    [
        problem(pushed, damping, -1.0, (2.0, 0.0)),
        problem(stiff, damping, -1.0, (0.0, 2.0)),
    ]
}

/// Computes the weak orders of `lm` with `k = -(1 - damping Δt)` and each of the `settings`, to the second-order equation
/// with this damping; up to time 1, for each number of `steps`.
///
/// # Errors
/// [`AnalysisError::BadInput`] for fewer than three numbers of steps, a damping that is negative, not finite or
/// larger than the smallest number of steps (there `k > 0`), and a probability outside (0, 1).
pub fn second_order(
    damping: f64,
    steps: &[usize],
    settings: &[Setting],
) -> Result<WeakOrder, AnalysisError> {
    let steps = checked_steps(steps, settings)?;
    if !(damping >= 0.0 && damping <= steps[0] as f64 / END) {
        return Err(AnalysisError::BadInput {
            what: "the damping",
            problem: "must lie between 0 and the smallest number of steps, so that k is between -1 and 0",
        });
    }
    if steps[steps.len() - 1] > MOST {
        return Err(AnalysisError::BadInput {
            what: "steps",
            problem: "must be at most 2048 here: velocities are differences of states, and rounding hides finer errors",
        });
    }
    let mut curves = Vec::new();
    for setting in settings {
        for problem in problems(damping) {
            curves.extend(on(&problem, damping, &steps, setting)?);
        }
    }
    Ok(WeakOrder {
        scheme: "lm",
        k: None,
        damping: Some(damping),
        time_scale: 1.0,
        reading: 0.0,
        damped: true,
        curves,
    })
}

/// The curves of the three moments of `X` on one equation.
fn on(
    problem: &Problem,
    damping: f64,
    steps: &[usize],
    setting: &Setting,
) -> Result<Vec<Curve>, AnalysisError> {
    let exact = problem.pair.expectations(1)[0].map(|form| form.value(&problem.pair.start));
    let mut found = Vec::new();
    for n in steps {
        let dt = END / *n as f64;
        let method = Method {
            subject: Subject::new("lm", Some(damping * dt - 1.0))?,
            // The step size is that of the velocity as well: Δt² a, and Δt b ΔŴ.
            time_scale: dt,
        };
        let increment = Increment::new(setting, dt);
        let moments = method.moments(&problem.force, &increment, *n)?;
        found.extend(moments.map(|moments| (*n, dt, moments)));
    }
    let curves = (0..3).map(|m| {
        let samples: Vec<WeakSample> = (found.iter())
            .map(|(steps, dt, moments)| {
                let error = moments[m] - exact[m];
                WeakSample {
                    steps: *steps,
                    dt: *dt,
                    error,
                    deviation: 0.0,
                    computed: Some(error),
                }
            })
            .collect();
        let points: Vec<_> = samples.iter().map(|s| (s.dt, s.error, 0.0)).collect();
        Curve {
            setting: *setting,
            sde: problem.force.facts,
            moment: m as u32 + 1,
            exact: exact[m],
            order: None,
            computed: fit::slope(&points),
            samples,
        }
    });
    Ok(curves.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::weak_order::Survival;

    fn depth(p: f64) -> Setting {
        Setting {
            survival: Some(Survival::Fixed(p)),
            ..Setting::of("stochastic-depth", &[], 1.0)[0]
        }
    }

    /// All `2^n` ways in which `n` blocks are kept or dropped, by the step as the network takes it.
    #[test]
    fn moments_are_those_of_all_paths() {
        let (n, damping, p) = (6_usize, 0.7, 0.8_f64);
        let dt = 1.0 / n as f64;
        let k = damping * dt - 1.0;
        let found = second_order(damping, &[n, 7, 8], &[depth(p)]).expect("orders");
        for (problem, force) in [(0, (2.0, 0.0)), (1, (0.0, 2.0))] {
            let mut moments = [0.0; 3];
            for path in 0..1_usize << n {
                let (mut x, mut before) = (1.0, 1.0);
                let mut weight = 1.0;
                for step in 0..n {
                    let kept = path >> step & 1 == 1;
                    weight *= if kept { p } else { 1.0 - p };
                    let eta = if kept { 1.0 } else { 0.0 };
                    let w = dt.sqrt() * (eta - p) / (p * (1.0 - p)).sqrt();
                    let f = dt * (-dt * x + (force.0 + force.1 * x) * w);
                    let k = if step == 0 { 0.0 } else { k };
                    (x, before) = ((1.0 - k) * x + k * before + f, x);
                }
                for (m, sum) in moments.iter_mut().enumerate() {
                    *sum += weight * x.powi(m as i32 + 1);
                }
            }
            for (m, moment) in moments.iter().enumerate() {
                let curve = &found.curves[3 * problem + m];
                let error = moment - curve.exact;
                assert!((curve.samples[0].error - error).abs() < 1e-12, "{curve:?}");
            }
        }
    }

    #[test]
    fn the_condition_is_that_of_first_order() {
        let steps = [128, 256, 512, 1024, 2048];
        let order = |setting: Setting, moment: u32| -> Vec<f64> {
            let found = second_order(1.0, &steps, &[setting]).expect("orders");
            let of = found.curves.iter().filter(|c| c.moment == moment);
            of.filter_map(|c| c.computed).map(|o| o.order).collect()
        };
        for moment in 1..=3 {
            for order in order(depth(0.5), moment) {
                assert!((order - 1.0).abs() < 0.05, "p = 1/2, E X^{moment}: {order}");
            }
        }
        let skewed = order(depth(0.9), 3);
        assert_eq!(skewed.len(), 2);
        for order in skewed {
            assert!((order - 0.5).abs() < 0.1, "p = 0.9: {order}");
        }
        // What is not cubic does not see it.
        for order in order(depth(0.9), 2) {
            assert!((order - 1.0).abs() < 0.05, "{order}");
        }
    }

    /// Without noise in reach the mean is that of the damped oscillator.
    #[test]
    fn the_mean_is_a_damped_oscillation() {
        let found = second_order(1.0, &[64, 128, 256], &[depth(0.5)]).expect("orders");
        // x'' + x' + x = 0, x(0) = 1, x'(0) = 0.
        let w = 0.75_f64.sqrt();
        let wanted = (-0.5_f64).exp() * (w.cos() + w.sin() / (2.0 * w));
        assert!((found.curves[0].exact - wanted).abs() < 1e-12);
    }

    #[test]
    fn impossible_questions_are_refused() {
        for damping in [-0.1, f64::NAN, 9.0] {
            assert!(second_order(damping, &[8, 16, 32], &[depth(0.5)]).is_err());
        }
        assert!(second_order(1.0, &[8, 16], &[depth(0.5)]).is_err());
        assert!(second_order(1.0, &[8, 16, 4096], &[depth(0.5)]).is_err());
    }
}
