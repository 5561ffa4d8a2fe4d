//! How far is a trained network a differential equation? What it does with fewer and with finer steps.
//!
//! A sampled equation has a limit: its end state and its accuracy change less and less as steps become finer. A network whose
//! blocks have nothing to do with each other has none, and does something else with every number of steps.

use crate::answer;
use crate::resampled::{
    Place, Sampled, Way, coefficients_word, interpolation_word, sampled, statistics_word,
};
use crate::sample::Sample;
use timestep_nets::resample::Coefficients;
use timestep_nets::{Engine, Features, Mode, Network, Parameters, Pass};
use timestep_train::evaluate::{Tally, cross_entropy, images};
use timestep_train::{DepthPenalty, TrainError, Trained};

/// Images in a batch.
const BATCH: usize = 256;
/// How many times as many steps, unless other factors are given.
pub const FACTORS: [f64; 4] = [0.5, 1.0, 2.0, 4.0];

answer! {
    /// A network with so many times its steps.
    pub struct NetworkWithSteps {
        /// How many times as many steps were asked for, transitions' own left out.
        pub factor: f64,
        /// Steps of each segment, those of transitions counted.
        pub steps: Vec<usize>,
        /// Evaluations of the block.
        pub block_evaluations: usize,
        /// Share of images whose class is the most probable one, from 0 to 1.
        pub top1: f64,
        /// Mean cross entropy in nats.
        pub loss: f64,
        /// Share of images for which the trained network names the same class, from 0 to 1.
        pub agreement: f64,
        /// Distance of the last state from that of the trained network, divided by the size of that: root mean squares over elements and
        /// images.
        pub distance: f64,
    }
}

answer! {
    /// What a trained network does with fewer and with finer steps.
    pub struct ConvergenceOfNetwork {
        /// The weights file or the run folder, as it was given.
        pub weights: String,
        /// Name of the network.
        pub network: String,
        /// Epoch of the weights.
        pub epoch: usize,
        /// Name of the data set.
        pub data: String,
        /// Test images.
        pub images: usize,
        /// What weights are between the steps that were trained: `linear` or `constant`.
        pub interpolation: &'static str,
        /// What happened to learned coefficients: `rescaled` or `kept`; null where there are none.
        pub coefficients: Option<&'static str>,
        /// Where running statistics of other steps come from: `interpolated` or `measured`.
        pub statistics: &'static str,
        /// Change of the weights from step to step, as a part of their size: the root of the ratio of sums of squares. 0 where all steps of
        /// a segment have the same weights, about 1.4 where they have nothing to do with each other; null where no segment has two steps.
        pub roughness: Option<f64>,
        /// The network with each number of steps, in the order asked for.
        pub rows: Vec<NetworkWithSteps>,
    }
}

/// Sums over images from which a row is made.
#[derive(Default)]
struct Sums {
    tally: Tally,
    agree: usize,
    /// Squares of distances of last states.
    apart: f64,
}

/// Runs the test images of a sample through a trained network with `factors` times its steps. `done` is called with the images
/// run so far.
///
/// # Errors
/// [`TrainError::Net`] if it cannot be sampled or run, [`TrainError::Data`] for unreadable images.
pub fn converge(
    (weights, trained): (&str, &Trained),
    sample: &Sample,
    factors: &[f64],
    way: Way,
    engine: &dyn Engine,
    place: Place<'_>,
    done: &mut dyn FnMut(usize),
) -> Result<ConvergenceOfNetwork, TrainError> {
    let one = |factor: &f64| {
        let steps = trained.network.steps_times(*factor);
        if steps == trained.network.config().body.steps {
            return Ok(None);
        }
        sampled(trained, &steps, way, engine, place).map(Some)
    };
    let all: Vec<Option<Sampled>> = factors.iter().map(one).collect::<Result<_, _>>()?;
    let mut sums: Vec<Sums> = factors.iter().map(|_| Sums::default()).collect();
    let (mut size, mut count) = (0.0, 0);
    let classes = trained.network.config().classes;
    for batch in sample.batches(BATCH) {
        let batch = batch?;
        count += batch.len();
        let run = |network: &Network, parameters: &Parameters| {
            ends(network, parameters, images(&batch), engine)
        };
        let (end, logits) = run(&trained.network, &trained.parameters)?;
        size += end.iter().map(|x| x * x).sum::<f64>();
        let named = named(&logits, classes);
        for (network, sums) in all.iter().zip(&mut sums) {
            let other = network
                .as_ref()
                .map(|n| run(&n.network, &n.parameters))
                .transpose()?;
            let (own, own_logits) = other.as_ref().map_or((&end, &logits), |(e, l)| (e, l));
            sums.apart += end
                .iter()
                .zip(own)
                .map(|(a, b)| (a - b).powi(2))
                .sum::<f64>();
            sums.tally.count(own_logits, &batch.labels, classes);
            let loss = cross_entropy(own_logits, &batch.labels, classes);
            sums.tally.add_loss(loss, batch.len());
            let own = self::named(own_logits, classes);
            sums.agree += named.iter().zip(&own).filter(|(a, b)| a == b).count();
        }
        done(count);
    }
    let rows = factors
        .iter()
        .zip(&all)
        .zip(&sums)
        .map(|((factor, network), sums)| {
            let network = network.as_ref().map_or(&trained.network, |n| &n.network);
            let found = sums.tally.metrics();
            NetworkWithSteps {
                factor: *factor,
                steps: network.config().body.steps.clone(),
                block_evaluations: network.block_evaluations(),
                top1: found.top1,
                loss: found.loss,
                agreement: sums.agree as f64
                    / f64::from(u32::try_from(count.max(1)).unwrap_or(u32::MAX)),
                distance: (sums.apart / size).sqrt(),
            }
        });
    let coefficients = all
        .iter()
        .flatten()
        .find_map(|network| network.coefficients);
    let usual = trained
        .network
        .scheme()
        .coefficient
        .map(|_| Coefficients::default());
    Ok(ConvergenceOfNetwork {
        weights: weights.to_owned(),
        network: trained.card.network.name.clone(),
        epoch: trained.card.epoch,
        data: sample.data.clone(),
        images: count,
        interpolation: interpolation_word(way.manner.interpolation),
        coefficients: coefficients.or(usual).map(coefficients_word),
        statistics: statistics_word(way.statistics),
        roughness: roughness(&trained.network, &trained.parameters)?,
        rows: rows.collect(),
    })
}

/// The last state and the logits of some images, with running statistics.
fn ends(
    network: &Network,
    parameters: &Parameters,
    (dims, pixels): ([usize; 4], &[f32]),
    engine: &dyn Engine,
) -> Result<(Vec<f64>, Vec<f32>), TrainError> {
    let pass = Pass::new(engine, parameters, Mode::Eval);
    let last = network.segments().len();
    let steps = network.config().body.steps.last().copied().unwrap_or(0);
    let mut end = Vec::new();
    let mut probe = |segment: usize, step: usize, u: &Features| {
        if (segment, step) == (last, steps) {
            end = u.read();
        }
    };
    let logits = network.forward_probed(&pass, pass.images(dims, pixels), Some(&mut probe))?;
    let logits = logits.read().iter().map(|v| *v as f32).collect();
    Ok((end, logits))
}

/// The most likely class of each image.
fn named(logits: &[f32], classes: usize) -> Vec<Option<usize>> {
    let most = |row: &[f32]| {
        let all = row.iter().enumerate();
        all.max_by(|a, b| a.1.total_cmp(b.1))
            .map(|(class, _)| class)
    };
    logits.chunks_exact(classes).map(most).collect()
}

/// What weights change from step to step, as a part of their size.
fn roughness(network: &Network, parameters: &Parameters) -> Result<Option<f64>, TrainError> {
    let pairs = network.successive();
    if pairs.is_empty() {
        return Ok(None);
    }
    let Some(penalty) = DepthPenalty::of(network, 1.0)? else {
        return Ok(None);
    };
    let square = |id| {
        parameters
            .value(id)
            .iter()
            .map(|x| f64::from(*x).powi(2))
            .sum::<f64>()
    };
    // The mean of both, each divided by the time between them as the penalty is.
    let sizes = pairs
        .iter()
        .map(|p| 0.5 * (square(p.earlier) + square(p.later)) / p.distance);
    Ok(Some(
        (2.0 * penalty.value(parameters) / sizes.sum::<f64>()).sqrt(),
    ))
}
