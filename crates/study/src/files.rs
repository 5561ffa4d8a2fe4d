//! What is said of files that were written or checked, of recipes and of data sets.

use crate::answer;
use serde_json::Value;

answer! {
    /// Weights that were written for other programs.
    pub struct ExportedFile {
        /// The file or folder.
        pub file: String,
        /// What it was written as: `safetensors`, `half`, `npz`, `onnx`, `pytorch` or `timm`.
        pub format: &'static str,
        /// All files that were written.
        pub files: Vec<String>,
        /// Arrays of the network.
        pub arrays: usize,
        /// Size of all files together, in bytes.
        pub bytes: usize,
        /// Name of the network.
        pub network: String,
    }
}

answer! {
    /// The report of a run that was written.
    pub struct WrittenReport {
        /// The folder of the run, as it was given.
        pub run: String,
        /// How the run ended: `finished`, `time`, `patience`, `interrupted`, `diverged` or `open`.
        pub status: &'static str,
        /// The report as HTML.
        pub html: String,
        /// The report as Markdown.
        pub markdown: String,
        /// Numbers in it that `--check` compares.
        pub numbers: usize,
        /// Drawings in it.
        pub figures: usize,
        /// Whether it has what was measured again on the test images; null for a restorer, whose report needs no pictures.
        pub evaluated: Option<bool>,
    }
}

answer! {
    /// A report that was compared with the records of its run.
    pub struct CheckedReport {
        /// The report.
        pub report: String,
        /// Whether it agrees with the records.
        pub ok: bool,
        /// Numbers that were compared.
        pub numbers: usize,
        /// Drawings that were compared.
        pub figures: usize,
        /// What differs, a sentence for each.
        pub differences: Vec<String>,
    }
}

answer! {
    /// A setting of a recipe.
    pub struct SettingWithOrigin {
        /// The setting, as `section.key`.
        pub path: String,
        /// Its value.
        pub value: Value,
        /// Where the value comes from.
        pub origin: String,
    }
}

answer! {
    /// A recipe to start from.
    pub struct RecipeText {
        /// Its name.
        pub name: String,
        /// The recipe in TOML, with where each value comes from.
        pub recipe: String,
    }
}

answer! {
    /// A picture of some images of a data set.
    pub struct PreviewOfData {
        /// Name of the data set.
        pub name: String,
        /// The picture that was written.
        pub picture: String,
        /// Images in it.
        pub images: usize,
    }
}

answer! {
    /// A data set that was fetched.
    pub struct FetchedData {
        /// Its `name`, its `folder`, whether it was there `already`, bytes of an earlier download (`resumed_from`) and the
        /// checksum of the archive (`archive_sha256`).
        pub fetched: Value,
    }
}

answer! {
    /// The files of a data set, checked.
    pub struct VerifiedData {
        /// Whether it is in order.
        pub ok: bool,
        /// Its `name`, its `folder`, its `files` (`name bytes sha256`), images of each class (`train_counts`, `test_counts`), `problems`
        /// and `notes`.
        pub report: Value,
    }
}

answer! {
    /// A script for a shell.
    pub struct ShellScript {
        /// The shell.
        pub shell: String,
        /// The script.
        pub script: String,
    }
}
