//! Files that were written or checked, recipes and data sets, in words.

use super::Answer;
use super::compare::written;
use crate::page::{Page, head};
use serde_json::Value;
use timestep_study::answer;

answer! {
    /// Weights that were written for other programs.
    pub(crate) struct ExportedFile {
        /// The file or folder.
        pub(crate) file: String,
        /// What it was written as: `safetensors`, `npz`, `onnx`, `pytorch` or `timm`.
        pub(crate) format: &'static str,
        /// All files that were written.
        pub(crate) files: Vec<String>,
        /// Arrays of the network.
        pub(crate) arrays: usize,
        /// Size of all files together, in bytes.
        pub(crate) bytes: usize,
        /// Name of the network.
        pub(crate) network: String,
    }
}

answer! {
    /// The report of a run that was written.
    pub(crate) struct WrittenReport {
        /// The folder of the run, as it was given.
        pub(crate) run: String,
        /// How the run ended: `finished`, `time`, `patience`, `interrupted`, `diverged` or `open`.
        pub(crate) status: &'static str,
        /// The report as HTML.
        pub(crate) html: String,
        /// The report as Markdown.
        pub(crate) markdown: String,
        /// Numbers in it that `--check` compares.
        pub(crate) numbers: usize,
        /// Drawings in it.
        pub(crate) figures: usize,
        /// Whether it has what was measured again on the test images; null for a restorer, whose report needs no pictures.
        pub(crate) evaluated: Option<bool>,
    }
}

impl Answer for WrittenReport {
    fn text(&self, page: &mut Page) {
        page.markdown(&format!("{}\n{}\n", self.html, self.markdown));
    }
}

answer! {
    /// A report that was compared with the records of its run.
    pub(crate) struct CheckedReport {
        /// The report.
        pub(crate) report: String,
        /// Whether it agrees with the records.
        pub(crate) ok: bool,
        /// Numbers that were compared.
        pub(crate) numbers: usize,
        /// Drawings that were compared.
        pub(crate) figures: usize,
        /// What differs, a sentence for each.
        pub(crate) differences: Vec<String>,
    }
}

impl Answer for CheckedReport {
    fn text(&self, page: &mut Page) {
        if self.ok {
            page.line(format!(
                "{}: {} numbers and {} drawings agree with the records",
                self.report, self.numbers, self.figures
            ));
        }
        self.differences.iter().for_each(|line| page.line(line));
    }
}

answer! {
    /// A setting of a recipe.
    pub(crate) struct SettingWithOrigin {
        /// The setting, as `section.key`.
        pub(crate) path: String,
        /// Its value.
        pub(crate) value: Value,
        /// Where the value comes from.
        pub(crate) origin: String,
    }
}

impl Answer for Vec<SettingWithOrigin> {
    fn text(&self, page: &mut Page) {
        let mut rows = head(["setting", "value", "from"]);
        rows.extend(self.iter().map(|setting| {
            let value = written(&setting.value);
            vec![setting.path.clone(), value, setting.origin.clone()]
        }));
        page.table(&rows);
    }
}

answer! {
    /// A recipe to start from.
    pub(crate) struct RecipeText {
        /// Its name.
        pub(crate) name: String,
        /// The recipe in TOML, with where each value comes from.
        pub(crate) recipe: String,
    }
}

impl Answer for RecipeText {
    fn text(&self, page: &mut Page) {
        page.markdown(&self.recipe);
    }
}

answer! {
    /// A picture of some images of a data set.
    pub(crate) struct PreviewOfData {
        /// Name of the data set.
        pub(crate) name: String,
        /// The picture that was written.
        pub(crate) picture: String,
        /// Images in it.
        pub(crate) images: usize,
    }
}

answer! {
    /// A data set that was fetched.
    pub(crate) struct FetchedData {
        /// Its `name`, its `folder`, whether it was there `already`, bytes of an earlier download (`resumed_from`) and the
        /// checksum of the archive (`archive_sha256`).
        pub(crate) fetched: Value,
    }
}

impl Answer for FetchedData {
    fn text(&self, page: &mut Page) {
        let text = |key: &str| self.fetched[key].as_str().unwrap_or_default();
        let how = match self.fetched["already"].as_bool() {
            Some(true) => "was there already",
            _ => "fetched and verified",
        };
        page.line(format!("{} {how}: {}", text("name"), text("folder")));
    }
}

answer! {
    /// The files of a data set, checked.
    pub(crate) struct VerifiedData {
        /// Whether it is in order.
        pub(crate) ok: bool,
        /// Its `name`, its `folder`, its `files` (`name bytes sha256`), images of each class (`train_counts`, `test_counts`), `problems`
        /// and `notes`.
        pub(crate) report: Value,
    }
}

impl Answer for VerifiedData {
    fn text(&self, page: &mut Page) {
        let list = |key: &str| self.report[key].as_array().into_iter().flatten();
        for file in list("files") {
            page.markdown(&format!(
                "{}  {} bytes  sha256 {}\n",
                file["name"].as_str().unwrap_or_default(),
                file["bytes"],
                file["sha256"].as_str().unwrap_or_default()
            ));
        }
        page.facts(&[
            (
                "train images of each class",
                written(&self.report["train_counts"]),
            ),
            (
                "test images of each class",
                written(&self.report["test_counts"]),
            ),
        ]);
        let sentences = list("notes").chain(list("problems"));
        sentences
            .filter_map(Value::as_str)
            .for_each(|s| page.line(s));
        page.line(match self.ok {
            true => "in order",
            false => "NOT in order",
        });
    }
}

answer! {
    /// A script for a shell.
    pub(crate) struct ShellScript {
        /// The shell.
        pub(crate) shell: String,
        /// The script.
        pub(crate) script: String,
    }
}

impl Answer for ShellScript {
    fn text(&self, page: &mut Page) {
        page.markdown(&self.script);
    }
}
