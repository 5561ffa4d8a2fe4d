//! Are simulated weak errors those that are computed, and do they fall as the theory says?

use super::*;
use crate::noise::noises;
use crate::schemes;

fn plan<'a>(scheme: &'a str, steps: &[usize], paths: usize) -> Plan<'a> {
    Plan {
        scheme,
        k: None,
        steps: steps.to_vec(),
        paths,
        seed: 1,
    }
}

fn depth(p: f64) -> Setting {
    Setting {
        survival: Some(Survival::Fixed(p)),
        ..Setting::of("stochastic-depth", &[], 1.0)[0]
    }
}

/// The curve of a moment of an equation.
fn curve<'a>(found: &'a WeakOrder, sde: &str, moment: u32) -> &'a Curve {
    (found.curves.iter())
        .find(|c| c.sde.name.starts_with(sde) && c.moment == moment)
        .expect("measured")
}

#[test]
fn simulated_errors_are_the_computed_ones() {
    let mut compared = 0;
    for scheme in [
        "euler",
        "lm",
        "ab2",
        "lm3",
        "heun",
        "poly2",
        "two-way",
        "reversible",
    ] {
        let mut settings = vec![depth(0.5), depth(0.8), depth(0.3)];
        settings.extend(Setting::of("shake-shake", &[], 1.0));
        settings.extend(Setting::of("gaussian", &[], 1.0));
        settings.extend(Setting::of("drop-path", &[], 1.0));
        let found = weak_order(&plan(scheme, &[4, 9, 25], 800), &settings).expect("an answer");
        for curve in &found.curves {
            for sample in &curve.samples {
                let Some(computed) = sample.computed else {
                    continue;
                };
                compared += 1;
                // One in 10⁵ normal numbers is beyond; there are 1,200.
                let allowed = 4.5 * sample.deviation + 1e-11;
                assert!(
                    (sample.error - computed).abs() <= allowed,
                    "{scheme}, {}, {}, E X^{}: {sample:?}",
                    curve.setting.label(),
                    curve.sde.name,
                    curve.moment
                );
            }
        }
    }
    assert!(compared > 800, "{compared}");
}

/// The control variate leaves so little that errors are seen at every step size, which simulation alone would not.
#[test]
fn a_few_paths_see_small_errors() {
    for scheme in ["euler", "lm", "zerosnet"] {
        let found =
            weak_order(&plan(scheme, &[32, 128, 512], 2000), &[depth(0.8)]).expect("orders");
        for sample in &curve(&found, "geometric", 3).samples {
            // X³ itself has a deviation of 3.4, so the mean of 2,000 paths one of 0.08.
            assert!(
                sample.deviation < 0.15 * sample.error.abs(),
                "{scheme}: {sample:?}"
            );
            assert!(sample.deviation < 2e-3);
        }
    }
}

#[test]
fn the_order_is_one_where_the_condition_holds_and_one_half_where_it_fails() {
    let steps = [32, 64, 128, 256, 512];
    let half = Setting {
        survival: Some(Survival::Half { c: 0.8 }),
        ..depth(0.5)
    };
    for (setting, third) in [
        (depth(0.5), 1.0),
        (half, 1.0),
        (Setting::of("shake-shake", &[], 1.0)[0], 1.0),
        (Setting::of("gaussian", &[], 1.0)[0], 1.0),
        (Setting::of("drop-path", &[], 1.0)[0], 1.0),
        (depth(0.8), 0.5),
        (depth(0.9), 0.5),
    ] {
        let found = weak_order(&plan("euler", &steps, 2000), &[setting]).expect("orders");
        assert_eq!(found.reading, 0.0);
        for curve in &found.curves {
            let wanted = if curve.moment == 3 { third } else { 1.0 };
            let name = (setting.label(), curve.sde.name, curve.moment);
            if let Some(computed) = curve.computed {
                assert!(
                    (computed.order - wanted).abs() < 0.06,
                    "{name:?}: {computed:?}"
                );
            }
            let order = curve
                .order
                .unwrap_or_else(|| panic!("{name:?} is not seen"));
            assert!(
                (order.order - wanted).abs() < 0.07 + order.margin.min(0.15),
                "{name:?}: {order:?}"
            );
        }
    }
}

/// The leading term of the module's derivation, `(γ/6) √Δt ∫ E[b³ u_xxx] dt`, worked out by hand.
#[test]
fn the_leading_error_is_the_one_derived() {
    let gamma = -1.5;
    let found = weak_order(&plan("euler", &[1024, 4096, 16384], 4), &[depth(0.8)]).expect("orders");
    // Geometric: u = x³ e^{r (T-t)}, so the integrand is 6 b³ E X_T³.
    let geometric = gamma * 0.5_f64.powi(3) * curve(&found, "geometric", 3).exact;
    // Ornstein-Uhlenbeck: u_xxx = 6 e^{-3 (T-t)}.
    let additive = gamma * 0.7_f64.powi(3) * (1.0 - (-3.0_f64).exp()) / 3.0;
    for (sde, leading) in [("geometric", geometric), ("Ornstein", additive)] {
        let ratios: Vec<f64> = (curve(&found, sde, 3).samples.iter())
            .map(|s| s.computed.expect("computed") / s.dt.sqrt() / leading)
            .collect();
        assert!((ratios[2] - 1.0).abs() < 0.01, "{sde}: {ratios:?}");
        // What is left is of order √Δt: it halves when the step is a quarter.
        let left = (ratios[1] - 1.0) / (ratios[2] - 1.0);
        assert!((left - 2.0).abs() < 0.1, "{sde}: {ratios:?}");
    }
}

#[test]
fn with_memory_the_condition_is_the_same() {
    // The history must be short beside the run for the order to show.
    let steps = [1024, 2048, 4096];
    for (k, p, third) in [(-0.5, 0.5, 1.0), (0.5, 0.5, 1.0), (-0.5, 0.8, 0.5)] {
        let plan = Plan {
            k: Some(k),
            ..plan("lm", &steps, 4)
        };
        let found = weak_order(&plan, &[depth(p)]).expect("orders");
        assert!((found.time_scale - (1.0 + k)).abs() < 1e-12 && found.reading == 0.0);
        for sde in ["geometric", "Ornstein"] {
            let computed = curve(&found, sde, 3).computed.expect("an order");
            assert!(
                (computed.order - third).abs() < 0.05,
                "k = {k}, p = {p}: {computed:?}"
            );
        }
    }
}

#[test]
fn stages_change_the_reading_of_the_integral() {
    for (scheme, reading) in [
        ("euler", 0.0),
        ("ab2", 0.0),
        ("two-way", 0.0),
        ("heun", 0.5),
        ("midpoint", 0.5),
        ("rk4", 0.5),
        ("poly2", 1.0),
        // Of (1 + z/2)² and 1 + z the mean is 1 + z + z²/8.
        ("fractal2", 0.125),
    ] {
        let found = weak_order(&plan(scheme, &[4, 8, 16], 4), &[depth(0.5)]).expect("orders");
        assert!(
            (found.reading - reading).abs() < 1e-4,
            "{scheme}: {}",
            found.reading
        );
    }
}

/// Every scheme with every noise has an answer, and converges unless its history keeps noise for ever.
#[test]
fn every_scheme_converges_in_its_reading() {
    let settings: Vec<Setting> = (noises().iter())
        .flat_map(|facts| Setting::of(facts.key, &[], 1.0))
        .collect();
    for facts in schemes().into_iter().filter(|facts| !facts.implicit) {
        let found = weak_order(&plan(facts.key, &[64, 128, 256], 4), &settings).expect("an answer");
        assert!(found.curves.len() >= 3 * settings.len(), "{}", facts.key);
        assert_eq!(found.damped, facts.key != "leapfrog", "{}", facts.key);
        for curve in &found.curves {
            for sample in &curve.samples {
                assert!(sample.error.is_finite() && sample.deviation.is_finite());
            }
            let [first, .., last] = curve.samples.as_slice() else {
                panic!("three samples");
            };
            let (Some(first), Some(last)) = (first.computed, last.computed) else {
                continue;
            };
            let name = (
                facts.key,
                curve.setting.label(),
                curve.sde.name,
                curve.moment,
            );
            if found.damped || curve.moment == 1 {
                // A quarter of the step: the error is below half, or was below what other terms leave.
                assert!(
                    last.abs() < 0.5 * first.abs() || last.abs() < 2e-3,
                    "{name:?}: {first} to {last}"
                );
            } else {
                assert!(
                    last.abs() > 0.7 * first.abs(),
                    "{name:?}: {first} to {last}"
                );
            }
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let settings = [depth(0.8), Setting::of("gaussian", &[], 1.0)[0]];
    let samples = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let plan = Plan {
            seed,
            ..plan("lm", &[4, 8, 16], 1001)
        };
        let found = pool
            .expect("a pool")
            .install(|| weak_order(&plan, &settings));
        let curves = found.expect("orders").curves;
        curves
            .into_iter()
            .flat_map(|c| c.samples)
            .collect::<Vec<_>>()
    };
    let one = samples(1, 7);
    assert_eq!(one, samples(3, 7));
    assert_ne!(one, samples(1, 8));
}

#[test]
fn nonsense_is_refused() {
    let steps = [4, 8, 16];
    let refused = |plan: &Plan<'_>, p: f64| weak_order(plan, &[depth(p)]).is_err();
    assert!(refused(&plan("eulr", &steps, 100), 0.5));
    assert!(refused(&plan("euler", &[4, 8, 8], 100), 0.5));
    assert!(refused(&plan("euler", &[1, 2, 4], 100), 0.5));
    assert!(refused(&plan("euler", &steps, 2), 0.5));
    for p in [0.0, 1.0, -0.1, 1.1, f64::NAN] {
        assert!(refused(&plan("euler", &steps, 100), p), "{p}");
    }
    for k in [-1.0, 1.5, f64::NAN] {
        let plan = Plan {
            k: Some(k),
            ..plan("lm", &steps, 100)
        };
        assert!(refused(&plan, 0.5), "{k}");
    }
    assert!(!refused(&plan("euler", &steps, 5), 0.5));
}
