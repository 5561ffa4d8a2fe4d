//! Predictions as a table in a file.

use super::Prediction;
use crate::json;
use std::path::Path;

/// A kind of table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// A row for each image: its name, then classes with their probabilities.
    Csv,
    /// A list of objects.
    Json,
    /// An object on each line.
    Lines,
}

impl Table {
    /// The kind that a file is by its ending: `.csv`, `.json` or `.jsonl`.
    #[must_use]
    pub fn named(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_ascii_lowercase();
        match ending.to_str()? {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "jsonl" => Some(Self::Lines),
            _ => None,
        }
    }

    /// The table of predictions, of each of which the `top` most probable classes were asked for.
    #[must_use]
    pub fn text(self, found: &[Prediction], top: usize) -> String {
        let object = |one: &Prediction| json::value(one).to_string();
        match self {
            Self::Csv => csv(found, top),
            Self::Lines => found.iter().map(|one| object(one) + "\n").collect(),
            Self::Json => {
                let all: Vec<String> = found.iter().map(object).collect();
                format!("[\n{}\n]\n", all.join(",\n"))
            }
        }
    }
}

/// A row for each image: its name, then classes with their probabilities.
fn csv(found: &[Prediction], top: usize) -> String {
    let columns = found
        .iter()
        .map(|one| one.top.len())
        .max()
        .unwrap_or(top.min(1));
    let mut text = "image".to_owned();
    (1..=columns).for_each(|n| text += &format!(",class{n},probability{n}"));
    text.push('\n');
    for one in found {
        text += &quoted(&one.image);
        let best = one.top.iter().map(Some).chain(std::iter::repeat(None));
        for best in best.take(columns) {
            match best {
                Some(best) => text += &format!(",{},{}", quoted(&best.class), best.probability),
                None => text += ",,",
            }
        }
        text.push('\n');
    }
    text
}

/// A field of CSV.
fn quoted(field: &str) -> String {
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}
