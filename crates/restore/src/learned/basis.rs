//! Which filters can be learned? Combinations of the cosine basis without the constant, of unit norm.

/// The two-dimensional orthonormal cosine basis (DCT-II) of `size × size`, without the constant: `size² - 1` filters of
/// `size²` taps, row by row; the frequency along columns changes fastest.
pub(crate) fn cosines(size: usize) -> Vec<Vec<f64>> {
    let wave = |frequency: usize, at: usize| {
        let n = size as f64;
        let norm = if frequency == 0 {
            (1.0 / n).sqrt()
        } else {
            (2.0 / n).sqrt()
        };
        norm * (std::f64::consts::PI * (at as f64 + 0.5) * frequency as f64 / n).cos()
    };
    (1..size * size)
        .map(|index| {
            let (fy, fx) = (index / size, index % size);
            (0..size * size)
                .map(|tap| wave(fy, tap / size) * wave(fx, tap % size))
                .collect()
        })
        .collect()
}

/// `k = B c / |c|`: the taps of one filter from its coefficients.
pub(crate) fn filter(basis: &[Vec<f64>], c: &[f64]) -> Vec<f64> {
    let norm = length(c);
    let mut taps = vec![0.0; basis[0].len()];
    for (b, c) in basis.iter().zip(c) {
        for (tap, b) in taps.iter_mut().zip(b) {
            *tap += b * c / norm;
        }
    }
    taps
}

/// `∂ℓ/∂c = (I - c cᵀ/|c|²) Bᵀ ∂ℓ/∂k / |c|`.
pub(crate) fn filter_gradient(basis: &[Vec<f64>], c: &[f64], to_taps: &[f64]) -> Vec<f64> {
    let norm = length(c);
    let straight: Vec<f64> = basis
        .iter()
        .map(|b| b.iter().zip(to_taps).map(|(b, g)| b * g).sum())
        .collect();
    let along: f64 = straight.iter().zip(c).map(|(g, c)| g * c).sum::<f64>() / (norm * norm);
    straight
        .iter()
        .zip(c)
        .map(|(g, c)| (g - along * c) / norm)
        .collect()
}

/// Length of the coefficients; a filter of none would be no filter, so the norm is kept away from zero.
fn length(c: &[f64]) -> f64 {
    c.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_basis_is_orthonormal_and_has_no_mean() {
        for size in [3, 5, 7] {
            let basis = cosines(size);
            assert_eq!(basis.len(), size * size - 1);
            for (i, a) in basis.iter().enumerate() {
                assert!(a.iter().sum::<f64>().abs() < 1e-12);
                for (j, b) in basis.iter().enumerate() {
                    let dot: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                    assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-12);
                }
            }
        }
    }
}
