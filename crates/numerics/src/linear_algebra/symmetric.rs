//! Which eigenvalues and eigenvectors does a symmetric matrix have?
//!
//! Householder's reflections make it tridiagonal, implicit QL steps with Wilkinson's shift make it diagonal.
//! Source: Golub and Van Loan 2013, sections 8.3 and 8.4; A. Dubrulle, R. S. Martin and J. H. Wilkinson, The
//! implicit QL algorithm, 1968.

use super::{MOST_STEPS, NoEigenvalues, Square, normalise};

/// What is known of a symmetric matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct SymmetricEigen {
    /// The eigenvalues, smallest first.
    pub values: Vec<f64>,
    /// Row `j` is an eigenvector of the eigenvalue `j`; they are orthonormal. Signs mean nothing.
    pub vectors: Square<f64>,
}

/// Eigenvalues and eigenvectors of a symmetric matrix. Only the lower triangle is read.
///
/// # Errors
/// [`NoEigenvalues`] if an entry is not finite, or the iteration does not settle, which has never been seen.
pub fn symmetric_eigen(matrix: &Square<f64>) -> Result<SymmetricEigen, NoEigenvalues> {
    let (values, vectors) = decompose(matrix, true)?;
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|i, j| values[*i].total_cmp(&values[*j]));
    Ok(SymmetricEigen {
        values: order.iter().map(|j| values[*j]).collect(),
        vectors: Square::from_fn(values.len(), |i, j| vectors[(order[i], j)]),
    })
}

/// Eigenvalues of a symmetric matrix, smallest first. Only the lower triangle is read.
///
/// # Errors
/// As [`symmetric_eigen`].
pub fn symmetric_eigenvalues(matrix: &Square<f64>) -> Result<Vec<f64>, NoEigenvalues> {
    let (mut values, _) = decompose(matrix, false)?;
    values.sort_by(f64::total_cmp);
    Ok(values)
}

/// Eigenvalues in no order, and if wanted the eigenvectors as rows; otherwise a matrix of no rows.
fn decompose(
    matrix: &Square<f64>,
    vectors: bool,
) -> Result<(Vec<f64>, Square<f64>), NoEigenvalues> {
    let n = matrix.size();
    let mut a = Square::from_fn(n, |i, j| matrix[(i.max(j), i.min(j))]);
    let scale = normalise(&mut a)?;
    let (mut d, mut e, reflections) = tridiagonal(&mut a);
    let mut rows = if vectors {
        transformation(n, &reflections)
    } else {
        Square::from_fn(0, |_, _| 0.0)
    };
    diagonal(&mut d, &mut e, vectors.then_some(&mut rows))?;
    d.iter_mut().for_each(|x| *x *= scale);
    Ok((d, rows))
}

/// A reflection `I - twice · v vᵀ` of the last entries.
struct Reflection {
    v: Vec<f64>,
    twice: f64,
}

/// Diagonal, off-diagonal (its last entry is not used) and the reflections `H₀, H₁, …` with `a = H₀ H₁ … T … H₁ H₀`.
fn tridiagonal(a: &mut Square<f64>) -> (Vec<f64>, Vec<f64>, Vec<Reflection>) {
    let n = a.size();
    let mut e = Vec::with_capacity(n);
    let mut reflections = Vec::new();
    for k in 0..n.saturating_sub(1) {
        let mut v = a.row(k)[k + 1..].to_vec();
        let rest = v[1..].iter().map(|x| x * x).sum::<f64>();
        if rest == 0.0 {
            e.push(v[0]);
            reflections.push(Reflection { v, twice: 0.0 });
            continue;
        }
        // To the side that does not cancel.
        let length = (v[0] * v[0] + rest).sqrt().copysign(v[0]);
        e.push(-length);
        v[0] += length;
        let twice = 2.0 / (v[0] * v[0] + rest);
        // (I - t v vᵀ) A (I - t v vᵀ) = A - v wᵀ - w vᵀ with p = t A v and w = p - (t/2)(p·v) v.
        let mut w: Vec<f64> = (k + 1..n)
            .map(|i| twice * dot(&a.row(i)[k + 1..], &v))
            .collect();
        let half = twice / 2.0 * dot(&w, &v);
        w.iter_mut().zip(&v).for_each(|(w, v)| *w -= half * v);
        for i in k + 1..n {
            let (vi, wi) = (v[i - k - 1], w[i - k - 1]);
            for ((x, v), w) in a.row_mut(i)[k + 1..].iter_mut().zip(&v).zip(&w) {
                *x -= vi * w + wi * v;
            }
        }
        reflections.push(Reflection { v, twice });
    }
    e.resize(n, 0.0);
    ((0..n).map(|i| a[(i, i)]).collect(), e, reflections)
}

/// The transpose of `H₀ H₁ …`: its rows become the eigenvectors.
fn transformation(n: usize, reflections: &[Reflection]) -> Square<f64> {
    let mut q = Square::from_fn(n, |i, j| f64::from(u8::from(i == j)));
    for (k, Reflection { v, twice }) in reflections.iter().enumerate().rev() {
        super::hessenberg::from_left(&mut q, k + 1, k + 1, v, *twice);
    }
    Square::from_fn(n, |i, j| q[(j, i)])
}

/// Makes `d` the eigenvalues of the tridiagonal matrix; the rotations are applied to neighbouring rows.
fn diagonal(
    d: &mut [f64],
    e: &mut [f64],
    mut rows: Option<&mut Square<f64>>,
) -> Result<(), NoEigenvalues> {
    let n = d.len();
    for first in 0..n {
        let mut steps = 0;
        loop {
            let negligible = |i: &usize| {
                e[*i].abs() <= f64::EPSILON * (d[*i].abs() + d[i + 1].abs()) + f64::MIN_POSITIVE
            };
            let last = (first..n - 1).find(negligible).unwrap_or(n - 1);
            if last == first {
                break;
            }
            if steps == MOST_STEPS {
                return Err(NoEigenvalues);
            }
            steps += 1;
            step(d, e, first, last, rows.as_deref_mut());
        }
    }
    Ok(())
}

/// One implicit QL step on the rows `first` to `last`, which no negligible off-diagonal entry divides.
fn step(
    d: &mut [f64],
    e: &mut [f64],
    first: usize,
    last: usize,
    mut rows: Option<&mut Square<f64>>,
) {
    // Wilkinson's shift: the eigenvalue of the first two rows that is nearer to the first entry.
    let p = (d[first + 1] - d[first]) / 2.0;
    let shift = d[first] - e[first] / (p + p.hypot(e[first]).copysign(p)) * e[first];
    // The rotation of the rows i and i + 1 moves the bulge `s · e` that the one before has made.
    let (mut s, mut c) = (1.0, 1.0);
    let mut taken = 0.0;
    let mut x = d[last] - shift;
    for i in (first..last).rev() {
        let (bulge, near) = (s * e[i], c * e[i]);
        let r = bulge.hypot(x);
        e[i + 1] = r;
        if r == 0.0 {
            // The matrix has fallen apart here: the next step sees two of them.
            d[i + 1] -= taken;
            e[last] = 0.0;
            return;
        }
        (s, c) = (bulge / r, x / r);
        let y = d[i + 1] - taken;
        let z = (d[i] - y) * s + 2.0 * c * near;
        taken = s * z;
        d[i + 1] = y + taken;
        x = c * z - near;
        if let Some(rows) = &mut rows {
            let (upper, lower) = rows.neighbours(i);
            for (u, l) in upper.iter_mut().zip(lower) {
                (*u, *l) = (c * *u - s * *l, s * *u + c * *l);
            }
        }
    }
    d[first] -= taken;
    e[first] = x;
    e[last] = 0.0;
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
