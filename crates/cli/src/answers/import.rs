//! What became of the arrays of another program, in words.

use super::Answer;
use crate::page::Page;
use timestep_nets::foreign::{ForeignFile, Mapping, RULES};
use timestep_study::answer;

answer! {
    /// An array under another name.
    pub(crate) struct RenamedArray {
        /// Name in the file.
        pub(crate) from: String,
        /// Name here.
        pub(crate) to: String,
        /// The rules that led there.
        pub(crate) rules: Vec<&'static str>,
    }
}

answer! {
    /// An array whose numbers or shape were changed.
    pub(crate) struct ConvertedArray {
        /// Name here.
        pub(crate) name: String,
        /// What was done.
        pub(crate) how: String,
    }
}

answer! {
    /// An array that found its name but not its shape.
    pub(crate) struct ArrayOfAnotherShape {
        /// Name in the file.
        pub(crate) from: String,
        /// Name here.
        pub(crate) name: String,
        /// Shape in the file.
        pub(crate) found: Vec<usize>,
        /// Shape here.
        pub(crate) needed: Vec<usize>,
    }
}

answer! {
    /// An array that is left out.
    pub(crate) struct DroppedArray {
        /// Name in the file.
        pub(crate) name: String,
        /// Why nothing is lost.
        pub(crate) reason: String,
    }
}

answer! {
    /// What became of the arrays of a file.
    pub(crate) struct ImportedFile {
        /// Arrays that were placed.
        pub(crate) matched: usize,
        /// Those that had another name.
        pub(crate) renamed: Vec<RenamedArray>,
        /// Those whose numbers or shape were changed.
        pub(crate) converted: Vec<ConvertedArray>,
        /// Arrays of the network that nothing fills.
        pub(crate) missing: Vec<String>,
        /// Arrays of the file that fit nowhere.
        pub(crate) unexpected: Vec<String>,
        /// Those with the right name and another shape.
        pub(crate) wrong_shape: Vec<ArrayOfAnotherShape>,
        /// Arrays of the file that are left out for a reason.
        pub(crate) dropped: Vec<DroppedArray>,
        /// Entries beside the arrays that were left out, each with the reason.
        pub(crate) skipped: serde_json::Value,
        /// Dictionaries that were opened to get at the arrays, the outermost first.
        pub(crate) opened: Vec<String>,
        /// What names cannot tell and a person should know.
        pub(crate) notes: Vec<String>,
    }
}

impl ImportedFile {
    /// What became of the arrays of a file.
    pub(crate) fn new(foreign: &ForeignFile, mapping: &Mapping) -> Self {
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
            skipped: timestep_study::json::value(&foreign.skipped),
            opened: foreign.unwrapped.clone(),
            notes: mapping.notes.clone(),
        }
    }
}

impl Answer for ImportedFile {
    fn text(&self, page: &mut Page) {
        for opened in &self.opened {
            page.line(format!("opened `{opened}` of the file"));
        }
        page.line(format!("{} arrays match by name", self.matched));
        for rule in RULES {
            let by = |r: &&RenamedArray| r.rules.last() == Some(&rule.name);
            let renamed: Vec<_> = self.renamed.iter().filter(by).collect();
            if let Some(first) = renamed.first() {
                page.line(format!(
                    "{} renamed by rule `{}` ({}), such as {} → {}",
                    renamed.len(),
                    rule.name,
                    rule.sentence,
                    first.from,
                    first.to
                ));
            }
        }
        let prefix = self
            .renamed
            .iter()
            .filter(|r| r.rules == ["prefix"])
            .count();
        if prefix > 0 {
            page.line(format!("{prefix} renamed by leaving out a prefix"));
        }
        let converted = self.converted.iter();
        let converted = converted.map(|c| format!("{} = {}", c.name, c.how));
        let dropped = self.dropped.iter();
        let dropped = dropped.map(|d| format!("{}: {}", d.name, d.reason));
        let wrong = self.wrong_shape.iter().map(|w| {
            let (from, found, name, needed) = (&w.from, &w.found, &w.name, &w.needed);
            format!("{from} is {found:?}, {name} needs {needed:?}")
        });
        listed("converted", &converted.collect::<Vec<_>>(), page);
        listed("dropped", &dropped.collect::<Vec<_>>(), page);
        listed("missing in the file", &self.missing, page);
        listed("not in the network", &self.unexpected, page);
        listed("of another shape", &wrong.collect::<Vec<_>>(), page);
        for note in &self.notes {
            page.line(format!("note: {note}"));
        }
    }
}

/// The first few of a list.
fn listed(title: &str, all: &[String], page: &mut Page) {
    if all.is_empty() {
        return;
    }
    let shown = all.iter().take(4).cloned().collect::<Vec<_>>().join("; ");
    let more = match all.len() {
        0..=4 => String::new(),
        n => format!("; and {} more", n - 4),
    };
    page.line(format!("{title} ({}): {shown}{more}", all.len()));
}
