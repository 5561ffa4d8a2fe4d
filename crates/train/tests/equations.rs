//! Do networks of every block, and of every scheme, learn from data as recipes ask for, and does what makes one a differential
//! equation?

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use timestep_nets::{Mode, Pass, blocks, device};
use timestep_numerics::schemes;
use timestep_train::cluster::Alone;
use timestep_train::event::{Event, Measured, SearchMetrics};
use timestep_train::recipe::Layers;
use timestep_train::trainer::{self, Options, Outcome};
use timestep_train::{DepthPenalty, Setup, Trained, run, statistics};

fn options() -> Options {
    Options {
        engine: device("cpu").expect("cpu"),
        threads: 1,
        ranks: Arc::new(Alone),
        stop: Arc::new(AtomicBool::new(false)),
        logs: Vec::new(),
        listeners: Vec::new(),
    }
}

/// The run of one short epoch on digits.
fn setup(recipe: &str, sets: &[&str]) -> Setup {
    let mut layers = Layers::load(recipe);
    let small = [
        "network.width=8",
        "data.limit=256",
        "train.epochs=1",
        "train.batch=64",
    ];
    for set in small.iter().chain(sets) {
        layers.set(set);
    }
    let resolved = layers
        .resolve()
        .unwrap_or_else(|e| panic!("{recipe} {sets:?}: {e}"));
    Setup::new(resolved).unwrap_or_else(|e| panic!("{recipe} {sets:?}: {e}"))
}

/// The loss on the test digits after one short epoch.
fn loss_of_an_epoch(recipe: &str, sets: &[&str]) -> f64 {
    let setup = setup(recipe, sets);
    let out = tempfile::tempdir().expect("a folder");
    let folder = run::create(out.path(), "epoch").expect("a folder");
    let outcome = trainer::train(&setup, &folder, options()).expect("trains");
    match outcome {
        Outcome::Finished {
            measured: Measured::Classifier { epoch: 1, test, .. },
            ..
        } => test.loss,
        other => panic!("{recipe} {sets:?}: {other:?}"),
    }
}

/// The networks of these blocks as they are published, every block with forward Euler, and every scheme with one block: a
/// short epoch must end with a finite loss.
#[test]
fn every_block_and_every_scheme_learns_for_an_epoch() {
    for preset in ["parabolic-20", "hamiltonian-38"] {
        let loss = loss_of_an_epoch(&format!("digits/{preset}"), &[]);
        assert!(loss.is_finite(), "{preset}: {loss}");
    }
    let pairs = (blocks().map(|block| (block.key, "euler")))
        .chain(schemes().into_iter().map(|scheme| ("preact", scheme.key)))
        .chain([
            ("hamiltonian", "verlet"),
            ("parabolic", "ab3"),
            ("antisymmetric", "rk4"),
        ]);
    for (block, scheme) in pairs {
        let sets = [
            "network.preset=".to_owned(),
            format!("network.block={block}"),
            format!("network.scheme={scheme}"),
            "network.steps=[2,2]".to_owned(),
        ];
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        let loss = loss_of_an_epoch("digits/preresnet-20", &sets);
        assert!(loss.is_finite(), "{block} x {scheme}: {loss}");
    }
}

/// What the log of a short epoch says of the searches of its steps.
fn effort(sets: &[&str]) -> Option<SearchMetrics> {
    let setup = setup("digits/preresnet-20", sets);
    let out = tempfile::tempdir().expect("a folder");
    let folder = run::create(out.path(), "epoch").expect("a folder");
    trainer::train(&setup, &folder, options()).expect("trains");
    let log = std::fs::read_to_string(folder.join("events.jsonl")).expect("a log");
    let events = log.lines().map(serde_json::from_str);
    events
        .filter_map(|event| match event.expect("an event") {
            Event::Epoch { effort, .. } => Some(effort),
            _ => None,
        })
        .next()
        .expect("an epoch")
}

/// Steps that search their end say in the log what that took, and explicit ones have nothing to say.
#[test]
fn the_log_of_an_implicit_run_says_what_its_searches_took() {
    assert_eq!(effort(&[]), None);
    let found = effort(&["network.scheme=trapezoidal"]).expect("an implicit scheme");
    // Four batches through three segments of three steps, of which two are those of transitions.
    assert_eq!((found.steps, found.refused), (4 * 7, 0));
    assert!(found.evaluations > 3.0 && found.backward > 3.0, "{found:?}");
    let (mean, worst) = (found.contraction, found.worst_contraction);
    assert!(
        mean > Some(0.0) && worst >= mean && mean < Some(1.0),
        "{found:?}"
    );
    // Longer steps contract less, and their searches are longer.
    let longer = effort(&["network.scheme=trapezoidal", "network.h=0.2"]).expect("implicit");
    assert!(longer.contraction > mean, "{longer:?} against {found:?}");
    assert!(
        longer.evaluations > found.evaluations,
        "{longer:?} against {found:?}"
    );
}

/// A run with the penalty ends with blocks that change less from step to step, goes on after an interruption of any kind only with the
/// same weight, and is refused where no two blocks are alike.
#[test]
fn the_penalty_on_depth_makes_blocks_alike() {
    let value = |weight: &str| {
        let sets = [
            "train.epochs=3".to_owned(),
            "network.steps=[3,3]".to_owned(),
            format!("train.depth_penalty={weight}"),
        ];
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        let setup = setup("digits/preresnet-20", &sets);
        let out = tempfile::tempdir().expect("a folder");
        let folder = run::create(out.path(), "run").expect("a folder");
        trainer::train(&setup, &folder, options()).expect("trains");
        let trained = Trained::load(&folder.join("weights/last.safetensors")).expect("weights");
        let penalty = DepthPenalty::of(&trained.network, 1.0)
            .expect("applies")
            .expect("some");
        (
            penalty.value(&setup.network.init(0)),
            penalty.value(&trained.parameters),
        )
    };
    let (begun, free) = value("0");
    let (_, held) = value("0.5");
    assert!(
        held < 0.5 * free && held < 0.5 * begun,
        "{begun} {free} {held}"
    );
    let mut layers = Layers::load("digits/preresnet-20");
    layers.set("network.steps=[1,2]");
    layers.set("train.depth_penalty=0.1");
    let error = Setup::new(layers.resolve().expect("a recipe")).expect_err("nothing to compare");
    assert!(error.to_string().contains("train.depth_penalty"), "{error}");
}

/// Running statistics that are measured on the images of one batch are those of that batch.
#[test]
fn statistics_are_measured_on_the_images_given() {
    let setup = setup("digits/lm-resnet-20", &["network.steps=[2,2]"]);
    let engine = device("cpu").expect("cpu");
    let start = setup.network.init(0);
    let loader = setup.test_loader().expect("images");
    let (found, images) =
        statistics::measured(&setup.network, &start, &loader, &*engine, 1).expect("measures");
    assert_eq!(images, setup.recipe().train.eval_batch);
    let batch = loader.epoch(0, 0).next().expect("a batch").expect("images");
    let pass = Pass::new(&*engine, &start, Mode::Train);
    let (dims, pixels) = timestep_train::evaluate::images(&batch);
    let logits = setup
        .network
        .forward(&pass, pass.images(dims, pixels))
        .expect("steps");
    let in_training = logits.read().to_vec();
    drop((logits, pass));
    let logits = timestep_train::evaluate::logits(&setup.network, &found, &batch, &*engine);
    for (own, wanted) in logits.expect("steps").iter().zip(&in_training) {
        // Running variances are those of a sample, a 256th of an image larger or so.
        assert!(
            (f64::from(*own) - wanted).abs() < 0.02 * (1.0 + wanted.abs()),
            "{own} {wanted}"
        );
    }
    let untouched = found
        .ids()
        .filter(|id| found.specs()[id.index()].is_trained());
    assert!(
        untouched
            .into_iter()
            .all(|id| found.value(id) == start.value(id))
    );
}
