//! What multiplies image features in a scheme? A number, or a learned coefficient.

use burn::tensor::Tensor;
use std::ops::{Add, Mul, Neg, Sub};

/// A coefficient of a linear combination of features.
///
/// Arithmetic on learned coefficients is recorded for the backward pass, so a scheme can write
/// `1 - k` and the gradient reaches `k`.
// A handful live at a time, on the stack of one step: boxing the tensor would only cost.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub enum Coef {
    /// A fixed number.
    Number(f64),
    /// A learned coefficient: shape `[1]` (one for all channels) or `[channels]`.
    Learned(Tensor<1>),
}

impl From<f64> for Coef {
    fn from(value: f64) -> Self {
        Coef::Number(value)
    }
}

impl Add for Coef {
    type Output = Coef;

    fn add(self, other: Coef) -> Coef {
        match (self, other) {
            (Coef::Number(a), Coef::Number(b)) => Coef::Number(a + b),
            (Coef::Learned(a), Coef::Number(b)) | (Coef::Number(b), Coef::Learned(a)) => {
                Coef::Learned(a.add_scalar(b))
            }
            (Coef::Learned(a), Coef::Learned(b)) => Coef::Learned(a + b),
        }
    }
}

impl Neg for Coef {
    type Output = Coef;

    fn neg(self) -> Coef {
        match self {
            Coef::Number(a) => Coef::Number(-a),
            Coef::Learned(a) => Coef::Learned(a.neg()),
        }
    }
}

impl Sub for Coef {
    type Output = Coef;

    fn sub(self, other: Coef) -> Coef {
        self + (-other)
    }
}

impl Mul for Coef {
    type Output = Coef;

    fn mul(self, other: Coef) -> Coef {
        match (self, other) {
            (Coef::Number(a), Coef::Number(b)) => Coef::Number(a * b),
            (Coef::Learned(a), Coef::Number(b)) | (Coef::Number(b), Coef::Learned(a)) => {
                Coef::Learned(a.mul_scalar(b))
            }
            (Coef::Learned(a), Coef::Learned(b)) => Coef::Learned(a * b),
        }
    }
}
