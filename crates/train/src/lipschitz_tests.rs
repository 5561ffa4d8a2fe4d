//! Does a limit hold where weights are evaluated, and what does it refuse?

use super::*;
use crate::evaluate::{images, targets};
use crate::recipe::Layers;
use crate::{Examples, Learner, Setup};
use timestep_nets::{InputShape, NetworkConfig, device};

fn layers(network: &str, sets: &[&str]) -> Layers {
    let mut layers = Layers::load(&format!("digits/{network}"));
    for set in ["network.steps=[3,2]", "network.width=6"]
        .iter()
        .chain(sets)
    {
        layers.set(set);
    }
    layers
}

fn setup(network: &str, sets: &[&str]) -> Setup {
    let resolved = layers(network, sets).resolve();
    Setup::new(resolved.expect("a recipe")).expect("digits are embedded")
}

/// The largest bound in each of 25 steps at a large rate, and after that with norms found anew.
fn bounds(network: &str, sets: &[&str]) -> (Vec<f64>, f64, Parameters, Setup) {
    let setup = setup(network, sets);
    let engine = device("cpu").expect("cpu");
    let mut learner = Learner::of(engine, setup.recipe(), &setup.network).expect("a recipe");
    let mut parameters = setup.network.init(2);
    let judge = LipschitzLimit::of(&setup.network, 1.0).expect("chains");
    let judge = judge.expect("a limit");
    let loader = setup.train_loader().expect("images");
    let mut found = Vec::new();
    for batch in loader.epoch(0, 0).chain(loader.epoch(1, 0)).take(25) {
        let batch = batch.expect("a batch");
        let targets = targets(&batch, 0.0);
        let (dims, images) = images(&batch);
        let examples = Examples {
            dims,
            images,
            targets: &targets,
        };
        let step = learner.step(&setup.network, &mut parameters, &examples, 0.3, None);
        step.expect("a step").expect("finite");
        found.push(judge.value(&parameters));
    }
    learner.settle(&mut parameters);
    let settled = judge.value(&parameters);
    (found, settled, parameters, setup)
}

#[test]
fn the_bound_holds_where_it_is_proved_and_is_exceeded_without_it() {
    for network in ["parabolic-20", "preresnet-20"] {
        let (free, ..) = bounds(network, &[]);
        assert!(free.iter().all(|bound| *bound > 8.0), "{network}: {free:?}");
        let (found, settled, ..) = bounds(network, &["train.lipschitz=2"]);
        assert!(settled <= 2.0, "{network}: {settled}");
        for (step, bound) in found.iter().enumerate() {
            // In between norms are those at the frequencies that were largest, at three times the rate of the recipe.
            let most = if step % EVERY as usize == 0 {
                2.0
            } else {
                0.5 * free[step]
            };
            assert!(*bound <= most, "{network}, step {step}: {found:?}");
        }
        // It cuts no more than it has to.
        assert!(settled > 1.99, "{network}: {settled}");
    }
}

/// The spectrum that is measured at real images lies where the bound says, and not where training without it brings it.
#[test]
fn measured_eigenvalues_of_a_parabolic_network_lie_within_the_bound() {
    use timestep_nets::{NetError, Visit};
    use timestep_numerics::analysis::Effort;
    let extent = |sets: &[&str]| {
        let (_, _, parameters, setup) = bounds("parabolic-20", sets);
        let loader = setup.test_loader().expect("images");
        let batch = loader.epoch(0, 0).next().expect("a batch").expect("read");
        let (dims, pixels) = images(&batch);
        let image = dims[1] * dims[2] * dims[3];
        let engine = device("exact").expect("an engine");
        let (mut low, mut high, mut top) = (0.0_f64, f64::NEG_INFINITY, 0.0_f64);
        for at in 0..3 {
            let one = (
                [1, dims[1], dims[2], dims[3]],
                &pixels[at * image..(at + 1) * image],
            );
            let visited = setup
                .network
                .each_step(&*engine, &parameters, one, &mut |visit| {
                    if let Visit::Step(step) = visit {
                        let effort = Effort {
                            products: 60,
                            tolerance: 1e-3,
                        };
                        for value in step.spectrum(effort, 1)?.values {
                            low = low.min(value.z.re);
                            high = high.max(value.z.re);
                            top = top.max(value.z.im.abs());
                        }
                    }
                    Ok::<_, NetError>(())
                });
            visited.expect("steps");
        }
        (low, high, top)
    };
    let (low, high, top) = extent(&["train.lipschitz=2"]);
    assert!(low >= -2.0 && high <= 1e-5, "[{low}, {high}]");
    // D^½ K Kᵀ D^½ is symmetric: what is imaginary is rounding.
    assert!(top < 1e-3, "{top}");
    let (free, ..) = extent(&[]);
    assert!(free < -2.0, "{free}");
}

/// Scales below 0 turn damping into growth: a limit that is far away still keeps them out where the block needs it, and only there.
#[test]
fn scales_keep_their_sign_where_the_block_needs_it() {
    for (network, kept) in [("parabolic-20", true), ("preresnet-20", false)] {
        let setup = setup(network, &[]);
        let limit = LipschitzLimit::of(&setup.network, 1e9).expect("chains");
        let mut limit = limit.expect("a limit");
        let mut parameters = setup.network.init(0);
        let norms: Vec<NormLink> = (limit.chains.iter())
            .flat_map(|chain| chain.norms.clone())
            .collect();
        for norm in &norms {
            parameters.value_mut(norm.scale)[0] = -0.5;
        }
        limit.settle(&mut parameters);
        let cut = norms.iter().filter(|norm| norm.keeps_sign);
        assert_eq!(cut.clone().count() > 0, kept, "{network}");
        for norm in &norms {
            let found = parameters.value(norm.scale)[0];
            assert_eq!(found, if norm.keeps_sign { 0.0 } else { -0.5 });
        }
    }
}

/// Weights that are not finite are for the next step to find.
#[test]
fn weights_that_are_not_finite_stay_so() {
    let setup = setup("parabolic-20", &["train.lipschitz=2"]);
    let limit = LipschitzLimit::of(&setup.network, 2.0).expect("chains");
    let mut limit = limit.expect("a limit");
    let mut parameters = setup.network.init(0);
    let scale = limit.chains[0].norms[0].scale;
    parameters.value_mut(scale)[0] = f32::NAN;
    limit.settle(&mut parameters);
    assert!(parameters.value(scale)[0].is_nan());
    assert_eq!(limit.value(&parameters), f64::INFINITY);
}

#[test]
fn what_cannot_be_bounded_is_refused() {
    let words = |network: &str, sets: &[&str]| {
        let mut all = vec!["train.lipschitz=2"];
        all.extend(sets);
        let refused = match layers(network, &all).resolve() {
            Ok(resolved) => Setup::new(resolved)
                .expect_err("cannot be bounded")
                .to_string(),
            Err(error) => error.to_string(),
        };
        assert!(refused.contains("train.lipschitz"), "{refused}");
        refused
    };
    let block = words("preresnet-20", &["network.block=se-preact"]);
    assert!(
        block.contains("`preact`") && block.contains("`parabolic`"),
        "{block}"
    );
    let block = words("preresnet-20", &["network.block=reaction-diffusion"]);
    assert!(block.contains("`reaction-diffusion`"), "{block}");
    let chosen = words(
        "preresnet-20",
        &["network.scheme=dopri5", "network.rtol=0.1"],
    );
    assert!(chosen.contains("chooses its steps"), "{chosen}");
    let average = words("parabolic-20", &["train.ema=0.9"]);
    assert!(average.contains("`train.ema`"), "{average}");
    let frozen = words(
        "parabolic-20",
        &["train.freeze=[\"layer1\"]", "train.init=x"],
    );
    assert!(frozen.contains("`train.freeze`"), "{frozen}");
    let input = InputShape {
        channels: 1,
        height: 8,
        width: 8,
    };
    let config = NetworkConfig::new("bottleneck", "euler", input, 2).with_segments(&[1, 1], 4);
    let transitions = Network::build(&config).expect("builds");
    let none = LipschitzLimit::of(&transitions, 2.0).expect_err("no step");
    assert!(none.to_string().contains("keep the shape"), "{none}");
    let none = LipschitzLimit::of(&setup("preresnet-20", &[]).network, 0.0);
    assert!(none.expect("none").is_none());
}
