//! What solves a system of linear equations?

use super::Square;

/// The solution of `matrix · x = right`; none if a pivot is zero or not finite.
///
/// Gaussian elimination with partial pivoting. Rounding makes most singular matrices regular: of a nearly singular
/// one the solution has a small residual, but its error need not be small.
///
/// # Panics
/// If the right side has another length than the matrix has rows.
#[must_use]
pub fn solve(matrix: &Square<f64>, right: &[f64]) -> Option<Vec<f64>> {
    let n = matrix.size();
    assert_eq!(right.len(), n, "one number for each row");
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|i| [matrix.row(i), &right[i..=i]].concat())
        .collect();
    for k in 0..n {
        let pivot = (k..n).max_by(|i, j| rows[*i][k].abs().total_cmp(&rows[*j][k].abs()))?;
        rows.swap(k, pivot);
        let (done, below) = rows.split_at_mut(k + 1);
        let row = &done[k];
        if row[k] == 0.0 || !row[k].is_finite() {
            return None;
        }
        for other in below {
            let factor = other[k] / row[k];
            for (x, p) in other[k..].iter_mut().zip(&row[k..]) {
                *x -= factor * p;
            }
        }
    }
    let mut x = vec![0.0; n];
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| rows[k][j] * x[j]).sum();
        x[k] = (rows[k][n] - known) / rows[k][k];
    }
    Some(x)
}
