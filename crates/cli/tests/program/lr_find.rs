//! Does lr-find suggest a rate, and the same one again?

use crate::common::runs::read;
use crate::common::{objects, ok, refused, run};

#[test]
fn a_learning_rate_is_found_and_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let args = [
        "lr-find",
        "--steps",
        "2,2",
        "--width",
        "8",
        "--iterations",
        "60",
    ];
    let first = objects(at, &args);
    assert_eq!(
        first,
        objects(at, &[&args, &["--threads", "1"][..]].concat()),
        "same seed, same answer"
    );
    assert_ne!(
        first,
        objects(at, &[&args, &["--seed", "1"][..]].concat()),
        "another seed"
    );
    assert!(
        std::fs::read_dir(at).expect("a folder").next().is_none(),
        "it writes nothing"
    );
    let found = first.last().expect("a suggestion");
    let number = |key: &str| found[key].as_f64().expect("a number");
    assert!((0.005..1.5).contains(&number("suggestion")), "{found}");
    assert!(
        number("minimum") > number("suggestion") && number("recipe") == 0.1,
        "{found}"
    );
    let steps: Vec<f64> = first.iter().filter_map(|o| o["lr"].as_f64()).collect();
    assert!(
        steps.len() > 20 && steps[0] == 1e-4 && steps.is_sorted(),
        "{steps:?}"
    );
    let text = ok(at, &[&args, &["--svg", "rate.svg"][..]].concat());
    assert!(
        text.contains("suggestion") && text.contains("second opinion"),
        "{text}"
    );
    assert_eq!(read(at.join("rate.svg")).matches("<polyline").count(), 2);
    for wrong in [
        ["--from", "0"],
        ["--from", "nan"],
        ["--to", "1e-5"],
        ["--to", "inf"],
    ] {
        refused(at, &[&args, &wrong[..]].concat());
    }
    refused(at, &["lr-find", "denoising/trd-5x5-s25"]);
    refused(at, &["lr-find", "digits/lm-resnt-20"]);
    // Rates that are all too small teach nothing, and noise is no answer.
    let small = [
        "lr-find",
        "--steps",
        "1",
        "--width",
        "4",
        "--from",
        "1e-12",
        "--to",
        "1e-11",
        "--iterations",
        "40",
    ];
    let out = run(at, &small);
    let text = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{text}");
    assert!(
        text.contains("never falls") && text.contains("hint:"),
        "{text}"
    );
}
