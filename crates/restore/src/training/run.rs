//! How does a recipe become trained weights? Phase by phase, with everything on disk that an interruption needs.

use super::log::EvaluationLog;
use super::{RestoreRecipe, samples};
use crate::RestoreError;
use crate::csf::{CsfModel, CsfObjective};
use crate::learned::{Evaluation, Fit, Fitted, Phase, Sample, Trainable, fit, phases};
use crate::methods::bundled;
use crate::trd::{Model, Objective};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Why a restorer could not be trained.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The recipe is wrong.
    #[error("the recipe is not usable: {0}")]
    Recipe(String),
    /// Pictures cannot be read.
    #[error("cannot use the pictures at `{}`: {why}", path.display())]
    Pictures {
        /// Folder or file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// A file of the run folder cannot be written or read.
    #[error("cannot use `{}`: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The model does not fit.
    #[error(transparent)]
    Restore(#[from] RestoreError),
}

impl TrainingError {
    /// One action that helps.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Recipe(_) => Some(
                "`timestep list recipes` shows recipes that work; copy one and change it".into(),
            ),
            Self::Pictures { .. } => Some(
                "give a folder of pictures with `--data-dir`, for instance 400 crops of BSDS500"
                    .into(),
            ),
            Self::File { .. } => Some("check the folder and the space on the disk".into()),
            Self::Restore(e) => e.hint(),
        }
    }
}

/// What happens while a restorer is trained.
#[derive(Clone, Debug)]
pub enum Event {
    /// A phase begins; `replayed` evaluations were read from an earlier run.
    Phase {
        /// From 0.
        number: usize,
        /// Of how many.
        of: usize,
        /// Which steps, how long.
        phase: Phase,
        /// Learned numbers of the phase.
        parameters: usize,
        /// Pictures trained on.
        pictures: usize,
        /// Evaluations known.
        replayed: usize,
    },
    /// The loss was evaluated.
    Evaluated {
        /// Phase, from 0.
        phase: usize,
        /// Evaluation of the phase, from 0.
        evaluation: usize,
        /// PSNR on the training pictures, in dB (of the mean squared error for TRD, the mean for CSF).
        psnr: f64,
        /// Since this process began.
        seconds: f64,
    },
}

/// How training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// All phases are done.
    Finished {
        /// On the training pictures.
        psnr: f64,
    },
    /// The caller stopped it; the run can be continued.
    Interrupted,
}

/// Trains a recipe in a run folder, or continues what is there. `each` returns `false` to stop.
///
/// # Errors
/// [`TrainingError`]; what was written before stays.
pub fn train(
    recipe: &RestoreRecipe,
    data: &Path,
    folder: &Path,
    each: &mut dyn FnMut(&Event) -> bool,
) -> Result<Outcome, TrainingError> {
    if let Some(psnr) = finished(folder) {
        return Ok(Outcome::Finished { psnr });
    }
    let some = samples(data, recipe)?;
    let mut whole = recipe.clone();
    (whole.data.every, whole.data.skip) = (1, 0);
    let all = match recipe.train.finish {
        0 => Vec::new(),
        _ => samples(data, &whole)?,
    };
    let text = recipe.to_toml()?;
    for part in ["weights", "state"] {
        let path = folder.join(part);
        std::fs::create_dir_all(&path).map_err(|source| TrainingError::File { path, source })?;
    }
    write_whole(&folder.join("recipe.toml"), text.as_bytes())?;
    let mut run = Run {
        recipe: text,
        folder,
        all: &all,
        some: &some,
        began: Instant::now(),
        each,
        psnr: f64::NAN,
    };
    let m = &recipe.model;
    let t = &recipe.train;
    if m.method == "trd" {
        let model = match start_bytes(&m.start)? {
            Some(bytes) => Model::from_bytes(&bytes)?.for_sigma(m.sigma),
            None => Model::start(m.size, m.steps, &m.scheme, m.sigma)?,
        };
        let fresh = Model::start(m.size, m.steps, &m.scheme, m.sigma)?;
        if (model.size, model.stages.len(), &model.scheme)
            != (fresh.size, fresh.stages.len(), &fresh.scheme)
        {
            return Err(TrainingError::Recipe(format!(
                "`{}` has another size, scheme or number of steps",
                m.start
            )));
        }
        run.all(
            model,
            // All steps together on all pictures come last.
            &[
                phases(m.steps, t.greedy, t.joint),
                phases(m.steps, 0, t.finish),
            ]
            .concat(),
            |samples, model, phase| Objective::new(samples, model, phase.first, phase.last),
            |loss| 10.0 * (255.0 * 255.0 / (2.0 * loss)).log10(),
            Model::to_bytes,
        )
    } else {
        let model = match start_bytes(&m.start)? {
            Some(bytes) => CsfModel::from_bytes(&bytes)?,
            None => CsfModel::start(m.size, m.steps, m.sigma)?,
        };
        run.all(
            model,
            &phases(m.steps, t.greedy, 0),
            |samples, model, phase| CsfObjective::new(samples, model, phase.first),
            |loss| -loss,
            CsfModel::to_bytes,
        )
    }
}

/// The result of a run that has nothing left to do: weights, and no state any more.
fn finished(folder: &Path) -> Option<f64> {
    let done = folder.join("weights/last.safetensors").is_file() && !folder.join("state").exists();
    let rows = std::fs::read_to_string(folder.join("metrics.csv")).ok()?;
    let last_phase = rows.lines().last()?.split(',').next()?.to_owned();
    let psnrs = rows
        .lines()
        .filter(|r| r.split(',').next() == Some(&last_phase));
    let best = psnrs
        .filter_map(|r| r.rsplit(',').next()?.parse().ok())
        .reduce(f64::max);
    best.filter(|_| done)
}

/// The weights that a recipe starts from.
fn start_bytes(start: &str) -> Result<Option<Vec<u8>>, TrainingError> {
    if start.is_empty() {
        return Ok(None);
    }
    if let Some(bytes) = bundled(start) {
        return Ok(Some(bytes.to_vec()));
    }
    std::fs::read(start)
        .map(Some)
        .map_err(|source| TrainingError::File {
            path: start.into(),
            source,
        })
}

/// One training.
struct Run<'a> {
    recipe: String,
    folder: &'a Path,
    /// Pictures of the last phase, if it has others than the rest.
    all: &'a [Sample],
    some: &'a [Sample],
    began: Instant,
    each: &'a mut dyn FnMut(&Event) -> bool,
    psnr: f64,
}

impl<'a> Run<'a> {
    /// All phases: `objective` makes the loss of one, `psnr` turns losses into decibels.
    fn all<T: Trainable>(
        &mut self,
        mut model: T::Model,
        phases: &[Phase],
        objective: impl Fn(&'a [Sample], T::Model, Phase) -> Result<T, RestoreError>,
        psnr: impl Fn(f64) -> f64,
        to_bytes: impl Fn(&T::Model, &[(&str, String)]) -> Result<Vec<u8>, RestoreError>,
    ) -> Result<Outcome, TrainingError> {
        let weights = self.folder.join("weights/last.safetensors");
        let about = [("recipe", self.recipe.clone())];
        let mut rows = String::from("phase,evaluation,loss,psnr\n");
        for (number, phase) in phases.iter().enumerate() {
            let last = number + 1 == phases.len();
            let samples = if last && !self.all.is_empty() {
                self.all
            } else {
                self.some
            };
            let objective = objective(samples, model.clone(), *phase)?;
            let parameters = objective.parameters().len();
            let path = self.folder.join(format!("state/phase-{number}.f64"));
            let fail = |source: io::Error| TrainingError::File {
                path: path.clone(),
                source,
            };
            let (mut log, known) = EvaluationLog::open(&path, parameters).map_err(fail)?;
            for (n, e) in known.iter().enumerate() {
                row(&mut rows, number, n, e, psnr(e.loss));
            }
            let mut go = (self.each)(&Event::Phase {
                number,
                of: phases.len(),
                phase: *phase,
                parameters,
                pictures: samples.len(),
                replayed: known.len(),
            });
            let mut failure = None;
            let began = self.began;
            let tell = &mut self.each;
            let mut each = |evaluation: usize, e: &Evaluation, _: &T::Model| {
                if let Err(error) = log.push(e) {
                    failure = Some(error);
                    return false;
                }
                row(&mut rows, number, evaluation, e, psnr(e.loss));
                go &= tell(&Event::Evaluated {
                    phase: number,
                    evaluation,
                    psnr: psnr(e.loss),
                    seconds: began.elapsed().as_secs_f64(),
                });
                go
            };
            let Fitted {
                model: best,
                loss,
                stopped,
                ..
            } = fit(
                &objective,
                phase.iterations,
                Fit {
                    known,
                    each: &mut each,
                },
            )?;
            if let Some(source) = failure {
                return Err(fail(source));
            }
            self.psnr = psnr(loss);
            model = best;
            write_whole(&weights, &to_bytes(&model, &about)?)?;
            write_whole(&self.folder.join("metrics.csv"), rows.as_bytes())?;
            if stopped {
                return Ok(Outcome::Interrupted);
            }
        }
        // Only an unfinished run needs its evaluations.
        drop(std::fs::remove_dir_all(self.folder.join("state")));
        Ok(Outcome::Finished { psnr: self.psnr })
    }
}

/// A row of `metrics.csv`.
fn row(rows: &mut String, phase: usize, evaluation: usize, e: &Evaluation, psnr: f64) {
    // Writing to a string cannot fail.
    let _ = writeln!(rows, "{phase},{evaluation},{},{psnr:.4}", e.loss);
}

/// Writes a file whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TrainingError> {
    let fail = |source: io::Error| TrainingError::File {
        path: path.to_owned(),
        source,
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    file.persist(path).map_err(|e| fail(e.error))?;
    Ok(())
}
