//! What repeats the run? Recipe with origins, machine, commands, and whom to cite.

use super::paragraph;
use crate::document::{Block, Cell, Inline, Number, Section, Table, prose, text, words};
use std::path::Path;
use timestep_study::runs::{SettingRow, quoted};
use timestep_train::run;

/// Every setting with its origin; those that are no defaults first.
pub(crate) fn recipe(settings: &[SettingRow]) -> Section {
    let row = |row: &SettingRow| -> Vec<Cell> {
        vec![
            vec![Inline::Code(row.path.clone())].into(),
            vec![value(&format!("recipe.{}", row.path), &row.value)].into(),
            vec![origin(&row.origin)].into(),
        ]
    };
    let table = |rows: Vec<Vec<Cell>>| {
        Block::Table(Table {
            head: ["setting", "value", "from"].map(str::to_owned).to_vec(),
            rows,
        })
    };
    let (defaults, chosen): (Vec<&SettingRow>, Vec<&SettingRow>) =
        settings.iter().partition(|s| s.origin == "default");
    Section {
        key: "recipe",
        title: "Recipe".into(),
        blocks: vec![
            table(chosen.into_iter().map(row).collect()),
            Block::Details {
                summary: format!("{} settings that are defaults", defaults.len()),
                blocks: vec![table(defaults.into_iter().map(row).collect())],
            },
        ],
    }
}

/// Where a value came from: a file or a flag is typed text.
fn origin(origin: &str) -> Inline {
    match origin.strip_prefix('`').and_then(|o| o.strip_suffix('`')) {
        Some(flag) => Inline::Code(flag.to_owned()),
        None if origin.contains('/') => Inline::Code(origin.to_owned()),
        None => text(origin),
    }
}

/// A value: a number keeps its exact form, anything else is typed text.
fn value(key: &str, value: &str) -> Inline {
    if value.parse::<f64>().is_ok() {
        return Inline::Number(Number {
            key: key.to_owned(),
            value: value.to_owned(),
            text: value.to_owned(),
        });
    }
    Inline::Code(value.to_owned())
}

/// Machine and program.
pub(crate) fn environment(rows: &[(String, String)]) -> Section {
    let row = |(key, text): &(String, String)| -> Vec<Cell> {
        let cell = if text.parse::<f64>().is_ok() {
            vec![value(&format!("environment.{key}"), text)].into()
        } else {
            words(text)
        };
        vec![words(key), cell]
    };
    let blocks = if rows.is_empty() {
        vec![paragraph(prose(
            "The run has no `environment.json`, so its machine is not known.",
        ))]
    } else {
        vec![Block::Table(Table {
            head: Vec::new(),
            rows: rows.iter().map(row).collect(),
        })]
    };
    Section {
        key: "environment",
        title: "Environment".into(),
        blocks,
    }
}

/// The commands that train the same weights again: from the recipe in `folder`, and as the run was started.
pub(crate) fn repeat(folder: &Path, command: &[String]) -> Section {
    let recipe = folder.join(run::RECIPE);
    let again = format!("timestep train {}", quoted(&recipe.display().to_string()));
    let mut blocks = vec![
        paragraph(vec![text(
            "This trains the same weights again, bit for bit on a machine of the same kind, with any number \
             of threads:",
        )]),
        Block::Code(again),
    ];
    if let Some((program, words)) = command.split_first() {
        // Where the program lay does not matter.
        let program = program.rsplit(['/', '\\']).next().unwrap_or(program);
        let words = words.iter().map(|w| quoted(w));
        let line: Vec<String> = std::iter::once(program.to_owned()).chain(words).collect();
        blocks.push(paragraph(vec![text("It was started as:")]));
        blocks.push(Block::Code(line.join(" ")));
    }
    Section {
        key: "repeat",
        title: "Repeat".into(),
        blocks,
    }
}

/// What a paper should cite.
pub(crate) fn citations(entries: &[String]) -> Option<Section> {
    if entries.is_empty() {
        return None;
    }
    Some(Section {
        key: "cite",
        title: "Cite".into(),
        blocks: vec![Block::Code(entries.join("\n"))],
    })
}
