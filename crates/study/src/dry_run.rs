//! Would a recipe run, and how long would it take? A piece of the work is done in memory; nothing is written.

use crate::answer;
use std::time::Instant;
use timestep_engine::{End, GradientSink, Numbers};
use timestep_nets::{Engine, ParamId, Pass, ops};
use timestep_restore::learned::{Phase, Source};
use timestep_train::evaluate::{images, targets};
use timestep_train::{RestoreSetup, Setup, Start, TrainError};

answer! {
    /// The training of a classifier that would be done.
    pub struct PlannedClassifier {
        /// Name of the recipe.
        pub recipe: String,
        /// Name of the network.
        pub network: String,
        /// Name of the data set.
        pub data: String,
        /// Images to train on.
        pub train_images: usize,
        /// Images to measure on.
        pub test_images: usize,
        /// Learned numbers without coefficients.
        pub parameters: usize,
        /// Learned coefficients of the scheme.
        pub coefficients: usize,
        /// Multiply-adds of one image, forward.
        pub multiply_adds: usize,
        /// Loss of the first batch.
        pub loss: f64,
        /// Seconds of a step, measured on the first batch.
        pub seconds_per_step: f64,
        /// Steps of the whole training.
        pub steps: usize,
        /// Hours that they take, about.
        pub hours: f64,
        /// Bytes that a step keeps for the backward pass.
        pub activation_bytes: usize,
        /// Learned arrays that no gradient reaches.
        pub without_gradient: Vec<String>,
        /// Folder of the first run.
        pub run: String,
        /// Runs, one for each seed.
        pub seeds: u64,
        /// The first seed.
        pub seed: u64,
        /// Shape of the images: channels, height, width.
        pub shape: [usize; 3],
        /// Classes that the network tells apart.
        pub classes: usize,
        /// Steps of the network.
        pub depth: usize,
        /// Its scheme.
        pub scheme: &'static str,
        /// Its block.
        pub block: String,
        /// Images that are computed together: a batch, or a part of it.
        pub batch: usize,
    }
}

answer! {
    /// The training of a restorer that would be done.
    pub struct PlannedRestorer {
        /// Name of the recipe.
        pub recipe: String,
        /// Name of the model.
        pub model: String,
        /// Standard deviation of the noise, in grey levels.
        pub sigma: f64,
        /// Pictures to train on.
        pub train_pictures: usize,
        /// Their pixels.
        pub train_pixels: usize,
        /// Pictures to measure on.
        pub test_pictures: usize,
        /// Learned numbers.
        pub parameters: usize,
        /// Phases of the training.
        pub phases: usize,
        /// Iterations of L-BFGS of all phases, at most.
        pub iterations: usize,
        /// Steps of Adam of all phases.
        pub drawn: usize,
        /// Pictures of such a step.
        pub batch: usize,
        /// Loss at the start.
        pub loss: f64,
        /// The PSNR in dB that it stands for.
        pub psnr: f64,
        /// Seconds of one evaluation of the loss, in the longest phase; an iteration takes one or more.
        pub seconds_per_evaluation: f64,
        /// Folder of the first run.
        pub run: String,
        /// Runs, one for each seed.
        pub seeds: u64,
        /// The first seed.
        pub seed: u64,
        /// The model in words.
        pub shape: String,
        /// Steps of the model in the longest phase.
        pub steps: usize,
    }
}

/// Which parameters a gradient has reached.
struct Reached(Vec<bool>);

impl GradientSink for Reached {
    fn add(&mut self, id: ParamId, _gradient: Numbers<'_>) {
        self.0[id.index()] = true;
    }
}

/// Where the runs would go.
#[derive(Clone, Debug)]
pub struct Runs {
    /// Folder of the first run.
    pub folder: String,
    /// Runs, one for each seed.
    pub seeds: u64,
}

impl PlannedRestorer {
    /// One evaluation of the loss; the answer, and whether loss and slope are finite.
    ///
    /// # Errors
    /// [`TrainError`] if the loss cannot be computed.
    pub fn measure(setup: &RestoreSetup, runs: &Runs) -> Result<(Self, bool), TrainError> {
        let recipe = setup.recipe();
        let whole = Phase {
            first: 0,
            last: setup.start.steps(),
            iterations: 0,
        };
        // The longest phase says most of the time; a checked recipe has one.
        let longest = setup
            .phases
            .iter()
            .max_by_key(|(phase, _)| phase.last - phase.first);
        let phase = longest.map_or(whole, |(phase, _)| *phase);
        let began = Instant::now();
        let found = setup.start.evaluate(&setup.train, phase)?;
        let seconds = began.elapsed().as_secs_f64();
        let pixels: usize = setup.train.iter().map(|s| s.clean.pixels().len()).sum();
        let length = |drawn: bool| -> usize {
            let some = setup.phases.iter();
            let some = some.filter(|(_, source)| (*source == Source::Drawn) == drawn);
            some.map(|(phase, _)| phase.iterations).sum()
        };
        let answer = Self {
            recipe: setup.resolved.name.clone(),
            model: recipe.model_name(),
            sigma: recipe.model.sigma,
            train_pictures: setup.train.len(),
            train_pixels: pixels,
            test_pictures: setup.test.len(),
            parameters: setup.start.count(whole),
            phases: setup.phases.len(),
            iterations: length(false),
            drawn: length(true),
            batch: recipe.train.drawn_batch,
            loss: found.loss,
            psnr: setup.start.psnr(found.loss),
            seconds_per_evaluation: seconds,
            run: runs.folder.clone(),
            seeds: runs.seeds,
            seed: recipe.train.seed,
            shape: setup.start.shape(),
            steps: phase.last - phase.first,
        };
        let finite = found.loss.is_finite() && found.gradient.iter().all(|g| g.is_finite());
        Ok((answer, finite))
    }
}

impl PlannedClassifier {
    /// One forward and backward pass of one batch, timed on its second time; the answer, and what has to be said about the
    /// start. `None` for a data set without training images.
    ///
    /// # Errors
    /// [`TrainError`] for unreadable images, and if the network cannot be run.
    pub fn measure(
        setup: &Setup,
        runs: &Runs,
        engine: &dyn Engine,
    ) -> Result<Option<(Self, Vec<String>)>, TrainError> {
        let recipe = setup.recipe();
        let loader = setup.train_loader()?;
        let Some(batch) = loader.epoch(0, 0).next() else {
            return Ok(None);
        };
        let batch = batch?;
        let start = Start::of(setup)?;
        let mut notes: Vec<String> = start.note.iter().cloned().collect();
        notes.extend(setup.surplus_classes());
        notes.extend(setup.overfits());
        let parameters = start.parameters;
        // One of the parts that a batch is computed in.
        let part = recipe.train.part(batch.len());
        let parts = batch.len().div_ceil(part);
        let mut seconds = 0.0;
        let mut loss_value = f64::NAN;
        let mut without = Vec::new();
        for _ in 0..2 {
            let began = Instant::now();
            let pass = Pass::training(engine, &parameters);
            let ([_, channels, height, width], pixels) = images(&batch);
            let dims = [part, channels, height, width];
            let pixels = &pixels[..dims.iter().product()];
            let logits = setup.network.forward(&pass, pass.images(dims, pixels))?;
            let targets = targets(&batch, recipe.train.label_smoothing).part(0..part);
            let loss = ops::cross_entropy(&logits, &targets);
            loss_value = loss.read().first().copied().unwrap_or(f64::NAN);
            let mut reached = Reached(vec![false; parameters.specs().len()]);
            let ends = [End::Loss(loss.value(), 1.0)];
            pass.tape().backward(&ends, &mut reached);
            let specs = parameters.specs().iter().zip(reached.0);
            without = specs
                .filter(|(spec, reached)| spec.is_trained() && !reached)
                .map(|(spec, _)| spec.name.clone())
                .collect();
            seconds = began.elapsed().as_secs_f64() * parts as f64;
        }
        let network = &setup.network;
        let steps = setup.steps_per_epoch() * recipe.train.epochs;
        let (config, shape) = (network.config(), setup.dataset.shape);
        let answer = Self {
            recipe: setup.resolved.name.clone(),
            network: config.name.clone(),
            data: setup.dataset.name.to_string(),
            train_images: setup.dataset.train.len(),
            test_images: setup.dataset.test.len(),
            parameters: network.cost().parameters,
            coefficients: network.coefficient_count(),
            multiply_adds: network.cost().multiply_adds,
            loss: loss_value,
            seconds_per_step: seconds,
            steps,
            hours: seconds * steps as f64 / 3600.0,
            activation_bytes: network.cost().activations * 4 * part,
            without_gradient: without,
            run: runs.folder.clone(),
            seeds: runs.seeds,
            seed: recipe.train.seed,
            shape: [shape.channels, shape.height, shape.width],
            classes: config.classes,
            depth: config.body.steps.iter().sum(),
            scheme: network.scheme().key,
            block: config.block.name.clone(),
            batch: part,
        };
        Ok(Some((answer, notes)))
    }
}
