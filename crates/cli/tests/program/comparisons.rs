//! Does a comparison say what chance leaves of differences, and refuse what cannot be compared?

use crate::common::runs::{SMALL, copy, read, runs};
use crate::common::{objects, ok, refused};
use serde_json::Value;

#[test]
fn identical_results_are_inconclusive() {
    let at = runs();
    let args = [
        "compare",
        "runs/a-s0",
        "runs/a-s1",
        "runs/b-s0",
        "runs/b-s1",
    ];
    let groups = objects(at, &args);
    assert_eq!(groups.len(), 2);
    let (a, b) = (&groups[0], &groups[1]);
    assert_eq!(
        (&a["n"], &a["seeds"]),
        (&2.into(), &serde_json::json!([0, 1]))
    );
    assert_eq!(
        (&a["top1"], &a["mean"], &a["deviation"]),
        (&b["top1"], &b["mean"], &b["deviation"])
    );
    let top1: Vec<f64> = serde_json::from_value(a["top1"].clone()).expect("numbers");
    let mean = a["mean"].as_f64().expect("a number");
    assert!((mean - (top1[0] + top1[1]) / 2.0).abs() < 1e-15);
    let csv = read(at.join("runs/a-s0/metrics.csv"));
    let last = csv
        .lines()
        .last()
        .and_then(|l| l.split(',').nth(4))
        .expect("a cell");
    assert_eq!(last.parse(), Ok(top1[0]), "the last epoch counts");
    assert!(a["difference"].is_null());
    assert_eq!(
        (&b["difference"], &b["inconclusive"]),
        (&0.0.into(), &true.into())
    );
    assert_eq!(b["settings"][0]["path"], "train.patience");
    let text = ok(at, &args);
    assert!(
        text.contains("inconclusive") && text.contains("train.patience = 9"),
        "{text}"
    );
    // One run each has no spread; the same run twice says nothing more.
    let two = objects(
        at,
        &[
            "compare",
            "runs/a-s0",
            "runs/a-s0",
            "runs/b-s0",
            "--metric",
            "best",
        ],
    );
    assert_eq!(two[0]["event"], "left_out");
    assert_eq!(
        (&two[2]["n"], &two[2]["interval"], &two[2]["inconclusive"]),
        (&1.into(), &Value::Null, &true.into())
    );
    assert!(ok(at, &["compare", "runs/a-s0"]).contains("inconclusive"));
    let out = tempfile::tempdir().expect("a folder");
    let (md, svg) = (out.path().join("t.md"), out.path().join("t.svg"));
    let files = [
        "--md",
        md.to_str().expect("UTF-8"),
        "--svg",
        svg.to_str().expect("UTF-8"),
    ];
    ok(at, &[&args, &files[..]].concat());
    assert!(read(md).contains("inconclusive"));
    assert_eq!(read(svg).matches("<polyline").count(), 4, "a line per run");
}

#[test]
fn runs_are_paired_by_seed_in_any_order() {
    let at = runs();
    // The second group is the first trained again: every difference within a pair is 0, between seeds it is not.
    let args = [
        "compare",
        "runs/a-s0",
        "runs/a-s1",
        "runs/b-s1",
        "runs/b-s0",
    ];
    let groups = objects(at, &[&args, &["--paired"][..]].concat());
    let (a, b) = (&groups[0], &groups[1]);
    assert_eq!(
        (&a["interval_by"], &b["interval_by"]),
        (&Value::Null, &"paired".into())
    );
    assert_eq!(b["interval"], serde_json::json!([0.0, 0.0]));
    assert_eq!(b["inconclusive"], true);
    let alone = objects(at, &args);
    assert_eq!(alone[1]["interval_by"], "welch");
    assert_ne!(alone[1]["interval"], b["interval"]);
    let out = tempfile::tempdir().expect("a folder");
    let md = out.path().join("t.md");
    let file = ["--paired", "--md", md.to_str().expect("UTF-8")];
    ok(at, &[&args, &file[..]].concat());
    assert!(read(md).contains("paired by seed"));
    let error = refused(
        at,
        &["compare", "--paired", "runs/a-s0", "runs/a-s1", "runs/b-s0"],
    );
    assert!(
        error.contains("[0, 1] and [0]") && error.contains("same seeds"),
        "{error}"
    );
}

#[test]
fn a_group_without_noise_has_no_settings_of_noise() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    copy(&runs().join("runs/a-s0"), &at.join("quiet"));
    let noise = ["--noise", "stochastic-depth", "--set", "noise.keep=0.8"];
    ok(at, &[&SMALL, &noise[..], &["--name", "loud"]].concat());
    let groups = objects(at, &["compare", "quiet", "runs/loud"]);
    let name = |at: usize| groups[at]["group"].as_str().expect("a name").to_owned();
    assert!(name(0).ends_with("(network.noise = \"\")"), "{}", name(0));
    assert!(name(1).contains("noise.keep = 0.8"), "{}", name(1));
}

#[test]
fn other_data_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    copy(&runs().join("runs/a-s0"), &at.join("digits"));
    ok(
        at,
        &[&SMALL, &["--overfit", "64", "--name", "few"][..]].concat(),
    );
    let text = refused(at, &["compare", "digits", "runs/few"]);
    assert!(text.contains("360 and 64 test images"), "{text}");
    let recipe = read(at.join("digits/recipe.toml"));
    copy(&at.join("digits"), &at.join("cifar"));
    let other = recipe.replace("name = \"digits\"", "name = \"cifar10\"");
    std::fs::write(at.join("cifar/recipe.toml"), other).expect("written");
    let text = refused(at, &["compare", "digits", "cifar"]);
    assert!(
        text.contains("`digits`") && text.contains("`cifar10`"),
        "{text}"
    );
}

#[test]
fn proposed_baselines_can_be_trained() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    ok(
        at,
        &[
            "train",
            "--epochs",
            "1",
            "--batch",
            "512",
            "--name",
            "lm",
            "--quiet",
            "--no-report",
        ],
    );
    assert!(!at.join("runs/lm/report.html").exists(), "--no-report");
    let all = objects(at, &["compare", "runs/lm", "--baselines"]);
    let baseline = |name: &str| {
        all.iter()
            .find(|o| o["event"] == "baseline" && o["network"] == name)
    };
    let plain = baseline("preresnet-20").expect("the plain network is a baseline");
    let ratio = plain["parameters_ratio"].as_f64().expect("a number");
    assert!((ratio - 1.0).abs() < 0.1 && plain["same_data"] == false);
    assert!(baseline("lm-resnet-20").is_none(), "not itself");
    assert!(baseline("resnet-110").is_none(), "not a larger one");
    let command = plain["command"].as_str().expect("a command");
    let words: Vec<&str> = command.split(' ').skip(1).chain(["--dry-run"]).collect();
    assert!(ok(at, &words).contains("preresnet-20"));
}
