//! Which kinds of failure are there, and what does each of them mean? The registry of error codes.
//!
//! A code is one line of [`Code`] and one page in `codes/`, whose first line is its title. Codes are stable: a
//! program or a search engine may rely on them, so one that is no longer used is never given to something else.
//! Which error of the libraries has which code is decided in [`crate::coded`].

use std::ops::Deref;
use timestep_registry::{Facts, Kind};

/// The headings of every page, in their order.
pub const HEADINGS: [&str; 4] = ["What happened", "Why", "What to do", "Example"];

timestep_registry::registry! {
    /// A kind of failure. The first digit after the zero is the field: 1 usage and recipes, 2 networks and
    /// schemes, 3 training, 4 weights, 5 runs and tables, 6 data, 7 pictures and restoration, 8 analyses,
    /// 9 files and the program itself.
    pub enum Code: Kind::Error = "codes/";

    Usage = E0100;
    UnknownSetting = E0101;
    UnknownWord = E0102;
    OutOfRange = E0103;
    Problems = E0104;
    WrongType = E0105;
    Syntax = E0106;
    RecipeUnreadable = E0107;
    UnknownName = E0108;
    Instructions = E0109;
    NotMet = E0110;
    UnknownPart = E0201;
    Device = E0202;
    Incompatible = E0203;
    Step = E0204;
    TooLarge = E0205;
    SchemeFile = E0206;
    NotSampled = E0207;
    Diverged = E0301;
    FirstBatch = E0302;
    Ranks = E0303;
    WeightsDamaged = E0401;
    OtherNetwork = E0402;
    OtherImages = E0403;
    NoCheckpoint = E0404;
    CheckpointRefused = E0405;
    ArraysUnwritable = E0406;
    WeightsNotFinite = E0407;
    ExportFormat = E0408;
    NotInLibrary = E0409;
    NotARun = E0501;
    OtherSettings = E0502;
    OtherData = E0503;
    RunDamaged = E0504;
    OtherBudget = E0505;
    Log = E0506;
    NotComparable = E0507;
    InUse = E0508;
    RunGone = E0509;
    RunName = E0510;
    DataMissing = E0601;
    UnknownData = E0602;
    DataDamaged = E0603;
    Layout = E0604;
    BadImages = E0605;
    Colours = E0606;
    DataOption = E0608;
    Download = E0609;
    DownloadDamaged = E0610;
    Occupied = E0611;
    NoImages = E0612;
    EmbeddedDamaged = E0613;
    NoPicture = E0701;
    PictureDamaged = E0702;
    NotFinite = E0703;
    Memory = E0704;
    OutputKind = E0705;
    OutputPlace = E0706;
    NoiseLevel = E0707;
    UnknownMethod = E0708;
    OtherModel = E0709;
    OtherPicture = E0710;
    SomePictures = E0711;
    Interrupted = E0712;
    TrainingPictures = E0713;
    OtherTask = E0714;
    NoAnswer = E0801;
    AnalysisInput = E0802;
    Unreadable = E0901;
    Unwritable = E0902;
    DiskFull = E0903;
    OutputExists = E0904;
    Internal = E0990;
}

impl Code {
    /// The code as it is shown: `E0601`.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.facts().key
    }
}

impl Deref for Code {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        self.facts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_title_and_all_headings_in_order() {
        for code in Code::ALL {
            let (key, title) = (code.key(), code.facts().title);
            assert!(
                !title.is_empty() && !title.ends_with('.') && !title.starts_with('#'),
                "{key}: {title}"
            );
            let page = code.facts().page();
            let found: Vec<&str> = page
                .lines()
                .filter_map(|line| line.strip_prefix("# "))
                .collect();
            assert_eq!(found, HEADINGS, "{key}");
            // An example of another code would mislead.
            let own = format!("error[{key}]");
            for shown in page.split("error[").skip(1) {
                assert!(format!("error[{shown}").starts_with(&own), "{key}: {shown}");
            }
            assert!(page.contains(&own), "{key} has no example");
        }
    }

    #[test]
    fn every_page_belongs_to_a_code() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/codes");
        for entry in std::fs::read_dir(folder).expect("the source folder is there in tests") {
            let name = entry.expect("readable").file_name();
            let name = name.to_string_lossy();
            let key = name.trim_end_matches(".md");
            let found = Code::ALL.iter().any(|code| code.key() == key);
            assert!(found, "{name} is in no line of `Code`");
        }
        let keys: Vec<&str> = Code::ALL.iter().map(|code| code.key()).collect();
        assert!(keys.is_sorted(), "{keys:?}");
    }
}
