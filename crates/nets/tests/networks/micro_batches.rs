//! Are the gradients of a batch the sum of those of its parts? One pass over 64 images, and four over 16 each.

use crate::common::{
    Images, all_schemes, classes, differences, draws, largest, learn_part, steppable,
};
use std::ops::Range;
use timestep_engine::{Exact, Fused, Recording, Wanted};
use timestep_nets::{
    Draws, Engine, InputShape, Mode, Network, NetworkConfig, Parameters, Pass, Role, blocks,
};
use timestep_numerics::noise::Decay;
use timestep_numerics::{NoiseSettings, Per};

const INPUT: InputShape = InputShape {
    channels: 3,
    height: 8,
    width: 6,
};
const BATCH: usize = 64;
const PART: usize = 16;

fn config(block: &str, scheme: &str) -> NetworkConfig {
    steppable(NetworkConfig::new(block, scheme, INPUT, 5).with_segments(&[2, 2], 4))
}

/// A network whose running statistics are not those of the start.
fn network(config: &NetworkConfig) -> (Network, Parameters) {
    let network = Network::build(config).unwrap_or_else(|e| panic!("{}: {e}", config.name));
    let mut parameters = network.init(3);
    for _ in 0..20 {
        let pass = Pass::new(&Fused, &parameters, Mode::Train);
        let images = Images::named("before", PART, config.input).on(&pass);
        network.forward(&pass, images).expect("forward");
        network.absorb(&mut parameters, pass.into_statistics());
    }
    (network, parameters)
}

/// How the pass over some images of the batch is opened.
type Open<'o> = &'o dyn Fn(&dyn Engine, &Parameters, Range<usize>) -> Pass;

/// Norms use the running statistics, so that no image knows of another.
fn fixed(engine: &dyn Engine, parameters: &Parameters, _images: Range<usize>) -> Pass {
    let recording = Recording {
        wanted: Wanted::Parameters,
        statistics: false,
    };
    Pass::on(engine.open(parameters, &recording), Mode::Eval)
}

/// The same in training, where there are random numbers: norms are frozen.
fn frozen(engine: &dyn Engine, parameters: &Parameters, _images: Range<usize>) -> Pass {
    let specs = parameters.specs().iter();
    let trained = specs.map(|spec| spec.is_trained() && spec.role != Role::Norm);
    Pass::training_some(engine, parameters, &trained.collect())
}

/// The random numbers of some images of the batch: each image has its own wherever it is.
fn of_images(images: Range<usize>) -> Option<Draws> {
    draws(7, 1, BATCH).map(|all| all.part(images))
}

/// Training with random numbers and without the statistics of the batch.
fn drawn(engine: &dyn Engine, parameters: &Parameters, images: Range<usize>) -> Pass {
    frozen(engine, parameters, images.clone()).with_draws(of_images(images))
}

/// Loss, logits, and gradients by name, added up over passes of `part` images each.
fn gradients(
    engine: &dyn Engine,
    (network, parameters): (&Network, &Parameters),
    images: &Images,
    part: usize,
    open: Open<'_>,
) -> Vec<(String, Vec<f64>)> {
    let [batch, ..] = images.dims;
    let targets = classes(batch, 0.1);
    let specs = network.specs();
    let mut sums: Vec<Vec<f64>> = specs.iter().map(|spec| vec![0.0; spec.len()]).collect();
    let (mut loss, mut logits) = (0.0, Vec::new());
    for first in (0..batch).step_by(part) {
        let own = first..first + part;
        let pass = open(engine, parameters, own.clone());
        let on_tape = images.part(first, part).on(&pass);
        // The loss is the mean over the whole batch.
        let share = part as f64 / batch as f64;
        let found = learn_part(pass, network, on_tape, &targets.part(own), share);
        loss += share * found.loss;
        logits.extend(found.logits);
        for (sum, gradient) in sums.iter_mut().zip(found.gradients) {
            let more = gradient.unwrap_or_default();
            sum.iter_mut().zip(more).for_each(|(a, b)| *a += b);
        }
    }
    let mut all = vec![
        ("loss".to_owned(), vec![loss]),
        ("logits".to_owned(), logits),
    ];
    all.extend(specs.iter().map(|spec| spec.name.clone()).zip(sums));
    all
}

/// Where one pass over the batch and passes over its parts differ.
fn different(
    engine: &dyn Engine,
    model: (&Network, &Parameters),
    images: &Images,
    open: Open<'_>,
    to: f64,
) -> Vec<String> {
    let whole = gradients(engine, model, images, BATCH, open);
    let parts = gradients(engine, model, images, PART, open);
    // A small gradient is the sum of larger numbers of either sign: compared with the others of all.
    let most = largest(whole[2..].iter().flat_map(|(_, v)| v));
    assert!(most > 1e-2, "there is something to compare");
    differences(&parts, &whole, to, 1e-2 * most)
}

/// Compares one pass over the batch with passes over its parts.
fn compare(
    engine: &dyn Engine,
    model: (&Network, &Parameters),
    images: &Images,
    open: Open<'_>,
    to: f64,
) {
    let wrong = different(engine, model, images, open, to);
    let (name, on) = (&model.0.config().name, engine.name());
    assert!(wrong.is_empty(), "{name} {on}: {}", wrong.join(", "));
}

#[test]
fn a_batch_in_parts_has_the_gradients_of_the_whole() {
    let images = Images::named("images", BATCH, INPUT);
    for block in blocks() {
        for scheme in all_schemes() {
            let (network, parameters) = network(&config(block.key, scheme.written()));
            let model = (&network, &parameters);
            if !scheme.implicit {
                compare(&Fused, model, &images, &fixed, 1e-5);
                continue;
            }
            // An equation is solved to some tens of roundings, which put a ReLU on the other side of its kink now and then. In double
            // precision they do not.
            if !different(&Fused, model, &images, &fixed, 1e-4).is_empty() {
                compare(&Exact, model, &images, &fixed, 1e-9);
            }
        }
        let (network, parameters) = network(&config(block.key, "lm"));
        compare(&Exact, (&network, &parameters), &images, &fixed, 1e-12);
    }
}

/// Laws that draw for each image, dropout and drop-path, one network each.
fn random() -> Vec<NetworkConfig> {
    let depth = |per| {
        NoiseSettings::named("stochastic-depth")
            .with("keep", 0.5)
            .per(per)
            .with("decay", Decay::Constant.key())
    };
    let shaken = NoiseSettings::named("shake-shake").per(Per::Image);
    let gaussian = NoiseSettings::named("gaussian").with("level", 0.1);
    let noisy = |block, noise| {
        let mut config = config(block, "lm");
        config.noise = noise;
        config
    };
    let mut dropping = config("preact", "lm");
    dropping.block.dropout = 0.3;
    let mut fractal = config("preact", "fractal3");
    fractal.body.drop_path = 0.15;
    vec![
        noisy("preact", depth(Per::Image)),
        noisy("preact", depth(Per::Batch)),
        noisy("shake-shake", shaken),
        noisy("preact", gaussian),
        dropping,
        fractal,
    ]
}

#[test]
fn parts_draw_what_the_whole_draws() {
    let images = Images::named("images", BATCH, INPUT);
    for config in random() {
        let (network, parameters) = network(&config);
        let model = (&network, &parameters);
        for (engine, to) in [(&Fused as &dyn Engine, 1e-5), (&Exact, 1e-12)] {
            compare(engine, model, &images, &drawn, to);
            let [with, without] = [&drawn as Open<'_>, &frozen]
                .map(|open| gradients(engine, model, &images, BATCH, open));
            let what = format!("{} {:?}: nothing was drawn", config.name, config.noise);
            assert_ne!(with, without, "{what}");
        }
    }
}

/// Parts that are all the same images have the statistics of the batch, and laws that draw once for all images draw the
/// same for each part: then training passes agree as well.
#[test]
fn equal_parts_train_as_the_whole() {
    let part = Images::named("images", PART, INPUT);
    let images = Images {
        dims: [BATCH, INPUT.channels, INPUT.height, INPUT.width],
        values: part.values.repeat(BATCH / PART),
    };
    let train = |engine: &dyn Engine, parameters: &Parameters, images: Range<usize>| {
        Pass::training(engine, parameters).with_draws(of_images(images))
    };
    for config in [&random()[1], &random()[5], &self::config("postact", "lm")] {
        let (network, parameters) = network(config);
        let model = (&network, &parameters);
        compare(&Fused, model, &images, &train, 1e-5);
        compare(&Exact, model, &images, &train, 1e-9);
    }
}
