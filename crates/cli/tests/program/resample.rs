//! Does a trained network get more or fewer steps, and does everything take it then?

use crate::common::{objects, ok, refused};
use std::path::Path;

/// Trains a small network with this scheme as `runs/NAME`.
fn train(at: &Path, name: &str, scheme: &str, more: &[&str]) {
    let train = [
        "train",
        "digits/lm-resnet-20",
        "--scheme",
        scheme,
        "--steps",
        "2,3",
        "--width",
        "4",
        "--epochs",
        "2",
        "--name",
        name,
    ];
    ok(at, &[&train, more].concat());
}

#[test]
fn a_network_gets_other_steps_is_measured_and_trained_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    train(at, "lm", "lm", &[]);
    let finer = [
        "resample",
        "runs/lm",
        "--steps",
        "4,5",
        "-o",
        "finer.safetensors",
        "--recipe",
        "finer.toml",
    ];
    let said = objects(at, &finer);
    assert_eq!(said[0]["steps_before"], serde_json::json!([2, 3]));
    assert_eq!(said[0]["steps"], serde_json::json!([4, 5]));
    assert_eq!(said[0]["coefficients"], "rescaled");
    let sizes = said[0]["h"].as_array().expect("a list");
    // One for each step: coefficients differ from step to step, and the step of the transition stays as it is.
    assert_eq!(sizes.len(), 9);
    assert_eq!(sizes[4], 1.0);
    assert!(sizes[1].as_f64().is_some_and(|h| h < 0.9), "{sizes:?}");
    let measured = &objects(at, &["eval", "finer.safetensors"])[0];
    assert_eq!(measured["images"], 360);
    assert!(ok(at, &["summary", "finer.safetensors"]).contains("step sizes"));
    // The same steps, written as weights: the very network.
    ok(
        at,
        &[
            "resample",
            "runs/lm",
            "--steps",
            "2,3",
            "-o",
            "same.safetensors",
        ],
    );
    let top1 = |weights: &str| objects(at, &["eval", weights])[0]["top1"].clone();
    assert_eq!(top1("same.safetensors"), top1("runs/lm"));
    let again = ["train", "finer.toml", "--epochs", "1", "--name", "finer"];
    ok(at, &again);
    assert!(ok(at, &["config", "show", "runs/finer"]).contains("network.h"));
    // Weights of other step sizes are no start for this network.
    let start = [
        "train",
        "--steps",
        "4,5",
        "--width",
        "4",
        "--init",
        "finer.safetensors",
        "--name",
        "other",
    ];
    let text = refused(at, &start);
    assert!(text.contains("h is ["), "{text}");
}

#[test]
fn convergence_says_how_far_a_network_is_an_equation() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    train(at, "smooth", "euler", &["--set", "train.depth_penalty=1"]);
    train(at, "free", "euler", &[]);
    let asked = [
        "analyze",
        "convergence",
        "runs/smooth",
        "runs/free",
        "--times",
        "1,2,4",
        "--svg",
        "steps.svg",
        "--csv",
        "steps.csv",
    ];
    let found = objects(at, &asked);
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    for one in &found {
        assert_eq!(one["rows"][0]["distance"], 0.0);
        assert_eq!(one["rows"][0]["agreement"], 1.0);
        assert_eq!(one["rows"][1]["steps"], serde_json::json!([4, 5]));
        assert!(number(&one["rows"][2]["distance"]) > 0.0);
        assert_eq!(one["coefficients"], serde_json::Value::Null);
    }
    let roughness = |n: usize| number(&found[n]["roughness"]);
    assert!(
        roughness(0) < 0.7 * roughness(1),
        "{} {}",
        roughness(0),
        roughness(1)
    );
    let svg = std::fs::read_to_string(at.join("steps.svg")).expect("written");
    assert!(
        svg.contains("runs/smooth") && svg.contains("relative distance") && !svg.contains("NaN")
    );
    let csv = std::fs::read_to_string(at.join("steps.csv")).expect("written");
    assert_eq!(csv.lines().count(), 1 + 2 * 3);
    let measured = [
        "analyze",
        "convergence",
        "runs/free",
        "--times",
        "2",
        "--statistics",
        "measured",
        "--images",
        "40",
    ];
    let other = objects(at, &measured);
    assert_eq!(other[0]["statistics"], "measured");
    assert_eq!(other[0]["images"], 40);
}

#[test]
fn what_cannot_be_resampled_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    train(at, "free", "euler", &[]);
    for (args, words) in [
        (
            &[
                "resample",
                "runs/free",
                "--steps",
                "4,1",
                "-o",
                "a.safetensors",
            ][..],
            "segment 2 needs at least 2",
        ),
        (
            &[
                "resample",
                "runs/free",
                "--steps",
                "4",
                "-o",
                "a.safetensors",
            ],
            "it has 2 segments",
        ),
        (
            &[
                "resample",
                "runs/free",
                "--steps",
                "4,4",
                "-o",
                "a.safetensors",
                "--coefficients",
                "kept",
            ],
            "no learned coefficients",
        ),
        (
            &[
                "resample",
                "runs/free",
                "--steps",
                "4,4",
                "-o",
                "a.safetensors",
                "--seed",
                "1",
            ],
            "statistics that are measured",
        ),
        (
            &[
                "resample",
                "runs/free",
                "--steps",
                "4,4",
                "-o",
                "runs/free/weights/best.safetensors",
                "--force",
            ],
            "is read",
        ),
        (
            &["analyze", "convergence", "runs/free", "--times", "0"],
            "not between",
        ),
        (
            &[
                "train",
                "--steps",
                "1,2",
                "--width",
                "4",
                "--set",
                "train.depth_penalty=1",
                "--dry-run",
            ],
            "train.depth_penalty",
        ),
        (
            &["train", "--set", "network.h=[1,2]", "--dry-run"],
            "step sizes",
        ),
        (&["train", "--set", "network.h=0", "--dry-run"], "network.h"),
        (
            &[
                "train",
                "digits/fractalnet-20",
                "--set",
                "network.h=0.5",
                "--dry-run",
            ],
            "step sizes",
        ),
    ] {
        let text = refused(at, args);
        assert!(text.contains(words), "{args:?}: {text}");
    }
}
