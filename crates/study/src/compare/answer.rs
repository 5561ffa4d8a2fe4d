//! A comparison as an answer: a line for each run that is left out, and one for each group.

use super::{Compared, Comparison, Group, Interval, Setting};
use crate::answer;
use crate::answer::{Documented, Line};
use crate::json;
use crate::statistics::Difference;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::Value;
use timestep_train::recipe::TaskRecipe;

answer! {
    /// A run that does not count.
    pub struct LeftOut {
        /// `left_out`.
        pub event: &'static str,
        /// Its folder.
        pub run: String,
        /// How it ended: `finished`, `time`, `interrupted`, `diverged` or `open`.
        pub status: &'static str,
        /// Why it does not count.
        pub why: String,
    }
}

answer! {
    /// A setting in which a recipe differs from the first.
    pub struct ChangedSetting {
        /// The setting, as `section.key`.
        pub path: &'static str,
        /// Its value in the first recipe; null if that has no such setting.
        pub left: Option<Value>,
        /// Its value in the other one; null if that has no such setting.
        pub right: Option<Value>,
    }
}

impl ChangedSetting {
    /// A setting in which two recipes differ.
    #[must_use]
    pub fn new(found: &Setting) -> Self {
        Self {
            path: found.path,
            left: found.left.as_ref().map(json::value),
            right: found.right.as_ref().map(json::value),
        }
    }
}

answer! {
    /// Runs that differ in their seeds only.
    pub struct ComparedGroup {
        /// `group`.
        pub event: &'static str,
        /// What is trained, with the settings that tell it from another group of the same.
        pub group: String,
        /// Folders of its runs.
        pub runs: Vec<String>,
        /// Their seeds.
        pub seeds: Vec<u64>,
        /// Number of runs.
        pub n: usize,
        /// Of classifiers: accuracy of each run on the test images, from 0 to 1.
        pub top1 unless "Option::is_none": Option<Vec<f64>>,
        /// Of restorers: PSNR of each run in dB.
        pub psnr unless "Option::is_none": Option<Vec<f64>>,
        /// Mean over the runs.
        pub mean: f64,
        /// Standard deviation over the runs; null for one run.
        pub deviation: Option<f64>,
        /// Learned numbers.
        pub parameters unless "Option::is_none": Option<u64>,
        /// Of classifiers: multiply-adds of one image, forward.
        pub multiply_adds unless "Option::is_none": Option<u64>,
        /// Of classifiers: seconds of an epoch, the mean over the runs of the median over the epochs.
        pub seconds_per_epoch unless "Option::is_none": Option<f64>,
        /// Of restorers: evaluations of the loss, the mean over the runs.
        pub evaluations unless "Option::is_none": Option<f64>,
        /// Of restorers: seconds of a run, the mean over the runs.
        pub seconds unless "Option::is_none": Option<f64>,
        /// Mean of this group minus that of the first; null for the first.
        pub difference: Option<f64>,
        /// 95 % confidence interval of the difference; null where a group has one run.
        pub interval: Option<(f64, f64)>,
        /// How the interval comes about: `welch`, or `paired` by seed; null for the first group.
        pub interval_by: Option<&'static str>,
        /// Whether chance explains the difference; null for the first group.
        pub inconclusive: Option<bool>,
        /// Settings in which it differs from the first group.
        pub settings: Vec<ChangedSetting>,
    }
}

/// Runs side by side; in JSON the runs that are left out, then the groups.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedRuns {
    /// What all were measured on.
    pub data: String,
    /// Which result counts, in words.
    pub counts: &'static str,
    /// How intervals come about, in words.
    pub interval: &'static str,
    /// What is trained: `network`.
    pub subject: &'static str,
    /// What is compared: `top-1`.
    pub measure: &'static str,
    /// Runs that do not count.
    pub left_out: Vec<LeftOut>,
    /// The groups, in the order given.
    pub groups: Vec<ComparedGroup>,
}

impl Serialize for ComparedRuns {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(None)?;
        for one in &self.left_out {
            all.serialize_element(one)?;
        }
        for group in &self.groups {
            all.serialize_element(group)?;
        }
        all.end()
    }
}

impl ComparedRuns {
    /// The kinds of its lines.
    #[must_use]
    pub fn lines() -> Vec<Line> {
        vec![LeftOut::line(), ComparedGroup::line()]
    }
}

impl ComparedGroup {
    /// The difference to the first group, unless this is the first.
    #[must_use]
    pub fn difference(&self) -> Option<Difference> {
        self.difference.map(|difference| Difference {
            difference,
            interval: self.interval,
        })
    }

    fn new<R: Compared>(group: &Group<'_, R>, by: Interval) -> Self {
        let column = |key: &str| {
            let column = group.columns.iter().find(|column| column.key == key);
            column.map(|column| column.value)
        };
        let count = |key: &str| column(key).map(|value| value as u64);
        let values = |key: &str| (R::KEY == key).then(|| group.values.clone());
        Self {
            event: "group",
            group: group.name.clone(),
            runs: (group.runs.iter())
                .map(|run| run.folder().display().to_string())
                .collect(),
            seeds: group.runs.iter().map(|run| run.recipe().seed()).collect(),
            n: group.sample.n,
            top1: values("top1"),
            psnr: values("psnr"),
            mean: group.sample.mean,
            deviation: group.sample.deviation,
            parameters: count("parameters"),
            multiply_adds: count("multiply_adds"),
            seconds_per_epoch: column("seconds_per_epoch"),
            evaluations: column("evaluations"),
            seconds: column("seconds"),
            difference: group.difference.map(|d| d.difference),
            interval: group.difference.and_then(|d| d.interval),
            interval_by: group.difference.map(|_| by.key()),
            inconclusive: group.difference.map(|d| d.inconclusive()),
            settings: group.settings.iter().map(ChangedSetting::new).collect(),
        }
    }
}

impl<R: Compared> Comparison<'_, R> {
    /// The comparison as a value.
    #[must_use]
    pub fn answer(&self) -> ComparedRuns {
        let left_out = self.left_out.iter().map(|(run, why)| LeftOut {
            event: "left_out",
            run: run.folder().display().to_string(),
            status: run.status(),
            why: why.clone(),
        });
        ComparedRuns {
            data: self.data.clone(),
            counts: R::words(self.metric),
            interval: self.interval.words(),
            subject: R::SUBJECT,
            measure: R::MEASURE,
            left_out: left_out.collect(),
            groups: (self.groups.iter())
                .map(|group| ComparedGroup::new(group, self.interval))
                .collect(),
        }
    }
}
