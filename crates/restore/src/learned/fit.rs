//! How is a model trained? By L-BFGS, stage by stage first (greedy), then all stages together (joint).
//!
//! The loss is a deterministic function, so a run that was interrupted is continued by replaying the evaluations it
//! had already made: [`Fit::known`]. The result is the same bit for bit.

use crate::RestoreError;
use argmin::core::{CostFunction, Error, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use std::cell::RefCell;

/// Pairs of differences that L-BFGS remembers. Chen et al. use 5; 20 take a tenth fewer evaluations to the same loss.
const HISTORY: usize = 20;

/// Which steps are trained, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// First step that is trained.
    pub first: usize,
    /// One more than the last.
    pub last: usize,
    /// Iterations of L-BFGS at most.
    pub iterations: usize,
}

/// The published order: every step by itself, then all together.
#[must_use]
pub fn phases(steps: usize, greedy: usize, joint: usize) -> Vec<Phase> {
    let each = (0..steps).map(|t| Phase {
        first: t,
        last: t + 1,
        iterations: greedy,
    });
    let all = Phase {
        first: 0,
        last: steps,
        iterations: joint,
    };
    each.chain([all]).filter(|p| p.iterations > 0).collect()
}

/// A loss of the parameters of some stages of a model.
pub trait Trainable {
    /// What is trained.
    type Model: Clone;

    /// The parameters to start from.
    fn parameters(&self) -> Vec<f64>;

    /// How large a change of each parameter is natural. L-BFGS works with parameters divided by these: its first steps
    /// treat all directions alike.
    fn scales(&self) -> Vec<f64> {
        vec![1.0; self.parameters().len()]
    }

    /// The model with other parameters.
    fn model(&self, parameters: &[f64]) -> Self::Model;

    /// Loss and gradient.
    ///
    /// # Errors
    /// [`RestoreError`] if the model does not fit.
    fn evaluate(&self, parameters: &[f64]) -> Result<Evaluation, RestoreError>;
}

/// One evaluation of the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// What is minimised.
    pub loss: f64,
    /// With respect to the parameters of the phase.
    pub gradient: Vec<f64>,
}

/// What a phase is told besides the model and the pictures.
pub struct Fit<'a, M> {
    /// Evaluations that an interrupted run has made of this phase, in order.
    pub known: Vec<Evaluation>,
    /// Called after every new evaluation with its number (from 0), the evaluation, and the model with the lowest loss so far; `false` stops the phase.
    pub each: &'a mut dyn FnMut(usize, &Evaluation, &M) -> bool,
}

/// How a phase ended.
#[derive(Clone, Debug)]
pub struct Fitted<M> {
    /// The model with the lowest loss.
    pub model: M,
    /// That loss.
    pub loss: f64,
    /// Evaluations made, replayed ones included.
    pub evaluations: usize,
    /// Stopped by the caller.
    pub stopped: bool,
}

impl<M> Fitted<M> {
    /// The same with another form of the model.
    pub fn map<N>(self, form: impl FnOnce(M) -> N) -> Fitted<N> {
        Fitted {
            model: form(self.model),
            loss: self.loss,
            evaluations: self.evaluations,
            stopped: self.stopped,
        }
    }
}

/// Minimises the loss of one phase with `iterations` of L-BFGS at most.
///
/// # Errors
/// [`RestoreError`] if the model does not fit the pictures; [`RestoreError::Diverged`] if the loss is not finite at the start.
pub fn fit<T: Trainable>(
    objective: &T,
    iterations: usize,
    fit: Fit<'_, T::Model>,
) -> Result<Fitted<T::Model>, RestoreError> {
    let scales = objective.scales();
    let start = objective.parameters();
    let start: Vec<f64> = start.iter().zip(&scales).map(|(p, s)| p / s).collect();
    let progress = RefCell::new(Progress {
        known: fit.known.into_iter(),
        each: fit.each,
        last: None,
        best: (f64::INFINITY, start.clone()),
        evaluations: 0,
        failure: None,
        stopped: false,
    });
    let problem = Loss {
        objective,
        scales: &scales,
        progress: &progress,
    };
    let bad = |e: Error| RestoreError::BadModel(format!("training failed: {e}"));
    let search = MoreThuenteLineSearch::new()
        .with_c(1e-4, 0.9)
        .map_err(bad)?;
    let solver = LBFGS::new(search, HISTORY);
    let outcome = Executor::new(problem, solver)
        .configure(|state| state.param(start.clone()).max_iters(iterations as u64))
        .ctrlc(false)
        .run();
    drop(outcome);
    let progress = progress.into_inner();
    if let Some(failure) = progress.failure {
        return Err(failure);
    }
    let (loss, parameters) = progress.best;
    let parameters: Vec<f64> = parameters.iter().zip(&scales).map(|(p, s)| p * s).collect();
    if !loss.is_finite() {
        return Err(RestoreError::Diverged);
    }
    Ok(Fitted {
        model: objective.model(&parameters),
        loss,
        evaluations: progress.evaluations,
        stopped: progress.stopped,
    })
}

/// What is remembered between evaluations.
struct Progress<'a, M> {
    known: std::vec::IntoIter<Evaluation>,
    each: &'a mut dyn FnMut(usize, &Evaluation, &M) -> bool,
    /// The solver asks for the loss and for the gradient separately.
    last: Option<(Vec<f64>, Evaluation)>,
    best: (f64, Vec<f64>),
    evaluations: usize,
    failure: Option<RestoreError>,
    stopped: bool,
}

/// The loss as the solver sees it.
struct Loss<'a, 'b, T: Trainable> {
    objective: &'a T,
    scales: &'a [f64],
    progress: &'a RefCell<Progress<'b, T::Model>>,
}

impl<T: Trainable> Loss<'_, '_, T> {
    fn unscaled(&self, parameters: &[f64]) -> Vec<f64> {
        let each = parameters.iter().zip(self.scales);
        each.map(|(p, s)| p * s).collect()
    }

    /// The evaluation in scaled parameters. A line search that went too far, where numbers overflow, is sent back by a
    /// large loss without slope; at the start there is nothing to go back to.
    fn bounded(&self, mut evaluation: Evaluation, best: f64) -> Evaluation {
        let finite =
            evaluation.loss.is_finite() && evaluation.gradient.iter().all(|g| g.is_finite());
        if !best.is_finite() || finite {
            for (g, s) in evaluation.gradient.iter_mut().zip(self.scales) {
                *g *= s;
            }
            return evaluation;
        }
        Evaluation {
            loss: best + 1e3 * (1.0 + best.abs()),
            gradient: vec![0.0; evaluation.gradient.len()],
        }
    }

    fn at(&self, parameters: &[f64]) -> Result<Evaluation, Error> {
        let mut progress = self.progress.borrow_mut();
        if let Some((at, evaluation)) = &progress.last
            && at == parameters
        {
            return Ok(evaluation.clone());
        }
        if progress.stopped {
            return Err(Error::msg("stopped"));
        }
        let replayed = progress.known.next();
        let fresh = replayed.is_none();
        let evaluation = match replayed {
            Some(evaluation) => evaluation,
            None => match self.objective.evaluate(&self.unscaled(parameters)) {
                Ok(evaluation) => self.bounded(evaluation, progress.best.0),
                Err(e) => {
                    let text = e.to_string();
                    progress.failure = Some(e);
                    progress.stopped = true;
                    return Err(Error::msg(text));
                }
            },
        };
        if evaluation.loss < progress.best.0 {
            progress.best = (evaluation.loss, parameters.to_vec());
        }
        let number = progress.evaluations;
        progress.evaluations += 1;
        if fresh {
            let best = self.objective.model(&self.unscaled(&progress.best.1));
            if !(progress.each)(number, &evaluation, &best) {
                progress.stopped = true;
            }
        }
        progress.last = Some((parameters.to_vec(), evaluation.clone()));
        Ok(evaluation)
    }
}

impl<T: Trainable> CostFunction for Loss<'_, '_, T> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, parameters: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.at(parameters)?.loss)
    }
}

impl<T: Trainable> Gradient for Loss<'_, '_, T> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, parameters: &Vec<f64>) -> Result<Vec<f64>, Error> {
        Ok(self.at(parameters)?.gradient)
    }
}
