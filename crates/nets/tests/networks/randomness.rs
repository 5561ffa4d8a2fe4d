//! Do dropout and drop-path leave out what they say, the same for the same seed, and nothing in evaluation?

use crate::common::{Images, learn, logits};
use timestep_engine::Fused;
use timestep_nets::{Draws, InputShape, Mode, Network, Pass, Targets, preset};

const INPUT: InputShape = InputShape {
    channels: 3,
    height: 32,
    width: 32,
};

fn images() -> Images {
    Images::named("images", 2, INPUT)
}

fn at(step: u64) -> Option<Draws> {
    crate::common::draws(5, step, 2)
}

/// FractalNet-20 with few channels, or a wide network with dropout.
fn network(name: &str, dropout: f64, drop_path: f64) -> Network {
    let mut config = preset(name)
        .expect("registered")
        .config(INPUT, 5)
        .scaled_to(8);
    (config.block.dropout, config.body.drop_path) = (dropout, drop_path);
    if name.starts_with("wrn") {
        config.body.steps = vec![1, 1, 1];
    }
    Network::build(&config).expect("builds")
}

#[test]
fn training_is_random_by_seed_and_step_and_evaluation_is_not() {
    for (name, dropout, drop_path) in [
        ("fractalnet-20", 0.0, 0.15),
        ("fractalnet-20", 0.4, 0.0),
        ("wrn-16-8", 0.3, 0.0),
    ] {
        let network = network(name, dropout, drop_path);
        let parameters = network.init(1);
        let model = (&network, &parameters);
        let train = |draws| logits(&Fused, model, &images(), Mode::Train, draws);
        assert_eq!(train(at(1)), train(at(1)), "{name}");
        assert_ne!(train(at(1)), train(at(2)), "{name}");
        assert_ne!(train(at(1)), train(None), "{name}: nothing was left out");
        let eval = |draws| logits(&Fused, model, &images(), Mode::Eval, draws);
        assert_eq!(eval(at(1)), eval(None), "{name}");
    }
}

/// Stages of the three columns of a fractal of four rows, deepest column first.
const COLUMNS: [&[usize]; 3] = [&[0, 1, 3, 4], &[2, 5], &[6]];

#[test]
fn half_of_the_batches_train_one_column_and_half_drop_locally() {
    let network = network("fractalnet-20", 0.0, 0.15);
    let parameters = network.init(1);
    let (mut single, mut seen) = (0, [0; 3]);
    let steps = 60;
    for step in 0..steps {
        let pass = Pass::training(&Fused, &parameters).with_draws(at(step));
        let images = images().on(&pass);
        let found = learn(pass, &network, images, &Targets::of(&[1, 3]));
        let touched = |stage: usize| {
            let name = format!("layer3.0.stage{stage}.conv.weight");
            let id = parameters.find(&name).expect("exists");
            let grad = found.gradients[id.index()].as_ref();
            grad.is_some_and(|g| g.iter().any(|v| *v != 0.0))
        };
        let columns: Vec<bool> = COLUMNS
            .iter()
            .map(|c| c.iter().all(|s| touched(*s)))
            .collect();
        let stages = (0..7).filter(|s| touched(*s)).count();
        for (column, stages_of) in COLUMNS.iter().enumerate() {
            if columns[column] && stages == stages_of.len() {
                single += 1;
                seen[column] += 1;
            }
        }
    }
    // Binomial(60, 1/2) is outside 15 to 45 once in ten thousand; local dropping rarely leaves one column.
    assert!(
        (15..=48).contains(&single),
        "{single} of {steps} steps train one column"
    );
    assert!(
        seen.iter().all(|n| *n > 0),
        "{seen:?}: every column has its turn"
    );
}
