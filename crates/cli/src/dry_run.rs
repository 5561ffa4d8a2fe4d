//! `train --dry-run`: would this recipe run, and how long would it take? Nothing is written.

use crate::codes::Code;
use crate::failure::Failure;
use crate::ui::Ui;
use serde_json::json;
use std::time::Instant;
use timestep_engine::{End, GradientSink, Numbers};
use timestep_nets::{Engine, ParamId, Pass, Targets, ops};
use timestep_train::evaluate::images;
use timestep_train::{Setup, Start};

/// Which parameters a gradient has reached.
struct Reached(Vec<bool>);

impl GradientSink for Reached {
    fn add(&mut self, id: ParamId, _gradient: Numbers<'_>) {
        self.0[id.index()] = true;
    }
}

/// One forward and backward pass of one batch, timed on its second time.
pub(crate) fn run(setup: &Setup, engine: &dyn Engine, ui: Ui) -> Result<u8, Failure> {
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
    if let Some(note) = &start.note {
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
        let targets = Targets {
            labels: batch.labels[..part].to_vec(),
            smoothing: recipe.train.label_smoothing,
            mixed: None,
        };
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
    let hours = seconds * steps as f64 / 3600.0;
    let memory = network.cost().activations * 4 * part;
    if ui.json {
        ui.object(json!({
            "recipe": setup.resolved.name,
            "network": network.config().name,
            "data": setup.dataset.name,
            "train_images": setup.dataset.train.len(),
            "test_images": setup.dataset.test.len(),
            "parameters": network.cost().parameters,
            "coefficients": network.coefficient_count(),
            "multiply_adds": network.cost().multiply_adds,
            "loss": loss_value,
            "seconds_per_step": seconds,
            "steps": steps,
            "hours": hours,
            "activation_bytes": memory,
            "without_gradient": without,
        }));
    } else {
        ui.data(&format!(
            "recipe    {} (seed {})\n\
             data      {}: {} train, {} test images of {}\n\
             network   {}: {} steps of `{}` on `{}`\n\
             cost      {} parameters and {} coefficients, {:.1} M multiply-adds an image\n\
             memory    about {} MB of activations at batch {}\n\
             check     one batch forward and backward: loss {loss_value:.3} (ln {} = {:.3})\n\
             time      {seconds:.2} s a step, {steps} steps: about {}\n\
             Nothing was written. Remove --dry-run to start.",
            setup.resolved.name,
            recipe.train.seed,
            setup.dataset.name,
            setup.dataset.train.len(),
            setup.dataset.test.len(),
            setup.dataset.shape,
            network.config().name,
            network.config().steps.iter().sum::<usize>(),
            network.scheme().key,
            network.config().block,
            network.cost().parameters,
            network.coefficient_count(),
            network.cost().multiply_adds as f64 / 1e6,
            memory / 1_000_000,
            part,
            network.config().classes,
            (network.config().classes as f64).ln(),
            duration(hours),
        ));
    }
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

/// Hours as a person says them.
fn duration(hours: f64) -> String {
    let minutes = (hours * 60.0).round() as u64;
    match minutes {
        0 => "a minute".into(),
        1..=119 => format!("{minutes} minutes"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}
