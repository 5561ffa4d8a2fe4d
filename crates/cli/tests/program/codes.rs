//! Does every failure carry its code, and does every page on a code tell the truth?

use crate::common::{objects, ok, refused, run};
use std::path::Path;
use std::process::Command;

/// Failures that cannot be brought about on purpose in a test, with the reason.
const NOT_RUN: [(&str, &str); 13] = [
    ("E0204", "no coefficient of a fresh network is zero"),
    (
        "E0302",
        "every network that can be named is connected, and the digits are finite",
    ),
    ("E0303", "needs an MPI; `.ci/cluster` has one"),
    (
        "E0405",
        "needs a checkpoint with code in it; the networks' own tests have one",
    ),
    ("E0406", "needs arrays that no network has"),
    (
        "E0508",
        "needs two processes at once; the tests of locks have them",
    ),
    (
        "E0509",
        "needs two processes at once; the tests of locks have them",
    ),
    ("E0612", "every set that opens has images"),
    ("E0613", "needs a damaged program"),
    (
        "E0703",
        "needs a float picture with NaN; the restorers' own tests have one",
    ),
    ("E0712", "needs somebody who presses Ctrl-C"),
    ("E0990", "needs a fault of the program"),
    // Only Linux has a device that is always full.
    (
        "E0903",
        if cfg!(target_os = "linux") {
            ""
        } else {
            "needs a full disk"
        },
    ),
];

/// The page of a code.
fn page(code: &str) -> String {
    let shown = objects(&std::env::temp_dir(), &["explain", code]).remove(0);
    assert_eq!(
        (&shown["kind"], &shown["name"]),
        (&"error".into(), &code.into())
    );
    shown["page"].as_str().expect("text").to_owned()
}

/// Is `wanted` said? One that ends in `…` tells only how a line begins.
fn said(text: &str, wanted: &str) -> bool {
    text.lines()
        .map(str::trim)
        .any(|line| match wanted.strip_suffix('…') {
            Some(start) => line.starts_with(start.trim_end()),
            None => line == wanted,
        })
}

/// Runs the lines of an example in a shell and compares what the last of them says with the page; what is wrong.
fn check_example(code: &str, page: &str) -> Option<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let cat = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/images/cat.png");
    std::fs::copy(cat, folder.path().join("cat.png")).expect("a picture");
    let (_, example) = page.split_once("# Example\n").expect("a heading");
    let lines = || example.lines().map(str::trim).filter(|l| !l.is_empty());
    let commands: Vec<&str> = lines().filter_map(|l| l.strip_prefix("$ ")).collect();
    let (last, before) = commands.split_last().expect("a command");
    for command in before {
        let (fine, text) = shell(folder.path(), command);
        if !fine {
            return Some(format!("{code}: {command}: {text}"));
        }
    }
    let (fine, text) = shell(folder.path(), last);
    if fine {
        return Some(format!("{code}: `{last}` succeeds"));
    }
    let mut expected = lines().filter(|l| !l.starts_with("$ "));
    let missing = expected.find(|wanted| !said(&text, wanted))?;
    Some(format!("{code}: `{missing}` is not in\n{text}"))
}

/// Runs a line as a person types it; whether it succeeded, and what it said on standard error.
fn shell(folder: &Path, line: &str) -> (bool, String) {
    let binary = Path::new(env!("CARGO_BIN_EXE_timestep"))
        .parent()
        .expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let out = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", binary.display()))
        .output()
        .expect("there is a shell");
    (
        out.status.success(),
        String::from_utf8_lossy(&out.stderr).into_owned(),
    )
}

#[test]
fn every_example_fails_as_its_page_says() {
    let listed = objects(&std::env::temp_dir(), &["list", "errors"]);
    assert!(listed.len() > 50);
    let mut wrong = Vec::new();
    for row in listed {
        let code = row["error"].as_str().expect("a code");
        let page = page(code);
        assert!(
            page.starts_with(row["what"].as_str().expect("a title")),
            "{code}"
        );
        let skipped = NOT_RUN
            .iter()
            .any(|(known, why)| *known == code && !why.is_empty());
        if !skipped {
            wrong.extend(check_example(code, &page));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn codes_are_shown_to_people_and_to_programs() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let text = refused(at, &["eval", "missing.safetensors"]);
    assert!(
        text.starts_with("error[E0901]: cannot read")
            && text.contains("see: timestep explain E0901")
    );
    for (args, exit, code) in [
        (&["eval", "missing.safetensors"] as &[&str], 2, "E0901"),
        (&["analyze", "order", "lm", "--k", "2"], 2, "E0801"),
        (&["explain", "eulr"], 2, "E0108"),
        // What the parser of the command line refuses has a code as well.
        (&["list", "everything"], 2, "E0100"),
        (&["train", "--threds", "1"], 2, "E0100"),
        (&["denoise"], 2, "E0100"),
    ] {
        let out = run(at, &[args, &["--json"]].concat());
        assert_eq!(out.status.code(), Some(exit), "{args:?}");
        let error: serde_json::Value = serde_json::from_slice(&out.stdout).expect("one object");
        assert_eq!(error["event"], "error");
        assert_eq!(
            (&error["error"], &error["code"]),
            (&code.into(), &exit.into()),
            "{args:?}"
        );
        let message = error["message"].as_str().expect("text");
        assert!(
            !message.is_empty() && !message.contains("Usage:") && !message.starts_with("error")
        );
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(text.starts_with(&format!("error[{code}]: ")), "{text}");
    }
    // Help is no failure.
    assert!(ok(at, &["--help"]).contains("Usage:"));
    assert!(ok(at, &["explain", "error[E0601]"]).contains("# What to do"));
}

#[test]
fn code_in_a_checkpoint_is_refused_by_its_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/import/malicious.pth"
    );
    let text = refused(
        folder.path(),
        &[
            "import",
            file,
            "--net",
            "resnet-20",
            "-o",
            "out.safetensors",
        ],
    );
    assert!(
        text.contains("error[E0405]") && text.contains("nothing of it was run"),
        "{text}"
    );
}

#[test]
fn each_picture_that_fails_has_its_own_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::write(at.join("note.png"), "hello").expect("written");
    let args = ["denoise", "note.png", "no.png", "-o", "out", "--json"];
    let out = run(at, &args);
    let lines = String::from_utf8(out.stdout).expect("UTF-8");
    let codes: Vec<String> = (lines.lines())
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .filter_map(|object| Some(object["error"].as_str()?.to_owned()))
        .collect();
    assert_eq!(codes, ["E0901", "E0701", "E0711"]);
}
