//! What can be named, in words.

use super::Answer;
use super::page::Page;
use serde_json::Value;
use timestep_study::names::{Cited, Explained, Listing};

impl Answer for Explained {
    fn text(&self, page: &mut Page) {
        page.line(format!("{} ({})", self.name, self.kind));
        page.blank();
        page.markdown(&self.page);
    }
}

impl Answer for Cited {
    fn text(&self, page: &mut Page) {
        page.markdown(&self.bibtex);
    }
}

impl Answer for Listing {
    fn text(&self, page: &mut Page) {
        let heads = self.heads.iter().map(|head| (*head).to_owned());
        let mut rows = vec![heads.collect()];
        rows.extend(self.rows.iter().map(|row| row.iter().map(cell).collect()));
        page.table(&rows);
    }
}

/// A value in a table.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
