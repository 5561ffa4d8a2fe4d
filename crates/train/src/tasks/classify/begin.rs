//! How does the training of a classifier begin, or go on from what was saved?

use super::Classify;
use crate::checkpoint::{Progress, load_state};
use crate::cluster::ClusterError;
use crate::event::What;
use crate::recipe::{Recipe, Resolved, TrainSettings};
use crate::run;
use crate::setup::Setup;
use crate::trainer::{Begun, Ledger, Options, Ready};
use crate::{Learner, Start, TrainError};
use std::path::Path;
use timestep_nets::Role;

/// What is said of a state without a checksum.
const UNCHECKED: &str = "the state was written by version 0.1, without a checksum: damage to its numbers would not be noticed";

impl Ready for Setup {
    type Recipe = Recipe;
    type Task<'s> = Classify<'s>;

    fn resolved(&self) -> &Resolved {
        &self.resolved
    }

    fn what(&self) -> What {
        let trained = [Role::Weight, Role::Bias, Role::Norm, Role::Coefficient];
        let specs = self.network.specs().iter();
        What::Classifier {
            network: self.network.config().name.clone(),
            data: self.dataset.name.clone(),
            parameters: specs
                .filter(|s| trained.contains(&s.role))
                .map(|s| s.len())
                .sum(),
            multiply_adds: self.network.cost().multiply_adds as u64,
            train_images: self.dataset.train.len(),
            test_images: self.dataset.test.len(),
            overfit: self.recipe().train.overfit > 0,
            epochs: self.recipe().train.epochs,
            steps_per_epoch: self.steps_per_epoch(),
        }
    }

    fn saved(&self, folder: &Path) -> Result<Recipe, TrainError> {
        run::recipe(folder)
    }

    fn keep(&self, saved: Recipe) -> Recipe {
        let TrainSettings {
            epochs,
            patience,
            keep,
            ..
        } = self.recipe().train;
        let train = TrainSettings {
            epochs,
            patience,
            keep,
            ..saved.train.clone()
        };
        Recipe { train, ..saved }
    }

    fn check_ranks(&self, ranks: usize) -> Result<(), TrainError> {
        let shards = self.recipe().train.shards.max(1);
        match ranks > shards {
            true => Err(ClusterError::TooManyRanks { ranks, shards }.into()),
            false => Ok(()),
        }
    }

    fn begin(&self, options: &Options) -> Result<Classify<'_>, TrainError> {
        let start = Start::of(self)?;
        let learner = learner(self, options)?;
        let progress = Progress {
            data: self.dataset.fingerprint(),
            ..Progress::default()
        };
        let mut task = Classify::new(self, start.parameters, learner, progress, options);
        task.note = start.note;
        Ok(task)
    }

    fn proceed(&self, folder: &Path, options: &Options) -> Result<Begun<Classify<'_>>, TrainError> {
        let mut learner = learner(self, options)?;
        let (parameters, progress, checked) = load_state(folder, &self.network, &mut learner)?;
        if progress.data != self.dataset.fingerprint() {
            return Err(TrainError::OtherData {
                run: folder.to_owned(),
                data: self.dataset.name.clone(),
            });
        }
        let ledger = Ledger {
            log_bytes: progress.log_bytes,
            seconds: progress.seconds,
        };
        let mut task = Classify::new(self, parameters, learner, progress, options);
        if !checked {
            task.note = Some(UNCHECKED.to_owned());
        }
        Ok(Begun::Task {
            task,
            ledger: Some(ledger),
        })
    }
}

/// What moves the weights of a run.
fn learner(setup: &Setup, options: &Options) -> Result<Learner, TrainError> {
    Learner::of(options.engine.clone(), setup.recipe(), &setup.network)
}
