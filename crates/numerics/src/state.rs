//! What can a scheme be stepped on? Anything closed under linear combination.
//!
//! A scheme only ever adds multiples of states, so one trait is enough to run the same lines
//! on numbers (order of convergence), complex numbers (stability), truncated power series
//! (modified equation) and image tensors (the network).

use num_complex::Complex64;
use std::ops::{Add, Mul, Neg, Sub};

/// A number that multiplies states: a plain `f64`, or a learned parameter of a network.
///
/// Schemes combine coefficients before they multiply a state (`1 - k`, `h * (1 + k)`), so
/// the four ring operations are needed.
pub trait Coefficient:
    Clone
    + From<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
{
}

impl<T> Coefficient for T where
    T: Clone + From<f64> + Add<Output = T> + Sub<Output = T> + Mul<Output = T> + Neg<Output = T>
{
}

/// A state `u` of a differential equation: an element of a vector space.
///
/// Implemented here for `f64`, [`Complex64`], vectors of both, [`Series`](crate::Series) and
/// vectors of series; `timestep-nets` implements it for image features.
pub trait State: Clone {
    /// What multiplies a state.
    type Coef: Coefficient;

    /// `Σ cᵢ uᵢ` over `terms`, in that order.
    ///
    /// # Panics
    /// If `terms` is empty, or the states differ in shape: a scheme never does either.
    fn lincomb(terms: &[(Self::Coef, &Self)]) -> Self;

    /// The two halves of a partitioned state (for tensors: of the channels), or `None` if this
    /// state has no halves. Partitioned schemes such as `reversible` need them.
    fn split(&self) -> Option<(Self, Self)> {
        None
    }

    /// The inverse of [`split`](State::split); `None` if this state cannot be joined.
    fn join(_first: &Self, _second: &Self) -> Option<Self> {
        None
    }

    /// Is every number in the state finite? Used to name the step at which a run diverged.
    fn is_finite(&self) -> bool;
}

impl State for f64 {
    type Coef = f64;

    fn lincomb(terms: &[(f64, &f64)]) -> f64 {
        terms.iter().map(|(c, u)| c * **u).sum()
    }

    fn is_finite(&self) -> bool {
        f64::is_finite(*self)
    }
}

impl State for Complex64 {
    type Coef = f64;

    fn lincomb(terms: &[(f64, &Complex64)]) -> Complex64 {
        terms.iter().map(|(c, u)| *u * *c).sum()
    }

    fn is_finite(&self) -> bool {
        Complex64::is_finite(*self)
    }
}

/// A vector of states is a state; its halves are the first and the second half of the entries.
impl<T: State> State for Vec<T> {
    type Coef = T::Coef;

    fn lincomb(terms: &[(T::Coef, &Vec<T>)]) -> Vec<T> {
        let (_, first) = terms
            .first()
            .expect("a linear combination has at least one term");
        (0..first.len())
            .map(|i| {
                let entries: Vec<(T::Coef, &T)> =
                    terms.iter().map(|(c, u)| (c.clone(), &u[i])).collect();
                T::lincomb(&entries)
            })
            .collect()
    }

    fn split(&self) -> Option<(Self, Self)> {
        let half = self.len() / 2;
        (half > 0 && self.len().is_multiple_of(2))
            .then(|| (self[..half].to_vec(), self[half..].to_vec()))
    }

    fn join(first: &Self, second: &Self) -> Option<Self> {
        Some(first.iter().chain(second).cloned().collect())
    }

    fn is_finite(&self) -> bool {
        self.iter().all(State::is_finite)
    }
}
