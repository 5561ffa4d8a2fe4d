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
    /// conditions up to `order` (at most 5) fails.
    #[must_use]
    pub const fn new(order: u32, a: [[f64; N]; N], b: [f64; N], c: [f64; N]) -> Self {
        assert!(
            order >= 1 && order <= 5,
            "order conditions are known here for orders 1 to 5"
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
        if order >= 5 {
            let c3 = times(&c2, &c);
            condition(&b, &times(&c3, &c), 1.0 / 5.0);
            condition(&b, &times(&c2, &ac), 1.0 / 10.0);
            condition(&b, &times(&c, &apply(&a, &c2)), 1.0 / 15.0);
            condition(&b, &times(&c, &apply(&a, &ac)), 1.0 / 30.0);
            condition(&b, &times(&ac, &ac), 1.0 / 20.0);
            condition(&b, &apply(&a, &c3), 1.0 / 20.0);
            condition(&b, &apply(&a, &times(&c, &ac)), 1.0 / 40.0);
            condition(&b, &apply(&a, &apply(&a, &c2)), 1.0 / 60.0);
            condition(&b, &apply(&a, &apply(&a, &ac)), 1.0 / 120.0);
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
        let first = f.eval(ctx.stage(0), u)?;
        self.advance_from(f, u, first, ctx)
    }

    /// The same where `first`, the slope at `u`, is known.
    pub(crate) fn advance_from<S: State>(
        &self,
        f: &mut dyn Rhs<S>,
        u: &S,
        first: S,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        advance(&self.a, &self.b, f, u, first, ctx)
    }

    /// The same without the zeros of `a`.
    pub(crate) fn butcher(&self) -> Butcher {
        let rows = self.a.iter().enumerate();
        Butcher::new(
            rows.map(|(i, row)| row[..i].to_vec()).collect(),
            self.b.to_vec(),
        )
    }
}

/// A step with the stage coefficients `a` and the weights `b`; `first` is the slope at `u`.
pub(crate) fn advance<S: State>(
    a: &[impl AsRef<[f64]>],
    b: &[f64],
    f: &mut dyn Rhs<S>,
    u: &S,
    first: S,
    ctx: &StepCtx<S>,
) -> Result<S, StepError> {
    let mut slopes = Vec::with_capacity(b.len());
    slopes.push(first);
    for (i, row) in a.iter().enumerate().skip(1) {
        let slope = f.eval(ctx.stage(i), &combine(u, ctx.h, row.as_ref(), &slopes))?;
        slopes.push(slope);
    }
    Ok(combine(u, ctx.h, b, &slopes))
}

/// `u + h Σ wᵢ slopeᵢ`, leaving out zero weights: on tensors each term is a pass over memory.
pub(crate) fn combine<S: State>(u: &S, h: f64, weights: &[f64], slopes: &[S]) -> S {
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

/// The coefficients of an explicit Runge-Kutta method that came from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Butcher {
    /// Row `i` has the `i` coefficients of the slopes before it.
    a: Vec<Vec<f64>>,
    b: Vec<f64>,
}

/// Rounding allowance of the order conditions of numbers that a person typed.
const TYPED: f64 = 1e-10;

impl Butcher {
    /// The tableau with rows `a` below the diagonal and weights `b`.
    pub(crate) fn new(a: Vec<Vec<f64>>, b: Vec<f64>) -> Self {
        debug_assert!(a.len() == b.len() && a.iter().enumerate().all(|(i, row)| row.len() == i));
        Self { a, b }
    }

    /// Steps of these methods one after the other, each of its part of `h`, as one method.
    pub(crate) fn composed(parts: &[(f64, Butcher)]) -> Self {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for (h, part) in parts {
            // Every later stage stands on what the earlier parts have added.
            for row in &part.a {
                let own = row.iter().map(|x| h * x);
                a.push(b.iter().copied().chain(own).collect());
            }
            b.extend(part.b.iter().map(|x| h * x));
        }
        Self::new(a, b)
    }

    /// Evaluations of `f` in a step.
    #[must_use]
    pub fn stages(&self) -> usize {
        self.b.len()
    }

    /// Coefficients of the slopes before stage `i`.
    pub(crate) fn row(&self, i: usize) -> &[f64] {
        &self.a[i]
    }

    /// Weights of the slopes.
    pub(crate) fn weights(&self) -> &[f64] {
        &self.b
    }

    /// The nodes: sums of the rows.
    #[must_use]
    pub fn nodes(&self) -> Vec<f64> {
        self.a.iter().map(|row| row.iter().sum()).collect()
    }

    /// The largest order, up to 5, whose conditions hold.
    #[must_use]
    pub fn order(&self) -> u32 {
        let times =
            |x: &[f64], y: &[f64]| -> Vec<f64> { x.iter().zip(y).map(|(x, y)| x * y).collect() };
        let apply = |x: &[f64]| -> Vec<f64> {
            let sum = |row: &Vec<f64>| row.iter().zip(x).map(|(a, x)| a * x).sum();
            self.a.iter().map(sum).collect()
        };
        let one = vec![1.0; self.stages()];
        let c = self.nodes();
        let (c2, ac) = (times(&c, &c), apply(&c));
        let (c3, ac2, aac) = (times(&c2, &c), apply(&c2), apply(&ac));
        // One line per order, one pair per rooted tree (Hairer, Nørsett, Wanner, table II.2.1).
        let conditions: [Vec<(Vec<f64>, f64)>; 5] = [
            vec![(one, 1.0)],
            vec![(c.clone(), 2.0)],
            vec![(c2.clone(), 3.0), (ac.clone(), 6.0)],
            vec![
                (c3.clone(), 4.0),
                (times(&c, &ac), 8.0),
                (ac2.clone(), 12.0),
                (aac.clone(), 24.0),
            ],
            vec![
                (times(&c2, &c2), 5.0),
                (times(&c2, &ac), 10.0),
                (times(&c, &ac2), 15.0),
                (times(&c, &aac), 30.0),
                (times(&ac, &ac), 20.0),
                (apply(&c3), 20.0),
                (apply(&times(&c, &ac)), 40.0),
                (apply(&ac2), 60.0),
                (apply(&aac), 120.0),
            ],
        ];
        let holds = |(x, inverse): &(Vec<f64>, f64)| {
            let terms = self.b.iter().zip(x).map(|(b, x)| b * x);
            let size: f64 = terms.clone().map(f64::abs).sum();
            (terms.sum::<f64>() - 1.0 / inverse).abs() < TYPED * (1.0 + size)
        };
        let orders = conditions.iter();
        orders.take_while(|order| order.iter().all(holds)).count() as u32
    }

    /// `u_{n+1}` from `u`; evaluation `i` is announced to `f` as stage `i` of the step.
    pub(crate) fn advance<S: State>(
        &self,
        f: &mut dyn Rhs<S>,
        u: &S,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        let first = f.eval(ctx.stage(0), u)?;
        advance(&self.a, &self.b, f, u, first, ctx)
    }
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

    fn tableau(&self) -> Option<Butcher> {
        Some(self.tableau.butcher())
    }
}

#[cfg(test)]
mod tests {
    use super::{Butcher, Tableau};
    use crate::schemes::{heun::HEUN, rk4::RK4};

    #[test]
    fn orders_of_typed_tableaus_are_found() {
        let euler = Butcher::new(vec![vec![]], vec![1.0]);
        assert_eq!(euler.order(), 1);
        assert_eq!(HEUN.tableau().butcher().order(), 2);
        assert_eq!(RK4.tableau().butcher().order(), 4);
        let off = Butcher::new(vec![vec![]], vec![0.999]);
        assert_eq!(off.order(), 0);
    }

    /// Two half steps of Euler are `u + h/2 f(u) + h/2 f(u + h/2 f(u))`.
    #[test]
    fn a_composition_is_a_tableau() {
        let euler = Butcher::new(vec![vec![]], vec![1.0]);
        let two = Butcher::composed(&[(0.5, euler.clone()), (0.5, euler.clone())]);
        assert_eq!(two, Butcher::new(vec![vec![], vec![0.5]], vec![0.5, 0.5]));
        assert_eq!(two.order(), 1);
        // Two half steps keep the order of their method.
        let heun = HEUN.tableau().butcher();
        assert_eq!(
            Butcher::composed(&[(0.5, heun.clone()), (0.5, heun)]).order(),
            2
        );
        let rk4 = RK4.tableau().butcher();
        assert_eq!(
            Butcher::composed(&[(0.25, rk4.clone()), (0.75, rk4)]).order(),
            4
        );
    }

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
