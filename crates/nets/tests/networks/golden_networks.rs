//! Do independent PyTorch networks (torchvision, timm, and scripts of our own), given our weights, get our
//! logits and gradients? Networks of every family, with fewer steps or channels than published.
//!
//! The expected values were made by `tests/golden/pytorch/families.py`; its first lines say how. The same
//! script checks networks of full size: see `tests/golden/README.md`.

// What was found is worth reading, with `--nocapture`.
#![allow(clippy::print_stdout)]

use crate::common::chacha;
use crate::common::golden::{
    FOLDER, asked, difference, expected, folder, norm, numbers_from, pictures, read, write_inputs,
};
use crate::common::{learn, logits};
use rayon::prelude::*;
use std::path::Path;
use timestep_engine::{Exact, Fused};
use timestep_nets::{
    Activations, Engine, History, InputShape, Metadata, Mode, Network, NetworkConfig, Parameters,
    Pass, Role, Targets, WeightsFile, preset,
};

const BATCH: usize = 2;
const CLASSES: usize = 7;
const LABELS: [u32; BATCH] = [3, 5];

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
    config.body.steps = case.steps.to_vec();
    config
}

/// Weights whose coefficients and norms are away from their start, so that each of them matters.
fn weights(network: &Network) -> Parameters {
    let mut parameters = chacha::weights(network, 42);
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
        parameters.value_mut(id).copy_from_slice(&value);
    }
    parameters
}

/// Writes weights and batch for the script.
fn write_case(
    folder: &Path,
    name: &str,
    side: usize,
    config: &NetworkConfig,
    parameters: &Parameters,
) {
    let mut metadata = Metadata::new();
    let json = serde_json::to_string(config).expect("a configuration is JSON");
    metadata.insert("config".into(), json);
    let files = ["", ".batch"].map(|part| format!("{name}{part}.safetensors"));
    let files = [files[0].as_str(), files[1].as_str()];
    let images = pictures(BATCH, side);
    write_inputs(folder, files, (parameters, &metadata), &images, &LABELS);
}

/// Largest differences from the fixture: of logits in evaluation and training mode, and of the gradient of every
/// trained parameter relative to its norm.
fn differences(
    engine: &dyn Engine,
    case: &Case,
    (network, parameters): (&Network, &Parameters),
    want: &WeightsFile,
) -> (f64, f64, String) {
    let images = pictures(BATCH, case.side);
    let eval = logits(engine, (network, parameters), &images, Mode::Eval, None);
    let pass = Pass::training(engine, parameters);
    let images = images.on(&pass);
    let targets = Targets {
        labels: LABELS.to_vec(),
        smoothing: 0.1,
        mixed: None,
    };
    let found = learn(pass, network, images, &targets);
    let train = difference(&found.logits, &expected(want, "logits_train"));
    let logits = difference(&eval, &expected(want, "logits_eval"));
    // NaN must not pass for small.
    let logits = if train > logits || train.is_nan() {
        train
    } else {
        logits
    };
    let trained = || network.specs().iter().filter(|s| s.is_trained());
    let norm_of = |name: &str| expected(want, &format!("norm.{name}"))[0];
    let largest = trained().fold(0.0_f64, |m, s| m.max(norm_of(&s.name)));
    let mut worst = (0.0_f64, String::new());
    let table = network.specs().iter().zip(&found.gradients);
    for (spec, grad) in table.filter(|(s, _)| s.is_trained()) {
        let Some(grad) = grad else {
            panic!("no gradient for `{}`", spec.name);
        };
        // Parameters in front of a norm that undoes them have no gradient but rounding.
        let mut scale = norm_of(&spec.name).max(1e-5 * largest);
        if spec.role == Role::Coefficient {
            // A single number, the sum of products of either sign over a whole segment: measured by
            // the largest of its kind.
            let kin = trained().filter(|s| s.role == Role::Coefficient);
            scale = kin.fold(scale, |m, s| m.max(norm_of(&s.name)));
        }
        let some = expected(want, &format!("grad.{}", spec.name));
        let entries = crate::common::farthest(&grad[..some.len()], &some);
        let off = crate::common::largest(&[entries, norm(grad) - norm_of(&spec.name)]) / scale;
        if off.is_nan() || off > worst.0 {
            worst = (off, spec.name.clone());
        }
    }
    (logits, worst.0, worst.1)
}

/// Bound for gradients in f32. A ReLU input within rounding of zero may fall on either side, which moves
/// gradients by percents in any program: batches of two over few pixels, and deep networks, have more of
/// those. In f64 all are held to 1e-6: the fixture is read as f32.
fn single_precision(name: &str) -> f64 {
    match name {
        "very-deep-polynet" | "inception-resnet-v2" => 6e-2,
        _ => 2e-2,
    }
}

fn compare(case: &Case) {
    let config = config(case);
    let network = Network::build(&config).expect("builds");
    let parameters = weights(&network);
    if let Some(folder) = asked() {
        return write_case(&folder, case.name, case.side, &config, &parameters);
    }
    let file = format!("{FOLDER}/families/{}.safetensors", case.name);
    let want = read(Path::new(&file));
    let model = (&network, &parameters);
    let (logits, grad, name) = differences(&Fused, case, model, &want);
    let (exact, exact_grad, exact_name) = differences(&Exact, case, model, &want);
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
    assert!(exact < 1e-6 && exact_grad < 1e-6, "{found}");
}

#[test]
fn every_family_as_in_pytorch() {
    // The exact engine runs on one thread: a case for each.
    CASES.par_iter().for_each(compare);
}

/// Networks of full size: written for the script, and compared with what it found there.
///
/// `TIMESTEP_FULL=folder TIMESTEP_FULL_NETWORKS=resnet-50,… cargo test … -- --ignored full_size`
#[test]
#[ignore = "needs PyTorch's results in the folder TIMESTEP_FULL; minutes"]
fn full_size_as_in_pytorch() {
    let folder = folder("TIMESTEP_FULL").expect("TIMESTEP_FULL names a folder");
    let names = std::env::var("TIMESTEP_FULL_NETWORKS").unwrap_or("resnet-50".into());
    for name in names.split(',') {
        let config = preset(name).expect("registered").at_home();
        let network = Network::build(&config).expect("builds");
        let parameters = weights(&network);
        let side = config.input.height;
        let found = folder.join(format!("{name}.logits.safetensors"));
        if !found.exists() {
            write_case(&folder, name, side, &config, &parameters);
            continue;
        }
        let want = read(&found);
        let images = pictures(BATCH, side);
        let own = logits(&Fused, (&network, &parameters), &images, Mode::Eval, None);
        let off = difference(&own, &expected(&want, "logits_eval"));
        assert!(off < 1e-4, "{name}: logits differ by {off}");
    }
}

#[test]
fn reconstruction_and_history_are_among_the_cases() {
    let all: Vec<NetworkConfig> = CASES.iter().map(config).collect();
    assert!(
        all.iter()
            .any(|c| c.body.activations == Activations::Reconstructed)
    );
    assert!(all.iter().any(|c| c.scheme.history == History::Projected));
}
