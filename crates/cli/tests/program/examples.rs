//! Do the examples, which are the first lines against the library that many read, compile and do what they say?

#[allow(dead_code, unreachable_pub)] // Each is a program of its own.
#[path = "../../../../examples/denoise.rs"]
mod denoise;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../../examples/network.rs"]
mod network;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../../examples/run.rs"]
mod run;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../../examples/scheme.rs"]
mod scheme;
#[allow(dead_code, unreachable_pub)]
#[path = "../../../../examples/train.rs"]
mod train;

use std::path::Path;

#[test]
fn a_network_learns_and_its_run_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let top1 = train::train(folder.path(), 3).expect("trains");
    assert!(top1 > 0.4, "{top1}");
    let lines = run::describe(&folder.path().join("example")).expect("a run");
    assert!(lines[0].starts_with("preact x lm ((1-k) u"), "{lines:?}");
    assert_eq!(lines.iter().filter(|l| l.starts_with("epoch ")).count(), 3);
    assert!(
        lines
            .last()
            .is_some_and(|l| l.starts_with("k of segment 2 after epoch 3: ·"))
    );
}

#[test]
fn a_scheme_of_ones_own_has_its_order_and_its_region() {
    let order = (scheme::error(100).expect("steps") / scheme::error(200).expect("steps")).log2();
    assert!((order - 3.0).abs() < 0.05, "{order}");
    // Of every explicit method with three stages and order three: |1 + z + z²/2 + z³/6| = 1 at -2.5127 and 1.7321 i.
    let growth = |re, im| scheme::growth(timestep_numerics::Complex64::new(re, im)).expect("steps");
    assert!(growth(-2.51, 0.0) < 1.0 && growth(-2.52, 0.0) > 1.0);
    assert!(growth(0.0, 1.73) < 1.0 && growth(0.0, 1.74) > 1.0);
    scheme::main().expect("runs");
}

#[test]
fn a_picture_is_cleaned_in_memory() {
    let (before, after) = denoise::clean(25.0).expect("cleans");
    assert!(
        (before - 20.2).abs() < 0.3 && after > before + 8.0,
        "{before} {after}"
    );
}

#[test]
fn blocks_and_schemes_are_composed() {
    network::main().expect("runs");
    let made = network::composed("preact", "lm").expect("fits");
    let logits = network::logits(&made).expect("computes");
    assert_eq!(logits.len(), 20);
    // Two equal images.
    assert!(logits.iter().all(|l| l.is_finite()) && logits[..10] == logits[10..]);
}

/// A reader takes in a page at a glance.
#[test]
fn examples_are_short() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let files: Vec<_> = std::fs::read_dir(folder)
        .expect("examples")
        .map(|e| e.expect("a file").path())
        .collect();
    assert_eq!(
        files
            .iter()
            .filter(|f| f.extension().is_some_and(|e| e == "rs"))
            .count(),
        5
    );
    for file in files {
        let lines = std::fs::read_to_string(&file)
            .expect("text")
            .lines()
            .count();
        assert!(lines < 60, "{}: {lines} lines", file.display());
    }
}
