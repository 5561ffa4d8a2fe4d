//! Is everything that can be listed explained, under all headings of its kind, and cited?

use crate::common::{objects, ok, run};
use std::path::Path;

/// What can be listed, the key of a name in its objects, and the headings of its pages in their order.
const KINDS: [(&str, &str, &[&str]); 16] = [
    (
        "optimisers",
        "optimiser",
        &[
            "Equation",
            "As a scheme",
            "Memory",
            "When to use / when not",
            "Reference",
        ],
    ),
    (
        "schemes",
        "scheme",
        &[
            "Equation",
            "As a network",
            "Order and error constant",
            "Stability",
            "Modified equation",
            "Start-up and restart",
            "Cost",
            "Parameters it adds",
            "When to use / when not",
            "Reference",
            "Measured now, on the code that networks run",
        ],
    ),
    (
        "blocks",
        "block",
        &[
            "Equation",
            "As a network",
            "Cost",
            "When to use / when not",
            "Reference",
        ],
    ),
    (
        "degradations",
        "degradation",
        &["What it does", "Limits", "References"],
    ),
    (
        "noises",
        "noise",
        &[
            "Equation",
            "Itô form",
            "As a network",
            "Moments",
            "Weak order",
            "When to use / when not",
            "Reference",
            "Use it",
        ],
    ),
    (
        "bodies",
        "body",
        &[
            "As a network",
            "Segments",
            "When to use / when not",
            "Reference",
        ],
    ),
    (
        "schedules",
        "schedule",
        &["Equation", "When to use / when not", "Reference", "Use it"],
    ),
    (
        "data",
        "name",
        &[
            "Images",
            "Files",
            "Split",
            "Licence",
            "When to use / when not",
            "Reference",
        ],
    ),
    (
        "errors",
        "error",
        &["What happened", "Why", "What to do", "Example"],
    ),
    (
        "networks",
        "network",
        &["As a differential equation", "Next"],
    ),
    (
        "methods",
        "method",
        &["What it is", "Parameters", "Cost", "References"],
    ),
    ("analyses", "analysis", &["Question", "Use it"]),
    ("devices", "device", &["Use it"]),
    // These are short: what they are, and for settings type and default.
    ("settings", "setting", &[]),
    ("logs", "log", &[]),
    ("recipes", "recipe", &[]),
];

/// The names of a kind.
fn names(at: &Path, kind: &str, key: &str) -> Vec<String> {
    let name = |object: &serde_json::Value| object[key].as_str().expect("a name").to_owned();
    objects(at, &["list", kind]).iter().map(name).collect()
}

/// Are these headings in a page, one after the other, each with something below it?
fn has_headings(page: &str, headings: &[&str]) -> Result<(), String> {
    let lines: Vec<&str> = page.lines().collect();
    let mut at = 0;
    for heading in headings {
        let found = lines[at..].iter().position(|line| {
            let text = line.trim_start_matches('#');
            text.len() < line.len()
                && (text.trim() == *heading || text.trim().starts_with(&format!("{heading} ")))
        });
        at += found.ok_or_else(|| format!("no heading `{heading}` in its place"))? + 1;
        let below = lines[at..].iter().find(|line| !line.trim().is_empty());
        if below.is_none_or(|line| line.starts_with('#')) {
            return Err(format!("nothing is under `{heading}`"));
        }
    }
    Ok(())
}

#[test]
fn every_name_that_is_listed_has_its_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let kinds = names(at, "kinds", "kind");
    let known: Vec<&str> = KINDS.iter().map(|(kind, _, _)| *kind).collect();
    for kind in kinds
        .iter()
        .map(String::as_str)
        .filter(|kind| !["kinds", "weights", "runs"].contains(kind))
    {
        assert!(
            known.contains(&kind),
            "what headings have the pages of `list {kind}`?"
        );
    }
    for (kind, key, headings) in KINDS {
        let names = names(at, kind, key);
        assert!(!names.is_empty(), "{kind}");
        for name in &names {
            // There are hundreds of recipes, made by one rule: some stand for all.
            if kind == "recipes"
                && !(name.starts_with("digits/lm")
                    || name.starts_with("denoising/")
                    || name.contains('+'))
            {
                continue;
            }
            let shown = objects(at, &["explain", name]).remove(0);
            let page = shown["page"].as_str().expect("text");
            assert!(page.len() > 20, "{kind} {name}: {page}");
            if let Err(why) = has_headings(page, headings) {
                panic!("{kind} {name}: {why}\n{page}");
            }
        }
    }
    let setting = ok(at, &["explain", "train.epochs"]);
    assert!(
        setting.contains("\ntype ") && setting.contains("\ndefault "),
        "{setting}"
    );
}

#[test]
fn every_name_can_be_cited() {
    let folder = tempfile::tempdir().expect("a folder");
    for (kind, key, _) in &KINDS[..9] {
        for name in names(folder.path(), kind, key) {
            let out = run(folder.path(), &["cite", &name]);
            assert!(out.status.success(), "{kind} {name}");
            let (entry, said) = (
                String::from_utf8_lossy(&out.stdout),
                String::from_utf8_lossy(&out.stderr),
            );
            // What has no publication says so.
            let nothing = said.contains("no publication");
            assert!(
                entry.starts_with('@') != nothing,
                "{kind} {name}: {entry}{said}"
            );
            let cited = ["schemes", "networks", "methods"].contains(kind);
            assert!(!(cited && nothing), "{kind} {name} has no publication");
        }
    }
}

#[test]
fn a_name_of_two_things_explains_both() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, first, second) in [
        ("shake-shake", "shake-shake (block)", "shake-shake (noise)"),
        ("momentum", "momentum (scheme)", "momentum (analysis)"),
    ] {
        let text = ok(folder.path(), &["explain", name]);
        assert!(text.starts_with(first) && text.contains(second), "{text}");
    }
}
