//! In which plane does a cloud of points spread most?
//!
//! Principal component analysis: the eigenvectors of the covariance matrix, largest variance first.
//! An eigenvector is known up to its sign; here its entry of largest modulus is positive (the first of
//! equal ones), so that equal clouds give equal pictures.
//! Source: I. T. Jolliffe, Principal component analysis, 2002, chapters 1 and 3.

use super::AnalysisError;
use super::subject::finite;
use crate::linear_algebra::{Square, symmetric_eigen};

/// The directions of largest variance of a cloud.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    /// Mean of the points.
    pub mean: Vec<f64>,
    /// Orthonormal directions, largest variance first.
    pub directions: Vec<Vec<f64>>,
    /// Part of the whole variance along each; 0 for a cloud that is a point.
    pub shares: Vec<f64>,
}

impl Principal {
    /// Coordinates of a point along the directions, from the mean.
    #[must_use]
    pub fn coordinates(&self, point: &[f64]) -> Vec<f64> {
        let along = |d: &Vec<f64>| {
            let parts = point.iter().zip(&self.mean).zip(d);
            parts.map(|((x, m), d)| (x - m) * d).sum()
        };
        self.directions.iter().map(along).collect()
    }
}

/// Entries whose moduli differ by less than this are equally large: the sign must not hang on rounding.
const EQUAL: f64 = 1e-9;

/// The first `count` principal directions of points of one dimension; as many as there are, if fewer.
///
/// # Errors
/// [`AnalysisError::BadInput`] if there are no points or their dimensions differ,
/// [`AnalysisError::NotFinite`] if a coordinate is not finite, [`AnalysisError::NoSpectrum`] if the
/// eigenvalues cannot be found.
pub fn principal(points: &[Vec<f64>], count: usize) -> Result<Principal, AnalysisError> {
    let bad = |problem| AnalysisError::BadInput {
        what: "the cloud of points",
        problem,
    };
    let dimension = points.first().map_or(0, Vec::len);
    if dimension == 0 {
        return Err(bad("is empty"));
    }
    if points.iter().any(|p| p.len() != dimension) {
        return Err(bad("has points of several dimensions"));
    }
    for x in points.iter().flatten() {
        finite("a coordinate", *x)?;
    }
    let number = points.len() as f64;
    let mean: Vec<f64> = (0..dimension)
        .map(|c| points.iter().map(|p| p[c]).sum::<f64>() / number)
        .collect();
    let solved =
        symmetric_eigen(&covariance(points, &mean)).map_err(|_| AnalysisError::NoSpectrum)?;
    let values = &solved.values;
    let whole: f64 = values.iter().map(|v| v.max(0.0)).sum();
    // The eigenvalues ascend.
    let order = (0..dimension).rev().take(count);
    let (mut directions, mut shares) = (Vec::new(), Vec::new());
    for j in order {
        let mut direction = solved.vectors.row(j).to_vec();
        let largest = direction.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let leading = direction.iter().find(|x| x.abs() >= largest - EQUAL);
        if leading.is_some_and(|x| *x < 0.0) {
            direction.iter_mut().for_each(|x| *x = -*x);
        }
        directions.push(direction);
        shares.push(if whole > 0.0 {
            values[j].max(0.0) / whole
        } else {
            0.0
        });
    }
    Ok(Principal {
        mean,
        directions,
        shares,
    })
}

/// Mean products of what coordinates are off their mean.
fn covariance(points: &[Vec<f64>], mean: &[f64]) -> Square<f64> {
    let dimension = mean.len();
    let mut sums = vec![vec![0.0; dimension]; dimension];
    for point in points {
        let off: Vec<f64> = point.iter().zip(mean).map(|(x, m)| x - m).collect();
        for (row, x) in sums.iter_mut().zip(&off) {
            row.iter_mut().zip(&off).for_each(|(sum, y)| *sum += x * y);
        }
    }
    let number = points.len() as f64;
    Square::from_fn(dimension, |i, j| sums[i][j] / number)
}
