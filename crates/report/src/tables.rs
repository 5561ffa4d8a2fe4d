//! Published tables, ours beside the published numbers, as Markdown.

use std::fmt::Write;
use timestep_study::map::FamilyOnTheMap;
use timestep_study::reproduce::{FieldTable, ReproducedRow, ReproducedTable};
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

/// Newer schemes and blocks with what they cost, and their distance to an equation.
#[must_use]
pub fn field(table: &FieldTable) -> String {
    let head = [
        "network",
        "parameters",
        "f per batch",
        "seconds",
        "top-1, %",
        "against the first, 95 %",
        "half the steps: top-1, %; distance",
        "twice: top-1, %; distance",
        "roughness",
        "remarks",
    ];
    let number = |value: Option<f64>, digits: usize| {
        value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
    };
    let rows = table.rows.iter().map(|row| {
        let top1 = match (row.top1, row.deviation) {
            (Some(mean), Some(spread)) => format!(
                "{:.2} ± {:.2} ({} seeds)",
                100.0 * mean,
                100.0 * spread,
                row.seeds
            ),
            (Some(mean), None) => format!("{:.2}", 100.0 * mean),
            (None, _) => row.state.to_owned(),
        };
        let against = match (row.difference, row.interval, row.verdict) {
            (Some(d), Some((low, high)), Some(verdict)) => format!(
                "{:+.2} ({:+.2} … {:+.2}): {verdict}",
                100.0 * d,
                100.0 * low,
                100.0 * high
            ),
            (Some(d), None, Some(verdict)) => format!("{:+.2}: {verdict}", 100.0 * d),
            _ => "–".to_owned(),
        };
        let evaluations = match row.backward_evaluations {
            Some(back) => format!("{} + {back:.1}", number(row.evaluations, 1)),
            None => number(row.evaluations, 0),
        };
        let other = |top1: Option<f64>, distance: Option<f64>| match distance {
            Some(distance) => format!("{}; {distance:.3}", number(top1.map(|t| 100.0 * t), 2)),
            None => "–".to_owned(),
        };
        [
            row.network.to_owned(),
            row.parameters.map_or("–".to_owned(), |n| n.to_string()),
            evaluations,
            number(row.seconds, 0),
            top1,
            against,
            other(row.top1_half, row.distance_half),
            other(row.top1_twice, row.distance),
            number(row.roughness, 3),
            row.note.to_owned(),
        ]
    });
    format!(
        "# {}\n\nRuns: {}. Distances are those of the last state from that of the trained network, on at most 2,000 test images.\n\n{}",
        table.title,
        table.budget,
        bars(head, rows)
    )
}

/// The same as comma-separated values.
#[must_use]
pub fn field_rows(table: &FieldTable) -> String {
    let mut text = String::from(
        "network,recipe,settings,state,seeds,parameters,evaluations,backward_evaluations,seconds,top1,deviation,difference,low,high,verdict,\
         roughness,distance_half,top1_half,distance_twice,top1_twice,images\n",
    );
    let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    for row in &table.rows {
        let cells = [
            // Names have commas.
            format!("\"{}\"", row.network),
            row.recipe.to_owned(),
            row.settings.join(" "),
            row.state.to_owned(),
            row.seeds.to_string(),
            row.parameters.map_or(String::new(), |n| n.to_string()),
            number(row.evaluations),
            number(row.backward_evaluations),
            number(row.seconds),
            number(row.top1),
            number(row.deviation),
            number(row.difference),
            number(row.interval.map(|(low, _)| low)),
            number(row.interval.map(|(_, high)| high)),
            row.verdict.unwrap_or_default().to_owned(),
            number(row.roughness),
            number(row.distance_half),
            number(row.top1_half),
            number(row.distance),
            number(row.top1_twice),
            row.images.to_string(),
        ];
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", cells.join(","));
    }
    text
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
