//! Whole runs on several ranks, which are threads here: do they leave the bytes of one process?

use super::tests::Threads;
use super::*;
use crate::event::{Event, Sink, SinkError};
use crate::recipe::Layers;
use crate::trainer::{self, Options, Outcome};
use crate::{Setup, TrainError, run};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use timestep_nets::device;

const SMALL: [&str; 7] = [
    "network.width=4",
    "data.limit=150",
    "train.epochs=2",
    // Of the last batch of an epoch, of two images, not every shard gets one.
    "train.batch=37",
    "train.eval_batch=100",
    "train.shards=4",
    "train.ema=0.9",
];

fn setup(recipe: &str, sets: &[&str]) -> Setup {
    let mut layers = Layers::load(recipe);
    for set in SMALL.iter().chain(sets) {
        layers.set(set);
    }
    let resolved = layers.resolve().unwrap_or_else(|e| panic!("{sets:?}: {e}"));
    Setup::new(resolved).expect("digits are embedded")
}

/// Asks one rank to stop in an epoch.
struct Stopper {
    stop: Arc<AtomicBool>,
    epoch: usize,
}

impl Sink for Stopper {
    fn on(&mut self, event: &Event) -> Result<(), SinkError> {
        if matches!(event, Event::Step { epoch, .. } if *epoch == self.epoch) {
            self.stop.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn on_ranks<T: Send>(size: usize, work: impl Fn(Options) -> T + Sync, stop_in: usize) -> Vec<T> {
    let ranks = Threads::new(size);
    std::thread::scope(|scope| {
        let threads: Vec<_> = ranks
            .iter()
            .map(|rank| {
                let (rank, work) = (rank.clone(), &work);
                scope.spawn(move || {
                    let stop = Arc::new(AtomicBool::new(false));
                    let stopper = Stopper {
                        stop: stop.clone(),
                        epoch: stop_in,
                    };
                    let listeners: Vec<Box<dyn Sink>> = match rank.rank() {
                        0 => vec![Box::new(stopper)],
                        _ => Vec::new(),
                    };
                    work(Options {
                        engine: device("cpu").expect("cpu"),
                        threads: 1,
                        ranks: rank,
                        stop,
                        logs: Vec::new(),
                        listeners,
                    })
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|t| t.join().expect("no panic"))
            .collect()
    })
}

/// Trains into a new folder on so many ranks, perhaps up to an epoch only.
fn train(out: &Path, name: &str, setup: &Setup, size: usize, stop_in: usize) -> Vec<Outcome> {
    std::fs::create_dir_all(out.join(name).join("weights")).expect("a folder");
    std::fs::create_dir_all(out.join(name).join("state")).expect("a folder");
    let run = |options| trainer::train(setup, &out.join(name), options).expect("trains");
    on_ranks(size, run, stop_in)
}

fn bytes(out: &Path, name: &str, file: &str) -> Vec<u8> {
    std::fs::read(out.join(name).join(file)).unwrap_or_else(|e| panic!("{name}/{file}: {e}"))
}

const FILES: [&str; 3] = [
    "weights/last.safetensors",
    "weights/best.safetensors",
    "weights/ema.safetensors",
];

const NOISY: &[&str] = &[
    "network.noise=stochastic-depth",
    "noise.keep=0.6",
    "network.dropout=0.2",
    "data.mixup=0.5",
    "network.steps=[2,2]",
    "train.clip_norm=1",
];

/// A limit of right-hand sides is cut by every rank for itself, from the same weights.
#[test]
fn a_limit_leaves_the_same_bytes_on_any_number_of_ranks() {
    let out = tempfile::tempdir().expect("a folder");
    let sets = ["network.steps=[2,2]", "train.ema=0", "train.lipschitz=1.5"];
    let setup = setup("digits/parabolic-20", &sets);
    let last = |size: usize| {
        let name = format!("held-{size}");
        let outcomes = train(out.path(), &name, &setup, size, 0);
        assert!(matches!(outcomes[0], Outcome::Finished { .. }));
        bytes(out.path(), &name, "weights/last.safetensors")
    };
    let one = last(1);
    assert!(one == last(2));
    assert!(one == last(3));
}

#[test]
fn any_number_of_ranks_leaves_the_same_bytes() {
    let out = tempfile::tempdir().expect("a folder");
    let plans: [(&str, &[&str]); 3] = [
        (
            "digits/lm-resnet-20",
            &[
                "network.steps=[2,2]",
                "train.batch=36",
                "train.accumulate=2",
            ],
        ),
        ("digits/wrn-28-10", NOISY),
        ("digits/revnet-38", &["network.steps=[1,1,1]"]),
    ];
    for (recipe, sets) in plans {
        let setup = setup(recipe, sets);
        let name = |size: usize| format!("{}-{size}", recipe.replace('/', "-"));
        for size in 1..=4 {
            let outcomes = train(out.path(), &name(size), &setup, size, 0);
            assert!(matches!(outcomes[0], Outcome::Finished { .. }));
            for file in FILES {
                let found =
                    bytes(out.path(), &name(size), file) == bytes(out.path(), &name(1), file);
                assert!(found, "{recipe}: {file} of {size} ranks");
            }
        }
    }
}

#[test]
fn other_shards_are_another_run() {
    let out = tempfile::tempdir().expect("a folder");
    let sets = |shards| ["network.steps=[1,1]", "train.epochs=1", shards];
    let [four, two] = [sets("train.shards=4"), sets("train.shards=2")]
        .map(|sets| setup("digits/lm-resnet-20", &sets));
    train(out.path(), "four", &four, 1, 0);
    train(out.path(), "two", &two, 1, 0);
    assert_ne!(
        bytes(out.path(), "four", FILES[0]),
        bytes(out.path(), "two", FILES[0])
    );
    // A run keeps its shards, and no more ranks can share them than there are.
    let error = on_ranks(
        1,
        |options| trainer::resume(&two, &out.path().join("four"), options),
        0,
    )
    .swap_remove(0);
    let error = error.expect_err("other shards");
    assert!(error.to_string().contains("train.shards: 4 → 2"), "{error}");
    let errors = on_ranks(
        3,
        |options| trainer::resume(&two, &out.path().join("two"), options),
        0,
    );
    for error in errors {
        let error = error.expect_err("three ranks");
        assert!(matches!(
            error,
            TrainError::Cluster(ClusterError::TooManyRanks {
                ranks: 3,
                shards: 2
            })
        ));
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("train.shards=3"))
        );
    }
}

#[test]
fn a_run_goes_on_with_another_number_of_ranks() {
    let out = tempfile::tempdir().expect("a folder");
    let setup = setup("digits/wrn-28-10", NOISY);
    train(out.path(), "whole", &setup, 1, 0);
    for outcome in train(out.path(), "parts", &setup, 4, 2) {
        assert!(matches!(outcome, Outcome::Interrupted(_)), "{outcome:?}");
    }
    let outcomes = on_ranks(
        2,
        |options| trainer::resume(&setup, &out.path().join("parts"), options).expect("goes on"),
        0,
    );
    assert!(
        matches!(outcomes[1], Outcome::Finished { .. }),
        "{outcomes:?}"
    );
    for file in FILES {
        assert!(
            bytes(out.path(), "whole", file) == bytes(out.path(), "parts", file),
            "{file}"
        );
    }
    assert!(run::recipe(&out.path().join("parts")).is_ok());
}

#[test]
fn all_ranks_say_where_a_run_diverged() {
    let out = tempfile::tempdir().expect("a folder");
    let setup = setup(
        "digits/lm-resnet-20",
        &["network.steps=[1,1]", "optimiser.lr=1e30", "train.ema=0"],
    );
    let one = train(out.path(), "one", &setup, 1, 0);
    let outcomes = train(out.path(), "three", &setup, 3, 0);
    for outcome in outcomes {
        assert_eq!(outcome, one[0]);
        assert!(matches!(outcome, Outcome::Diverged { .. }), "{outcome:?}");
    }
}
