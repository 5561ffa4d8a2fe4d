//! What can names from outside do? Nothing: not leave a folder, not move a cursor, not become markup.

use crate::common::{ok, refused, run};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

/// What a terminal would obey.
const NASTY: &str = "a\u{1b}]0;title\u{7}\u{7f}\u{9b}31m\u{202e}";

fn has_codes(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains(|c: char| c.is_control() && !"\n\t".contains(c) || c == '\u{202e}')
}

#[test]
fn names_of_runs_are_those_of_one_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().join("inside");
    std::fs::create_dir(&at).expect("a folder");
    let long = "x".repeat(300);
    for name in [
        "a\nb", "a\tb", NASTY, "../x", "../../x", "..", ".", "", "a/b", "/tmp/x", "a\\b", &long,
    ] {
        for more in [&[][..], &["--seeds", "2"]] {
            let text = refused(
                &at,
                &[&["train", "--epochs", "1", "--name", name][..], more].concat(),
            );
            assert!(text.contains("error[E0510]"), "{name:?}: {text}");
            assert!(!has_codes(text.as_bytes()), "{name:?}: {text:?}");
        }
    }
    assert_eq!(
        std::fs::read_dir(&at).expect("there").count(),
        0,
        "nothing was made"
    );
    assert_eq!(std::fs::read_dir(folder.path()).expect("there").count(), 1);
    // Names in other scripts are names.
    ok(
        &at,
        &[
            &crate::common::runs::SMALL[..],
            &["--name", "Größe 中文 'x'", "--no-report"],
        ]
        .concat(),
    );
    ok(&at, &["report", "runs/Größe 中文 'x'"]);
}

#[test]
fn a_run_below_a_folder_with_any_name_can_be_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let out = format!("o\n{NASTY}");
    std::fs::write(at.join(format!("r\n{NASTY}.toml")), "[train]\nepochs = 1\n").expect("written");
    let recipe = format!("r\n{NASTY}.toml");
    let small = [
        "--steps",
        "1,1",
        "--width",
        "4",
        "--no-report",
        "--quiet",
        "--name",
        "a",
    ];
    ok(
        at,
        &[&["train", &recipe, "--out", &out][..], &small].concat(),
    );
    let place = format!("{out}/a");
    ok(at, &["train", "--resume", &place, "--quiet", "--no-report"]);
    ok(at, &["report", &place]);
    ok(at, &["config", "show", &place]);
    for args in [
        &["eval", &place][..],
        &["eval", &place, "--json"],
        &["train", "--resume", &place],
        &["train", "--resume", NASTY],
        &["summary", NASTY],
        &["explain", NASTY],
        &["report", &place, "--json"],
        &["list", NASTY],
        &["denoise", NASTY, "-o", "x.png"],
        &["train", "--set", NASTY],
        &[NASTY],
    ] {
        let out = run(at, args);
        assert!(
            !has_codes(&out.stdout),
            "{args:?}: {:?}",
            String::from_utf8_lossy(&out.stdout)
        );
        assert!(
            !has_codes(&out.stderr),
            "{args:?}: {:?}",
            String::from_utf8_lossy(&out.stderr)
        );
        if args.contains(&"--json") {
            for line in String::from_utf8_lossy(&out.stdout).lines() {
                serde_json::from_str::<serde_json::Value>(line).expect("still JSON");
            }
        }
    }
}

#[test]
fn classes_with_any_name_neither_colour_a_terminal_nor_run_in_a_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let classes = ["``<img src=x onerror=alert(1)>``", "=1+1\u{1b}[31m", "a|b"];
    crate::common::images(&at.join("set"), &classes);
    let args = [
        "train",
        "--data",
        "image-folder",
        "--data-dir",
        "set",
        "--set",
        "data.size=8",
        "--steps",
        "1,1",
        "--width",
        "4",
        "--epochs",
        "1",
        "--batch",
        "4",
        "--name",
        "a",
    ];
    let out = run(at, &args);
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{text}");
    assert!(
        !has_codes(&out.stdout) && !has_codes(&out.stderr),
        "{text:?}"
    );
    let picture = "set/test/a|b/0.png";
    for args in [
        &["predict", "runs/a", picture][..],
        &["predict", "runs/a", picture, "--json"],
        &["eval", "runs/a", "--data-dir", "set"],
        &["data", "verify", "image-folder", "--dir", "set"],
        &["report", "runs/a"],
    ] {
        let out = run(at, args);
        assert!(
            out.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
        assert!(
            !has_codes(&out.stdout) && !has_codes(&out.stderr),
            "{args:?}"
        );
    }
    let html = std::fs::read_to_string(at.join("runs/a/report.html")).expect("there");
    assert!(!html.contains("<img src=x") && !has_codes(html.as_bytes()));
    assert!(html.contains("&lt;img src=x"), "the class is shown");
    let markdown = std::fs::read_to_string(at.join("runs/a/report.md")).expect("there");
    assert!(!has_codes(markdown.as_bytes()));
    // Outside of code every opening bracket is escaped; inside, nothing is markup.
    for line in markdown.lines().filter(|line| line.contains("<img")) {
        assert!(line.contains("``` ``<img"), "{line}");
    }
    ok(at, &["report", "runs/a", "--check"]);
}

#[test]
fn a_name_that_is_no_text_is_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = crate::common::timestep(folder.path(), &["eval"]);
    let out = command
        .arg(OsStr::from_bytes(b"\xff\x1b[31m"))
        .output()
        .expect("runs");
    assert_eq!(out.status.code(), Some(2));
    assert!(
        !has_codes(&out.stderr),
        "{:?}",
        String::from_utf8_lossy(&out.stderr)
    );
}

#[test]
fn cells_of_tables_for_spreadsheets_are_no_formulas() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let noises = ["stochastic-depth", "shake-shake", "gaussian"];
    let args = [
        "--paths", "8", "--steps", "4,8,16", "--scheme", "lm", "--k", "-0.5", "--csv", "e.csv",
    ];
    ok(
        at,
        &[&["analyze", "weak-order"], &noises[..], &args].concat(),
    );
    ok(
        at,
        &[
            &crate::common::runs::SMALL[..],
            &["--name", "a", "--no-report"],
        ]
        .concat(),
    );
    for table in ["e.csv", "runs/a/metrics.csv"] {
        let text = std::fs::read_to_string(at.join(table)).expect("there");
        let columns = text.lines().next().expect("a head").split(',').count();
        for cell in text.lines().flat_map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells.len(), columns, "{table}: {line}");
            cells
        }) {
            let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
            assert!(!formula || cell.parse::<f64>().is_ok(), "{table}: {cell}");
        }
    }
}
