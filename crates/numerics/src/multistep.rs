//! What is a linear multistep method? Weights of earlier states and slopes, and how it starts.

use crate::schemes::{heun::HEUN, rk4::RK4};
use crate::{Memory, Past, Rhs, Scheme, SchemeFacts, State, StepCtx, StepError};

/// What a multistep method does while its history is shorter than it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Forward Euler, order 1.
    Euler,
    /// Heun's method, order 2.
    Heun,
    /// The classical Runge-Kutta method, order 4.
    Rk4,
}

impl Start {
    /// Every way to start, in the order of their orders.
    pub const ALL: [Start; 3] = [Start::Euler, Start::Heun, Start::Rk4];

    /// The name of the scheme that it is.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Start::Euler => "euler",
            Start::Heun => "heun",
            Start::Rk4 => "rk4",
        }
    }

    /// Its order. A multistep method keeps its own order if this is at most 1 below it.
    #[must_use]
    pub const fn order(self) -> u32 {
        match self {
            Start::Euler => 1,
            Start::Heun => 2,
            Start::Rk4 => 4,
        }
    }

    /// Evaluations of `f` in a step.
    #[must_use]
    pub const fn stages(self) -> usize {
        match self {
            Start::Euler => 1,
            Start::Heun => 2,
            Start::Rk4 => 4,
        }
    }

    /// A step of size `h`, where `first` is the slope at `u`.
    fn advance<S: State>(
        self,
        f: &mut dyn Rhs<S>,
        u: &S,
        first: &S,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        match self {
            Start::Euler => Ok(S::lincomb(&[(1.0.into(), u), (ctx.h.into(), first)])),
            Start::Heun => HEUN.tableau().advance_from(f, u, first.clone(), ctx),
            Start::Rk4 => RK4.tableau().advance_from(f, u, first.clone(), ctx),
        }
    }
}

/// A linear multistep method of fixed weights:
/// `u_{n+1} = Σ_j α_j u_{n-j} + h Σ_j β_j f(u_{n-j})`.
///
/// Until all earlier states are there, it takes steps of its starting procedure, in its own time.
/// Source: E. Hairer, S. P. Nørsett, G. Wanner, Solving ordinary differential equations I, 1993, section III.1.
#[derive(Clone, Copy, Debug)]
pub struct Multistep {
    facts: &'static SchemeFacts,
    weights: Weights<'static>,
}

impl Multistep {
    /// The scheme of weights of states `α_0, α_1, …` and of slopes `β_0, β_1, …`, newest first.
    ///
    /// Meant for constants: then a method that moves constants does not compile.
    ///
    /// # Panics
    /// If the weights of states do not sum to 1, or those of slopes sum to 0.
    #[must_use]
    pub const fn new(
        facts: &'static SchemeFacts,
        states: &'static [f64],
        slopes: &'static [f64],
        start: Start,
    ) -> Self {
        let weights = Weights {
            states,
            slopes,
            start,
        };
        let drift = moment(states, 0) - 1.0;
        assert!(drift < 1e-14 && drift > -1e-14, "constants would move");
        assert!(moment(slopes, 0) != 0.0, "f would not count");
        Self { facts, weights }
    }
}

impl<S: State> Scheme<S> for Multistep {
    fn facts(&self) -> &'static SchemeFacts {
        self.facts
    }

    fn step(
        &self,
        f: &mut dyn Rhs<S>,
        u: &S,
        memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        self.weights.step(self.facts, f, u, memory, ctx)
    }
}

/// The numbers of a multistep method, and how it starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weights<'a> {
    /// `α_0, α_1, …`.
    pub(crate) states: &'a [f64],
    /// `β_0, β_1, …`.
    pub(crate) slopes: &'a [f64],
    pub(crate) start: Start,
}

/// `Σ_j w_j (-j)^power`.
const fn moment(weights: &[f64], power: u32) -> f64 {
    let (mut sum, mut j) = (0.0, 0);
    while j < weights.len() {
        let (mut term, mut i) = (weights[j], 0);
        while i < power {
            term *= -(j as f64);
            i += 1;
        }
        sum += term;
        j += 1;
    }
    sum
}

/// Residuals of order conditions below this are rounding.
const ROUNDING: f64 = 1e-9;

impl Weights<'_> {
    /// Earlier states that it needs.
    pub(crate) fn memory(&self) -> usize {
        self.states.len().max(self.slopes.len()) - 1
    }

    /// The `c` of the equation `c u' = f(u)` that it follows.
    pub(crate) fn time_scale(&self) -> f64 {
        (1.0 - moment(self.states, 1)) / moment(self.slopes, 0)
    }

    /// The largest `p` up to 16 such that polynomials of degree `p` are advanced exactly, in its own time.
    pub(crate) fn order(&self) -> u32 {
        let c = self.time_scale();
        let holds = |q: u32| {
            let slopes = c * f64::from(q) * moment(self.slopes, q - 1);
            let states = moment(self.states, q);
            (states + slopes - 1.0).abs() < ROUNDING * (1.0 + states.abs() + slopes.abs())
        };
        (1..=16).take_while(|q| holds(*q)).count() as u32
    }

    /// One step, which records the state that it leaves.
    pub(crate) fn step<S: State>(
        &self,
        facts: &SchemeFacts,
        f: &mut dyn Rhs<S>,
        u: &S,
        memory: &mut Memory<S>,
        ctx: &StepCtx<S>,
    ) -> Result<S, StepError> {
        let slope = f.eval(ctx.stage(0), u)?;
        if ctx.restart {
            memory.clear();
        }
        let next = if memory.len() < self.memory() {
            // Steps of the method advance time by h / c.
            let own = StepCtx {
                h: ctx.h / self.time_scale(),
                ..ctx.clone()
            };
            self.start.advance(f, u, &slope, &own)?
        } else {
            let mut terms: Vec<(S::Coef, &S)> = Vec::new();
            let states = self.states.iter().enumerate();
            for (j, weight) in states.filter(|(_, weight)| **weight != 0.0) {
                let state = match memory.back(j) {
                    Some(past) => &past.state,
                    None => u,
                };
                terms.push(((*weight).into(), state));
            }
            let slopes = self.slopes.iter().enumerate();
            for (j, weight) in slopes.filter(|(_, weight)| **weight != 0.0) {
                let old = memory
                    .back(j)
                    .and_then(|past: &Past<S>| past.slope.as_ref());
                terms.push(((ctx.h * weight).into(), old.unwrap_or(&slope)));
            }
            S::lincomb(&terms)
        };
        memory.push(u.clone(), facts.keeps_slopes.then_some(slope), facts.memory);
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_those_of_the_literature() {
        let of = |states: &[f64], slopes: &[f64]| {
            let start = Start::Rk4;
            let weights = Weights {
                states,
                slopes,
                start,
            };
            (weights.order(), weights.time_scale())
        };
        assert_eq!(of(&[1.0], &[1.0]), (1, 1.0));
        assert_eq!(of(&[1.0], &[1.5, -0.5]), (2, 1.0));
        // Leapfrog in the form u_prev + 2 h f(u).
        assert_eq!(of(&[0.0, 1.0], &[2.0]), (2, 1.0));
        // Milne's method of order 4, u_(n-3) + h (8/3 f - 4/3 f_prev + 8/3 f_(n-2)).
        let (order, scale) = of(&[0.0, 0.0, 0.0, 1.0], &[8.0 / 3.0, -4.0 / 3.0, 8.0 / 3.0]);
        assert_eq!(order, 4);
        assert!((scale - 1.0).abs() < 1e-15);
        // `lm` with k = -1/2 follows u'/2 = f(u).
        assert_eq!(of(&[1.5, -0.5], &[1.0]), (1, 0.5));
    }

    #[test]
    #[should_panic(expected = "constants would move")]
    fn weights_of_states_sum_to_one() {
        let facts = Scheme::<f64>::facts(&crate::schemes::euler::Euler);
        let _ = Multistep::new(facts, &[1.0, 0.5], &[1.0], Start::Euler);
    }
}
