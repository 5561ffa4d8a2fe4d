//! What does a scheme do? Answers found by running the scheme's own code.
//!
//! | question | answer by | the scheme runs on |
//! |---|---|---|
//! | How fast does the error fall with `h`? | [`order`] | numbers |
//! | For which `hλ` does it stay bounded? | [`stability`], [`region`], [`stability_polynomial`] | complex numbers |
//! | Where does a one-step scheme grow faster than the solution? | [`order_star()`], [`order_star_region`] | complex numbers |
//! | Do errors of the history die out, also when `k_n` changes? | [`zero_stability`], [`zero_stability_of`] | complex numbers |
//! | Which equation does it really solve? | [`modified_equation`] | power series |
//! | What do steps with different coefficients follow on average? | [`modified_equation_of_steps`], [`stability_of_steps`] | power series, complex numbers |
//! | Which coefficient has a step of another size that follows the same equation? | [`refined()`] | power series |
//! | Does a step with learned coefficients amplify `hλ`? | [`LearnedStep`] | complex numbers |
//! | How good is a splitting if its sub-flows are exact? | [`splitting_order()`] | numbers |
//! | With noise, how fast do means approach those of its equation? | [`weak_order()`] | blocks of paths |
//!
//! Two more answers are about what a scheme steps: [`arnoldi`] finds the `hλ` of a block that is only known
//! by products with its Jacobian, [`principal`] the plane in which states spread most.
//!
//! No formula of a particular scheme is typed in anywhere here: a new scheme has all of these as
//! soon as it is registered. Each analysis takes the name of a scheme and `k`, the value of its
//! learned coefficient; `None` stands for the default of the scheme, or for no coefficient.

mod amplification;
mod joint;
mod learned_step;
mod modified_equation;
mod order;
mod order_star;
mod period;
mod principal;
mod refined;
mod spectrum;
mod splitting;
mod stability;
mod subject;
mod test_equation;
pub mod weak_order;
mod zero_stability;

pub use learned_step::LearnedStep;
pub use modified_equation::{ModifiedEquation, modified_equation, modified_equation_with};
pub use order::{Order, Sample, order, order_on};
pub use order_star::{OrderStar, order_star, order_star_region};
pub use period::{modified_equation_of_steps, stability_of_steps};
pub use principal::{Principal, principal};
pub use refined::{Refined, refined};
pub use spectrum::{Effort, Ritz, Spectrum, arnoldi};
pub use splitting::{SplittingOrder, Term, flow, splitting_order, splitting_theory};
pub use stability::{
    Region, Stability, amplification_matrix, region, spectral_radius, stability,
    stability_polynomial, stability_with,
};
pub use weak_order::weak_order;
pub use zero_stability::{
    HORIZON, ZeroStability, zero_stability, zero_stability_of, zero_stability_of_steps,
};

use crate::{StepError, UnknownScheme};

/// Why an analysis has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnalysisError {
    /// No scheme has that name; the inner error has near spellings.
    #[error(transparent)]
    UnknownScheme(#[from] UnknownScheme),
    /// `k` was given, but the scheme has no coefficient.
    #[error("scheme `{scheme}` has no coefficient, but k = {k} was given")]
    NoCoefficient {
        /// Key of the scheme.
        scheme: &'static str,
        /// The value given.
        k: f64,
    },
    /// An input is NaN or infinite.
    #[error("{what} must be a finite number, but is {value}")]
    NotFinite {
        /// Which input.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// An input has no meaning, for instance an empty range.
    #[error("{what} {problem}")]
    BadInput {
        /// Which input.
        what: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The scheme does not converge because errors of its history grow.
    #[error("scheme `{scheme}` is not zero-stable for k = {k}, so it has no order of convergence")]
    NotZeroStable {
        /// Key of the scheme.
        scheme: &'static str,
        /// The coefficient.
        k: f64,
    },
    /// The scheme follows no equation of first order, for instance `lm` at `k = -1`.
    #[error(
        "scheme `{scheme}` follows {coefficient} u' = f(u), which has no time scale of its own"
    )]
    NoTimeScale {
        /// Key of the scheme.
        scheme: &'static str,
        /// Coefficient of `u'` in the modified equation.
        coefficient: f64,
    },
    /// The scheme moves a constant state although `f = 0`, or ignores `f`.
    #[error("scheme `{scheme}` is not consistent with any equation c u' = f(u)")]
    Inconsistent {
        /// Key of the scheme.
        scheme: &'static str,
    },
    /// A stability polynomial exists only for explicit schemes without memory and parts.
    #[error(
        "scheme `{scheme}` has memory or parts, or is implicit, so its stability function is no polynomial"
    )]
    NoPolynomial {
        /// Key of the scheme.
        scheme: &'static str,
    },
    /// An order star exists only for schemes whose stability function is a rational function.
    #[error(
        "scheme `{scheme}` has memory or parts, so its stability function is no rational function, and it has no order star"
    )]
    NoRational {
        /// Key of the scheme.
        scheme: &'static str,
    },
    /// A scheme that steps no terms in turn.
    #[error("scheme `{scheme}` steps the right-hand side as a whole, not its terms in turn")]
    NoSubsteps {
        /// Key of the scheme.
        scheme: &'static str,
    },
    /// The eigenvalues of an amplification matrix could not be found.
    #[error("the eigenvalues of the amplification matrix of scheme `{scheme}` could not be found")]
    Eigenvalues {
        /// Key of the scheme.
        scheme: &'static str,
    },
    /// The eigenvalues of a projected or covariance matrix could not be found.
    #[error("the eigenvalues of a matrix could not be found")]
    NoSpectrum,
    /// The errors cannot be fitted: they are at rounding level, or not finite.
    #[error("the errors of scheme `{scheme}` do not fall in a range that gives an order")]
    NoAsymptoticRange {
        /// Key of the scheme.
        scheme: &'static str,
    },
    /// The scheme itself failed.
    #[error(transparent)]
    Step(#[from] StepError),
}
