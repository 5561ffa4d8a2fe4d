//! Does every registered scheme keep the promises that its facts make?

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use timestep_numerics::{
    HEADINGS, Memory, Scheme, SchemeFacts, StageId, StepCtx, StepError, analysis, facts, scheme,
    schemes,
};

type State = Vec<f64>;

fn build(facts: &SchemeFacts) -> Box<dyn Scheme<State>> {
    scheme(facts.key).expect("registered keys are found")
}

fn ctx(facts: &SchemeFacts, step: usize, h: f64) -> StepCtx<State> {
    let all = |c: &timestep_numerics::CoefficientFacts| {
        let older = c.older.iter().copied();
        std::iter::once(c.default).chain(older).collect()
    };
    StepCtx::new(step, h).with_coefs(facts.coefficient.as_ref().map_or(Vec::new(), all))
}

/// Non-linear, and different at every stage, so that mixed-up stages show.
fn wavy(at: StageId, u: &State) -> Result<State, StepError> {
    Ok(u.iter()
        .map(|v| (v + 0.1 * at.stage as f64).sin() - 0.3 * v)
        .collect())
}

const START: [f64; 4] = [0.4, -1.3, 0.7, 2.1];

/// States `u_0 … u_n` of a run, and the memory after it.
fn run(facts: &SchemeFacts, steps: usize) -> (Vec<State>, Memory<State>) {
    let scheme = build(facts);
    let mut states = vec![START.to_vec()];
    let mut memory = Memory::new();
    for step in 0..steps {
        let u = states[step].clone();
        let next = scheme.step(&mut wavy, &u, &mut memory, &ctx(facts, step, 0.1));
        states.push(next.expect("the test states fit"));
    }
    (states, memory)
}

fn close(a: &State, b: &State, tolerance: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x - y).abs() <= tolerance)
}

#[test]
fn every_page_has_all_headings_in_order() {
    for facts in schemes() {
        let page = facts.page();
        let found: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .collect();
        assert_eq!(found, HEADINGS, "page of {}", facts.key);
        let sections: Vec<&str> = page.split("\n# ").skip(1).collect();
        for section in sections {
            assert!(
                section.trim().lines().count() > 1,
                "empty section in {}: {section}",
                facts.key
            );
        }
        assert!(
            !page.contains("use crate"),
            "code leaked into the page of {}",
            facts.key
        );
    }
}

#[test]
fn every_name_means_one_scheme() {
    let mut seen = BTreeSet::new();
    for expected in schemes() {
        for name in std::iter::once(&expected.key).chain(expected.aliases) {
            assert!(
                seen.insert(name.to_ascii_lowercase()),
                "`{name}` is used twice"
            );
            assert_eq!(facts(name).expect("a known name").key, expected.key);
            let shouted = name.to_ascii_uppercase();
            assert_eq!(
                scheme::<f64>(&shouted).expect("a known name").facts().key,
                expected.key
            );
        }
    }
}

#[test]
fn a_wrong_name_gets_a_hint() {
    let error = scheme::<f64>("leapfrgo").err().expect("no such scheme");
    assert_eq!(error.to_string(), "there is no scheme `leapfrgo`");
    assert_eq!(error.name(), "leapfrgo");
    assert_eq!(error.suggestions().first(), Some(&"leapfrog"));
    for facts in schemes() {
        assert!(error.hint().contains(facts.key));
    }
    let far = facts("zzzzzz").expect_err("no such scheme");
    assert!(far.suggestions().is_empty() && far.hint().starts_with("the schemes are euler, lm"));
}

#[test]
fn order_is_as_claimed() {
    for facts in schemes() {
        let order = analysis::order(facts.key, None).expect("every scheme has an order");
        assert_eq!(order.theory, facts.order);
        let deviation = (order.order - f64::from(facts.order)).abs();
        assert!(deviation < 0.1, "{}: {order:?}", facts.key);
    }
}

/// A scheme of order p solves its modified equation's leading term up to `h^p`.
#[test]
fn modified_equation_agrees_with_the_order() {
    for facts in schemes() {
        let equation = analysis::modified_equation(facts.key, None, 6).expect("it has one");
        for j in 2..=facts.order as usize {
            let c = equation.coefficients[j - 1];
            assert!(c.abs() < 1e-12, "{}: {equation}", facts.key);
        }
    }
}

#[test]
fn without_right_hand_side_nothing_moves() {
    for facts in schemes() {
        let scheme = build(facts);
        let mut zero = |_: StageId, u: &State| Ok::<_, StepError>(vec![0.0; u.len()]);
        let (mut u, mut memory) = (START.to_vec(), Memory::new());
        for step in 0..5 {
            u = scheme
                .step(&mut zero, &u, &mut memory, &ctx(facts, step, 1.0))
                .expect("it fits");
            assert!(
                close(&u, &START.to_vec(), 1e-15),
                "{} moved to {u:?}",
                facts.key
            );
        }
    }
}

#[test]
fn a_restart_equals_a_fresh_memory() {
    for facts in schemes() {
        let scheme = build(facts);
        let (states, memory) = run(facts, 3);
        let u = states.last().expect("a run has states");
        let mut restart = ctx(facts, 7, 0.1);
        restart.restart = true;
        let (mut old, mut fresh) = (memory.clone(), Memory::new());
        let from_old = scheme
            .step(&mut wavy, u, &mut old, &restart)
            .expect("it fits");
        let from_fresh = scheme
            .step(&mut wavy, u, &mut fresh, &restart)
            .expect("it fits");
        assert_eq!(from_old, from_fresh, "{}", facts.key);
        // And the run continues alike.
        let next = ctx(facts, 8, 0.1);
        let from_old = scheme
            .step(&mut wavy, &from_old, &mut old, &next)
            .expect("it fits");
        let from_fresh = scheme
            .step(&mut wavy, &from_fresh, &mut fresh, &next)
            .expect("it fits");
        assert_eq!(from_old, from_fresh, "{}", facts.key);
    }
}

#[test]
fn evaluations_and_memory_are_as_claimed() {
    for facts in schemes() {
        let scheme = build(facts);
        let (states, mut memory) = run(facts, facts.memory + 2);
        assert_eq!(memory.len(), facts.memory, "{}", facts.key);
        for back in 1..=facts.memory {
            let past = memory.back(back).expect("the memory is full");
            assert_eq!(past.slope.is_some(), facts.keeps_slopes, "{}", facts.key);
        }
        for restart in [false, true] {
            let mut seen = Vec::new();
            let mut counted = |at: StageId, u: &State| {
                seen.push(at);
                wavy(at, u)
            };
            let mut at = ctx(facts, 9, 0.1);
            at.restart = restart;
            scheme
                .step(&mut counted, &states[0], &mut memory, &at)
                .expect("it fits");
            let history = if restart { 0 } else { facts.memory };
            let expected: Vec<StageId> = (0..facts.stages_at(history))
                .map(|stage| StageId { step: 9, stage })
                .collect();
            seen.sort();
            if facts.implicit {
                // As often as it takes to solve the equation.
                seen.dedup();
            }
            assert_eq!(seen, expected, "{}", facts.key);
        }
    }
}

#[test]
fn an_unstep_undoes_a_step() {
    let mut reversible = 0;
    for facts in schemes() {
        let scheme = build(facts);
        let Some(inverse) = scheme.reversible() else {
            continue;
        };
        reversible += 1;
        let (states, mut memory) = run(facts, 10);
        let mut u = states[10].clone();
        for step in (0..10).rev() {
            u = inverse
                .unstep(&mut wavy, &u, &mut memory, &ctx(facts, step, 0.1))
                .expect("the step was taken");
            assert!(
                close(&u, &states[step], 1e-13),
                "{} at step {step}",
                facts.key
            );
        }
        assert!(memory.is_empty(), "{} left something in memory", facts.key);
    }
    assert!(reversible >= 2);
}

#[test]
fn missing_coefficients_are_an_error() {
    for facts in schemes() {
        let Some(coefficient) = facts.coefficient else {
            continue;
        };
        let scheme = build(facts);
        let mut memory = Memory::new();
        let first = StepCtx::new(0, 0.1);
        let u = scheme.step(&mut wavy, &START.to_vec(), &mut memory, &first);
        assert_eq!(u.is_ok(), !coefficient.at_restart, "{}", facts.key);
        let second = StepCtx::new(1, 0.1);
        let error = scheme
            .step(&mut wavy, &START.to_vec(), &mut memory, &second)
            .err();
        assert!(matches!(
            error,
            Some(StepError::MissingCoefficients { step: 1, .. })
        ));
    }
}

#[test]
fn partitioned_schemes_refuse_states_without_halves() {
    for facts in schemes() {
        let scheme = scheme::<f64>(facts.key).expect("registered");
        let mut f = |_: StageId, u: &f64| Ok::<_, StepError>(-u);
        let ctx = StepCtx::new(0, 0.1).with_coefs(vec![0.0]);
        let step = scheme.step(&mut f, &1.0, &mut Memory::new(), &ctx);
        let refused = step == Err(StepError::NoHalves { scheme: facts.key });
        assert_eq!(refused, facts.parts > 1, "{}", facts.key);
    }
}

/// A failing block fails the step, at any stage.
#[test]
fn failures_of_the_right_hand_side_come_through() {
    for facts in schemes() {
        for failing in 0..facts.start_stages {
            let mut f = |at: StageId, u: &State| {
                if at.stage == failing {
                    Err(StepError::Rhs("no".into()))
                } else {
                    wavy(at, u)
                }
            };
            let step = build(facts).step(
                &mut f,
                &START.to_vec(),
                &mut Memory::new(),
                &ctx(facts, 0, 0.1),
            );
            assert_eq!(step, Err(StepError::Rhs("no".into())), "{}", facts.key);
        }
    }
}

/// The committed table. Rewrite it with `UPDATE_SNAPSHOTS=1 cargo test`, then read the difference.
#[test]
fn stability_is_as_committed() {
    let mut table = String::from(
        "# scheme: left end of the real interval, imaginary interval, modified equation\n",
    );
    for facts in schemes() {
        let stability = analysis::stability(facts.key, None).expect("every scheme has one");
        assert!(stability.zero_stable, "{}", facts.key);
        let equation = analysis::modified_equation(facts.key, None, 4).expect("it has one");
        let (left, up) = (stability.real_interval.0, stability.imaginary_interval);
        writeln!(
            table,
            "{:<10} {left:>10.6} {up:>9.6}  {equation}",
            facts.key
        )
        .expect("writing to a string works");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/stability.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &table).expect("the snapshot can be written");
    }
    let committed = std::fs::read_to_string(&path).expect("the snapshot is committed");
    assert_eq!(
        table,
        committed,
        "stability differs from {}",
        path.display()
    );
}
