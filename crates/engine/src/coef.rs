//! What multiplies image features in a scheme? A number, or a learned coefficient.

use crate::Array;
use std::ops::{Add, Mul, Neg, Sub};

/// A coefficient of a linear combination of features.
///
/// Arithmetic on learned coefficients is recorded for the backward pass, so a scheme can write
/// `1 - k` and the gradient reaches `k`.
#[derive(Clone, Debug)]
pub enum Coef {
    /// A fixed number.
    Number(f64),
    /// A learned coefficient: one number for all channels, or one for each.
    Learned(Array),
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
                Coef::Learned(a.affine(1.0, b))
            }
            (Coef::Learned(a), Coef::Learned(b)) => Coef::Learned(a.plus(&b)),
        }
    }
}

impl Neg for Coef {
    type Output = Coef;

    fn neg(self) -> Coef {
        self * Coef::Number(-1.0)
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
                Coef::Learned(a.affine(b, 0.0))
            }
            (Coef::Learned(a), Coef::Learned(b)) => Coef::Learned(a.times(&b)),
        }
    }
}
