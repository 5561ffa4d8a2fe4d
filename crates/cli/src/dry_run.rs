//! `train --dry-run`: would this recipe run, and how long would it take? Nothing is written.

use crate::answers::training::{PlannedClassifier, PlannedRestorer};
use crate::args::Train;
use crate::codes::Code;
use crate::commands::train;
use crate::failure::Failure;
use crate::ui::Ui;
use std::time::Instant;
use timestep_engine::{End, GradientSink, Numbers};
use timestep_nets::{Engine, ParamId, Pass, ops};
use timestep_restore::learned::Phase;
use timestep_train::evaluate::{images, targets};
use timestep_train::{Job, RestoreSetup, Setup, Start};

/// Which parameters a gradient has reached.
struct Reached(Vec<bool>);

impl GradientSink for Reached {
    fn add(&mut self, id: ParamId, _gradient: Numbers<'_>) {
        self.0[id.index()] = true;
    }
}

/// Takes a piece of the work in memory, and says what all of it would take and where it would go.
pub(crate) fn run(args: &Train, job: &Job, engine: &dyn Engine, ui: Ui) -> Result<u8, Failure> {
    let folder = args.out.join(train::name(args, job)).display().to_string();
    let runs = Runs {
        folder,
        seeds: args.seeds,
    };
    match job {
        Job::Classify(setup) => classifier(setup, &runs, engine, ui),
        Job::Restore(setup) => restorer(setup, &runs, ui),
    }
}

/// What would be written.
struct Runs {
    /// Folder of the first run.
    folder: String,
    seeds: u64,
}

/// One evaluation of the loss of all steps.
fn restorer(setup: &RestoreSetup, runs: &Runs, ui: Ui) -> Result<u8, Failure> {
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
    let iterations: usize = setup.phases.iter().map(|(phase, _)| phase.iterations).sum();
    ui.answer(&PlannedRestorer {
        recipe: setup.resolved.name.clone(),
        model: recipe.model_name(),
        sigma: recipe.model.sigma,
        train_pictures: setup.train.len(),
        train_pixels: pixels,
        test_pictures: setup.test.len(),
        parameters: setup.start.count(whole),
        phases: setup.phases.len(),
        iterations,
        loss: found.loss,
        psnr: setup.start.psnr(found.loss),
        seconds_per_evaluation: seconds,
        run: runs.folder.clone(),
        seeds: runs.seeds,
        seed: recipe.train.seed,
        shape: setup.start.shape(),
        steps: phase.last - phase.first,
    });
    if !found.loss.is_finite() || found.gradient.iter().any(|g| !g.is_finite()) {
        let message = format!(
            "the first loss is {}, or its slope is not finite",
            found.loss
        );
        return Err(Failure::negative(message, None).coded(Code::FirstBatch));
    }
    Ok(0)
}

/// One forward and backward pass of one batch, timed on its second time.
fn classifier(setup: &Setup, runs: &Runs, engine: &dyn Engine, ui: Ui) -> Result<u8, Failure> {
    let recipe = setup.recipe();
    let loader = setup.train_loader()?;
    let Some(batch) = loader.epoch(0, 0).next() else {
        return Err(
            Failure::usage("the data set has no training images", "check `--data-dir`")
                .coded(Code::NoImages),
        );
    };
    let batch = batch?;
    let start = Start::of(setup)?;
    for note in start.note.iter().chain(&setup.surplus_classes()) {
        ui.note(note);
    }
    let parameters = start.parameters;
    // One of the parts that a batch is computed in.
    let part = batch.len().div_ceil(recipe.train.accumulate.max(1));
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
        let targets = targets(&batch, recipe.train.label_smoothing);
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
    ui.answer(&PlannedClassifier {
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
        without_gradient: without.clone(),
        run: runs.folder.clone(),
        seeds: runs.seeds,
        seed: recipe.train.seed,
        shape: [shape.channels, shape.height, shape.width],
        classes: config.classes,
        depth: config.steps.iter().sum(),
        scheme: network.scheme().key,
        block: config.block.clone(),
        batch: part,
    });
    if !without.is_empty() || !loss_value.is_finite() {
        let message = if without.is_empty() {
            format!("the first loss is {loss_value}")
        } else {
            format!("no gradient reaches {}", without.join(", "))
        };
        return Err(Failure::negative(message, None).coded(Code::FirstBatch));
    }
    Ok(0)
}
