//! Does a run with a limit of Lipschitz constants leave the same bytes, interrupted or not, on any number of threads, and keep it in all
//! weights that it saves?

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use timestep_nets::device;
use timestep_train::cluster::Alone;
use timestep_train::event::{Event, Sink, SinkError};
use timestep_train::recipe::Layers;
use timestep_train::trainer::{self, Options, Outcome};
use timestep_train::{LipschitzLimit, Setup, Trained, run};

/// 90 batches an epoch, at a rate at which the largest frequencies change: bounds are found anew in the middle of epochs, and what they left
/// is needed where a run goes on.
fn setup(sets: &[&str]) -> Setup {
    let mut layers = Layers::load("digits/parabolic-20");
    let small = [
        "network.steps=[2,2]",
        "network.width=4",
        "train.epochs=2",
        "train.keep=1",
        "train.batch=16",
        "optimiser.lr=0.5",
        "schedule.name=constant",
        "train.lipschitz=1.5",
    ];
    for set in small.iter().chain(sets) {
        layers.set(set);
    }
    let resolved = layers.resolve().unwrap_or_else(|e| panic!("{sets:?}: {e}"));
    Setup::new(resolved).expect("digits are embedded")
}

/// Stops a run after a step of the second epoch.
struct Stopper(Arc<AtomicBool>);

impl Sink for Stopper {
    fn on(&mut self, event: &Event) -> Result<(), SinkError> {
        if matches!(event, Event::Step { epoch: 2, .. }) {
            self.0.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn options(stops: bool) -> Options {
    let stop = Arc::new(AtomicBool::new(false));
    let listener: Box<dyn Sink> = Box::new(Stopper(stop.clone()));
    Options {
        engine: device("cpu").expect("cpu"),
        threads: 1,
        ranks: Arc::new(Alone),
        stop,
        logs: Vec::new(),
        listeners: if stops { vec![listener] } else { Vec::new() },
    }
}

/// Trains on a number of threads.
fn train(out: &Path, name: &str, setup: &Setup, threads: usize, stops: bool) -> (PathBuf, Outcome) {
    let folder = run::create(out, name).expect("a folder");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let outcome = pool
        .expect("threads")
        .install(|| trainer::train(setup, &folder, options(stops)).expect("trains"));
    (folder, outcome)
}

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(format!("weights/{name}.safetensors"))).expect("weights")
}

#[test]
fn runs_leave_the_same_bytes_interrupted_or_not_on_any_number_of_threads() {
    let out = tempfile::tempdir().expect("a folder");
    let setup = setup(&[]);
    let (whole, _) = train(out.path(), "whole", &setup, 1, false);
    let names = ["last", "best", "epoch-0001", "epoch-0002"];
    for threads in [2, 3] {
        let (folder, _) = train(out.path(), &format!("on{threads}"), &setup, threads, false);
        for name in names {
            assert!(
                bytes(&whole, name) == bytes(&folder, name),
                "{threads}: {name}"
            );
        }
    }
    let (parts, outcome) = train(out.path(), "parts", &setup, 1, true);
    assert!(matches!(outcome, Outcome::Interrupted(_)), "{outcome:?}");
    trainer::resume(&setup, &parts, options(false)).expect("goes on");
    for name in names {
        assert!(
            bytes(&whole, name) == bytes(&parts, name),
            "resumed: {name}"
        );
    }
    let limit = LipschitzLimit::of(&setup.network, 1.5).expect("chains");
    let limit = limit.expect("a limit");
    for name in names {
        let file = whole.join(format!("weights/{name}.safetensors"));
        let bound = limit.value(&Trained::load(&file).expect("weights").parameters);
        assert!((1.4..=1.5).contains(&bound), "{name}: {bound}");
    }
}

/// A run that its time ends within an epoch saves weights within the limit, and goes on as if it had not.
#[test]
fn weights_of_a_run_that_its_time_ends_keep_the_limit() {
    let out = tempfile::tempdir().expect("a folder");
    let short = setup(&[
        "train.time=1s",
        "train.epochs=100000",
        "schedule.name=constant",
    ]);
    let (folder, outcome) = train(out.path(), "short", &short, 2, false);
    assert!(matches!(outcome, Outcome::Finished { .. }), "{outcome:?}");
    let limit = LipschitzLimit::of(&short.network, 1.5).expect("chains");
    let file = folder.join("weights/last.safetensors");
    let trained = Trained::load(&file).expect("weights");
    let bound = limit.expect("a limit").value(&trained.parameters);
    assert!((1.4..=1.5).contains(&bound), "{bound}");
}
