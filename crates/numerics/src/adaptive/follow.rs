//! How is a solution followed whose steps are as long as a tolerance allows? For any state, and slopes that depend on time.

use super::{Pair, Stopped, Taken, Tolerance};
use crate::tableau::combine;
use crate::{State, StepError};

/// The part of what the estimate promises that is used, and the least and greatest change of `h`.
const SAFETY: f64 = 0.9;
const SHRINK: f64 = 0.2;
const GROW: f64 = 10.0;

/// A time, and the piece of the course that it belongs to: where pieces meet, a slope may have two values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The piece, from 0.
    pub piece: usize,
    /// The time.
    pub time: f64,
}

/// A step that was taken, with the state before it.
#[derive(Debug)]
pub struct Step<'a, S> {
    /// When it began.
    pub from: Moment,
    /// Where it began.
    pub before: &'a S,
    /// When it ended, its size and its error.
    pub taken: Taken,
}

/// An equation `u' = f(t, u)`, and what an error of its states is.
pub trait Equation<S> {
    /// `f(t, u)`.
    ///
    /// # Errors
    /// Whatever makes it undefined there.
    fn slope(&mut self, at: Moment, u: &S) -> Result<S, StepError>;

    /// The norm of an error in units of the tolerance, given the states between which it was made: see [`Tolerance::size`].
    fn size(&self, error: &S, before: &S, after: &S) -> f64;

    /// The slope that was asked for last is one at a state of the solution.
    fn kept(&mut self) {}

    /// A step was taken.
    fn taken(&mut self, _step: &Step<'_, S>) {}
}

/// How a solution went.
#[derive(Clone, Debug, PartialEq)]
pub struct Course<S> {
    /// The last state.
    pub end: S,
    /// Steps that were taken.
    pub taken: usize,
    /// Steps that were taken again, smaller.
    pub refused: usize,
    /// Evaluations of `f`.
    pub evaluations: usize,
}

/// Follows the solution of an equation from `start` through pieces of time, given by their `borders`; a step ends where a piece does.
///
/// # Errors
/// [`Stopped`] if the evaluations are spent, or no step is small enough.
///
/// # Panics
/// If there are fewer than two borders.
pub fn follow<S: State>(
    pair: &Pair,
    equation: &mut dyn Equation<S>,
    start: S,
    borders: &[f64],
    tolerance: &Tolerance,
) -> Result<Course<S>, Stopped> {
    if !tolerance.is_sensible() {
        return Err(Stopped::Tolerance);
    }
    let (tableau, power) = ((pair.tableau)(), 1.0 / f64::from(pair.lower + 1));
    let (stages, nodes) = (tableau.stages(), tableau.nodes());
    let end = borders[borders.len() - 1];
    let mut at = Moment {
        piece: 0,
        time: borders[0],
    };
    let mut u = start;
    let mut slope = equation.slope(at, &u).map_err(Stopped::Step)?;
    equation.kept();
    let mut h = first_step(equation, at, (&u, &slope), end - at.time, power)?;
    let (mut taken, mut refused, mut evaluations) = (0, 0, 2);
    while at.time < end {
        let border = borders[at.piece + 1];
        if at.time >= border {
            // The same state, at the beginning of the next piece.
            at.piece += 1;
            slope = equation.slope(at, &u).map_err(Stopped::Step)?;
            equation.kept();
            evaluations += 1;
            continue;
        }
        let least = 10.0 * (at.time.next_up() - at.time);
        h = h.max(least);
        let mut again = false;
        loop {
            if h < least {
                return Err(Stopped::TooSmall { time: at.time });
            }
            if evaluations + stages > tolerance.evaluations {
                let time = at.time;
                return Err(Stopped::Spent { evaluations, time });
            }
            let until = (at.time + h).min(border);
            let (step, cut) = (until - at.time, at.time + h > border);
            let mut slopes = vec![slope.clone()];
            for (i, node) in nodes.iter().enumerate().skip(1) {
                let there = Moment {
                    time: at.time + node * step,
                    ..at
                };
                let stage = combine(&u, step, tableau.row(i), &slopes);
                slopes.push(equation.slope(there, &stage).map_err(Stopped::Step)?);
            }
            let next = combine(&u, step, tableau.weights(), &slopes);
            let there = Moment { time: until, ..at };
            slopes.push(equation.slope(there, &next).map_err(Stopped::Step)?);
            // The last one is that of the next step.
            evaluations += stages;
            let estimate = difference(step, pair.error, &slopes);
            let error = equation.size(&estimate, &u, &next);
            // A step that left the numbers is refused like any that is too large.
            if error < 1.0 {
                let change = match error == 0.0 {
                    true => GROW,
                    false => (SAFETY * error.powf(-power)).min(GROW),
                };
                equation.kept();
                equation.taken(&Step {
                    from: at,
                    before: &u,
                    taken: Taken {
                        time: until,
                        h: step,
                        error,
                    },
                });
                let promised = step * if again { change.min(1.0) } else { change };
                // A step that a border cut short says nothing against the size that it was to have.
                h = if cut && until < end {
                    promised.max(h)
                } else {
                    promised
                };
                at.time = until;
                u = next;
                slope = slopes.swap_remove(stages);
                taken += 1;
                break;
            }
            let change = (SAFETY * error.powf(-power)).max(SHRINK);
            h = step * if change.is_finite() { change } else { SHRINK };
            refused += 1;
            again = true;
        }
    }
    Ok(Course {
        end: u,
        taken,
        refused,
        evaluations,
    })
}

/// `h Σ wᵢ slopeᵢ`, leaving out zero weights.
fn difference<S: State>(h: f64, weights: &[f64], slopes: &[S]) -> S {
    let terms: Vec<(S::Coef, &S)> = weights
        .iter()
        .zip(slopes)
        .filter(|(w, _)| **w != 0.0)
        .map(|(w, slope)| ((h * w).into(), slope))
        .collect();
    S::lincomb(&terms)
}

/// The size of the first step (Hairer, Nørsett, Wanner, section II.4), which costs one evaluation beside the first.
fn first_step<S: State>(
    equation: &mut dyn Equation<S>,
    at: Moment,
    (u, slope): (&S, &S),
    length: f64,
    power: f64,
) -> Result<f64, Stopped> {
    let size = equation.size(u, u, u);
    let speed = equation.size(slope, u, u);
    let guess = match size < 1e-5 || speed < 1e-5 {
        true => 1e-6,
        false => 0.01 * size / speed,
    };
    let guess = guess.min(length);
    let moved = S::lincomb(&[(1.0.into(), u), (guess.into(), slope)]);
    let there = Moment {
        time: at.time + guess,
        ..at
    };
    let later = equation.slope(there, &moved).map_err(Stopped::Step)?;
    let turn = S::lincomb(&[(1.0.into(), &later), ((-1.0).into(), slope)]);
    let bend = equation.size(&turn, u, u) / guess;
    let promised = match speed <= 1e-15 && bend <= 1e-15 {
        true => (guess * 1e-3).max(1e-6),
        false => (0.01 / speed.max(bend)).powf(power),
    };
    Ok((100.0 * guess).min(promised).min(length))
}
