//! What does BM3D compute? The definition in f64, one reference block after the other, nothing shared.

use crate::bm3d::pad::Padded;
use crate::bm3d::profile::{Profile, RADIUS, Spec, kaiser};
use std::f64::consts::PI;
use timestep_picture::Plane;

type Matrix = Vec<Vec<f64>>;

/// The matrix of Bior1.5 as published.
pub(super) fn bior() -> Matrix {
    let (a, b) = (0.219418, 0.449284);
    let (p, q, r) = (0.569359, 0.402347, 0.083506);
    let h = std::f64::consts::FRAC_1_SQRT_2;
    let mut rows = vec![
        vec![0.125f64.sqrt(); 8],
        vec![a, b, b, a, -a, -b, -b, -a],
        vec![p, q, -q, -p, -r, r, -r, r],
        vec![-r, r, -r, r, p, q, -q, -p],
    ];
    for i in 0..4 {
        let mut row = vec![0.0; 8];
        (row[2 * i], row[2 * i + 1]) = (h, -h);
        rows.push(row);
    }
    rows
}

/// The matrix of the orthonormal DCT.
pub(super) fn dct(n: usize) -> Matrix {
    let entry = |u: usize, x: usize| {
        let scale = if u == 0 { 1.0 } else { 2.0 } / n as f64;
        scale.sqrt() * ((2 * x + 1) as f64 * u as f64 * PI / (2 * n) as f64).cos()
    };
    (0..n)
        .map(|u| (0..n).map(|x| entry(u, x)).collect())
        .collect()
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let row = |r: &Vec<f64>| {
        (0..b[0].len())
            .map(|j| r.iter().zip(b).map(|(x, b)| x * b[j]).sum())
            .collect()
    };
    a.iter().map(row).collect()
}

fn transposed(a: &Matrix) -> Matrix {
    (0..a[0].len())
        .map(|j| a.iter().map(|r| r[j]).collect())
        .collect()
}

/// The inverse by elimination with pivots.
pub(super) fn inverse(a: &Matrix) -> Matrix {
    let n = a.len();
    let mut left = a.clone();
    let mut right: Matrix = (0..n)
        .map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect())
        .collect();
    for c in 0..n {
        let pivot = (c..n)
            .max_by(|i, j| left[*i][c].abs().total_cmp(&left[*j][c].abs()))
            .expect("rows are left");
        left.swap(c, pivot);
        right.swap(c, pivot);
        let by = left[c][c];
        for j in 0..n {
            left[c][j] /= by;
            right[c][j] /= by;
        }
        for i in (0..n).filter(|i| *i != c) {
            let by = left[i][c];
            for j in 0..n {
                left[i][j] -= by * left[c][j];
                right[i][j] -= by * right[c][j];
            }
        }
    }
    right
}

/// Both separable passes of a transform.
pub(super) fn both(matrix: &Matrix, block: &Matrix) -> Matrix {
    product(&product(matrix, block), &transposed(matrix))
}

fn block(plane: &Padded, y: usize, x: usize, n: usize) -> Matrix {
    (0..n)
        .map(|r| {
            let row = &plane.data[(y + r) * plane.stride + x..][..n];
            row.iter().map(|p| f64::from(*p)).collect()
        })
        .collect()
}

/// The rounded distance that matching is defined by: squares of quarters (or halves) of grey levels.
fn group(like: &Padded, spec: &Spec, sigma: f64, y: usize, x: usize) -> Vec<(usize, usize)> {
    let (low, scale) = if sigma > 64.0 {
        (-640.0, 2.0)
    } else {
        (-256.0f32, 4.0f32)
    };
    let round = |p: f32| i64::from((((p - low) * scale).clamp(0.0, 3072.0) + 0.5) as i32);
    let pixel = |y: usize, x: usize| round(like.data[y * like.stride + x]);
    let limit = (spec.tau * f64::from(scale * scale) * (spec.block * spec.block) as f64) as i64;
    let shift = (64 - limit.leading_zeros()).saturating_sub(20);
    let mut found = Vec::new();
    let rows = y.saturating_sub(RADIUS)..=(y + RADIUS).min(like.height - spec.block);
    for (v, u) in rows.flat_map(|v| {
        (x.saturating_sub(RADIUS)..=(x + RADIUS).min(like.width - spec.block)).map(move |u| (v, u))
    }) {
        let mut distance = 0;
        for i in 0..spec.block * spec.block {
            let (r, c) = (i / spec.block, i % spec.block);
            let d = pixel(y + r, x + c) - pixel(v + r, u + c);
            distance += d * d;
        }
        if distance >> shift < limit >> shift {
            let self_first = i32::from((v, u) != (y, x));
            found.push((distance >> shift, self_first, v, u));
        }
    }
    found.sort_unstable();
    found.truncate(spec.group);
    found.truncate(1 << found.len().ilog2());
    found.into_iter().map(|(_, _, v, u)| (v, u)).collect()
}

/// The orthonormal Haar transform across the group, or its inverse.
fn haar(n: usize) -> Matrix {
    let mut rows = vec![vec![1.0 / (n as f64).sqrt(); n]];
    let mut length = 2;
    while length <= n {
        for first in (0..n).step_by(length) {
            let mut row = vec![0.0; n];
            for (i, x) in row[first..first + length].iter_mut().enumerate() {
                *x = if i < length / 2 { 1.0 } else { -1.0 } / (length as f64).sqrt();
            }
            rows.push(row);
        }
        length *= 2;
    }
    rows
}

fn step(
    planes: &[Plane],
    basic: Option<&[Plane]>,
    sigmas: &[f64],
    spec: &Spec,
    matrix: &Matrix,
) -> Vec<Plane> {
    let pad = |p: &Plane| Padded::new(p, spec.block, spec.step);
    let like = pad(&basic.unwrap_or(planes)[0]);
    let noise = if basic.is_some() { 0.0 } else { sigmas[0] };
    let back = inverse(matrix);
    let window = kaiser(spec.block);
    let mut out = planes.to_vec();
    for (c, sigma) in sigmas.iter().enumerate().filter(|(_, s)| **s > 0.0) {
        let noisy = pad(&planes[c]);
        let estimate = basic.map(|b| pad(&b[c]));
        let mut sums = vec![(0.0, 0.0); noisy.height * noisy.width];
        for y in (0..=noisy.height - spec.block).step_by(spec.step) {
            for x in (0..=noisy.width - spec.block).step_by(spec.step) {
                let at = group(&like, spec, noise, y, x);
                // Rows: members; columns: coefficients.
                let spectrum = |plane: &Padded| {
                    let blocks: Matrix = at
                        .iter()
                        .map(|(v, u)| both(matrix, &block(plane, *v, *u, spec.block)).concat())
                        .collect();
                    product(&haar(at.len()), &blocks)
                };
                let mut y_group = spectrum(&noisy);
                let mut size = 0.0;
                let mut each = |values: &mut Matrix, f: &dyn Fn(usize, usize, f64) -> f64| {
                    for (i, row) in values.iter_mut().enumerate() {
                        for (j, value) in row.iter_mut().enumerate() {
                            let factor = f(i, j, *value);
                            size += factor * factor;
                            *value *= factor;
                        }
                    }
                };
                if let Some(estimate) = &estimate {
                    let b = spectrum(estimate);
                    each(&mut y_group, &|i, j, _| {
                        b[i][j] * b[i][j] / (b[i][j] * b[i][j] + sigma * sigma)
                    });
                } else {
                    each(&mut y_group, &|_, _, z| {
                        f64::from(u8::from(z.abs() > spec.lambda * sigma))
                    });
                }
                let weight = 1.0 / f64::max(size, 1.0);
                let blocks = product(&transposed(&haar(at.len())), &y_group);
                for ((v, u), b) in at.iter().zip(blocks) {
                    let b: Matrix = b.chunks(spec.block).map(<[f64]>::to_vec).collect();
                    let b = both(&back, &b);
                    for r in 0..spec.block {
                        for s in 0..spec.block {
                            let w = weight * f64::from(window[r]) * f64::from(window[s]);
                            let sum = &mut sums[(v + r) * noisy.width + u + s];
                            *sum = (sum.0 + w * b[r][s], sum.1 + w);
                        }
                    }
                }
            }
        }
        for y in 0..out[c].height() {
            for x in 0..out[c].width() {
                let (value, weight) = sums[y * noisy.width + x];
                let width = out[c].width();
                out[c].pixels_mut()[y * width + x] = (value / weight) as f32;
            }
        }
    }
    out
}

/// The basic estimate, and the result of both steps from the basic estimate that is given.
pub(super) fn basic(planes: &[Plane], sigmas: &[f64], profile: &Profile) -> Vec<Plane> {
    step(planes, None, sigmas, &profile.hard, &bior())
}

/// The second step.
pub(super) fn wiener(
    planes: &[Plane],
    basic: &[Plane],
    sigmas: &[f64],
    profile: &Profile,
) -> Vec<Plane> {
    let matrix = dct(profile.wiener.block);
    step(planes, Some(basic), sigmas, &profile.wiener, &matrix)
}
