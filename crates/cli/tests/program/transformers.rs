//! Does the program train a transformer as a splitting, look at it, and say what it cannot do with it?

use crate::common::{objects, ok, refused};
use std::path::Path;

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
fn macaron_and_transformer_are_trained_measured_and_not_exported_as_operations() {
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
        for file in ["net.onnx", "net.py"] {
            let error = refused(at, &["export", &run, "-o", file]);
            assert!(
                error.contains("E0409") && error.contains("hint:"),
                "{error}"
            );
            assert!(!at.join(file).exists());
        }
        ok(at, &["export", &run, "-o", &format!("{network}.npz")]);
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
