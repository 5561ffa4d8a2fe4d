//! Do networks change as slowly as their bounds say?

use super::*;
use crate::{InputShape, NetworkConfig, Visit, device};
use timestep_numerics::random::Stream;

fn config(block: &str, scheme: &str) -> NetworkConfig {
    let input = InputShape {
        channels: 2,
        height: 6,
        width: 6,
    };
    NetworkConfig::new(block, scheme, input, 3).with_segments(&[2, 2], 4)
}

/// First weights, with scales and running statistics that differ from channel to channel, some scales below 0.
fn uneven(network: &Network, seed: u64) -> Parameters {
    let mut parameters = network.init(seed);
    for (at, id) in network.specs().ids().enumerate() {
        let name = network.specs()[at].name.clone();
        let mut stream = Stream::new(seed, "uneven", at as u64, 0);
        let is_scale = network.specs()[at].role == crate::Role::Norm && name.ends_with(".weight");
        for value in parameters.value_mut(id) {
            if name.ends_with("running_var") {
                *value = 0.2 + 3.0 * stream.unit() as f32;
            } else if name.ends_with("running_mean") || name.ends_with(".bias") {
                *value = stream.normal() as f32;
            } else if is_scale {
                *value = (2.0 * stream.unit() - 0.5) as f32;
            }
        }
    }
    parameters
}

/// What is near a state.
fn images(seed: u64) -> Vec<f32> {
    let mut stream = Stream::new(seed, "images", 0, 0);
    let mut images = vec![0.0; 72];
    stream.fill_normal(&mut images, 1.0);
    images
}

fn length(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// `‖f(u) - f(v)‖ / ‖u - v‖` of all steps that keep the shape, at states of two images, stays below the bound for every block that has
/// one, and comes within a factor of it that shows it is no bound of something else.
#[test]
fn right_hand_sides_change_as_slowly_as_their_bounds_say() {
    let engine = device("exact").expect("an engine");
    let mut seen = 0;
    for block in chain_blocks() {
        let network = Network::build(&config(block, "euler")).expect("builds");
        let parameters = uneven(&network, 3);
        let bounds = network.bounds(&parameters).expect("chains");
        let chains = network.chains().expect("chains");
        assert!(chains.iter().any(|chain| !chain.keeps_shape), "{block}");
        let slopes = |images: &[f32]| {
            let mut all = Vec::new();
            network
                .each_step::<crate::NetError>(
                    &*engine,
                    &parameters,
                    ([1, 2, 6, 6], images),
                    &mut |visit| {
                        if let Visit::Step(step) = visit {
                            let slope = step.slope().expect("a slope");
                            all.push((step.segment, step.state.read(), slope.read()));
                        }
                        Ok(())
                    },
                )
                .expect("steps");
            all
        };
        let mut closest = f64::INFINITY;
        for seed in 0..20 {
            let first = images(seed);
            // Near and far.
            let part = if seed % 2 == 0 { 1e-2 } else { 1.0 };
            let second: Vec<f32> = (first.iter().zip(images(seed + 100)))
                .map(|(a, b)| a + part * b)
                .collect();
            for (a, b) in slopes(&first).iter().zip(slopes(&second)) {
                let distance = |a: &[f64], b: &[f64]| {
                    let all: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
                    length(&all)
                };
                let found = distance(&a.2, &b.2) / distance(&a.1, &b.1);
                let bound = bounds.iter().find(|(segment, _)| *segment == a.0);
                let bound = bound.expect("of the segment").1;
                assert!(found <= bound, "{block}: {found} above {bound}");
                closest = closest.min(bound / found);
            }
        }
        // Each convolution of a chain loses what its largest direction is not hit.
        assert!(closest < 400.0, "{block}: {closest}");
        seen += 1;
    }
    assert!(seen >= 9, "{seen} blocks");
}

/// The step size counts, and what is not a chain says so with the blocks that are.
#[test]
fn bounds_are_of_steps_and_other_blocks_are_refused() {
    let mut config = config("parabolic", "euler");
    let whole = Network::build(&config).expect("builds");
    let parameters = uneven(&whole, 1);
    config.scheme.h = vec![0.5];
    let half = Network::build(&config).expect("builds");
    let found = whole.bounds(&parameters).expect("chains");
    let halved = half.bounds(&parameters).expect("chains");
    assert_eq!(found.len(), 2);
    for (a, b) in found.iter().zip(&halved) {
        assert!((0.5 * a.1 - b.1).abs() < 1e-12 * a.1, "{a:?} {b:?}");
    }
    for block in ["se-preact", "reaction-diffusion", "shake-shake"] {
        let network = Network::build(&self::config(block, "euler")).expect("builds");
        let refused = network.chains().expect_err("no chain");
        assert!(refused.what.contains("block"), "{block}: {refused:?}");
        assert!(refused.hint.contains("`parabolic`"), "{refused:?}");
        assert!(network.bounds(&parameters).is_none());
    }
}

/// `K - Kᵀ` is bounded as itself, not as twice `K`: a symmetric kernel leaves friction alone.
#[test]
fn what_turns_is_bounded_as_it_is() {
    let network = Network::build(&config("antisymmetric", "euler")).expect("builds");
    let mut parameters = network.init(0);
    let chains = network.chains().expect("chains");
    let link = chains.iter().rev().flat_map(|chain| &chain.links);
    let mut link = link.filter(|link| matches!(link, Link::Antisymmetric { .. }));
    let Some(&Link::Antisymmetric { weight, friction }) = link.next() else {
        panic!("antisymmetric steps");
    };
    let link = Link::Antisymmetric { weight, friction };
    assert!(link.bound(&parameters) > 0.5);
    parameters.value_mut(weight).fill(0.25);
    assert_eq!(link.bound(&parameters), friction);
}
