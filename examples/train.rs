//! Trains a small LM-ResNet on the embedded digits, from a recipe and two settings, and evaluates what was saved.
//!
//!     cargo run --release --example train

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timestep_nets::device;
use timestep_train::cluster::Alone;
use timestep_train::event::Measured;
use timestep_train::recipe::Layers;
use timestep_train::trainer::{self, Options, Outcome};
use timestep_train::{Setup, Trained, run};

/// Trains into a new folder below `out`; the accuracy on the test images after the last epoch.
pub fn train(out: &Path, epochs: usize) -> Result<f64, Box<dyn Error>> {
    let mut layers = Layers::load("digits/lm-resnet-20");
    layers.set(&format!("train.epochs={epochs}"));
    layers.set("network.steps=[2,2]");
    let setup = Setup::new(layers.resolve()?)?;
    let folder = run::create(out, "example")?;
    let options = Options {
        engine: device("cpu")?,
        threads: 2,
        ranks: Arc::new(Alone),
        stop: Arc::new(AtomicBool::new(false)),
        logs: Vec::new(),
        listeners: Vec::new(),
    };
    let Outcome::Finished {
        measured: Measured::Classifier { test, .. },
        ..
    } = trainer::train(&setup, &folder, options)?
    else {
        return Err("the run did not come to its end".into());
    };
    let trained = Trained::load_finite(&folder.join("weights/last.safetensors"))?;
    println!(
        "{}: {} numbers",
        folder.display(),
        trained.parameters.values().len()
    );
    Ok(test.top1)
}

/// In a folder that goes again.
pub fn main() -> Result<(), Box<dyn Error>> {
    let out = std::env::temp_dir().join(format!("timestep-example-{}", std::process::id()));
    let top1 = train(&out, 3);
    std::fs::remove_dir_all(&out)?;
    println!("top-1 after 3 epochs: {:.3}", top1?);
    Ok(())
}
