//! Does the program train a transformer as a splitting, look at it, export it, and say what it cannot do with it?

use crate::common::{objects, ok, refused};
use std::path::Path;
use timestep_nets::read_safetensors;

fn train(at: &Path, network: &str) {
    let small = ["--steps", "2", "--width", "32", "--epochs", "10", "--quiet"];
    let adam = [
        "--set",
        "optimiser.name=adamw",
        "--set",
        "optimiser.lr=0.003",
    ];
    let recipe = format!("digits/{network}");
    let args = ["train", &recipe, "--name", network];
    ok(at, &[&args[..], &small, &adam].concat());
}

#[test]
fn macaron_and_transformer_are_trained_measured_and_exported() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for network in ["macaron-6", "transformer-6"] {
        train(at, network);
        let run = format!("runs/{network}");
        let said = objects(at, &["eval", &run]);
        let top1 = said[0]["top1"].as_f64().expect("an accuracy");
        // Chance is 0.1.
        assert!(top1 > 0.4, "{network}: {top1}");
        let summary = &objects(at, &["summary", &run])[0];
        assert_eq!(
            summary["map"]["equation"], "u' = f0(u) + f1(u)",
            "{summary}"
        );
        let way = objects(at, &["analyze", "trace", &run, "--images", "8"]);
        let steps = way[0]["states"].as_array().expect("states");
        // The mean slope of the sub-steps is what the step added.
        for state in &steps[1..] {
            let [slope, increment] = ["slope", "increment"].map(|key| state[key].as_f64());
            let (slope, increment) = (slope.expect("a slope"), increment.expect("an increment"));
            assert!((slope / increment - 1.0).abs() < 1e-4, "{state}");
        }
        let spectrum = [
            "analyze",
            "stability",
            &run,
            "--images",
            "1",
            "--products",
            "12",
        ];
        let spectrum = objects(at, &spectrum);
        assert!(
            spectrum[0].to_string().contains("increment"),
            "{}",
            spectrum[0]
        );
        exported(at, network, &run);
        let error = refused(at, &["export", &run, "-o", "timm", "--format", "timm"]);
        assert!(
            error.contains("E0409") && error.contains("its kind of step is not there"),
            "{error}"
        );
        assert!(!at.join("timm").exists());
    }
}

/// A graph with attention, and a module that reads the weights which `export` writes alone.
fn exported(at: &Path, network: &str, run: &str) {
    let [onnx, python, alone, npz] =
        [".onnx", ".py", "-alone.safetensors", ".npz"].map(|end| format!("{network}{end}"));
    for file in [&onnx, &python, &alone, &npz] {
        ok(at, &["export", run, "-o", file]);
    }
    let file = |name: &str| std::fs::read(at.join(name)).expect("written");
    let graph = file(&onnx);
    let count = |word: &str| {
        let windows = graph.windows(word.len());
        windows.filter(|w| *w == word.as_bytes()).count()
    };
    let terms = if network == "macaron-6" { 3 } else { 2 };
    // Two steps of so many terms, and the head.
    assert_eq!(count("LayerNormalization"), terms * 2 + 1);
    assert_eq!(count("Softmax"), 2);
    let text = String::from_utf8(file(&python)).expect("text");
    let own = format!("WEIGHTS = \"{network}.safetensors\"");
    for expected in [&own, "scaled_dot_product_attention", "positions(32, 4, 4)"] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    let arrays = |name: &str| read_safetensors(&file(name)).expect("weights").arrays;
    assert_eq!(arrays(&format!("{network}.safetensors")), arrays(&alone));
}

/// What has no fixed list of operations: steps that solve equations, and steps whose size follows from a tolerance.
#[test]
fn transformers_whose_steps_search_are_exported_as_weights_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let small = ["--steps", "1", "--width", "8", "--epochs", "1", "--quiet"];
    for (name, scheme) in [
        ("solved", &["--scheme", "imex-euler"][..]),
        ("chosen", &["--scheme", "heun", "--set", "network.rtol=0.1"]),
    ] {
        let train = ["train", "digits/transformer-6", "--name", name];
        ok(at, &[&train[..], &small, scheme].concat());
        let run = format!("runs/{name}");
        for file in ["net.onnx", "net.py"] {
            let error = refused(at, &["export", &run, "-o", file]);
            assert!(
                error.contains("E0409") && error.contains("hint:") && error.contains(scheme[1]),
                "{error}"
            );
            assert!(!at.join(file).exists());
        }
        ok(at, &["export", &run, "-o", &format!("{name}.npz")]);
    }
}

#[test]
fn orders_of_splittings_and_sectors_of_stars_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let order = [
        "analyze",
        "order",
        "lie",
        "strang",
        "--problem",
        "brusselator",
    ];
    let found = objects(at, &order);
    for (one, theory) in found.iter().zip([1.0, 2.0]) {
        let own = one["order"].as_f64().expect("an order");
        assert!((own - 1.0).abs() < 0.1, "{one}");
        let split = &one["splitting"];
        let order = split["order"].as_f64().expect("an order");
        assert!(
            (order - theory).abs() < 0.1 && split["theory"] == theory as u64,
            "{one}"
        );
    }
    let star = [
        "analyze",
        "order-star",
        "rk4",
        "--svg",
        "star.svg",
        "--csv",
        "star.csv",
    ];
    let said = ok(at, &star);
    assert!(said.contains("5 sectors"), "{said}");
    let svg = std::fs::read_to_string(at.join("star.svg")).expect("a picture");
    assert!(svg.contains("rk4: 5 sectors at 0"));
    let table = std::fs::read_to_string(at.join("star.csv")).expect("a table");
    assert!(table.starts_with("scheme,k,part,re,im\nrk4,,0,"), "{table}");
    let error = refused(at, &["analyze", "order-star", "lm", "--svg", "none.svg"]);
    assert!(
        error.contains("no order star") && error.contains("hint:"),
        "{error}"
    );
    assert!(!at.join("none.svg").exists());
}
