//! What does a piece of a network cost?

/// What a piece of a network costs per image. Numbers that do not fit are the largest there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Trained numbers, without coefficients.
    pub parameters: usize,
    /// Multiply-adds of convolutions and linear layers.
    pub multiply_adds: usize,
    /// Features kept for the backward pass by the fused kernels, in numbers: the inputs of
    /// convolutions as they are before norm and ReLU, and of norms that no convolution follows.
    pub activations: usize,
}

impl Cost {
    /// Adds another cost.
    pub fn add(&mut self, other: Cost) {
        self.parameters = self.parameters.saturating_add(other.parameters);
        self.multiply_adds = self.multiply_adds.saturating_add(other.multiply_adds);
        self.activations = self.activations.saturating_add(other.activations);
    }

    /// The cost of evaluating the same weights `times` times.
    #[must_use]
    pub fn repeated(self, times: usize) -> Self {
        Self {
            parameters: self.parameters,
            multiply_adds: self.multiply_adds.saturating_mul(times),
            activations: self.activations.saturating_mul(times),
        }
    }
}
