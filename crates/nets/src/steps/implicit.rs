//! How does a network take an implicit step? It searches a fixed point without recording, and differentiates the equation.
//!
//! A step asks for the `y` with `y = a + γ f(y)`. In training the evaluations of the search leave nothing behind: one operation stands for
//! all of them and keeps `y`. By the implicit function theorem the gradient `λ` of the loss with respect to `a` solves
//! `λ = g + γ J_f(y)ᵀ λ`, where `g` is that with respect to `y`, and weights have the gradient of `γ λᵀ f(y)`. That is a fixed point
//! again, of products with a Jacobian: each is one evaluation and one backward pass on a tape of its own. Memory is that of one evaluation,
//! however many there are (Bai, Kolter, Koltun 2019).
//!
//! A search that does not come to an end is an error: the block expands too far for the size of the step.

use super::{StepRhs, Steps, spliced};
use crate::{Effort, Features, Mode, Pass};
use std::rc::Rc;
use std::sync::Arc;
use timestep_engine::{End, GradientSink, Recording, Tape, Value, Wanted};
use timestep_numerics::implicit::{Limits, fixed_point};
use timestep_numerics::{StageId, State as _, StepError};

/// Most evaluations of a block in a search.
const EVALUATIONS: usize = 100;
/// Residual, in units of the rounding of the engine, that is small enough.
const ROUNDINGS: f64 = 64.0;
/// A residual so many times that is taken all the same: rounding in a block can keep it there. Anything larger would not be a
/// solution, and another batch with the same images in it would end elsewhere.
const ALLOWED: f64 = 10.0;

/// Limits of a search on this tape.
fn limits(tape: &Rc<dyn Tape>) -> Limits {
    Limits {
        tolerance: ROUNDINGS * tape.epsilon(),
        evaluations: EVALUATIONS,
        window: 6,
    }
}

/// The `y` with `y = a + γ f(y)` on the tape of the pass.
///
/// # Errors
/// [`StepError::NoFixedPoint`] if the search does not come near it.
pub(super) fn solve(
    rhs: &StepRhs<'_>,
    at: StageId,
    a: &Features,
    gamma: f64,
) -> Result<Features, StepError> {
    let (pass, block) = (rhs.pass, rhs.block(at));
    let tape = pass.tape();
    let start = Features::new(tape, tape.plain(a.value()));
    let still = tape.fork(&Recording {
        wanted: Wanted::Nothing,
        statistics: pass.mode() == Mode::Train,
    });
    let base = start.onto(&still, false);
    let mut statistics = Vec::new();
    let mut map = |y: &Features| {
        // What norms measure belongs to the solution, which is evaluated last.
        let own = pass.beside(still.clone());
        let slope = block.eval(&own, y);
        let next = Features::lincomb(&[(1.0.into(), &base), (gamma.into(), &slope)]);
        let next = Features::new(&still, still.plain(next.value()));
        drop(slope);
        statistics = own.into_statistics();
        Ok(next)
    };
    let found = fixed_point(&mut map, &base, &limits(tape))?;
    if !(found.found || found.residual < ALLOWED * limits(tape).tolerance) {
        return Err(StepError::NoFixedPoint {
            step: at.step,
            evaluations: found.evaluations,
            residual: found.residual,
            contraction: found.contraction.unwrap_or(0.0),
        });
    }
    let contraction = found.contraction;
    pass.take(&Effort {
        steps: 1,
        evaluations: found.evaluations as u64,
        searches: u64::from(contraction.is_some()),
        contractions: contraction.unwrap_or(0.0),
        worst: contraction.unwrap_or(0.0),
        ..Effort::default()
    });
    pass.note_all(statistics);
    let y = found.state.onto(tape, false);
    let trained = a.is_recorded() || pass.is_recorded();
    let Some((steps, n)) = rhs.owner.filter(|_| trained && tape.can_splice()) else {
        return Ok(y);
    };
    // Behind a frozen stem nothing is recorded, and the weights of the block are trained all the same.
    let start = match a.is_recorded() {
        true => start,
        false => a.onto(tape, true),
    };
    let work = Solution {
        steps: steps.clone(),
        n,
        at,
        gamma,
        pass: pass.beside(still),
        y: found.state,
    };
    let back = move |grads: &[Option<Value>], sink: &mut dyn GradientSink| {
        vec![grads[0].as_ref().map(|grad| work.back(grad, sink))]
    };
    Ok(spliced(&start, &y, Box::new(back)))
}

/// A solution, and what it takes to differentiate it.
struct Solution {
    steps: Arc<Steps>,
    n: usize,
    at: StageId,
    gamma: f64,
    /// A pass without gradients on whose tape the solution is.
    pass: Pass,
    y: Features,
}

impl Solution {
    /// The gradient with respect to `a`, given that with respect to `y`; those of weights go into the sink.
    fn back(&self, grad: &Value, sink: &mut dyn GradientSink) -> Value {
        let own = self.pass.tape();
        let given = Features::new(own, own.adopt(grad, false));
        let mut map = |lambda: &Features| {
            let Some(product) = self.product(lambda, Wanted::Leaves, &mut ()) else {
                return Ok(given.clone());
            };
            let next = Features::lincomb(&[(1.0.into(), &given), (self.gamma.into(), &product)]);
            Ok(Features::new(own, own.plain(next.value())))
        };
        let found = fixed_point(&mut map, &given, &limits(own)).expect("products do not fail");
        let mut lambda = found.state;
        if !(found.found || found.residual < ALLOWED * limits(own).tolerance) {
            // The loss is finite, but nothing is known of its gradient: the run must not go on as if it were.
            let nothing = vec![f32::NAN; lambda.dims().iter().product()];
            lambda = Features::new(own, own.features(lambda.dims(), &nothing, false));
        }
        self.pass.take(&Effort {
            // Gradients of weights take one more.
            backward: found.evaluations as u64 + 1,
            ..Effort::default()
        });
        let weighted = Features::lincomb(&[(self.gamma.into(), &lambda)]);
        self.product(&weighted, self.pass.wanted(), sink);
        own.plain(lambda.value())
    }

    /// `J_f(y)ᵀ v`, by one evaluation of the block and the way back from there; `None` if it is zero.
    fn product(
        &self,
        v: &Features,
        wanted: Wanted,
        sink: &mut dyn GradientSink,
    ) -> Option<Features> {
        let own = self.pass.tape();
        let tape = own.fork(&Recording {
            wanted,
            statistics: true,
        });
        let pass = self.pass.beside(tape.clone());
        let leaf = self.y.onto(&tape, true);
        let rhs = StepRhs {
            step: &self.steps.steps[self.n],
            pass: &pass,
            owner: None,
        };
        let slope = rhs.block(self.at).eval(&pass, &leaf);
        if slope.is_zero() {
            return None;
        }
        let slope = Features::new(&tape, tape.plain(slope.value()));
        let seed = v.onto(&tape, false);
        tape.backward(&[End::Features(slope.value(), seed.value())], sink);
        let gradient = tape.gradient(leaf.value())?;
        Some(Features::new(own, own.adopt(&gradient, false)))
    }
}
