//! How are moments up to the third kept, and how do they move in time? As cubic forms on `(1, x)`.
//!
//! A polynomial of degree 3 in the entries of `x` is a symmetric cubic form in `z = (1, x)`. For a linear
//! equation `dz = A z dt + Σ_r B_r z dW_r` the generator maps such forms to such forms,
//! `L C(z,z,z) = 3 C(z,z,Az) + 3 Σ_r C(z, B_r z, B_r z)`, so `u(t, x) = E[φ(X_T) | X_t = x]` is
//! `exp((T-t) L) φ`: moments come from the exponential of a matrix.

/// A square matrix on `z = (1, x)`; its first row is 0 in an equation, because 1 stays 1.
pub(super) type Matrix<const D: usize> = [[f64; D]; D];

/// A symmetric cubic form: a polynomial of degree 3 in the entries after the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cubic<const D: usize>([[[f64; D]; D]; D]);

impl<const D: usize> Cubic<D> {
    /// `x₁^power` for a power from 0 to 3: the form is 1 on the indices with so many ones, shared evenly.
    pub(super) fn power(power: usize) -> Self {
        let mut form = [[[0.0; D]; D]; D];
        let ways = [1.0, 3.0, 3.0, 1.0][power];
        for (i, plane) in form.iter_mut().enumerate().take(2) {
            for (j, line) in plane.iter_mut().enumerate().take(2) {
                for (k, entry) in line.iter_mut().enumerate().take(2) {
                    if i + j + k == power {
                        *entry = 1.0 / ways;
                    }
                }
            }
        }
        Self(form)
    }

    /// `C(z, z, z)`.
    pub(super) fn value(&self, z: &[f64; D]) -> f64 {
        let matrix = self.contract(z);
        bilinear(&matrix, z, z)
    }

    /// The polynomial `s ↦ C(z + s e)` without its constant: coefficients of `s`, `s²` and `s³`.
    pub(super) fn along(&self, z: &[f64; D], e: &[f64; D]) -> [f64; 3] {
        let matrix = self.contract(e);
        [
            3.0 * bilinear(&matrix, z, z),
            3.0 * bilinear(&matrix, z, e),
            bilinear(&matrix, e, e),
        ]
    }

    /// The derivative at `z` in the direction `e`.
    pub(super) fn slope(&self, z: &[f64; D], e: &[f64; D]) -> f64 {
        3.0 * bilinear(&self.contract(e), z, z)
    }

    /// `C(·, ·, e)`.
    fn contract(&self, e: &[f64; D]) -> Matrix<D> {
        let mut matrix = [[0.0; D]; D];
        for (row, plane) in matrix.iter_mut().zip(&self.0) {
            for (entry, line) in row.iter_mut().zip(plane) {
                *entry = line.iter().zip(e).map(|(c, x)| c * x).sum();
            }
        }
        matrix
    }

    fn flat(&self) -> Vec<f64> {
        self.0.iter().flatten().flatten().copied().collect()
    }

    fn from_flat(values: &[f64]) -> Self {
        let mut form = [[[0.0; D]; D]; D];
        for (entry, value) in form.iter_mut().flatten().flatten().zip(values) {
            *entry = *value;
        }
        Self(form)
    }

    /// `L C`, entry by entry, for a form that need not be symmetric.
    fn generated(&self, drift: &Matrix<D>, noises: &[Matrix<D>]) -> Self {
        let mut out = [[[0.0; D]; D]; D];
        let c = &self.0;
        for (a, plane) in out.iter_mut().enumerate() {
            for (b, line) in plane.iter_mut().enumerate() {
                for (d, entry) in line.iter_mut().enumerate() {
                    for i in 0..D {
                        *entry += c[i][b][d] * drift[i][a]
                            + c[a][i][d] * drift[i][b]
                            + c[a][b][i] * drift[i][d];
                        for j in 0..D {
                            for noise in noises {
                                *entry += c[i][j][d] * noise[i][a] * noise[j][b]
                                    + c[i][b][j] * noise[i][a] * noise[j][d]
                                    + c[a][i][j] * noise[i][b] * noise[j][d];
                            }
                        }
                    }
                }
            }
        }
        Self(out)
    }
}

/// `exp(dt L)` as it acts on forms.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    size: usize,
    entries: Vec<f64>,
}

impl Flow {
    /// That of an equation over a time `dt`.
    pub(super) fn new<const D: usize>(drift: &Matrix<D>, noises: &[Matrix<D>], dt: f64) -> Self {
        let size = D * D * D;
        let mut entries = vec![0.0; size * size];
        for column in 0..size {
            let mut unit = vec![0.0; size];
            unit[column] = 1.0;
            let image = Cubic::<D>::from_flat(&unit).generated(drift, noises);
            for (row, value) in image.flat().into_iter().enumerate() {
                entries[row * size + column] = value * dt;
            }
        }
        Self {
            size,
            entries: exponential(entries, size),
        }
    }

    /// `E[C(Z_{t+dt}) | Z_t = ·]`.
    pub(super) fn back<const D: usize>(&self, form: &Cubic<D>) -> Cubic<D> {
        let flat = form.flat();
        let image: Vec<f64> = (self.entries.chunks(self.size))
            .map(|row| row.iter().zip(&flat).map(|(m, c)| m * c).sum())
            .collect();
        Cubic::from_flat(&image)
    }
}

/// `x · M y`.
fn bilinear<const D: usize>(matrix: &Matrix<D>, x: &[f64; D], y: &[f64; D]) -> f64 {
    (matrix.iter().zip(x))
        .map(|(row, x)| x * row.iter().zip(y).map(|(m, y)| m * y).sum::<f64>())
        .sum()
}

/// `M x`.
pub(super) fn apply<const D: usize>(matrix: &Matrix<D>, x: &[f64; D]) -> [f64; D] {
    let mut out = [0.0; D];
    for (entry, row) in out.iter_mut().zip(matrix) {
        *entry = row.iter().zip(x).map(|(m, x)| m * x).sum();
    }
    out
}

/// The exponential of a square matrix, by Taylor's series of `M/2ˢ` and `s` squarings.
///
/// At a norm of at most 1/2 the 18 terms leave 1e-21; the matrices here have a norm of a few units.
fn exponential(mut matrix: Vec<f64>, size: usize) -> Vec<f64> {
    let norm = (matrix.chunks(size))
        .map(|row| row.iter().map(|x| x.abs()).sum::<f64>())
        .fold(0.0, f64::max);
    let squarings = (norm / 0.5).log2().ceil().max(0.0) as i32;
    let scale = 0.5_f64.powi(squarings);
    matrix.iter_mut().for_each(|x| *x *= scale);
    let mut sum: Vec<f64> = (0..size * size)
        .map(|i| if i % (size + 1) == 0 { 1.0 } else { 0.0 })
        .collect();
    let mut term = sum.clone();
    for n in 1..=18 {
        term = product(&term, &matrix, size);
        term.iter_mut().for_each(|x| *x /= f64::from(n));
        sum.iter_mut().zip(&term).for_each(|(s, t)| *s += t);
    }
    for _ in 0..squarings {
        sum = product(&sum, &sum, size);
    }
    sum
}

fn product(left: &[f64], right: &[f64], size: usize) -> Vec<f64> {
    let mut out = vec![0.0; size * size];
    for (row, out) in left.chunks(size).zip(out.chunks_mut(size)) {
        for (l, line) in row.iter().zip(right.chunks(size)) {
            out.iter_mut().zip(line).for_each(|(o, r)| *o += l * r);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_of_a_rotation_is_a_rotation() {
        let t = 7.3;
        let found = exponential(vec![0.0, t, -t, 0.0], 2);
        for (got, want) in found.iter().zip([t.cos(), t.sin(), -t.sin(), t.cos()]) {
            assert!((got - want).abs() < 1e-13, "{found:?}");
        }
    }

    #[test]
    fn a_power_is_that_power_and_its_derivatives() {
        let (z, e) = ([1.0, 1.7], [0.0, 0.4]);
        for power in 0..=3_i32 {
            let form = Cubic::<2>::power(power as usize);
            assert!((form.value(&z) - 1.7_f64.powi(power)).abs() < 1e-14);
            let [one, two, three] = form.along(&z, &e);
            let moved = form.value(&[1.0, 1.7 + 0.4 * 2.5]);
            let poly = form.value(&z) + 2.5 * (one + 2.5 * (two + 2.5 * three));
            assert!((moved - poly).abs() < 1e-13);
            assert!((form.slope(&z, &e) - one).abs() < 1e-15);
        }
    }
}
