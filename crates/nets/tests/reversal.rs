//! Does a segment that reconstructs its activations learn what one learns that stores them?

use timestep_nets::{
    Activations, Device, Features, InputShape, Mode, Network, NetworkConfig, Parameters, Pass,
    Tensor, TensorData, Transition, device, ops, preset, stream,
};
use timestep_numerics::State as _;

const INPUT: InputShape = InputShape {
    channels: 3,
    height: 16,
    width: 16,
};

fn images(batch: usize, device: &Device) -> Tensor<4> {
    use rand_chacha::rand_core::Rng;
    let mut rng = stream(3, "images");
    let n = batch * 3 * 16 * 16;
    let values: Vec<f32> = (0..n)
        .map(|_| (f64::from(rng.next_u32()) / f64::from(u32::MAX) * 2.0 - 1.0) as f32)
        .collect();
    Tensor::from_data(TensorData::new(values, [batch, 3, 16, 16]), device)
}

/// Logits, gradients of all parameters and of the images, and measured statistics.
fn everything(
    network: &Network,
    parameters: &Parameters,
    device: &Device,
) -> Vec<(String, Vec<f32>)> {
    let values = parameters.tracked();
    let pass = Pass::new(&values, Mode::Train);
    let images = images(4, device).autodiff().require_grad();
    let logits = network.forward(&pass, images.clone()).expect("forward");
    let labels = Tensor::from_data(TensorData::new(vec![3_i32, 1, 4, 0], [4]), device);
    let grads = ops::cross_entropy(logits.clone(), labels, 0.0).backward();
    let numbers = |t: Tensor<1>| t.without_autodiff().into_data().iter::<f32>().collect();
    let mut all = vec![("logits".to_owned(), numbers(logits.flatten(0, 1)))];
    for (value, spec) in values.iter().zip(parameters.specs().iter()) {
        if spec.is_trained() {
            let grad = value.grad(&grads);
            let grad = grad.unwrap_or_else(|| panic!("no gradient for {}", spec.name));
            all.push((spec.name.clone(), numbers(grad)));
        }
    }
    let grad = images.grad(&grads).expect("a gradient of the images");
    all.push(("images".into(), numbers(grad.flatten(0, 3))));
    let statistics = pass.into_statistics();
    let buffers = parameters
        .specs()
        .iter()
        .filter(|s| !s.is_trained())
        .count();
    assert_eq!(statistics.len(), buffers, "each statistic is measured once");
    for (id, measured) in statistics {
        let name = &parameters.specs()[id.index()].name;
        all.push((format!("measured {name}"), numbers(measured)));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// Compares both ways; gradients may differ by `to` of the largest entry.
fn compare(config: &NetworkConfig, to: f32) {
    let device = device("cpu").expect("cpu");
    let mut stored = config.clone();
    stored.activations = Activations::Stored;
    let mut reconstructed = config.clone();
    reconstructed.activations = Activations::Reconstructed;
    let (a, b) = (
        Network::build(&stored).expect("builds"),
        Network::build(&reconstructed).expect("builds"),
    );
    let parameters = a.init(5, &device);
    let want = everything(&a, &parameters, &device);
    let got = everything(&b, &b.init(5, &device), &device);
    assert_eq!(want.len(), got.len());
    // Gradients of biases before a norm are zero but for rounding: compared with the others of all.
    let largest = want
        .iter()
        .flat_map(|(_, v)| v)
        .fold(0.0_f32, |m, v| m.max(v.abs()));
    for ((name, want), (other, got)) in want.iter().zip(&got) {
        assert_eq!(name, other);
        let scale = want.iter().fold(1e-4 * largest, |m, v| m.max(v.abs()));
        let off = want
            .iter()
            .zip(got)
            .fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()));
        assert!(
            off < to * scale,
            "{}: {name} differs by {off} of {scale}",
            config.name
        );
    }
}

#[test]
fn revnets_learn_the_same_either_way() {
    for name in ["revnet-38", "revnet-164"] {
        let mut config = preset(name).expect("registered").config(INPUT, 5);
        config.steps = vec![2, 3, 2];
        compare(&config, 1e-4);
    }
}

#[test]
fn any_reversible_scheme_with_any_block_that_can_be_undone() {
    let mut tried = 0;
    for scheme in timestep_numerics::schemes() {
        for block in timestep_nets::blocks() {
            for transition in [Transition::StridedStep, Transition::ReversibleStep] {
                let mut config = NetworkConfig::new(block.key, scheme.key, INPUT, 5);
                (config.steps, config.width) = (vec![2, 3], 8);
                config.transition = transition;
                config.activations = Activations::Reconstructed;
                match Network::build(&config) {
                    Ok(_) => {
                        // Small gradients of narrow networks feel the rounding of every step.
                        compare(&config, 3e-4);
                        tried += 1;
                    }
                    Err(error) => {
                        let error = error.to_string();
                        let said = error.contains("cannot be undone") || error.contains("halves");
                        assert!(said, "{}: {error}", config.name);
                    }
                }
            }
        }
    }
    assert!(tried >= 12, "{tried} combinations");
}

#[test]
fn a_state_of_halves_may_be_read_whole_as_well() {
    let device = device("cpu").expect("cpu");
    let start = images(2, &device).repeat_dim(1, 2);
    let read = || {
        let images = start.clone().autodiff().require_grad();
        let halves = |u: &Features| u.split().expect("six channels");
        let join = |a: &Features, b: &Features| Features::join(a, b).expect("of one size");
        let (first, second) = halves(&Features::from_nchw(images.clone()));
        let state = join(&ops::relu(first), &second);
        assert_eq!(state.dims(), [2, 6, 16, 16]);
        // Halves that were joined, one of a whole that was not, and the whole itself.
        let (first, second) = halves(&state);
        let swapped = join(&second, &first);
        let terms = [
            (2.0.into(), &state),
            (3.0.into(), &swapped),
            (0.5.into(), &ops::relu(state.clone())),
            (0.7.into(), &join(&first, &ops::narrow(&state, 2, 3))),
        ];
        let out = ops::combine(&terms);
        assert!(ops::is_finite(&state) && ops::is_finite(&out));
        let out = out.into_nchw();
        let loss = (out.clone() * out.clone() * out.clone()).sum();
        let grad = images.grad(&loss.backward()).expect("a gradient");
        [out.without_autodiff(), grad].map(|t| t.into_data().iter::<f32>().collect::<Vec<f32>>())
    };
    let (fused, composed) = (read(), ops::composed(read));
    for (fused, composed) in fused.iter().zip(&composed) {
        let largest = composed.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
        assert!(largest > 0.1);
        for (a, b) in fused.iter().zip(composed) {
            assert!((a - b).abs() <= 1e-5 * largest, "{a} and {b}");
        }
    }
}
