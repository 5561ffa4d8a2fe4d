//! Do the schemes satisfy the identities known between them?

use timestep_numerics::{Memory, StageId, StepCtx, StepError, scheme};

fn f(_: StageId, u: &f64) -> Result<f64, StepError> {
    Ok((1.3 * u).sin() - 0.2 * u)
}

/// One step from `(u, u_prev)` on `rhs`.
fn step_on(
    name: &str,
    rhs: &mut dyn FnMut(f64) -> f64,
    (u, previous): (f64, f64),
    k: f64,
    h: f64,
) -> f64 {
    let mut memory = Memory::new();
    memory.push(previous, None, 1);
    let ctx = StepCtx::new(1, h).with_coefs(vec![k]);
    let mut rhs = |_: StageId, u: &f64| Ok::<_, StepError>(rhs(*u));
    let scheme = scheme::<f64>(name).expect("a registered scheme");
    scheme
        .step(&mut rhs, &u, &mut memory, &ctx)
        .expect("it fits")
}

fn slope(u: f64) -> f64 {
    f(StageId { step: 0, stage: 0 }, &u).expect("never fails")
}

fn near(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b}");
}

#[test]
fn lm_at_special_coefficients() {
    for u in [0.3, -1.7, 12.5] {
        for previous in [0.0, 0.9, -4.2] {
            let lm = |k| step_on("lm", &mut slope, (u, previous), k, 0.5);
            let euler = step_on("euler", &mut slope, (u, previous), 0.0, 0.5);
            assert_eq!(
                lm(0.0).to_bits(),
                euler.to_bits(),
                "k = 0 is Euler, bit for bit"
            );
            near(lm(1.0), previous + 0.5 * slope(u), 1e-14);
            let still = step_on("lm", &mut |_| 0.0, (u, previous), -1.0, 0.5);
            near(still, u + (u - previous), 1e-14);
        }
    }
    let bits = step_on("momentum", &mut slope, (0.3, 0.9), 0.0, 0.5).to_bits();
    assert_eq!(
        bits,
        step_on("euler", &mut slope, (0.3, 0.9), 0.0, 0.5).to_bits()
    );
}

#[test]
fn momentum_is_lm_with_a_scaled_slope() {
    for k in [-0.9, -0.5, -0.1, 0.4, 1.0] {
        let momentum = step_on("momentum", &mut slope, (0.8, 0.5), k, 0.3);
        let lm = step_on("lm", &mut |u| (1.0 + k) * slope(u), (0.8, 0.5), k, 0.3);
        near(momentum, lm, 1e-15);
    }
    // k = 1 is leapfrog.
    let leapfrog = step_on("leapfrog", &mut slope, (0.8, 0.5), 0.0, 0.3);
    near(
        step_on("momentum", &mut slope, (0.8, 0.5), 1.0, 0.3),
        leapfrog,
        1e-15,
    );
    near(
        step_on("lm", &mut |u| 2.0 * slope(u), (0.8, 0.5), 1.0, 0.3),
        leapfrog,
        1e-15,
    );
}

/// Momentum ResNet: `v' = γ v + (1-γ) f(x)`, `x' = x + v'`, from the velocity of an Euler start.
#[test]
fn momentum_is_the_momentum_resnet() {
    let gamma = 0.9;
    let momentum = scheme::<f64>("momentum").expect("registered");
    let (mut u, mut memory) = (0.4, Memory::new());
    let (mut x, mut v) = (0.4, 0.0);
    for step in 0..20 {
        let ctx = StepCtx::new(step, 1.0).with_coefs(vec![-gamma]);
        u = momentum
            .step(&mut f, &u, &mut memory, &ctx)
            .expect("it fits");
        v = if step == 0 {
            slope(x)
        } else {
            gamma * v + (1.0 - gamma) * slope(x)
        };
        x += v;
        near(u, x, 1e-12);
    }
}

/// For k ≠ 0 the step can be undone; rounding grows by 1/|k| a step, so k ≤ -1/2 is harmless.
#[test]
fn lm_can_be_inverted() {
    for k in [-0.5, -0.8, -0.95] {
        let lm = scheme::<f64>("lm").expect("registered");
        let mut states = vec![0.4];
        let mut memory = Memory::new();
        for step in 0..12 {
            let ctx = StepCtx::new(step, 0.1).with_coefs(vec![k]);
            let u = states[step];
            states.push(lm.step(&mut f, &u, &mut memory, &ctx).expect("it fits"));
        }
        let (mut next, mut u) = (states[12], states[11]);
        for n in (0..11).rev() {
            let previous = (next - (1.0 - k) * u - 0.1 * slope(u)) / k;
            near(previous, states[n], 1e-11);
            (next, u) = (u, previous);
        }
    }
}

/// `½ u + ½ Φ(Φ(u))` with Euler's Φ is Heun; with k1, k2 of the facts, also midpoint and Ralston.
#[test]
fn fractal_joins_and_runge_kutta() {
    let h = 0.4;
    for u in [0.7, -0.2, 3.1] {
        let one = |name: &str, u: f64, h: f64| step_on(name, &mut slope, (u, 0.0), 0.0, h);
        let twice = one("euler", one("euler", u, h), h);
        near(one("heun", u, h), 0.5 * u + 0.5 * twice, 1e-14);
        let halves = one("euler", one("euler", u, h / 2.0), h / 2.0);
        near(
            one("fractal2", u, h),
            0.5 * (halves + one("euler", u, h)),
            1e-14,
        );
        let quarters = one("fractal2", one("fractal2", u, h / 2.0), h / 2.0);
        near(
            one("fractal3", u, h),
            0.5 * (quarters + one("euler", u, h)),
            1e-14,
        );
        for (name, a) in [("midpoint", 0.5), ("ralston", 2.0 / 3.0), ("heun", 1.0)] {
            let k2 = (1.0 - 1.0 / (2.0 * a)) / a;
            let y = u + a * h * slope(u);
            near(
                one(name, u, h),
                (1.0 - k2) * u + k2 * y + h / (2.0 * a) * slope(y),
                1e-14,
            );
        }
    }
}

/// Without f(0) = 0 the polynomial schemes follow another equation, as their page says.
#[test]
fn polynomial_schemes_need_f_of_zero_to_vanish() {
    near(
        step_on("poly2", &mut |_| 1.0, (0.0, 0.0), 0.0, 0.1),
        0.2,
        1e-15,
    );
    near(
        step_on("poly3", &mut |_| 1.0, (0.0, 0.0), 0.0, 0.1),
        0.3,
        1e-15,
    );
}

#[test]
fn two_plain_columns_that_contain_the_identity_are_heuns_method() {
    use timestep_numerics::{PlainFractal, Scheme};
    // The short column carries `u`, the long one two Euler steps: the mean is Heun's step.
    let h = 0.1;
    let mut f = |at: StageId, u: &f64| -> Result<f64, StepError> {
        Ok(if at.stage == 2 { *u } else { u + h * slope(*u) })
    };
    assert_eq!(PlainFractal::sees_start(2), [true, false, true]);
    let fractal = PlainFractal::new(2).expect("two columns");
    let ctx = StepCtx::new(0, h);
    let next = fractal.step(&mut f, &0.7, &mut Memory::new(), &ctx);
    let heun = step_on("heun", &mut slope, (0.7, 0.0), 0.0, h);
    near(next.expect("it fits"), heun, 1e-15);
    let seen = PlainFractal::sees_start(4);
    assert_eq!((seen.len(), seen.iter().filter(|s| **s).count()), (15, 4));
    assert!(PlainFractal::new(5).is_none());
}

/// Implicit steps amplify by the rational functions of the literature (Hairer, Wanner 1996, sections IV.3 and V.1), to rounding,
/// also where no iteration converges and near poles.
#[test]
fn implicit_schemes_amplify_by_their_rational_functions() {
    use timestep_numerics::Complex64;
    use timestep_numerics::analysis::spectral_radius;
    let pade = |z: Complex64| ((1.0 + 0.5 * z) / (1.0 - 0.5 * z)).norm();
    let bdf2 = |z: Complex64| {
        // (3/2 - z) ζ² - 2 ζ + 1/2 = 0.
        let (a, b) = (1.5 - z, Complex64::new(-2.0, 0.0));
        let root = (b * b - 2.0 * a).sqrt();
        let both = [(-b + root) / (2.0 * a), (-b - root) / (2.0 * a)];
        both.map(|root| root.norm()).into_iter().fold(0.0, f64::max)
    };
    for (re, im) in [
        (-0.3, 0.2),
        (-7.0, 0.0),
        (-1e6, 40.0),
        (0.0, 3.0),
        (0.4, -1.0),
        (0.999, 1e-3),
        (30.0, 0.0),
    ] {
        let z = Complex64::new(re, im);
        let radius = |name| spectral_radius(name, None, z).expect("a number");
        for (name, wanted) in [
            ("backward-euler", 1.0 / (1.0 - z).norm()),
            ("implicit-midpoint", pade(z)),
            ("trapezoidal", pade(z)),
            ("bdf2", bdf2(z)),
        ] {
            let found = radius(name);
            assert!(
                (found - wanted).abs() < 1e-9 * (1.0 + wanted),
                "{name} at {z}: {found} {wanted}"
            );
        }
    }
}

/// A stiff problem that explicit steps of this size lose, and equations of steps that have no solution.
#[test]
fn implicit_steps_take_what_is_stiff_and_say_what_has_no_solution() {
    let stiff = |_: StageId, u: &f64| Ok::<_, StepError>(-1000.0 * (u - u.cos()));
    for name in ["backward-euler", "bdf2"] {
        let scheme = scheme::<f64>(name).expect("registered");
        let (mut u, mut memory) = (3.0, Memory::new());
        for step in 0..40 {
            let ctx = StepCtx::new(step, 0.1);
            u = scheme
                .step(&mut { stiff }, &u, &mut memory, &ctx)
                .expect("a solution");
        }
        // The fixed point of the cosine.
        near(u, 0.739_085_133_215_160_6, 1e-9);
    }
    // y = 1 + y + y² has no real solution.
    let mut expands = |_: StageId, y: &f64| Ok::<_, StepError>(y + y * y);
    let scheme = scheme::<f64>("backward-euler").expect("registered");
    let step = scheme.step(
        &mut expands,
        &1.0,
        &mut Memory::new(),
        &StepCtx::new(4, 1.0),
    );
    let error = step.expect_err("no solution");
    assert!(
        matches!(error, StepError::NoFixedPoint { step: 4, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("was not solved in"), "{error}");
}

/// Modified equations of the schemes that evaluate `f` at states only hold for every `f`.
#[test]
fn which_implicit_equations_hold_for_nonlinear_slopes() {
    for (name, linear) in [
        ("backward-euler", false),
        ("bdf2", false),
        ("trapezoidal", false),
        ("implicit-midpoint", true),
        ("midpoint", true),
        ("ab2", false),
    ] {
        let found = timestep_numerics::analysis::modified_equation(name, None, 3).expect("one");
        assert_eq!(found.linear, linear, "{name}");
    }
}
