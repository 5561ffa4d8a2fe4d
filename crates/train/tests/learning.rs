//! Do optimisers, averages, parts of batches, frozen parts and weights to start from do what recipes ask for,
//! and does a run with all of them go on after an interruption as if nothing had happened?

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use timestep_nets::{Draws, Engine, ParamId, Targets, device};
use timestep_train::cluster::Alone;
use timestep_train::event::{EndReason, Event, Measured, Position, Sink, SinkError};
use timestep_train::recipe::Layers;
use timestep_train::trainer::{self, Options, Outcome};
use timestep_train::{Card, Examples, Learner, Setup, Start, TrainError, Trained, run};

/// A narrow network on some of the digits: a run of a second.
const SMALL: [&str; 8] = [
    "network.steps=[2,2]",
    "network.width=4",
    "data.limit=320",
    "train.epochs=3",
    "train.batch=64",
    "schedule.name=constant",
    "schedule.warmup_epochs=0.5",
    "optimiser.lr=0.05",
];

fn setup(sets: &[&str]) -> Setup {
    let mut layers = Layers::load("digits/lm-resnet-20");
    for set in SMALL.iter().chain(sets) {
        layers.set(set);
    }
    let resolved = layers.resolve().unwrap_or_else(|e| panic!("{sets:?}: {e}"));
    Setup::new(resolved).expect("digits are embedded")
}

/// Stops a run after the first step of an epoch; remembers what it was told.
struct Listener {
    stop: Arc<AtomicBool>,
    at: Option<usize>,
    heard: std::sync::mpsc::Sender<Event>,
}

impl Sink for Listener {
    fn on(&mut self, event: &Event) -> Result<(), SinkError> {
        if matches!(event, Event::Step { epoch, .. } if Some(*epoch) == self.at) {
            self.stop.store(true, Ordering::Relaxed);
        }
        // Nobody may be listening any more.
        drop(self.heard.send(event.clone()));
        Ok(())
    }
}

fn options(stop_in: Option<usize>) -> (Options, std::sync::mpsc::Receiver<Event>) {
    let stop = Arc::new(AtomicBool::new(false));
    let (heard, events) = std::sync::mpsc::channel();
    let listener = Listener {
        stop: stop.clone(),
        at: stop_in,
        heard,
    };
    let options = Options {
        engine: device("cpu").expect("cpu"),
        threads: 1,
        ranks: Arc::new(Alone),
        stop,
        logs: Vec::new(),
        listeners: vec![Box::new(listener)],
    };
    (options, events)
}

/// Trains into `out/name`; the folder, how it ended and what was told.
fn train(
    out: &Path,
    name: &str,
    setup: &Setup,
    stop_in: Option<usize>,
) -> (PathBuf, Outcome, Vec<Event>) {
    let folder = run::create(out, name).expect("a folder");
    let (options, events) = options(stop_in);
    let outcome = trainer::train(setup, &folder, options).expect("trains");
    (folder, outcome, events.try_iter().collect())
}

fn resume(folder: &Path, sets: &[&str]) -> Result<Outcome, TrainError> {
    let mut layers = run::layers(folder)?;
    for set in sets {
        layers.set(set);
    }
    trainer::resume(&Setup::new(layers.resolve()?)?, folder, options(None).0)
}

fn bytes(folder: &Path, file: &str) -> Vec<u8> {
    std::fs::read(folder.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn weights(folder: &Path, name: &str) -> Trained {
    Trained::load(&folder.join(format!("weights/{name}.safetensors"))).expect("weights")
}

fn epochs(events: &[Event]) -> usize {
    let epoch = |event: &&Event| matches!(event, Event::Epoch { .. });
    events.iter().filter(epoch).count()
}

#[test]
fn interrupted_runs_of_every_optimiser_go_on_as_if_nothing_had_happened() {
    let out = tempfile::tempdir().expect("a folder");
    let plans: [&[&str]; 3] = [
        &[
            "optimiser.nesterov=true",
            "train.ema=0.9",
            "train.clip_norm=0.5",
        ],
        &[
            "optimiser.name=adamw",
            "train.ema=0.95",
            "train.accumulate=4",
            "train.clip_norm=1",
        ],
        &[
            "optimiser.name=lion",
            "optimiser.lr=0.002",
            "train.freeze=[\"layer1\"]",
            "train.ema=0.5",
        ],
    ];
    for (at, sets) in plans.into_iter().enumerate() {
        let setup = setup(sets);
        let (whole, ..) = train(out.path(), &format!("whole{at}"), &setup, None);
        let (parts, outcome, _) = train(out.path(), &format!("parts{at}"), &setup, Some(2));
        let Outcome::Interrupted(position) = outcome else {
            panic!("{sets:?}: {outcome:?}");
        };
        let middle = Position::Epochs { epoch: 1, step: 6 };
        assert_eq!(position, middle, "{sets:?}");
        resume(&parts, &[]).expect("goes on");
        for file in [
            "weights/last.safetensors",
            "weights/best.safetensors",
            "weights/ema.safetensors",
        ] {
            assert!(
                bytes(&whole, file) == bytes(&parts, file),
                "{sets:?}: {file}"
            );
        }
        assert!(
            bytes(&whole, "weights/ema.safetensors") != bytes(&whole, "weights/last.safetensors")
        );
    }
}

#[test]
fn runs_may_become_longer_where_that_leaves_their_past_alone() {
    let out = tempfile::tempdir().expect("a folder");
    let (long, ..) = train(out.path(), "long", &setup(&["train.epochs=3"]), None);
    let (short, ..) = train(out.path(), "short", &setup(&["train.epochs=1"]), None);
    let outcome = resume(&short, &["train.epochs=3"]).expect("a constant rate");
    assert!(matches!(
        outcome,
        Outcome::Finished {
            reason: EndReason::Epochs,
            ..
        }
    ));
    let numbers = |folder: &Path| weights(folder, "last").parameters;
    assert_eq!(numbers(&long), numbers(&short));
    // It stays longer.
    assert_eq!(run::recipe(&short).expect("a recipe").train.epochs, 3);
    for schedule in ["schedule.name=cosine", "schedule.name=one-cycle"] {
        let (folder, ..) = train(
            out.path(),
            "other",
            &setup(&["train.epochs=1", schedule]),
            None,
        );
        let error = resume(&folder, &["train.epochs=3"]).expect_err("other rates");
        assert!(error.to_string().contains("train.epochs: 1 → 3"), "{error}");
        let hint = error.hint().expect("a hint");
        assert!(hint.contains("depends on the number of epochs"), "{hint}");
    }
}

#[test]
fn patience_ends_a_run_that_does_not_improve() {
    let out = tempfile::tempdir().expect("a folder");
    let sets = [
        "train.epochs=9",
        "train.patience=2",
        "optimiser.lr=1e-9",
        "optimiser.momentum=0",
    ];
    let (folder, outcome, events) = train(out.path(), "waits", &setup(&sets), None);
    let Outcome::Finished {
        reason: EndReason::Patience,
        measured: Measured::Classifier { best, .. },
        ..
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert_eq!(epochs(&events), best.epoch + 2);
    // Going on changes nothing, unless there is more patience.
    let outcome = resume(&folder, &[]).expect("goes on");
    assert!(matches!(
        outcome,
        Outcome::Finished {
            reason: EndReason::Patience,
            ..
        }
    ));
    let outcome = resume(&folder, &["train.patience=0"]).expect("may change");
    assert!(matches!(
        outcome,
        Outcome::Finished {
            reason: EndReason::Epochs,
            ..
        }
    ));
}

#[test]
fn averages_are_measured_and_saved_every_epoch() {
    let out = tempfile::tempdir().expect("a folder");
    let (folder, _, events) = train(out.path(), "averages", &setup(&["train.ema=0.9"]), None);
    let told: Vec<f64> = events
        .iter()
        .filter_map(|event| match event {
            Event::Epoch { ema, .. } => Some(ema.expect("an average").top1),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 3);
    let Trained {
        card: Card { top1, epoch, .. },
        ..
    } = weights(&folder, "ema");
    assert_eq!((top1, epoch), (told[2], 3));
    let (without, _, events) = train(out.path(), "without", &setup(&[]), None);
    assert!(!without.join("weights/ema.safetensors").exists());
    assert!(
        events
            .iter()
            .all(|event| !matches!(event, Event::Epoch { ema: Some(_), .. }))
    );
    // The average watches; it does not steer.
    assert_eq!(
        weights(&folder, "last").parameters,
        weights(&without, "last").parameters
    );
}

#[test]
fn frozen_parts_keep_their_bits_and_the_others_learn() {
    let out = tempfile::tempdir().expect("a folder");
    let (first, ..) = train(out.path(), "first", &setup(&[]), None);
    let init = format!("train.init=\"{}\"", first.display());
    let setup = setup(&[
        &init,
        "train.freeze=stem,layer1",
        "train.epochs=1",
        "optimiser.decay_norms=true",
    ]);
    let (second, ..) = train(out.path(), "second", &setup, None);
    let (before, after) = (
        weights(&first, "best").parameters,
        weights(&second, "last").parameters,
    );
    let network = &setup.network;
    for part in network.parts() {
        let frozen = ["stem", "layer1"].contains(&part.name.as_str());
        let same = network
            .specs()
            .ids()
            .filter(|id| part.parameters.contains(&id.index()))
            .all(|id| before.value(id) == after.value(id));
        assert_eq!(same, frozen, "{}", part.name);
    }
}

#[test]
fn weights_to_start_from_may_tell_other_classes_apart() {
    let out = tempfile::tempdir().expect("a folder");
    let (half, ..) = train(
        out.path(),
        "half",
        &setup(&["data.classes=0,1,2,3,4"]),
        None,
    );
    let init = format!("train.init=\"{}\"", half.display());
    let all = setup(&[&init]);
    let start = Start::of(&all).expect("the same network");
    let note = start.note.expect("the head is new");
    assert_eq!(
        note,
        "the head starts anew: the weights tell 5 classes apart, the data has 10"
    );
    let (_, outcome, events) = train(out.path(), "all", &all, None);
    assert!(matches!(outcome, Outcome::Finished { .. }));
    let told = |event: &Event| matches!(event, Event::Warning { message, .. } if *message == note);
    assert!(events.iter().any(told));
    // Another network is none to start from.
    let wider = setup(&[&init, "network.width=8"]);
    let error = Start::of(&wider).expect_err("wider").to_string();
    assert!(error.contains("width is 4 instead of 8"), "{error}");
    assert!(
        error.contains("`conv1.weight` has shape [4, 1, 3, 3] instead of [8, 1, 3, 3]"),
        "{error}"
    );
    let nowhere = setup(&["train.init=nowhere.safetensors"]);
    assert!(matches!(Start::of(&nowhere), Err(TrainError::File(_))));
}

#[test]
fn parts_that_are_not_there_are_refused_before_a_run_begins() {
    let mut layers = Layers::load("digits/lm-resnet-20");
    layers.set("train.freeze=steam");
    let error = Setup::new(layers.resolve().expect("only a network knows its parts"));
    assert!(matches!(error, Err(TrainError::UnknownPart { .. })));
}

/// Weights after a step on `images` images of which each stands `copies` times one after the other in the batch.
fn stepped(setup: &Setup, images: usize, copies: usize) -> (f64, Vec<f32>) {
    let engine: Arc<dyn Engine> = device("cpu").expect("cpu");
    let mut parameters = setup.network.init(1);
    let mut learner = Learner::of(engine, setup.recipe(), &setup.network).expect("a recipe");
    let one: Vec<f32> = (0..images * 64).map(|i| (i as f32 * 0.37).sin()).collect();
    let labels: Vec<u32> = (0..images as u32).map(|i| i % 10).collect();
    let examples = Examples {
        dims: [images * copies, 1, 8, 8],
        images: &one.repeat(copies),
        targets: &Targets::of(&labels.repeat(copies)),
    };
    let found = learner.step(&setup.network, &mut parameters, &examples, 0.1, None);
    let found = found.expect("a step").expect("finite");
    assert_eq!(found.logits.len(), images * copies * 10);
    let trained = setup.network.specs().iter().zip(parameters.ids());
    let values = trained
        .filter(|(spec, _)| spec.is_trained())
        .flat_map(|(_, id)| parameters.value(id).to_vec());
    (found.loss, values.collect())
}

#[test]
fn a_batch_in_parts_has_the_mean_of_their_gradients() {
    let (whole, parts) = (setup(&[]), setup(&["train.accumulate=2"]));
    // Both halves of the batch are the same, and so are their statistics: parts change nothing.
    let (loss, one) = stepped(&whole, 8, 1);
    for (other, values) in [stepped(&whole, 8, 2), stepped(&parts, 8, 2)] {
        assert!((loss - other).abs() < 1e-6, "{loss} against {other}");
        for (a, b) in one.iter().zip(&values) {
            assert!((a - b).abs() < 2e-6, "{a} against {b}");
        }
    }
    // One part after the other is not the whole.
    let (_, halves) = stepped(&parts, 8, 1);
    assert!(one.iter().zip(&halves).any(|(a, b)| (a - b).abs() > 1e-4));
}

#[test]
fn clipped_gradients_move_weights_no_further_than_told() {
    let plain = ["optimiser.momentum=0", "optimiser.weight_decay=0"];
    let clipped = setup(&[&plain[..], &["train.clip_norm=0.01"]].concat());
    let (start, free) = (clipped.network.init(1), setup(&plain));
    let moved = |setup: &Setup| {
        let (_, values) = stepped(setup, 8, 1);
        let specs = setup.network.specs().iter().zip(start.ids());
        let before = specs
            .filter(|(spec, _)| spec.is_trained())
            .flat_map(|(_, id)| start.value(id).to_vec());
        let squares = before.zip(values).map(|(a, b)| f64::from(a - b).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let (far, near) = (moved(&free), moved(&clipped));
    assert!(far > 0.01, "{far}");
    // The rate is 0.1, the norm at most 0.01; weights are rounded to f32.
    assert!((near - 0.001).abs() < 1e-5, "{near}");
}

/// A block that noise drops for the whole batch has no gradient: neither its velocity nor decay moves it. (PyTorch skips
/// parameters whose gradient is none in the same way.)
#[test]
fn weights_of_a_block_that_a_batch_drops_keep_their_bits() {
    for name in ["sgd", "adamw", "lion"] {
        let setup = setup(&[
            &format!("optimiser.name={name}"),
            "network.noise=stochastic-depth",
            "noise.keep=0.5",
            "noise.decay=constant",
            "optimiser.weight_decay=0.01",
        ]);
        let network = &setup.network;
        let mut parameters = network.init(1);
        let engine = device("cpu").expect("cpu");
        let mut learner = Learner::of(engine, setup.recipe(), network).expect("a recipe");
        let pixels: Vec<f32> = (0..8 * 64).map(|i| (i as f32 * 0.37).sin()).collect();
        let examples = Examples {
            dims: [8, 1, 8, 8],
            images: &pixels,
            targets: &Targets::of(&[0, 1, 2, 3, 4, 5, 6, 7]),
        };
        let of_block = |id: &ParamId| {
            let name = &network.specs()[id.index()].name;
            name.starts_with("layer") && name.ends_with("conv2.weight")
        };
        let blocks: Vec<ParamId> = network.specs().ids().filter(of_block).collect();
        assert_eq!(blocks.len(), 4);
        let (mut kept, mut moved) = (0, vec![0; blocks.len()]);
        for step in 0..12 {
            let draws = Draws {
                seed: 3,
                step,
                images: (0..8).collect(),
            };
            let before = parameters.clone();
            let done = learner.step(network, &mut parameters, &examples, 0.01, Some(draws));
            done.expect("a step").expect("finite");
            for (id, moved) in blocks.iter().zip(&mut moved) {
                let pairs = before.value(*id).iter().zip(parameters.value(*id));
                let changed = pairs.filter(|(a, b)| a != b).count();
                match changed {
                    // Only after a first step is there a velocity to wait.
                    0 => kept += usize::from(*moved > 0),
                    _ => *moved += 1,
                }
            }
        }
        assert!(kept > 5, "{name}: {kept}");
        assert!(moved.iter().all(|moved| *moved > 1), "{name}: {moved:?}");
    }
}
