//! A table that is made again as an answer: published numbers beside ours, and what ours were given.

use super::{Progress, Reproduction, error_of};
use crate::answer;
use crate::tables::PublishedRow;
use serde::{Serialize, Serializer};

answer! {
    /// A row of a published table, with our number beside the published one.
    pub struct ReproducedRow {
        /// Name of the table on the command line.
        pub table: &'static str,
        /// The network, as the table calls it.
        pub network: &'static str,
        /// Its layers, as printed.
        pub layers: &'static str,
        /// Data set of the published number.
        pub data: &'static str,
        /// Recipe that trains it here; null for a network that is not part of this project.
        pub recipe: Option<&'static str>,
        /// Published top-1 test error in percent.
        pub published_error: Option<f64>,
        /// Published top-5 test error in percent.
        pub published_top5_error: Option<f64>,
        /// Our top-1 test error in percent, the mean over the seeds that are done.
        pub error: Option<f64>,
        /// Its standard deviation in percent; null below two seeds.
        pub deviation: Option<f64>,
        /// Seeds that are done.
        pub seeds: usize,
        /// What the runs were given to work with, in words.
        pub budget: String,
        /// What a reader should know about the number.
        pub note: &'static str,
        /// Our top-5 test error in percent, of the first seed that is done.
        pub top5_error: Option<f64>,
        /// How far the row is: `done`, `refused`, `diverged`, `begun` or `waiting`; null without a recipe.
        pub state: Option<&'static str>,
    }
}

/// A table that is made again; in JSON the list of its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct ReproducedTable {
    /// What it compares.
    pub title: &'static str,
    /// What the runs were given to work with, in words.
    pub budget: String,
    /// Its rows, in order.
    pub rows: Vec<ReproducedRow>,
}

impl Serialize for ReproducedTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

impl ReproducedTable {
    /// The table as far as it is.
    #[must_use]
    pub fn of(reproduction: &Reproduction) -> Self {
        let budget = reproduction.budget.describe();
        let rows = reproduction.table.rows.iter().enumerate();
        let row = |(index, row)| ReproducedRow::of(reproduction, index, row, &budget);
        Self {
            title: reproduction.table.title,
            rows: rows.map(row).collect(),
            budget,
        }
    }
}

impl ReproducedRow {
    fn of(reproduction: &Reproduction, index: usize, row: &PublishedRow, budget: &str) -> Self {
        let results = reproduction.results(index);
        let ours = error_of(&results);
        let mut done = results.iter().filter_map(|progress| match progress {
            Progress::Done(test) => Some(test),
            _ => None,
        });
        let seeds = done.clone().count();
        let top5 = done.next().map(|test| 100.0 * (1.0 - test.top5));
        Self {
            table: reproduction.table.key,
            network: row.label,
            layers: row.layers,
            data: row.data,
            recipe: row.recipe,
            published_error: row.error,
            published_top5_error: row.top5,
            error: ours.map(|(mean, _)| mean),
            deviation: ours.and_then(|(_, spread)| spread),
            seeds,
            budget: budget.to_owned(),
            note: row.note,
            top5_error: top5,
            state: row.recipe.map(|_| state(&results)),
        }
    }
}

/// How far a row is, by the runs of its seeds.
fn state(results: &[Progress]) -> &'static str {
    let any = |word: &str| results.iter().any(|progress| progress.word() == word);
    if any("done") {
        return "done";
    }
    if let Some(Progress::Refused(_)) = results.first() {
        return "refused";
    }
    let known = ["diverged", "begun"].into_iter().find(|word| any(word));
    known.unwrap_or("waiting")
}
