//! How is the state found that a step defines by an equation? By fixed-point iteration that learns from its past.
//!
//! An implicit step asks for the `y` with `y = a + γ f(y)`. The iteration `y ← a + γ f(y)` converges where `γ f` contracts. Anderson's
//! acceleration takes, of the last few results, the combination whose residuals cancel best; for linear `f` it is GMRES, and it
//! converges where plain iteration does not.
//!
//! Source: D. G. Anderson, Iterative procedures for nonlinear integral equations, J. ACM 12, 1965; H. F. Walker, P. Ni, Anderson acceleration for
//! fixed-point iterations, SIAM J. Numer. Anal. 49, 2011.

use crate::linear_algebra::{Square, solve};
use crate::{State, StepError};

/// When an iteration ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Residual, as a part of the size of the state, that is small enough.
    pub tolerance: f64,
    /// Most evaluations of the function.
    pub evaluations: usize,
    /// Results that are combined, at most.
    pub window: usize,
}

impl Limits {
    /// To the rounding of double precision.
    pub const EXACT: Limits = Limits {
        tolerance: 1e-14,
        evaluations: 200,
        window: 5,
    };
}

/// Where an iteration ended.
#[derive(Clone, Debug, PartialEq)]
pub struct FixedPoint<S> {
    /// The state with the smallest residual.
    pub state: S,
    /// That residual, as a part of the size of the state.
    pub residual: f64,
    /// Evaluations of the function.
    pub evaluations: usize,
    /// Was the residual small enough?
    pub found: bool,
    /// Ratio of the residuals of the first two evaluations: plain iteration contracts if it is below 1.
    pub contraction: Option<f64>,
}

/// A residual so many times the smallest one is no way to a solution.
const LOST: f64 = 3.0;

/// The `y` with `y = map(y)`, searched from `start` on.
///
/// # Errors
/// What `map` returns. An iteration that does not converge is no error here: see [`FixedPoint::found`].
pub fn fixed_point<S: State>(
    map: &mut dyn FnMut(&S) -> Result<S, StepError>,
    start: &S,
    limits: &Limits,
) -> Result<FixedPoint<S>, StepError> {
    let minus = |a: &S, b: &S| S::lincomb(&[(1.0.into(), a), ((-1.0).into(), b)]);
    let mut at = start.clone();
    let mut best: Option<FixedPoint<S>> = None;
    let mut past = Past::default();
    let mut last: Option<(S, S)> = None;
    let mut sizes = Vec::new();
    // Where the smallest residual was, that residual, its result and size, and the part of it that a restart moves by.
    let (mut nearest, mut part_of_it): (Option<(S, S, S, f64)>, f64) = (None, 1.0);
    // A plain step may well go far, where a map expands; what is learned from it brings it back.
    let mut plain = true;
    for evaluations in 1..=limits.evaluations.max(1) {
        let result = map(&at)?;
        let residual = minus(&result, &at);
        let size = residual.dot(&residual).sqrt();
        let part = size / result.dot(&result).sqrt().max(f64::MIN_POSITIVE);
        sizes.push(size);
        let found = size == 0.0 || part <= limits.tolerance;
        if found || best.as_ref().is_none_or(|best| part < best.residual) {
            best = Some(FixedPoint {
                // The last result is one iteration closer than where it was found.
                state: result.clone(),
                residual: if size == 0.0 { 0.0 } else { part },
                evaluations,
                found,
                contraction: None,
            });
        }
        if found || !part.is_finite() {
            break;
        }
        if let Some((old_residual, old_result)) = &last {
            past.push(
                (minus(&residual, old_residual), minus(&result, old_result)),
                limits.window,
            );
        }
        match &nearest {
            // It has lost its way: on from where it was best, by less than the residual there.
            Some((place, residual, result, least)) if size > LOST * least && !plain => {
                part_of_it *= 0.5;
                at = S::lincomb(&[(1.0.into(), place), (part_of_it.into(), residual)]);
                past = Past::default();
                last = Some((residual.clone(), result.clone()));
                plain = true;
                continue;
            }
            Some((.., least)) if size > *least => {}
            _ => nearest = Some((at, residual.clone(), result.clone(), size)),
        }
        plain = past.differences.is_empty();
        at = past.accelerated(&result, &residual);
        last = Some((residual, result));
    }
    let mut best = best.expect("there was at least one evaluation");
    best.evaluations = sizes.len();
    if let [first, second, ..] = sizes[..] {
        best.contraction = (first > 0.0).then(|| second / first);
    }
    Ok(best)
}

/// Differences of successive residuals and results, oldest first, with the scalar products of those of residuals: on features these
/// cost more than all else, so that each is computed once.
struct Past<S> {
    differences: Vec<(S, S)>,
    products: Vec<Vec<f64>>,
}

impl<S> Default for Past<S> {
    fn default() -> Self {
        Self {
            differences: Vec::new(),
            products: Vec::new(),
        }
    }
}

impl<S: State> Past<S> {
    /// Takes up a difference, and forgets the oldest of more than `window`.
    fn push(&mut self, difference: (S, S), window: usize) {
        if self.differences.len() >= window {
            self.differences.remove(0);
            self.products.remove(0);
            for row in &mut self.products {
                row.remove(0);
            }
        }
        self.differences.push(difference);
        let Some((newest, _)) = self.differences.last() else {
            return;
        };
        let row = self.differences.iter().map(|(r, _)| r.dot(newest));
        let row: Vec<f64> = row.collect();
        for (old, product) in self.products.iter_mut().zip(&row) {
            old.push(*product);
        }
        self.products.push(row);
    }

    /// The result less the combination of past differences that cancels its residual best.
    fn accelerated(&self, result: &S, residual: &S) -> S {
        let count = self.differences.len();
        let with = self.differences.iter().map(|(r, _)| r.dot(residual));
        let with: Vec<f64> = with.collect();
        // Older differences are left out until the rest is independent.
        for from in 0..count {
            let past = &self.differences[from..];
            let largest = (from..count).map(|i| self.products[i][i]);
            let largest = largest.fold(0.0, f64::max);
            let matrix = Square::from_fn(past.len(), |i, j| {
                let regular = if i == j { 1e-14 * largest } else { 0.0 };
                self.products[from + i][from + j] + regular
            });
            let Some(weights) = solve(&matrix, &with[from..]) else {
                continue;
            };
            if weights.iter().any(|w| !w.is_finite() || w.abs() > 1e8) {
                continue;
            }
            let mut terms: Vec<(S::Coef, &S)> = vec![(1.0.into(), result)];
            let each = past.iter().zip(&weights);
            terms.extend(each.map(|((_, g), w)| ((-w).into(), g)));
            return S::lincomb(&terms);
        }
        result.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(
        matrix: [[f64; 3]; 3],
        a: [f64; 3],
    ) -> impl FnMut(&Vec<f64>) -> Result<Vec<f64>, StepError> {
        move |y| {
            let row = |i: usize| a[i] + (0..3).map(|j| matrix[i][j] * y[j]).sum::<f64>();
            Ok((0..3).map(row).collect())
        }
    }

    /// Of three linear equations after four evaluations, whether or not the map contracts.
    #[test]
    fn linear_equations_are_solved_in_as_many_steps_as_they_have_unknowns() {
        let expanding = [[3.0, 1.0, 0.0], [-2.0, 2.0, 1.0], [0.5, 0.0, -4.0]];
        let a = [1.0, -2.0, 0.5];
        let found = fixed_point(&mut linear(expanding, a), &vec![0.0; 3], &Limits::EXACT);
        let found = found.expect("a map without failures");
        assert!(found.found && found.evaluations <= 8, "{found:?}");
        assert!(found.contraction.is_some_and(|c| c > 1.0), "{found:?}");
        let image = linear(expanding, a)(&found.state).expect("numbers");
        for (y, image) in found.state.iter().zip(&image) {
            assert!((y - image).abs() < 1e-12, "{found:?}");
        }
    }

    #[test]
    fn a_contraction_is_solved_to_rounding_and_its_rate_is_told() {
        let mut map = |y: &f64| Ok(1.0 + 0.4 * y.sin());
        let found = fixed_point(&mut map, &1.0, &Limits::EXACT).expect("no failure");
        assert!(found.found && found.evaluations <= 12, "{found:?}");
        assert!((found.state - 1.0 - 0.4 * found.state.sin()).abs() < 1e-14);
        assert!(found.contraction.is_some_and(|c| c < 0.5), "{found:?}");
    }

    /// `y = y + 1` has no solution: the count is kept, and that nothing was found is said.
    #[test]
    fn what_has_no_fixed_point_is_not_found() {
        let mut map = |y: &f64| Ok(y + 1.0);
        let limits = Limits {
            evaluations: 12,
            ..Limits::EXACT
        };
        let found = fixed_point(&mut map, &0.0, &limits).expect("no failure");
        assert!(
            !found.found && found.evaluations <= 12 && found.residual > 1e-9,
            "{found:?}"
        );
        let mut failing = |_: &f64| Err(StepError::Rhs("no".into()));
        assert!(fixed_point(&mut failing, &0.0, &limits).is_err());
    }
}
