//! Are residuals at the level of rounding, and known answers found, for matrices that are hard to solve?

use super::*;
use std::f64::consts::{PI, TAU};

/// Numbers in (-1, 1), always the same ones.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9E37_79B9_7F4A_7C15);
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

fn random(n: usize, seed: u64) -> Square<f64> {
    let mut next = noise(seed);
    Square::from_fn(n, |_, _| next())
}

fn random_complex(n: usize, seed: u64) -> Square<Complex64> {
    let mut next = noise(seed);
    Square::from_fn(n, |_, _| Complex64::new(next(), next()))
}

fn symmetric(n: usize, seed: u64) -> Square<f64> {
    let a = random(n, seed);
    Square::from_fn(n, |i, j| a[(i, j)] + a[(j, i)])
}

/// `xⁿ + c[n-1] xⁿ⁻¹ + … + c[0]` has the eigenvalues of this matrix as roots.
fn companion(c: &[f64]) -> Square<f64> {
    let n = c.len();
    Square::from_fn(n, |i, j| {
        f64::from(u8::from(i == j + 1)) - if j + 1 == n { c[i] } else { 0.0 }
    })
}

fn complex(a: &Square<f64>) -> Square<Complex64> {
    Square::from_fn(a.size(), |i, j| Complex64::new(a[(i, j)], 0.0))
}

/// `H d H` for the reflection `H` along noise: the eigenvalues of `d`, no zeros.
fn reflected(d: &Square<Complex64>, seed: u64) -> Square<Complex64> {
    let n = d.size();
    let mut next = noise(seed);
    let v: Vec<Complex64> = (0..n).map(|_| Complex64::new(next(), next())).collect();
    let twice = 2.0 / v.iter().map(|z| z.norm_sqr()).sum::<f64>();
    let mut a = d.clone();
    hessenberg::from_left(&mut a, 0, 0, &v, twice);
    hessenberg::from_right(&mut a, 0, &v, twice);
    a
}

fn norm<T: Number>(a: &Square<T>) -> f64 {
    let squares = a.entries.iter().map(|x| x.modulus().powi(2));
    squares.sum::<f64>().sqrt()
}

/// Pairs every wanted value with the nearest found one; the largest distance.
fn distance(found: &[Complex64], wanted: &[Complex64]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    let mut rest = found.to_vec();
    let mut worst = 0.0_f64;
    for w in wanted {
        let near = (0..rest.len())
            .min_by(|i, j| (rest[*i] - w).norm().total_cmp(&(rest[*j] - w).norm()))
            .expect("as many");
        worst = worst.max((rest.swap_remove(near) - w).norm());
    }
    worst
}

fn reals(values: &[f64]) -> Vec<Complex64> {
    values.iter().map(|x| Complex64::new(*x, 0.0)).collect()
}

/// Largest `‖A v - λ v‖` of the eigenvectors of a real matrix, over its norm.
fn residual(a: &Square<f64>, found: &RealEigen) -> f64 {
    let n = a.size();
    let mut worst = 0.0_f64;
    for (j, value) in found.values.iter().enumerate() {
        let v = found.vectors.row(j);
        let length: f64 = v.iter().map(|z| z.norm_sqr()).sum();
        assert!((length - 1.0).abs() < 1e-12, "{length}");
        let off = (0..n).map(|i| {
            let image: Complex64 = a.row(i).iter().zip(v).map(|(a, v)| *v * *a).sum();
            (image - value * v[i]).norm_sqr()
        });
        worst = worst.max(off.sum::<f64>().sqrt());
    }
    worst / norm(a).max(f64::MIN_POSITIVE)
}

/// A symmetric matrix is solved: residuals, orthonormal vectors, ascending values, values alone the same.
fn check_symmetric(a: &Square<f64>) -> Vec<f64> {
    let n = a.size();
    let found = symmetric_eigen(a).expect("settles");
    let scale = norm(a).max(f64::MIN_POSITIVE) * 1e-14 * (1.0 + n as f64).sqrt();
    for i in 0..n {
        let v = found.vectors.row(i);
        for (k, x) in v.iter().enumerate() {
            let image: f64 = a.row(k).iter().zip(v).map(|(a, v)| a * v).sum();
            assert!((image - found.values[i] * x).abs() < scale, "{n}: residual");
        }
        for j in 0..=i {
            let product: f64 = v.iter().zip(found.vectors.row(j)).map(|(x, y)| x * y).sum();
            let wanted = f64::from(u8::from(i == j));
            assert!((product - wanted).abs() < 1e-13, "{n}: {i}·{j} = {product}");
        }
    }
    assert!(found.values.is_sorted());
    let alone = symmetric_eigenvalues(a).expect("settles");
    for (x, y) in alone.iter().zip(&found.values) {
        assert!((x - y).abs() < scale);
    }
    found.values
}

#[test]
fn symmetric_matrices_of_every_size_are_solved() {
    for n in 1..=64 {
        let a = symmetric(n, n as u64);
        let values = check_symmetric(&a);
        let trace: f64 = (0..n).map(|i| a[(i, i)]).sum();
        assert!((values.iter().sum::<f64>() - trace).abs() < 1e-13 * norm(&a) * n as f64);
        // Also of a low rank, with most values in one cluster.
        let v = random(n, 99);
        check_symmetric(&Square::from_fn(n, |i, j| {
            v[(0, i)] * v[(0, j)] + 1e-9 * a[(i, j)]
        }));
    }
    assert!(check_symmetric(&Square::from_fn(0, |_, _| 0.0)).is_empty());
}

#[test]
fn symmetric_matrices_have_known_eigenvalues() {
    // Second differences.
    let n = 40;
    let a = Square::from_fn(n, |i, j| [2.0, -1.0, 0.0][i.abs_diff(j).min(2)]);
    for (j, value) in check_symmetric(&a).iter().enumerate() {
        let wanted = 2.0 - 2.0 * ((j + 1) as f64 * PI / (n + 1) as f64).cos();
        assert!((value - wanted).abs() < 1e-14, "{value}, {wanted}");
    }
    // Wilkinson's W21+: its two largest values agree in 15 digits.
    let w = Square::from_fn(21, |i, j| match i.abs_diff(j) {
        0 => (i as f64 - 10.0).abs(),
        1 => 1.0,
        _ => 0.0,
    });
    let values = check_symmetric(&w);
    assert!((values[20] - 10.746_194_182_903_39).abs() < 1e-13);
    assert!((values[19] - 10.746_194_182_903_32).abs() < 1e-13);
    // Zero, diagonal and repeated.
    assert_eq!(check_symmetric(&Square::from_fn(5, |_, _| 0.0)), [0.0; 5]);
    let d = [3.0, -1.0, 3.0, 0.0];
    let a = Square::from_fn(4, |i, j| if i == j { d[i] } else { 0.0 });
    assert_eq!(check_symmetric(&a), [-1.0, 0.0, 3.0, 3.0]);
    let ones = check_symmetric(&Square::from_fn(6, |_, _| 1.0));
    assert!(ones[..5].iter().all(|x| x.abs() < 1e-14) && (ones[5] - 6.0).abs() < 1e-14);
    // Only the lower triangle is read.
    let half = Square::from_fn(2, |i, j| if j > i { f64::NAN } else { 1.0 });
    let values = symmetric_eigenvalues(&half).expect("finite");
    assert!(values[0].abs() < 1e-15 && (values[1] - 2.0).abs() < 1e-15);
}

#[test]
fn real_matrices_of_every_size_are_solved() {
    for n in 1..=64 {
        for seed in 0..4 {
            let mut a = random(n, 100 * seed + n as u64);
            if seed == 3 {
                // Far from normal: what is below the diagonal counts for little.
                a = Square::from_fn(n, |i, j| if i > j { 1e-6 * a[(i, j)] } else { a[(i, j)] });
            }
            let found = real_eigen(&a).expect("settles");
            let off = residual(&a, &found);
            assert!(off < 4e-15 * (n as f64).sqrt(), "{n}, {seed}: {off}");
            let trace: f64 = (0..n).map(|i| a[(i, i)]).sum();
            let sum: Complex64 = found.values.iter().sum();
            assert!((sum - trace).norm() < 1e-13 * n as f64 && sum.im == 0.0);
            let mut all = found.values.iter();
            while let Some(value) = all.next().filter(|v| v.im != 0.0) {
                assert_eq!(all.next(), Some(&value.conj()), "pairs are exact");
            }
            if seed < 3 {
                let other = complex_eigenvalues(&complex(&a)).expect("settles");
                assert!(distance(&other, &found.values) < 1e-11, "{n}");
            }
        }
    }
    assert!(real_eigen(&random(0, 1)).expect("empty").values.is_empty());
}

#[test]
fn complex_matrices_of_every_size_are_solved() {
    for n in 1..=64 {
        let (d, a) = (random_complex(n, 7), random_complex(n, 8));
        let wanted: Vec<Complex64> = (0..n).map(|i| d[(i, i)]).collect();
        // Normal: values are as accurate as can be.
        let diagonal = Square::from_fn(n, |i, j| if i == j { d[(i, i)] } else { 0.0.into() });
        let found = complex_eigenvalues(&reflected(&diagonal, 9)).expect("settles");
        assert!(distance(&found, &wanted) < 2e-15 * n as f64 + 1e-15, "{n}");
        // A real matrix of twice the size has these values and their conjugates: another method.
        let found = complex_eigenvalues(&a).expect("settles");
        let twice = Square::from_fn(2 * n, |i, j| {
            let z = a[(i % n, j % n)];
            match (i < n, j < n) {
                (true, false) => -z.im,
                (false, true) => z.im,
                _ => z.re,
            }
        });
        let both: Vec<Complex64> = found.iter().flat_map(|z| [*z, z.conj()]).collect();
        let other = real_eigen(&twice).expect("settles");
        assert!(distance(&other.values, &both) < 1e-11, "{n}");
    }
}

#[test]
fn companion_matrices_have_their_roots() {
    // Roots of unity: unshifted steps would turn in circles for ever. `xⁿ - c x` has a zero besides.
    for n in 1..=32 {
        for (c, zero) in [(1.0, false), (1.774_809_211_101_798, true)] {
            let mut c = vec![[-c, 0.0][usize::from(zero)]; 1];
            c.resize(n, 0.0);
            let modulus: f64 = 1.774_809_211_101_798;
            let m = n - usize::from(zero);
            if zero && n > 1 {
                c[1] = -modulus;
            }
            let mut wanted: Vec<Complex64> = (0..m)
                .map(|j| {
                    let r = if zero {
                        modulus.powf(1.0 / m as f64)
                    } else {
                        1.0
                    };
                    Complex64::from_polar(r, TAU * j as f64 / m as f64)
                })
                .collect();
            wanted.resize(n, Complex64::ZERO);
            let a = companion(&c);
            let found = real_eigen(&a).expect("settles");
            assert!(distance(&found.values, &wanted) < 1e-13, "{n}: {found:?}");
            assert!(residual(&a, &found) < 1e-14);
            let found = complex_eigenvalues(&complex(&a)).expect("settles");
            assert!(distance(&found, &wanted) < 1e-13, "{n}: {found:?}");
        }
    }
    // (x - 1)(x - 2) … (x - 6).
    let a = companion(&[720.0, -1764.0, 1624.0, -735.0, 175.0, -21.0]);
    let wanted = reals(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let found = real_eigen(&a).expect("settles");
    assert!(distance(&found.values, &wanted) < 1e-9, "{found:?}");
    assert!(found.values.iter().all(|z| z.im == 0.0));
}

#[test]
fn defective_and_clustered_values_are_found_to_the_root_of_rounding() {
    // A Jordan block of three, turned: perturbations of ε move its value by ε^{1/3}.
    let jordan = Square::from_fn(4, |i, j| {
        let entry = if i == j {
            [0.5, 0.5, 0.5, -2.0][i]
        } else {
            0.0
        };
        Complex64::new(if j == i + 1 && j < 3 { 1.0 } else { entry }, 0.0)
    });
    let wanted = reals(&[0.5, 0.5, 0.5, -2.0]);
    let found = complex_eigenvalues(&reflected(&jordan, 3)).expect("settles");
    assert!(distance(&found, &wanted) < 1e-4, "{found:?}");
    let mean: Complex64 = found.iter().sum::<Complex64>() / 4.0;
    assert!((mean + 0.125).norm() < 1e-15, "the mean hardly moves");
    let real = Square::from_fn(4, |i, j| jordan[(i, j)].re);
    let exact = real_eigen(&real).expect("settles");
    assert_eq!(distance(&exact.values, &wanted), 0.0);
    assert!(residual(&real, &exact) < 1e-15);
    // ((x - 1)²)², as of two double roots: the values of a multistep scheme at the edge.
    let double = real_eigen(&companion(&[1.0, -4.0, 6.0, -4.0])).expect("settles");
    assert!(distance(&double.values, &reals(&[1.0; 4])) < 1e-3);
    // What a long history makes: fifteen zeros, exact where they stand alone.
    let history = companion(&[&[0.0; 15][..], &[0.05, -0.1, 0.5, -1.43]].concat());
    let turned = Square::from_fn(19, |i, j| history[(18 - j, 18 - i)]);
    for a in [&history, &turned] {
        let found = complex_eigenvalues(&complex(a)).expect("settles");
        assert_eq!(found.iter().filter(|z| **z == Complex64::ZERO).count(), 15);
        let real = real_eigen(a).expect("settles");
        assert!(residual(a, &real) < 1e-15);
        let radius = |all: &[Complex64]| all.iter().map(|z| z.norm()).fold(0.0, f64::max);
        assert!((radius(&found) - radius(&real.values)).abs() < 1e-14);
        let found = complex_eigenvalues(&reflected(&complex(a), 5)).expect("settles");
        assert!((radius(&found) - radius(&real.values)).abs() < 1e-13);
    }
    // One block of a nilpotent matrix, turned.
    for n in [2, 3, 5, 10, 20, 40] {
        let a = Square::from_fn(n, |i, j| Complex64::from(f64::from(u8::from(j == i + 1))));
        let found = complex_eigenvalues(&reflected(&a, 6)).expect("settles");
        assert!(
            found
                .iter()
                .all(|z| z.norm() < 1e-15_f64.powf(1.0 / n as f64) + 0.01)
        );
    }
    // Twenty values within 1e-10, eigenvectors orthogonal.
    let near = Square::from_fn(20, |i, j| {
        Complex64::new(if i == j { 1.0 + 5e-12 * i as f64 } else { 0.0 }, 0.0)
    });
    let wanted: Vec<Complex64> = (0..20).map(|i| near[(i, i)]).collect();
    let found = complex_eigenvalues(&reflected(&near, 4)).expect("settles");
    assert!(distance(&found, &wanted) < 1e-14);
}

#[test]
fn zeros_and_extreme_sizes_are_no_trouble() {
    for n in [1, 2, 3, 7] {
        let zero = Square::from_fn(n, |_, _| 0.0);
        let found = real_eigen(&zero).expect("settles");
        assert_eq!(found.values, vec![Complex64::ZERO; n]);
        assert_eq!(residual(&zero, &found), 0.0);
        let found = complex_eigenvalues(&complex(&zero)).expect("settles");
        assert_eq!(found, vec![Complex64::ZERO; n]);
        for power in [-1000, -320, 320, 1000] {
            let factor = 2.0_f64.powi(power);
            let scaled = |a: &Square<f64>| Square::from_fn(n, |i, j| factor * a[(i, j)]);
            let (a, s) = (random(n, 5), symmetric(n, 5));
            let (small, large) = (real_eigen(&a), real_eigen(&scaled(&a)));
            for (x, y) in
                (small.expect("settles").values.iter()).zip(&large.expect("settles").values)
            {
                assert_eq!(x * factor, *y, "powers of two change no digit");
            }
            let (small, large) = (symmetric_eigen(&s), symmetric_eigen(&scaled(&s)));
            for (x, y) in
                (small.expect("settles").values.iter()).zip(&large.expect("settles").values)
            {
                assert_eq!(x * factor, *y);
            }
        }
    }
    for bad in [f64::NAN, f64::INFINITY] {
        let a = Square::from_fn(3, |i, j| if i + j == 2 { bad } else { 1.0 });
        assert_eq!(real_eigen(&a), Err(NoEigenvalues));
        assert_eq!(symmetric_eigenvalues(&a), Err(NoEigenvalues));
        assert_eq!(complex_eigenvalues(&complex(&a)), Err(NoEigenvalues));
    }
}

#[test]
fn equations_are_solved() {
    for n in 1..=64 {
        let a = random(n, 3 * n as u64);
        let right: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
        let x = solve(&a, &right).expect("regular");
        let size = x.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
        for (i, b) in right.iter().enumerate() {
            let image: f64 = a.row(i).iter().zip(&x).map(|(a, x)| a * x).sum();
            assert!(
                (image - b).abs() < 1e-14 * size * n as f64,
                "{n}: {}",
                image - b
            );
        }
    }
    // A zero on the diagonal needs a pivot.
    let swap = Square::from_fn(2, |i, j| f64::from(u8::from(i != j)));
    assert_eq!(solve(&swap, &[3.0, 4.0]), Some(vec![4.0, 3.0]));
    // Hilbert's matrix of 5: the solution for the sums of its rows is 1, …, 1.
    let hilbert = Square::from_fn(5, |i, j| 1.0 / (i + j + 1) as f64);
    let sums: Vec<f64> = (0..5).map(|i| hilbert.row(i).iter().sum()).collect();
    let x = solve(&hilbert, &sums).expect("regular");
    assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-10), "{x:?}");
    for singular in [0.0, 1.0, f64::NAN] {
        assert_eq!(
            solve(&Square::from_fn(2, |_, _| singular), &[1.0, 2.0]),
            None
        );
    }
    assert_eq!(solve(&Square::from_fn(0, |_, _| 0.0), &[]), Some(vec![]));
}
