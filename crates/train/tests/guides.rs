//! Do the noise and the optimiser of the guides compile as they stand there, and does a network learn with them?
//!
//! The files in `guide/` are what a reader writes, character by character; where a reader adds a registry line, a test
//! adds them to the registry of this process.

#![allow(unreachable_pub)] // In their own crates the things are public.

use std::sync::Once;
use timestep_data::order;
use timestep_nets::{Draws, Targets, device};
use timestep_numerics::noise::{NOISE_HEADINGS, NOISES};
use timestep_numerics::random;
use timestep_train::optimisers::{HEADINGS, OPTIMISERS};
use timestep_train::recipe::{Layers, TaskKind, TaskRecipe, default_of, setting};
use timestep_train::{Examples, Learner, Setup};

#[path = "guide"]
mod noise {
    pub(crate) use timestep_numerics::noise::*;

    pub(crate) mod random_step;

    pub(crate) fn facts() -> &'static NoiseFacts {
        &random_step::FACTS
    }
}

#[path = "guide"]
mod optimisers {
    pub(crate) use timestep_train::optimisers::*;

    pub(crate) mod rmsprop;

    pub(crate) fn facts() -> &'static OptimiserFacts {
        &rmsprop::FACTS
    }
}

/// Both registry lines, unless a reader who follows the guides has written them.
fn add() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if NOISES.find("random-step").is_none() {
            NOISES.add(noise::facts()).expect("free names");
        }
        if OPTIMISERS.find("rmsprop").is_none() {
            OPTIMISERS.add(optimisers::facts()).expect("free names");
        }
    });
}

/// A small run on the digits with these settings.
fn setup(sets: &[&str]) -> Setup {
    add();
    let mut layers = Layers::load("digits/lm-resnet-20");
    for set in ["network.steps=[2,2]", "network.width=8", "train.batch=32"]
        .iter()
        .chain(sets)
    {
        layers.set(set);
    }
    Setup::new(layers.resolve().unwrap_or_else(|e| panic!("{e}"))).expect("digits are embedded")
}

/// The mean loss of the first and of the last ten of 240 steps.
fn losses(setup: &Setup) -> (f64, f64) {
    let mut parameters = setup.network.init(1);
    let engine = device("cpu").expect("cpu");
    let mut learner = Learner::of(engine, setup.recipe(), &setup.network).expect("a recipe");
    let digits = timestep_data::open("digits", &Default::default()).expect("embedded");
    let normalise = timestep_data::Normalise::from_split(&digits.train).expect("images");
    let shuffled = order(0, 0, digits.train.len());
    let found: Vec<f64> = (0..240)
        .map(|step| {
            let numbers = &shuffled[step % 40 * 32..][..32];
            let batch = timestep_data::fill_batch(&digits.train, numbers, None, &normalise)
                .expect("a batch");
            let examples = Examples {
                dims: [32, 1, 8, 8],
                images: &batch.images,
                targets: &Targets::of(&batch.labels),
            };
            let draws = Draws {
                seed: 3,
                step: step as u64,
                images: numbers.iter().map(|n| u64::from(*n)).collect(),
            };
            let lr = setup.recipe().optimiser.lr;
            let (network, draws) = (&setup.network, Some(draws));
            let done = learner.step(network, &mut parameters, &examples, lr, draws);
            done.expect("a step").expect("finite").loss
        })
        .collect();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    (mean(&found[..10]), mean(&found[230..]))
}

#[test]
fn the_guides_show_these_files_and_their_pages_are_complete() {
    for (guide, file) in [
        (
            include_str!("../../../docs/guides/add-a-noise.md"),
            include_str!("guide/random_step.rs"),
        ),
        (
            include_str!("../../../docs/guides/add-an-optimiser.md"),
            include_str!("guide/rmsprop.rs"),
        ),
    ] {
        assert!(
            guide.contains(&format!("```rust\n{file}```")),
            "the guide shows another file"
        );
    }
    assert_eq!(noise::facts().lacks(&NOISE_HEADINGS), None);
    assert_eq!(optimisers::facts().lacks(&HEADINGS), None);
}

#[test]
fn a_noise_with_two_settings_is_one_file_and_one_line() {
    let plain = setup(&[]);
    assert_eq!(plain.recipe().noise.own.number("spread"), 0.5);
    let about = setting(TaskKind::Classify, "noise.law")
        .expect("declared")
        .about;
    assert_eq!(about, "random-step: how step sizes are drawn");
    assert_eq!(
        default_of(TaskKind::Classify, "noise.law").as_str(),
        Some("uniform")
    );
    let noisy = setup(&[
        "network.noise=random-step-size",
        "noise.spread=0.9",
        "noise.law=coin",
    ]);
    assert_eq!(noisy.network.config().noise.name, "random-step");
    let written = noisy.recipe().to_toml();
    assert!(
        written.contains("spread = 0.9\nlaw = \"coin\"\n"),
        "{written}"
    );
    let (first, last) = losses(&noisy);
    assert!(last < 0.7 * first, "{first} {last}");
    // The settings arrive: without spread there is no noise, and with it there is.
    let still = setup(&["network.noise=random-step", "noise.spread=0"]);
    assert_eq!(losses(&still), losses(&plain));
    assert_ne!(losses(&noisy), losses(&plain));
    let mut layers = Layers::load("digits/lm-resnet-20");
    for set in [
        "network.noise=random-step",
        "noise.spread=1",
        "noise.law=dice",
    ] {
        layers.set(set);
    }
    let why = layers.resolve().expect_err("out of range").to_string();
    assert!(
        why.contains("noise.spread") && why.contains("must be at least 0 and below 1"),
        "{why}"
    );
    assert!(why.contains("choices: `uniform`, `coin`"), "{why}");
}

#[test]
fn the_noise_draws_what_its_formulas_say() {
    for law in [
        noise::random_step::Law::Uniform,
        noise::random_step::Law::Coin,
    ] {
        let drawn = noise::random_step::RandomStep { spread: 0.8, law };
        let at = noise::StepId { step: 0, steps: 4 };
        let mut stream = random::Stream::new(5, "guide", 0, random::Stream::WHOLE);
        let sizes: Vec<f64> = (0..100_000)
            .map(
                |_| match noise::Noise::control(&drawn, at, 1.0, &mut stream) {
                    noise::Control::Scale(size) => size,
                    other => panic!("{other:?}"),
                },
            )
            .collect();
        let known = noise::Noise::moments(&drawn, at);
        let mean = sizes.iter().sum::<f64>() / 1e5;
        let variance = sizes.iter().map(|size| (size - mean).powi(2)).sum::<f64>() / 1e5;
        assert!((mean - known.mean).abs() < 0.01, "{law}: {mean}");
        assert!(
            (variance - known.variance).abs() < 0.01,
            "{law}: {variance}"
        );
    }
}

#[test]
fn an_optimiser_is_one_file_and_one_line() {
    let setup = setup(&["optimiser.name=rmsprop", "optimiser.rho=0.9"]);
    let settings = &setup.recipe().optimiser;
    assert_eq!((settings.lr, settings.own.number("rho")), (0.001, 0.9));
    let (first, last) = losses(&setup);
    assert!(last < 0.7 * first, "{first} {last}");
}
