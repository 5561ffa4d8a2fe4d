//! Do the analyses of trained networks measure what they say: spectra, coefficients, ways of images?

use crate::common::{objects, ok, refused, run};
use serde_json::Value;
use std::path::Path;

/// Trains a small network on the digits and returns its run folder's name.
fn train(folder: &Path, name: &str, more: &[&str]) {
    let args = [
        "train", "--width", "8", "--epochs", "1", "--batch", "128", "--quiet", "--name", name,
    ];
    ok(folder, &[&args, more].concat());
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("no number: {value}"))
}

fn list(value: &Value) -> &Vec<Value> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
}

fn svg(folder: &Path, name: &str) -> String {
    let text = std::fs::read_to_string(folder.join(name)).expect("the picture");
    assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"));
    assert!(!text.contains("NaN") && !text.contains("inf"), "{name}");
    text
}

/// Array of an uncompressed archive for NumPy: the offset of its data, found by its name.
fn npz_array(bytes: &[u8], name: &str) -> Vec<f32> {
    let name = format!("{name}.npy");
    let find = |from: usize, what: &[u8]| {
        let rest = &bytes[from..];
        from + rest
            .windows(what.len())
            .position(|w| w == what)
            .unwrap_or_else(|| panic!("no {name}"))
    };
    let header = find(find(0, name.as_bytes()), b"\x93NUMPY");
    let length = usize::from(u16::from_le_bytes([bytes[header + 8], bytes[header + 9]]));
    let text = String::from_utf8_lossy(&bytes[header + 10..header + 10 + length]).into_owned();
    let shape = text.split("'shape': (").nth(1).expect("a shape");
    let shape = shape.split(')').next().expect("a tuple");
    let count: usize = shape
        .split(',')
        .filter_map(|d| d.trim().parse::<usize>().ok())
        .product();
    let start = header + 10 + length;
    bytes[start..start + 4 * count]
        .chunks(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect()
}

#[test]
fn a_trained_network_is_looked_at_in_three_ways() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    train(at, "lm", &["--steps", "3,2"]);
    spectra(at);
    coefficients(at);
    ways(at);
}

fn spectra(at: &Path) {
    let args = [
        "analyze",
        "stability",
        "runs/lm",
        "--images",
        "2",
        "--svg",
        "s.svg",
        "--npz",
        "s.npz",
    ];
    let found = objects(at, &args);
    assert_eq!(found.len(), 2, "one object per segment");
    let mut rows = 0;
    for (segment, steps) in found.iter().zip([3, 1]) {
        assert_eq!(
            (&segment["v"], &segment["measured"]),
            (&1.into(), &"slope".into())
        );
        assert_eq!(list(&segment["images"]).len(), 2);
        assert_eq!(
            list(&segment["steps"]).len(),
            steps,
            "strided steps are left out"
        );
        for step in list(&segment["steps"]) {
            let radius = number(&step["radius"]);
            assert!(radius > 0.0 && radius.is_finite());
            let (low, high) = (number(&step["real"][0]), number(&step["real"][1]));
            assert!(-radius <= low && low <= high && high <= radius * (1.0 + 1e-9));
            assert!(number(&step["imaginary"]) <= radius);
            let restart = list(&step["coefficients"]).is_empty();
            assert_eq!(restart, step["step"] == 1 && segment["segment"] == 1);
            for image in list(&step["by_image"]) {
                let values = list(&image["values"]);
                rows += values.len();
                for value in values {
                    let (re, im) = (number(&value[0]), number(&value[1]));
                    assert!(re.hypot(im) <= radius * (1.0 + 1e-9));
                    if restart {
                        // A restart is forward Euler: |1 + z|.
                        let euler = (1.0 + re).hypot(im);
                        assert!((number(&value[3]) - euler).abs() < 1e-9);
                    } else {
                        // The scheme's own roots: ζ² = (1 - k + z) ζ + k.
                        let k = number(&step["coefficients"][0]);
                        let growth = larger_root((1.0 - k + re, im), k);
                        assert!((number(&value[3]) - growth).abs() < 1e-6, "{value}");
                    }
                }
            }
        }
    }
    assert!(svg(at, "s.svg").matches("<circle").count() > 10);
    let bytes = std::fs::read(at.join("s.npz")).expect("arrays");
    for name in [
        "segment",
        "step",
        "image",
        "real",
        "imaginary",
        "residual",
        "growth",
    ] {
        assert_eq!(npz_array(&bytes, name).len(), rows, "{name}");
    }
    // The same seed, the same numbers; another one, other images.
    let again = |seed: &str| {
        let args = [
            "analyze",
            "stability",
            "runs/lm",
            "--images",
            "1",
            "--seed",
            seed,
            "--json",
        ];
        ok(at, &args)
    };
    assert_eq!(again("0"), again("0"));
    assert_ne!(again("0"), again("7"));
    let text = ok(at, &["analyze", "stability", "runs/lm", "--images", "1"]);
    assert!(
        text.contains("constant") && text.contains("segment 2:"),
        "{text}"
    );
}

/// Larger modulus of the roots of `ζ² - b ζ - k`, `b` complex.
fn larger_root(b: (f64, f64), k: f64) -> f64 {
    // The root of the discriminant b² + 4k.
    let (re, im) = (b.0 * b.0 - b.1 * b.1 + 4.0 * k, 2.0 * b.0 * b.1);
    let size = re.hypot(im);
    let x = ((size + re) / 2.0).max(0.0).sqrt();
    let y = ((size - re) / 2.0).max(0.0).sqrt() * if im < 0.0 { -1.0 } else { 1.0 };
    let root = |s: f64| ((b.0 + s * x) / 2.0).hypot((b.1 + s * y) / 2.0);
    root(1.0).max(root(-1.0))
}

fn coefficients(at: &Path) {
    train(at, "lm3", &["--scheme", "lm3", "--steps", "3,2"]);
    let args = [
        "analyze",
        "momentum",
        "runs/lm",
        "runs/lm3/weights/last.safetensors",
        "--svg",
        "k.svg",
        "--history",
        "h.svg",
        "--form",
        "one-minus-k",
    ];
    let found = objects(at, &args);
    assert_eq!(found.len(), 2);
    for network in &found {
        // The coefficients at the end of the history are those of the weights: there is one epoch.
        let history = list(&network["history"]);
        assert_eq!((history.len(), &history[0]["epoch"]), (1, &1.into()));
        for (i, segment) in list(&network["segments"]).iter().enumerate() {
            assert_eq!(segment["k"], history[0]["k"][i]);
            let all = list(&segment["all_k"]);
            assert_eq!(history[0]["all_k"][i], segment["all_k"]);
            let steps = list(&segment["effective_steps"]);
            assert_eq!(all.len(), steps.len());
            let mut time = 0.0;
            for (ks, h) in all.iter().zip(steps) {
                // u' has the coefficient 1 + k + 2 m + ….
                let damping: f64 = list(ks)
                    .iter()
                    .enumerate()
                    .map(|(j, k)| (j + 1) as f64 * number(k))
                    .sum();
                assert!((number(h) * (1.0 + damping) - 1.0).abs() < 1e-9);
                time += number(h);
            }
            assert!((number(&segment["time"]) - time).abs() < 1e-9);
            assert_eq!(segment["zero_stable"], true);
            assert!(number(&segment["variation"]) >= number(&segment["growth"]) * 0.5);
        }
    }
    // `lm`: the variation is the sup of the sums of partial products.
    let lm = &found[0]["segments"][0];
    let ks: Vec<f64> = list(&lm["k"]).iter().filter_map(Value::as_f64).collect();
    assert_eq!(ks.len(), 2);
    let bound = (1.0 + ks[0].abs() * (1.0 + ks[1].abs())).max(1.0 + ks[1].abs());
    assert!((number(&lm["variation"]) - bound).abs() < 1e-9, "{lm}");
    // The third step of `lm3` has two coefficients.
    let older = &found[1]["segments"][0]["all_k"];
    let lengths: Vec<usize> = list(older).iter().map(|k| list(k).len()).collect();
    assert_eq!(lengths, [0, 1, 2]);

    // One point a coefficient (3 of lm, 4 of lm3), one curve a learning step.
    let picture = svg(at, "k.svg");
    assert_eq!(picture.matches("<circle").count(), 3 + 4);
    assert!(picture.contains(">1-k<") && picture.contains(">lm<") && picture.contains(">lm3<"));
    let picture = svg(at, "h.svg");
    assert_eq!(picture.matches("<polyline").count(), 3 + 4);
    assert_eq!(picture.matches("stroke-opacity=\"0.45\"").count(), 1);
    let text = ok(at, &["analyze", "momentum", "runs/lm3"]);
    assert!(text.contains("All coefficients") && text.contains("History over training"));
    assert!(text.contains("variation"), "{text}");
}

fn ways(at: &Path) {
    let args = [
        "analyze", "trace", "runs/lm", "--images", "40", "--svg", "t.svg", "--npz", "t.npz",
    ];
    let found = objects(at, &args);
    assert_eq!(found.len(), 2);
    let bytes = std::fs::read(at.join("t.npz")).expect("arrays");
    assert_eq!(npz_array(&bytes, "labels").len(), 40);
    for (segment, steps) in found.iter().zip([vec![0, 1, 2, 3], vec![1, 2]]) {
        let states = list(&segment["states"]);
        let counted: Vec<_> = states.iter().map(|s| s["step"].clone()).collect();
        assert_eq!(
            counted,
            steps.iter().map(|s| Value::from(*s)).collect::<Vec<_>>()
        );
        let straight = number(&segment["straightness"]);
        assert!(straight > 0.0 && straight <= 1.0 + 1e-9);
        let shares: Vec<f64> = list(&segment["shares"]).iter().map(number).collect();
        assert!(shares[0] >= shares[1] && shares[1] > 0.0 && shares[0] + shares[1] <= 1.0 + 1e-9);
        // The paths are the features, seen from their mean, so they are centred.
        let paths = list(&segment["paths"]);
        assert_eq!((paths.len(), list(&paths[0]).len()), (40, states.len()));
        for axis in 0..2 {
            let points: Vec<f64> = paths
                .iter()
                .flat_map(list)
                .map(|p| number(&p[axis]))
                .collect();
            let mean = points.iter().sum::<f64>() / points.len() as f64;
            let size = points.iter().map(|x| x.abs()).sum::<f64>() / points.len() as f64;
            assert!(mean.abs() < 1e-6 * size, "{mean} {size}");
        }
        let name = format!("segment{}.features", segment["segment"]);
        let channels = segment["channels"].as_u64().expect("a number") as usize;
        assert_eq!(npz_array(&bytes, &name).len(), states.len() * 40 * channels);
        for (i, state) in states.iter().enumerate() {
            assert!(number(&state["state"]) > 0.0);
            assert_eq!(state["increment"].is_null(), i == 0);
            assert_eq!(state["cosine"].is_null(), i < 2);
        }
    }
    // The first step is forward Euler: its increment is what the block added. The second one has history.
    let states = &found[0]["states"];
    let gap = |i: usize| number(&states[i]["increment"]) - number(&states[i]["slope"]);
    assert!(gap(1).abs() < 1e-5 * number(&states[1]["increment"]));
    assert!(gap(2).abs() > 1e-5 * number(&states[2]["increment"]));
    // 40 images, ten classes at most, in two segments; three curves in two pieces.
    let curves = svg(at, "t.svg").matches("<polyline").count();
    assert!((2 * 41 + 6..=2 * 50 + 6).contains(&curves), "{curves}");
}

#[test]
fn schemes_without_coefficients_are_measured_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    train(at, "euler", &["--net", "resnet-20", "--steps", "2,2"]);
    // Post-activation: a ReLU follows each step, so the state moves otherwise than f says.
    let found = objects(at, &["analyze", "stability", "runs/euler", "--images", "1"]);
    for step in list(&found[0]["steps"]) {
        assert_eq!(step["rectified"], true);
        let growth = number(&step["growth"]);
        let [low, high] = [0, 1].map(|i| number(&step["real"][i]));
        assert!(growth >= (1.0 + low).abs().max((1.0 + high).abs()) - 1e-9);
    }
    let text = ok(at, &["analyze", "stability", "runs/euler", "--images", "1"]);
    assert!(text.contains("ReLU after each step"), "{text}");

    train(at, "pair", &["--net", "revnet-38", "--steps", "2,2,2"]);
    let found = objects(at, &["analyze", "stability", "runs/pair", "--images", "1"]);
    assert_eq!(found[0]["measured"], "pair");
    // Values come in both signs.
    for step in list(&found[0]["steps"]) {
        let (low, high) = (number(&step["real"][0]), number(&step["real"][1]));
        assert!((low + high).abs() < 1e-6 * high.max(1e-3), "{low} {high}");
        assert_eq!(step["dimension"], 8 * 8 * 8 / 2);
    }
    // Of a reversible pair and of Euler the increment is the slope at every step.
    train(
        at,
        "plain",
        &["--block", "preact", "--scheme", "euler", "--steps", "3,2"],
    );
    for run in ["runs/pair", "runs/plain"] {
        for segment in objects(at, &["analyze", "trace", run, "--images", "20"]) {
            for state in list(&segment["states"]).iter().skip(1) {
                let (d, f) = (number(&state["increment"]), number(&state["slope"]));
                assert!((d - f).abs() < 1e-5 * d, "{run}: {d} {f}");
            }
        }
    }
    // Nothing was learned, and that is said; a history cannot be drawn of it.
    let text = ok(at, &["analyze", "momentum", "runs/plain"]);
    assert!(text.contains("u' + 0.5 h u''"), "{text}");
    refused(
        at,
        &["analyze", "momentum", "runs/plain", "--history", "h.svg"],
    );
    assert!(!at.join("h.svg").exists());
}

#[test]
fn what_cannot_be_analysed_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let text = refused(at, &["analyze", "stability", "eulr"]);
    assert!(
        text.contains("`euler`") && text.contains("no weights file"),
        "{text}"
    );
    refused(at, &["analyze", "stability", "runs/missing"]);
    refused(at, &["analyze", "stability", "missing.safetensors"]);
    refused(at, &["analyze", "trace", "runs/missing"]);
    for flag in [
        ["--images", "2"],
        ["--seed", "1"],
        ["--data", "digits"],
        ["--npz", "x.npz"],
    ] {
        let args = [&["analyze", "stability", "lm"][..], &flag[..]].concat();
        assert!(refused(at, &args).contains(flag[0]));
    }
    std::fs::write(at.join("text.safetensors"), b"not weights").expect("written");
    refused(at, &["analyze", "stability", "text.safetensors"]);
    // A folder of a scheme's name does not hide the scheme.
    std::fs::create_dir(at.join("lm")).expect("a folder");
    assert!(ok(at, &["analyze", "stability", "lm"]).contains("real interval"));

    train(at, "small", &["--steps", "2"]);
    refused(at, &["analyze", "stability", "runs/small", "--k", "0.1"]);
    let text = refused(
        at,
        &["analyze", "stability", "runs/small", "--data", "digts"],
    );
    assert!(text.contains("`digits`"), "{text}");
    refused(
        at,
        &["analyze", "trace", "runs/small", "--svg", "missing/t.svg"],
    );
    let out = run(at, &["analyze", "trace", "runs/small", "--images", "0"]);
    assert_eq!(out.status.code(), Some(2));
    // More images than there are: all of them.
    let all = objects(
        at,
        &["analyze", "trace", "runs/small", "--images", "100000"],
    );
    assert_eq!(list(&all[0]["images"]).len(), 360);
    let left: Vec<String> = std::fs::read_dir(at)
        .expect("a folder")
        .map(|e| {
            e.expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert!(
        !left.iter().any(|n| n.contains("tmp") || n.contains("npz")),
        "{left:?}"
    );
}
