//! Which eigenvalues does a complex matrix have?
//!
//! Hessenberg form, then QR steps with Wilkinson's shift, done implicitly: a rotation makes a bulge below the
//! subdiagonal and the others chase it out. Only the block that is not yet triangular is touched.
//! Source: Golub and Van Loan 2013, section 7.5; G. W. Stewart, Matrix algorithms II, 2001, section 2.3.

use super::{MOST_STEPS, NoEigenvalues, PATIENCE, Square, hessenberg, negligible, normalise};
use num_complex::Complex64;

/// The eigenvalues of a complex matrix with their multiplicity, in no particular order.
///
/// # Errors
/// [`NoEigenvalues`] if an entry is not finite, or the iteration does not settle, which has never been seen.
pub fn complex_eigenvalues(matrix: &Square<Complex64>) -> Result<Vec<Complex64>, NoEigenvalues> {
    let mut normal = matrix.clone();
    let scale = normalise(&mut normal)?;
    let (mut values, mut h) = isolated(&normal);
    hessenberg::reduce(&mut h, None);
    // Rows from `end` on are done.
    let mut end = h.size();
    let mut steps = 0;
    while end > 1 {
        let start = block(&mut h, end, steps);
        if start + 1 == end {
            end -= 1;
            steps = 0;
        } else if steps == MOST_STEPS {
            return Err(NoEigenvalues);
        } else {
            steps += 1;
            let shift = if steps.is_multiple_of(PATIENCE) {
                // A cycle, as in a permutation: any other shift breaks it.
                h[(end - 1, end - 1)] + l1(h[(end - 1, end - 2)])
            } else {
                wilkinson(&h, end)
            };
            step(&mut h, start, end, shift);
        }
    }
    values.extend((0..h.size()).map(|i| h[(i, i)]));
    values.iter_mut().for_each(|value| *value *= scale);
    Ok(values)
}

/// Eigenvalues that stand alone in their row or column, and the matrix of the others.
///
/// Histories make such rows and columns, and the zeros that belong to them are multiple: taken out, they are exact.
fn isolated(matrix: &Square<Complex64>) -> (Vec<Complex64>, Square<Complex64>) {
    let mut values = Vec::new();
    let mut rest: Vec<usize> = (0..matrix.size()).collect();
    let alone = |rest: &[usize], i: usize| {
        let mut others = rest.iter().filter(|j| **j != i);
        let row = others.clone().all(|j| matrix[(i, *j)] == Complex64::ZERO);
        row || others.all(|j| matrix[(*j, i)] == Complex64::ZERO)
    };
    while let Some(at) = (0..rest.len()).find(|at| alone(&rest, rest[*at])) {
        let i = rest.remove(at);
        values.push(matrix[(i, i)]);
    }
    let others = Square::from_fn(rest.len(), |i, j| matrix[(rest[i], rest[j])]);
    (values, others)
}

/// The first row of the block that ends before `end` and that no negligible subdiagonal entry divides.
fn block(h: &mut Square<Complex64>, end: usize, steps: usize) -> usize {
    for i in (1..end).rev() {
        let around = l1(h[(i - 1, i - 1)]) + l1(h[(i, i)]);
        if negligible(l1(h[(i, i - 1)]), around, steps) {
            h[(i, i - 1)] = Complex64::ZERO;
            return i;
        }
    }
    0
}

/// The eigenvalue of the last two rows before `end` that is nearer to the last entry.
fn wilkinson(h: &Square<Complex64>, end: usize) -> Complex64 {
    let (i, j) = (end - 2, end - 1);
    let half = (h[(i, i)] - h[(j, j)]) * 0.5;
    let product = h[(i, j)] * h[(j, i)];
    let root = (half * half + product).sqrt();
    // The larger denominator is the smaller distance.
    let below = if (half + root).norm_sqr() >= (half - root).norm_sqr() {
        half + root
    } else {
        half - root
    };
    if below == Complex64::ZERO {
        h[(j, j)]
    } else {
        h[(j, j)] - product / below
    }
}

/// One implicit QR step on the rows `start..end`.
fn step(h: &mut Square<Complex64>, start: usize, end: usize, shift: Complex64) {
    let (mut x, mut y) = (h[(start, start)] - shift, h[(start + 1, start)]);
    for k in start..end - 1 {
        let r = x.norm().hypot(y.norm());
        // [c s; -s̄ c̄] turns (x, y) into (r, 0). The first rotation may have nothing to do.
        let (c, s) = if r == 0.0 {
            (Complex64::ONE, Complex64::ZERO)
        } else {
            (x.conj() / r, y.conj() / r)
        };
        let left = if k == start { k } else { k - 1 };
        for j in left..end {
            let (a, b) = (h[(k, j)], h[(k + 1, j)]);
            h[(k, j)] = c * a + s * b;
            h[(k + 1, j)] = c.conj() * b - s.conj() * a;
        }
        for i in start..end.min(k + 3) {
            let (a, b) = (h[(i, k)], h[(i, k + 1)]);
            h[(i, k)] = a * c.conj() + b * s.conj();
            h[(i, k + 1)] = b * c - a * s;
        }
        if k > start {
            h[(k + 1, k - 1)] = Complex64::ZERO;
        }
        if k + 2 < end {
            (x, y) = (h[(k + 1, k)], h[(k + 2, k)]);
        }
    }
}

/// A modulus within a factor of √2, without a root.
fn l1(z: Complex64) -> f64 {
    z.re.abs() + z.im.abs()
}
