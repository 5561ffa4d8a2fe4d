//! How are the files of a run read? A crash may have cut off the last line; anything else is an error.

use super::rows::{COLUMNS, Epoch, SettingRow};
use serde_json::Value;
use std::path::Path;
use timestep_train::event::Event;
use timestep_train::files;
use timestep_train::recipe::TaskRecipe;
use timestep_train::sinks::Table;
use timestep_train::{TrainError, checkpoint, run};

/// Columns of a row that come after [`COLUMNS`]: loss and accuracies of the average of the weights.
const AVERAGES: usize = 3;

/// The same number, read from two texts? Readers of JSON may be off by one in the last digit.
#[must_use]
pub fn close(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

/// A file of a run that cannot be used.
pub(super) fn damaged(path: &Path, what: String) -> TrainError {
    TrainError::Damaged {
        path: path.to_owned(),
        what,
    }
}

/// The rows of `metrics.csv`; a row that a crash cut off is left out.
pub(super) fn epochs(path: &Path) -> Result<Vec<Epoch>, TrainError> {
    let text = files::read_text(path)?;
    let mut lines = text.split_inclusive('\n');
    let header = lines.next().unwrap_or_default().trim_end();
    let expected = Table::Epochs.header();
    let Some(missing) = Table::Epochs.missing(header) else {
        return Err(damaged(path, format!("its columns are not `{expected}`")));
    };
    let mut epochs = Vec::new();
    for (n, line) in lines.enumerate().filter(|(_, line)| line.ends_with('\n')) {
        let cells: Vec<&str> = line.trim_end().split(',').collect();
        let wrong = || damaged(path, format!("row {} is no row of numbers", n + 1));
        let [epoch, numbers @ ..] = cells.as_slice() else {
            return Err(wrong());
        };
        if numbers.len() + missing != AVERAGES + COLUMNS.len() {
            return Err(wrong());
        }
        // What the average of the weights has is read from the events.
        let own = &numbers[..COLUMNS.len()];
        let numbers: Result<Vec<f64>, _> = own.iter().map(|c| c.parse::<f64>()).collect();
        let numbers = numbers.map_err(|_| wrong())?;
        epochs.push(Epoch {
            epoch: epoch.parse().map_err(|_| wrong())?,
            values: numbers.try_into().map_err(|_| wrong())?,
        });
    }
    Ok(epochs)
}

/// The events of a log; a line that a crash cut off is left out.
pub(super) fn events(path: &Path) -> Result<Vec<Event>, TrainError> {
    let text = files::read_text(path)?;
    let lines = text.split_inclusive('\n').enumerate();
    lines
        .filter(|(_, line)| line.ends_with('\n'))
        .map(|(n, line)| {
            serde_json::from_str(line).map_err(|e| damaged(path, format!("line {}: {e}", n + 1)))
        })
        .collect()
}

/// The settings with their origins, which `train` wrote beside them as comments.
pub(super) fn settings<R: TaskRecipe>(recipe: &R, text: &str) -> Vec<SettingRow> {
    let mut lines = Vec::new();
    let mut section = "";
    for line in text.lines().map(str::trim) {
        match line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            Some(name) => section = name,
            None => lines.push((section, line)),
        }
    }
    recipe
        .values()
        .into_iter()
        .map(|(path, value)| {
            let value = value.to_string();
            let (section, key) = path.split_once('.').unwrap_or(("", path));
            let written = format!("{key} = {value}");
            let origin = lines.iter().find_map(|(s, line)| {
                let comment = line.strip_prefix(&written).filter(|_| *s == section)?;
                comment.trim_start().strip_prefix("# ")
            });
            SettingRow {
                path: path.to_owned(),
                value,
                origin: origin.unwrap_or(run::RECIPE).to_owned(),
            }
        })
        .collect()
}

/// What `environment.json` says.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// Machine and program.
    pub(super) rows: Vec<(String, String)>,
    /// The command that started the run, word by word.
    pub(super) command: Vec<String>,
}

/// Reads `environment.json`; a run without that file is still a run.
pub(super) fn environment(folder: &Path) -> Result<Environment, TrainError> {
    let path = folder.join("environment.json");
    if !path.exists() {
        return Ok(Environment::default());
    }
    let value: Value = serde_json::from_str(&files::read_text(&path)?)
        .map_err(|e| damaged(&path, e.to_string()))?;
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let fields = value.as_object().into_iter().flatten();
    let rows = fields
        .filter(|(key, value)| *key != "command" && !value.is_null())
        .map(|(key, value)| (key.clone(), plain(value)))
        .collect();
    let command = value["command"].as_array();
    Ok(Environment {
        rows,
        command: command.into_iter().flatten().map(plain).collect(),
    })
}

/// The fingerprint of the data, if there is a saved state that has it.
pub(super) fn fingerprint(folder: &Path) -> Option<String> {
    let state = checkpoint::read_weights(&folder.join(checkpoint::STATE)).ok()?;
    let progress: Value = serde_json::from_str(state.metadata.get("progress")?).ok()?;
    let data = progress["data"].as_str()?;
    (!data.is_empty()).then(|| data.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use timestep_train::recipe::Recipe;

    #[test]
    fn the_columns_are_those_of_the_table() {
        let columns: Vec<&str> = Table::Epochs.header().split(',').collect();
        let (own, averages) = columns[1..].split_at(COLUMNS.len());
        assert_eq!((own, averages.len()), (&COLUMNS[..], AVERAGES));
    }

    #[test]
    fn half_rows_are_left_out_and_foreign_tables_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("metrics.csv");
        let header = Table::Epochs.header();
        let before = header.replace(",ema_loss,ema_top1,ema_top5", "");
        let row = "1,0.5,0.75,nan,0.875,1,0.1,1000,2.5,,,\n";
        std::fs::write(&path, format!("{header}\n{row}2,0.1")).expect("writable");
        let found = epochs(&path).expect("a table");
        assert_eq!((found.len(), found[0].epoch), (1, 1));
        assert!(found[0].get("test_loss").is_nan() && found[0].get("seconds") == 2.5);
        // A table of before averages.
        std::fs::write(
            &path,
            format!("{before}\n{}\n", row.trim_end_matches([',', '\n'])),
        )
        .expect("writable");
        assert_eq!(epochs(&path).expect("a table").len(), 1);
        for bad in [
            "a,b\n",
            &format!("{before}\n{row}"),
            &format!("{header}\n1,2\n"),
            &format!("{header}\nx{row}"),
        ] {
            std::fs::write(&path, bad).expect("writable");
            assert!(
                matches!(epochs(&path), Err(TrainError::Damaged { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn origins_are_read_from_the_comments() {
        let text = "[train]\nseed = 0   # default\n[network]\npreset = \"a # b\"   # `--net` # 2\n";
        let mut recipe = Recipe::default();
        recipe.network.preset = "a # b".into();
        let rows = settings(&recipe, text);
        let origin = |path: &str| {
            let row = rows.iter().find(|r| r.path == path).expect("a setting");
            row.origin.clone()
        };
        assert_eq!(origin("train.seed"), "default");
        assert_eq!(origin("network.preset"), "`--net` # 2");
        assert_eq!(origin("train.epochs"), run::RECIPE, "not written");
    }
}
