//! Which of several recipes is better? Runs in groups of one recipe with several seeds, and what chance
//! leaves of their differences.

mod shown;

pub use shown::verdict;

use crate::run::{Ending, Record, median};
use crate::statistics::{Difference, Sample, welch};
use timestep_train::event::TestMetrics;
use timestep_train::recipe::{Difference as Setting, Recipe, diff};

/// Which epoch of a run counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The last one: chosen by nobody.
    Last,
    /// The one with the best accuracy on the test images: it flatters.
    Best,
}

impl Metric {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Metric::Last => "last epoch",
            Metric::Best => "best epoch, chosen on the test images",
        }
    }

    /// What counts of a run.
    fn of(self, record: &Record) -> Option<TestMetrics> {
        match self {
            Metric::Last => record.last().map(|(_, test)| test),
            Metric::Best => record.best().map(|epoch| epoch.test()),
        }
    }
}

/// Runs that differ in their seeds only.
#[derive(Debug)]
pub struct Group<'a> {
    /// The network, with the settings that tell it from another group of the same network.
    pub name: String,
    /// The recipe of its first run.
    pub recipe: &'a Recipe,
    /// Its runs, in the order given.
    pub runs: Vec<&'a Record>,
    /// Top-1 of each run.
    pub top1: Vec<f64>,
    /// Their mean and spread.
    pub sample: Sample,
    /// Trained numbers.
    pub parameters: usize,
    /// Multiply-adds of one image, forward.
    pub multiply_adds: u64,
    /// Seconds an epoch: the mean over the runs of the median over the epochs.
    pub seconds: f64,
    /// How its mean differs from that of the first group; `None` for the first.
    pub difference: Option<Difference>,
    /// Settings in which it differs from the first group.
    pub settings: Vec<Setting>,
}

/// Groups side by side.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// Data that all were measured on.
    pub data: String,
    /// Test images.
    pub test_images: usize,
    /// Which epoch counts.
    pub metric: Metric,
    /// The groups, in the order given.
    pub groups: Vec<Group<'a>>,
    /// Runs that do not count, each with the reason.
    pub left_out: Vec<(&'a Record, String)>,
}

/// Runs that cannot be compared: a sentence that says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotComparable(pub String);

/// Settings that change nothing of what is learned.
const IRRELEVANT: [&str; 4] = ["train.seed", "train.time", "train.eval_batch", "data.dir"];

/// Puts runs into groups and compares each with the first.
///
/// # Errors
/// [`NotComparable`] for runs on different data, and if no run counts.
pub fn compare(records: &[Record], metric: Metric) -> Result<Comparison<'_>, NotComparable> {
    let mut comparison = Comparison {
        data: String::new(),
        test_images: 0,
        metric,
        groups: Vec::new(),
        left_out: Vec::new(),
    };
    let mut first: Option<&Record> = None;
    for record in records {
        if let Some(first) = first {
            same_data(first, record)?;
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
            .map(|(r, why)| format!("`{}`: {why}", r.folder.display()))
            .collect();
        return Err(NotComparable(format!(
            "no run can be compared: {}",
            why.join("; ")
        )));
    }
    comparison.finish();
    Ok(comparison)
}

/// Refuses runs that were measured on different images.
fn same_data(a: &Record, b: &Record) -> Result<(), NotComparable> {
    let different = |what: String| {
        Err(NotComparable(format!(
            "`{}` and `{}` cannot be compared: {what}",
            a.folder.display(),
            b.folder.display()
        )))
    };
    let (x, y) = (&a.recipe.data.name, &b.recipe.data.name);
    if x != y {
        return different(format!("the first is on `{x}`, the second on `{y}`"));
    }
    let images = |r: &Record| r.start.as_ref().map(|s| s.test_images);
    if let (Some(x), Some(y)) = (images(a), images(b))
        && x != y
    {
        return different(format!("they were measured on {x} and {y} test images"));
    }
    if let (Some(x), Some(y)) = (&a.fingerprint, &b.fingerprint)
        && x != y
    {
        return different("the images of their data differ".to_owned());
    }
    Ok(())
}

impl<'a> Comparison<'a> {
    /// Puts a run into its group, or says why it does not count.
    fn add(&mut self, record: &'a Record) -> Result<(), String> {
        match &record.ending {
            Ending::Finished { .. } => {}
            Ending::Interrupted { epoch, .. } => {
                return Err(format!("it was interrupted in epoch {epoch}"));
            }
            Ending::Diverged { epoch, .. } => return Err(format!("it diverged in epoch {epoch}")),
            Ending::Open => return Err("it has not ended".to_owned()),
        }
        let (Some(test), Some(start)) = (self.metric.of(record), &record.start) else {
            return Err("it completed no epoch".to_owned());
        };
        self.data.clone_from(&record.recipe.data.name);
        self.test_images = start.test_images;
        let known = self.groups.iter_mut();
        let group = known
            .into_iter()
            .find(|g| relevant(g.recipe, &record.recipe).is_empty());
        if let Some(group) = group {
            let seed = record.recipe.train.seed;
            let twin = group.runs.iter().find(|r| r.recipe.train.seed == seed);
            if let Some(twin) = twin {
                return Err(format!(
                    "it has recipe and seed of `{}`, so it says nothing more",
                    twin.folder.display()
                ));
            }
            group.runs.push(record);
            group.top1.push(test.top1);
            return Ok(());
        }
        self.groups.push(Group {
            name: record.network().to_owned(),
            recipe: &record.recipe,
            runs: vec![record],
            top1: vec![test.top1],
            sample: Sample::of(&[]),
            parameters: start.parameters,
            multiply_adds: start.multiply_adds,
            seconds: f64::NAN,
            difference: None,
            settings: Vec::new(),
        });
        Ok(())
    }

    /// Means, differences and names, once all runs are in their groups.
    fn finish(&mut self) {
        for group in &mut self.groups {
            group.sample = Sample::of(&group.top1);
            let seconds: Vec<f64> = group.runs.iter().map(|r| median(r, "seconds")).collect();
            group.seconds = Sample::of(&seconds).mean;
        }
        let (first, recipe) = (self.groups[0].sample, self.groups[0].recipe);
        for group in self.groups.iter_mut().skip(1) {
            group.difference = Some(welch(&first, &group.sample));
            group.settings = relevant(recipe, group.recipe);
        }
        let names: Vec<String> = (0..self.groups.len()).map(|g| self.name(g)).collect();
        for (group, name) in self.groups.iter_mut().zip(names) {
            group.name = name;
        }
    }

    /// The network of a group, with the settings in which it differs from groups of the same network.
    fn name(&self, index: usize) -> String {
        let group = &self.groups[index];
        let mut paths: Vec<&str> = Vec::new();
        let twins = self.groups.iter().filter(|g| g.name == group.name);
        for difference in twins.flat_map(|twin| relevant(group.recipe, twin.recipe)) {
            if !paths.contains(&difference.path) {
                paths.push(difference.path);
            }
        }
        // Beside a group with noise, the settings of the noise that this one does not have say nothing.
        let silent = matches!(group.recipe.network.noise.as_str(), "" | "none");
        if silent && paths.contains(&"network.noise") {
            paths.retain(|path| !path.starts_with("noise."));
        }
        if paths.is_empty() {
            return group.name.clone();
        }
        let values = group.recipe.values();
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

/// The settings in which two recipes differ, apart from those that change nothing of what is learned.
fn relevant(a: &Recipe, b: &Recipe) -> Vec<Setting> {
    let mut all = diff(a, b);
    all.retain(|difference| !IRRELEVANT.contains(&difference.path));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_follows_the_interval() {
        let of = |difference, interval| {
            verdict(&Difference {
                difference,
                interval,
            })
        };
        assert!(of(0.1, None).contains("inconclusive"));
        assert_eq!(
            of(0.0034, Some((-0.0001, 0.0069))),
            "+0.0034 (95 % CI -0.0001 … +0.0069): inconclusive"
        );
        assert!(of(0.01, Some((0.005, 0.015))).ends_with("better"));
        assert!(of(-0.01, Some((-0.015, -0.005))).ends_with("worse"));
        assert!(of(-0.0, Some((-0.0, 0.0))).starts_with("+0.0000"));
    }

    #[test]
    fn seeds_and_places_do_not_make_another_recipe() {
        let (a, mut b) = (Recipe::default(), Recipe::default());
        b.train.seed = 7;
        b.data.dir = "elsewhere".into();
        b.train.time = "3h".into();
        b.train.eval_batch += 1;
        assert!(relevant(&a, &b).is_empty());
        b.optimiser.lr *= 2.0;
        assert_eq!(relevant(&a, &b).len(), 1);
        assert!(
            IRRELEVANT
                .iter()
                .all(|p| timestep_train::recipe::setting(p).is_some())
        );
    }
}
