//! Which eigenvectors does a matrix in Schur's form have?
//!
//! Blocks of two rows, which belong to pairs, are made triangular by complex rotations; the eigenvectors of a
//! triangular matrix come from back substitution.

use super::Square;
use num_complex::Complex64;

/// Eigenvalues of `q t qᵀ`, and its eigenvectors of length 1 as rows. `t` is triangular but for blocks of two rows whose
/// eigenvalues are no real numbers, and of a size near 1.
pub(super) fn eigen(t: &Square<f64>, q: &Square<f64>) -> (Vec<Complex64>, Square<Complex64>) {
    let n = t.size();
    let complex = |a: &Square<f64>| Square::from_fn(n, |i, j| Complex64::new(a[(i, j)], 0.0));
    let (mut triangle, mut turned) = (complex(t), complex(q));
    let mut values = Vec::with_capacity(n);
    while values.len() < n {
        let k = values.len();
        if k + 1 == n || t[(k + 1, k)] == 0.0 {
            values.push(triangle[(k, k)]);
            continue;
        }
        let value = upper(t, k);
        values.extend([value, value.conj()]);
        open(&mut triangle, &mut turned, k, value);
    }
    let mut vectors = Square::from_fn(n, |_, _| Complex64::ZERO);
    for (j, value) in values.iter().enumerate() {
        let lower = value.im < 0.0;
        for i in 0..n {
            // The second of a pair has the conjugate vector.
            let known = if lower {
                vectors[(j - 1, i)]
            } else {
                Complex64::ZERO
            };
            vectors[(j, i)] = known.conj();
        }
        if !lower {
            vectors
                .row_mut(j)
                .copy_from_slice(&vector(&triangle, &turned, *value, j));
        }
    }
    (values, vectors)
}

/// The upper eigenvalue of the rows `k` and `k + 1`.
fn upper(t: &Square<f64>, k: usize) -> Complex64 {
    let half = (t[(k, k)] - t[(k + 1, k + 1)]) / 2.0;
    let square = half * half + t[(k, k + 1)] * t[(k + 1, k)];
    Complex64::new(t[(k + 1, k + 1)] + half, (-square).max(0.0).sqrt())
}

/// Makes the rows `k` and `k + 1` triangular, `value` first.
fn open(t: &mut Square<Complex64>, q: &mut Square<Complex64>, k: usize, value: Complex64) {
    // (value - d, c) is its eigenvector.
    let (x, y) = (value - t[(k + 1, k + 1)], t[(k + 1, k)]);
    let r = x.norm().hypot(y.norm());
    let (cos, sin) = (x / r, y / r);
    let (upper, lower) = t.neighbours(k);
    for (u, l) in upper.iter_mut().zip(lower) {
        (*u, *l) = (cos.conj() * *u + sin.conj() * *l, cos * *l - sin * *u);
    }
    for matrix in [&mut *t, q] {
        for i in 0..matrix.size() {
            let (x, y) = (matrix[(i, k)], matrix[(i, k + 1)]);
            matrix[(i, k)] = x * cos + y * sin;
            matrix[(i, k + 1)] = y * cos.conj() - x * sin.conj();
        }
    }
    t[(k + 1, k)] = Complex64::ZERO;
}

/// A vector this long is made shorter before it overflows.
const LONG: f64 = 1e100;

/// The eigenvector of the eigenvalue `j`, of length 1.
fn vector(
    t: &Square<Complex64>,
    q: &Square<Complex64>,
    value: Complex64,
    j: usize,
) -> Vec<Complex64> {
    let mut x = vec![Complex64::ZERO; j + 1];
    x[j] = Complex64::ONE;
    for i in (0..j).rev() {
        let row = &t.row(i)[i + 1..=j];
        let known: Complex64 = row.iter().zip(&x[i + 1..]).map(|(t, x)| t * x).sum();
        let mut gap = t[(i, i)] - value;
        // A multiple eigenvalue: as far apart as rounding may have moved it.
        if gap.norm() < f64::EPSILON {
            gap = Complex64::new(f64::EPSILON, 0.0);
        }
        x[i] = -known / gap;
        let size = x[i].norm();
        if size > LONG {
            x[i..].iter_mut().for_each(|x| *x /= size);
        }
    }
    let mut vector: Vec<Complex64> = (0..t.size())
        .map(|i| q.row(i).iter().zip(&x).map(|(q, x)| q * x).sum())
        .collect();
    let largest = vector.iter().map(|z| z.norm()).fold(0.0, f64::max);
    vector.iter_mut().for_each(|z| *z /= largest);
    let length = vector.iter().map(|z| z.norm_sqr()).sum::<f64>().sqrt();
    vector.iter_mut().for_each(|z| *z /= length);
    vector
}
