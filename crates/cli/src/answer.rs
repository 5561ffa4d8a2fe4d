//! The one place in which an answer becomes text or JSON.

use crate::screen;
use crate::ui::Ui;
use serde::Serialize;
use serde_json::Value;
use timestep_report::text::{self, Answer};
use timestep_study::json;

impl Ui {
    /// Prints an answer, as text or as JSON.
    pub(crate) fn answer(self, answer: &impl Answer) {
        if self.json {
            self.event(answer);
            return;
        }
        let text = text::text(answer, screen::width());
        if !text.is_empty() {
            self.data(&text);
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
    use timestep_study::{files, imported, names, pictures, training};

    let denoise = vec![
        pictures::RestoredPicture::line(),
        pictures::PreviewedPicture::line(),
        pictures::SkippedPicture::line(),
        pictures::FailedPicture::line(),
        pictures::AllPictures::line(),
    ];
    let train = vec![
        training::LivePage::line(),
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
        ("import", one(imported::ImportedFile::line())),
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
