//! Does an ONNX file hold the network? Read back and evaluated by an interpreter of its own.

use crate::interpreter::run;
use crate::reader::{Model, Tensor};
use crate::subject::{Small, spread};
use timestep_export::{OPSET, onnx};
use timestep_nets::{InputShape, NetworkConfig, preset};

/// Every family, with images as small as it takes them and as narrow as it stays quick.
const FAMILIES: [(&str, usize, usize); 28] = [
    ("resnet-20", 9, 4),
    ("preresnet-20", 8, 4),
    ("preresnet-164", 8, 4),
    ("lm-resnet-20", 8, 4),
    ("lm-resnext-29-8x64d", 8, 8),
    ("lm-resnext-29-8x64d-history", 8, 8),
    ("lm3-resnet-20", 8, 4),
    ("em-resnet-40", 8, 4),
    ("momentum-resnet-20", 8, 4),
    ("zerosnet-20", 8, 4),
    ("dense-resnet-56", 8, 4),
    ("polynet-20", 8, 4),
    ("resnext-29-8x64d", 8, 8),
    ("wrn-16-8", 8, 8),
    ("fractalnet-20", 32, 4),
    ("revnet-38", 8, 8),
    ("shake-shake-26-2x32d", 9, 4),
    ("resnet-50", 32, 8),
    ("lm-resnet-50", 32, 8),
    ("resnext-50-32x4d", 32, 64),
    ("se-resnet-50", 32, 32),
    ("revnet-56", 32, 8),
    ("inception-resnet-v2", 75, 0),
    ("very-deep-polynet", 75, 0),
    ("parabolic-20", 8, 8),
    ("hamiltonian-38", 8, 8),
    ("transformer-6", 8, 64),
    ("macaron-6", 8, 64),
];

fn images(small: &Small, batch: usize) -> Vec<f32> {
    (0..small.dims(batch).iter().product())
        .map(spread)
        .collect()
}

fn tensor(small: &Small, batch: usize, values: &[f32]) -> Tensor {
    Tensor {
        shape: small.dims(batch).to_vec(),
        values: values.iter().map(|v| f64::from(*v)).collect(),
    }
}

fn close(found: &[f64], ours: &[f64], what: &str) {
    assert_eq!(found.len(), ours.len(), "{what}");
    let scale = ours.iter().fold(1.0, |max: f64, v| max.max(v.abs()));
    for (found, ours) in found.iter().zip(ours) {
        // Both are in double precision; constants of the file are rounded to single.
        assert!(
            (found - ours).abs() < 1e-5 * scale,
            "{what}: {found} for {ours}"
        );
    }
}

#[test]
fn every_family_computes_the_same_logits_from_its_file() {
    for (name, side, width) in FAMILIES {
        // Wide bodies cannot be made narrow: one image must do.
        let batch = if width == 0 { 1 } else { 3 };
        let small = Small::of(name, side, width);
        let model = Model::read(&onnx(&small.subject(), false).expect("a file"));
        let images = images(&small, batch);
        let ours = small.logits(small.dims(batch), &images);
        let found = run(&model, "images", tensor(&small, batch, &images));
        assert_eq!(found.shape, [batch, 5], "{name}");
        close(&found.values, &ours, name);
    }
}

/// A transformer of three heads on images that are no squares.
fn transformer(change: impl FnOnce(&mut NetworkConfig)) -> Small {
    let input = InputShape {
        channels: 3,
        height: 6,
        width: 10,
    };
    let mut config = preset("transformer-6").expect("published").config(input, 5);
    config.body.width = 18;
    config.block.groups = 3;
    config.body.steps = vec![2];
    change(&mut config);
    Small::build(&config)
}

#[test]
fn attention_is_written_for_every_explicit_scheme_number_of_heads_and_shape() {
    let schemes = ["lie", "strang", "euler", "rk4", "lm", "ab2", "reversible"];
    for scheme in schemes {
        for stages in [1, 2] {
            let small = transformer(|config| {
                config.scheme.name = scheme.into();
                config.body.steps = vec![2; stages];
            });
            let model = Model::read(&onnx(&small.subject(), false).expect("a file"));
            for batch in [1, 3] {
                let images = images(&small, batch);
                let ours = small.logits(small.dims(batch), &images);
                let found = run(&model, "images", tensor(&small, batch, &images));
                close(&found.values, &ours, &format!("{scheme}, {stages} stages"));
            }
        }
    }
}

#[test]
fn norms_and_attention_are_operators_and_positions_one_constant() {
    let small = transformer(|config| config.scheme.name = "strang".into());
    let model = Model::read(&onnx(&small.subject(), false).expect("a file"));
    let count = |kind: &str| model.operators.iter().filter(|o| o.kind == kind).count();
    // Three terms in each of two steps, and the head; attention is one of the three.
    assert_eq!(count("LayerNormalization"), 3 * 2 + 1);
    assert_eq!((count("Softmax"), count("MatMul")), (2, 2 * 2));
    // Patches of 2×2 pixels. Row 0 and column 0: sines are 0, cosines 1; the last two of 18 channels have no wave.
    let waves: Vec<_> = (model.arrays.values())
        .filter(|array| array.shape == [1, 18, 3, 5])
        .collect();
    let [waves] = waves[..] else {
        panic!("one constant: {waves:?}");
    };
    let first: Vec<f64> = waves.values.chunks_exact(15).map(|c| c[0]).collect();
    let expected = [[0.0; 4], [1.0; 4], [0.0; 4], [1.0; 4]].concat();
    assert_eq!(first, [&expected[..], &[0.0; 2]].concat());
    // The shortest wave has the length 2π.
    assert!((waves.values[5] - 1.0_f64.sin()).abs() < 1e-7);
    assert!((waves.values[8 * 15 + 1] - 1.0_f64.sin()).abs() < 1e-7);
}

#[test]
fn preprocessing_turns_pixels_into_probabilities() {
    let small = Small::of("lm-resnet-20", 8, 4);
    let model = Model::read(&onnx(&small.subject(), true).expect("a file"));
    let pixels: Vec<f32> = images(&small, 2).iter().map(|v| (v + 1.0) / 2.0).collect();
    let found = run(&model, "pixels", tensor(&small, 2, &pixels));
    let subject = small.subject();
    let (mean, std) = (subject.mean, subject.std);
    let normal = pixels.iter().enumerate().map(|(n, v)| {
        let channel = n / 64 % 3;
        (v - mean[channel]) / std[channel]
    });
    let logits = small.logits(small.dims(2), &normal.collect::<Vec<f32>>());
    let shares = logits.chunks_exact(5).flat_map(|row| {
        let sum: f64 = row.iter().map(|v| v.exp()).sum();
        row.iter().map(move |v| v.exp() / sum)
    });
    close(
        &found.values,
        &shares.collect::<Vec<f64>>(),
        "probabilities",
    );
    assert_eq!(model.outputs[0].0, "probabilities");
}

#[test]
fn the_file_says_what_goes_in_and_what_comes_out() {
    let small = Small::of("lm-resnet-20", 8, 4);
    let bytes = onnx(&small.subject(), false).expect("a file");
    assert_eq!(
        bytes,
        onnx(&small.subject(), false).expect("a file"),
        "the same bytes every time"
    );
    let model = Model::read(&bytes);
    assert_eq!((model.ir_version, model.opset), (8, OPSET as u64));
    let extents = |all: &[&str]| all.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        model.inputs,
        [("images".to_owned(), extents(&["batch", "3", "8", "8"]))]
    );
    assert_eq!(
        model.outputs,
        [("logits".to_owned(), extents(&["batch", "5"]))]
    );
    assert_eq!(
        model.metadata["classes"],
        r#"["kind \"0\"","kind \"1\"","kind \"2\"","kind \"3\"","kind \"4\""]"#
    );
    assert!(
        model.metadata["mean"].starts_with("[0.5,0.4"),
        "{}",
        model.metadata["mean"]
    );
    assert_eq!(model.metadata["network"], "lm-resnet-20");
    // Every parameter is there under its name, with its numbers.
    let specs = small.network.specs();
    for (spec, id) in specs.iter().zip(specs.ids()) {
        let array = &model.arrays[&spec.name];
        assert_eq!(array.shape, spec.shape, "{}", spec.name);
        let ours: Vec<f64> = small
            .parameters
            .value(id)
            .iter()
            .map(|v| f64::from(*v))
            .collect();
        assert_eq!(array.values, ours, "{}", spec.name);
    }
    // And every value has a name of its own, made before it is used.
    let made = model.operators.iter().flat_map(|o| &o.outputs).count();
    assert_eq!(made, model.operators.len());
}

#[test]
fn a_convolution_brings_its_bias_and_coefficients_stay_learned() {
    let small = Small::of("lm-resnet-20", 8, 4);
    let model = Model::read(&onnx(&small.subject(), false).expect("a file"));
    let count = |kind: &str| model.operators.iter().filter(|o| o.kind == kind).count();
    // Conv1, nine blocks of two, two projections; as many norms, and ReLU after each.
    assert_eq!(count("Conv"), 1 + 18 + 2);
    assert_eq!(count("BatchNormalization"), count("Relu"));
    let k = model
        .operators
        .iter()
        .filter(|o| o.inputs.iter().any(|i| i.ends_with("memory_k")));
    assert!(
        k.count() >= 12,
        "each k is used for u and for the state before"
    );
    let inception = Small::of("inception-resnet-v2", 75, 0);
    let model = Model::read(&onnx(&inception.subject(), false).expect("a file"));
    let biased = model
        .operators
        .iter()
        .filter(|o| o.kind == "Conv" && o.inputs.len() == 3);
    assert_eq!(biased.count(), 40, "one in each of the 40 steps");
}
