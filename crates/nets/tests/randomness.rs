//! Do dropout and drop-path leave out what they say, the same for the same seed, and nothing in evaluation?

use timestep_nets::{
    Draws, InputShape, Mode, Network, Parameters, Pass, Tensor, TensorData, device, ops, preset,
};

const INPUT: InputShape = InputShape {
    channels: 3,
    height: 32,
    width: 32,
};

fn images() -> Tensor<4> {
    let values: Vec<f32> = (0..2 * 3 * 32 * 32)
        .map(|i| ((i * 7919) % 1000) as f32 / 500.0 - 1.0)
        .collect();
    let device = device("cpu").expect("cpu");
    Tensor::from_data(TensorData::new(values, [2, 3, 32, 32]), &device)
}

fn logits(
    network: &Network,
    parameters: &Parameters,
    mode: Mode,
    draws: Option<Draws>,
) -> Vec<f32> {
    let pass = Pass::new(parameters.values(), mode).with_draws(draws);
    let out = network.forward(&pass, images()).expect("forward");
    out.into_data().iter::<f32>().collect()
}

fn at(step: u64) -> Option<Draws> {
    Some(Draws { seed: 5, step })
}

/// FractalNet-20 with few channels, or a wide network with dropout.
fn network(name: &str, dropout: f64, drop_path: f64) -> Network {
    let mut config = preset(name)
        .expect("registered")
        .config(INPUT, 5)
        .scaled_to(8);
    (config.dropout, config.drop_path) = (dropout, drop_path);
    if name.starts_with("wrn") {
        config.steps = vec![1, 1, 1];
    }
    Network::build(&config).expect("builds")
}

#[test]
fn training_is_random_by_seed_and_step_and_evaluation_is_not() {
    let device = device("cpu").expect("cpu");
    for (name, dropout, drop_path) in [
        ("fractalnet-20", 0.0, 0.15),
        ("fractalnet-20", 0.4, 0.0),
        ("wrn-16-8", 0.3, 0.0),
    ] {
        let network = network(name, dropout, drop_path);
        let parameters = network.init(1, &device);
        let train = |draws| logits(&network, &parameters, Mode::Train, draws);
        assert_eq!(train(at(1)), train(at(1)), "{name}");
        assert_ne!(train(at(1)), train(at(2)), "{name}");
        assert_ne!(train(at(1)), train(None), "{name}: nothing was left out");
        let eval = |draws| logits(&network, &parameters, Mode::Eval, draws);
        assert_eq!(eval(at(1)), eval(None), "{name}");
    }
}

/// Stages of the three columns of a fractal of four rows, deepest column first.
const COLUMNS: [&[usize]; 3] = [&[0, 1, 3, 4], &[2, 5], &[6]];

#[test]
fn half_of_the_batches_train_one_column_and_half_drop_locally() {
    let device = device("cpu").expect("cpu");
    let network = network("fractalnet-20", 0.0, 0.15);
    let parameters = network.init(1, &device);
    let (mut single, mut seen) = (0, [0; 3]);
    let steps = 60;
    for step in 0..steps {
        let values = parameters.tracked();
        let pass = Pass::new(&values, Mode::Train).with_draws(at(step));
        let out = network
            .forward(&pass, images().autodiff())
            .expect("forward");
        let labels = Tensor::from_data(TensorData::new(vec![1_i32, 3], [2]), &device);
        let grads = ops::cross_entropy(out, labels, 0.0).backward();
        let touched = |stage: usize| {
            let name = format!("layer3.0.stage{stage}.conv.weight");
            let id = parameters.find(&name).expect("exists");
            let grad = values[id.index()].grad(&grads);
            grad.is_some_and(|g| g.into_data().iter::<f32>().any(|v| v != 0.0))
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
