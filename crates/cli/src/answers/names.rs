//! What can be named: a registry as a table, the page of a name, what to cite.

use super::Answer;
use crate::page::Page;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use timestep_study::answer;
use timestep_study::schemes::Theory;

answer! {
    /// The page of a name.
    pub(crate) struct Explained {
        /// Of which kind it is.
        pub(crate) kind: &'static str,
        /// Its registered name.
        pub(crate) name: &'static str,
        /// Its page in Markdown, and those of other things of this name.
        pub(crate) page: String,
        /// Of a scheme, what the analyses measure now.
        pub(crate) measured: Option<Theory>,
    }
}

answer! {
    /// What a paper should cite.
    pub(crate) struct Cited {
        /// The name, the weights file or the run folder, as it was given.
        pub(crate) name: String,
        /// An entry of BibTeX.
        pub(crate) bibtex: String,
    }
}

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

/// Rows with a value for each head: a table for people, in JSON an object for each row.
pub(crate) struct Listing {
    /// The heads of the columns, which are the names of the fields.
    pub(crate) heads: Vec<&'static str>,
    /// The rows.
    pub(crate) rows: Vec<Vec<Value>>,
}

impl Serialize for Listing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(Some(self.rows.len()))?;
        for row in &self.rows {
            let names = self.heads.iter().map(|head| (*head).to_owned());
            let object: Map<String, Value> = names.zip(row.iter().cloned()).collect();
            all.serialize_element(&object)?;
        }
        all.end()
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
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
