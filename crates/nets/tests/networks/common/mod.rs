//! What do the tests of networks share? Images by name, passes with everything that they find, comparisons.

#![allow(dead_code, reason = "each test program uses its own part")]

pub(crate) mod chacha;
pub(crate) mod golden;
pub(crate) mod noisy;
pub(crate) mod steps;

use timestep_engine::{End, GradientSink, Numbers};
use timestep_nets::{
    Draws, Engine, Features, InputShape, Mode, Network, NetworkConfig, ParamId, Parameters, Pass,
    Statistics, Targets, ops,
};
use timestep_numerics::random::Stream;

/// Numbers in (-1, 1) that depend on a name alone.
pub(crate) fn wide(name: &str, n: usize) -> Vec<f64> {
    let mut stream = Stream::new(3, name, 0, Stream::WHOLE);
    (0..n).map(|_| 2.0 * stream.open_unit() - 1.0).collect()
}

/// The same in single precision.
pub(crate) fn noise(name: &str, n: usize) -> Vec<f32> {
    wide(name, n).into_iter().map(|v| v as f32).collect()
}

/// A batch of images.
#[derive(Clone, Debug)]
pub(crate) struct Images {
    /// `[batch, channels, height, width]`.
    pub(crate) dims: [usize; 4],
    /// The numbers in this order.
    pub(crate) values: Vec<f32>,
}

impl Images {
    /// Images that depend on a name alone.
    pub(crate) fn named(name: &str, batch: usize, shape: InputShape) -> Self {
        let dims = [batch, shape.channels, shape.height, shape.width];
        let values = noise(name, dims.iter().product());
        Self { dims, values }
    }

    /// Some of the images.
    pub(crate) fn part(&self, from: usize, count: usize) -> Self {
        let [_, channels, height, width] = self.dims;
        let each = channels * height * width;
        Self {
            dims: [count, channels, height, width],
            values: self.values[from * each..][..count * each].to_vec(),
        }
    }

    /// As the network's own passes take them.
    pub(crate) fn view(&self) -> ([usize; 4], &[f32]) {
        (self.dims, &self.values)
    }

    /// On the tape of a pass.
    pub(crate) fn on(&self, pass: &Pass) -> Features {
        pass.images(self.dims, &self.values)
    }

    /// On the tape of a pass, whose gradient is wanted.
    pub(crate) fn leaf(&self, pass: &Pass) -> Features {
        let tape = pass.tape();
        Features::new(tape, tape.features(self.dims, &self.values, true))
    }
}

/// Classes 0 to 4 in turn, one for each image, smoothed.
pub(crate) fn classes(batch: usize, smoothing: f64) -> Targets {
    Targets {
        labels: (0..batch as u32).map(|i| i % 5).collect(),
        smoothing,
        mixed: None,
    }
}

/// The random numbers of a step over images that come first in a data set.
pub(crate) fn draws(seed: u64, step: u64, batch: usize) -> Option<Draws> {
    Some(Draws {
        seed,
        step,
        images: (0..batch as u64).collect(),
    })
}

/// Logits of images in one pass.
pub(crate) fn logits(
    engine: &dyn Engine,
    (network, parameters): (&Network, &Parameters),
    images: &Images,
    mode: Mode,
    draws: Option<Draws>,
) -> Vec<f64> {
    let pass = Pass::new(engine, parameters, mode).with_draws(draws);
    let logits = network.forward(&pass, images.on(&pass)).expect("forward");
    logits.read()
}

/// The gradient of each parameter, `None` where nothing arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived(pub(crate) Vec<Option<Vec<f64>>>);

impl Arrived {
    /// Nothing arrived yet.
    pub(crate) fn nothing(parameters: usize) -> Self {
        Self(vec![None; parameters])
    }
}

impl GradientSink for Arrived {
    fn add(&mut self, id: ParamId, gradient: Numbers<'_>) {
        let more: Vec<f64> = match gradient {
            Numbers::F32(values) => values.iter().map(|v| f64::from(*v)).collect(),
            Numbers::F64(values) => values.to_vec(),
        };
        match &mut self.0[id.index()] {
            Some(held) => {
                assert_eq!(held.len(), more.len(), "gradients of one parameter");
                held.iter_mut().zip(&more).for_each(|(a, b)| *a += b);
            }
            none => *none = Some(more),
        }
    }
}

/// What a recorded pass found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) logits: Vec<f64>,
    pub(crate) loss: f64,
    /// By position in the table; `None` where nothing arrived.
    pub(crate) gradients: Vec<Option<Vec<f64>>>,
    /// Of the images, if they were a leaf and something arrived.
    pub(crate) images: Option<Vec<f64>>,
    pub(crate) statistics: Statistics,
}

/// A recorded pass over `images` that lie on its tape, and back.
pub(crate) fn learn(pass: Pass, network: &Network, images: Features, targets: &Targets) -> Found {
    learn_part(pass, network, images, targets, 1.0)
}

/// The same for images that are a `share` of a batch, whose loss is the mean over all of them.
pub(crate) fn learn_part(
    pass: Pass,
    network: &Network,
    images: Features,
    targets: &Targets,
    share: f64,
) -> Found {
    let logits = network.forward(&pass, images.clone()).expect("forward");
    let loss = ops::cross_entropy(&logits, targets);
    let mut arrived = Arrived::nothing(network.specs().len());
    let tape = pass.tape().clone();
    tape.backward(&[End::Loss(loss.value(), share)], &mut arrived);
    for (spec, gradient) in network.specs().iter().zip(&arrived.0) {
        let fits = gradient.as_ref().is_none_or(|g| g.len() == spec.len());
        assert!(fits, "`{}` has a gradient of another length", spec.name);
        assert!(
            spec.is_trained() || gradient.is_none(),
            "`{}` is not trained",
            spec.name
        );
    }
    Found {
        logits: logits.read(),
        loss: loss.read()[0],
        gradients: arrived.0,
        images: tape.gradient(images.value()).map(|g| tape.read(&g)),
        statistics: pass.into_statistics(),
    }
}

/// A training pass whose gradients of parameters and images are wanted.
pub(crate) fn train(
    engine: &dyn Engine,
    (network, parameters): (&Network, &Parameters),
    images: &Images,
    targets: &Targets,
    draws: Option<Draws>,
) -> Found {
    let pass = Pass::training(engine, parameters).with_draws(draws);
    let images = images.leaf(&pass);
    learn(pass, network, images, targets)
}

impl Found {
    /// Everything by name, in the order of the table.
    ///
    /// # Panics
    /// If a trained parameter or the images got no gradient, or if the norms did not measure each statistic once.
    pub(crate) fn named(&self, network: &Network) -> Vec<(String, Vec<f64>)> {
        let specs = network.specs();
        let mut all = vec![
            ("logits".to_owned(), self.logits.clone()),
            ("loss".to_owned(), vec![self.loss]),
        ];
        for (spec, gradient) in specs.iter().zip(&self.gradients) {
            if spec.is_trained() {
                let gradient = gradient.clone();
                let gradient = gradient.unwrap_or_else(|| panic!("no gradient for {}", spec.name));
                all.push((spec.name.clone(), gradient));
            }
        }
        let images = self.images.clone().expect("a gradient of the images");
        all.push(("images".to_owned(), images));
        let buffers = specs.iter().filter(|s| !s.is_trained()).count();
        let measured = &self.statistics;
        assert_eq!(measured.len(), buffers, "each statistic is measured once");
        // Reconstructed segments may measure in another order.
        let mut measured = measured.clone();
        measured.sort_by_key(|(id, _)| *id);
        for (id, values) in measured {
            let values = values.into_iter().map(f64::from).collect();
            all.push((format!("measured {}", specs[id.index()].name), values));
        }
        all
    }
}

/// The largest modulus, or NaN if there is one.
pub(crate) fn largest<'v>(values: impl IntoIterator<Item = &'v f64>) -> f64 {
    // `f64::max` alone would pass over NaN.
    values.into_iter().fold(0.0, |m: f64, v| match m + v {
        sum if sum.is_nan() => f64::NAN,
        _ => m.max(v.abs()),
    })
}

/// The largest difference, or NaN if there is one.
pub(crate) fn farthest(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len(), "arrays of one length");
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    largest(&differences)
}

/// Where two lists of named arrays differ by more than `to` of the largest number of each array, which counts as
/// `least` at least.
pub(crate) fn differences(
    got: &[(String, Vec<f64>)],
    want: &[(String, Vec<f64>)],
    to: f64,
    least: f64,
) -> Vec<String> {
    assert_eq!(got.len(), want.len());
    let mut wrong = Vec::new();
    for ((name, got), (other, want)) in got.iter().zip(want) {
        assert_eq!((name, got.len()), (other, want.len()));
        let scale = largest(want).max(least);
        let off = farthest(got, want);
        if off.is_nan() || off > to * scale {
            let part = off / scale;
            wrong.push(format!("`{name}` is off by {part:.1e} of {scale:.1e}"));
        }
    }
    wrong
}

/// The same network with steps that a scheme can take: those of an implicit one have an equation to solve, and the slopes of random blocks
/// of few channels and images contract for small steps only.
pub(crate) fn steppable(mut config: NetworkConfig) -> NetworkConfig {
    let facts = timestep_numerics::facts(&config.scheme.name).expect("a known scheme");
    if facts.implicit {
        config.scheme.h = vec![0.05];
    }
    config
}

/// Every registered scheme, and one of each kind from a file.
pub(crate) fn all_schemes() -> Vec<&'static timestep_numerics::SchemeFacts> {
    let own = [
        "name = \"own-tableau\"\n[tableau]\na = [[], [\"1/2\"], [-1, 2]]\nb = [\"1/6\", \"2/3\", \"1/6\"]\n\
         sharing = \"per-stage\"",
        "name = \"own-multistep\"\n[multistep]\nstates = [\"4/3\", \"-1/3\"]\n\
         slopes = [\"4/3\", \"-2/3\", 0]\nstart = \"rk4\"",
        "name = \"own-learned\"\n[multistep]\nlearned = true\nstates = [1.3, -0.5, 0.2]\n",
        "name = \"own-composition\"\n[composition]\n\
         steps = [{ scheme = \"euler\", h = \"1/3\" }, { scheme = \"heun\", h = \"2/3\" }]",
    ];
    let own = own.map(|text| timestep_numerics::facts(text).expect("a definition"));
    timestep_numerics::schemes()
        .into_iter()
        .chain(own)
        .collect()
}
