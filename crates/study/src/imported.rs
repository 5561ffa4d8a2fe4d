//! What became of the arrays of another program.

mod import;

pub use import::{Import, placeholder};

use crate::answer;
use timestep_nets::foreign::{ForeignFile, Mapping};

answer! {
    /// An array under another name.
    pub struct RenamedArray {
        /// Name in the file.
        pub from: String,
        /// Name here.
        pub to: String,
        /// The rules that led there.
        pub rules: Vec<&'static str>,
    }
}

answer! {
    /// An array whose numbers or shape were changed.
    pub struct ConvertedArray {
        /// Name here.
        pub name: String,
        /// What was done.
        pub how: String,
    }
}

answer! {
    /// An array that found its name but not its shape.
    pub struct ArrayOfAnotherShape {
        /// Name in the file.
        pub from: String,
        /// Name here.
        pub name: String,
        /// Shape in the file.
        pub found: Vec<usize>,
        /// Shape here.
        pub needed: Vec<usize>,
    }
}

answer! {
    /// An array that is left out.
    pub struct DroppedArray {
        /// Name in the file.
        pub name: String,
        /// Why nothing is lost.
        pub reason: String,
    }
}

answer! {
    /// What became of the arrays of a file.
    pub struct ImportedFile {
        /// Arrays that were placed.
        pub matched: usize,
        /// Those that had another name.
        pub renamed: Vec<RenamedArray>,
        /// Those whose numbers or shape were changed.
        pub converted: Vec<ConvertedArray>,
        /// Arrays of the network that nothing fills.
        pub missing: Vec<String>,
        /// Arrays of the file that fit nowhere.
        pub unexpected: Vec<String>,
        /// Those with the right name and another shape.
        pub wrong_shape: Vec<ArrayOfAnotherShape>,
        /// Arrays of the file that are left out for a reason.
        pub dropped: Vec<DroppedArray>,
        /// Entries beside the arrays that were left out, each with the reason.
        pub skipped: serde_json::Value,
        /// Dictionaries that were opened to get at the arrays, the outermost first.
        pub opened: Vec<String>,
        /// What names cannot tell and a person should know.
        pub notes: Vec<String>,
    }
}

impl ImportedFile {
    /// What became of the arrays of a file.
    pub fn new(foreign: &ForeignFile, mapping: &Mapping) -> Self {
        let renamed = mapping.renamed.iter().map(|r| RenamedArray {
            from: r.from.clone(),
            to: r.to.clone(),
            rules: r.rules.clone(),
        });
        let converted = mapping.converted.iter().map(|c| ConvertedArray {
            name: c.name.clone(),
            how: c.how.clone(),
        });
        let wrong_shape = mapping.wrong_shape.iter().map(|w| ArrayOfAnotherShape {
            from: w.from.clone(),
            name: w.name.clone(),
            found: w.found.clone(),
            needed: w.needed.clone(),
        });
        let dropped = mapping.dropped.iter().map(|d| DroppedArray {
            name: d.name.clone(),
            reason: d.reason.clone(),
        });
        Self {
            matched: mapping.matched,
            renamed: renamed.collect(),
            converted: converted.collect(),
            missing: mapping.missing.clone(),
            unexpected: mapping.unexpected.clone(),
            wrong_shape: wrong_shape.collect(),
            dropped: dropped.collect(),
            skipped: crate::json::value(&foreign.skipped),
            opened: foreign.unwrapped.clone(),
            notes: mapping.notes.clone(),
        }
    }
}
