//! Which of several recipes is better? Runs in groups of one recipe with several seeds, and what chance
//! leaves of their differences.

mod answer;
mod classifiers;
mod restorers;

use crate::statistics::{Difference, Sample, paired, welch};
pub use answer::{ChangedSetting, ComparedGroup, ComparedRuns, LeftOut};
use std::path::Path;
use timestep_train::recipe::{Difference as Setting, TaskRecipe, diff};

/// Which measurement of a run counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The last one: chosen by nobody.
    Last,
    /// The best one on the test images or pictures: it flatters.
    Best,
}

/// How an interval of a difference comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// From the spread of each group by itself.
    Welch,
    /// From the differences of runs with the same seed.
    Paired,
}

impl Interval {
    /// Its name, for programs.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Welch => "welch",
            Self::Paired => "paired",
        }
    }

    /// Its name, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Welch => "Welch",
            Self::Paired => "Student, runs paired by seed",
        }
    }
}

/// A number that a row has beside the result.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Name for programs.
    pub key: &'static str,
    /// Heading.
    pub head: &'static str,
    /// Exact value.
    pub value: f64,
    /// What it counts or measures.
    pub unit: Unit,
}

/// What a number counts or measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things, the same in every run of a group.
    Count,
    /// Things, the mean over the runs of a group.
    Mean,
    /// Seconds, the mean over the runs of a group.
    Seconds,
}

/// The run of a task, as it is compared with others.
pub trait Compared {
    /// Its recipe.
    type Recipe: TaskRecipe;

    /// Settings that change nothing of what is learned.
    const IRRELEVANT: &'static [&'static str];
    /// What is compared, for programs: `top1`.
    const KEY: &'static str;
    /// What is compared, for people: `top-1`.
    const MEASURE: &'static str;
    /// What is trained: `network`.
    const SUBJECT: &'static str;

    /// Its folder.
    fn folder(&self) -> &Path;

    /// Its recipe.
    fn recipe(&self) -> &Self::Recipe;

    /// The name of what is trained.
    fn subject(&self) -> String;

    /// What it was measured on, in words.
    fn measured_on(&self) -> String;

    /// The result that counts.
    ///
    /// # Errors
    /// A sentence that says why there is none: `it was interrupted`.
    fn result(&self, metric: Metric) -> Result<f64, String>;

    /// How it ended, in a word.
    fn status(&self) -> &'static str;

    /// Which result counts, in words.
    fn words(metric: Metric) -> &'static str;

    /// Whether another run was measured on the same.
    ///
    /// # Errors
    /// A sentence that says what differs.
    fn same_data(&self, other: &Self) -> Result<(), String>;

    /// Further numbers of a group of runs.
    fn columns(runs: &[&Self]) -> Vec<Column>;

    /// The learning curve: its axes, and points for a run.
    fn curve(&self) -> Vec<(f64, f64)>;

    /// Whether a setting says nothing here, beside a group for which it does.
    fn silent(&self, _path: &str, _differing: &[&str]) -> bool {
        false
    }
}

/// Runs that differ in their seeds only.
#[derive(Debug)]
pub struct Group<'a, R: Compared> {
    /// What is trained, with the settings that tell it from another group of the same.
    pub name: String,
    /// Its runs, in the order given.
    pub runs: Vec<&'a R>,
    /// The result of each run.
    pub values: Vec<f64>,
    /// Their mean and spread.
    pub sample: Sample,
    /// Further numbers.
    pub columns: Vec<Column>,
    /// How its mean differs from that of the first group; `None` for the first.
    pub difference: Option<Difference>,
    /// Settings in which it differs from the first group.
    pub settings: Vec<Setting>,
}

/// Groups side by side.
#[derive(Debug)]
pub struct Comparison<'a, R: Compared> {
    /// What all were measured on.
    pub data: String,
    /// Which result counts.
    pub metric: Metric,
    /// How the intervals of differences come about.
    pub interval: Interval,
    /// The groups, in the order given.
    pub groups: Vec<Group<'a, R>>,
    /// Runs that do not count, each with the reason.
    pub left_out: Vec<(&'a R, String)>,
}

/// Runs that cannot be compared: a sentence that says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotComparable(pub String);

/// Puts runs into groups and compares each with the first.
///
/// # Errors
/// [`NotComparable`] for runs on different data, if no run counts, and for [`Interval::Paired`] if a group has other seeds than
/// the first.
pub fn compare<R: Compared>(
    records: &[R],
    metric: Metric,
    interval: Interval,
) -> Result<Comparison<'_, R>, NotComparable> {
    let mut comparison = Comparison {
        data: String::new(),
        metric,
        interval,
        groups: Vec::new(),
        left_out: Vec::new(),
    };
    let mut first: Option<&R> = None;
    for record in records {
        if let Some(first) = first {
            first.same_data(record).map_err(|what| {
                NotComparable(format!(
                    "`{}` and `{}` cannot be compared: {what}",
                    first.folder().display(),
                    record.folder().display()
                ))
            })?;
        } else {
            first = Some(record);
        }
        if let Err(why) = comparison.add(record) {
            comparison.left_out.push((record, why));
        }
    }
    if comparison.groups.is_empty() {
        let why: Vec<String> = comparison
            .left_out
            .iter()
            .map(|(r, why)| format!("`{}`: {why}", r.folder().display()))
            .collect();
        return Err(NotComparable(format!(
            "no run can be compared: {}",
            why.join("; ")
        )));
    }
    comparison.finish()?;
    Ok(comparison)
}

impl<'a, R: Compared> Comparison<'a, R> {
    /// Puts a run into its group, or says why it does not count.
    fn add(&mut self, record: &'a R) -> Result<(), String> {
        let value = record.result(self.metric)?;
        self.data = record.measured_on();
        let known = self.groups.iter_mut();
        let group = known
            .into_iter()
            .find(|g| relevant::<R>(g.recipe(), record.recipe()).is_empty());
        if let Some(group) = group {
            let seed = record.recipe().seed();
            let twin = group.runs.iter().find(|r| r.recipe().seed() == seed);
            if let Some(twin) = twin {
                return Err(format!(
                    "it has recipe and seed of `{}`, so it says nothing more",
                    twin.folder().display()
                ));
            }
            group.runs.push(record);
            group.values.push(value);
            return Ok(());
        }
        self.groups.push(Group {
            name: record.subject(),
            runs: vec![record],
            values: vec![value],
            sample: Sample::of(&[]),
            columns: Vec::new(),
            difference: None,
            settings: Vec::new(),
        });
        Ok(())
    }

    /// Means, differences and names, once all runs are in their groups.
    fn finish(&mut self) -> Result<(), NotComparable> {
        for group in &mut self.groups {
            group.sample = Sample::of(&group.values);
            group.columns = R::columns(&group.runs);
        }
        let recipe = self.groups[0].recipe().clone();
        let differences: Result<Vec<Difference>, NotComparable> = (self.groups.iter().skip(1))
            .map(|group| match self.interval {
                Interval::Welch => Ok(welch(&self.groups[0].sample, &group.sample)),
                Interval::Paired => self.pairs(group),
            })
            .collect();
        for (group, difference) in self.groups.iter_mut().skip(1).zip(differences?) {
            group.difference = Some(difference);
            group.settings = relevant::<R>(&recipe, group.recipe());
        }
        let names: Vec<String> = (0..self.groups.len()).map(|g| self.name(g)).collect();
        for (group, name) in self.groups.iter_mut().zip(names) {
            group.name = name;
        }
        Ok(())
    }

    /// The difference of a group to the first, seed by seed.
    fn pairs(&self, group: &Group<'_, R>) -> Result<Difference, NotComparable> {
        let by_seed = |group: &Group<'_, R>| {
            let seeds = group.runs.iter().map(|run| run.recipe().seed());
            let mut all: Vec<(u64, f64)> = seeds.zip(group.values.iter().copied()).collect();
            all.sort_by_key(|(seed, _)| *seed);
            all.into_iter().unzip::<u64, f64, Vec<u64>, Vec<f64>>()
        };
        let ((seeds, a), (others, b)) = (by_seed(&self.groups[0]), by_seed(group));
        if seeds == others {
            return Ok(paired(&a, &b));
        }
        let left_out = self.left_out.iter();
        let left_out: Vec<String> = left_out
            .map(|(run, why)| format!("; `{}` is left out: {why}", run.folder().display()))
            .collect();
        Err(NotComparable(format!(
            "the runs of `{}` and of `{}` are no pairs: their seeds are {seeds:?} and {others:?}{}",
            self.groups[0].runs[0].folder().display(),
            group.runs[0].folder().display(),
            left_out.concat()
        )))
    }

    /// What a group trains, with the settings in which it differs from groups of the same.
    fn name(&self, index: usize) -> String {
        let group = &self.groups[index];
        let mut paths: Vec<&str> = Vec::new();
        let twins = self.groups.iter().filter(|g| g.name == group.name);
        for difference in twins.flat_map(|twin| relevant::<R>(group.recipe(), twin.recipe())) {
            if !paths.contains(&difference.path) {
                paths.push(difference.path);
            }
        }
        let all = paths.clone();
        paths.retain(|path| !group.runs[0].silent(path, &all));
        if paths.is_empty() {
            return group.name.clone();
        }
        let values = group.recipe().values();
        let settings: Vec<String> = paths
            .iter()
            .filter_map(|path| {
                let (_, value) = values.iter().find(|(p, _)| p == path)?;
                Some(format!("{path} = {value}"))
            })
            .collect();
        format!("{} ({})", group.name, settings.join(", "))
    }
}

impl<R: Compared> Group<'_, R> {
    /// The recipe of its first run: those of the others differ in what is not relevant.
    #[must_use]
    pub fn recipe(&self) -> &R::Recipe {
        // A group begins with a run.
        self.runs[0].recipe()
    }
}

/// The settings in which two recipes differ, apart from those that change nothing of what is learned.
fn relevant<R: Compared>(a: &R::Recipe, b: &R::Recipe) -> Vec<Setting> {
    let mut all = diff(a, b);
    all.retain(|difference| !R::IRRELEVANT.contains(&difference.path));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::{Record, RestorerRecord};
    use timestep_train::recipe::{Recipe, TaskKind, setting};

    #[test]
    fn seeds_and_places_do_not_make_another_recipe() {
        let (a, mut b) = (Recipe::default(), Recipe::default());
        b.train.seed = 7;
        b.data.dir = "elsewhere".into();
        b.train.time = "3h".into();
        b.train.eval_batch += 1;
        assert!(relevant::<Record>(&a, &b).is_empty());
        b.optimiser.lr *= 2.0;
        assert_eq!(relevant::<Record>(&a, &b).len(), 1);
        let known = |task, path: &&str| setting(task, path).is_some();
        let classifiers = Record::IRRELEVANT.iter();
        assert!(classifiers.clone().all(|p| known(TaskKind::Classify, p)));
        let restorers = RestorerRecord::IRRELEVANT.iter();
        assert!(restorers.clone().all(|p| known(TaskKind::Restore, p)));
    }
}
