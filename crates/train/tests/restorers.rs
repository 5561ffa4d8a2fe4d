//! Does the recipe of a restorer become a run, and an interrupted run the same as one that was not?

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use timestep_nets::device;
use timestep_train::cluster::Alone;
use timestep_train::event::{EndReason, Event, Measured, Sink, SinkError};
use timestep_train::recipe::Layers;
use timestep_train::trainer::{self, Options, Outcome};
use timestep_train::{RestoreSetup, TrainError, run};

/// Writes small pictures that differ.
fn pictures(folder: &Path, count: u32) {
    std::fs::create_dir_all(folder).expect("a folder");
    for n in 0..count {
        let picture = image::GrayImage::from_fn(24, 20, |x, y| {
            image::Luma([(60 + 50 * ((x / (5 + n)) % 2) + 40 * ((y / 7) % 2) + 3 * n) as u8])
        });
        let path = folder.join(format!("{n}.png"));
        picture.save(path).expect("saved");
    }
}

/// A recipe on pictures, made small.
fn layers(name: &str, data: &Path, sets: &[&str]) -> Layers {
    let mut layers = Layers::load(name);
    layers.flag("--data-dir", "data.dir", &data.display().to_string());
    layers
        .set("model.size=3")
        .set("model.steps=2")
        .set("data.every=1")
        .set("train.greedy=3")
        .set("train.drawn=0");
    for set in sets {
        layers.set(set);
    }
    layers
}

fn setup(layers: Layers) -> Result<RestoreSetup, TrainError> {
    RestoreSetup::new(layers.resolve_restorer()?)
}

/// Sets the stop flag after some evaluations, and keeps the events.
#[derive(Clone)]
struct Watch {
    left: Arc<Mutex<usize>>,
    stop: Arc<AtomicBool>,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Sink for Watch {
    fn on(&mut self, event: &Event) -> Result<(), SinkError> {
        self.events.lock().expect("whole").push(event.clone());
        if matches!(event, Event::Evaluation { .. }) {
            let mut left = self.left.lock().expect("whole");
            *left -= 1;
            if *left == 0 {
                self.stop.store(true, Ordering::SeqCst);
            }
        }
        Ok(())
    }
}

fn watch(stop_after: usize) -> (Watch, Options) {
    let watch = Watch {
        left: Arc::new(Mutex::new(stop_after)),
        stop: Arc::new(AtomicBool::new(false)),
        events: Arc::default(),
    };
    let options = Options {
        engine: device("cpu").expect("there is one"),
        threads: 2,
        ranks: Arc::new(Alone),
        stop: watch.stop.clone(),
        logs: vec!["tensorboard".into()],
        listeners: vec![Box::new(watch.clone())],
    };
    (watch, options)
}

/// What a run leaves: weights, table, events without times, and in how many parts it was run.
struct Left {
    last: Vec<u8>,
    best: Vec<u8>,
    rows: String,
    events: Vec<String>,
    parts: usize,
    outcome: Outcome,
}

fn trained(layers: &Layers, folder: &Path, stop_after: usize) -> Left {
    let setup = setup(layers.clone()).expect("a setup");
    std::fs::create_dir_all(folder).expect("a folder");
    let at = run::create(folder, "run").expect("a run folder");
    let (_, options) = watch(stop_after);
    let mut outcome = trainer::train(&setup, &at, options).expect("trained");
    let mut parts = 1;
    while matches!(outcome, Outcome::Interrupted(_)) {
        assert!(at.join("state").is_dir(), "an unfinished run has a state");
        let (_, options) = watch(stop_after);
        outcome = trainer::resume(&setup, &at, options).expect("continued");
        parts += 1;
        assert!(parts < 200, "it gets on");
    }
    assert!(!at.join("state").exists(), "a finished run needs no state");
    let read = |name: &str| std::fs::read(at.join(name)).expect(name);
    let text = String::from_utf8(read("events.jsonl")).expect("text");
    let kept = |line: &&str| {
        ["phase_end", "evaluation", "checkpoint", "end"]
            .iter()
            .any(|name| line.contains(&format!("\"event\":\"{name}\"")))
    };
    let timeless = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        if let Some(object) = value.as_object_mut() {
            object.remove("seconds");
        }
        value.to_string()
    };
    Left {
        last: read("weights/last.safetensors"),
        best: read("weights/best.safetensors"),
        rows: String::from_utf8(read("metrics.csv")).expect("text"),
        events: text.lines().filter(kept).map(timeless).collect(),
        parts,
        outcome,
    }
}

#[test]
fn an_interrupted_run_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("pictures");
    pictures(&data, 4);
    let others = folder.path().join("others");
    pictures(&others, 2);
    let measured_on = format!("data.test_dir={}", others.display());
    for (name, sets) in [
        (
            "denoising/lm-trd-5x5-s25",
            &[
                "train.joint=4",
                "train.finish=2",
                "train.drawn=5",
                "train.drawn_batch=2",
            ][..],
        ),
        (
            "denoising/csf-7x7-s25",
            &[
                "data.every=2",
                "data.test_every=2",
                "data.test_skip=1",
                &measured_on,
                "train.drawn=4",
                "train.drawn_batch=3",
            ],
        ),
    ] {
        let layers = layers(name, &data, sets);
        let at = |part: &str| folder.path().join(name.replace('/', "-")).join(part);
        let whole = trained(&layers, &at("whole"), usize::MAX);
        let pieces = trained(&layers, &at("pieces"), 3);
        assert!(pieces.parts > 2, "{name}: it was interrupted");
        assert!(whole.last == pieces.last, "{name}: the last weights differ");
        assert!(whole.best == pieces.best, "{name}: the best weights differ");
        assert_eq!(whole.rows, pieces.rows, "{name}");
        let paths = |events: &[String]| -> Vec<String> {
            let without = |e: &String| {
                let mut value: serde_json::Value = serde_json::from_str(e).expect("JSON");
                value["path"] = serde_json::Value::Null;
                value.to_string()
            };
            events.iter().map(without).collect()
        };
        assert_eq!(paths(&whole.events), paths(&pieces.events), "{name}");
        let (Outcome::Finished { measured: a, .. }, Outcome::Finished { measured: b, .. }) =
            (&whole.outcome, &pieces.outcome)
        else {
            panic!("both finished");
        };
        assert_eq!(a, b, "{name}");
        // The loss falls over the run, and every evaluation has a row.
        let psnr = |row: &str| row.rsplit(',').next().and_then(|n| n.parse::<f64>().ok());
        let all: Vec<f64> = whole.rows.lines().skip(1).filter_map(psnr).collect();
        assert!(all[all.len() - 1] > all[0], "{name}: {all:?}");
        let Measured::Restorer { last, best } = a else {
            panic!("a restorer");
        };
        assert_eq!(last.evaluation, all.len(), "{name}");
        let held_out = sets.iter().any(|set| set.starts_with("data.test_every"));
        assert_eq!(last.test.is_some(), held_out, "{name}");
        if !held_out {
            // Without test pictures, the last phase counts.
            assert_eq!(best.phase, last.phase);
            assert!(whole.last == whole.best);
        }
    }
}

#[test]
fn a_run_without_a_saved_state_goes_on_from_its_evaluations() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("pictures");
    pictures(&data, 2);
    let layers = layers("denoising/trd-5x5-s25", &data, &["train.joint=2"]);
    let whole = trained(&layers, &folder.path().join("whole"), usize::MAX);
    let setup = setup(layers).expect("a setup");
    let killed = run::create(folder.path(), "killed").expect("a run folder");
    let (_, options) = watch(2);
    trainer::train(&setup, &killed, options).expect("interrupted");
    // As a crash before the first save, or version 0.1, leaves it.
    std::fs::remove_file(killed.join("state/progress.json")).expect("removed");
    std::fs::remove_file(killed.join("events.jsonl")).expect("removed");
    let (watched, options) = watch(usize::MAX);
    trainer::resume(&setup, &killed, options).expect("continued");
    let weights = std::fs::read(killed.join("weights/last.safetensors")).expect("weights");
    assert!(weights == whole.last, "the same bits");
    let rows = std::fs::read_to_string(killed.join("metrics.csv")).expect("a table");
    assert_eq!(rows, whole.rows, "every evaluation is told");
    let events = watched.events.lock().expect("whole");
    assert!(matches!(events[0], Event::Start { resumed: None, .. }));
}

#[test]
fn time_ends_a_run_that_can_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("pictures");
    pictures(&data, 2);
    let sets =
        |time: &'static str| layers("denoising/trd-5x5-s25", &data, &["train.joint=2", time]);
    let whole = trained(
        &sets("train.time="),
        &folder.path().join("whole"),
        usize::MAX,
    );
    let short = setup(sets("train.time=0.000001s")).expect("a setup");
    let at = run::create(folder.path(), "short").expect("a run folder");
    let (_, options) = watch(usize::MAX);
    let outcome = trainer::train(&short, &at, options).expect("trained");
    let Outcome::Finished {
        reason, measured, ..
    } = outcome
    else {
        panic!("it ended: {outcome:?}");
    };
    assert_eq!(reason, EndReason::Time);
    assert!(matches!(measured, Measured::Restorer { last, .. } if last.evaluation == 1));
    for name in ["last", "best"] {
        assert!(at.join(format!("weights/{name}.safetensors")).is_file());
    }
    let long = setup(sets("train.time=1h")).expect("a setup");
    let (_, options) = watch(usize::MAX);
    trainer::resume(&long, &at, options).expect("continued");
    let weights = std::fs::read(at.join("weights/last.safetensors")).expect("weights");
    assert!(weights == whole.last, "the same bits");
    // A finished run has nothing left to do, and says how it ended.
    let (_, options) = watch(usize::MAX);
    let again = trainer::resume(&long, &at, options).expect("nothing to do");
    assert!(
        matches!(
            again,
            Outcome::Finished {
                reason: EndReason::Phases,
                ..
            }
        ),
        "{again:?}"
    );
}

#[test]
fn what_would_not_be_the_same_run_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("pictures");
    pictures(&data, 3);
    let name = "denoising/trd-5x5-s25";
    let first = setup(layers(name, &data, &[])).expect("a setup");
    let at = run::create(folder.path(), "run").expect("a run folder");
    let (_, options) = watch(2);
    trainer::train(&first, &at, options).expect("interrupted");
    let resumed = |sets: &[&str]| {
        let (_, options) = watch(usize::MAX);
        trainer::resume(
            &setup(layers(name, &data, sets)).expect("a setup"),
            &at,
            options,
        )
    };
    assert!(matches!(
        resumed(&["train.greedy=4"]),
        Err(TrainError::OtherSettings { .. })
    ));
    std::fs::remove_file(data.join("2.png")).expect("removed");
    assert!(matches!(resumed(&[]), Err(TrainError::OtherData { .. })));
}

#[test]
fn pictures_and_weights_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("pictures");
    let name = "denoising/trd-5x5-s25";
    let of = |sets: &[&str]| setup(layers(name, &data, sets)).err();
    assert!(
        matches!(of(&[]), Some(TrainError::Pictures(_))),
        "no folder"
    );
    pictures(&data, 4);
    assert!(of(&[]).is_none());
    assert!(matches!(
        of(&["data.dir="]),
        Some(TrainError::NeedsPictures)
    ));
    assert!(matches!(
        of(&["data.skip=9"]),
        Some(TrainError::Pictures(_))
    ));
    // Pictures that are trained on are not measured on.
    let overlap = of(&["data.test_every=2"]);
    assert!(
        matches!(overlap, Some(TrainError::NotHeldOut { .. })),
        "{overlap:?}"
    );
    let apart = ["data.every=2", "data.test_every=2", "data.test_skip=1"];
    assert!(of(&apart).is_none());
    let same = format!("data.test_dir={}", data.display());
    assert!(matches!(of(&[&same]), Some(TrainError::NotHeldOut { .. })));
    let none: PathBuf = folder.path().join("nothing");
    let missing = format!("data.test_dir={}", none.display());
    assert!(matches!(of(&[&missing]), Some(TrainError::Pictures(_))));
    for (start, fits) in [
        ("trd-7x7-s25", false),
        ("csf-7x7-s25", false),
        ("trd-5x5-s15", true),
    ] {
        let set = format!("model.start={start}");
        let found = of(&["model.size=5", "model.steps=5", &set]);
        assert_eq!(found.is_none(), fits, "{start}: {found:?}");
        assert!(
            fits || matches!(found, Some(TrainError::Start { .. })),
            "{start}"
        );
    }
    let found = of(&["model.start=nothing.safetensors"]);
    assert!(matches!(found, Some(TrainError::File(_))), "{found:?}");
}
