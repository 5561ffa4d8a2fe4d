//! Does an independent PyTorch implementation, given our weights, get our logits and gradients?
//!
//! The expected values were made by `tests/golden/pytorch/networks.py`; its first lines say how.

use std::path::Path;
use timestep_nets::{
    DType, Device, InputShape, Metadata, Mode, Network, Parameters, Pass, Role, Tensor, TensorData,
    WeightsFile, device, ops, preset, read_safetensors, to_safetensors, write_arrays,
};

const BATCH: usize = 4;
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/pytorch");

/// Images without any symmetry, made from integers so that every platform has the same ones.
fn pixels() -> Vec<f32> {
    let mut state = 12345_u32;
    (0..BATCH * 3 * 32 * 32)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn labels() -> Vec<i32> {
    vec![3, 8, 0, 5]
}

fn network(name: &str) -> Network {
    let input = InputShape {
        channels: 3,
        height: 32,
        width: 32,
    };
    Network::build(&preset(name).expect("registered").config(input, 10)).expect("builds")
}

/// Writes weights and batch for the script, if it was asked for.
fn write_inputs(folder: &Path, name: &str, parameters: &Parameters) {
    std::fs::create_dir_all(folder).expect("a folder");
    let bytes = to_safetensors(parameters, &Metadata::new()).expect("weights");
    std::fs::write(folder.join(format!("{name}.safetensors")), bytes).expect("written");
    let labels = labels().iter().map(|l| *l as f32).collect();
    let arrays: [(&str, &[usize], Vec<f32>); 2] = [
        ("images", &[BATCH, 3, 32, 32], pixels()),
        ("labels", &[BATCH], labels),
    ];
    let bytes = write_arrays(&arrays, &Metadata::new()).expect("a batch");
    std::fs::write(folder.join("batch.safetensors"), bytes).expect("written");
}

fn images(device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(pixels(), [BATCH, 3, 32, 32]), device)
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor
        .without_autodiff()
        .into_data()
        .iter::<f32>()
        .collect()
}

/// Largest difference relative to the largest expected value.
fn difference(got: &[f32], want: &[f32]) -> f32 {
    let scale = want.iter().fold(1e-8_f32, |m, v| m.max(v.abs()));
    got.iter()
        .zip(want)
        .fold(0.0_f32, |m, (a, b)| m.max((a - b).abs()))
        / scale
}

fn expected<'f>(file: &'f WeightsFile, key: &str) -> &'f [f32] {
    &file
        .arrays
        .get(key)
        .unwrap_or_else(|| panic!("no `{key}` in the fixture"))
        .1
}

fn compare(name: &str) {
    let device = device("cpu").expect("cpu");
    let network = network(name);
    let mut parameters = network.init(42, &device);
    // Coefficients away from their start, so that the history matters.
    let coefficients: Vec<_> = parameters
        .ids()
        .filter(|id| parameters.specs()[id.index()].name.ends_with("memory_k"))
        .collect();
    for (n, id) in coefficients.into_iter().enumerate() {
        parameters.set(id, Tensor::full([1], -0.7 + 0.2 * n as f32, &device));
    }
    if let Some(folder) = std::env::var_os("TIMESTEP_GOLDEN") {
        // Tests run in the folder of their crate; the path is meant from the workspace.
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        return write_inputs(&root.join(folder), name, &parameters);
    }
    let bytes = std::fs::read(format!("{GOLDEN}/{name}.safetensors")).expect("the fixture");
    let want = read_safetensors(&bytes).expect("the fixture is readable");

    let pass = Pass::new(parameters.values(), Mode::Eval);
    let logits = numbers(network.forward(&pass, images(&device)).expect("forward"));
    let off = difference(&logits, expected(&want, "logits_eval"));
    assert!(
        off < 1e-4,
        "{name}: evaluation logits in f32 differ by {off}"
    );
    // In f32 a ReLU input within rounding of zero may fall on either side, which moves single
    // entries of a gradient by percents in any program, and norms by up to a hundredth in a batch of
    // four; `tests/fused.rs` compares closer, on networks where no input is that near.
    gradients(name, &network, &parameters, &want, 1e-4, 1e-2, 6e-2);
    // In f64 there is no such excuse. The fixture is read as f32, hence not 1e-12.
    gradients(
        name,
        &network,
        &parameters.cast(DType::F64),
        &want,
        1e-6,
        1e-6,
        1e-6,
    );
}

/// One training pass against the fixture, with tolerances for logits and statistics, for the norm
/// of each gradient, and for its entries.
fn gradients(
    name: &str,
    network: &Network,
    parameters: &Parameters,
    want: &WeightsFile,
    logits_to: f32,
    norm_to: f32,
    entries_to: f32,
) {
    let device = device("cpu").expect("cpu");
    let dtype = parameters.values()[0].dtype();
    let values = parameters.tracked();
    let pass = Pass::new(&values, Mode::Train);
    let images = images(&device).cast(dtype).autodiff();
    let logits = network.forward(&pass, images).expect("forward");
    let off = difference(&numbers(logits.clone()), expected(want, "logits_train"));
    assert!(
        off < logits_to,
        "{name} {dtype:?}: training logits differ by {off}"
    );
    let target = Tensor::from_data(TensorData::new(labels(), [BATCH]), &device);
    let loss = ops::cross_entropy(logits, target, 0.1);
    assert!(difference(&numbers(loss.clone()), expected(want, "loss")) < logits_to);
    let grads = loss.backward();
    let statistics = pass.into_statistics();
    for (spec, value) in network
        .specs()
        .iter()
        .zip(&values)
        .filter(|(s, _)| s.is_trained())
    {
        let what = format!("{name} {dtype:?} `{}`", spec.name);
        let grad = numbers(value.grad(&grads).expect("a gradient"));
        let norm = expected(want, &format!("norm.{}", spec.name))[0];
        let own = grad
            .iter()
            .map(|g| f64::from(*g).powi(2))
            .sum::<f64>()
            .sqrt() as f32;
        // A small gradient next to large ones of its kind is a difference of larger numbers.
        let kin = network.specs().iter().filter(|s| s.role == spec.role);
        let largest = kin
            .map(|s| expected(want, &format!("norm.{}", s.name))[0])
            .fold(0.0_f32, f32::max);
        let scale = match (dtype, spec.role) {
            // A single number: the sum of products of either sign over a whole segment.
            (DType::F32, Role::Coefficient) => largest,
            (DType::F32, _) => norm.max(0.3 * largest),
            _ => norm,
        };
        assert!(
            (own - norm).abs() < norm_to * scale,
            "{what}: norm {own} against {norm}"
        );
        let some = expected(want, &format!("grad.{}", spec.name));
        let off = match (dtype, spec.role) {
            (DType::F32, Role::Coefficient) => (grad[0] - some[0]).abs() / largest,
            _ => difference(&grad[..some.len()], some),
        };
        assert!(off < entries_to, "{what}: gradient differs by {off}");
    }
    let mut parameters = parameters.clone();
    network.absorb(&mut parameters, statistics);
    let table = network.specs().iter().zip(parameters.ids());
    for (spec, id) in table.filter(|(s, _)| !s.is_trained()) {
        let want = expected(want, &format!("buffer.{}", spec.name));
        let off = difference(&parameters.read(id), want);
        assert!(
            off < logits_to,
            "{name} {dtype:?} `{}`: statistic differs by {off}",
            spec.name
        );
    }
}

#[test]
fn lm_resnet_20_as_in_pytorch() {
    compare("lm-resnet-20");
}

#[test]
fn preresnet_20_as_in_pytorch() {
    compare("preresnet-20");
}
