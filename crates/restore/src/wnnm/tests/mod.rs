//! Does WNNM do what it says? Closed form, eigenvalues, groups, threads, sizes and noise, against slow `f64`.

mod slow;

use super::eigen::Eigen;
use super::group::Groups;
use super::*;
use slow::{Numbers, jacobi, shrink_slowly};
use std::slice::from_ref;
use timestep_kernels::simd::{Fours, Lanes, LanesOp, Plain, floats, floats_mut};
use timestep_picture::metrics::{mse, psnr};

/// Runs on every instruction set that the processor has.
macro_rules! on_all {
    ($s:ident, $body:expr) => {{
        #[cfg(target_arch = "x86_64")]
        {
            if let Some($s) = Lanes::<timestep_kernels::simd::Avx512>::detect() {
                $body;
            }
            if let Some($s) = Lanes::<timestep_kernels::simd::Avx2>::detect() {
                $body;
            }
        }
        let $s = Lanes::<Plain<8>>::plain();
        $body;
    }};
}

#[test]
fn the_closed_form_is_the_limit_of_weighting_again() {
    for (s, weight) in [
        (10.0, 9.0),
        (10.0, 24.0),
        (3.0, 1.0),
        (1.0, 0.0),
        (500.0, 900.0),
    ] {
        for epsilon in [0.0, 1e-6, 0.1] {
            let mut x: f64 = s;
            for _ in 0..5000 {
                x = (s - weight / (x + epsilon)).max(0.0);
            }
            let closed = shrink(s, weight, epsilon);
            assert!(
                (closed - x).abs() < 1e-6 * s,
                "{s} {weight} {epsilon}: {closed} {x}"
            );
        }
    }
    // Three times are enough for what is well above the threshold.
    let (s, c) = (30.0_f64, 25.0);
    let mut x = (s * s - 80.0).sqrt();
    for _ in 0..3 {
        x = s - c / x;
    }
    assert!((x - shrink(s, c, 0.0)).abs() < 1e-3);
    assert_eq!(shrink(9.9, 25.0, 0.0), 0.0);
    assert_eq!(shrink(0.0, 25.0, 0.0), 0.0);
    assert_eq!(shrink(10.0, 25.0, 0.0), 5.0);
}

struct Solve<'a, V>(&'a mut Eigen<V>, &'a mut [V], V);

impl<S: Fours> LanesOp<S> for Solve<'_, S::V> {
    type Out = ();

    #[inline(always)]
    fn run(self, s: Lanes<S>) {
        self.0.solve(s, self.1, self.2);
    }
}

/// Symmetric matrices of trace 1: full, of low rank, with equal eigenvalues, diagonal, blocks, nothing.
fn matrix(kind: usize, n: usize, numbers: &mut Numbers) -> Vec<f64> {
    let mut a = vec![0.0; n * n];
    let columns = match kind % 6 {
        0 => 2 * n,
        1 => 3,
        _ => n,
    };
    match kind % 6 {
        0..=2 => {
            let y: Vec<f64> = (0..n * columns).map(|_| numbers.normal()).collect();
            for i in 0..n {
                for k in 0..n {
                    a[i * n + k] = (0..columns)
                        .map(|t| y[i * columns + t] * y[k * columns + t])
                        .sum();
                }
            }
        }
        3 => {
            // Two blocks of ones and the identity: eigenvalues that are equal.
            for i in 0..n {
                for k in 0..n {
                    let block = usize::from(2 * i < n) == usize::from(2 * k < n);
                    a[i * n + k] = f64::from(u8::from(block)) + f64::from(u8::from(i == k));
                }
            }
        }
        4 => {
            for i in 0..n {
                a[i * n + i] = (i / 3 + 1) as f64;
            }
        }
        _ => return a,
    }
    let trace: f64 = (0..n).map(|i| a[i * n + i]).sum();
    a.iter().map(|x| x / trace).collect()
}

fn check_eigen<S: Fours>(s: Lanes<S>, n: usize) {
    let mut numbers = Numbers(n as u64);
    let matrices: Vec<Vec<f64>> = (0..S::LANES).map(|l| matrix(l, n, &mut numbers)).collect();
    let mut a = vec![s.splat(0.0); n * n];
    for (at, lanes) in floats_mut::<S>(&mut a)
        .chunks_exact_mut(S::LANES)
        .enumerate()
    {
        for (lane, x) in lanes.iter_mut().enumerate() {
            *x = matrices[lane][at] as f32;
        }
    }
    let above = 0.9 / n as f32;
    let mut eigen = Eigen::new(s, n);
    s.vectorize(Solve(&mut eigen, &mut a, s.splat(above)));
    for (lane, matrix) in matrices.iter().enumerate() {
        let (values, _) = jacobi(matrix.clone(), n);
        let mut expected: Vec<f64> = values
            .into_iter()
            .filter(|v| *v > f64::from(above))
            .collect();
        expected.sort_by(|a, b| b.total_cmp(a));
        assert_eq!(eigen.kept[lane], expected.len(), "n {n}, lane {lane}");
        let vector = |j: usize| -> Vec<f64> {
            let u = floats::<S>(&eigen.vectors);
            (0..n)
                .map(|i| f64::from(u[(j * n + i) * S::LANES + lane]))
                .collect()
        };
        for (j, value) in expected.iter().enumerate() {
            let found = floats::<S>(&eigen.values)[j * S::LANES + lane];
            assert!(
                (f64::from(found) - value).abs() < 2e-6,
                "n {n}, lane {lane}: {found} {value}"
            );
            let u = vector(j);
            for i in 0..n {
                let product: f64 = (0..n).map(|k| matrix[i * n + k] * u[k]).sum();
                let error = (product - value * u[i]).abs();
                assert!(
                    error < 4e-6,
                    "n {n}, lane {lane}, vector {j}: residual {error}"
                );
            }
            for other in 0..=j {
                let dot: f64 = vector(other).iter().zip(&u).map(|(a, b)| a * b).sum();
                let expected = f64::from(u8::from(other == j));
                assert!(
                    (dot - expected).abs() < 2e-5,
                    "n {n}, lane {lane}: {other}·{j} = {dot}"
                );
            }
        }
    }
}

#[test]
fn eigenvalues_and_vectors_are_those_of_the_reference() {
    for n in [1, 2, 3, 5, 30, 49, 64] {
        on_all!(s, check_eigen(s, n));
    }
}

/// Groups whose patches stand one after another, with all groups of one patch together.
struct Shrink<'a> {
    side: usize,
    patches: usize,
    pixels: &'a [f32],
    weights: &'a [f32],
}

impl<S: Fours> LanesOp<S> for Shrink<'_> {
    type Out = Vec<f32>;

    #[inline(always)]
    fn run(self, s: Lanes<S>) -> Vec<f32> {
        let Self { side, patches, .. } = self;
        let mut groups = Groups::new(s, side * side, patches);
        let starts = |patch: usize| -> Vec<usize> {
            (0..S::LANES)
                .map(|l| (patch * S::LANES + l) * side * side)
                .collect()
        };
        for patch in 0..patches {
            groups.put(s, patch, self.pixels, &starts(patch), side, side);
        }
        groups.shrink(s, s.load(self.weights));
        let mut out = vec![0.0; self.pixels.len()];
        for patch in 0..patches {
            groups.add_to(s, patch, &mut out, &starts(patch), side, side);
        }
        out
    }
}

fn check_groups<S: Fours>(s: Lanes<S>, side: usize, patches: usize) {
    let pixels = side * side;
    let mut numbers = Numbers((side * 1000 + patches) as u64);
    let mut all = vec![0.0; S::LANES * patches * pixels];
    let mut given = Vec::new();
    for lane in 0..S::LANES {
        let base: Vec<f64> = (0..2 * pixels).map(|_| 40.0 * numbers.next()).collect();
        let mut y = Vec::new();
        for patch in 0..patches {
            let part = [numbers.next(), numbers.next()];
            for i in 0..pixels {
                // Lane 1 has equal patches.
                let value = if lane == 1 {
                    120.0 + base[i]
                } else {
                    let signal = part[0] * base[i] + part[1] * base[pixels + i];
                    120.0 + signal + 5.0 * numbers.normal()
                };
                let value = value as f32;
                all[(patch * S::LANES + lane) * pixels + i] = value;
                y.push(f64::from(value));
            }
        }
        // Lane 2 is to be left as it is.
        let weight = 2.8 * (patches as f64).sqrt() * 25.0;
        given.push((y, if lane == 2 { 0.0 } else { weight }));
    }
    let weights: Vec<f32> = given.iter().map(|g| g.1 as f32).collect();
    let out = s.vectorize(Shrink {
        side,
        patches,
        pixels: &all,
        weights: &weights,
    });
    for (lane, (y, weight)) in given.iter().enumerate() {
        let expected = shrink_slowly(y, pixels, *weight);
        for (at, expected) in expected.iter().enumerate() {
            let (patch, i) = (at / pixels, at % pixels);
            let found = f64::from(out[(patch * S::LANES + lane) * pixels + i]);
            let error = (found - expected).abs();
            assert!(
                error < 5e-3,
                "{side} {patches} lane {lane}: {found} {expected}"
            );
        }
    }
}

#[test]
fn groups_are_shrunk_as_by_the_reference() {
    for (side, patches) in [(6, 60), (7, 80), (7, 30), (4, 9), (9, 1)] {
        on_all!(s, check_groups(s, side, patches));
    }
}

/// A texture of stripes: every patch is one of a few.
fn texture(width: usize, height: usize) -> Plane {
    let pixels = (0..width * height)
        .map(|at| {
            let (x, y) = (at % width, at / width);
            if (x + 2 * y) % 6 < 3 { 80.0 } else { 160.0 }
        })
        .collect();
    Plane::new(width, height, pixels).expect("fits")
}

fn noisy(clean: &Plane, sigma: f64) -> Plane {
    let mut pixels = clean.pixels().to_vec();
    timestep_data::add_noise(&mut pixels, sigma, 1, 0);
    clean.with_pixels(pixels)
}

#[test]
fn a_texture_gets_cleaner_on_every_instruction_set() {
    let clean_one = texture(45, 38);
    let noisy_one = noisy(&clean_one, 25.0);
    let before = psnr(from_ref(&noisy_one), from_ref(&clean_one));
    let mut all = Vec::new();
    on_all!(s, all.push(clean_with(s, &noisy_one, 25.0)));
    for restored in &all {
        let after = psnr(from_ref(restored), from_ref(&clean_one));
        assert!(after > before + 10.0, "{before} dB, then {after} dB");
        // Other instructions round differently, no more.
        assert!(mse(from_ref(restored), &all[..1]) < 0.05);
    }
}

#[test]
fn same_bits_for_any_number_of_threads() {
    let noisy_one = noisy(&texture(70, 61), 15.0);
    let with = |threads: usize| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads")
            .install(|| Wnnm.denoise(from_ref(&noisy_one), &[15.0]).expect("clean"))
    };
    let one = with(1);
    assert_eq!(one, with(2));
    assert_eq!(one, with(5));
}

#[test]
fn any_size_any_grey_and_no_noise() {
    for (width, height) in [(1, 1), (3, 7), (25, 1), (8, 26), (24, 24)] {
        let sigmas: &[f64] = if width == 3 {
            &[10.0, 30.0, 50.0, 80.0]
        } else {
            &[10.0]
        };
        for &sigma in sigmas {
            for grey in [0.0, 77.0] {
                let flat = Plane::filled(width, height, grey).expect("fits");
                let out = Wnnm.denoise(&[flat], &[sigma]).expect("clean");
                assert_eq!((out[0].width(), out[0].height()), (width, height));
                assert!(out[0].pixels().iter().all(|p| (p - grey).abs() < 1e-3));
            }
        }
    }
    let noisy_one = noisy(&texture(9, 5), 20.0);
    let planes = [noisy_one.clone(), noisy_one];
    let out = Wnnm.denoise(&planes, &[0.0, 20.0]).expect("clean");
    assert_eq!(out[0], planes[0]);
    assert_ne!(out[1], planes[1]);
    assert_eq!(out[1].not_finite(), 0);
    assert!(Wnnm.denoise(&planes, &[1.0]).is_err());
}

#[test]
fn small_pictures_are_mirrored() {
    let found: Vec<usize> = (0..8).map(|at| mirrored(at, 3)).collect();
    assert_eq!(found, [0, 1, 2, 2, 1, 0, 0, 1]);
    assert_eq!(mirrored(23, 1), 0);
}
