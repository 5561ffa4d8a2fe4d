//! Do answers fit on a screen of 80 columns, and of 120, without losing a word?

use crate::common::runs::runs;
use crate::common::{ok, timestep};
use std::path::Path;

/// What is asked; runs are those of [`runs`].
const COMMANDS: [&str; 22] = [
    "analyze order lm",
    "analyze stability rk4",
    "analyze stability runs/a-s0 --images 1 --products 8",
    "analyze modified-equation lm --terms 16",
    "analyze momentum runs/a-s0 runs/a-s1",
    "analyze trace runs/a-s0 --images 4",
    "analyze convergence runs/a-s0 --images 20",
    "analyze weak-order stochastic-depth --paths 400 --steps 4,8,16",
    "analyze diffusion trd-5x5-s25",
    "compare runs/a-s0 runs/a-s1 runs/b-s0 runs/b-s1 --baselines",
    "compare runs/a-s0",
    "summary resnext-29-8x64d",
    "summary cifar10/lm-resnet-56+stochastic-depth",
    "summary runs/a-s0",
    "doctor",
    "eval runs/a-s0",
    "watch runs/a-s0",
    "reproduce momentum --dry-run",
    "reproduce table3 --dry-run",
    "lr-find --steps 2,2 --width 8 --iterations 12",
    "config show digits/lm-resnet-20",
    "list kinds",
];

/// What a command prints on a screen of this width; without one, lines are as long as they are.
fn printed(folder: &Path, line: &str, columns: Option<usize>) -> String {
    let args: Vec<&str> = line.split_whitespace().collect();
    let mut command = timestep(folder, &args);
    match columns {
        Some(columns) => command.env("COLUMNS", columns.to_string()),
        None => command.env_remove("COLUMNS"),
    };
    let out = command.output().expect("the program runs");
    assert!(
        out.status.success(),
        "{line}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).expect("UTF-8")
}

/// No line is wider than the screen, and the screen is used: a table of short cells keeps all its columns side by side.
fn fits(folder: &Path, line: &str) {
    for columns in [80, 120] {
        let text = printed(folder, line, Some(columns));
        assert!(!text.trim().is_empty(), "{line}");
        for shown in text.lines() {
            let width = shown.chars().count();
            assert!(width <= columns, "{line}: {width} > {columns}: {shown}");
        }
    }
}

#[test]
fn answers_fit_80_and_120_columns() {
    let at = runs();
    COMMANDS.iter().for_each(|line| fits(at, line));
    let kinds = crate::common::objects(at, &["list", "kinds"]);
    for kind in kinds.iter().filter_map(|kind| kind["kind"].as_str()) {
        fits(at, &format!("list {kind}"));
    }
}

#[test]
fn nothing_is_lost_on_a_narrow_screen() {
    let at = runs();
    // Not those that measure time.
    for line in [
        "analyze stability runs/a-s0 --images 1 --products 8",
        "analyze momentum runs/a-s0 runs/a-s1",
        "analyze weak-order stochastic-depth --paths 400 --steps 4,8,16",
        "compare runs/a-s0 runs/a-s1 runs/b-s0 runs/b-s1",
        "summary cifar10/lm-resnet-56+stochastic-depth",
        "list networks",
    ] {
        let wide = printed(at, line, None);
        for columns in [80, 120] {
            let narrow = printed(at, line, Some(columns));
            let mut words: Vec<&str> = narrow.split_whitespace().collect();
            words.sort_unstable();
            for word in wide.split_whitespace() {
                let there = words.binary_search(&word).is_ok();
                assert!(there, "{line} at {columns}: `{word}` is lost: {narrow}");
            }
        }
    }
}

#[test]
fn what_goes_to_a_file_has_a_row_on_one_line() {
    let at = runs();
    let listed = ok(at, &["list", "networks"]);
    let rows = crate::common::objects(at, &["list", "networks"]).len();
    assert_eq!(listed.lines().count(), rows + 1, "{listed}");
    // A width that is none is no width.
    let args = ["list", "networks"];
    for columns in ["", "wide", "0"] {
        let out = timestep(at, &args).env("COLUMNS", columns).output();
        let out = out.expect("the program runs").stdout;
        assert_eq!(String::from_utf8(out).expect("UTF-8"), listed, "{columns}");
    }
}
