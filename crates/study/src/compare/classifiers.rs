//! How are runs of classifiers compared? By their top-1 on the test images.

use super::{Column, Compared, Metric, Unit};
use crate::runs::{Ending, Record};
use crate::statistics::Sample;
use std::path::Path;
use timestep_train::recipe::Recipe;

impl Compared for Record {
    type Recipe = Recipe;

    const IRRELEVANT: &'static [&'static str] = &[
        "train.seed",
        "train.time",
        "train.keep",
        "train.eval_batch",
        "data.dir",
    ];
    const KEY: &'static str = "top1";
    const MEASURE: &'static str = "top-1";
    const SUBJECT: &'static str = "network";

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    fn subject(&self) -> String {
        self.network().to_owned()
    }

    fn measured_on(&self) -> String {
        let images = self.start.as_ref().map_or(0, |start| start.test_images);
        format!("{}, {images} test images", self.recipe.data.name)
    }

    fn result(&self, metric: Metric) -> Result<f64, String> {
        match &self.ending {
            Ending::Finished { .. } => {}
            Ending::Interrupted { epoch, .. } => {
                return Err(format!("it was interrupted in epoch {epoch}"));
            }
            Ending::Diverged { epoch, .. } => return Err(format!("it diverged in epoch {epoch}")),
            Ending::Open => return Err("it has not ended".to_owned()),
        }
        let test = match metric {
            Metric::Last => self.last().map(|(_, test)| test),
            Metric::Best => self.best().map(|epoch| epoch.test()),
        };
        match (test, &self.start) {
            (Some(test), Some(_)) => Ok(test.top1),
            _ => Err("it completed no epoch".to_owned()),
        }
    }

    fn status(&self) -> &'static str {
        self.ending.word()
    }

    fn words(metric: Metric) -> &'static str {
        match metric {
            Metric::Last => "last epoch",
            Metric::Best => "best epoch, chosen on the test images",
        }
    }

    fn same_data(&self, other: &Self) -> Result<(), String> {
        let (x, y) = (&self.recipe.data.name, &other.recipe.data.name);
        if x != y {
            return Err(format!("the first is on `{x}`, the second on `{y}`"));
        }
        let images = |r: &Record| r.start.as_ref().map(|s| s.test_images);
        if let (Some(x), Some(y)) = (images(self), images(other))
            && x != y
        {
            return Err(format!("they were measured on {x} and {y} test images"));
        }
        if let (Some(x), Some(y)) = (&self.fingerprint, &other.fingerprint)
            && x != y
        {
            return Err("the images of their data differ".to_owned());
        }
        Ok(())
    }

    fn columns(runs: &[&Self]) -> Vec<Column> {
        let start = runs.first().and_then(|run| run.start.as_ref());
        let (parameters, multiply_adds) =
            start.map_or((0, 0), |start| (start.parameters, start.multiply_adds));
        // The mean over the runs of the median over the epochs.
        let seconds: Vec<f64> = runs.iter().map(|r| r.median("seconds")).collect();
        let seconds = Sample::of(&seconds).mean;
        vec![
            Column {
                key: "parameters",
                head: "parameters",
                value: parameters as f64,
                unit: Unit::Count,
            },
            Column {
                key: "multiply_adds",
                head: "multiply-adds",
                value: multiply_adds as f64,
                unit: Unit::Count,
            },
            Column {
                key: "seconds_per_epoch",
                head: "epoch",
                value: seconds,
                unit: Unit::Seconds,
            },
        ]
    }

    fn curve(&self) -> Vec<(f64, f64)> {
        let epochs = self.epochs.iter();
        epochs
            .map(|e| (e.epoch as f64, e.get("test_top1")))
            .collect()
    }

    /// Beside a group with noise, the settings of the noise that this one does not have say nothing.
    fn silent(&self, path: &str, differing: &[&str]) -> bool {
        let without = matches!(self.recipe.network.noise.as_str(), "" | "none");
        without && differing.contains(&"network.noise") && path.starts_with("noise.")
    }
}
