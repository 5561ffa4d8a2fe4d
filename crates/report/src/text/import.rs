//! What became of the arrays of another program, in words.

use super::Answer;
use super::page::Page;
use timestep_nets::foreign::RULES;
use timestep_study::imported::{ImportedFile, RenamedArray};

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
