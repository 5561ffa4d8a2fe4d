//! How does a parameter move? Decay, momentum and step in one pass over its numbers.

/// Settings of a step of stochastic gradient descent, with PyTorch's meaning and dampening 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdStep {
    /// Learning rate.
    pub lr: f64,
    /// Share of the last move that is repeated.
    pub momentum: f64,
    /// Weight decay, added to the gradient as `decay · value`.
    pub decay: f64,
    /// Is the gradient taken where the momentum leads?
    pub nesterov: bool,
    /// Is this the first step, whose velocity is the gradient itself?
    pub first: bool,
}

impl SgdStep {
    /// Moves `value` along `grad` and updates `velocity`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn apply(&self, value: &mut [f32], velocity: &mut [f32], grad: &[f32]) {
        assert_eq!([velocity.len(), grad.len()], [value.len(); 2], "lengths");
        let (lr, momentum, decay) = (self.lr as f32, self.momentum as f32, self.decay as f32);
        for ((p, v), g) in value.iter_mut().zip(velocity).zip(grad) {
            let g = g + decay * *p;
            *v = if self.first { g } else { momentum * *v + g };
            let direction = if self.nesterov { g + momentum * *v } else { *v };
            *p -= lr * direction;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected values by hand from the formulas of torch.optim.SGD(lr=0.1, momentum=0.9, weight_decay=0.1).
    #[test]
    fn three_steps_as_in_pytorch() {
        for (nesterov, want) in [
            (false, [0.94_f32, 0.8266, 0.666_274]),
            (true, [0.886, 0.725_566, 0.525_363_6]),
        ] {
            let (mut value, mut velocity) = ([1.0_f32], [0.0]);
            for (i, want) in want.iter().enumerate() {
                let step = SgdStep {
                    lr: 0.1,
                    momentum: 0.9,
                    decay: 0.1,
                    nesterov,
                    first: i == 0,
                };
                step.apply(&mut value, &mut velocity, &[0.5]);
                assert!(
                    (value[0] - want).abs() < 1e-6,
                    "{} against {want}",
                    value[0]
                );
            }
        }
    }
}
