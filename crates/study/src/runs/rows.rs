//! The rows of the tables that a run writes: epochs, and settings.

use timestep_train::event::TestMetrics;

/// The columns of `metrics.csv` after the epoch.
pub const COLUMNS: [&str; 8] = [
    "train_loss",
    "train_top1",
    "test_loss",
    "test_top1",
    "test_top5",
    "lr",
    "images_per_second",
    "seconds",
];

/// A row of `metrics.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct Epoch {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Its numbers, in the order of [`COLUMNS`].
    pub values: [f64; 8],
}

impl Epoch {
    /// A number by the name of its column.
    ///
    /// # Panics
    /// If there is no such column: the names are those of the source.
    #[must_use]
    pub fn get(&self, column: &str) -> f64 {
        let at = COLUMNS.iter().position(|c| *c == column);
        self.values[at.expect("a column of COLUMNS")]
    }

    /// What was measured on the test images.
    #[must_use]
    pub fn test(&self) -> TestMetrics {
        TestMetrics {
            loss: self.get("test_loss"),
            top1: self.get("test_top1"),
            top5: self.get("test_top5"),
        }
    }
}

/// A setting of the recipe with where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingRow {
    /// The setting.
    pub path: String,
    /// Its value, as TOML.
    pub value: String,
    /// Where the value came from.
    pub origin: String,
}
