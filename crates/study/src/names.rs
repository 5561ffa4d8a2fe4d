//! What can be named: a registry as a table, the page of a name, what to cite.

use crate::answer;
use crate::schemes::Theory;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

answer! {
    /// The page of a name.
    pub struct Explained {
        /// Of which kind it is.
        pub kind: &'static str,
        /// Its registered name.
        pub name: &'static str,
        /// Its page in Markdown, and those of other things of this name.
        pub page: String,
        /// Of a scheme, what the analyses measure now.
        pub measured: Option<Theory>,
    }
}

answer! {
    /// What a paper should cite.
    pub struct Cited {
        /// The name, the weights file or the run folder, as it was given.
        pub name: String,
        /// An entry of BibTeX.
        pub bibtex: String,
    }
}

/// Rows with a value for each head: a table for people, in JSON an object for each row.
pub struct Listing {
    /// The heads of the columns, which are the names of the fields.
    pub heads: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
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
