//! What does training minimise? Half the mean squared error after the last step, over a set of pictures.

use super::Model;
use super::flow::Flow;
use super::model::StepGrads;
use super::tape::{Dual, StepBack, Tape, Traced};
use crate::RestoreError;
use crate::learned::{Evaluation, Sample, Trainable};
use rayon::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;
use timestep_kernels::diffusion::{Bank, Border};
use timestep_kernels::{Buffer, Kernels};
use timestep_numerics::{Memory, Scheme, StageId, StepCtx, StepError, scheme};
use timestep_picture::Plane;

/// Pictures whose gradients are added up one after the other; these sums are added in order, so that results do not depend on
/// the number of threads.
const CHUNK: usize = 5;

/// The loss of steps `first..last` of a model as a function of their parameters; earlier steps stay as they are.
pub struct Objective<'a> {
    samples: &'a [Sample],
    model: Model,
    first: usize,
    last: usize,
    /// State and history of each picture before step `first`.
    before: Vec<(Plane, Memory<Plane>)>,
}

impl<'a> Objective<'a> {
    /// Runs all pictures through the steps before `first`.
    ///
    /// # Errors
    /// [`RestoreError`] if the model does not fit, or there are no pictures or steps.
    pub fn new(
        samples: &'a [Sample],
        model: Model,
        first: usize,
        last: usize,
    ) -> Result<Self, RestoreError> {
        model.check()?;
        if samples.is_empty() || first >= last || last > model.stages.len() {
            return Err(RestoreError::BadModel(
                "no pictures or no steps to train".into(),
            ));
        }
        let flow = Flow::new(&model);
        let before = samples
            .par_iter()
            .map(|sample| {
                let mut memory = Memory::new();
                let mut state = sample.noisy.clone();
                for t in 0..first {
                    state = flow.step(t, &sample.noisy, &state, &mut memory)?;
                }
                Ok((state, memory))
            })
            .collect::<Result<_, RestoreError>>()?;
        Ok(Self {
            samples,
            model,
            first,
            last,
            before,
        })
    }
}

impl Trainable for Objective<'_> {
    type Model = Model;

    fn parameters(&self) -> Vec<f64> {
        self.model.parameters(self.first, self.last)
    }

    fn model(&self, parameters: &[f64]) -> Model {
        let mut model = self.model.clone();
        model.set_parameters(self.first, self.last, parameters);
        model
    }

    /// Half the mean squared error over all pixels of all pictures, in squared grey levels.
    fn evaluate(&self, parameters: &[f64]) -> Result<Evaluation, RestoreError> {
        let model = self.model(parameters);
        let steps = Steps {
            banks: (self.first..self.last).map(|t| model.bank(t)).collect(),
            model: &model,
            first: self.first,
            kernels: Kernels::detect(),
        };
        let pixels: usize = self.samples.iter().map(|s| s.clean.pixels().len()).sum();
        let chunks: Vec<(f64, Vec<StepGrads>)> = self
            .samples
            .par_chunks(CHUNK)
            .zip(self.before.par_chunks(CHUNK))
            .map(|(samples, before)| {
                let mut grads = steps.zeros();
                let mut loss = 0.0;
                for (sample, (state, memory)) in samples.iter().zip(before) {
                    loss += steps.picture(sample, state, memory, pixels, &mut grads)?;
                }
                Ok((loss, grads))
            })
            .collect::<Result<_, RestoreError>>()?;
        let mut total = steps.zeros();
        let mut loss = 0.0;
        for (part, grads) in &chunks {
            loss += part;
            for (total, grads) in total.iter_mut().zip(grads) {
                total.add(grads, 1.0);
            }
        }
        let gradient = total
            .iter()
            .enumerate()
            .flat_map(|(i, grads)| model.step_gradient(self.first + i, grads))
            .collect();
        Ok(Evaluation { loss, gradient })
    }
}

/// The steps that are trained, ready for the kernels.
struct Steps<'a> {
    banks: Vec<Bank>,
    model: &'a Model,
    first: usize,
    kernels: Kernels,
}

impl Steps<'_> {
    fn zeros(&self) -> Vec<StepGrads> {
        let coefficients = &self.model.coefficients[self.first..];
        let each = self.banks.iter().zip(coefficients);
        each.map(|(bank, c)| StepGrads::zeros(bank, c.len()))
            .collect()
    }

    /// Loss of one picture; adds to the gradients.
    fn picture(
        &self,
        sample: &Sample,
        state: &Plane,
        memory: &Memory<Plane>,
        pixels: usize,
        grads: &mut [StepGrads],
    ) -> Result<f64, RestoreError> {
        let bad = |e: &dyn std::fmt::Display| RestoreError::BadModel(e.to_string());
        let stepper: Box<dyn Scheme<Traced>> = scheme(&self.model.scheme).map_err(|e| bad(&e))?;
        let tape = Rc::new(RefCell::new(Tape::default()));
        let given = |plane: &Plane| Traced::given(&tape, plane.clone());
        let mut past = Memory::new();
        // Newest last: every push goes to the front.
        for back in (1..=memory.len()).rev() {
            if let Some(entry) = memory.back(back) {
                past.push(
                    given(&entry.state),
                    entry.slope.as_ref().map(given),
                    memory.len(),
                );
            }
        }
        let mut u = given(state);
        for (i, _) in self.banks.iter().enumerate() {
            let t = self.first + i;
            let coefs = self.model.coefficients[t].iter().enumerate();
            let coefs = coefs
                .map(|(index, k)| Dual::learned(*k, t, index))
                .collect();
            let ctx = StepCtx::new(t, 1.0).with_coefs(coefs);
            let mut slope = |at: StageId, u: &Traced| -> Result<Traced, StepError> {
                let value = u.with(|plane| self.slope(at.step, &sample.noisy, plane));
                Ok(u.slope(at.step, value))
            };
            u = stepper
                .step(&mut slope, &u, &mut past, &ctx)
                .map_err(|e| bad(&e))?;
        }
        let (loss, e) = u.with(|plane| {
            let apart = plane.pixels().iter().zip(sample.clean.pixels());
            let apart: Vec<f32> = apart.map(|(u, c)| u - c).collect();
            let squares: f64 = apart.iter().map(|d| f64::from(*d) * f64::from(*d)).sum();
            (squares / (2.0 * pixels as f64), apart)
        });
        // The kernels see differences in grey levels, not tiny numbers; the mean is taken at the end.
        let backs: Vec<StepBack<'_>> = self
            .banks
            .iter()
            .zip(&self.model.stages[self.first..])
            .map(|(bank, stage)| StepBack {
                bank,
                lambda: stage.lambda(),
            })
            .collect();
        let mut own = self.zeros();
        u.backward(e, &sample.noisy, self.kernels, &backs, self.first, &mut own);
        for (to, own) in grads.iter_mut().zip(&own) {
            to.add(own, 1.0 / pixels as f64);
        }
        Ok(loss)
    }

    fn slope(&self, t: usize, noisy: &Plane, u: &Plane) -> Plane {
        let lambda = self.model.stages[t].lambda() as f32;
        let mut out = Buffer::new(u.pixels().len());
        self.kernels.diffuse_alone(
            &self.banks[t - self.first],
            u.pixels(),
            noisy.pixels(),
            (u.width(), u.height()),
            Border::Mirror,
            [-1.0, -lambda, lambda],
            &mut out,
        );
        u.with_pixels(out)
    }
}
