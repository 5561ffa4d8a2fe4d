//! How is an answer told to a person? One file for each room of `timestep-study`; [`Ui::answer`] is the one place in
//! which an answer becomes text or JSON.

mod compare;
mod diffusion;
mod evaluated;
pub(crate) mod files;
pub(crate) mod import;
pub(crate) mod learned;
pub(crate) mod machine;
pub(crate) mod names;
pub(crate) mod pictures;
mod schemes;
mod spectrum;
mod summary;
mod tables;
mod trace;
pub(crate) mod training;
mod weak_order;

pub(crate) use schemes::{intervals, with_k};

use crate::page::{Page, width};
use crate::ui::Ui;
use serde::Serialize;
use serde_json::Value;
use timestep_study::json;

/// What a command found out. As JSON it is one object, or a list of objects of which each gets a line.
pub(crate) trait Answer: Serialize {
    /// What a person reads: rounded, with words where the numbers need some.
    fn text(&self, page: &mut Page);
}

impl Ui {
    /// Prints an answer, as text or as JSON.
    pub(crate) fn answer(self, answer: &impl Answer) {
        if self.json {
            self.event(answer);
            return;
        }
        let mut page = Page::new(width());
        answer.text(&mut page);
        if !page.is_empty() {
            self.data(&page.into_text());
        }
    }

    /// Prints a value for programs; a person gets nothing.
    pub(crate) fn event<T: Serialize + ?Sized>(self, value: &T) {
        if !self.json {
            return;
        }
        match json::value(value) {
            Value::Array(all) => all.into_iter().for_each(|one| self.object(one)),
            one => self.object(one),
        }
    }
}

/// The commands whose answers are of the program itself, with the kinds of objects that they print.
#[cfg(test)]
pub(crate) fn printed() -> Vec<timestep_study::catalogue::Printed> {
    use timestep_study::answer::{Documented, Line};
    use timestep_study::catalogue::Printed;
    use timestep_study::compare::ChangedSetting;

    let denoise = vec![
        pictures::RestoredPicture::line(),
        pictures::SkippedPicture::line(),
        pictures::FailedPicture::line(),
        pictures::AllPictures::line(),
    ];
    let train = vec![
        training::LearnedEquation::line(),
        training::TrainedRestorer::line(),
        training::OverSeeds::line(),
    ];
    let one = |line: Line| vec![line];
    let all = [
        ("train, beside its events", train),
        ("denoise", denoise),
        ("report", one(files::WrittenReport::line())),
        ("report --check", one(files::CheckedReport::line())),
        ("import", one(import::ImportedFile::line())),
        ("export", one(files::ExportedFile::line())),
        ("explain", one(names::Explained::line())),
        ("cite", one(names::Cited::line())),
        ("config show", one(files::SettingWithOrigin::line())),
        ("config diff", one(ChangedSetting::line())),
        ("config new", one(files::RecipeText::line())),
        ("data fetch", one(files::FetchedData::line())),
        ("data verify", one(files::VerifiedData::line())),
        ("data preview", one(files::PreviewOfData::line())),
        ("completions", one(files::ShellScript::line())),
    ];
    let all = all.into_iter();
    all.map(|(command, lines)| Printed { command, lines })
        .collect()
}
