//! Which embedded pairs are there? Registered Runge-Kutta methods, with the weights of the estimates of their errors.

use crate::schemes::{bosh3::BOSH3, dopri5::DOPRI5, heun::HEUN};
use crate::{Butcher, Rhs, State, StepCtx, StepError};

/// An embedded pair: a registered Runge-Kutta method, and the weights of the estimate of its error.
#[derive(Debug)]
pub struct Pair {
    /// Name on the command line.
    pub key: &'static str,
    /// The registered scheme whose result is kept.
    pub scheme: &'static str,
    /// The lower of both orders.
    pub lower: u32,
    /// Differences of both weights: of every slope, and of the slope at the new state where there is one more.
    pub(super) error: &'static [f64],
    pub(super) tableau: fn() -> Butcher,
}

/// Every pair, in the order of their orders.
static PAIRS: [Pair; 3] = [
    Pair {
        key: "heun-euler",
        scheme: "heun",
        lower: 1,
        error: &[-0.5, 0.5],
        tableau: || HEUN.tableau().butcher(),
    },
    Pair {
        key: "bosh3",
        scheme: "bosh3",
        lower: 2,
        error: &[5.0 / 72.0, -1.0 / 12.0, -1.0 / 9.0, 1.0 / 8.0],
        tableau: || BOSH3.tableau().butcher(),
    },
    Pair {
        key: "dopri5",
        scheme: "dopri5",
        lower: 4,
        error: &[
            -71.0 / 57600.0,
            0.0,
            71.0 / 16695.0,
            -71.0 / 1920.0,
            17253.0 / 339_200.0,
            -22.0 / 525.0,
            1.0 / 40.0,
        ],
        tableau: || DOPRI5.tableau().butcher(),
    },
];

/// Every pair, in the order of lists.
#[must_use]
pub fn pairs() -> &'static [Pair] {
    &PAIRS
}

/// The pair of this name.
#[must_use]
pub fn pair(key: &str) -> Option<&'static Pair> {
    PAIRS.iter().find(|pair| pair.key.eq_ignore_ascii_case(key))
}

/// The pair whose result is that of this scheme.
#[must_use]
pub fn pair_of(scheme: &str) -> Option<&'static Pair> {
    PAIRS.iter().find(|pair| pair.scheme == scheme)
}

impl Pair {
    /// Its result after a step of size `h` from `u`; evaluation `i` is announced to `f` as stage `i`.
    ///
    /// # Errors
    /// Whatever `f` reports.
    pub fn advance<S: State>(&self, f: &mut dyn Rhs<S>, u: &S, h: f64) -> Result<S, StepError> {
        (self.tableau)().advance(f, u, &StepCtx::new(0, h))
    }

    /// Where in a step it asks for slopes, from 0 to 1.
    #[must_use]
    pub fn nodes(&self) -> Vec<f64> {
        (self.tableau)().nodes()
    }
}
