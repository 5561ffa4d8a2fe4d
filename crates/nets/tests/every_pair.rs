//! Does every block work with every scheme? Shapes, gradients, weights, train against eval.

use timestep_nets::{
    DType, Device, Granularity, InputShape, Metadata, Mode, Network, NetworkConfig, Parameters,
    Pass, Role, Shortcut, Tensor, TensorData, Transition, blocks, device, ops, read_safetensors,
    stream, to_safetensors,
};
use timestep_numerics::schemes;

const INPUT: InputShape = InputShape {
    channels: 3,
    height: 8,
    width: 6,
};

fn config(block: &str, scheme: &str) -> NetworkConfig {
    NetworkConfig {
        steps: vec![2, 3],
        width: 4,
        ..NetworkConfig::new(block, scheme, INPUT, 5)
    }
}

fn images(batch: usize, device: &Device, dtype: DType) -> Tensor<4> {
    use rand_chacha::rand_core::Rng;
    let mut rng = stream(3, "images");
    let n = batch * INPUT.channels * INPUT.height * INPUT.width;
    let values: Vec<f32> = (0..n)
        .map(|_| (rng.next_u32() as f64 / u32::MAX as f64 * 2.0 - 1.0) as f32)
        .collect();
    let shape = [batch, INPUT.channels, INPUT.height, INPUT.width];
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

fn loss(network: &Network, values: &[Tensor<1>], images: Tensor<4>, mode: Mode) -> Tensor<1> {
    let [batch, ..] = images.dims();
    let labels: Vec<i32> = (0..batch as i32).map(|i| i % 5).collect();
    let labels = Tensor::from_data(TensorData::new(labels, [batch]), &images.device());
    let pass = Pass::new(values, mode);
    ops::cross_entropy(
        network.forward(&pass, images).expect("forward"),
        labels,
        0.1,
    )
}

fn scalar(tensor: &Tensor<1>) -> f64 {
    tensor.to_data().iter::<f64>().next().expect("one number")
}

/// Gradient of every trained parameter, in layout order.
fn gradients(network: &Network, parameters: &Parameters, images: Tensor<4>) -> Vec<Vec<f64>> {
    let values = parameters.tracked();
    let grads = loss(network, &values, images.autodiff(), Mode::Train).backward();
    values
        .iter()
        .zip(parameters.specs().iter())
        .map(|(value, spec)| match value.grad(&grads) {
            Some(grad) => grad.to_data().iter::<f64>().collect(),
            None => {
                assert!(!spec.is_trained(), "`{}` receives no gradient", spec.name);
                Vec::new()
            }
        })
        .collect()
}

/// Every block, and every block with squeeze-and-excitation around it.
fn all_blocks() -> Vec<String> {
    let plain: Vec<String> = blocks().map(|b| b.key.to_owned()).collect();
    let gated = plain.iter().map(|b| format!("se-{b}"));
    plain.iter().cloned().chain(gated).collect()
}

#[test]
fn every_pair_trains_two_steps_and_weights_round_trip() {
    let device = device("cpu").expect("cpu");
    for block in all_blocks() {
        for scheme in schemes() {
            let config = config(&block, scheme.key);
            let network =
                Network::build(&config).unwrap_or_else(|e| panic!("{}: {e}", config.name));
            let mut parameters = network.init(1, &device);
            for _ in 0..2 {
                let all = gradients(&network, &parameters, images(3, &device, DType::F32));
                for (id, grad) in parameters.ids().zip(&all) {
                    let spec = &parameters.specs()[id.index()];
                    let what = format!("{}: `{}`", config.name, spec.name);
                    if !spec.is_trained() {
                        continue;
                    }
                    assert!(grad.iter().all(|g| g.is_finite()), "{what}");
                    // With four channels all four ReLUs of a gate may be off.
                    let gate =
                        spec.name.contains(".se.fc1.") || spec.name.ends_with(".se.fc2.weight");
                    let some = grad.iter().any(|g| *g != 0.0);
                    assert!(some || gate, "{what} has no gradient");
                    let moved = parameters.read(id).into_iter().zip(grad);
                    let moved: Vec<f32> = moved.map(|(v, g)| v - 1e-3 * *g as f32).collect();
                    let data = TensorData::new(moved, [grad.len()]);
                    parameters.set(id, Tensor::from_data(data, &device));
                }
            }
            let bytes = to_safetensors(&parameters, &Metadata::new()).expect("writes");
            let again = network
                .load(&read_safetensors(&bytes).expect("reads"), &device)
                .expect("fits its own network");
            for id in parameters.ids() {
                assert_eq!(parameters.read(id), again.read(id));
            }
        }
    }
}

/// A norm that sees several kinds of features needs statistics for each: averaged over all of them they fit none, and
/// the network is not the trained one in evaluation.
#[test]
fn every_evaluation_of_a_block_has_statistics_of_its_own() {
    let device = device("cpu").expect("cpu");
    for block in all_blocks() {
        for scheme in schemes() {
            let network = Network::build(&config(&block, scheme.key)).expect("fits");
            let parameters = network.init(1, &device);
            let pass = Pass::new(parameters.values(), Mode::Train);
            let images = images(2, &device, DType::F32);
            network.forward(&pass, images).expect("forward");
            let mut noted: Vec<usize> = pass
                .into_statistics()
                .iter()
                .map(|(id, _)| id.index())
                .collect();
            noted.sort_unstable();
            let specs = network.specs().iter().enumerate();
            let buffers: Vec<usize> = specs
                .filter(|(_, s)| s.role == Role::Buffer)
                .map(|(at, _)| at)
                .collect();
            assert_eq!(noted, buffers, "{block} x {}: each once", scheme.key);
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences_in_f64() {
    let device = device("cpu").expect("cpu");
    for (block, scheme) in [
        ("preact", "lm"),
        ("postact", "euler"),
        ("preact-bottleneck", "momentum"),
        ("preact", "rk4"),
        ("se-preact", "lm3"),
        ("preact-resnext", "dense"),
        ("inception-b", "fractal2"),
        ("shake-shake", "zerosnet"),
        ("conv-norm-relu", "poly2"),
    ] {
        let network = Network::build(&config(block, scheme)).expect("builds");
        let parameters = network.init(2, &device).cast(DType::F64);
        let images = images(4, &device, DType::F64);
        let exact = gradients(&network, &parameters, images.clone());
        for (index, spec) in network
            .specs()
            .iter()
            .enumerate()
            .filter(|(_, s)| s.is_trained())
        {
            let at = spec.len() / 2;
            let at_offset = |offset: f64| {
                let mut values = parameters.values().to_vec();
                let mut numbers: Vec<f64> = values[index].to_data().iter::<f64>().collect();
                numbers[at] += offset;
                let data = TensorData::new(numbers, [spec.len()]);
                values[index] = Tensor::from_data(data, (&device, DType::F64));
                scalar(&loss(&network, &values, images.clone(), Mode::Train))
            };
            // Small enough that hardly any ReLU changes sides between the two evaluations.
            let e = 1e-6;
            let numeric = (at_offset(e) - at_offset(-e)) / (2.0 * e);
            let scale = exact[index].iter().fold(1e-3_f64, |m, g| m.max(g.abs()));
            assert!(
                (numeric - exact[index][at]).abs() < 2e-5 * scale,
                "{block} x {scheme} `{}`: {numeric} against {}",
                spec.name,
                exact[index][at]
            );
        }
    }
}

#[test]
fn zero_coefficient_is_bitwise_the_residual_network() {
    let device = device("cpu").expect("cpu");
    let lm = Network::build(&config("preact", "lm")).expect("builds");
    let euler = Network::build(&config("preact", "euler")).expect("builds");
    let plain = euler.init(5, &device);
    let mut with_k = lm.init(5, &device);
    for id in with_k.ids() {
        if with_k.specs()[id.index()].role == Role::Coefficient {
            with_k.set(id, Tensor::zeros([1], &device));
        }
    }
    for mode in [Mode::Train, Mode::Eval] {
        let logits = |network: &Network, parameters: &Parameters| -> Vec<f32> {
            let pass = Pass::new(parameters.values(), mode);
            let out = network
                .forward(&pass, images(3, &device, DType::F32))
                .expect("forward");
            out.to_data().iter::<f32>().collect()
        };
        assert_eq!(logits(&lm, &with_k), logits(&euler, &plain));
    }
}

#[test]
fn running_statistics_approach_the_batch_ones() {
    let device = device("cpu").expect("cpu");
    let network = Network::build(&config("preact", "lm")).expect("builds");
    let mut parameters = network.init(7, &device);
    let images = images(16, &device, DType::F32);
    for _ in 0..200 {
        let pass = Pass::new(parameters.values(), Mode::Train);
        let _logits = network.forward(&pass, images.clone()).expect("forward");
        let statistics = pass.into_statistics();
        network.absorb(&mut parameters, statistics);
    }
    let train = scalar(&loss(
        &network,
        parameters.values(),
        images.clone(),
        Mode::Train,
    ));
    let eval = scalar(&loss(&network, parameters.values(), images, Mode::Eval));
    // Only the unbiased variance of the running statistics differs.
    assert!(
        (train - eval).abs() < 0.02 * train.abs(),
        "train {train}, eval {eval}"
    );
}

#[test]
fn odd_channels_are_refused_by_a_reversible_scheme_with_the_reason() {
    let mut odd = config("preact", "reversible");
    odd.width = 3;
    let error = Network::build(&odd)
        .expect_err("3 channels cannot be halved")
        .to_string();
    assert!(error.contains("3 channels"), "{error}");
}

#[test]
fn both_transitions_and_channel_coefficients_build_and_run() {
    let device = device("cpu").expect("cpu");
    for transition in [Transition::StridedStep, Transition::ProjectThenStep] {
        for shortcut in [
            Shortcut::OptionA,
            Shortcut::Projection,
            Shortcut::SharedProjection,
        ] {
            let mut config = config("preact", "lm");
            config.transition = transition;
            config.shortcut = shortcut;
            config.coefficient = Granularity::Channel;
            let network = Network::build(&config).expect("builds");
            // Steps minus one restart a segment, one number a channel: 1 * 4 + 2 * 8.
            assert_eq!(network.coefficient_count(), 20);
            let _grads = gradients(
                &network,
                &network.init(1, &device),
                images(2, &device, DType::F32),
            );
        }
    }
}

#[test]
fn the_first_non_finite_step_is_named() {
    let device = device("cpu").expect("cpu");
    let network = Network::build(&config("preact", "lm")).expect("builds");
    let mut parameters = network.init(1, &device);
    let id = parameters.find("layer2.1.conv2.weight").expect("exists");
    let n = parameters.read(id).len();
    // Finite weights whose product overflows in this step only.
    parameters.set(id, Tensor::full([n], 3e38_f32, &device));
    let found = network.locate_non_finite(&parameters, images(2, &device, DType::F32), Mode::Train);
    assert_eq!(found.expect("overflow").to_string(), "segment 2, step 2");
}
