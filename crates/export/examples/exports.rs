//! Writes networks in every format, with images and the logits that this program computes for them:
//! `bench/exports.py` compares those of ONNX Runtime, PyTorch and timm.
//!
//! ```console
//! cargo run --release --workspace --example exports -- FOLDER [NETWORK…]
//! ```

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use timestep_export::{Graph, Subject, onnx, pytorch, timm};
use timestep_nets::{Engine, Mode, Network, Parameters, Pass, Role, device, preset};

/// One of each family that is published; those that timm has come last.
const NETWORKS: [&str; 33] = [
    "resnet-20",
    "preresnet-20",
    "preresnet-164",
    "lm-resnet-20",
    "lm-resnet-164",
    "lm-resnet-50",
    "lm-resnext-29-8x64d",
    "lm-resnext-29-8x64d-history",
    "lm3-resnet-20",
    "em-resnet-40",
    "momentum-resnet-20",
    "zerosnet-20",
    "dense-resnet-56",
    "polynet-20",
    "resnext-29-8x64d",
    "wrn-16-8",
    "fractalnet-20",
    "fractalnet-40",
    "revnet-38",
    "revnet-164",
    "revnet-56",
    "shake-shake-26-2x32d",
    "preresnet-50",
    "resnet-50-v1",
    "very-deep-polynet",
    "transformer-6",
    "macaron-6",
    "lm-resnet-18",
    "resnet-18",
    "resnet-50",
    "resnext-50-32x4d",
    "se-resnet-50",
    "inception-resnet-v2",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().ok_or("which folder?")?;
    let named: Vec<String> = args.collect();
    let chosen = match named.is_empty() {
        true => NETWORKS.map(str::to_owned).to_vec(),
        false => named,
    };
    let engine = device("cpu")?;
    for name in &chosen {
        write(&Path::new(&folder).join(name), name, &engine)?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, engine: &Arc<dyn Engine>) -> Result<(), Box<dyn Error>> {
    let network = Network::build(&preset(name)?.at_home())?;
    let parameters = used(&network);
    let graph = Graph::of(&network)?;
    let config = network.config();
    let classes: Vec<String> = (0..config.classes).map(|n| format!("class {n}")).collect();
    let subject = Subject {
        name,
        graph: &graph,
        parameters: &parameters,
        classes: &classes,
        mean: &[0.485, 0.456, 0.406],
        std: &[0.229, 0.224, 0.225],
        version: "timestep example",
    };
    std::fs::create_dir_all(folder.join("timm"))?;
    std::fs::write(folder.join("model.onnx"), onnx(&subject, false)?)?;
    std::fs::write(folder.join("whole.onnx"), onnx(&subject, true)?)?;
    let module = pytorch(&subject, "weights.safetensors")?;
    std::fs::write(folder.join("model.py"), module.python)?;
    std::fs::write(folder.join("weights.safetensors"), module.weights)?;
    if let Ok(files) = timm(&subject, &network) {
        std::fs::write(folder.join("timm/config.json"), files.config)?;
        std::fs::write(folder.join("timm/model.safetensors"), files.weights)?;
    }
    for batch in [1, 7] {
        let shape = config.input;
        let dims = [batch, shape.channels, shape.height, shape.width];
        let images = numbers(batch as u32, dims.iter().product());
        let pass = Pass::new(&**engine, &parameters, Mode::Eval);
        let logits = network.forward(&pass, pass.images(dims, &images))?.read();
        let logits: Vec<f32> = logits.iter().map(|v| *v as f32).collect();
        raw(&folder.join(format!("images-{batch}.f32")), &images)?;
        raw(&folder.join(format!("logits-{batch}.f32")), &logits)?;
    }
    Ok(())
}

/// Numbers as a network has them that was trained: norms that measured something, coefficients that left 0.
fn used(network: &Network) -> Parameters {
    let mut parameters = network.init(5);
    let table: Vec<_> = network
        .specs()
        .iter()
        .cloned()
        .zip(parameters.ids())
        .collect();
    for (at, (spec, id)) in table.iter().enumerate() {
        let (from, to) = match spec.role {
            Role::Weight | Role::Bias => continue,
            Role::Coefficient => (-0.4, 0.1),
            Role::Buffer if spec.name.ends_with("running_var") => (0.7, 1.8),
            Role::Norm if spec.name.ends_with("weight") => (0.2, 0.9),
            Role::Buffer | Role::Norm => (-0.2, 0.2),
        };
        let drawn = numbers(at as u32 + 100, spec.len());
        // Normal numbers, cut off at two deviations, onto the interval.
        for (value, drawn) in parameters.value_mut(*id).iter_mut().zip(drawn) {
            *value = from + (to - from) * (drawn.clamp(-2.0, 2.0) / 4.0 + 0.5);
        }
    }
    parameters
}

/// Normal numbers under a seed: sums of twelve uniform ones.
fn numbers(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut uniform = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    };
    (0..count)
        .map(|_| (0..12).map(|_| uniform()).sum::<f32>() - 6.0)
        .collect()
}

fn raw(path: &Path, numbers: &[f32]) -> std::io::Result<()> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(path, bytes)
}
