//! Do the analyses give the answers known from theory and the literature?

use num_complex::Complex64;
use timestep_numerics::analysis::{
    AnalysisError, modified_equation, order, region, spectral_radius, stability,
    stability_polynomial, zero_stability, zero_stability_of,
};
use timestep_numerics::{Memory, StageId, StepCtx, StepError, scheme};

fn near(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b}");
}

#[test]
fn real_intervals() {
    for (k, left) in [
        (0.0, -2.0),
        (-0.25, -2.5),
        (-0.5, -3.0),
        (-0.75, -3.5),
        (-0.9, -3.8),
    ] {
        let lm = stability("lm", Some(k)).expect("valid");
        near(lm.real_interval.0, left, 1e-6);
        let momentum = stability("momentum", Some(k)).expect("valid");
        near(momentum.real_interval.0, left / (1.0 + k), 1e-6);
    }
    for (name, left) in [
        ("euler", -2.0),
        ("heun", -2.0),
        ("rk4", -2.785_293_563),
        ("leapfrog", 0.0),
        ("ab2", -1.0),
        // Hairer, Wanner 1996, section V.1: -6/11 and -3/10.
        ("ab3", -6.0 / 11.0),
        ("ab4", -0.3),
        ("kutta3", -2.512_745_327),
        ("ssp3", -2.512_745_327),
        ("rk38", -2.785_293_563),
        ("poly2", -1.0),
        ("two-way", -1.0),
        ("fractal2", -8.0),
        ("reversible", 0.0),
    ] {
        near(
            stability(name, None).expect("valid").real_interval.0,
            left,
            1e-6,
        );
    }
}

#[test]
fn imaginary_intervals() {
    let golden = 0.5 * (1.0 + 5.0_f64.sqrt());
    for (name, up) in [
        ("euler", 0.0),
        ("heun", 0.0),
        ("ab2", 0.0),
        // Where the root curve z = 12 (ζ³ - ζ²) / (23 ζ² - 16 ζ + 5) of ζ = e^(it) meets the axis again.
        ("ab3", 0.723_627),
        ("kutta3", 3.0_f64.sqrt()),
        ("ssp3", 3.0_f64.sqrt()),
        ("rk4", 8.0_f64.sqrt()),
        ("rk38", 8.0_f64.sqrt()),
        ("leapfrog", 1.0),
        ("poly2", 1.0),
        ("poly3", golden.sqrt()),
        ("reversible", 2.0),
    ] {
        near(
            stability(name, None).expect("valid").imaginary_interval,
            up,
            1e-6,
        );
    }
}

#[test]
fn stability_polynomials() {
    for (name, expected) in [
        ("euler", vec![1.0, 1.0]),
        ("rk4", vec![1.0, 1.0, 0.5, 1.0 / 6.0, 1.0 / 24.0]),
        ("poly3", vec![1.0; 4]),
        ("two-way", vec![1.0, 2.0]),
        ("fractal2", vec![1.0, 1.0, 0.125]),
    ] {
        let found = stability_polynomial(name, None).expect("a one-step scheme");
        assert_eq!(found.len(), expected.len(), "{name}: {found:?}");
        found
            .iter()
            .zip(&expected)
            .for_each(|(a, b)| near(*a, *b, 1e-15));
    }
    for name in ["lm", "reversible"] {
        let error = stability_polynomial(name, None).expect_err("no polynomial");
        assert!(matches!(error, AnalysisError::NoPolynomial { .. }));
    }
}

#[test]
fn region_holds_spectral_radii() {
    let region = region("ab2", None, (-2.0, 0.5), (-1.0, 1.0), 6, 5).expect("valid");
    assert_eq!(
        (region.re.len(), region.im.len(), region.radius.len()),
        (6, 5, 30)
    );
    assert_eq!(
        (region.re[0], region.re[5], region.im[0], region.im[4]),
        (-2.0, 0.5, -1.0, 1.0)
    );
    let z = Complex64::new(region.re[1], region.im[3]);
    near(
        region.at(1, 3),
        spectral_radius("ab2", None, z).expect("valid"),
        1e-14,
    );
    // ζ² - (1 + 3z/2) ζ + z/2 at z = -1: roots -1 and 1/2.
    near(
        spectral_radius("ab2", None, Complex64::new(-1.0, 0.0)).expect("valid"),
        1.0,
        1e-12,
    );
}

#[test]
fn lm_zero_stability_for_constant_k() {
    for (k, stable) in [
        (-1.2, false),
        (-1.0, false),
        (-0.99, true),
        (-0.5, true),
        (0.0, true),
        (0.7, true),
        (1.0, true),
        (1.2, false),
    ] {
        let found = zero_stability("lm", Some(k)).expect("valid");
        assert_eq!(found.zero_stable, stable, "k = {k}");
        let mut roots: Vec<f64> = found.roots.iter().map(|root| root.re).collect();
        let mut expected = [1.0, -k];
        roots.sort_by(f64::total_cmp);
        expected.sort_by(f64::total_cmp);
        roots
            .iter()
            .zip(expected)
            .for_each(|(a, b)| near(*a, b, 1e-7));
        if stable && k.abs() < 0.9 {
            near(found.variation, 1.0 / (1.0 - k.abs()), 1e-9);
        }
        assert_eq!(found.growth.is_finite(), stable);
    }
}

/// The variation is the facts' criterion `sup_s Σ_m ∏ |k_j|`, and bounds the growth of an error.
#[test]
fn lm_zero_stability_for_sequences() {
    let ks: Vec<f64> = (0..30).map(|n| -0.05 - 0.9 * f64::from(n) / 29.0).collect();
    let found = zero_stability_of("lm", &ks).expect("valid");
    let criterion = (0..ks.len())
        .map(|start| {
            let mut product = 1.0;
            let partial = ks[start..].iter().map(|k| {
                product *= k.abs();
                product
            });
            1.0 + partial.sum::<f64>()
        })
        .fold(0.0, f64::max);
    near(found.variation, criterion, 1e-10);
    assert!(found.zero_stable && found.growth <= 2.0 * found.variation);
    near(found.roots[0].re, 1.0, 1e-10);
    near(found.roots[1].re, ks.iter().map(|k| -k).product(), 1e-10);

    // A single |k| above 1 is harmless in good company, which a constant 1.2 is not.
    let mixed = zero_stability_of("lm", &[1.2, 0.1, -0.4, 1.2, 0.3]).expect("valid");
    assert!(mixed.zero_stable);
    assert!(
        !zero_stability_of("lm", &[1.2, 1.1, -0.9])
            .expect("valid")
            .zero_stable
    );
    let constant = zero_stability_of("lm", &[-0.5; 200]).expect("valid");
    near(constant.variation, 2.0, 1e-9);
    assert!(constant.zero_stable);
    assert!(
        zero_stability_of("lm", &[1.0; 7])
            .expect("valid")
            .zero_stable
    );
    assert!(
        !zero_stability_of("lm", &[-1.0; 7])
            .expect("valid")
            .zero_stable
    );
}

#[test]
fn modified_equations() {
    for k in [-0.9, -0.5, 0.0, 0.3, 1.0] {
        let lm = modified_equation("lm", Some(k), 5).expect("valid");
        let (even, odd) = (1.0 - k, 1.0 + k);
        let expected = [odd, even / 2.0, odd / 6.0, even / 24.0, odd / 120.0];
        lm.coefficients
            .iter()
            .zip(expected)
            .for_each(|(a, b)| near(*a, b, 1e-12));
        near(lm.time_scale(), 1.0 + k, 1e-12);
        near(lm.inertia(), 0.5 * (1.0 - k), 1e-12);
        let momentum = modified_equation("momentum", Some(k), 2).expect("valid");
        near(momentum.inertia(), 0.5 * (1.0 - k) / (1.0 + k), 1e-12);
    }
    for (name, expected) in [
        ("leapfrog", [1.0, 0.0, 1.0 / 6.0, 0.0, 1.0 / 120.0]),
        ("reversible", [1.0, 0.0, 1.0 / 24.0, 0.0, 1.0 / 1920.0]),
        ("rk4", [1.0, 0.0, 0.0, 0.0, 1.0 / 120.0]),
        ("two-way", [0.5, 0.25, 1.0 / 12.0, 1.0 / 48.0, 1.0 / 240.0]),
    ] {
        let found = modified_equation(name, None, 5).expect("valid");
        found
            .coefficients
            .iter()
            .zip(expected)
            .for_each(|(a, b)| near(*a, b, 1e-12));
    }
    let fractal: Vec<f64> = ["fractal2", "fractal3", "fractal4"]
        .iter()
        .map(|name| modified_equation(name, None, 2).expect("valid").inertia())
        .collect();
    fractal
        .iter()
        .zip([3.0 / 8.0, 11.0 / 32.0, 43.0 / 128.0])
        .for_each(|(a, b)| near(*a, b, 1e-14));
}

#[test]
fn modified_equations_in_words() {
    let words = |name, k, terms| {
        modified_equation(name, k, terms)
            .expect("valid")
            .to_string()
    };
    assert_eq!(
        words("lm", Some(-0.5), 3),
        "0.5 u' + 0.75 h u'' + 0.0833 h^2 u''' + O(h^3) = f(u)"
    );
    assert_eq!(words("poly2", None, 2), "u' - 0.5 h u'' + O(h^2) = f(u)");
    assert_eq!(
        words("leapfrog", None, 5),
        "u' + 0.167 h^2 u''' + 0.00833 h^4 u^(5) + O(h^5) = f(u)"
    );
    assert_eq!(words("lm", Some(-1.0), 2), "h u'' + O(h^2) = f(u)");
}

/// The heart of the paper: the iterates of `lm` follow `(1+k) u' + (1-k) (h/2) u'' = λ u` to second
/// order, but `(1+k) u' = λ u` only to first.
#[test]
fn lm_follows_its_modified_equation_to_second_order() {
    let lm = scheme::<f64>("lm").expect("registered");
    let lambda = -1.0;
    for k in [0.0, -0.5, -0.8] {
        let errors = |steps: usize| {
            let h = 1.0 / steps as f64;
            // The root of (1-k)(h/2) s² + (1+k) s - λ = 0 that stays bounded as h → 0.
            let (a, b): (f64, f64) = (0.5 * (1.0 - k) * h, 1.0 + k);
            let s = 2.0 * lambda / (b + (b * b + 4.0 * a * lambda).sqrt());
            let mut memory = Memory::new();
            memory.push((-s * h).exp(), None, 1);
            let mut decay = |_: StageId, u: &f64| Ok::<_, StepError>(lambda * u);
            let mut u = 1.0;
            for step in 1..=steps {
                let ctx = StepCtx::new(step, h).with_coefs(vec![k]);
                u = lm.step(&mut decay, &u, &mut memory, &ctx).expect("it fits");
            }
            ((u - s.exp()).abs(), (u - (lambda / (1.0 + k)).exp()).abs())
        };
        let ((modified, leading), (modified_half, leading_half)) = (errors(2000), errors(4000));
        near((modified / modified_half).log2(), 2.0, 0.03);
        near((leading / leading_half).log2(), 1.0, 0.03);
    }
}

#[test]
fn order_in_own_time() {
    for k in [-0.9, -0.25, 0.0, 0.5] {
        for name in ["lm", "momentum"] {
            near(order(name, Some(k)).expect("valid").order, 1.0, 0.1);
        }
    }
    near(order("momentum", Some(1.0)).expect("valid").order, 2.0, 0.1);
    near(
        order("lm", Some(-0.5)).expect("valid").time_scale,
        0.5,
        1e-12,
    );
}

#[test]
fn analyses_refuse_nonsense() {
    assert!(matches!(
        order("oiler", None),
        Err(AnalysisError::UnknownScheme(_))
    ));
    let error = stability("euler", Some(-0.5)).expect_err("Euler has no k");
    assert_eq!(
        error.to_string(),
        "scheme `euler` has no coefficient, but k = -0.5 was given"
    );
    let nan = modified_equation("lm", Some(f64::NAN), 2);
    assert!(matches!(
        nan,
        Err(AnalysisError::NotFinite { what: "k", .. })
    ));
    assert!(matches!(
        order("lm", Some(1.2)),
        Err(AnalysisError::NotZeroStable { .. })
    ));
    assert!(matches!(
        order("lm", Some(-1.0)),
        Err(AnalysisError::NotZeroStable { .. })
    ));
    assert!(matches!(
        zero_stability_of("lm", &[]),
        Err(AnalysisError::BadInput { .. })
    ));
    let unused = zero_stability_of("heun", &[0.1]);
    assert!(matches!(
        unused,
        Err(AnalysisError::NoCoefficient { scheme: "heun", .. })
    ));
    assert!(matches!(
        modified_equation("lm", None, 0),
        Err(AnalysisError::BadInput { .. })
    ));
    let empty = region("lm", None, (1.0, 1.0), (0.0, 1.0), 3, 3);
    assert!(matches!(empty, Err(AnalysisError::BadInput { .. })));
    let thin = region("lm", None, (0.0, 1.0), (0.0, 1.0), 1, 3);
    assert!(matches!(thin, Err(AnalysisError::BadInput { .. })));
    let infinite = spectral_radius("lm", None, Complex64::new(f64::INFINITY, 0.0));
    assert!(matches!(infinite, Err(AnalysisError::NotFinite { .. })));
}

#[test]
fn all_coefficients_of_a_step_are_used() {
    use timestep_numerics::analysis::{
        modified_equation_with, stability_with, zero_stability_of_steps,
    };
    // (1+k+2m) u' + (1-k-4m) h/2 u''
    let lm3 = modified_equation_with("lm3", &[-0.4, 0.3], 2).expect("valid");
    assert!((lm3.coefficients[0] - 1.2).abs() < 1e-12, "{lm3}");
    assert!((lm3.coefficients[1] - 0.1).abs() < 1e-12, "{lm3}");
    // Missing coefficients are 0: a dense step with one is a step of `lm`.
    let (dense, lm) = (
        stability_with("dense", &[-0.5]).expect("valid"),
        stability("lm", Some(-0.5)).expect("valid"),
    );
    assert!((dense.real_interval.0 - lm.real_interval.0).abs() < 1e-8);
    let restart = modified_equation_with("dense", &[], 2).expect("valid");
    assert_eq!(restart.coefficients, [1.0, 0.5]);
    // ζ² + (k+m) ζ + m has a root outside the circle for m = 1.1.
    let steps = [vec![-0.5], vec![-0.5, 1.1], vec![-0.5, 1.1]];
    let found = zero_stability_of_steps("lm3", &steps).expect("valid");
    assert_eq!(found.coefficients, [-0.5; 3]);
    assert!(
        !zero_stability_of_steps("lm3", &[vec![-0.5, 1.1]])
            .expect("valid")
            .zero_stable
    );
    assert!(
        zero_stability_of_steps("lm3", &[vec![-0.5, 0.2]])
            .expect("valid")
            .zero_stable
    );
}
