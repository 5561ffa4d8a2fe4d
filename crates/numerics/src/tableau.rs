//! What is an explicit Runge-Kutta method? A tableau, checked when the program is compiled.

use crate::{Memory, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};

/// The coefficients of an explicit Runge-Kutta method with `N` stages.
///
/// `slope_i = f(u + h Σ_{j<i} a_ij slope_j)` and `u_{n+1} = u + h Σ_i b_i slope_i`.
///
/// Source: E. Hairer, S. P. Nørsett, G. Wanner, Solving ordinary differential equations I,
/// 2nd ed. 1993, section II.1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tableau<const N: usize> {
    a: [[f64; N]; N],
    b: [f64; N],
    order: u32,
}

/// Rounding allowance of the order conditions: the sums have a handful of terms below 1.
const ROUNDING: f64 = 1e-14;

impl<const N: usize> Tableau<N> {
    /// A tableau of the given order with weights `b`, nodes `c` and stage coefficients `a`.
    ///
    /// Meant for constants: then a wrong tableau does not compile.
    ///
    /// # Panics
    /// If the method is not explicit, a row of `a` does not sum to its node, or one of the order
    /// conditions up to `order` (at most 4) fails.
    #[must_use]
    pub const fn new(order: u32, a: [[f64; N]; N], b: [f64; N], c: [f64; N]) -> Self {
        assert!(
            order >= 1 && order <= 4,
            "order conditions are known here for orders 1 to 4"
        );
        let mut i = 0;
        while i < N {
            let mut j = i;
            while j < N {
                assert!(a[i][j] == 0.0, "the method is not explicit");
                j += 1;
            }
            i += 1;
        }
        let one = [1.0; N];
        let a_one = apply(&a, &one);
        let mut i = 0;
        while i < N {
            assert!(
                (a_one[i] - c[i]).abs() < ROUNDING,
                "a row does not sum to its node"
            );
            i += 1;
        }
        let c2 = times(&c, &c);
        let ac = apply(&a, &c);
        // One line per rooted tree (Hairer, Nørsett, Wanner, table II.2.1).
        condition(&b, &one, 1.0);
        if order >= 2 {
            condition(&b, &c, 1.0 / 2.0);
        }
        if order >= 3 {
            condition(&b, &c2, 1.0 / 3.0);
            condition(&b, &ac, 1.0 / 6.0);
        }
        if order >= 4 {
            condition(&b, &times(&c2, &c), 1.0 / 4.0);
            condition(&b, &times(&c, &ac), 1.0 / 8.0);
            condition(&b, &apply(&a, &c2), 1.0 / 12.0);
            condition(&b, &apply(&a, &ac), 1.0 / 24.0);
        }
        Self { a, b, order }
    }

    /// The order whose conditions were checked.
    #[must_use]
    pub const fn order(&self) -> u32 {
        self.order
    }

    /// `u_{n+1}` from `u`; evaluation `i` is announced to `f` as stage `i` of the step.
    ///
    /// # Errors
    /// Whatever `f` reports.
    pub fn advance<S: State>(
        &self,
        f: &mut dyn Rhs<S>,
        u: &S,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        let mut slopes: Vec<S> = Vec::with_capacity(N);
        for (i, row) in self.a.iter().enumerate() {
            let slope = if i == 0 {
                f.eval(ctx.stage(0), u)?
            } else {
                f.eval(ctx.stage(i), &combine(u, ctx.h, row, &slopes))?
            };
            slopes.push(slope);
        }
        Ok(combine(u, ctx.h, &self.b, &slopes))
    }
}

/// `u + h Σ wᵢ slopeᵢ`, leaving out zero weights: on tensors each term is a pass over memory.
fn combine<S: State>(u: &S, h: f64, weights: &[f64], slopes: &[S]) -> S {
    let terms: Vec<(S::Coef, &S)> = std::iter::once((1.0.into(), u))
        .chain(
            weights
                .iter()
                .zip(slopes)
                .filter(|(w, _)| **w != 0.0)
                .map(|(w, slope)| ((h * w).into(), slope)),
        )
        .collect();
    S::lincomb(&terms)
}

/// The order condition `Σ bᵢ xᵢ = wanted`.
const fn condition<const N: usize>(b: &[f64; N], x: &[f64; N], wanted: f64) {
    let mut sum = 0.0;
    let mut i = 0;
    while i < N {
        sum += b[i] * x[i];
        i += 1;
    }
    assert!((sum - wanted).abs() < ROUNDING, "an order condition fails");
}

const fn apply<const N: usize>(a: &[[f64; N]; N], x: &[f64; N]) -> [f64; N] {
    let mut y = [0.0; N];
    let mut i = 0;
    while i < N {
        let mut j = 0;
        while j < N {
            y[i] += a[i][j] * x[j];
            j += 1;
        }
        i += 1;
    }
    y
}

const fn times<const N: usize>(x: &[f64; N], y: &[f64; N]) -> [f64; N] {
    let mut product = [0.0; N];
    let mut i = 0;
    while i < N {
        product[i] = x[i] * y[i];
        i += 1;
    }
    product
}

/// An explicit Runge-Kutta method as a scheme: a tableau and its facts.
#[derive(Clone, Copy, Debug)]
pub struct RungeKutta<const N: usize> {
    tableau: Tableau<N>,
    facts: &'static SchemeFacts,
}

impl<const N: usize> RungeKutta<N> {
    /// The scheme of a tableau.
    #[must_use]
    pub const fn new(facts: &'static SchemeFacts, tableau: Tableau<N>) -> Self {
        Self { tableau, facts }
    }

    /// The coefficients.
    #[must_use]
    pub const fn tableau(&self) -> &Tableau<N> {
        &self.tableau
    }
}

impl<S: State, const N: usize> Scheme<S> for RungeKutta<N> {
    fn facts(&self) -> &'static SchemeFacts {
        self.facts
    }

    fn step(
        &self,
        f: &mut dyn Rhs<S>,
        u: &S,
        _memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        self.tableau.advance(f, u, ctx)
    }
}

#[cfg(test)]
mod tests {
    use super::Tableau;

    #[test]
    #[should_panic(expected = "an order condition fails")]
    fn euler_is_not_of_order_two() {
        let _ = Tableau::new(2, [[0.0]], [1.0], [0.0]);
    }

    #[test]
    #[should_panic(expected = "a row does not sum to its node")]
    fn rows_must_sum_to_the_nodes() {
        let _ = Tableau::new(1, [[0.0, 0.0], [0.5, 0.0]], [0.0, 1.0], [0.0, 0.6]);
    }

    #[test]
    #[should_panic(expected = "the method is not explicit")]
    fn implicit_methods_are_refused() {
        let _ = Tableau::new(1, [[1.0]], [1.0], [1.0]);
    }
}
