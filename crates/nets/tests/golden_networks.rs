//! Do independent PyTorch networks (torchvision, timm, and scripts of our own), given our weights, get our
//! logits and gradients? Networks of every family, with fewer steps or channels than published.
//!
//! The expected values were made by `tests/golden/pytorch/families.py`; its first lines say how. The same
//! script checks networks of full size: see `tests/golden/README.md`.

// What was found is worth reading, with `--nocapture`.
#![allow(clippy::print_stdout)]

use std::path::Path;
use timestep_nets::{
    Activations, DType, Device, History, InputShape, Metadata, Mode, Network, NetworkConfig,
    Parameters, Pass, Role, Tensor, TensorData, WeightsFile, device, ops, preset, read_safetensors,
    to_safetensors, write_arrays,
};

const BATCH: usize = 2;
const CLASSES: usize = 7;
const GOLDEN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/golden/pytorch/families"
);

/// A network of a family, small enough for a test: steps of each segment, width (0: as published), and
/// side of the images.
struct Case {
    name: &'static str,
    steps: &'static [usize],
    width: usize,
    side: usize,
}

const fn case(name: &'static str, steps: &'static [usize], width: usize, side: usize) -> Case {
    Case {
        name,
        steps,
        width,
        side,
    }
}

const CASES: &[Case] = &[
    // torchvision
    case("resnet-50", &[1, 1, 2, 1], 0, 64),
    case("resnext-50-32x4d", &[1, 1, 1, 1], 0, 64),
    // timm
    case("se-resnet-50", &[1, 1, 1, 1], 0, 64),
    case("inception-resnet-v2", &[1, 1, 2], 0, 107),
    // scripts of our own
    case("resnet-50-v1", &[1, 1, 1, 1], 8, 64),
    case("preresnet-50", &[1, 2, 1, 1], 8, 64),
    case("lm-resnet-50", &[2, 2, 2, 2], 8, 64),
    case("revnet-104", &[1, 1, 2, 1], 16, 64),
    case("very-deep-polynet", &[1, 2, 2], 0, 107),
    case("resnet-20", &[2, 2, 2], 8, 16),
    case("preresnet-164", &[2, 2, 2], 8, 16),
    case("lm-resnet-164", &[2, 2, 2], 8, 16),
    case("em-resnet-40", &[2, 2, 2], 8, 16),
    case("momentum-resnet-20", &[3, 3, 3], 8, 16),
    case("lm3-resnet-20", &[3, 3, 3], 8, 16),
    case("zerosnet-20", &[3, 4, 3], 8, 16),
    case("dense-resnet-56", &[4, 4, 4], 8, 16),
    case("polynet-20", &[2, 2, 2], 8, 16),
    case("resnext-29-8x64d", &[2, 2, 2], 8, 16),
    case("lm-resnext-29-8x64d", &[2, 3, 2], 8, 16),
    case("lm-resnext-29-8x64d-history", &[2, 3, 2], 8, 16),
    case("wrn-28-10", &[2, 2, 2], 20, 16),
    case("fractalnet-20", &[1, 1, 1, 1, 1], 8, 32),
    case("fractalnet-40", &[1, 1, 1, 1, 1], 8, 32),
    case("revnet-38", &[2, 2, 2], 16, 16),
    case("revnet-164", &[2, 2, 2], 16, 16),
    case("shake-shake-26-2x32d", &[2, 2, 2], 8, 16),
];

/// Numbers without any symmetry, made from integers so that every platform has the same ones.
fn numbers_from(seed: u32, n: usize) -> Vec<f32> {
    let mut state = seed;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

fn input(side: usize) -> InputShape {
    InputShape {
        channels: 3,
        height: side,
        width: side,
    }
}

fn config(case: &Case) -> NetworkConfig {
    let published = preset(case.name).expect("registered");
    let mut config = published.config(input(case.side), CLASSES);
    if case.width > 0 {
        config = config.scaled_to(case.width);
    }
    config.steps = case.steps.to_vec();
    config
}

/// Weights whose coefficients and norms are away from their start, so that each of them matters.
fn weights(network: &Network, device: &Device) -> Parameters {
    let mut parameters = network.init(42, device);
    for (n, id) in parameters.ids().enumerate() {
        let spec = parameters.specs()[id.index()].clone();
        let around = |middle: f32, width: f32| {
            let drawn = numbers_from(n as u32 + 1, spec.len());
            drawn
                .iter()
                .map(|v| middle + width * v)
                .collect::<Vec<f32>>()
        };
        let value = match spec.role {
            Role::Coefficient => around(-0.3, 0.2),
            Role::Norm if spec.name.ends_with("weight") => around(1.0, 0.3),
            Role::Norm => around(0.0, 0.2),
            Role::Buffer if spec.name.ends_with("var") => around(1.0, 0.3),
            Role::Buffer => around(0.0, 0.1),
            Role::Weight | Role::Bias => continue,
        };
        let data = TensorData::new(value, [spec.len()]);
        parameters.set(id, Tensor::from_data(data, device));
    }
    parameters
}

fn images(side: usize, device: &Device) -> Tensor<4> {
    let n = BATCH * 3 * side * side;
    let data = TensorData::new(numbers_from(12345, n), [BATCH, 3, side, side]);
    Tensor::from_data(data, device)
}

fn labels() -> Vec<i32> {
    vec![3, 5]
}

/// Writes weights and batch for the script.
fn write_inputs(
    folder: &Path,
    name: &str,
    side: usize,
    config: &NetworkConfig,
    parameters: &Parameters,
) {
    std::fs::create_dir_all(folder).expect("a folder");
    let mut metadata = Metadata::new();
    let json = serde_json::to_string(config).expect("a configuration is JSON");
    metadata.insert("config".into(), json);
    let bytes = to_safetensors(parameters, &metadata).expect("weights");
    std::fs::write(folder.join(format!("{name}.safetensors")), bytes).expect("written");
    let labels = labels().iter().map(|l| *l as f32).collect();
    let images = numbers_from(12345, BATCH * 3 * side * side);
    let arrays: [(&str, &[usize], Vec<f32>); 2] = [
        ("images", &[BATCH, 3, side, side], images),
        ("labels", &[BATCH], labels),
    ];
    let bytes = write_arrays(&arrays, &Metadata::new()).expect("a batch");
    std::fs::write(folder.join(format!("{name}.batch.safetensors")), bytes).expect("written");
}

/// The folder that inputs are to be written to, if anybody asked.
fn asked() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("TIMESTEP_GOLDEN")?;
    // Tests run in the folder of their crate; the path is meant from the workspace.
    Some(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(folder),
    )
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.without_autodiff().into_data();
    data.iter::<f32>().collect()
}

/// Largest difference relative to the largest expected value.
fn difference(got: &[f32], want: &[f32]) -> f32 {
    assert_eq!(got.len(), want.len());
    let scale = want.iter().fold(1e-8_f32, |m, v| m.max(v.abs()));
    let off = got.iter().zip(want).map(|(a, b)| (a - b).abs());
    off.fold(0.0, f32::max) / scale
}

fn expected<'f>(file: &'f WeightsFile, key: &str) -> &'f [f32] {
    let found = file.arrays.get(key);
    &found
        .unwrap_or_else(|| panic!("no `{key}` in the fixture"))
        .1
}

/// Logits in evaluation and training mode, and the gradient of every trained parameter.
fn everything(
    network: &Network,
    parameters: &Parameters,
    side: usize,
    device: &Device,
) -> (Vec<f32>, Vec<f32>, Vec<Vec<f32>>) {
    let dtype = parameters.values()[0].dtype();
    let images = images(side, device).cast(dtype);
    let pass = Pass::new(parameters.values(), Mode::Eval);
    let eval = numbers(network.forward(&pass, images.clone()).expect("forward"));
    let values = parameters.tracked();
    let pass = Pass::new(&values, Mode::Train);
    let logits = network.forward(&pass, images.autodiff()).expect("forward");
    let target = Tensor::from_data(TensorData::new(labels(), [BATCH]), device);
    let grads = ops::cross_entropy(logits.clone(), target, 0.1).backward();
    let trained = network
        .specs()
        .iter()
        .zip(&values)
        .filter(|(s, _)| s.is_trained());
    let grads = trained
        .map(|(spec, value)| {
            let grad = value.grad(&grads);
            numbers(grad.unwrap_or_else(|| panic!("no gradient for `{}`", spec.name)))
        })
        .collect();
    (eval, numbers(logits), grads)
}

/// Largest differences from the fixture: of logits, and of gradients relative to their norm.
fn differences(
    case: &Case,
    network: &Network,
    parameters: &Parameters,
    want: &WeightsFile,
) -> (f32, f32, String) {
    let device = device("cpu").expect("cpu");
    let (eval, train, grads) = everything(network, parameters, case.side, &device);
    let logits = difference(&eval, expected(want, "logits_eval"))
        .max(difference(&train, expected(want, "logits_train")));
    let trained = || network.specs().iter().filter(|s| s.is_trained());
    let norm_of = |name: &str| expected(want, &format!("norm.{name}"))[0];
    let largest = trained().fold(0.0_f32, |m, s| m.max(norm_of(&s.name)));
    let mut worst = (0.0_f32, String::new());
    for (spec, grad) in trained().zip(&grads) {
        // Parameters in front of a norm that undoes them have no gradient but rounding.
        let mut norm = norm_of(&spec.name).max(1e-5 * largest);
        if spec.role == Role::Coefficient {
            // A single number, the sum of products of either sign over a whole segment: measured by
            // the largest of its kind.
            let kin = trained().filter(|s| s.role == Role::Coefficient);
            norm = kin.fold(norm, |m, s| m.max(norm_of(&s.name)));
        }
        let own = grad
            .iter()
            .map(|g| f64::from(*g).powi(2))
            .sum::<f64>()
            .sqrt() as f32;
        let some = expected(want, &format!("grad.{}", spec.name));
        let entries = some.iter().zip(grad).map(|(a, b)| (a - b).abs());
        let off = entries.fold((own - norm_of(&spec.name)).abs(), f32::max) / norm;
        // NaN must not pass for small.
        if off.is_nan() || off > worst.0 {
            worst = (off, spec.name.clone());
        }
    }
    (logits, worst.0, worst.1)
}

/// Bound for gradients in f32. A ReLU input within rounding of zero may fall on either side, which moves
/// gradients by percents in any program: batches of two over few pixels, and deep networks, have more of
/// those. In f64 all are held to 1e-4.
fn single_precision(name: &str) -> f32 {
    match name {
        "very-deep-polynet" | "inception-resnet-v2" => 6e-2,
        _ => 2e-2,
    }
}

#[test]
fn every_family_as_in_pytorch() {
    let device = device("cpu").expect("cpu");
    for case in CASES {
        let config = config(case);
        let network = Network::build(&config).expect("builds");
        let parameters = weights(&network, &device);
        if let Some(folder) = asked() {
            write_inputs(&folder, case.name, case.side, &config, &parameters);
            continue;
        }
        let file = format!("{GOLDEN}/{}.safetensors", case.name);
        let bytes = std::fs::read(file).expect("the fixture");
        let want = read_safetensors(&bytes).expect("the fixture is readable");
        let (logits, grad, name) = differences(case, &network, &parameters, &want);
        // f64 runs on Burn's operations. The fixture is read as f32.
        let (exact, exact_grad, exact_name) =
            differences(case, &network, &parameters.cast(DType::F64), &want);
        let found = format!(
            "{}: f32 logits {logits:.1e}, gradients {grad:.1e} ({name}); f64 {exact:.1e}, \
             {exact_grad:.1e} ({exact_name})",
            case.name
        );
        println!("{found}");
        assert!(
            logits < 1e-4 && grad < single_precision(case.name),
            "{found}"
        );
        assert!(exact < 1e-5 && exact_grad < 1e-4, "{found}");
    }
}

/// Networks of full size: written for the script, and compared with what it found there.
///
/// `TIMESTEP_FULL=folder TIMESTEP_FULL_NETWORKS=resnet-50,… cargo test … -- --ignored full_size`
#[test]
#[ignore = "needs PyTorch's results in the folder TIMESTEP_FULL; minutes"]
fn full_size_as_in_pytorch() {
    let device = device("cpu").expect("cpu");
    let folder = std::env::var_os("TIMESTEP_FULL").expect("TIMESTEP_FULL names a folder");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(folder);
    let names = std::env::var("TIMESTEP_FULL_NETWORKS").unwrap_or("resnet-50".into());
    for name in names.split(',') {
        let config = preset(name).expect("registered").at_home();
        let network = Network::build(&config).expect("builds");
        let parameters = weights(&network, &device);
        let side = config.input.height;
        let found = folder.join(format!("{name}.logits.safetensors"));
        let Ok(bytes) = std::fs::read(&found) else {
            write_inputs(&folder, name, side, &config, &parameters);
            continue;
        };
        let want = read_safetensors(&bytes).expect("readable");
        let pass = Pass::new(parameters.values(), Mode::Eval);
        let logits = network
            .forward(&pass, images(side, &device))
            .expect("forward");
        let off = difference(&numbers(logits), expected(&want, "logits_eval"));
        assert!(off < 1e-4, "{name}: logits differ by {off}");
    }
}

#[test]
fn reconstruction_and_history_are_among_the_cases() {
    let all: Vec<NetworkConfig> = CASES.iter().map(config).collect();
    assert!(
        all.iter()
            .any(|c| c.activations == Activations::Reconstructed)
    );
    assert!(all.iter().any(|c| c.history == History::Projected));
}
