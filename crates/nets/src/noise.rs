//! How does noise reach a network? As the control of a step, around its block or after its step.
//!
//! The laws are those of `timestep-numerics`. What a law draws multiplies the increment `f(u)`, so it is put
//! around the block and the scheme does not know of it: a multistep scheme whose block is dropped keeps
//! the part of its memory. Draws are named by the step of the network, so all evaluations of `f` in a step
//! share one, and an evaluation that is repeated (reconstructed activations) draws the same again.

use crate::lipschitz::Link;
use crate::{Block, BlockFacts, BlockShape, Features, Mode, Pass, Size, ops};
use rayon::prelude::*;
use std::sync::Arc;
use timestep_numerics::noise::{ActsOn, Control, Noise, StepId, noise};
use timestep_numerics::random::Stream;
use timestep_numerics::{NoiseSettings, Per};

/// The noise of one step.
#[derive(Debug)]
pub(crate) struct StepNoise {
    law: Arc<dyn Noise>,
    at: StepId,
    per_image: bool,
}

/// Controls of one training pass: one for each image, or one for all.
type Controls = Vec<Control>;

impl StepNoise {
    /// The noise of each of `steps` steps, if the settings ask for any.
    ///
    /// # Errors
    /// A sentence for settings that make no law.
    pub(crate) fn of_steps(
        settings: &NoiseSettings,
        steps: usize,
    ) -> Result<Vec<Arc<Self>>, String> {
        let Some(law) = noise(settings).map_err(|e| e.to_string())? else {
            return Ok(Vec::new());
        };
        let law: Arc<dyn Noise> = Arc::from(law);
        let per_image = match settings.per {
            Per::Published => !law.facts().per_batch,
            Per::Batch => false,
            Per::Image => true,
        };
        let at = |step| {
            Arc::new(Self {
                law: law.clone(),
                at: StepId { step, steps },
                per_image,
            })
        };
        Ok((0..steps).map(at).collect())
    }

    /// On what it acts.
    pub(crate) fn acts_on(&self) -> ActsOn {
        self.law.facts().acts_on
    }

    /// The controls of a training pass that has random numbers.
    fn controls(&self, pass: &Pass, batch: usize) -> Option<Controls> {
        let draws = pass.random()?;
        let purpose = format!("noise {}", self.at.step);
        let control = |mut stream: Stream| self.law.control(self.at, 1.0, &mut stream);
        Some(if self.per_image {
            assert_eq!(draws.images.len(), batch, "a number for each image");
            draws.each(&purpose).map(control).collect()
        } else {
            vec![control(draws.whole(&purpose))]
        })
    }

    /// The new state with what additive noise adds to it in training.
    pub(crate) fn add_to(&self, pass: &Pass, state: Features) -> Features {
        let Some(draws) = pass.random() else {
            return state;
        };
        let mut stream = draws.whole(&format!("noise {}", self.at.step));
        match self.law.control(self.at, 1.0, &mut stream) {
            Control::Add { deviation } if deviation > 0.0 => {
                let streams = draws.each(&format!("added {}", self.at.step));
                add_normal(&state, deviation, streams.collect())
            }
            _ => state,
        }
    }
}

/// The features with independent normal numbers of standard deviation `deviation` added; the numbers of
/// an image come from its stream.
fn add_normal(input: &Features, deviation: f64, streams: Vec<Stream>) -> Features {
    let dims = input.dims();
    let [batch, channels, height, width] = dims;
    assert_eq!(streams.len(), batch, "a stream for each image");
    let each = (channels * height * width).max(1);
    let mut values = vec![0.0_f32; batch * each];
    values
        .par_chunks_mut(each)
        .zip(streams)
        .for_each(|(out, mut stream)| stream.fill_normal(out, deviation));
    let added = Features::images(input.tape(), dims, &values);
    ops::combine(&[(1.0.into(), input), (1.0.into(), &added)])
}

/// The block with noise around it, where the noise acts on blocks.
pub(crate) fn around(
    block: Box<dyn Block>,
    noise: Option<&Arc<StepNoise>>,
    acts_on: ActsOn,
    shape: &BlockShape,
) -> Box<dyn Block> {
    let Some(noise) = noise.filter(|noise| noise.acts_on() == acts_on) else {
        return block;
    };
    let noise = noise.clone();
    match acts_on {
        ActsOn::Increment => Box::new(Controlled {
            block,
            noise,
            channels: shape.output,
            stride: shape.stride,
        }),
        ActsOn::Branches => Box::new(Shaken { block, noise }),
        ActsOn::State | ActsOn::Joins => block,
    }
}

/// A block whose increment has a random control in training.
#[derive(Debug)]
struct Controlled {
    block: Box<dyn Block>,
    noise: Arc<StepNoise>,
    /// Channels of the increment.
    channels: usize,
    /// Stride of the block.
    stride: usize,
}

impl Controlled {
    /// What every image's increment is multiplied by; one number for all, or one for each.
    fn scales(&self, pass: &Pass, batch: usize) -> Vec<f64> {
        let mean = || self.noise.law.mean(self.noise.at, 1.0);
        match self.noise.controls(pass, batch) {
            None => vec![mean()],
            Some(controls) => (controls.iter())
                .map(|control| match control {
                    Control::Scale(scale) => *scale,
                    _ => mean(),
                })
                .collect(),
        }
    }

    /// The increment of a dropped block at `u`.
    fn nothing(&self, u: &Features) -> Features {
        let [batch, _, height, width] = u.dims();
        let small = Size { height, width }.strided(self.stride);
        Features::zeros(u, [batch, self.channels, small.height, small.width])
    }

    /// The increment, given how to find the block's; `None` where it is 0 for all images.
    fn scaled(
        &self,
        pass: &Pass,
        u: &Features,
        slope: impl FnOnce() -> Features,
    ) -> Option<Features> {
        let [batch, ..] = u.dims();
        let scales = self.scales(pass, batch);
        if scales.iter().all(|scale| *scale == 0.0) {
            return None;
        }
        let slope = slope();
        let first = scales[0];
        Some(if scales.iter().all(|scale| *scale == first) {
            slope.scaled(first)
        } else {
            let factors: Vec<f32> = scales.iter().map(|scale| *scale as f32).collect();
            ops::scale_images(&slope, &factors)
        })
    }
}

impl Block for Controlled {
    fn facts(&self) -> &'static BlockFacts {
        self.block.facts()
    }

    fn entry(&self, pass: &Pass, u: &Features) -> Option<Features> {
        self.block.entry(pass, u)
    }

    fn eval(&self, pass: &Pass, u: &Features) -> Features {
        // A dropped block does not even normalise its input.
        let slope = self.scaled(pass, u, || self.block.eval(pass, u));
        slope.unwrap_or_else(|| self.nothing(u))
    }

    fn eval_from(&self, pass: &Pass, u: &Features, entry: Option<&Features>) -> Features {
        let slope = self.scaled(pass, u, || self.block.eval_from(pass, u, entry));
        slope.unwrap_or_else(|| self.nothing(u))
    }

    fn links(&self) -> Option<Vec<Link>> {
        let mut links = self.block.links()?;
        links.push(Link::Factor(self.noise.law.mean(self.noise.at, 1.0)));
        Some(links)
    }

    fn after_step(&self, u: Features) -> Features {
        self.block.after_step(u)
    }
}

/// A block whose two branches are mixed at random in training.
#[derive(Debug)]
struct Shaken {
    block: Box<dyn Block>,
    noise: Arc<StepNoise>,
}

impl Block for Shaken {
    fn facts(&self) -> &'static BlockFacts {
        self.block.facts()
    }

    fn entry(&self, pass: &Pass, u: &Features) -> Option<Features> {
        self.block.entry(pass, u)
    }

    fn eval_from(&self, pass: &Pass, u: &Features, entry: Option<&Features>) -> Features {
        let [batch, ..] = u.dims();
        let controls = match pass.mode() {
            Mode::Train => self.noise.controls(pass, batch),
            Mode::Eval => None,
        };
        let branches = controls.and_then(|c| Some((c, self.block.eval_branches(pass, u)?)));
        let Some((controls, [first, second])) = branches else {
            return self.block.eval_from(pass, u, entry);
        };
        let weights = |pick: fn(&Control) -> Option<f64>| -> Vec<f32> {
            (0..batch)
                .map(|image| {
                    let control = controls.get(image).or(controls.first());
                    control.and_then(pick).unwrap_or(0.5) as f32
                })
                .collect()
        };
        let forward = weights(|control| match control {
            Control::Mix { forward, .. } => Some(*forward),
            _ => None,
        });
        let backward = weights(|control| match control {
            Control::Mix { backward, .. } => Some(*backward),
            _ => None,
        });
        ops::mix([&first, &second], &forward, &backward)
    }

    fn after_step(&self, u: Features) -> Features {
        self.block.after_step(u)
    }
}
