//! Does an independent PyTorch implementation, given our weights, get our logits and gradients?
//!
//! The expected values were made by `tests/golden/pytorch/networks.py`; its first lines say how.

use crate::common::chacha::weights;
use crate::common::golden::{
    FOLDER, asked, difference, expected, norm, pictures, read, write_inputs,
};
use crate::common::{learn, logits};
use std::path::Path;
use timestep_engine::{Exact, Fused};
use timestep_nets::{
    Engine, InputShape, Metadata, Mode, Network, Parameters, Pass, Role, Targets, WeightsFile,
    preset,
};

const BATCH: usize = 4;
const LABELS: [u32; BATCH] = [3, 8, 0, 5];

fn network(name: &str) -> Network {
    let input = InputShape {
        channels: 3,
        height: 32,
        width: 32,
    };
    Network::build(&preset(name).expect("registered").config(input, 10)).expect("builds")
}

/// How closely a training pass must agree with the fixture.
struct Bounds {
    /// Logits, loss and statistics.
    logits: f64,
    /// Norms of gradients.
    norm: f64,
    /// Entries of gradients.
    entries: f64,
    /// Is this single precision, where small gradients are measured by large ones?
    single: bool,
}

fn compare(name: &str) {
    let network = network(name);
    let mut parameters = weights(&network, 42);
    // Coefficients away from their start, so that the history matters.
    let coefficients: Vec<_> = parameters
        .ids()
        .filter(|id| parameters.specs()[id.index()].name.ends_with("memory_k"))
        .collect();
    for (n, id) in coefficients.into_iter().enumerate() {
        parameters.value_mut(id).fill(-0.7 + 0.2 * n as f32);
    }
    let images = pictures(BATCH, 32);
    if let Some(folder) = asked() {
        let weights = format!("{name}.safetensors");
        let files = [weights.as_str(), "batch.safetensors"];
        let metadata = Metadata::new();
        return write_inputs(&folder, files, (&parameters, &metadata), &images, &LABELS);
    }
    let want = read(Path::new(&format!("{FOLDER}/{name}.safetensors")));
    for (engine, to) in [(&Fused as &dyn Engine, 1e-4), (&Exact, 1e-6)] {
        let model = (&network, &parameters);
        let eval = logits(engine, model, &images, Mode::Eval, None);
        let off = difference(&eval, &expected(&want, "logits_eval"));
        let on = engine.name();
        assert!(off < to, "{name} {on}: evaluation logits differ by {off}");
    }
    // In f32 a ReLU input within rounding of zero may fall on either side, which moves single
    // entries of a gradient by percents in any program, and norms by up to a hundredth in a batch of
    // four; `tests/fused.rs` compares closer, on networks where no input is that near.
    let single = Bounds {
        logits: 1e-4,
        norm: 1e-2,
        entries: 6e-2,
        single: true,
    };
    gradients(&Fused, name, (&network, &parameters), &want, &single);
    // In f64 there is no such excuse. The fixture is read as f32, hence not 1e-12.
    let double = Bounds {
        logits: 1e-6,
        norm: 1e-6,
        entries: 1e-6,
        single: false,
    };
    gradients(&Exact, name, (&network, &parameters), &want, &double);
}

/// One training pass against the fixture.
fn gradients(
    engine: &dyn Engine,
    name: &str,
    (network, parameters): (&Network, &Parameters),
    want: &WeightsFile,
    to: &Bounds,
) {
    let on = engine.name();
    let pass = Pass::training(engine, parameters);
    let images = pictures(BATCH, 32).on(&pass);
    let targets = Targets {
        labels: LABELS.to_vec(),
        smoothing: 0.1,
        mixed: None,
    };
    let found = learn(pass, network, images, &targets);
    let off = difference(&found.logits, &expected(want, "logits_train"));
    assert!(
        off < to.logits,
        "{name} {on}: training logits differ by {off}"
    );
    assert!(difference(&[found.loss], &expected(want, "loss")) < to.logits);
    let norm_of = |name: &str| expected(want, &format!("norm.{name}"))[0];
    for (spec, grad) in network
        .specs()
        .iter()
        .zip(&found.gradients)
        .filter(|(s, _)| s.is_trained())
    {
        let what = format!("{name} {on} `{}`", spec.name);
        let grad = grad.as_ref().expect("a gradient");
        let (own, norm) = (norm(grad), norm_of(&spec.name));
        // A small gradient next to large ones of its kind is a difference of larger numbers.
        let kin = network.specs().iter().filter(|s| s.role == spec.role);
        let largest = kin.map(|s| norm_of(&s.name)).fold(0.0, f64::max);
        let scale = match spec.role {
            // A single number: the sum of products of either sign over a whole segment.
            Role::Coefficient if to.single => largest,
            _ if to.single => norm.max(0.3 * largest),
            _ => norm,
        };
        assert!(
            (own - norm).abs() < to.norm * scale,
            "{what}: norm {own} against {norm}"
        );
        let some = expected(want, &format!("grad.{}", spec.name));
        let off = match spec.role {
            Role::Coefficient if to.single => (grad[0] - some[0]).abs() / largest,
            _ => difference(&grad[..some.len()], &some),
        };
        assert!(off < to.entries, "{what}: gradient differs by {off}");
    }
    let mut parameters = parameters.clone();
    network.absorb(&mut parameters, found.statistics);
    let table = network.specs().iter().zip(parameters.ids());
    for (spec, id) in table.filter(|(s, _)| !s.is_trained()) {
        let want = expected(want, &format!("buffer.{}", spec.name));
        let own = parameters.value(id).iter().map(|v| f64::from(*v));
        let off = difference(&own.collect::<Vec<f64>>(), &want);
        assert!(
            off < to.logits,
            "{name} {on} `{}`: statistic differs by {off}",
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
