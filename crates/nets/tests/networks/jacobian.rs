//! Are products with the Jacobian of a step those of the step, and its spectrum the right one?

use crate::common::steps::{config, dot, input, network, one_image, steps};
use crate::common::wide;
use timestep_engine::{Engine, Exact, Fused};
use timestep_nets::{Measured, NetError, Parameters, StepAt, Verdict, Visit};
use timestep_numerics::Complex64;
use timestep_numerics::analysis::{AnalysisError, Effort, arnoldi};

/// `J w` by central differences.
fn differences(at: &StepAt<'_>, w: &[f64]) -> Vec<f64> {
    let (point, eps) = (at.point().expect("a point"), 1e-6);
    let side = |sign: f64| {
        let moved: Vec<f64> = point
            .iter()
            .zip(w)
            .map(|(u, w)| u + sign * eps * w)
            .collect();
        at.value(&moved).expect("a value")
    };
    let (after, before) = (side(1.0), side(-1.0));
    after
        .iter()
        .zip(&before)
        .map(|(a, b)| (a - b) / (2.0 * eps))
        .collect()
}

const PAIRS: [(&str, &str, Measured); 12] = [
    ("preact", "euler", Measured::Slope),
    ("preact", "lm", Measured::Slope),
    ("postact", "lm3", Measured::Slope),
    ("se-preact", "rk4", Measured::Slope),
    ("preact-bottleneck", "ab2", Measured::Slope),
    ("preact", "poly2", Measured::Slope),
    ("preact", "reversible", Measured::Pair),
    ("preact", "two-way", Measured::Increment),
    ("postact", "fractal2", Measured::Increment),
    ("parabolic", "euler", Measured::Slope),
    ("antisymmetric", "rk4", Measured::Slope),
    ("hamiltonian", "reversible", Measured::Pair),
];

#[test]
fn products_agree_with_finite_differences() {
    for (block, scheme, kind) in PAIRS {
        let count = steps(&Exact, &config(block, scheme), |at| {
            assert_eq!(at.measured()?, kind, "{block} {scheme}");
            let n = at.point()?.len();
            let (v, w) = (wide("v", n), wide("w", n));
            let moved = dot(&v, &differences(at, &w));
            let product = dot(&at.transposed_product(&v)?, &w);
            let size = moved.abs().max(1e-3);
            assert!(
                (moved - product).abs() < 1e-6 * size.max(1.0),
                "{block} {scheme}: {at:?}: {moved} {product}"
            );
            Ok(())
        })
        .expect("all steps");
        // Strided steps have no square Jacobian; projections and reversible entrances take no such step.
        assert!((2..=4).contains(&count), "{block} {scheme}: {count}");
    }
}

#[test]
fn the_fused_kernels_find_the_same_products() {
    for (block, scheme, _) in PAIRS {
        let mut config = config(block, scheme);
        config.body.width = 16;
        config.input = input(8, 8);
        let products = |engine: &dyn Engine| {
            let mut all = Vec::new();
            steps(engine, &config, |at| {
                let v = wide("v", at.point()?.len());
                all.push(at.transposed_product(&v)?);
                Ok(())
            })
            .expect("all steps");
            all
        };
        for (fused, exact) in products(&Fused).iter().zip(products(&Exact)) {
            let error: Vec<f64> = fused.iter().zip(&exact).map(|(a, b)| a - b).collect();
            let size = dot(&exact, &exact).sqrt();
            let error = dot(&error, &error).sqrt();
            // A ReLU may switch within rounding; then one pixel differs.
            assert!(size > 0.0 && error < 1e-3 * size, "{block} {scheme}");
        }
    }
}

#[test]
fn a_spectrum_is_that_of_the_dense_jacobian() {
    for (block, scheme) in [
        ("preact", "lm"),
        ("postact", "euler"),
        ("preact", "two-way"),
    ] {
        let mut config = config(block, scheme);
        config.body.steps = vec![3];
        steps(&Exact, &config, |at| {
            let n = at.point()?.len();
            assert_eq!(n, 32, "tiny");
            // Column by column.
            let columns: Vec<Vec<f64>> = (0..n)
                .map(|j| {
                    let unit: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i == j))).collect();
                    differences(at, &unit)
                })
                .collect();
            let all = Effort {
                products: n,
                tolerance: 0.0,
            };
            let dense = arnoldi(&wide("start", n), all, |v| {
                let row = |i: usize| (0..n).map(|j| columns[j][i] * v[j]).sum();
                Ok::<_, AnalysisError>((0..n).map(row).collect())
            })?;
            let found = at.spectrum(all, 1)?;
            assert!((found.radius() - dense.radius()).abs() < 1e-5, "{at:?}");
            let [largest, left, right, top] = dense.outer().map(|r| r.value);
            let (low, high, up) = found.extent();
            assert!((low - left.re).abs() < 1e-5 && (high - right.re).abs() < 1e-5);
            assert!((up - top.im).abs() < 1e-5 && largest.norm() > 0.1);
            // What the eigenvalues of any matrix sum up to, and those of its square.
            let trace: f64 = (0..n).map(|i| columns[i][i]).sum();
            let square: f64 = (0..n)
                .flat_map(|i| (0..n).map(move |j| (i, j)))
                .map(|(i, j)| columns[i][j] * columns[j][i])
                .sum();
            let sum: Complex64 = found.values.iter().map(|v| v.z).sum();
            let squares: Complex64 = found.values.iter().map(|v| v.z * v.z).sum();
            assert!((sum - trace).norm() < 1e-4, "{sum} {trace}");
            assert!((squares - square).norm() < 1e-4, "{squares} {square}");
            Ok(())
        })
        .expect("all steps");
    }
}

/// Sets the parameters whose name ends so.
fn set(parameters: &mut Parameters, ending: &str, value: impl Fn(usize) -> f64) {
    let specs = parameters.specs().clone();
    let mut found = false;
    for (spec, id) in specs.iter().zip(specs.ids()) {
        if spec.name.starts_with("layer1.") && spec.name.ends_with(ending) {
            for (i, number) in parameters.value_mut(id).iter_mut().enumerate() {
                *number = value(i) as f32;
            }
            found = true;
        }
    }
    assert!(found, "no parameter ends with `{ending}`");
}

#[test]
fn a_linear_block_has_the_eigenvalues_it_was_given() {
    // Norms that do nothing but lift everything above zero, so that no ReLU acts; the first convolution
    // is the identity and the second mixes channels pixel by pixel: not normal, with a complex pair.
    let mix = [
        [-0.4, -1.3, 5.0, 0.0],
        [1.3, -0.4, 0.0, 3.0],
        [0.0, 0.0, -1.5, 7.0],
        [0.0, 0.0, 0.0, 0.25],
    ];
    let mut config = config("preact", "lm");
    config.body.steps = vec![2];
    let (network, mut parameters) = network(&config);
    let centre = |i: usize| (i % 9 == 4).then_some((i / 9 / 4, i / 9 % 4));
    set(&mut parameters, "bn1.weight", |_| 1.0);
    set(&mut parameters, "bn2.weight", |_| 1.0);
    set(&mut parameters, "bn1.bias", |_| 100.0);
    set(&mut parameters, "bn2.bias", |_| 100.0);
    set(&mut parameters, "running_mean", |_| 0.0);
    set(&mut parameters, "running_var", |_| 1.0 - 1e-5);
    set(&mut parameters, "conv1.weight", |i| {
        f64::from(u8::from(centre(i).is_some_and(|(out, from)| out == from)))
    });
    set(&mut parameters, "conv2.weight", |i| {
        centre(i).map_or(0.0, |(out, from)| mix[out][from])
    });
    set(&mut parameters, "memory_k", |_| -0.5);
    let effort = Effort {
        products: 32,
        tolerance: 0.0,
    };
    let mut found = Vec::new();
    let image = one_image(config.input);
    network
        .each_step(&Fused, &parameters, image.view(), &mut |visit| {
            if let Visit::Step(at) = visit {
                found.push(at.spectrum(effort, 0)?);
            }
            Ok::<_, NetError>(())
        })
        .expect("all steps");
    assert_eq!(found.len(), 2);
    for step in &found {
        let near = |re: f64, im: f64| {
            let z = Complex64::new(re, im);
            step.settled().any(|v| (v.z - z).norm() < 2e-3)
        };
        assert!(near(-0.4, 1.3) && near(-0.4, -1.3) && near(-1.5, 0.0) && near(0.25, 0.0));
        assert!((step.radius() - 1.5).abs() < 2e-3, "{step:?}");
        let (low, high, top) = step.extent();
        assert!((low + 1.5).abs() < 2e-3 && (high - 0.25).abs() < 2e-3 && (top - 1.3).abs() < 2e-3);
        assert_eq!(step.dimension, 32);
    }
    // The first step is forward Euler: its largest growth is |1 + z| of the pair. The second has k = -0.5.
    let euler = Complex64::new(0.6, 1.3).norm();
    assert!(
        (found[0].growth() - euler).abs() < 2e-3,
        "{}",
        found[0].growth()
    );
    assert_eq!(found[0].region.history(), 0);
    let expected = found[1]
        .region
        .growth(Complex64::new(-0.4, 1.3))
        .expect("a number");
    assert!((found[1].growth() - expected).abs() < 2e-3 && expected > euler);
    assert_eq!(found[1].region.coefficients(), [-0.5]);
    assert_eq!(found[1].verdict(), Verdict::Outside);
    // The pair is outside because of the scheme, the positive value because of the equation. Eight pixels
    // have the same eigenvalues, and rounding makes the search find copies.
    let (own, scheme) = found[0].outside();
    assert!(own >= 1 && scheme >= 2 && scheme % 2 == 0, "{own} {scheme}");
}

/// With statistics that are fixed, a parabolic block only smooths, and what an antisymmetric one moves hardly grows; a
/// plain block does neither.
#[test]
fn structured_blocks_have_the_jacobians_of_their_pages() {
    let mut grew = false;
    for block in ["parabolic", "antisymmetric", "preact"] {
        let mut config = config(block, "euler");
        config.body.steps = vec![3];
        let count = steps(&Exact, &config, |at| {
            let n = at.point()?.len();
            let all = Effort {
                products: n,
                tolerance: 0.0,
            };
            let spectrum = at.spectrum(all, 1)?;
            let most = spectrum.values.iter().map(|v| v.z.re);
            let most = most.fold(f64::NEG_INFINITY, f64::max);
            match block {
                "preact" => grew |= most > 1e-3,
                _ => assert!(most < 1e-9, "{block}: {most}"),
            }
            if block == "parabolic" {
                // K^T D K is symmetric: no mode turns.
                let turns = spectrum.values.iter().map(|v| v.z.im.abs());
                assert!(turns.fold(0.0, f64::max) < 1e-6, "{spectrum:?}");
            }
            Ok(())
        })
        .expect("all steps");
        assert!(count >= 2, "{block}");
    }
    assert!(grew, "a plain block grows somewhere");
}
