//! Is a flag that would change nothing refused, in every command?

use crate::common::{refused, runs::runs};

#[test]
fn flags_that_change_nothing_are_refused() {
    let at = runs();
    let weights = "runs/a-s0/weights/best.safetensors";
    for (wrong, says) in [
        (&["lr-find", "--epochs", "3"][..], "--iterations"),
        (&["lr-find", "--time", "3m"], "--iterations"),
        (&["lr-find", "--lr", "0.1"], "--from"),
        (&["lr-find", "--device", "cpu-int8"], "eval RUN --device"),
        (&["train", "--device", "cpu-int8"], "eval RUN --device"),
        (
            &["reproduce", "schemes", "--device", "cpu-int8"],
            "eval RUN --device",
        ),
        (&["reproduce", "table1", "--epochs", "3"], "--epochs"),
        (&["reproduce", "table1", "--budget", "full"], "--budget"),
        (&["reproduce", "runtime", "--seeds", "3"], "--seeds"),
        (&["reproduce", "runtime", "--dry-run"], "--dry-run"),
        (
            &["analyze", "momentum", weights, "--form", "momentum"],
            "--svg",
        ),
        (
            &["analyze", "weak-order", "gaussian", "--keep", "0.5"],
            "--keep",
        ),
        (
            &["analyze", "weak-order", "gaussian", "--blocks", "9"],
            "--blocks",
        ),
        (&["analyze", "stability", "lm", "--images", "3"], "--images"),
        (&["analyze", "stability", weights, "--k", "0"], "--k"),
        (
            &["predict", weights, "x.png", "--grey-as-rgb"],
            "--grey-as-rgb",
        ),
        (&["summary", weights, "--classes", "3"], "--classes"),
        (
            &["eval", weights, "--data-dir", "runs"],
            "part of the program",
        ),
        (
            &["train", "digits/lm-resnet-20", "--data-dir", "runs"],
            "part of the program",
        ),
        (
            &["data", "verify", "digits", "--dir", "runs"],
            "part of the program",
        ),
        (
            &["data", "preview", "digits", "--dir", "runs"],
            "part of the program",
        ),
    ] {
        let text = refused(at, wrong);
        assert!(text.contains(says), "{wrong:?}: {text}");
    }
}

#[test]
fn what_only_a_new_run_can_be_told_is_refused_of_a_continued_one() {
    let at = runs();
    for flag in [
        &["--seeds", "2"][..],
        &["--name", "b"],
        &["--out", "elsewhere"],
        &["--dry-run"],
    ] {
        let args = [&["train", "--resume", "runs/a-s0"][..], flag].concat();
        let out = crate::common::run(at, &args);
        assert_eq!(out.status.code(), Some(2), "{flag:?}");
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(text.contains("cannot be used with"), "{flag:?}: {text}");
    }
    assert!(!at.join("elsewhere").exists());
}
