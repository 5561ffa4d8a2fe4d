//! Do the commands that look things up say what the theory and the papers say?

mod common;

use common::{object, ok, refused};
use serde_json::Value;

fn count(args: &[&str], key: &str) -> u64 {
    object(args)[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{args:?} has no `{key}`"))
}

#[test]
fn published_parameter_counts() {
    for (name, classes, parameters, coefficients) in [
        ("resnet-20", "10", 269_722, 0),
        ("preresnet-20", "10", 269_722, 0),
        ("resnet-56", "10", 853_018, 0),
        ("resnet-110", "10", 1_727_962, 0),
        ("resnet-1202", "10", 19_421_274, 0),
        ("lm-resnet-20", "10", 272_378, 6),
        ("lm-resnet-56", "10", 855_674, 24),
        ("lm-resnet-110", "10", 1_730_618, 51),
        ("lm-resnet-110", "100", 1_736_468, 51),
        ("preresnet-164", "10", 1_703_258, 0),
        ("preresnet-1001", "10", 10_327_706, 0),
    ] {
        let args = ["summary", name, "--classes", classes];
        assert_eq!(count(&args, "parameters"), parameters, "{name}");
        assert_eq!(count(&args, "coefficients"), coefficients, "{name}");
        let summary = object(&args);
        assert_eq!(summary["segments"].as_array().map(Vec::len), Some(3));
        assert!(summary["multiply_adds"].is_u64() && summary["block_evaluations"].is_u64());
    }
}

#[test]
fn order_of_every_scheme() {
    for scheme in timestep_numerics::schemes() {
        let found = object(&["analyze", "order", scheme.key]);
        let order = found["order"].as_f64().expect("a number");
        assert!(
            (order - f64::from(scheme.order)).abs() < 0.1,
            "{}: {order}",
            scheme.key
        );
    }
}

#[test]
fn stability_and_modified_equation() {
    let lm = object(&["analyze", "stability", "lm", "--k", "-0.5"]);
    assert!((lm["real_interval"][0].as_f64().expect("a number") + 3.0).abs() < 1e-3);
    assert_eq!(lm["real_interval"][1], 0.0);
    assert_eq!(lm["zero_stable"], true);
    assert_eq!(
        object(&["analyze", "stability", "lm", "--k", "1.2"])["zero_stable"],
        false
    );
    let rk4 = object(&["analyze", "stability", "rk4"]);
    assert!((rk4["imaginary_interval"].as_f64().expect("a number") - 2.8284).abs() < 1e-3);
    let equation = object(&["analyze", "modified-equation", "lm", "--k", "-0.5"]);
    assert!((equation["coefficients"][0].as_f64().expect("a number") - 0.5).abs() < 1e-9);
    assert!((equation["coefficients"][1].as_f64().expect("a number") - 0.75).abs() < 1e-9);
}

#[test]
fn every_command_helps_and_every_list_is_json() {
    let folder = tempfile::tempdir().expect("a folder");
    for command in [
        "train",
        "eval",
        "predict",
        "summary",
        "analyze",
        "list",
        "explain",
        "cite",
        "data",
        "config",
        "doctor",
        "completions",
    ] {
        assert!(
            ok(folder.path(), &[command, "--help"]).contains("Usage:"),
            "{command}"
        );
    }
    for kind in [
        "kinds", "networks", "schemes", "blocks", "noises", "data", "recipes", "settings",
        "analyses", "logs",
    ] {
        let text = ok(folder.path(), &["list", kind, "--json"]);
        assert!(!text.is_empty());
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(value["v"], 1, "{line}");
        }
    }
}

#[test]
fn everything_registered_is_explained_and_cited() {
    let folder = tempfile::tempdir().expect("a folder");
    for scheme in timestep_numerics::schemes() {
        assert!(ok(folder.path(), &["explain", scheme.key]).contains("# Equation"));
        assert!(
            ok(folder.path(), &["cite", scheme.key]).contains('@'),
            "{}",
            scheme.key
        );
    }
    for name in [
        "preact",
        "lm-resnet-20",
        "cifar10",
        "digits",
        "train.epochs",
        "tensorboard",
    ] {
        assert!(ok(folder.path(), &["explain", name]).len() > 20, "{name}");
    }
    assert!(refused(folder.path(), &["explain", "eulr"]).contains("`euler`"));
}

#[test]
fn settings_show_their_origin_and_doctor_is_content() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = ok(
        folder.path(),
        &["config", "show", "--lr", "0.05", "--set", "train.seed=3"],
    );
    let row = |path: &str| {
        text.lines()
            .find(|l| l.starts_with(path))
            .expect("a row")
            .to_owned()
    };
    assert!(
        row("optimiser.lr").contains("--lr") && row("train.seed").contains("--set"),
        "{text}"
    );
    assert!(row("data.pad ").contains("recipes/digits.toml"), "{text}");
    assert!(ok(folder.path(), &["doctor"]).contains("all in order"));
    assert!(ok(folder.path(), &["data", "verify", "digits"]).contains("in order"));
    assert!(ok(folder.path(), &["completions", "bash"]).contains("timestep"));
    ok(
        folder.path(),
        &["data", "preview", "digits", "--out", "sheet.png"],
    );
    assert!(folder.path().join("sheet.png").is_file());
}
