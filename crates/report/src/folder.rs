//! The report of a run folder, of whichever task: its records are read, its best weights measured again where its images are
//! there, and the document put together.

use crate::document::{Document, Printed};
use crate::names::cite;
use crate::restorer;
use crate::run::{self, Check, Sources};
use std::path::Path;
use timestep_nets::device;
use timestep_restore::learned::Restorer;
use timestep_study::evaluation::{Evaluation, Told};
use timestep_study::runs::{Record, RestorerRecord};
use timestep_train::run::{self as runs, Which};
use timestep_train::{Job, Setup, TrainError};

/// What the folder of a run says of itself.
pub struct FolderReport {
    /// The report.
    pub document: Document,
    /// How the run ended, in a word.
    pub status: &'static str,
    /// Of classifiers: whether mistakes on test images are shown.
    pub evaluated: Option<bool>,
    records: Records,
}

enum Records {
    Classifier(Box<Record>),
    Restorer(Box<RestorerRecord>),
}

impl FolderReport {
    /// Reads the run of a classifier. Its test images are those of its recipe, or of `data_dir`; where the recipe's are not there,
    /// the report says so in place of the mistakes. `told` hears how far it is.
    ///
    /// # Errors
    /// [`TrainError`] if the folder is no run or is damaged, or if the images in `data_dir` do not fit.
    pub fn of_classifier(
        folder: &Path,
        data_dir: Option<&Path>,
        told: Told<'_>,
    ) -> Result<Self, TrainError> {
        let record = Record::read(folder)?;
        let setup = open(folder, data_dir, &record)?;
        let document = classifier(&record, setup.as_ref().map_err(Clone::clone), told)?;
        let mut numbers = document.numbers().into_iter();
        let evaluated = setup.is_ok() && numbers.any(|n| n.key.starts_with("evaluation."));
        Ok(Self {
            document,
            status: record.ending.word(),
            evaluated: Some(evaluated),
            records: Records::Classifier(Box::new(record)),
        })
    }

    /// Reads the run of a restorer, which needs no pictures.
    ///
    /// # Errors
    /// [`TrainError`] if the folder is no run or is damaged.
    pub fn of_restorer(folder: &Path) -> Result<Self, TrainError> {
        let record = RestorerRecord::read(folder)?;
        let weights = runs::weights_at(folder);
        let model = match weights.is_file() {
            true => Some(Restorer::from_bytes(&timestep_train::read_bytes(
                &weights,
            )?)?),
            false => None,
        };
        let citations = cite::of_run(folder)?;
        Ok(Self {
            document: restorer::document(&record, model.as_ref(), &citations),
            status: record.ending.word(),
            evaluated: None,
            records: Records::Restorer(Box::new(record)),
        })
    }

    /// Compares a report that was written with the records.
    #[must_use]
    pub fn check(&self, printed: &Printed) -> Check {
        match &self.records {
            Records::Classifier(record) => run::check(printed, &self.document, record),
            Records::Restorer(record) => restorer::check(printed, &self.document, record),
        }
    }
}

/// The report at the end of training, whose data is open already.
///
/// # Errors
/// As [`FolderReport::of_classifier`].
pub fn of_job(job: &Job, folder: &Path, told: Told<'_>) -> Result<Document, TrainError> {
    match job {
        Job::Classify(setup) => classifier(&Record::read(folder)?, Ok(setup), told),
        Job::Restore(_) => Ok(FolderReport::of_restorer(folder)?.document),
    }
}

/// The data of a run, or a sentence that says why it cannot be shown.
fn open(
    folder: &Path,
    data_dir: Option<&Path>,
    record: &Record,
) -> Result<Result<Setup, String>, TrainError> {
    if !runs::weights(folder, Which::Best).is_file() {
        return Ok(Err(
            "The run has no best weights yet, so no mistakes can be shown.".into(),
        ));
    }
    let mut layers = runs::layers(folder)?;
    if let Some(dir) = data_dir {
        // Whatever the folder is called, it is text, and not TOML.
        layers.flag("--data-dir", "data.dir", &dir.to_string_lossy());
    }
    let setup = match Setup::new(layers.resolve()?) {
        Ok(setup) => setup,
        // A folder that was asked for must be right; the one of the run may be gone.
        Err(error) if data_dir.is_some() => return Err(error),
        Err(error) => {
            return Ok(Err(format!(
                "The test images could not be opened ({error}), so mistakes are not shown. With the data at \
                 hand, `timestep report {} --data-dir DIR` shows them.",
                folder.display()
            )));
        }
    };
    let found = setup.dataset.fingerprint();
    let known = record.fingerprint.as_ref();
    if known.is_some_and(|known| *known != found) {
        return Ok(Err(format!(
            "The data set `{}` holds other images now than those that the run was trained on, so mistakes are \
             not shown.",
            record.recipe.data.name
        )));
    }
    Ok(Ok(setup))
}

/// Measures the best weights again if there are images, and puts the report together.
fn classifier(
    record: &Record,
    images: Result<&Setup, String>,
    told: Told<'_>,
) -> Result<Document, TrainError> {
    let evaluation = match images {
        Ok(setup) => {
            let (folder, engine) = (&record.folder, device("cpu")?);
            Ok(Evaluation::of_best(folder, setup, &*engine, told)?)
        }
        Err(why) => Err(why),
    };
    let citations = cite::of_run(&record.folder)?;
    run::document(&Sources {
        record,
        evaluation: evaluation.as_ref().map_err(Clone::clone),
        citations: &citations,
    })
}
