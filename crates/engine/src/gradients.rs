//! Where does a backward pass put its gradients? In one flat buffer, in the order of the table of parameters.

use crate::parameters::{ParamId, Specs};
use std::sync::Arc;

/// Numbers of a gradient, in the precision of the engine that found them.
#[derive(Clone, Copy, Debug)]
pub enum Numbers<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
}

/// Where a backward pass puts the gradients of parameters: each contribution is added.
pub trait GradientSink {
    /// Adds a gradient of the loss with respect to a parameter, in the order of its numbers.
    fn add(&mut self, id: ParamId, gradient: Numbers<'_>);
}

/// The gradient of a loss with respect to all parameters: one flat buffer in the order of the table.
///
/// It knows which parameters a backward pass came to. Those of a block that was dropped for the whole batch have no
/// gradient at all, which is not the same as a gradient of 0: an optimiser leaves them as they are, as PyTorch's do.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    specs: Arc<Specs>,
    values: Vec<f32>,
    reached: Vec<bool>,
}

impl Gradients {
    /// No gradient yet: zeros.
    #[must_use]
    pub fn zeros(specs: &Arc<Specs>) -> Self {
        Self {
            values: vec![0.0; specs.total()],
            reached: vec![false; specs.len()],
            specs: specs.clone(),
        }
    }

    /// Gradients that were found elsewhere, with what they reached.
    ///
    /// # Panics
    /// If there are not as many numbers and parameters as in the table.
    #[must_use]
    pub fn found(specs: &Arc<Specs>, values: Vec<f32>, reached: Vec<bool>) -> Self {
        assert_eq!(specs.total(), values.len(), "numbers of the table");
        assert_eq!(specs.len(), reached.len(), "parameters of the table");
        Self {
            specs: specs.clone(),
            values,
            reached,
        }
    }

    /// All numbers, and nothing else.
    #[must_use]
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// Notes what others reached whose gradients were added.
    pub fn reach(&mut self, more: &[bool]) {
        let all = self.reached.iter_mut().zip(more);
        all.for_each(|(any, one)| *any |= one);
    }

    /// Sets everything to zero again, as if nothing had been reached.
    pub fn clear(&mut self) {
        self.values.fill(0.0);
        self.reached.fill(false);
    }

    /// All numbers.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All numbers, to be changed.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// The gradient of one parameter.
    #[must_use]
    pub fn value(&self, id: ParamId) -> &[f32] {
        &self.values[self.specs.range(id)]
    }

    /// Which parameters a gradient was added to, in the order of the table.
    #[must_use]
    pub fn reached(&self) -> &[bool] {
        &self.reached
    }
}

impl GradientSink for Gradients {
    fn add(&mut self, id: ParamId, gradient: Numbers<'_>) {
        self.reached[id.0] = true;
        let own = &mut self.values[self.specs.range(id)];
        match gradient {
            Numbers::F32(more) => own.iter_mut().zip(more).for_each(|(a, b)| *a += b),
            Numbers::F64(more) => own.iter_mut().zip(more).for_each(|(a, b)| *a += *b as f32),
        }
    }
}

/// The same in double precision, for comparisons.
#[derive(Clone, Debug, PartialEq)]
pub struct WideGradients {
    specs: Arc<Specs>,
    values: Vec<f64>,
}

impl WideGradients {
    /// No gradient yet: zeros.
    #[must_use]
    pub fn zeros(specs: &Arc<Specs>) -> Self {
        Self {
            specs: specs.clone(),
            values: vec![0.0; specs.total()],
        }
    }

    /// All numbers.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The gradient of one parameter.
    #[must_use]
    pub fn value(&self, id: ParamId) -> &[f64] {
        &self.values[self.specs.range(id)]
    }
}

impl GradientSink for WideGradients {
    fn add(&mut self, id: ParamId, gradient: Numbers<'_>) {
        let own = &mut self.values[self.specs.range(id)];
        match gradient {
            Numbers::F32(more) => {
                own.iter_mut()
                    .zip(more)
                    .for_each(|(a, b)| *a += f64::from(*b));
            }
            Numbers::F64(more) => own.iter_mut().zip(more).for_each(|(a, b)| *a += b),
        }
    }
}

/// For passes whose parameters want no gradient.
impl GradientSink for () {
    fn add(&mut self, _id: ParamId, _gradient: Numbers<'_>) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::tests::table;

    #[test]
    fn gradients_add_up_in_both_precisions() {
        let specs = table();
        let (mut narrow, mut wide) = (Gradients::zeros(&specs), WideGradients::zeros(&specs));
        let b = specs.find("b").expect("b");
        for sink in [&mut narrow as &mut dyn GradientSink, &mut wide] {
            sink.add(b, Numbers::F32(&[1.0, 2.0]));
            sink.add(b, Numbers::F64(&[0.5, 0.25]));
        }
        assert_eq!(narrow.value(b), [1.5, 2.25]);
        assert_eq!(wide.value(b), [1.5, 2.25]);
        assert!(narrow.values()[..6].iter().all(|v| *v == 0.0));
        assert_eq!(narrow.reached(), [false, true, false]);
        narrow.clear();
        assert_eq!(narrow, Gradients::zeros(&specs));
    }
}
