//! What a training reached, in words: at its end, and over seeds.

use super::page::Page;
use super::{Answer, equations};
use std::path::Path;
use timestep_study::learned::segments;
use timestep_study::training::{LearnedEquation, OverSeeds, TrainedRestorer};
use timestep_train::event::{Best, BestPhase, Restored, TestMetrics};
use timestep_train::run::{Which, weights};
use timestep_train::{RestoreSetup, Setup, TrainError, Trained};

/// A classifier that was trained, and the equation that it became.
pub struct ClassifierEnd<'a> {
    /// What was trained, on what.
    pub setup: &'a Setup,
    /// The folder of its run.
    pub folder: &'a Path,
    /// The last measurement.
    pub test: &'a TestMetrics,
    /// The best epoch.
    pub best: &'a Best,
    /// How long it took, in seconds.
    pub seconds: f64,
    equation: LearnedEquation,
    average: Option<f64>,
}

impl<'a> ClassifierEnd<'a> {
    /// Reads the weights that a run left.
    ///
    /// # Errors
    /// [`TrainError`] if they cannot be read, or if the theory fails.
    pub fn read(
        setup: &'a Setup,
        folder: &'a Path,
        (test, best): (&'a TestMetrics, &'a Best),
        seconds: f64,
    ) -> Result<Self, TrainError> {
        let trained = Trained::load(&weights(folder, Which::Last))?;
        let equation = LearnedEquation {
            event: "equation",
            network: setup.network.config().name.clone(),
            scheme: setup.network.scheme().key,
            segments: segments(&trained.network, &trained.parameters)?,
        };
        let average = weights(folder, Which::Average);
        let average = match average.is_file() {
            true => Some(Trained::load(&average)?.card.top1),
            false => None,
        };
        Ok(Self {
            setup,
            folder,
            test,
            best,
            seconds,
            equation,
            average,
        })
    }

    /// What programs are told.
    #[must_use]
    pub fn equation(&self) -> &LearnedEquation {
        &self.equation
    }

    /// What a person reads, in lines of at most `width` characters.
    #[must_use]
    pub fn text(&self, width: usize) -> String {
        let (test, best, network) = (self.test, self.best, &self.equation.network);
        let file = |which| weights(self.folder, which).display().to_string();
        let average = self.average.map_or_else(String::new, |top1| {
            let file = file(Which::Average);
            format!("average of the weights: top-1 {top1:.4}, in {file}\n")
        });
        // The last weights may lie within an epoch, when the time was up.
        let (when, whole, advice) = match test.top1 > best.top1 {
            true => (
                "when the time was up",
                " after a whole epoch",
                format!(
                    "the last weights are the better ones: {}\n",
                    file(Which::Last)
                ),
            ),
            false => ("after the last epoch", "", String::new()),
        };
        let by_heart = self.setup.overfits();
        let by_heart = by_heart.map_or_else(String::new, |note| format!("{note}\n"));
        let mut page = Page::new(width);
        equations(self.equation.scheme, &self.equation.segments, &mut page);
        format!(
            "\n{network}: top-1 {:.4}, top-5 {:.4}, loss {:.4} {when}; best top-1 {:.4}{whole} in epoch {}; \
             {:.1} s\n{by_heart}{advice}weights in {} and {}\n{average}\n{}",
            test.top1,
            test.top5,
            test.loss,
            best.top1,
            best.epoch,
            self.seconds,
            file(Which::Best),
            file(Which::Last),
            page.into_text(),
        )
    }
}

/// A restorer that was trained, as programs are told.
#[must_use]
pub fn trained_restorer(setup: &RestoreSetup, folder: &Path, last: &Restored) -> TrainedRestorer {
    let recipe = setup.recipe();
    TrainedRestorer {
        event: "trained",
        model: recipe.model_name(),
        method: recipe.model.method.key(),
        sigma: recipe.model.sigma,
        psnr: last.psnr,
        test_psnr: last.test.map(|test| test.psnr),
        weights: weights(folder, Which::Last).display().to_string(),
    }
}

/// What a restorer reached, and how it is used.
#[must_use]
pub fn restorer_end(
    setup: &RestoreSetup,
    folder: &Path,
    (last, best): (&Restored, &BestPhase),
    seconds: f64,
) -> String {
    let recipe = setup.recipe();
    let test = match last.test {
        Some(test) => format!(
            ", {:.3} dB on {} test pictures (at best {:.3} dB, after phase {})",
            test.psnr,
            setup.test.len(),
            best.psnr,
            best.phase
        ),
        None => String::new(),
    };
    let last_file = weights(folder, Which::Last).display().to_string();
    format!(
        "\n{} for noise {}: PSNR {:.3} dB on {} training pictures{test}; {seconds:.1} s\nweights in {} and {last_file}\n\
         clean a picture with: timestep denoise PICTURE -o OUT --model {last_file}",
        recipe.model_name(),
        recipe.model.sigma,
        last.psnr,
        setup.train.len(),
        weights(folder, Which::Best).display(),
    )
}

impl Answer for OverSeeds {
    fn text(&self, page: &mut Page) {
        let (values, words, unit) = match (&self.top1, &self.psnr) {
            (Some(values), _) => (values.len(), "top-1", ""),
            (None, psnr) => (psnr.as_ref().map_or(0, Vec::len), "PSNR", " dB"),
        };
        page.line(format!(
            "{values} seeds: {words} {:.4} ± {:.4}{unit} (standard deviation)",
            self.mean, self.deviation
        ));
    }
}
