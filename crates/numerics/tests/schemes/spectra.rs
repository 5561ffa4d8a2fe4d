//! Are eigenvalues found by products alone, steps with a short history judged, and clouds laid flat?

use num_complex::Complex64;
use timestep_numerics::analysis::{
    AnalysisError, Effort, LearnedStep, Spectrum, arnoldi, principal, spectral_radius, stability,
    stability_with,
};

type Matrix = Vec<Vec<f64>>;

/// Numbers in (-1, 1), always the same ones.
fn noise(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9E37_79B9_7F4A_7C15);
    (0..n)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        })
        .collect()
}

fn times(a: &Matrix, v: &[f64]) -> Vec<f64> {
    a.iter()
        .map(|row| row.iter().zip(v).map(|(a, v)| a * v).sum())
        .collect()
}

fn transposed(a: &Matrix) -> Matrix {
    (0..a.len())
        .map(|j| a.iter().map(|row| row[j]).collect())
        .collect()
}

/// Ritz values of `a` from a start of noise.
fn spectrum(a: &Matrix, products: usize, tolerance: f64) -> Spectrum {
    let effort = Effort {
        products,
        tolerance,
    };
    arnoldi(&noise(a.len(), 3), effort, |v| {
        Ok::<_, AnalysisError>(times(a, v))
    })
    .expect("a spectrum")
}

/// `M D M⁻¹` for `M = I + low rank`, whose inverse is known: a matrix with the eigenvalues of `D` and
/// eigenvectors that are far from orthogonal.
fn turned(d: &Matrix, strength: f64) -> Matrix {
    let n = d.len();
    let (p, q) = (noise(n, 11), noise(n, 12));
    let inner: f64 = p.iter().zip(&q).map(|(p, q)| p * q).sum();
    // (I + s p qᵀ)⁻¹ = I - s p qᵀ / (1 + s qᵀp), Sherman and Morrison.
    let back = strength / (1.0 + strength * inner);
    let apply = |scale: f64, v: Vec<f64>| -> Vec<f64> {
        let along: f64 = q.iter().zip(&v).map(|(q, v)| q * v).sum();
        v.iter()
            .zip(&p)
            .map(|(v, p)| v + scale * p * along)
            .collect()
    };
    let columns: Matrix = (0..n)
        .map(|j| {
            let unit: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i == j))).collect();
            apply(strength, times(d, &apply(-back, unit)))
        })
        .collect();
    transposed(&columns)
}

/// Block diagonal: the pairs `a ± bi`, then real numbers.
fn with_eigenvalues(pairs: &[(f64, f64)], reals: &[f64]) -> Matrix {
    let n = 2 * pairs.len() + reals.len();
    let mut d = vec![vec![0.0; n]; n];
    for (i, (a, b)) in pairs.iter().enumerate() {
        (d[2 * i][2 * i], d[2 * i + 1][2 * i + 1]) = (*a, *a);
        (d[2 * i][2 * i + 1], d[2 * i + 1][2 * i]) = (*b, -*b);
    }
    for (i, x) in reals.iter().enumerate() {
        d[2 * pairs.len() + i][2 * pairs.len() + i] = *x;
    }
    d
}

#[test]
fn a_complex_pair_of_a_matrix_that_is_not_normal_is_found_from_few_products() {
    // 300 values in a short interval, and three that lie outside.
    let inner: Vec<f64> = noise(300, 5).iter().map(|x| 0.4 * x).collect();
    let d = with_eigenvalues(&[(0.5, 2.0)], &[&[-1.8][..], &inner].concat());
    let a = turned(&d, 0.4);
    let found = spectrum(&a, 40, 1e-9);
    assert!(found.products <= 40 && found.uncertainty() < 1e-9);
    assert!((found.radius() - 0.5_f64.hypot(2.0)).abs() < 1e-7);
    let near = |z: Complex64, re: f64, im: f64| (z - Complex64::new(re, im)).norm() < 1e-7;
    assert!(near(found.values[0].value, 0.5, 2.0), "{found:?}");
    assert!(near(found.values[1].value, 0.5, -2.0));
    assert!(near(found.values[2].value, -1.8, 0.0));
    let [_, left, _, top] = found.outer();
    assert!(near(left.value, -1.8, 0.0) && near(top.value, 0.5, 2.0));
    // The transpose has the same spectrum.
    let other = spectrum(&transposed(&a), 40, 1e-9);
    assert!(near(other.values[0].value, 0.5, 2.0) && near(other.values[2].value, -1.8, 0.0));
}

#[test]
fn all_products_give_all_eigenvalues() {
    // Strictly triangular parts of size ten: as far from normal as a small matrix can sensibly be.
    let n = 8;
    let a: Matrix = (0..n)
        .map(|i| {
            (0..n)
                .map(|j| match j.cmp(&i) {
                    std::cmp::Ordering::Less => 0.0,
                    std::cmp::Ordering::Equal => -1.0 - i as f64 / 2.0,
                    std::cmp::Ordering::Greater => 10.0 * noise(n * n, 9)[i * n + j],
                })
                .collect()
        })
        .collect();
    let found = spectrum(&a, 100, 0.0);
    assert_eq!(found.products, n, "no more than the dimension");
    for (i, r) in found.values.iter().enumerate() {
        let expected = -1.0 - (n - 1 - i) as f64 / 2.0;
        assert!((r.value - expected).norm() < 1e-4, "{i}: {r:?}");
    }
}

#[test]
fn the_power_method_agrees_where_it_settles() {
    let d = with_eigenvalues(&[(0.3, 0.4)], &[-2.0, 1.2, 0.7, -0.1]);
    let a = turned(&d, 0.7);
    let mut v = noise(a.len(), 21);
    let mut modulus = 0.0;
    for _ in 0..200 {
        let next = times(&a, &v);
        let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
        modulus = length(&next) / length(&v);
        let size = length(&next);
        v = next.into_iter().map(|x| x / size).collect();
    }
    let found = spectrum(&a, 30, 1e-10);
    assert!((found.radius() - modulus).abs() < 1e-8, "{modulus}");
}

#[test]
fn a_residual_bounds_the_error_of_a_symmetric_matrix() {
    let values: Vec<f64> = noise(120, 31);
    // A reflection keeps it symmetric.
    let n = values.len();
    let p = noise(n, 32);
    let length: f64 = p.iter().map(|x| x * x).sum();
    let reflect = |v: &[f64]| -> Vec<f64> {
        let along = 2.0 * p.iter().zip(v).map(|(p, v)| p * v).sum::<f64>() / length;
        v.iter().zip(&p).map(|(v, p)| v - along * p).collect()
    };
    let effort = Effort {
        products: 25,
        tolerance: 0.0,
    };
    let found = arnoldi(&noise(n, 3), effort, |v| {
        let inner: Vec<f64> = reflect(v).iter().zip(&values).map(|(v, d)| v * d).collect();
        Ok::<_, AnalysisError>(reflect(&inner))
    })
    .expect("a spectrum");
    for r in &found.values {
        let nearest = values.iter().map(|v| (r.value - v).norm());
        let nearest = nearest.fold(f64::INFINITY, f64::min);
        assert!(nearest <= r.residual + 1e-9, "{r:?} is {nearest} away");
    }
    assert!(found.uncertainty() > 1e-9, "25 products leave something");
}

#[test]
fn invariant_spans_end_the_search() {
    let one = with_eigenvalues(&[], &[-0.7; 50]);
    let found = spectrum(&one, 40, 0.0);
    assert_eq!((found.products, found.values.len()), (1, 1));
    assert!((found.radius() - 0.7).abs() < 1e-12 && found.uncertainty() == 0.0);
    let zero = spectrum(&with_eigenvalues(&[], &[0.0; 9]), 40, 0.0);
    assert_eq!((zero.radius(), zero.uncertainty()), (0.0, 0.0));
    let rotation = spectrum(&with_eigenvalues(&[(0.0, 3.0)], &[]), 10, 0.0);
    assert_eq!(rotation.products, 2);
    assert!((rotation.outer()[3].value - Complex64::new(0.0, 3.0)).norm() < 1e-12);
}

#[test]
fn what_has_no_spectrum_is_refused() {
    let effort = Effort {
        products: 5,
        tolerance: 0.0,
    };
    let same = |v: &[f64]| Ok::<_, AnalysisError>(v.to_vec());
    assert!(arnoldi(&[], effort, same).is_err());
    assert!(arnoldi(&[0.0; 3], effort, same).is_err());
    let none = Effort {
        products: 0,
        ..effort
    };
    assert!(arnoldi(&[1.0; 3], none, same).is_err());
    let short = |v: &[f64]| Ok::<_, AnalysisError>(v[1..].to_vec());
    assert!(arnoldi(&[1.0; 3], effort, short).is_err());
    let nan = |_: &[f64]| Ok::<_, AnalysisError>(vec![f64::NAN; 3]);
    assert!(matches!(
        arnoldi(&[1.0; 3], effort, nan),
        Err(AnalysisError::NotFinite { .. })
    ));
    let failed = |_: &[f64]| Err(AnalysisError::NoSpectrum);
    assert_eq!(
        arnoldi(&[1.0; 3], effort, failed),
        Err(AnalysisError::NoSpectrum)
    );
}

#[test]
fn a_step_without_history_is_forward_euler() {
    for (scheme, coefs, history) in [
        ("lm", &[][..], 0),
        ("momentum", &[], 0),
        ("lm3", &[], 0),
        ("leapfrog", &[], 0),
        ("ab2", &[], 0),
        ("zerosnet", &[], 1),
    ] {
        let step = LearnedStep::new(scheme, coefs, history).expect("fits");
        assert_eq!((step.scheme(), step.history()), (scheme, history));
        for z in [(-0.3, 0.2), (-1.7, 0.0), (0.4, -1.1)] {
            let z = Complex64::new(z.0, z.1);
            let euler = (1.0 + z).norm();
            let found = step.growth(z).expect("a number");
            assert!((found - euler).abs() < 1e-9, "{scheme}: {found} {euler}");
        }
        let found = step.stability().expect("intervals");
        assert!((found.real_interval.0 + 2.0).abs() < 1e-6, "{scheme}");
    }
}

#[test]
fn a_step_with_all_its_history_is_that_of_the_other_analyses() {
    for k in [-0.8, -0.2, 0.3] {
        let step = LearnedStep::new("lm", &[k], 1).expect("fits");
        let z = Complex64::new(-0.9, 0.6);
        let expected = spectral_radius("lm", Some(k), z).expect("a number");
        assert_eq!(step.growth(z).expect("a number"), expected);
        assert_eq!(step.stability(), stability("lm", Some(k)));
    }
    let dense = [-0.3, 0.1, 0.05];
    let step = LearnedStep::new("dense", &dense, 3).expect("fits");
    let found = step.stability().expect("intervals");
    let whole = stability_with("dense", &dense).expect("intervals");
    assert!((found.real_interval.0 - whole.real_interval.0).abs() < 1e-6);
    let region = LearnedStep::new("euler", &[], 0)
        .and_then(|step| step.region(((-2.0, 0.0), 3), ((-1.0, 1.0), 3)))
        .expect("a grid");
    assert!((region.at(1, 1) - 0.0).abs() < 1e-12 && (region.at(0, 1) - 1.0).abs() < 1e-12);
    assert!(LearnedStep::new("euler", &[0.1], 0).is_err());
    assert!(LearnedStep::new("eulr", &[], 0).is_err());
    assert!(step.growth(Complex64::new(f64::NAN, 0.0)).is_err());
}

#[test]
fn a_flat_cloud_lies_in_its_plane() {
    // Points (3a, b, 0) turned into the plane of two directions, around a centre.
    let (first, second) = ([0.6, 0.0, -0.8], [0.0, 1.0, 0.0]);
    let parts = noise(400, 41);
    let points: Vec<Vec<f64>> = parts
        .chunks(2)
        .map(|p| {
            (0..3)
                .map(|i| 5.0 + 3.0 * p[0] * first[i] + p[1] * second[i])
                .collect()
        })
        .collect();
    let found = principal(&points, 2).expect("directions");
    assert!((found.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(found.shares[0] > 0.8);
    // Along the longer side, up to the small correlation of the noise; its largest entry is positive.
    assert!(found.directions[0][2] > 0.75 && found.directions[0][0] < -0.55);
    assert!(found.directions[1][1] > 0.95);
    for point in &points {
        let at = found.coordinates(point);
        let again: Vec<f64> = (0..3)
            .map(|i| {
                found.mean[i] + at[0] * found.directions[0][i] + at[1] * found.directions[1][i]
            })
            .collect();
        assert!(again.iter().zip(point).all(|(a, b)| (a - b).abs() < 1e-9));
    }
    // A mirrored cloud has the same directions.
    let mirrored: Vec<Vec<f64>> = points
        .iter()
        .map(|p| p.iter().map(|x| -x).collect())
        .collect();
    let other = principal(&mirrored, 2).expect("directions");
    for (a, b) in other
        .directions
        .iter()
        .flatten()
        .zip(found.directions.iter().flatten())
    {
        assert!((a - b).abs() < 1e-9);
    }
}

#[test]
fn clouds_without_a_plane() {
    let point = principal(&vec![vec![1.0, 2.0]; 4], 2).expect("directions");
    assert_eq!(point.shares, [0.0, 0.0]);
    assert_eq!(principal(&[vec![1.0]], 2).expect("one").directions.len(), 1);
    assert!(principal(&[], 2).is_err());
    assert!(principal(&[vec![1.0], vec![1.0, 2.0]], 2).is_err());
    assert!(principal(&[vec![f64::INFINITY]], 1).is_err());
}

#[test]
fn a_linear_pair_amplifies_as_the_product_of_its_blocks_says() {
    use timestep_numerics::{Memory, StageId, StepCtx, StepError, scheme};
    let n = 4;
    let block = |seed| -> Matrix { noise(n * n, seed).chunks(n).map(<[f64]>::to_vec).collect() };
    let (a, b) = (block(51), block(52));
    // The step of the scheme itself, column by column.
    let pair = scheme::<Vec<Complex64>>("reversible").expect("registered");
    let columns: Matrix = (0..2 * n)
        .map(|j| {
            let unit: Vec<Complex64> = (0..2 * n)
                .map(|i| Complex64::from(f64::from(u8::from(i == j))))
                .collect();
            let mut f = |at: StageId, u: &Vec<Complex64>| -> Result<_, StepError> {
                let v: Vec<f64> = u.iter().map(|x| x.re).collect();
                let image = times(if at.stage == 0 { &a } else { &b }, &v);
                Ok(image.into_iter().map(Complex64::from).collect())
            };
            let ctx = StepCtx::new(0, 1.0);
            let next = pair.step(&mut f, &unit, &mut Memory::new(), &ctx);
            next.expect("a step").iter().map(|x| x.re).collect()
        })
        .collect();
    let whole = spectrum(&transposed(&columns), 2 * n, 0.0);
    // hλ = ±√μ of the product, judged by the scheme.
    let product: Matrix = (0..n)
        .map(|i| {
            let row: Vec<f64> = b[i].clone();
            (0..n)
                .map(|j| (0..n).map(|m| row[m] * a[m][j]).sum())
                .collect()
        })
        .collect();
    let step = LearnedStep::new("reversible", &[], 0).expect("fits");
    let growths = spectrum(&product, n, 0.0).values;
    let growths = growths
        .iter()
        .map(|r| step.growth(r.value.sqrt()).expect("a number"));
    let largest = growths.fold(0.0, f64::max);
    assert!(
        (whole.radius() - largest).abs() < 1e-8,
        "{largest} {whole:?}"
    );
    assert!(largest > 1.5);
}
