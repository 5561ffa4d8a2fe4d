//! How are runs of restorers compared? By their PSNR on the test pictures, or on the training pictures where there are none.

use super::{Column, Compared, Metric, Unit};
use crate::runs::{RestorerEnding, RestorerRecord};
use crate::statistics::Sample;
use std::path::Path;
use timestep_train::event::RestoreStart;
use timestep_train::recipe::RestoreRecipe;

impl Compared for RestorerRecord {
    type Recipe = RestoreRecipe;

    const IRRELEVANT: &'static [&'static str] = &[
        "train.seed",
        "train.time",
        "train.keep",
        "data.dir",
        "data.test_dir",
    ];
    const KEY: &'static str = "psnr";
    const MEASURE: &'static str = "PSNR";
    const SUBJECT: &'static str = "model";

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn recipe(&self) -> &RestoreRecipe {
        &self.recipe
    }

    fn subject(&self) -> String {
        self.model()
    }

    fn measured_on(&self) -> String {
        let sigma = self.recipe.model.sigma;
        match self.start.as_ref() {
            Some(start) if start.test_pictures > 0 => {
                format!("{} test pictures with noise {sigma}", start.test_pictures)
            }
            Some(start) => format!(
                "{} training pictures with noise {sigma} (no test pictures were given, so PSNR flatters)",
                start.train_pictures
            ),
            None => format!("pictures with noise {sigma}"),
        }
    }

    fn result(&self, metric: Metric) -> Result<f64, String> {
        match (&self.ending, metric) {
            (RestorerEnding::Finished { last, .. }, Metric::Last) => Ok(last.counted()),
            (RestorerEnding::Finished { best, .. }, Metric::Best) => Ok(best.psnr),
            (RestorerEnding::Interrupted(at), _) => Err(format!("it was interrupted in {at}")),
            (RestorerEnding::Diverged { at, .. }, _) => Err(format!("it diverged in {at}")),
            (RestorerEnding::Open, _) if self.logged.is_empty() => Err("it has no log".to_owned()),
            (RestorerEnding::Open, _) => Err("it has not ended".to_owned()),
        }
    }

    fn status(&self) -> &'static str {
        self.ending.word()
    }

    fn words(metric: Metric) -> &'static str {
        match metric {
            Metric::Last => "after the last phase",
            Metric::Best => "after the best phase, chosen on these pictures",
        }
    }

    fn same_data(&self, other: &Self) -> Result<(), String> {
        let (x, y) = (self.recipe.model.sigma, other.recipe.model.sigma);
        if x != y {
            return Err(format!(
                "the first is for noise {x}, the second for noise {y}"
            ));
        }
        let (Some(x), Some(y)) = (&self.start, &other.start) else {
            return Ok(());
        };
        let on = |start: &RestoreStart| match start.test_pictures {
            0 => "training pictures".to_owned(),
            n => format!("{n} test pictures"),
        };
        if x.test_pictures != y.test_pictures {
            return Err(format!("they were measured on {} and on {}", on(x), on(y)));
        }
        if x.test_data != y.test_data {
            return Err("they were measured on other test pictures".to_owned());
        }
        let trained = |s: &RestoreStart| (s.train_pictures, s.train_pixels);
        if x.test_pictures == 0 && trained(x) != trained(y) {
            return Err("they were measured on other training pictures".to_owned());
        }
        Ok(())
    }

    fn columns(runs: &[&Self]) -> Vec<Column> {
        let start = runs.first().and_then(|run| run.start.as_ref());
        let parameters = start.map_or(0, |start| start.parameters);
        let mean = |values: Vec<f64>| Sample::of(&values).mean;
        let evaluations = mean(runs.iter().map(|r| r.evaluations.len() as f64).collect());
        let seconds = mean(runs.iter().map(|r| seconds(r)).collect());
        vec![
            Column {
                key: "parameters",
                head: "parameters",
                value: parameters as f64,
                unit: Unit::Count,
            },
            Column {
                key: "evaluations",
                head: "evaluations",
                value: evaluations,
                unit: Unit::Mean,
            },
            Column {
                key: "seconds",
                head: "time",
                value: seconds,
                unit: Unit::Seconds,
            },
        ]
    }

    fn curve(&self) -> Vec<(f64, f64)> {
        let all = self.evaluations.iter();
        all.map(|e| (e.evaluation as f64, e.psnr)).collect()
    }
}

/// Time of a run that finished.
fn seconds(record: &RestorerRecord) -> f64 {
    match &record.ending {
        RestorerEnding::Finished { seconds, .. } => *seconds,
        _ => f64::NAN,
    }
}
