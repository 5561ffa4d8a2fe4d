//! Which way do images take through a trained network? Norms, turns, and paths in a plane.

mod export;

pub use export::arrays;

use crate::answer;
use crate::sample::Sample;
use timestep_nets::{Engine, NetError, SegmentTrace, Tracer};
use timestep_numerics::analysis::principal;
use timestep_train::evaluate::images;
use timestep_train::{TrainError, Trained};

/// Images that are followed, unless a number is given.
pub const IMAGES: usize = 200;
/// Images in a batch: the states of one are held at a time.
const BATCH: usize = 32;

answer! {
    /// A state on the way through a segment; norms are root mean squares over elements and images.
    pub struct StateOnTheWay {
        /// The step that leads to it; 0 for the state with which the segment begins.
        pub step: usize,
        /// Norm of the state `u`.
        pub state: f64,
        /// Norm of what the step changed; null at the beginning.
        pub increment: Option<f64>,
        /// Norm of `h f(u)`, what the block of the step added; null where a step has no single one.
        pub slope: Option<f64>,
        /// Cosine of the angle between this increment and the one before; null where there is none before.
        pub cosine: Option<f64>,
    }
}

answer! {
    /// The way of the images through one segment.
    pub struct WayThroughSegment {
        /// The weights file or the run folder, as it was given.
        pub weights: String,
        /// Name of the network.
        pub network: String,
        /// Name of the data set of the images.
        pub data: String,
        /// Numbers of the images in the test split, from 0.
        pub images: Vec<u32>,
        /// Class of each image, from 0.
        pub labels: Vec<usize>,
        /// Segment, from 1.
        pub segment: usize,
        /// Channels of its states.
        pub channels: usize,
        /// Distance from the first state to the last as a part of the length of the way: 1 is a line.
        pub straightness: Option<f64>,
        /// Its states, in order of depth.
        pub states: Vec<StateOnTheWay>,
        /// Shares of the spread that the two directions of the portrait show, from 0 to 1.
        pub shares: Vec<f64>,
        /// `paths[image][state]`: the point of the portrait at which the image is.
        pub paths: Vec<Vec<(f64, f64)>>,
        /// Epoch of the weights.
        pub epoch: usize,
    }
}

/// Follows the images of a sample; what was followed, and the answer for each segment. `done` is called with the images
/// followed so far.
///
/// # Errors
/// [`TrainError::Data`] for unreadable images, [`TrainError::Net`] if the network cannot be run.
pub fn follow(
    weights: &str,
    trained: &Trained,
    sample: &Sample,
    engine: &dyn Engine,
    mut done: impl FnMut(usize),
) -> Result<Vec<(SegmentTrace, WayThroughSegment)>, TrainError> {
    let mut tracer = Tracer::new();
    let mut labels = Vec::new();
    for batch in sample.batches(BATCH) {
        let batch = batch?;
        labels.extend(batch.labels.iter().map(|l| *l as usize));
        let images = images(&batch);
        tracer.add(engine, &trained.network, &trained.parameters, images)?;
        done(labels.len());
    }
    let card = &trained.card;
    let answer = |trace: SegmentTrace| {
        let (shares, paths) = portrait(&trace)?;
        let states = trace.rows.iter().map(|row| StateOnTheWay {
            step: row.step,
            state: row.state,
            increment: row.increment,
            slope: row.slope,
            cosine: row.cosine,
        });
        let way = WayThroughSegment {
            weights: weights.to_owned(),
            network: card.network.name.clone(),
            data: sample.data.clone(),
            images: sample.numbers().to_vec(),
            labels: labels.clone(),
            segment: trace.segment,
            channels: trace.channels,
            straightness: trace.straightness,
            states: states.collect(),
            shares,
            paths,
            epoch: card.epoch,
        };
        Ok((trace, way))
    };
    tracer.finish().into_iter().map(answer).collect()
}

/// Shares of the spread, and the path of each image.
type Portrait = (Vec<f64>, Vec<Vec<(f64, f64)>>);

/// The mean features of a segment in the plane in which they spread most.
fn portrait(trace: &SegmentTrace) -> Result<Portrait, NetError> {
    let points: Vec<Vec<f64>> = trace.means.iter().flatten().cloned().collect();
    let plane = principal(&points, 2)?;
    let flat = |point: &Vec<f64>| {
        let at = plane.coordinates(point);
        // One channel spreads along a line only.
        (at[0], at.get(1).copied().unwrap_or(0.0))
    };
    let count = trace.means.first().map_or(0, Vec::len);
    let path = |image: usize| {
        let states = trace.means.iter();
        states.map(|state| flat(&state[image])).collect()
    };
    let paths = (0..count).map(path).collect();
    Ok((plane.shares, paths))
}
