//! Which eigenvalues and eigenvectors does a real matrix have?
//!
//! Hessenberg form, then Francis' double steps: two QR steps with a conjugate pair of shifts, done together and
//! implicitly, so that everything stays real and pairs come out as exact conjugates.
//! Source: Golub and Van Loan 2013, section 7.5; exceptional shifts as in B. T. Smith et al., EISPACK guide, 1976.

use super::{
    MOST_STEPS, NoEigenvalues, PATIENCE, Square, hessenberg, negligible, normalise, triangular,
};
use num_complex::Complex64;

/// What is known of a real matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct RealEigen {
    /// The eigenvalues with their multiplicity, in no particular order; the two of a pair are exact conjugates and
    /// neighbours, the upper one first.
    pub values: Vec<Complex64>,
    /// Row `j` is an eigenvector of the eigenvalue `j`, of length 1. Those of a multiple eigenvalue may be the
    /// same.
    pub vectors: Square<Complex64>,
}

/// Eigenvalues and eigenvectors of a real matrix.
///
/// # Errors
/// [`NoEigenvalues`] if an entry is not finite, or the iteration does not settle, which has never been seen.
pub fn real_eigen(matrix: &Square<f64>) -> Result<RealEigen, NoEigenvalues> {
    let mut t = matrix.clone();
    let scale = normalise(&mut t)?;
    let mut q = Square::from_fn(t.size(), |i, j| f64::from(u8::from(i == j)));
    hessenberg::reduce(&mut t, Some(&mut q));
    quasi_triangular(&mut t, &mut q)?;
    let (mut values, vectors) = triangular::eigen(&t, &q);
    values.iter_mut().for_each(|value| *value *= scale);
    Ok(RealEigen { values, vectors })
}

/// Turns a Hessenberg matrix into a triangular one with blocks of two rows for pairs (Schur's form).
fn quasi_triangular(t: &mut Square<f64>, q: &mut Square<f64>) -> Result<(), NoEigenvalues> {
    // Rows from `end` on are done.
    let mut end = t.size();
    let mut steps = 0;
    while end > 0 {
        let start = block(t, end, steps);
        if end - start <= 2 {
            if end - start == 2 {
                split(t, q, start);
            }
            end = start;
            steps = 0;
        } else if steps == MOST_STEPS {
            return Err(NoEigenvalues);
        } else {
            steps += 1;
            double_step(t, q, start, end, steps.is_multiple_of(PATIENCE));
        }
    }
    Ok(())
}

/// The first row of the block that ends before `end` and that no negligible subdiagonal entry divides.
fn block(t: &mut Square<f64>, end: usize, steps: usize) -> usize {
    for i in (1..end).rev() {
        let around = t[(i - 1, i - 1)].abs() + t[(i, i)].abs();
        if negligible(t[(i, i - 1)].abs(), around, steps) {
            t[(i, i - 1)] = 0.0;
            return i;
        }
    }
    0
}

/// One double step on the rows `start..end`, at least three.
fn double_step(t: &mut Square<f64>, q: &mut Square<f64>, start: usize, end: usize, odd: bool) {
    let (i, j) = (end - 2, end - 1);
    // Sum and product of the two shifts: eigenvalues of the last two rows, or anything else if these cycle.
    let (sum, product) = if odd {
        let size = t[(j, i)].abs() + t[(i, i - 1)].abs();
        (1.5 * size, size * size)
    } else {
        (
            t[(i, i)] + t[(j, j)],
            t[(i, i)] * t[(j, j)] - t[(i, j)] * t[(j, i)],
        )
    };
    // First column of (T - shift)(T - other shift).
    let s = start;
    let mut column = [
        t[(s, s)] * (t[(s, s)] - sum) + product + t[(s, s + 1)] * t[(s + 1, s)],
        t[(s + 1, s)] * (t[(s, s)] + t[(s + 1, s + 1)] - sum),
        t[(s + 1, s)] * t[(s + 2, s + 1)],
    ];
    for k in start..end - 1 {
        let rows = 3.min(end - k);
        if k > start {
            column = [0.0; 3];
            for (i, x) in column[..rows].iter_mut().enumerate() {
                *x = t[(k + i, k - 1)];
            }
        }
        reflect(t, q, k, k - usize::from(k > start), &column[..rows]);
        if k > start {
            for i in 1..rows {
                t[(k + i, k - 1)] = 0.0;
            }
        }
    }
}

/// Applies the reflection that turns `column` into a multiple of the first unit vector, to the rows from `k` on (in the
/// columns from `left` on) and to the columns from `k` on.
fn reflect(t: &mut Square<f64>, q: &mut Square<f64>, k: usize, left: usize, column: &[f64]) {
    let largest = column.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    if column[1..].iter().all(|x| *x == 0.0) {
        return;
    }
    let mut room = [0.0; 3];
    let v = &mut room[..column.len()];
    v.iter_mut().zip(column).for_each(|(v, x)| *v = x / largest);
    v[0] += v.iter().map(|x| x * x).sum::<f64>().sqrt().copysign(v[0]);
    let twice = 2.0 / v.iter().map(|x| x * x).sum::<f64>();
    hessenberg::from_left(t, k, left, v, twice);
    hessenberg::from_right(t, k, v, twice);
    hessenberg::from_right(q, k, v, twice);
}

/// Makes the two rows from `k` on triangular if their eigenvalues are real.
fn split(t: &mut Square<f64>, q: &mut Square<f64>, k: usize) {
    let (a, b, c, d) = (t[(k, k)], t[(k, k + 1)], t[(k + 1, k)], t[(k + 1, k + 1)]);
    let half = (a - d) / 2.0;
    let square = half * half + b * c;
    if square < 0.0 {
        return;
    }
    // d + z is an eigenvalue, (z, c) its eigenvector: it becomes the first direction.
    let z = half + square.sqrt().copysign(half);
    let r = z.hypot(c);
    if r == 0.0 {
        return;
    }
    let (cos, sin) = (z / r, c / r);
    let (upper, lower) = t.neighbours(k);
    for (u, l) in upper.iter_mut().zip(lower).skip(k) {
        (*u, *l) = (cos * *u + sin * *l, cos * *l - sin * *u);
    }
    for matrix in [&mut *t, q] {
        for i in 0..matrix.size() {
            let (x, y) = (matrix[(i, k)], matrix[(i, k + 1)]);
            matrix[(i, k)] = cos * x + sin * y;
            matrix[(i, k + 1)] = cos * y - sin * x;
        }
    }
    t[(k + 1, k)] = 0.0;
}
