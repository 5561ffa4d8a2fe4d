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

    /// The same of rows of states, entry by entry: what a vector of them is made of.
    ///
    /// # Panics
    /// If `terms` is empty, or a row is shorter than the first.
    fn lincomb_rows(terms: &[(Self::Coef, &Vec<Self>)]) -> Vec<Self> {
        let (_, first) = terms.first().expect(NO_TERMS);
        let mut entries = Vec::with_capacity(terms.len());
        (0..first.len())
            .map(|i| {
                entries.clear();
                entries.extend(terms.iter().map(|(c, row)| (c.clone(), &row[i])));
                Self::lincomb(&entries)
            })
            .collect()
    }

    /// The inner product `Σ aᵢ bᵢ` of all numbers in both states; of complex ones its real part.
    fn dot(&self, other: &Self) -> f64;

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

/// What a linear combination of nothing is answered with.
const NO_TERMS: &str = "a linear combination has at least one term";

/// `Σ cᵢ uᵢ` of rows in one pass.
///
/// Plain loops over slices of one length: adapters of iterators are not inlined from other units of a crate, and that took
/// ten times as long.
macro_rules! sums {
    ($first:ident $(, $more:ident)*) => {{
        let (factor, row) = ($first.0, &$first.1[..]);
        let mut all = vec![0.0; row.len()];
        $(let $more = ($more.0, &$more.1[..row.len()]);)*
        for i in 0..all.len() {
            all[i] = factor * row[i] $(+ $more.0 * $more.1[i])*;
        }
        all
    }};
}

impl State for f64 {
    type Coef = f64;

    fn lincomb(terms: &[(f64, &f64)]) -> f64 {
        terms.iter().map(|(c, u)| c * **u).sum()
    }

    /// One pass over memory for as many terms as usual schemes have; the sums are those of [`lincomb`](State::lincomb).
    fn lincomb_rows(terms: &[(f64, &Vec<f64>)]) -> Vec<f64> {
        match terms {
            [] => panic!("{NO_TERMS}"),
            [a] => sums!(a),
            [a, b] => sums!(a, b),
            [a, b, c] => sums!(a, b, c),
            [a, b, c, d] => sums!(a, b, c, d),
            [a, b, c, d, e] => sums!(a, b, c, d, e),
            [a, b, c, d, e, rest @ ..] => {
                let mut all = sums!(a, b, c, d, e);
                for (c, row) in rest {
                    let row = &row[..all.len()];
                    for i in 0..row.len() {
                        all[i] += c * row[i];
                    }
                }
                all
            }
        }
    }

    fn dot(&self, other: &f64) -> f64 {
        self * other
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

    fn dot(&self, other: &Complex64) -> f64 {
        self.re * other.re + self.im * other.im
    }

    fn is_finite(&self) -> bool {
        Complex64::is_finite(*self)
    }
}

/// A vector of states is a state; its halves are the first and the second half of the entries.
impl<T: State> State for Vec<T> {
    type Coef = T::Coef;

    fn lincomb(terms: &[(T::Coef, &Vec<T>)]) -> Vec<T> {
        T::lincomb_rows(terms)
    }

    fn dot(&self, other: &Vec<T>) -> f64 {
        let mut sum = 0.0;
        for (a, b) in self.iter().zip(other) {
            sum += a.dot(b);
        }
        sum
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

#[cfg(test)]
mod tests {
    use super::*;

    /// For every number of terms, also those beyond one pass.
    #[test]
    fn rows_have_the_bits_of_single_sums() {
        let row = |seed: usize| -> Vec<f64> {
            (0..37)
                .map(|i| ((seed * 31 + i * 17) as f64).sin())
                .collect()
        };
        let rows: Vec<Vec<f64>> = (0..9).map(row).collect();
        for count in 1..=rows.len() {
            let factor = |j: usize| 1.0 / (3 + j) as f64;
            let terms: Vec<(f64, &Vec<f64>)> = rows[..count]
                .iter()
                .enumerate()
                .map(|(j, row)| (factor(j), row))
                .collect();
            let sums = Vec::<f64>::lincomb(&terms);
            for (i, sum) in sums.iter().enumerate() {
                let single: Vec<(f64, &f64)> = terms.iter().map(|(c, row)| (*c, &row[i])).collect();
                assert_eq!(
                    sum.to_bits(),
                    f64::lincomb(&single).to_bits(),
                    "{count} terms"
                );
            }
        }
    }
}
