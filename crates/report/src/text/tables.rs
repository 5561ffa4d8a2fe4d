//! Published tables made again: what would be done, and what was found, as Markdown.

use super::Answer;
use super::page::{Page, head};
use crate::tables;
use timestep_study::map::FamilyOnTheMap;
use timestep_study::reproduce::{FieldTable, Plan, ReproducedTable};
use timestep_study::runtime::SecondsOfMethod;

impl Answer for ReproducedTable {
    fn text(&self, page: &mut Page) {
        page.markdown(&tables::reproduced(self));
    }
}

impl Answer for FieldTable {
    fn text(&self, page: &mut Page) {
        page.markdown(&tables::field(self));
    }
}

impl Answer for Vec<FamilyOnTheMap> {
    fn text(&self, page: &mut Page) {
        page.markdown(&tables::map(self));
    }
}

impl Answer for Vec<SecondsOfMethod> {
    fn text(&self, page: &mut Page) {
        page.markdown(&tables::runtime(self));
    }
}

impl Answer for Plan {
    fn text(&self, page: &mut Page) {
        page.line(self.title);
        page.line(&self.budget);
        page.blank();
        let mut rows = head([
            "recipe", "seed", "epochs", "batch", "images", "about", "state",
        ]);
        rows.extend(self.runs.iter().map(|run| {
            vec![
                run.recipe.to_owned(),
                run.seed.to_string(),
                run.epochs.to_string(),
                run.batch.to_string(),
                run.images.map_or("?".into(), |n| n.to_string()),
                run.hours.map_or("?".into(), in_words),
                run.trouble
                    .clone()
                    .unwrap_or_else(|| run.progress.to_owned()),
            ]
        }));
        page.table(&rows);
        page.blank();
        page.line(format!(
            "about {} in all, from some steps of each network timed on this machine now, with its first weights. \
             Nothing was written.",
            in_words(self.hours)
        ));
    }
}

/// Hours as a person says them.
fn in_words(hours: f64) -> String {
    match hours * 60.0 {
        m if m < 1.0 => format!("{:.0} s", m * 60.0),
        m if m < 120.0 => format!("{m:.0} min"),
        _ => format!("{hours:.0} h"),
    }
}
