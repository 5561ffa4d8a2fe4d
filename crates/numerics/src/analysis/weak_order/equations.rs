//! On which stochastic differential equations with known moments is a scheme tried?
//!
//! All are `dX = a(X) dt + b(X) dW` up to time 1, driven by one Brownian motion, as the noise of a network
//! is. Their numbers are chosen so that the error of the drift does not hide that of the noise: at the
//! third moment both have the same sign and like size at the coarsest steps.

use super::forms::{Cubic, Flow, Matrix, apply};

/// What is known about one equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SdeFacts {
    /// Name for reports.
    pub name: &'static str,
    /// The equation as one line of mathematics.
    pub equation: &'static str,
    /// Where its exact moments come from.
    pub reference: &'static str,
}

/// `dX = a(X) dt + b(X) dW` with affine `a` on `z = (1, x)`.
#[derive(Clone, Debug)]
pub(super) struct Sde<const D: usize> {
    pub(super) facts: SdeFacts,
    /// `a`.
    pub(super) drift: Matrix<D>,
    /// One matrix: `b(x) = B z`. Two, for one entry: `b = √((B₁ z)² + (B₂ z)²)`, which has the law of
    /// two independent noises and so their moments, but is not linear.
    pub(super) noises: Vec<Matrix<D>>,
    /// `X_0`, after a 1.
    pub(super) start: [f64; D],
    /// Is `a(0) = b(0) = 0` and everything linear? Polynomial schemes need it.
    pub(super) homogeneous: bool,
    /// Does the slope of each half depend on the other half only? Partitioned schemes need it.
    pub(super) partitioned: bool,
}

/// Geometric Brownian motion: multiplicative noise.
pub(super) fn geometric() -> Sde<2> {
    Sde {
        facts: SdeFacts {
            name: "geometric Brownian motion",
            equation: "dX = -0.2 X dt + 0.5 X dW, X(0) = 1",
            reference: "closed form, E X^m = exp(m a + m (m-1)/2 b^2)",
        },
        drift: [[0.0, 0.0], [0.0, -0.2]],
        noises: vec![[[0.0, 0.0], [0.0, 0.5]]],
        start: [1.0, 1.0],
        homogeneous: true,
        partitioned: false,
    }
}

/// Ornstein-Uhlenbeck: additive noise.
pub(super) fn ornstein_uhlenbeck() -> Sde<2> {
    Sde {
        facts: SdeFacts {
            name: "Ornstein-Uhlenbeck",
            equation: "dX = (0.5 - X) dt + 0.7 dW, X(0) = 1",
            reference: "closed form, X is normal",
        },
        drift: [[0.0, 0.0], [0.5, -1.0]],
        noises: vec![[[0.0, 0.0], [0.7, 0.0]]],
        start: [1.0, 1.0],
        homogeneous: false,
        partitioned: false,
    }
}

/// `X = sinh(σ W + c)`: noise that is not linear in the state.
pub(super) fn hyperbolic() -> Sde<2> {
    Sde {
        facts: SdeFacts {
            name: "hyperbolic",
            equation: "dX = 0.125 X dt + 0.5 sqrt(1 + X^2) dW, X(0) = 0.5",
            reference: "closed form, X = sinh(W/2 + asinh(1/2))",
        },
        drift: [[0.0, 0.0], [0.0, 0.125]],
        noises: vec![[[0.0, 0.0], [0.5, 0.0]], [[0.0, 0.0], [0.0, 0.5]]],
        start: [1.0, 0.5],
        homogeneous: false,
        partitioned: false,
    }
}

/// An oscillator whose stiffness is noisy: two entries, one Brownian motion.
pub(super) fn oscillator() -> Sde<3> {
    Sde {
        facts: SdeFacts {
            name: "oscillator with noisy stiffness",
            equation: "dX = Y dt, dY = -0.5 X dt + X dW, (X, Y)(0) = (1, 0)",
            reference: "exponential of the matrix that moves all moments up to the third",
        },
        drift: [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -0.5, 0.0]],
        noises: vec![[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]],
        start: [1.0, 1.0, 0.0],
        homogeneous: true,
        partitioned: true,
    }
}

/// The time up to which equations are solved.
pub(super) const END: f64 = 1.0;

impl<const D: usize> Sde<D> {
    /// Is `b` affine, so that a step of a scheme is?
    pub(super) fn affine(&self) -> bool {
        self.noises.len() == 1
    }

    /// `a` at `z = (1, x)`, after a 0.
    pub(super) fn drift_at(&self, z: &[f64; D]) -> [f64; D] {
        apply(&self.drift, z)
    }

    /// `b` at `z = (1, x)`, after a 0.
    pub(super) fn noise_at(&self, z: &[f64; D]) -> [f64; D] {
        match self.noises.as_slice() {
            [one] => apply(one, z),
            several => {
                let mut out = [0.0; D];
                for noise in several {
                    for (o, b) in out.iter_mut().zip(apply(noise, z)) {
                        *o += b * b;
                    }
                }
                out.map(f64::sqrt)
            }
        }
    }

    /// `(∂b/∂x) b`, which is affine: what separates the readings of the stochastic integral.
    pub(super) fn correction(&self) -> Matrix<D> {
        let mut sum = [[0.0; D]; D];
        for noise in &self.noises {
            for (row, noise_row) in sum.iter_mut().zip(noise) {
                for (column, entry) in row.iter_mut().enumerate() {
                    *entry += (noise_row.iter().zip(noise))
                        .map(|(b, line)| b * line[column])
                        .sum::<f64>();
                }
            }
        }
        sum
    }

    /// The equation that a scheme with this `reading` follows: `a + reading (∂b/∂x) b` is its drift in
    /// Itô form.
    pub(super) fn limit(&self, reading: f64) -> Self {
        let correction = self.correction();
        let mut limit = self.clone();
        for (row, more) in limit.drift.iter_mut().zip(&correction) {
            row.iter_mut()
                .zip(more)
                .for_each(|(a, c)| *a += reading * c);
        }
        limit
    }

    /// `u(t_n, ·) = E[X₁^m | X_{t_n} = ·]` for `m = 1, 2, 3` at the times `n/steps`, for this equation
    /// read in the sense of Itô.
    pub(super) fn expectations(&self, steps: usize) -> Vec<[Cubic<D>; 3]> {
        let flow = Flow::new(&self.drift, &self.noises, END / steps as f64);
        let mut all = vec![[1, 2, 3].map(Cubic::power)];
        for n in 0..steps {
            let next = all[n].map(|form| flow.back(&form));
            all.push(next);
        }
        all.reverse();
        all
    }

    /// `E X₁^m` at the end, for `m = 1, 2, 3`, in the sense of Itô.
    #[cfg(test)]
    pub(super) fn moments(&self) -> [f64; 3] {
        self.expectations(1)[0].map(|form| form.value(&self.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: [f64; 3], wanted: [f64; 3]) {
        for (f, w) in found.into_iter().zip(wanted) {
            assert!((f - w).abs() < 1e-12, "{found:?}, {wanted:?}");
        }
    }

    #[test]
    fn moments_are_the_closed_forms() {
        let (a, b) = (-0.2_f64, 0.5_f64);
        close(
            geometric().moments(),
            [1.0, 2.0, 3.0].map(|m| (m * a + m * (m - 1.0) / 2.0 * b * b).exp()),
        );
        let mean = 0.5 + 0.5 * (-1.0_f64).exp();
        let variance = 0.49 * (1.0 - (-2.0_f64).exp()) / 2.0;
        close(
            ornstein_uhlenbeck().moments(),
            [
                mean,
                mean.powi(2) + variance,
                mean.powi(3) + 3.0 * mean * variance,
            ],
        );
        // Powers of sinh are sums of sinh and cosh of multiples; E exp(m W/2) = exp(m²/8).
        let c = 0.5_f64.asinh();
        let grown = |m: f64| (m * m / 8.0).exp();
        close(
            hyperbolic().moments(),
            [
                grown(1.0) * c.sinh(),
                (grown(2.0) * (2.0 * c).cosh() - 1.0) / 2.0,
                (grown(3.0) * (3.0 * c).sinh() - 3.0 * grown(1.0) * c.sinh()) / 4.0,
            ],
        );
    }

    /// The moments of the oscillator solve their ten ordinary differential equations, written out by hand and
    /// integrated by the classical Runge-Kutta method.
    #[test]
    fn moments_of_the_oscillator_solve_their_equations() {
        // m[i][j] = E X^i Y^j; d(X^i Y^j) by Itô's formula.
        let slope = |m: [[f64; 4]; 4]| {
            let mut out = [[0.0; 4]; 4];
            for i in 0..4 {
                for j in 0..4 - i {
                    let (fi, fj) = (i as f64, j as f64);
                    if i > 0 {
                        out[i][j] += fi * m[i - 1][j + 1];
                    }
                    if j > 0 {
                        out[i][j] -= 0.5 * fj * m[i + 1][j - 1];
                    }
                    if j > 1 {
                        out[i][j] += 0.5 * fj * (fj - 1.0) * m[i + 2][j - 2];
                    }
                }
            }
            out
        };
        let sum = |m: [[f64; 4]; 4], h: f64, s: [[f64; 4]; 4]| {
            let mut out = m;
            for (o, s) in out.iter_mut().flatten().zip(s.iter().flatten()) {
                *o += h * s;
            }
            out
        };
        let mut m = [[0.0; 4]; 4];
        (0..4).for_each(|i| m[i][0] = 1.0);
        let steps = 2000;
        let h = END / f64::from(steps);
        for _ in 0..steps {
            let k1 = slope(m);
            let k2 = slope(sum(m, h / 2.0, k1));
            let k3 = slope(sum(m, h / 2.0, k2));
            let k4 = slope(sum(m, h, k3));
            m = sum(m, h / 6.0, k1);
            m = sum(m, h / 3.0, k2);
            m = sum(m, h / 3.0, k3);
            m = sum(m, h / 6.0, k4);
        }
        close(oscillator().moments(), [m[1][0], m[2][0], m[3][0]]);
    }

    #[test]
    fn half_the_correction_is_stratonovich() {
        // X = exp(a t + b W) solves dX = a X dt + b X ∘ dW.
        let found = geometric().limit(0.5).moments();
        let (a, b) = (-0.2_f64, 0.5_f64);
        close(
            found,
            [1.0, 2.0, 3.0].map(|m| (m * a + m * m * b * b / 2.0).exp()),
        );
    }
}
