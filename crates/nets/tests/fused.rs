//! Do the fused kernels compute what Burn's own operations compute? Every block with every scheme,
//! forward and backward, and every way in and out of the fused layout.

use timestep_nets::{
    Coef, DType, Device, Features, Granularity, InputShape, Mode, Network, NetworkConfig, ParamId,
    Parameters, Pass, Shortcut, Tensor, TensorData, Transition, blocks, device, ops, stream,
};
use timestep_numerics::{State, schemes};

const INPUT: InputShape = InputShape {
    channels: 3,
    height: 9,
    width: 6,
};

fn config(block: &str, scheme: &str) -> NetworkConfig {
    NetworkConfig {
        steps: vec![3, 2],
        width: 8,
        ..NetworkConfig::new(block, scheme, INPUT, 5)
    }
}

/// Numbers in (-1, 1) that depend on a name alone.
fn noise(name: &str, n: usize) -> Vec<f32> {
    use rand_chacha::rand_core::Rng;
    let mut rng = stream(3, name);
    (0..n)
        .map(|_| (f64::from(rng.next_u32()) / f64::from(u32::MAX) * 2.0 - 1.0) as f32)
        .collect()
}

fn images(name: &str, batch: usize, device: &Device) -> Tensor<4> {
    let n = batch * INPUT.channels * INPUT.height * INPUT.width;
    let shape = [batch, INPUT.channels, INPUT.height, INPUT.width];
    Tensor::from_data(TensorData::new(noise(name, n), shape), device)
}

/// Everything that a training pass finds, as flat arrays with names.
fn everything(
    network: &Network,
    parameters: &Parameters,
    images: Tensor<4>,
) -> Vec<(String, Vec<f64>)> {
    let values = parameters.tracked();
    let pass = Pass::new(&values, Mode::Train);
    let images = images.autodiff().require_grad();
    let logits = network.forward(&pass, images.clone()).expect("forward");
    let [batch, _] = logits.dims();
    let labels: Vec<i32> = (0..batch as i32).map(|i| i % 5).collect();
    let labels = Tensor::from_data(TensorData::new(labels, [batch]), &images.device());
    let grads = ops::cross_entropy(logits.clone(), labels, 0.1).backward();
    let numbers = |t: Tensor<1>| {
        t.without_autodiff()
            .into_data()
            .iter::<f64>()
            .collect::<Vec<_>>()
    };
    let mut all = vec![("logits".to_owned(), numbers(logits.flatten(0, 1)))];
    for (value, spec) in values.iter().zip(parameters.specs().iter()) {
        if spec.is_trained() {
            let grad = value
                .grad(&grads)
                .unwrap_or_else(|| panic!("no gradient for {}", spec.name));
            all.push((spec.name.clone(), numbers(grad)));
        }
    }
    let grad = images.grad(&grads).expect("a gradient of the images");
    all.push(("images".into(), numbers(grad.flatten(0, 3))));
    let statistics: Vec<(ParamId, Tensor<1>)> = pass.into_statistics();
    for (id, measured) in statistics {
        all.push((format!("statistic {}", id.index()), numbers(measured)));
    }
    all
}

/// Where the two differ by more than rounding; `to` is relative to the largest number of each array.
fn differences(
    fused: &[(String, Vec<f64>)],
    composed: &[(String, Vec<f64>)],
    to: f64,
) -> Vec<String> {
    assert_eq!(fused.len(), composed.len());
    let mut wrong: Vec<String> = Vec::new();
    for ((name, a), (other, b)) in fused.iter().zip(composed) {
        assert_eq!((name, a.len()), (other, b.len()));
        let scale = b.iter().fold(1e-3_f64, |m, v| m.max(v.abs()));
        let off = a
            .iter()
            .zip(b)
            .fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
        if off.is_nan() || off > to * scale {
            wrong.push(format!(
                "`{name}` is off by {:.1e} of {scale:.1e}",
                off / scale
            ));
        }
    }
    wrong
}

fn compare(config: &NetworkConfig) {
    let device = device("cpu").expect("cpu");
    let network = Network::build(config).unwrap_or_else(|e| panic!("{}: {e}", config.name));
    let parameters = network.init(2, &device);
    let mut wrong = Vec::new();
    // A ReLU input within rounding of zero may fall on either side, which is no error of either
    // program. That this happens in three batches would be one.
    for batch in ["images", "pictures", "photographs"] {
        let images = || images(batch, 3, &device);
        let fused = everything(&network, &parameters, images());
        let composed = ops::composed(|| everything(&network, &parameters, images()));
        wrong = differences(&fused, &composed, 1e-3);
        let eval = || {
            let pass = Pass::new(parameters.values(), Mode::Eval);
            let logits = network.forward(&pass, images()).expect("forward");
            let logits = logits.into_data().iter::<f64>().collect();
            vec![("evaluation".to_owned(), logits)]
        };
        let evaluation = differences(&eval(), &ops::composed(eval), 1e-4);
        assert!(evaluation.is_empty(), "{}: {evaluation:?}", config.name);
        if wrong.is_empty() {
            return;
        }
    }
    panic!("{}: {}", config.name, wrong.join(", "));
}

#[test]
fn every_block_with_every_scheme() {
    for block in blocks() {
        for scheme in schemes() {
            compare(&config(block.key, scheme.key));
        }
    }
}

#[test]
fn every_transition_shortcut_and_granularity() {
    for transition in [Transition::StridedStep, Transition::ProjectThenStep] {
        for shortcut in [
            Shortcut::OptionA,
            Shortcut::Projection,
            Shortcut::SharedProjection,
        ] {
            for coefficient in [Granularity::Scalar, Granularity::Channel] {
                for block in ["preact", "postact"] {
                    let mut config = config(block, "lm");
                    config.transition = transition;
                    config.shortcut = shortcut;
                    config.coefficient = coefficient;
                    compare(&config);
                }
            }
        }
    }
}

#[test]
fn wide_and_deep_enough_for_winograd() {
    let mut config = config("preact", "lm");
    config.width = 16;
    config.steps = vec![4, 4];
    config.input = InputShape {
        channels: 3,
        height: 9,
        width: 6,
    };
    compare(&config);
}

/// A pass with features that are used several times, cut, joined, and taken out as a tensor.
fn tangle(x: Tensor<4>, k: Tensor<1>) -> Tensor<4> {
    let u = Features::from_nchw(x);
    let (first, second) = u.split().expect("an even number of channels");
    let swapped = Features::join(&second, &ops::relu(first.clone())).expect("halves join");
    let k = Coef::Learned(k);
    let terms = [
        (k.clone(), &u),
        (Coef::Number(-0.5), &swapped),
        (Coef::Number(1.0) - k.clone(), &u),
        (k.clone() * k.clone(), &swapped),
        (Coef::Number(2.0), &u),
        (k.clone(), &swapped),
        (k, &swapped),
    ];
    let sum = Features::lincomb(&terms);
    let out = Features::lincomb(&[
        (Coef::Number(1.0), &sum),
        (Coef::Number(0.25), &ops::relu(sum.clone())),
    ]);
    out.into_nchw()
}

#[test]
fn features_used_many_times_cut_and_joined() {
    let device = device("cpu").expect("cpu");
    let run = || {
        let data = TensorData::new(noise("tangle", 2 * 6 * 5 * 3), [2, 6, 5, 3]);
        let x = Tensor::<4>::from_data(data, &device)
            .autodiff()
            .require_grad();
        let k = Tensor::<1>::from_data([0.3_f32], &device)
            .autodiff()
            .require_grad();
        let out = tangle(x.clone(), k.clone());
        let weights = Tensor::<4>::from_data(
            TensorData::new(noise("weights", 2 * 6 * 5 * 3), [2, 6, 5, 3]),
            &device,
        );
        let grads = (out.clone() * weights.autodiff()).sum().backward();
        let numbers = |t: Tensor<1>| {
            t.without_autodiff()
                .into_data()
                .iter::<f64>()
                .collect::<Vec<_>>()
        };
        vec![
            ("out".to_owned(), numbers(out.flatten(0, 3))),
            (
                "x".to_owned(),
                numbers(x.grad(&grads).expect("a gradient").flatten(0, 3)),
            ),
            ("k".to_owned(), numbers(k.grad(&grads).expect("a gradient"))),
        ]
    };
    let wrong = differences(&run(), &ops::composed(run), 1e-5);
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn f64_features_take_the_composed_operations() {
    // Fused kernels are f32 only: were f64 features rounded on the way, this would be 1e-8 off.
    let device = device("cpu").expect("cpu");
    let x = Tensor::<4>::from_data(
        TensorData::new(vec![1.0_f64 + 1e-12; 4], [1, 1, 2, 2]),
        (&device, DType::F64),
    );
    let out = Features::lincomb(&[(Coef::Number(1.0), &Features::from_nchw(x))]).into_nchw();
    assert!(out.into_data().iter::<f64>().all(|v| v == 1.0 + 1e-12));
}
