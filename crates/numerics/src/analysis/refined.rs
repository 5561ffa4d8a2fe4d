//! Which coefficient makes a scheme with other steps follow the same equation?
//!
//! A step of size `h` with the coefficient `k` follows `c_1(k) u' + c_2(k) h u'' + … = f(u)`. With steps `r` times as
//! long, a coefficient `k'`, and `g` in place of the `h` that multiplies `f`, the equation has the coefficients
//! `c_1(k') r h/g` and `c_2(k') (r h)²/(g h)`. Both are what they were if
//!
//! `c_2(k') / c_1(k') = (c_2(k) / c_1(k)) / r` and `g = r h c_1(k') / c_1(k)`.
//!
//! The quotient `c_2 / c_1` is the inertia that a step leaves to its equation: halved steps need twice of it, and only
//! a learned coefficient can give it. A scheme without one keeps the equation `c_1 u' = f(u)` alone, with `g = r h`.
//!
//! An equation with inertia begins with a velocity. Differences `d_n = u_{n+1} - u_n` follow `d_n = -k d_{n-1} + …`, so what a first
//! step moves more than the steps of a smooth solution, `h f/c_1`, adds up to `1/(1+k)` of itself. The first step, and the first
//! step after one of the old size, are those for which this sum is what it was.

use super::{AnalysisError, modified_equation};
use crate::facts;

/// A step of another size that follows the same equation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refined {
    /// The coefficient of the scheme.
    pub k: f64,
    /// What multiplies the step size in front of `f`: `g / h`.
    pub control: f64,
    /// The same for a first step, which is one of forward Euler.
    pub first: f64,
    /// The coefficient of a step before which one of the old size was taken, so that the earlier state lies as far behind as it did.
    pub behind: f64,
}

/// Between these the coefficients of zero-stable schemes lie; both ends are left out.
const RANGE: (f64, f64) = (-1.0, 1.0);
/// Halvings of the range: more than doubles have bits.
const HALVINGS: usize = 60;

/// The step of a scheme with one learned coefficient that is `ratio` times as long as the step with coefficient `k`, and
/// follows the same modified equation up to `u''`.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme, for one that has no coefficient or several, for a ratio that is not above 0, and
/// where no coefficient of a zero-stable step does it, as for a step without inertia.
pub fn refined(scheme: &str, k: f64, ratio: f64) -> Result<Refined, AnalysisError> {
    let bad = |what, problem| AnalysisError::BadInput { what, problem };
    let facts = facts(scheme)?;
    match facts.coefficient {
        None => {
            return Err(AnalysisError::NoCoefficient {
                scheme: facts.key,
                k,
            });
        }
        Some(coefficient) if !coefficient.older.is_empty() => {
            return Err(bad("the scheme", "has several coefficients"));
        }
        Some(_) => {}
    }
    if !(ratio.is_finite() && ratio > 0.0) {
        return Err(bad("the ratio of step sizes", "must be above 0"));
    }
    let equation = |k| -> Result<[f64; 2], AnalysisError> {
        let found = modified_equation(scheme, Some(k), 2)?;
        Ok([found.time_scale(), found.inertia()])
    };
    let [time, inertia] = equation(k)?;
    if time <= 0.0 {
        return Err(AnalysisError::NoTimeScale {
            scheme: facts.key,
            coefficient: time,
        });
    }
    let wanted = inertia / time / ratio;
    if wanted <= 0.0 {
        return Err(bad("the step", "has no inertia that another could have"));
    }
    // The inertia falls from infinity to 0 as k goes from -1 to 1.
    let (mut low, mut high) = RANGE;
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        let [time, inertia] = equation(middle)?;
        match inertia > wanted * time {
            true => low = middle,
            false => high = middle,
        }
    }
    let own = 0.5 * (low + high);
    let [new, inertia] = equation(own)?;
    if (inertia - wanted * new).abs() > 1e-9 * (1.0 + wanted) * new {
        return Err(bad("the scheme", "has no coefficient with this inertia"));
    }
    // What smooth solutions move in a step of the old size, in units of `h f`, and what is left of a surplus.
    let (smooth, kept) = (1.0 / time, (1.0 - 1.0 / time) * (1.0 + own) / (1.0 + k));
    Ok(Refined {
        k: own,
        control: ratio * new / time,
        first: ratio * smooth + kept,
        behind: ratio * smooth * own + k * kept,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Memory, StageId, StepCtx, StepError, scheme};

    /// `k' = (r - q) / (r + q)` with `q = (1-k) / (1+k)`, worked out by hand for `lm` and `momentum`.
    #[test]
    fn coefficients_are_those_worked_out_by_hand() {
        for name in ["lm", "momentum"] {
            for k in [-0.7, -0.1, 0.0, 0.3] {
                for r in [0.25, 0.5, 1.0, 2.0] {
                    let q = (1.0 - k) / (1.0 + k);
                    let own = (r - q) / (r + q);
                    let control = match name {
                        "lm" => r * (1.0 + own) / (1.0 + k),
                        _ => r,
                    };
                    let found = refined(name, k, r).expect("a step");
                    assert!((found.k - own).abs() < 1e-10, "{name} {k} {r}: {found:?}");
                    assert!(
                        (found.control - control).abs() < 1e-10,
                        "{name} {k} {r}: {found:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_has_no_answer_is_refused() {
        for (name, k, r) in [
            ("euler", 0.0, 0.5),
            ("lm3", 0.1, 0.5),
            ("lm", 0.1, 0.0),
            ("lm", 0.1, f64::NAN),
            ("lm", -1.5, 0.5),
            ("lm", 1.0, 0.5),
        ] {
            assert!(refined(name, k, r).is_err(), "{name} {k} {r}");
        }
    }

    /// The state at time 1 of `u' = 1 - 2u` in the time of `lm`, by steps whose size is a part `of` a long one.
    fn end(long: usize, of: usize, k: f64, refined: Refined, after_a_long_one: bool) -> f64 {
        let lm = scheme::<f64>("lm").expect("registered");
        let mut f = |_: StageId, u: &f64| Ok::<_, StepError>(1.0 - 2.0 * u);
        let (mut u, mut memory, long_h) = (3.0, Memory::new(), 1.0 / long as f64);
        let mut take = |u: f64, step: usize, h: f64, k: f64| {
            let ctx = StepCtx::new(step, h * long_h).with_coefs(vec![k]);
            lm.step(&mut f, &u, &mut memory, &ctx).expect("a number")
        };
        let mut taken = 0;
        if after_a_long_one {
            u = take(u, 0, 1.0, k);
            taken = 1;
        }
        for n in 0..(long - taken) * of {
            let (h, k) = match (n, after_a_long_one) {
                (0, false) => (refined.first, 0.0),
                (0, true) => (refined.control, refined.behind),
                _ => (refined.control, refined.k),
            };
            u = take(u, taken + n, h, k);
        }
        u
    }

    /// Steps of half the size with the rescaled coefficient end where the long ones do but for O(h²), also if the first of them was a
    /// long one; with the same coefficient, but for O(h).
    #[test]
    fn rescaled_steps_follow_the_long_ones_to_second_order() {
        let k = -0.3;
        let same = refined("lm", k, 1.0).expect("itself");
        for (half, order) in [
            (refined("lm", k, 0.5).expect("a step"), 2.0),
            (
                Refined {
                    k,
                    control: 0.5,
                    first: 0.5,
                    behind: 0.5 * k,
                },
                1.0,
            ),
        ] {
            for after_a_long_one in [false, true] {
                let distance = |long: usize| {
                    let fine = end(long, 2, k, half, after_a_long_one);
                    (fine - end(long, 1, k, same, after_a_long_one)).abs()
                };
                let found = (distance(256) / distance(512)).log2();
                assert!(
                    (found - order).abs() < 0.1,
                    "{half:?} {after_a_long_one}: {found}"
                );
            }
        }
    }
}
