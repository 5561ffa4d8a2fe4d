//! Does a network that chooses its steps follow its equation, and does it learn what it computed?

use crate::common::{Images, classes, differences, farthest, largest, learn, logits, train};
use timestep_engine::{Exact, Fused, Recording, Wanted};
use timestep_nets::resample::{Interpolation, Manner, resample};
use timestep_nets::{
    Activations, Between, ControlConfig, Engine, InputShape, Metadata, Mode, Network,
    NetworkConfig, Parameters, Pass, ops, read_safetensors, to_safetensors,
};
use timestep_numerics::adaptive::pairs;

const INPUT: InputShape = InputShape {
    channels: 3,
    height: 6,
    width: 6,
};

const BETWEEN: [Between; 2] = [Between::Linear, Between::Constant];

fn fixed(scheme: &str) -> NetworkConfig {
    NetworkConfig::new("preact", scheme, INPUT, 5).with_segments(&[3, 3], 4)
}

fn controlled(scheme: &str, rtol: f64, between: Between) -> NetworkConfig {
    let mut config = fixed(scheme);
    config.scheme.control = Some(ControlConfig {
        between,
        ..ControlConfig::new(rtol)
    });
    config
}

fn build(config: &NetworkConfig) -> Network {
    Network::build(config).unwrap_or_else(|e| panic!("{}: {e}", config.name))
}

fn images() -> Images {
    Images::named("controlled", 4, INPUT)
}

/// Parameters whose running statistics and scales are not those of a fresh network.
fn parameters(network: &Network, seed: u64) -> Parameters {
    let mut parameters = network.init(seed);
    for (n, id) in parameters.ids().enumerate() {
        let name = network.specs()[id.index()].name.clone();
        let values = parameters.value_mut(id).iter_mut().enumerate();
        if name.ends_with("running_var") {
            values.for_each(|(i, v)| *v = 1.0 + 0.1 * ((n + i) % 5) as f32);
        } else if name.ends_with("running_mean") {
            values.for_each(|(i, v)| *v = 0.05 * ((n + i) % 3) as f32);
        }
    }
    parameters
}

/// With weights that are constant in each cell the equation is that of many fixed steps of a fourth; errors shrink with the tolerance, at least half as
/// fast as that, and pairs of higher order take fewer evaluations.
#[test]
fn errors_follow_the_tolerance_and_the_limit_is_that_of_fixed_steps() {
    let base = build(&fixed("euler"));
    let weights = parameters(&base, 1);
    let manner = Manner {
        interpolation: Interpolation::Constant,
        ..Manner::default()
    };
    let fine = resample(&base, &weights, &[192, 129], manner).expect("more steps");
    let mut rk4 = fine.network.config().clone();
    rk4.scheme.name = "rk4".to_owned();
    let fine_network = build(&rk4);
    let fine_weights = staged(&fine_network, &fine.parameters);
    let limit = logits(
        &Exact,
        (&fine_network, &fine_weights),
        &images(),
        Mode::Eval,
        None,
    );
    let mut took = Vec::new();
    for pair in pairs() {
        let mut errors = Vec::new();
        for rtol in [1e-2, 1e-4, 1e-6] {
            let mut config = controlled(pair.scheme, rtol, Between::Constant);
            let control = config.scheme.control.as_mut().expect("controlled");
            control.evaluations = 100_000;
            let network = build(&config);
            let pass = Pass::new(&Exact, &weights, Mode::Eval);
            let found = network.forward(&pass, images().on(&pass)).expect("steps");
            errors.push(farthest(&found.read(), &limit) / largest(&limit));
            took.push(pass.effort());
        }
        let told = format!("{}: {errors:?}", pair.key);
        assert!(errors[0] < 0.1 && errors[2] < 1e-4, "{told}");
        assert!(
            errors[1] < 0.3 * errors[0] && errors[2] < 0.3 * errors[1],
            "{told}"
        );
    }
    let evaluations: Vec<u64> = took.iter().map(|effort| effort.evaluations).collect();
    // At the smallest tolerance of each.
    assert!(
        evaluations[2] > evaluations[5] && evaluations[5] > evaluations[8],
        "{evaluations:?}"
    );
    assert!(
        took.iter().all(|e| e.steps >= 5 && e.backward == 0),
        "{took:?}"
    );
}

/// Cells so short that each is one step, whatever the weights.
fn short(scheme: &str, between: Between) -> NetworkConfig {
    let mut config = controlled(scheme, 1.0, between);
    config.scheme.h = vec![0.01];
    let control = config.scheme.control.as_mut().expect("controlled");
    control.atol = 10.0;
    config
}

/// Where every cell is one step the network is that of the fixed scheme, whose activations are kept: logits and gradients are the same.
#[test]
fn one_step_for_each_cell_is_backpropagation_through_the_fixed_scheme() {
    for pair in pairs() {
        let network = build(&short(pair.scheme, Between::Constant));
        let weights = parameters(&network, 2);
        let mut config = fixed(pair.scheme);
        config.scheme.h = vec![0.01];
        let want = build(&config);
        let same = staged(&want, &weights);
        let pass = Pass::new(&Exact, &weights, Mode::Train);
        network.forward(&pass, images().on(&pass)).expect("steps");
        // Two cells of the second segment lie behind its transition.
        assert_eq!(pass.effort().steps, 5, "{}", pair.key);
        let targets = classes(4, 0.1);
        let run = |network: &Network, weights: &Parameters| {
            train(&Exact, (network, weights), &images(), &targets, None)
        };
        let (got, wanted) = (run(&network, &weights), run(&want, &same));
        assert!(
            farthest(&got.logits, &wanted.logits) < 1e-10,
            "{}",
            pair.key
        );
        for (spec, gradient) in network.specs().iter().zip(&got.gradients) {
            let Some(gradient) = gradient else {
                continue;
            };
            let id = want.specs().find(&spec.name).expect("the same block");
            let wanted = wanted.gradients[id.index()].as_ref().expect("trained");
            let size = largest(wanted).max(1e-6);
            assert!(
                farthest(gradient, wanted) < 1e-9 * size,
                "{}: {}",
                pair.key,
                spec.name
            );
        }
        let [got, wanted] = [got, wanted].map(|f| f.images.expect("recorded"));
        assert!(
            farthest(&got, &wanted) < 1e-9 * largest(&wanted),
            "{}",
            pair.key
        );
    }
}

/// The numbers of a network for one with a scheme whose stages have running statistics of their own.
fn staged(network: &Network, weights: &Parameters) -> Parameters {
    let mut all = network.init(0);
    for (spec, id) in network.specs().iter().zip(network.specs().ids()) {
        let parts = spec
            .name
            .split('.')
            .filter(|part| !part.starts_with("stage"));
        let from = weights.find(&parts.collect::<Vec<_>>().join("."));
        let values = weights.value(from.expect("the same block")).to_vec();
        all.value_mut(id).copy_from_slice(&values);
    }
    all
}

/// Compares gradients of blocks, of parameters whose names end so, with differences over `2 e`, to a part `to` of the largest of a parameter.
///
/// Returns the steps that were taken.
fn differentiate(config: &NetworkConfig, ends: &str, (e, to): (f64, f64)) -> u64 {
    let network = build(config);
    let parameters = parameters(&network, 3);
    let images = images();
    let pass = Pass::training(&Exact, &parameters);
    let leaf = images.leaf(&pass);
    let found = learn(pass, &network, leaf, &classes(4, 0.1));
    let specs = network.specs();
    let still = Recording {
        wanted: Wanted::Nothing,
        statistics: true,
    };
    for (id, spec) in specs.ids().zip(specs.iter()) {
        if !spec.is_trained() || !spec.name.contains("layer") || !spec.name.ends_with(ends) {
            continue;
        }
        let at = spec.len() / 2;
        let at_offset = |offset: f64| {
            let values = parameters.values().iter();
            let mut values: Vec<f64> = values.map(|v| f64::from(*v)).collect();
            values[specs.range(id)][at] += offset;
            let pass = Pass::on(Exact.open_f64(specs, values, &still), Mode::Train);
            let logits = network.forward(&pass, images.on(&pass)).expect("forward");
            ops::cross_entropy(&logits, &classes(4, 0.1)).read()[0]
        };
        let numeric = (at_offset(e) - at_offset(-e)) / (2.0 * e);
        // Weights in the middle of a step of `heun`, which looks at its ends only, have no gradient.
        let exact = found.gradients[id.index()].clone();
        let exact = exact.unwrap_or_else(|| vec![0.0; spec.len()]);
        let scale = exact.iter().fold(1e-5_f64, |m, g| m.max(g.abs()));
        assert!(
            (numeric - exact[at]).abs() < to * scale,
            "{} {:?} `{}`: {numeric} against {}",
            config.name,
            config.scheme.control,
            spec.name,
            exact[at]
        );
    }
    let pass = Pass::new(&Exact, &parameters, Mode::Train);
    network.forward(&pass, images.on(&pass)).expect("forward");
    pass.effort().steps
}

#[test]
fn gradients_agree_with_finite_differences_in_f64() {
    for between in BETWEEN {
        for pair in pairs() {
            let mut config = short(pair.scheme, between);
            if between == Between::Linear {
                // One step for all cells.
                config.scheme.h = vec![0.001];
            }
            let steps = differentiate(&config, "", (1e-5, 1e-4));
            // Of one step in a piece the size does not depend on weights.
            assert_eq!(
                steps,
                if between == Between::Linear { 2 } else { 5 },
                "{}",
                pair.key
            );
        }
        // Many steps, whose number and sizes are taken as given: what they change is below the tolerance, and differences have to be
        // far above it.
        let mut config = controlled("dopri5", 1e-9, between);
        config.body.steps = vec![2, 2];
        config.scheme.h = vec![0.2];
        let control = config.scheme.control.as_mut().expect("controlled");
        control.evaluations = 100_000;
        let steps = differentiate(&config, ".1.conv1.weight", (1e-3, 5e-3));
        assert!(steps > 10, "{steps}");
    }
}

/// The fused engine agrees with the exact one; every statistic is measured once.
#[test]
fn engines_agree_and_statistics_are_measured_once() {
    for between in BETWEEN {
        // One step a cell for both: which steps are taken is a matter of rounding otherwise.
        let network = build(&controlled("bosh3", 0.5, between));
        let weights = parameters(&network, 4);
        let targets = classes(4, 0.1);
        let found = [&Fused as &dyn Engine, &Exact].map(|engine| {
            train(engine, (&network, &weights), &images(), &targets, None).named(&network)
        });
        let most = largest(found[1].iter().flat_map(|(_, v)| v));
        let wrong = differences(&found[0], &found[1], 1e-3, 1e-4 * most);
        assert!(wrong.is_empty(), "{between:?}: {}", wrong.join(", "));
    }
}

#[test]
fn any_number_of_threads_finds_the_same_bits() {
    let network = build(&controlled("dopri5", 1e-3, Between::Linear));
    let weights = parameters(&network, 5);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let found = train(
                &Fused,
                (&network, &weights),
                &images(),
                &classes(4, 0.0),
                None,
            );
            (found.logits, found.gradients)
        })
    };
    let one = on(1);
    assert!(one == on(2) && one == on(5));
}

#[test]
fn weights_are_those_of_the_steps_and_go_through_a_file() {
    for between in BETWEEN {
        let network = build(&controlled("heun", 1e-2, between));
        // A block for each cell, whatever the stages of the pair.
        assert_eq!(network.specs(), build(&fixed("euler")).specs());
        let weights = parameters(&network, 6);
        let bytes = to_safetensors(&weights, &Metadata::new()).expect("writes");
        let again = network
            .load(&read_safetensors(&bytes).expect("reads"))
            .expect("fits");
        assert_eq!(again, weights);
        let text = serde_json::to_string(network.config()).expect("writes");
        let config: NetworkConfig = serde_json::from_str(&text).expect("reads");
        assert_eq!(&config, network.config());
        let [a, b] = [&weights, &again]
            .map(|w| logits(&Fused, (&build(&config), w), &images(), Mode::Eval, None));
        assert_eq!(a, b);
    }
}

#[test]
fn what_cannot_be_controlled_is_refused_and_what_takes_too_long_ends() {
    let refused = |change: &dyn Fn(&mut NetworkConfig), words: &str| {
        let mut config = controlled("dopri5", 1e-2, Between::Linear);
        change(&mut config);
        let error = Network::build(&config).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    };
    refused(
        &|c| c.scheme.name = "rk4".into(),
        "does not estimate its error",
    );
    refused(
        &|c| c.block.name = "postact".into(),
        "a ReLU after each step",
    );
    refused(&|c| c.block.dropout = 0.1, "dropout");
    refused(&|c| c.noise.name = "gaussian".into(), "noise");
    refused(
        &|c| c.body.activations = Activations::Reconstructed,
        "reconstructed",
    );
    refused(
        &|c| c.scheme.control = Some(ControlConfig::new(1e-20)),
        "tolerances",
    );
    let mut config = controlled("heun", 1e-6, Between::Linear);
    config.scheme.control = config.scheme.control.map(|control| ControlConfig {
        evaluations: 20,
        ..control
    });
    let network = build(&config);
    let weights = network.init(1);
    let pass = Pass::new(&Fused, &weights, Mode::Eval);
    let error = network
        .forward(&pass, images().on(&pass))
        .expect_err("too few");
    assert!(error.to_string().contains("evaluations of f"), "{error}");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("network.rtol"))
    );
    let steps = network.each_step::<timestep_nets::NetError>(
        &Fused,
        &weights,
        images().view(),
        &mut |_| Ok(()),
    );
    assert!(
        steps
            .expect_err("no steps")
            .to_string()
            .contains("no steps of its own")
    );
}
