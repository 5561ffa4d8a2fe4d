//! Every optimiser against an independent one, with any number of threads, frozen and resumed.

use super::*;
use timestep_registry::Value;

/// Numbers that an independent optimiser made; see `tests/golden/optimisers`.
struct Golden {
    rates: Vec<f64>,
    lines: Vec<(String, usize, Vec<f32>)>,
}

impl Golden {
    fn read(text: &str) -> Self {
        let mut rates = Vec::new();
        let mut lines = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split(',');
            let what = fields.next().expect("a name").to_owned();
            let step = fields.next().and_then(|s| s.parse().ok()).expect("a step");
            let numbers: Vec<f64> = fields.map(|n| n.parse().expect("a number")).collect();
            if what == "rates" {
                rates = numbers;
            } else {
                lines.push((what, step, numbers.iter().map(|n| *n as f32).collect()));
            }
        }
        Self { rates, lines }
    }

    fn get(&self, what: &str, step: usize) -> &[f32] {
        let line = self.lines.iter().find(|(w, s, _)| w == what && *s == step);
        &line.expect("in the file").2
    }
}

macro_rules! golden {
    ($name:literal) => {
        Golden::read(include_str!(concat!(
            "../../../../tests/golden/optimisers/",
            $name,
            ".csv"
        )))
    };
}

fn group(range: Range<usize>, decay: f64) -> Group {
    Group {
        range,
        decay,
        frozen: false,
    }
}

/// Follows five golden steps. Weights may be off by four units in the last place of numbers around 1:
/// PyTorch fuses multiplications and additions, or does not, as its compiler and processor like.
fn follows(golden: &Golden, mut optimiser: Box<dyn Optimiser>, decay: f64) {
    let groups = [
        group(0..10, decay),
        group(10..16, 0.0),
        group(16..24, decay),
    ];
    let mut values = golden.get("values", 0).to_vec();
    for (step, lr) in golden.rates.iter().enumerate() {
        optimiser.update(&mut values, golden.get("gradients", step + 1), &groups, *lr);
        close(&values, golden.get("values", step + 1), 1.0);
    }
    assert_eq!(optimiser.steps(), 5);
    for (name, numbers) in optimiser.state() {
        // Sums of squares do not cancel, so that small ones are as exact as large ones.
        let least = if name == "second_moment" { 0.0 } else { 1.0 };
        close(numbers, golden.get(name, 5), least);
    }
}

/// Equal up to four units in the last place, of `least` for smaller numbers.
fn close(got: &[f32], want: &[f32], least: f32) {
    for (at, (got, want)) in got.iter().zip(want).enumerate() {
        let tolerance = 4.0 * f32::EPSILON * want.abs().max(least);
        assert!(
            (got - want).abs() <= tolerance,
            "number {at}: {got} against {want}, tolerance {tolerance}"
        );
    }
}

fn number(values: Values, key: &str, number: f64) -> Values {
    values.with(key, number)
}

fn made(name: &str, values: &Values) -> Box<dyn Optimiser> {
    optimiser(name, values).expect("sensible settings")
}

#[test]
fn sgd_moves_as_in_pytorch() {
    let nesterov = Values::default().with("nesterov", true);
    let plain = number(Values::default(), "momentum", 0.0);
    follows(&golden!("sgd"), made("sgd", &Values::default()), 0.1);
    follows(&golden!("sgd-nesterov"), made("sgd", &nesterov), 0.1);
    follows(&golden!("sgd-plain"), made("sgd", &plain), 0.1);
}

#[test]
fn adamw_moves_as_in_pytorch() {
    let published = Values::default();
    follows(&golden!("adamw"), made("adamw", &published), 0.3);
    let short = number(number(published, "beta1", 0.4), "beta2", 0.7);
    let short = number(short, "eps", 1e-3);
    follows(&golden!("adamw-short"), made("adamw", &short), 0.3);
}

#[test]
fn lion_moves_as_in_its_publication() {
    follows(&golden!("lion"), made("lion", &Values::default()), 1.0);
}

/// Weights and gradients that fill several pieces and part of one.
fn long() -> (Vec<f32>, Vec<f32>) {
    let n = 3 * CHUNK + 1234;
    (0..n)
        .map(|i| ((i as f32 * 0.37).sin(), (i as f32 * 0.11).cos()))
        .unzip()
}

/// Bits after three steps, and bits of the state.
fn bits(threads: usize, name: &str, groups: &[Group]) -> (Vec<u32>, Vec<u32>) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("threads").install(|| {
        let (mut values, gradients) = long();
        let mut optimiser = made(name, &Values::default());
        for _ in 0..3 {
            optimiser.update(&mut values, &gradients, groups, 0.01);
        }
        let of = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let state = optimiser.state().into_iter().flat_map(|(_, s)| of(s));
        (of(&values), state.collect())
    })
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let end = long().0.len();
    let groups = [
        group(0..777, 0.0),
        group(777..777, 0.0),
        group(777..end, 0.1),
    ];
    for facts in optimisers() {
        let one = bits(1, facts.key, &groups);
        assert_eq!(one, bits(3, facts.key, &groups), "{}", facts.key);
        assert_eq!(one, bits(8, facts.key, &groups), "{}", facts.key);
    }
}

#[test]
fn how_weights_are_grouped_changes_no_bit() {
    let end = long().0.len();
    let one = [group(0..end, 0.1)];
    let many = [
        group(0..5, 0.1),
        group(5..5, 0.1),
        group(5..CHUNK + 9, 0.1),
        group(CHUNK + 9..end, 0.1),
    ];
    for facts in optimisers() {
        assert_eq!(bits(2, facts.key, &one), bits(2, facts.key, &many));
    }
}

#[test]
fn frozen_weights_and_those_outside_groups_keep_their_bits() {
    let frozen = Group {
        range: 10..CHUNK + 20,
        decay: 0.5,
        frozen: true,
    };
    for facts in optimisers() {
        let (before, gradients) = long();
        let mut values = before.clone();
        // NaN must not reach numbers that do not move.
        values[15] = f32::NAN;
        let groups = [
            group(0..10, 0.5),
            frozen.clone(),
            group(CHUNK + 30..2 * CHUNK, 0.5),
        ];
        let mut optimiser = made(facts.key, &Values::default());
        for _ in 0..2 {
            optimiser.update(&mut values, &gradients, &groups, 0.1);
        }
        for (at, (now, then)) in values.iter().zip(&before).enumerate() {
            let still = (10..CHUNK + 30).contains(&at) || at >= 2 * CHUNK;
            if at != 15 {
                assert_eq!(now.to_bits() == then.to_bits(), still, "{} {at}", facts.key);
            }
        }
        assert!(values[15].is_nan());
        // Nothing at all is a step, too.
        optimiser.update(&mut values, &gradients, &[], 0.1);
        assert_eq!(optimiser.steps(), 3);
    }
}

#[test]
fn networks_without_weights_are_no_special_case() {
    for facts in optimisers() {
        let mut optimiser = made(facts.key, &Values::default());
        optimiser.update(&mut [], &[], &[group(0..0, 0.1)], 0.1);
        assert_eq!(optimiser.steps(), 1);
    }
}

#[test]
fn restored_optimisers_go_on_as_if_nothing_had_happened() {
    let (start, gradients) = long();
    let groups = [group(0..start.len(), 0.1)];
    for facts in optimisers() {
        let mut through = made(facts.key, &Values::default());
        assert!(through.state().is_empty(), "{}", facts.key);
        let mut values = start.clone();
        for _ in 0..4 {
            through.update(&mut values, &gradients, &groups, 0.01);
        }
        let state = through.state();
        assert!(state.len() <= facts.memory && state.iter().all(|(_, s)| s.len() == start.len()));
        let saved = state
            .iter()
            .map(|(name, s)| ((*name).to_owned(), s.to_vec()));
        let mut resumed = made(facts.key, &Values::default());
        resumed.restore(4, saved.collect()).expect("its own state");
        let mut others = values.clone();
        for _ in 0..3 {
            through.update(&mut values, &gradients, &groups, 0.01);
            resumed.update(&mut others, &gradients, &groups, 0.01);
        }
        let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&values), bits(&others), "{}", facts.key);
        assert_eq!(through.steps(), resumed.steps());
    }
}

#[test]
fn a_state_of_another_optimiser_is_refused() {
    let part = |name: &str, n: usize| (name.to_owned(), vec![0.0; n]);
    let refused = |name: &str, steps, state| {
        let mut optimiser = made(name, &Values::default());
        optimiser.restore(steps, state).expect_err("not its own")
    };
    assert_eq!(
        refused("adamw", 1, vec![part("first_moment", 3)]).to_string(),
        "the state of `adamw` has no `second_moment`"
    );
    assert_eq!(
        refused("sgd", 1, vec![part("velocity", 3), part("momentum", 3)]).to_string(),
        "`momentum` is no part of the state of `sgd`"
    );
    let uneven = vec![part("first_moment", 3), part("second_moment", 2)];
    assert_eq!(
        refused("adamw", 1, uneven).to_string(),
        "`second_moment` has 2 numbers, and 3 belong there"
    );
    let mut rested = made("lion", &Values::default());
    rested
        .restore(0, Vec::new())
        .expect("nothing before the first step");
}

#[test]
fn settings_are_checked_and_those_of_others_refused() {
    let why = |name: &str, values: &Values| optimiser(name, values).expect_err("wrong").to_string();
    let momentum = |x| number(Values::default(), "momentum", x);
    assert_eq!(
        why("adamw", &momentum(0.9)),
        "the optimiser `adamw` has no setting `momentum`"
    );
    let wanted = "the optimiser `sgd`: `momentum` must be at least 0 and below 1";
    assert_eq!(why("sgd", &momentum(1.0)), wanted);
    assert_eq!(why("SGD", &momentum(f64::NAN)), wanted);
    assert_eq!(
        why("adamw", &number(Values::default(), "eps", 0.0)),
        "the optimiser `adamw`: `eps` must be finite and above 0"
    );
    let switch = Values::default().with("momentum", true);
    assert!(why("sgd", &switch).ends_with("must be a number"));
    let nesterov = number(Values::default(), "nesterov", 1.0);
    assert!(why("sgd", &nesterov).ends_with("must be `true` or `false`"));
    assert_eq!(
        why("adam", &Values::default()),
        "there is no optimiser `adam`"
    );
    assert_eq!(
        optimiser_facts("Adam-W").map(|facts| facts.key),
        Some("adamw")
    );
}

#[test]
fn every_file_is_registered_and_documented() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/optimisers");
    let helpers = ["pieces", "tests"];
    assert!(timestep_registry::unregistered(folder, MODULES, &helpers).is_empty());
    for facts in optimisers() {
        assert_eq!(facts.lacks(&HEADINGS), None, "{}", facts.key);
        assert_eq!(made(facts.key, &Values::default()).facts().key, facts.key);
        for setting in facts.settings {
            assert_eq!(setting.check(&setting.default), Ok(()), "{}", setting.path);
            assert_eq!(setting.path, format!("optimiser.{}", setting.key()));
        }
    }
}

#[test]
fn values_are_written_as_people_do() {
    let shown = [1e-8, 0.001, 0.9, 0.0].map(|x| Value::Number(x).to_string());
    assert_eq!(shown, ["1e-8", "0.001", "0.9", "0"]);
}

#[test]
fn settings_with_one_name_have_one_type() {
    let all = || optimisers().into_iter().flat_map(|facts| facts.settings);
    for one in all() {
        for other in all().filter(|other| other.path == one.path) {
            let same = matches!(one.default, Value::Switch(_))
                == matches!(other.default, Value::Switch(_));
            assert!(same, "`{}` has two types", one.path);
        }
    }
}
