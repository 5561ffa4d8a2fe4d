//! What should come out? The same in `f64`, slowly, and deterministic numbers to try it on.

use super::super::shrink;

/// Deterministic numbers between -1 and 1.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64 / (1_u64 << 30) as f64) - 1.0
    }

    /// About a standard normal number.
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() / 2.0
    }
}

/// Eigenvalues and eigenvectors (rows of the second) of a symmetric matrix, by Jacobi's rotations.
pub(super) fn jacobi(mut a: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut v = vec![0.0; n * n];
    for i in 0..n {
        v[i * n + i] = 1.0;
    }
    for _ in 0..30 {
        for i in 0..n {
            for k in 0..i {
                let off = a[i * n + k];
                if off.abs() < 1e-300 {
                    continue;
                }
                let theta = (a[i * n + i] - a[k * n + k]) / (2.0 * off);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for m in 0..n {
                    let (x, y) = (a[k * n + m], a[i * n + m]);
                    a[k * n + m] = c * x - s * y;
                    a[i * n + m] = s * x + c * y;
                }
                for m in 0..n {
                    let (x, y) = (a[m * n + k], a[m * n + i]);
                    a[m * n + k] = c * x - s * y;
                    a[m * n + i] = s * x + c * y;
                    let (x, y) = (v[k * n + m], v[i * n + m]);
                    v[k * n + m] = c * x - s * y;
                    v[i * n + m] = s * x + c * y;
                }
            }
        }
    }
    ((0..n).map(|i| a[i * n + i]).collect(), v)
}

/// The same for one group in `f64`; `y` patch by patch.
pub(super) fn shrink_slowly(y: &[f64], pixels: usize, weight: f64) -> Vec<f64> {
    let patches = y.len() / pixels;
    let mean: Vec<f64> = (0..pixels)
        .map(|i| (0..patches).map(|j| y[j * pixels + i]).sum::<f64>() / patches as f64)
        .collect();
    let centred: Vec<f64> = y
        .iter()
        .enumerate()
        .map(|(at, y)| y - mean[at % pixels])
        .collect();
    let mut gram = vec![0.0; pixels * pixels];
    for i in 0..pixels {
        for k in 0..pixels {
            gram[i * pixels + k] = centred
                .chunks(pixels)
                .map(|patch| patch[i] * patch[k])
                .sum();
        }
    }
    let (values, vectors) = jacobi(gram, pixels);
    let mut out: Vec<f64> = (0..y.len()).map(|at| mean[at % pixels]).collect();
    for (value, u) in values.iter().zip(vectors.chunks(pixels)) {
        let s = value.max(0.0).sqrt();
        if s < 1e-9 {
            continue;
        }
        let factor = shrink(s, weight, 0.0) / s;
        for (patch, out) in centred.chunks(pixels).zip(out.chunks_mut(pixels)) {
            let dot: f64 = patch.iter().zip(u).map(|(p, u)| p * u).sum();
            for (out, u) in out.iter_mut().zip(u) {
                *out += factor * dot * u;
            }
        }
    }
    out
}
