//! Does every command of the README and of the guides work, in the order in which a reader types them?
//!
//! Blocks fenced as `sh` are run line by line in a folder of their own, with the program in the path. A block that
//! needs what a test has not (a download, hours, another program) is marked in the Markdown by a comment before it:
//!
//! ```text
//! <!-- not run: needs CIFAR-10 -->
//! ```
//!
//! Its lines are only read by the command line's parser, in the test of `src/spoken.rs`. Long trainings are shortened
//! here, by [`SHORTER`], and nowhere else.
#![cfg(unix)] // The blocks are lines for a shell.
#![allow(clippy::print_stdout)] // What was not run is told by `-- --nocapture`.

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is changed in a line before it runs: document, line as it is written, what takes the place of what in it.
const SHORTER: &[(&str, &str, &str, &str)] = &[
    // The program ends like this after 20 epochs; `.ci/run` trains them and requires 0.97.
    ("README.md", "-- train  ", "-- train", "-- train --epochs 1"),
    (
        "README.md",
        "train --name tour",
        "--name tour",
        "--name tour --epochs 4",
    ),
    ("README.md", "top1>=0.97", "0.97", "0.9"),
    (
        "train-your-first-lm-resnet.md",
        "--name first",
        "--name first",
        "--name first --epochs 3",
    ),
    (
        "train-your-first-lm-resnet.md",
        "--seeds 3",
        "--seeds 3",
        "--seeds 2 --epochs 1",
    ),
    (
        "train-your-first-lm-resnet.md",
        "top1>=0.97",
        "0.97",
        "0.85",
    ),
    (
        "bring-pytorch-weights.md",
        "--name first",
        "--name first",
        "--name first --epochs 1",
    ),
    (
        "deploy-a-classifier.md",
        "--name pets",
        "--name pets",
        "--name pets --epochs 1",
    ),
    (
        "bring-a-scheme.md",
        "--name memory3",
        "--name memory3",
        "--name memory3 --epochs 1",
    ),
    // `.ci/run` trains it to the end.
    (
        "train-further.md",
        "--name adamw",
        "--name adamw",
        "--name adamw --epochs 2",
    ),
    (
        "your-own-pictures.md",
        "--name flowers",
        "--name flowers",
        "--name flowers --size 32 --epochs 1",
    ),
    (
        "your-own-pictures.md",
        "--name larger",
        "--size 48 --epochs 20",
        "--size 32 --epochs 1",
    ),
    (
        "a-papers-figure.md",
        "train digits/lm-resnet-20",
        "--epochs 4",
        "--epochs 1",
    ),
    (
        "a-papers-figure.md",
        "train digits/preresnet-20",
        "--epochs 4",
        "--epochs 1",
    ),
    // One evaluation in place of ten minutes.
    (
        "clean-a-picture.md",
        "train denoising/",
        "--set model.sigma=35",
        "--set model.sigma=35 --set train.greedy=1 --set train.joint=1 --set train.drawn=0",
    ),
    (
        "clean-a-picture.md",
        "--name finer",
        "train.drawn=1000",
        "train.drawn=2",
    ),
];

/// Lines that are for cargo itself: they build or test what this test is a part of.
const FOR_CARGO: [&str; 3] = ["cargo build", "cargo test", "UPDATE_SNAPSHOTS=1 cargo test"];

/// A fenced block of a document.
struct Block {
    /// What follows the fence: `sh`, `text`, …
    language: String,
    /// Line of the fence, from 1.
    line: usize,
    /// The reason in the comment before it, if there is one.
    not_run: Option<String>,
    /// The lines inside; one that ends in a backslash is joined with the next.
    lines: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The fenced blocks of a document.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut inside, mut before, mut joined) = (false, "", String::new());
    for (number, line) in text.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), inside) {
            (Some(language), false) => {
                let comment = before
                    .strip_prefix("<!-- not run: ")
                    .and_then(|c| c.strip_suffix(" -->"));
                blocks.push(Block {
                    language: language.trim().to_owned(),
                    line: number + 1,
                    not_run: comment.map(str::to_owned),
                    lines: Vec::new(),
                });
                inside = true;
            }
            (Some(_), true) => inside = false,
            (None, true) => match line.strip_suffix('\\') {
                Some(begun) => joined.push_str(begun),
                None => {
                    joined.push_str(line);
                    // A block was begun above, or this would not be inside of one.
                    blocks
                        .last_mut()
                        .expect("a block")
                        .lines
                        .push(std::mem::take(&mut joined));
                }
            },
            (None, false) => {
                let command = line.trim_start();
                assert!(
                    !(line.starts_with("    ") && is_command(command)),
                    "line {}: `{command}` is in no fenced block, so it is not run",
                    number + 1
                );
            }
        }
        if !line.trim().is_empty() {
            before = line.trim();
        }
    }
    assert!(!inside, "a fence is not closed");
    blocks
}

/// Does a line call the program?
fn is_command(line: &str) -> bool {
    let line = line.trim_start_matches("$ ");
    ["timestep ", "target/release/timestep ", "cargo run "]
        .iter()
        .any(|start| line.starts_with(start))
}

/// A line as it is run: shortened where that is allowed, the program by its name.
fn prepared(document: &str, line: &str) -> String {
    let mut short = line.to_owned();
    for (name, mark, from, to) in SHORTER {
        if document.ends_with(name) && line.contains(mark) {
            short = short.replacen(from, to, 1);
        }
    }
    short
        .replace("cargo run --release --", "timestep")
        .replace("target/release/timestep", "timestep")
}

/// Runs a document with these files at hand: what they are called, and of which file of the repository they are
/// copies.
fn follow(document: &str, files: &[(&str, &str)]) {
    let text = std::fs::read_to_string(root().join(document)).expect("the document");
    let folder = tempfile::tempdir().expect("a folder");
    for (name, source) in files {
        let to = folder.path().join(name);
        std::fs::create_dir_all(to.parent().expect("it is inside the folder")).expect("a folder");
        std::fs::copy(root().join(source), to).expect("the file");
    }
    let (mut run, mut skipped, mut told) = (0, 0, String::new());
    for block in blocks(&text) {
        let place = format!("{document}:{}", block.line);
        let commands = block
            .lines
            .iter()
            .filter(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#'));
        if block.language == "toml"
            && let Some(name) = file_name(&block)
        {
            let text = block.lines.join("\n") + "\n";
            std::fs::write(folder.path().join(name), text).expect("the file of the block");
            continue;
        }
        if block.language != "sh" {
            let call = block.lines.iter().find(|l| is_command(l));
            assert!(
                call.is_none(),
                "{place}: {call:?} is not in a block of `sh`, so it is not run"
            );
            continue;
        }
        for line in commands {
            let line = line.trim();
            let cargo = FOR_CARGO.iter().any(|start| line.starts_with(start));
            if cargo || block.not_run.is_some() {
                skipped += 1;
                let why = block.not_run.as_deref().unwrap_or("for cargo");
                // Writing to a string cannot fail.
                let _ = writeln!(told, "  not run ({why}): {line}");
                continue;
            }
            run += 1;
            call(folder.path(), &prepared(document, line), &place);
        }
    }
    println!("{document}: {run} lines run, {skipped} not\n{told}");
    assert!(run > 0, "{document} has no command that is run");
}

/// The file that a block of TOML is, where its first line says so: `# kutta3.toml`.
fn file_name(block: &Block) -> Option<&str> {
    let name = block.lines.first()?.strip_prefix("# ")?;
    (name.ends_with(".toml") && !name.contains([' ', '/'])).then_some(name)
}

/// Runs a line as a person types it; it must succeed, and do what it says.
fn call(folder: &Path, line: &str, place: &str) {
    let binary = Path::new(env!("CARGO_BIN_EXE_timestep"))
        .parent()
        .expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let out = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", binary.display()))
        .env("CARGO_TARGET_DIR", "no cargo here")
        .output()
        .expect("there is a shell");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{place}: `{line}`\n{said}");
    // An output of an earlier line would make this one do nothing.
    assert!(!said.contains("skipped"), "{place}: `{line}`\n{said}");
}

#[test]
fn readme() {
    let cat = "docs/images/cat.png";
    follow("README.md", &[("photo.png", cat), (cat, cat)]);
}

#[test]
fn clean_a_picture() {
    let cat = "docs/images/cat.png";
    let names = [
        "photo.png",
        "noisy.png",
        "original.png",
        "gigapixel.tif",
        "holiday/1.png",
        "holiday/beach/2.png",
        "PICTURES/1.png",
        "PICTURES/2.png",
        "PICTURES/3.png",
    ];
    let files: Vec<(&str, &str)> = names.iter().map(|name| (*name, cat)).collect();
    follow("docs/guides/clean-a-picture.md", &files);
}

#[test]
fn train_your_first_lm_resnet() {
    follow("docs/guides/train-your-first-lm-resnet.md", &[]);
}

#[test]
fn a_papers_figure() {
    follow("docs/guides/a-papers-figure.md", &[]);
}

#[test]
fn bring_a_scheme() {
    follow("docs/guides/bring-a-scheme.md", &[]);
}

#[test]
fn bring_pytorch_weights() {
    follow("docs/guides/bring-pytorch-weights.md", &[]);
}

#[test]
fn deploy_a_classifier() {
    follow("docs/guides/deploy-a-classifier.md", &[]);
}

#[test]
fn train_further() {
    follow("docs/guides/train-further.md", &[]);
}

#[test]
fn your_own_pictures() {
    let mut names = Vec::new();
    for class in ["daisy", "rose", "tulip"] {
        (1..=5).for_each(|n| names.push(format!("flowers/{class}/{n}.jpg")));
    }
    let files: Vec<(&str, &str)> = (names.iter())
        .map(|name| (name.as_str(), "docs/images/cat.png"))
        .collect();
    follow("docs/guides/your-own-pictures.md", &files);
}

#[test]
fn add_pieces() {
    // Their commands are for cargo, or about the piece that a reader adds: they are read, not run.
    for guide in ADDED {
        let text = std::fs::read_to_string(root().join("docs/guides").join(guide));
        for block in blocks(&text.expect("the guide")) {
            let cargo = |l: &String| FOR_CARGO.iter().any(|start| l.trim().starts_with(start));
            let read = block.lines.iter().all(cargo) || block.not_run.is_some();
            assert!(
                block.language != "sh" || read,
                "{guide}, line {}",
                block.line
            );
        }
    }
}

/// Guides that add a piece to the program. Tests of its crate compile and use it.
const ADDED: [&str; 4] = [
    "add-a-body.md",
    "add-a-noise.md",
    "add-a-scheme.md",
    "add-an-optimiser.md",
];

#[test]
fn every_guide_is_followed() {
    let mut guides: Vec<String> = std::fs::read_dir(root().join("docs/guides"))
        .expect("the guides")
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    guides.sort();
    let mut followed = vec!["a-papers-figure.md"];
    followed.extend(ADDED);
    followed.extend([
        "bring-a-scheme.md",
        "bring-pytorch-weights.md",
        "clean-a-picture.md",
        // Its commands need an MPI: `.ci/cluster` runs them.
        "clusters.md",
        "deploy-a-classifier.md",
        "train-further.md",
        "train-your-first-lm-resnet.md",
        // Its files are run by `python/check.py`.
        "use-from-python.md",
        "your-own-pictures.md",
    ]);
    assert_eq!(
        guides, followed,
        "a guide needs a test here that runs its commands"
    );
}

#[test]
fn shortened_lines_exist() {
    for (document, mark, from, _) in SHORTER {
        let folder = if *document == "README.md" {
            root()
        } else {
            root().join("docs/guides")
        };
        let text = std::fs::read_to_string(folder.join(document)).expect("the document");
        let line = text.lines().find(|line| line.contains(mark));
        let line = line.unwrap_or_else(|| panic!("{document} has no line with `{mark}`"));
        assert!(line.contains(from), "{document}: `{line}` has no `{from}`");
    }
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    let mut documents = vec![
        root().join("README.md"),
        root().join("CONTRIBUTING.md"),
        root().join("results/README.md"),
    ];
    for folder in [
        "docs",
        "docs/guides",
        "docs/concepts",
        "docs/reference",
        "results/details",
    ] {
        for entry in std::fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("readable").path();
            if path.extension().is_some_and(|e| e == "md") {
                documents.push(path);
            }
        }
    }
    for document in documents {
        let text = std::fs::read_to_string(&document).expect("readable");
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = link.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") {
                let to = document.parent().expect("a folder").join(file);
                assert!(
                    to.exists(),
                    "{}: `{link}` leads nowhere",
                    document.display()
                );
            }
        }
    }
}

/// Files of the source that a document names in code, such as `` `crates/nets/src/pass.rs` ``.
#[test]
fn source_files_that_documents_name_exist() {
    let root = root();
    let mut named = 0;
    // Guides name files that are to be written.
    for folder in ["docs", "docs/concepts"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("the documents") {
            let path = entry.expect("readable").path();
            if path.extension().is_none_or(|e| e != "md") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("readable");
            for code in text.split('`').skip(1).step_by(2) {
                let file = code.trim_end_matches('/');
                let plain = |c: char| c.is_ascii_alphanumeric() || "/_-.".contains(c);
                if !file.starts_with("crates/") || !file.chars().all(plain) {
                    continue;
                }
                assert!(
                    root.join(file).exists(),
                    "{} names `{file}`",
                    path.display()
                );
                named += 1;
            }
        }
    }
    assert!(named > 40, "{named} names");
}
