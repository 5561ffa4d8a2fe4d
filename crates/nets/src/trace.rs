//! Which way do images take through a network? Norms and turns of the states, and their means.
//!
//! A network that follows a differential equation moves its state a little at every step, and almost in the
//! direction of the step before. [`Tracer`] measures both, over as many images as it is shown.

use crate::visit::Visit;
use crate::{Features, NetError, Network, Parameters};
use timestep_engine::Engine;

/// One state of a segment, and the step that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceRow {
    /// Steps taken in the segment, the transition's own counted; 0 is the state that it begins with.
    pub step: usize,
    /// Root mean square of `u_n` over elements and images.
    pub state: f64,
    /// Root mean square of `u_n - u_{n-1}`; `None` for the state that a segment begins with.
    pub increment: Option<f64>,
    /// Root mean square of `h f(u_{n-1})`, what the block added; `None` also where `f` has another shape.
    pub slope: Option<f64>,
    /// Cosine of the angle between this increment and the one before, mean over images; `None` where there
    /// are no two, or one is zero.
    pub cosine: Option<f64>,
}

/// The way of all images through one segment.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentTrace {
    /// Segment, from 1.
    pub segment: usize,
    /// Channels of its last state.
    pub channels: usize,
    /// Its states, in order.
    pub rows: Vec<TraceRow>,
    /// Distance from the first state to the last as a part of the length of the way, mean over images: 1
    /// is a straight line. `None` for a segment of one state.
    pub straightness: Option<f64>,
    /// Features averaged over the pixels: `means[n][image][channel]`, `n` counting the last rows, those with
    /// as many channels as the last: all of them, but in FractalNet, whose steps change the number.
    pub means: Vec<Vec<Vec<f64>>>,
}

/// Sums over images of one state.
#[derive(Clone, Debug, Default)]
struct Sums {
    step: usize,
    channels: usize,
    state: Mean,
    increment: Mean,
    slope: Mean,
    cosine: Mean,
    means: Vec<Vec<f64>>,
}

/// A sum and the number of its terms.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn add(&mut self, sum: f64, count: usize) {
        self.sum += sum;
        self.count += count;
    }

    fn value(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

/// Sums of one segment.
#[derive(Clone, Debug, Default)]
struct Segment {
    number: usize,
    states: Vec<Sums>,
    straightness: Mean,
}

/// Collects the ways of images, batch by batch.
#[derive(Clone, Debug, Default)]
pub struct Tracer {
    segments: Vec<Segment>,
}

/// What is kept of the segment under way, for one batch.
#[derive(Default)]
struct Way {
    start: Images,
    last: Images,
    increment: Option<Images>,
    length: Vec<f64>,
}

/// The numbers of features, image after image.
#[derive(Clone, Debug, Default)]
struct Images {
    values: Vec<f64>,
    each: usize,
    channels: usize,
}

impl Images {
    fn of(features: &Features) -> Self {
        let [batch, channels, ..] = features.dims();
        let values = features.read();
        Self {
            each: values.len() / batch.max(1),
            channels,
            values,
        }
    }

    fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks(self.each.max(1))
    }

    fn minus(&self, other: &Self) -> Self {
        let pairs = self.values.iter().zip(&other.values);
        Self {
            values: pairs.map(|(a, b)| a - b).collect(),
            ..*self
        }
    }

    fn squares(&self) -> f64 {
        self.values.iter().map(|v| v * v).sum()
    }

    /// Mean over the pixels of each channel, by image.
    fn means(&self) -> Vec<Vec<f64>> {
        let pixels = (self.each / self.channels.max(1)).max(1);
        let mean = |plane: &[f64]| plane.iter().sum::<f64>() / pixels as f64;
        self.iter()
            .map(|image| image.chunks(pixels).map(mean).collect())
            .collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Tracer {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends a batch `[batch, channels, height, width]` through the network, in evaluation mode.
    ///
    /// # Errors
    /// [`NetError::Step`] if a scheme refuses a step or a state is not finite.
    pub fn add(
        &mut self,
        engine: &dyn Engine,
        network: &Network,
        parameters: &Parameters,
        images: ([usize; 4], &[f32]),
    ) -> Result<(), NetError> {
        let count = network.segments().len();
        self.segments.resize_with(count, Segment::default);
        let mut way = Way::default();
        // A state of the segment under way, counted from 0.
        let mut at = 0;
        network.each_step(engine, parameters, images, &mut |visit| {
            match visit {
                Visit::Begin {
                    segment,
                    taken,
                    state,
                } => {
                    if let Some(before) = segment.checked_sub(2) {
                        self.segments[before].end(&way);
                    }
                    let seen = Images::of(state);
                    let into = &mut self.segments[segment - 1];
                    into.number = segment;
                    at = 0;
                    into.state(at, taken, &seen);
                    way = Way::begin(seen);
                }
                Visit::Step(step) => {
                    let next = Images::of(step.next);
                    at += 1;
                    let into = &mut self.segments[step.segment - 1];
                    into.state(at, step.step, &next);
                    let slope = step.slope().map(|s| Images::of(&s));
                    let h = step.h();
                    let slope = slope.map(|s| (h * h * s.squares(), s.values.len()));
                    if (next.channels, next.each) == (way.last.channels, way.last.each) {
                        way.go_on(next, &mut into.states[at], slope);
                    } else {
                        way = Way::begin(next);
                    }
                }
            }
            Ok::<_, NetError>(())
        })?;
        if let Some(last) = self.segments.last_mut() {
            last.end(&way);
        }
        Ok(())
    }

    /// The averages over all images that were added.
    #[must_use]
    pub fn finish(self) -> Vec<SegmentTrace> {
        let root = |mean: Mean| mean.value().map(f64::sqrt);
        self.segments
            .into_iter()
            .map(|segment| {
                let mut means = Vec::new();
                let mut rows = Vec::new();
                let channels = segment.states.last().map_or(0, |s| s.channels);
                for sums in segment.states {
                    rows.push(TraceRow {
                        step: sums.step,
                        state: root(sums.state).unwrap_or(0.0),
                        increment: root(sums.increment),
                        slope: root(sums.slope),
                        cosine: sums.cosine.value(),
                    });
                    if sums.channels == channels {
                        means.push(sums.means);
                    }
                }
                SegmentTrace {
                    segment: segment.number,
                    channels,
                    rows,
                    straightness: segment.straightness.value(),
                    means,
                }
            })
            .collect()
    }
}

impl Segment {
    /// Adds state `at` of a batch.
    fn state(&mut self, at: usize, step: usize, seen: &Images) {
        if self.states.len() <= at {
            self.states.push(Sums {
                step,
                channels: seen.channels,
                ..Sums::default()
            });
        }
        let sums = &mut self.states[at];
        sums.state.add(seen.squares(), seen.values.len());
        sums.means.extend(seen.means());
    }

    /// Adds the finished way of a batch.
    fn end(&mut self, way: &Way) {
        let direct = way.last.minus(&way.start);
        for (image, length) in direct.iter().zip(&way.length) {
            if *length > 0.0 {
                let distance = dot(image, image).sqrt();
                self.straightness.add(distance / length, 1);
            }
        }
    }
}

impl Way {
    /// The way that begins with a state.
    fn begin(start: Images) -> Self {
        Self {
            last: start.clone(),
            start,
            increment: None,
            length: Vec::new(),
        }
    }

    /// Adds a step to `next` to the sums of its state.
    fn go_on(&mut self, next: Images, sums: &mut Sums, slope: Option<(f64, usize)>) {
        let increment = next.minus(&self.last);
        sums.increment
            .add(increment.squares(), increment.values.len());
        if let Some((squares, count)) = slope {
            sums.slope.add(squares, count);
        }
        if let Some(before) = &self.increment {
            for (a, b) in increment.iter().zip(before.iter()) {
                let sizes = (dot(a, a) * dot(b, b)).sqrt();
                if sizes > 0.0 {
                    sums.cosine.add(dot(a, b) / sizes, 1);
                }
            }
        }
        let lengths = increment.iter().map(|i| dot(i, i).sqrt());
        if self.length.is_empty() {
            self.length = lengths.collect();
        } else {
            self.length
                .iter_mut()
                .zip(lengths)
                .for_each(|(l, d)| *l += d);
        }
        self.increment = Some(increment);
        self.last = next;
    }
}
