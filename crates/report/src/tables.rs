//! Published tables, ours beside the published numbers, as Markdown.

use std::fmt::Write;
use timestep_study::map::FamilyOnTheMap;
use timestep_study::reproduce::{ReproducedRow, ReproducedTable};
use timestep_study::runtime::{SIGMA, SecondsOfMethod, processor};

/// Rows with bars between their cells.
fn bars<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
    for row in rows {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// A table that is made by training.
#[must_use]
pub fn reproduced(table: &ReproducedTable) -> String {
    let head = [
        "network",
        "layers",
        "data",
        "published error, %",
        "ours, %",
        "remarks",
    ];
    let rows = table.rows.iter().map(|row| {
        let published = match (row.published_error, row.published_top5_error) {
            (Some(error), Some(top5)) => format!("{error:.1} / {top5:.1}"),
            (Some(error), None) => format!("{error:.2}"),
            (None, _) => "–".into(),
        };
        [
            row.network.to_owned(),
            row.layers.to_owned(),
            row.data.to_owned(),
            published,
            ours(row),
            row.note.to_owned(),
        ]
    });
    let bars = bars(head, rows);
    format!("# {}\n\nOurs: {}.\n\n{bars}", table.title, table.budget)
}

/// Our side of a row.
fn ours(row: &ReproducedRow) -> String {
    let Some(mean) = row.error else {
        return match row.state {
            None => "–".into(),
            Some("refused") => "not for these images".into(),
            Some(state) => state.to_owned(),
        };
    };
    let spread = row
        .deviation
        .map_or(String::new(), |s| format!(" ± {s:.2}"));
    let seeds = match row.seeds {
        0 | 1 => String::new(),
        n => format!(" ({n} seeds)"),
    };
    let top5 = row
        .top5_error
        .filter(|_| row.published_top5_error.is_some());
    let top5 = top5.map_or(String::new(), |error| format!(" / {error:.2}"));
    format!("{mean:.2}{spread}{top5}{seeds}")
}

/// The map of networks as numerical schemes.
#[must_use]
pub fn map(families: &[FamilyOnTheMap]) -> String {
    let head = ["family", "example", "block", "equation", "scheme", "order"];
    let rows = families.iter().map(|row| {
        [
            row.family.clone(),
            row.example.to_owned(),
            row.block.clone(),
            row.equation.to_owned(),
            row.scheme.clone(),
            row.order.to_string(),
        ]
    });
    format!(
        "# Networks as numerical schemes\n\nFrom the networks of this program; `explain` says more about each.\n\n{}",
        bars(head, rows)
    )
}

/// Seconds that restoration takes.
#[must_use]
pub fn runtime(rows: &[SecondsOfMethod]) -> String {
    let head = ["method", "on", "256²", "512²", "1024²", "2048²", "3072²"];
    let rows = rows.iter().map(|row| {
        let [a, b, c, d, e] = row.seconds().map(cell);
        [row.method.to_owned(), row.on.clone(), a, b, c, d, e]
    });
    format!(
        "# Seconds to restore a picture\n\nOurs: median of up to 3 runs after a first one that is not counted, on \
         {}; synthetic picture, sigma {SIGMA}, f32.\nThe talk's computers are those of 2015; `bench/denoising.py` \
         compares with other programs on this machine.\n\n{}",
        processor(),
        bars(head, rows)
    )
}

/// Three digits of seconds.
fn cell(seconds: Option<f64>) -> String {
    match seconds {
        Some(seconds) if seconds >= 100.0 => format!("{seconds:.0}"),
        Some(seconds) if seconds >= 10.0 => format!("{seconds:.1}"),
        Some(seconds) if seconds >= 0.1 => format!("{seconds:.2}"),
        Some(seconds) => format!("{seconds:.4}"),
        None => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use timestep_study::reproduce::{Budget, Reproduction};
    use timestep_study::tables::TABLE2;

    #[test]
    fn unfinished_rows_wait_and_other_networks_have_no_number() {
        let folder = tempfile::tempdir().expect("a folder");
        let table = Reproduction::open(&TABLE2, Budget::quick(), folder.path()).expect("empty");
        let text = reproduced(&ReproducedTable::of(&table));
        assert_eq!(text.matches("waiting").count(), table.tasks().len());
        assert!(text.contains("| DenseNet | 100 | CIFAR-100 | 19.25 | – |"));
        assert!(text.contains("`digits` instead of the published data"));
    }

    #[test]
    fn seconds_have_three_digits() {
        assert_eq!(cell(Some(0.00523)), "0.0052");
        assert_eq!(cell(Some(1.234)), "1.23");
        assert_eq!(cell(Some(176.04)), "176");
        assert_eq!(cell(None), "–");
    }
}
