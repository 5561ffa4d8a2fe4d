//! Do the commands that the program and its documents speak of exist? A test over all texts of the repository.

use crate::args::Cli;
use clap::Parser as _;
use clap::error::ErrorKind;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files below `folder` with one of the endings, in the order of their names.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for path in entries.flatten().map(|e| e.path()) {
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if path
            .extension()
            .is_some_and(|e| endings.iter().any(|known| e == *known))
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The commands in backquotes in a text, with the lines of comments and of continued strings joined.
fn commands(text: &str) -> Vec<String> {
    let mut joined = String::new();
    for line in text.lines() {
        let line = line.trim_start();
        let comment = ["//! ", "/// ", "// ", "# "]
            .iter()
            .find_map(|mark| line.strip_prefix(mark));
        let line = comment.unwrap_or(line);
        match line.strip_suffix('\\') {
            Some(begun) => joined.push_str(begun),
            None => joined.extend([line, " "]),
        }
    }
    let parts = joined.split("`timestep ").skip(1);
    parts
        .filter_map(|rest| Some(rest.split_once('`')?.0.to_owned()))
        .collect()
}

/// The commands that stand in lines of their own, as in blocks of a document.
fn lines(text: &str) -> impl Iterator<Item = String> {
    let starts = [
        "timestep ",
        "target/release/timestep ",
        "cargo run --release -- ",
    ];
    let command = move |line: &str| {
        let line = line.trim_start().trim_start_matches("$ ");
        starts
            .iter()
            .find_map(|start| line.strip_prefix(start))
            .map(str::to_owned)
    };
    let joined = text.replace("\\\n", " ");
    joined
        .lines()
        .filter_map(command)
        .collect::<Vec<_>>()
        .into_iter()
}

/// The words of a command line; what stands in braces is filled in when a hint is made, and `N` is a number.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut brace = 0;
    // What comes after two spaces is a remark, as in the examples of a help text.
    for c in command
        .trim_start()
        .split("  ")
        .next()
        .unwrap_or_default()
        .chars()
    {
        match (c, quote) {
            ('{', None) => brace += 1,
            ('}', None) => {
                brace -= 1;
                words.last_mut().expect("there is one").push('1');
            }
            _ if brace > 0 => {}
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().expect("there is one").push(c),
        }
    }
    // What comes after is for the shell.
    if let Some(end) = words
        .iter()
        .position(|word| ["|", ">", "#", "&&"].contains(&word.as_str()))
    {
        words.truncate(end);
    }
    words.retain(|word| !word.is_empty() && word != "…");
    let number = |word: String| if word == "N" { "1".to_owned() } else { word };
    words.into_iter().map(number).collect()
}

/// Why a command cannot be read, if it cannot.
pub(crate) fn refusal(command: &str) -> Option<String> {
    let words = words(command);
    // `timestep COMMAND --help` stands for any.
    if words
        .first()
        .is_some_and(|word| word.chars().all(char::is_uppercase))
    {
        return None;
    }
    let line = std::iter::once("timestep".to_owned()).chain(words);
    let error = Cli::try_parse_from(line).err()?;
    let help = [
        ErrorKind::DisplayHelp,
        ErrorKind::DisplayVersion,
        // A command alone, as the name of it: `timestep analyze`.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand,
        ErrorKind::MissingRequiredArgument,
    ];
    let said = error.to_string();
    (!help.contains(&error.kind())).then(|| said.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn every_command_that_is_named_can_be_read() {
    let root = root();
    let mut all = files(&root.join("docs"), &["md"]);
    all.extend(files(&root.join("recipes"), &["toml"]));
    all.extend(files(&root.join("results"), &["md"]));
    all.extend(["README.md", "CONTRIBUTING.md"].map(|name| root.join(name)));
    for entry in fs::read_dir(root.join("crates"))
        .expect("the crates")
        .flatten()
    {
        all.extend(files(&entry.path().join("src"), &["rs", "md"]));
    }
    let (mut count, mut wrong) = (0, Vec::new());
    for path in all {
        // These hold wrong ones on purpose, or mean something else.
        if path.ends_with("src/spoken.rs") || path.ends_with("data/src/stream.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("readable");
        let mut found = commands(&text);
        let folder = path
            .parent()
            .is_some_and(|folder| folder.ends_with("codes"));
        // The examples of the pages on errors are wrong, and run by a test of their own.
        if path.extension().is_some_and(|e| e == "md") && !folder && !path.ends_with("errors.md") {
            found.extend(lines(&text));
        }
        for command in found {
            count += 1;
            if let Some(why) = refusal(&command) {
                wrong.push(format!("{}: `timestep {command}`: {why}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "only {count} commands were found");
}

#[test]
fn wrong_commands_are_noticed() {
    for good in [
        "train --epochs 3",
        "analyze order {scheme} --k -0.5",
        "COMMAND --help",
        "eval RUN --require 'top1>=0.9'",
    ] {
        assert_eq!(refusal(good), None, "{good}");
    }
    for bad in [
        "trian",
        "train --epoch 3",
        "list everything",
        "analyze ordre lm",
    ] {
        assert!(refusal(bad).is_some(), "{bad}");
    }
    assert_eq!(
        commands("a `timestep list \\\n   data` and\n/// `timestep\n/// explain lm`").len(),
        2
    );
    assert_eq!(
        lines("    timestep list data  # all\ncargo run --release -- doctor\n").count(),
        2
    );
}
