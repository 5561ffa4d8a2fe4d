//! What do steps with different coefficients do together? The averaged equation and the stability of their period.
//!
//! A step with coefficients `k_n` is a matrix `A_n(z)` on the state and its history. Steps `1 … N`, repeated, multiply
//! the solution of `u' = λ u` by the principal eigenvalue `μ(z)` of `A_N ⋯ A_1`, the one that is 1 at `z = 0`. So
//! they follow the equation whose `w = hD` satisfies `e^{N w} = μ(z)`; for equal coefficients it is the modified
//! equation of the step. The equation at the *mean* coefficient is another one: a history that is weighted differently
//! at each step is not weighted by the mean.
//!
//! `μ(z)` is found as a power series, by perturbation of a simple eigenvalue.
//! Source: T. Kato, Perturbation theory for linear operators, 1995, section II.2.

use super::AnalysisError;
use super::amplification::Amplification;
use super::modified_equation::{ModifiedEquation, modified_equation};
use super::stability::{Stability, intervals};
use super::subject::Subject;
use super::test_equation::Scaled;
use crate::linear_algebra::{Square, solve};
use crate::{Memory, SchemeFacts, Series, facts};
use num_complex::Complex64;

/// Entries below this are rounding: matrices are small, and their numbers of the size of 1.
const ROUNDING: f64 = 1e-9;

/// The equation that steps with these coefficients follow on average when they are repeated, up to the derivative of
/// order `terms`; each step lists its coefficients newest state first, and those that are missing are 0.
///
/// # Errors
/// As [`modified_equation`]; [`AnalysisError::NotZeroStable`] if errors of the history do not die out over the period,
/// so that there is no principal eigenvalue.
pub fn modified_equation_of_steps(
    scheme: &str,
    steps: &[Vec<f64>],
    terms: usize,
) -> Result<ModifiedEquation, AnalysisError> {
    let theory = facts(scheme)?;
    let (Some(first), 1) = (steps.first(), theory.parts) else {
        return modified_equation(scheme, None, terms);
    };
    if terms == 0 {
        return Err(AnalysisError::BadInput {
            what: "the number of terms",
            problem: "must be at least 1",
        });
    }
    let mut product: Option<Vec<Square<f64>>> = None;
    for coefs in steps {
        let step = step_in_powers(&Subject::of_all(theory, coefs)?, terms + 1)?;
        product = Some(match product {
            None => step,
            Some(before) => times(&step, &before),
        });
    }
    let product = product.unwrap_or_default();
    let growth = principal_value(&product, theory, first.first().copied())?;
    // N w = log μ(z).
    let w = logarithm(&growth).scale(1.0 / steps.len() as f64);
    let z = inverse(&w).ok_or(AnalysisError::Inconsistent { scheme: theory.key })?;
    Ok(ModifiedEquation {
        scheme: theory.key,
        k: None,
        linear: theory.stages > 1,
        coefficients: z.coefficients()[1..].to_vec(),
    })
}

/// Where steps with these coefficients, repeated, stay bounded.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme, coefficients that do not fit, or no steps.
pub fn stability_of_steps(scheme: &str, steps: &[Vec<f64>]) -> Result<Stability, AnalysisError> {
    let theory = facts(scheme)?;
    let subjects = steps
        .iter()
        .map(|coefs| Subject::of_all(theory, coefs))
        .collect::<Result<Vec<_>, _>>()?;
    if subjects.is_empty() {
        return Err(AnalysisError::BadInput {
            what: "the sequence of k",
            problem: "is empty",
        });
    }
    let bounded = |z: Complex64| {
        let mut product: Option<Amplification> = None;
        for subject in &subjects {
            let step = Amplification::of(subject, z)?;
            product = Some(match &product {
                None => step,
                Some(before) => step.after(before),
            });
        }
        match product {
            Some(product) => product.power_bounded(theory.key, subjects.len()),
            None => Ok(true),
        }
    };
    intervals(theory.key, None, bounded)
}

/// The matrices of a step that belong to `z⁰, z¹, …`, cut off after `len`.
fn step_in_powers(subject: &Subject<'_>, len: usize) -> Result<Vec<Square<f64>>, AnalysisError> {
    let theory = subject.facts;
    let scheme = subject.scheme::<Series>()?;
    let per_past = if theory.keeps_slopes { 2 } else { 1 };
    let size = 1 + theory.memory * per_past;
    let z = Series::variable(len);
    let mut columns: Vec<Vec<Series>> = Vec::with_capacity(size);
    for column in 0..size {
        let entry = |row: usize| Series::constant(f64::from(u8::from(row == column)), len);
        let mut memory = Memory::new();
        // Oldest first, so that the newest ends up in front.
        for back in (0..theory.memory).rev() {
            let first = 1 + back * per_past;
            let slope = theory.keeps_slopes.then(|| entry(first + 1));
            memory.push(entry(first), slope, theory.memory);
        }
        let mut f = Scaled(z.clone());
        let mut image = vec![scheme.step(&mut f, &entry(0), &mut memory, &subject.ctx(1, 1.0))?];
        for back in 1..=theory.memory {
            if let Some(past) = memory.back(back) {
                image.push(past.state.clone());
                image.extend(past.slope.clone());
            }
        }
        columns.push(image);
    }
    let power = |p: usize| Square::from_fn(size, |row, column| columns[column][row].coefficient(p));
    Ok((0..len).map(power).collect())
}

/// The product of two matrices of power series, cut off where they are.
fn times(left: &[Square<f64>], right: &[Square<f64>]) -> Vec<Square<f64>> {
    let size = left[0].size();
    let entry = |power: usize, row: usize, column: usize| -> f64 {
        (0..=power)
            .map(|p| {
                let (a, b) = (left[p].row(row), &right[power - p]);
                (0..size).map(|i| a[i] * b.row(i)[column]).sum::<f64>()
            })
            .sum()
    };
    (0..left.len())
        .map(|power| Square::from_fn(size, |row, column| entry(power, row, column)))
        .collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn apply(matrix: &Square<f64>, x: &[f64]) -> Vec<f64> {
    (0..matrix.size())
        .map(|row| dot(matrix.row(row), x))
        .collect()
}

/// The eigenvalue that is 1 at `z = 0`, as a power series.
///
/// With `P(z) v(z) = μ(z) v(z)`, `μ_0 = 1`, and the left vector `l` of `P_0`: order `j` reads
/// `(P_0 - 1) v_j = μ_j v_0 + r`, which can be solved where `l · (μ_j v_0 + r) = 0`.
fn principal_value(
    matrix: &[Square<f64>],
    theory: &SchemeFacts,
    k: Option<f64>,
) -> Result<Series, AnalysisError> {
    let unstable = || AnalysisError::NotZeroStable {
        scheme: theory.key,
        k: k.unwrap_or(0.0),
    };
    let base = &matrix[0];
    let size = base.size();
    let shifted =
        |row: usize, column: usize| base.row(row)[column] - f64::from(u8::from(row == column));
    // Without f a history of one and the same state stays as it is.
    let per_past = if theory.keeps_slopes { 2 } else { 1 };
    let is_state = |row: usize| row == 0 || (row - 1).is_multiple_of(per_past);
    let right: Vec<f64> = (0..size)
        .map(|row| f64::from(u8::from(is_state(row))))
        .collect();
    if apply(base, &right)
        .iter()
        .zip(&right)
        .any(|(a, b)| (a - b).abs() > ROUNDING)
    {
        return Err(AnalysisError::Inconsistent { scheme: theory.key });
    }
    // The left vector, of which the sum over states is 1: [(P_0 - 1)ᵀ + v vᵀ] l = v.
    let transposed = Square::from_fn(size, |row, column| {
        shifted(column, row) + right[row] * right[column]
    });
    let left = solve(&transposed, &right).ok_or_else(unstable)?;
    let residual = (0..size)
        .map(|column| {
            (0..size)
                .map(|row| left[row] * shifted(row, column))
                .sum::<f64>()
        })
        .fold(0.0_f64, |most, r| most.max(r.abs()));
    let weight = dot(&left, &right);
    // A double eigenvalue has a left vector that is orthogonal to the right one.
    if residual > ROUNDING || weight.abs() < ROUNDING {
        return Err(unstable());
    }
    // Solved with the condition l · v_j = 0, which adds a multiple of `right` to the other side.
    let bordered = Square::from_fn(size, |row, column| {
        shifted(row, column) + right[row] * left[column]
    });
    let mut vectors: Vec<Vec<f64>> = vec![right.clone()];
    let mut values = vec![1.0];
    for order in 1..matrix.len() {
        let mut rest = vec![0.0; size];
        for i in 1..=order {
            let image = apply(&matrix[i], &vectors[order - i]);
            for (row, x) in image.into_iter().enumerate() {
                rest[row] -= x;
                if i < order {
                    rest[row] += values[i] * vectors[order - i][row];
                }
            }
        }
        let value = -dot(&left, &rest) / weight;
        let target: Vec<f64> = rest
            .iter()
            .zip(&right)
            .map(|(r, v)| r + value * v)
            .collect();
        values.push(value);
        vectors.push(solve(&bordered, &target).ok_or_else(unstable)?);
    }
    Ok(Series::new(values))
}

/// `log a` for a series that begins with 1, by `a y' = a'`.
fn logarithm(a: &Series) -> Series {
    let mut y = Series::constant(0.0, a.len());
    for n in 1..a.len() {
        let known: f64 = (1..n)
            .map(|j| j as f64 * y.coefficient(j) * a.coefficient(n - j))
            .sum();
        y.set(n, a.coefficient(n) - known / n as f64);
    }
    y
}

/// The series `z(w)` with `w(z(w)) = w`, of a series without constant term; none if its linear term vanishes.
fn inverse(w: &Series) -> Option<Series> {
    let slope = w.coefficient(1);
    if slope.abs() < ROUNDING {
        return None;
    }
    let mut z = Series::constant(0.0, w.len());
    for n in 1..w.len() {
        // What is there so far misses w by a term of order n, which only the linear term of w sees.
        let mut composed = Series::constant(0.0, w.len());
        for c in w.coefficients().iter().rev() {
            composed = &(&composed * &z) + &Series::constant(*c, w.len());
        }
        let wanted = f64::from(u8::from(n == 1));
        z.set(n, (wanted - composed.coefficient(n)) / slope);
    }
    Some(z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{modified_equation_with, stability_with};
    use crate::{StageId, StepError};
    use crate::{StepCtx, scheme, schemes};

    #[test]
    fn equal_steps_follow_the_equation_of_one() {
        for theory in schemes().into_iter().filter(|s| s.parts == 1) {
            let coefs: Vec<f64> = match theory.coefficient {
                Some(c) => std::iter::once(-0.3)
                    .chain(c.older.iter().map(|_| 0.02))
                    .collect(),
                None => Vec::new(),
            };
            let one = match theory.coefficient {
                Some(_) => modified_equation_with(theory.key, &coefs, 5),
                None => modified_equation(theory.key, None, 5),
            };
            let many = modified_equation_of_steps(theory.key, &vec![coefs.clone(); 3], 5);
            let (one, many) = (one.expect("an answer"), many);
            // Of leapfrog the parasitic root -1 becomes 1 over two steps, and is no principal one; three are odd.
            let many = many.unwrap_or_else(|e| panic!("{}: {e}", theory.key));
            for (a, b) in one.coefficients.iter().zip(&many.coefficients) {
                assert!(
                    (a - b).abs() < 1e-7 * (1.0 + a.abs()),
                    "{}: {one} and {many}",
                    theory.key
                );
            }
        }
    }

    /// The averaged equation predicts what alternating steps do; the mean coefficient does not.
    #[test]
    fn alternating_steps_follow_their_average() {
        let ks = [-0.8, 0.3];
        let steps = ks.map(|k| vec![k]).to_vec();
        let found = modified_equation_of_steps("lm", &steps, 6).expect("an answer");
        let mean = modified_equation_with("lm", &[-0.25], 6).expect("an answer");
        // z(w) of both; the growth of the steps per step is e^w.
        let z = -0.05;
        let scheme = scheme::<f64>("lm").expect("registered");
        let mut f = |_: StageId, u: &f64| Ok::<_, StepError>(z * u);
        let (mut u, mut memory, mut all) = (1.0, Memory::new(), Vec::new());
        for n in 0..80 {
            let ctx = StepCtx::new(n, 1.0).with_coefs(vec![ks[n % 2]]);
            u = scheme.step(&mut f, &u, &mut memory, &ctx).expect("steps");
            all.push(u);
        }
        let measured = 0.5 * (all[79] / all[77]).ln();
        let of = |equation: &ModifiedEquation| -> f64 {
            let powers = equation.coefficients.iter().enumerate();
            powers.map(|(j, c)| c * measured.powi(j as i32 + 1)).sum()
        };
        assert!((of(&found) - z).abs() < 1e-6, "{found}: {}", of(&found));
        assert!((of(&mean) - z).abs() > 1e-3, "{mean}: {}", of(&mean));
    }

    #[test]
    fn the_stability_of_equal_steps_is_that_of_one() {
        let one = stability_with("lm", &[-0.5]).expect("an answer");
        let many = stability_of_steps("lm", &vec![vec![-0.5]; 4]).expect("an answer");
        assert!((one.real_interval.0 - many.real_interval.0).abs() < 1e-6);
        assert!(many.zero_stable);
        let grows = stability_of_steps("lm", &[vec![-1.5], vec![0.9]]).expect("an answer");
        assert!(!grows.zero_stable && grows.real_interval.0 == 0.0);
        assert!(matches!(
            modified_equation_of_steps("lm", &[vec![-1.0]], 3),
            Err(AnalysisError::NotZeroStable { .. })
        ));
        assert!(stability_of_steps("lm", &[]).is_err());
    }
}
