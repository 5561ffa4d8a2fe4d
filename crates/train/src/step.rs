//! What is one step of training? Gradients of a batch, the weights moved along them, running statistics.

use crate::clip::clip;
use crate::cluster::{Alone, Communicator, Part, Report, sum, tree};
use crate::ema::Ema;
use crate::evaluate::Tally;
use crate::freeze::trained;
use crate::optimisers::{Group, Optimiser};
use crate::recipe::{OptimiserSettings, Recipe};
use crate::{DepthPenalty, LipschitzLimit, TrainError, groups};
use std::ops::Range;
use std::sync::Arc;
use timestep_data::shard;
use timestep_engine::{End, Engine};
use timestep_nets::{Draws, Effort, Gradients, Network, Parameters, Pass, Specs, Targets, ops};

/// Images `[batch, channels, height, width]` and what their logits are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Examples<'a> {
    /// Extents of the images.
    pub dims: [usize; 4],
    /// Their numbers.
    pub images: &'a [f32],
    /// Their classes.
    pub targets: &'a Targets,
}

/// What a step found.
#[derive(Clone, Debug)]
pub struct StepResult {
    /// Mean loss over the whole batch, before the step.
    pub loss: f64,
    /// Images of the whole batch of which the most likely class is the right one.
    pub correct: usize,
    /// Logits of the images that this process computed, `[images, classes]`.
    pub logits: Vec<f32>,
    /// What steps took whose evaluations are not known before.
    pub effort: Effort,
}

/// A batch, of which this process has perhaps a part.
#[derive(Clone, Copy)]
struct Work<'a> {
    network: &'a Network,
    parameters: &'a Parameters,
    examples: &'a Examples<'a>,
    draws: Option<&'a Draws>,
    /// Images of the whole batch.
    whole: usize,
    /// The place of the first image that is here.
    first: usize,
}

/// What moves the weights: an engine that finds gradients and an optimiser that follows them.
#[derive(Debug)]
pub struct Learner {
    engine: Arc<dyn Engine>,
    optimiser: Box<dyn Optimiser>,
    settings: OptimiserSettings,
    /// What moves when a gradient reaches all that is trained.
    groups: Vec<Group>,
    /// Which parameters are trained, if some are not.
    trained: Option<Arc<[bool]>>,
    /// The longest gradient; 0: any.
    clip_norm: f64,
    /// What is added to the gradients for changes from step to step.
    penalty: Option<DepthPenalty>,
    /// What right-hand sides are kept below.
    limit: Option<LipschitzLimit>,
    /// Parts that a shard is computed in.
    parts: usize,
    /// Shards that a batch is cut into.
    shards: usize,
    /// Who computes them.
    ranks: Arc<dyn Communicator>,
    /// Decay of the average of the weights; 0: there is none.
    decay: f64,
    /// The average, from the first step on.
    average: Option<Ema>,
}

impl Learner {
    /// A learner at rest that trains all parameters of this table, in one part, without more.
    ///
    /// # Errors
    /// [`TrainError::Optimiser`] if the settings make no sense.
    pub fn new(
        engine: Arc<dyn Engine>,
        settings: &OptimiserSettings,
        specs: &Arc<Specs>,
    ) -> Result<Self, TrainError> {
        Ok(Self {
            engine,
            optimiser: settings.make()?,
            settings: settings.clone(),
            groups: groups(settings, specs, None),
            trained: None,
            clip_norm: 0.0,
            penalty: None,
            limit: None,
            parts: 1,
            shards: 1,
            ranks: Arc::new(Alone),
            decay: 0.0,
            average: None,
        })
    }

    /// The learner of a recipe, at rest.
    ///
    /// # Errors
    /// [`TrainError::UnknownPart`] and [`TrainError::AllFrozen`] for parts that cannot be frozen, [`TrainError::Recipe`] for a
    /// penalty or a limit that does not apply.
    pub fn of(
        engine: Arc<dyn Engine>,
        recipe: &Recipe,
        network: &Network,
    ) -> Result<Self, TrainError> {
        let trained = trained(network, &recipe.train.freeze)?;
        let specs = network.specs();
        Ok(Self {
            groups: groups(&recipe.optimiser, specs, trained.as_deref()),
            trained,
            clip_norm: recipe.train.clip_norm,
            penalty: DepthPenalty::of(network, recipe.train.depth_penalty)?,
            limit: LipschitzLimit::of(network, recipe.train.lipschitz)?,
            parts: recipe.train.accumulate.max(1),
            shards: recipe.train.shards.max(1),
            decay: recipe.train.ema,
            ..Self::new(engine, &recipe.optimiser, specs)?
        })
    }

    /// The same learner as one of several that share the shards of each batch.
    #[must_use]
    pub fn among(self, ranks: Arc<dyn Communicator>) -> Self {
        Self { ranks, ..self }
    }

    /// The engine that computes.
    #[must_use]
    pub fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// The optimiser, whose state a checkpoint keeps.
    #[must_use]
    pub fn optimiser(&self) -> &dyn Optimiser {
        &*self.optimiser
    }

    /// The optimiser, to take up a state.
    pub fn optimiser_mut(&mut self) -> &mut dyn Optimiser {
        &mut *self.optimiser
    }

    /// The average of the weights, if one is kept and a step was taken.
    #[must_use]
    pub fn average(&self) -> Option<&Ema> {
        self.average.as_ref()
    }

    /// The limit of right-hand sides, if there is one.
    #[must_use]
    pub fn limit(&self) -> Option<&LipschitzLimit> {
        self.limit.as_ref()
    }

    /// The limit, to take up a state.
    pub fn limit_mut(&mut self) -> Option<&mut LipschitzLimit> {
        self.limit.as_mut()
    }

    /// Makes weights ready to be measured and saved: what is bounded after each step as well as is cheap is then bounded exactly.
    pub fn settle(&mut self, parameters: &mut Parameters) {
        if let Some(limit) = &mut self.limit {
            limit.settle(parameters);
        }
    }

    /// Takes up an average that was saved after `updates` steps.
    pub fn restore_average(&mut self, updates: u64, values: Vec<f32>) {
        self.average = (self.decay > 0.0).then(|| Ema::restored(self.decay, updates, values));
    }

    /// Takes one step on a batch, with the random numbers of `draws`; `None` if the loss, or the norm of a gradient
    /// that is to be shortened, is not finite (nothing is changed then).
    ///
    /// # Errors
    /// [`TrainError::Net`] if a scheme refuses a step.
    pub fn step(
        &mut self,
        network: &Network,
        parameters: &mut Parameters,
        examples: &Examples<'_>,
        lr: f64,
        draws: Option<Draws>,
    ) -> Result<Option<StepResult>, TrainError> {
        let all = (0, examples.dims[0]);
        self.step_on_part(network, parameters, (examples, all), lr, draws)
    }

    /// Takes one step on a batch of which the shards of this rank are here: the place of the first image and the number
    /// of images of the whole batch say which they are. All ranks take the step with the same outcome.
    ///
    /// # Errors
    /// [`TrainError::Net`] if a scheme refuses a step, [`TrainError::Cluster`] if another rank is silent.
    pub fn step_on_part(
        &mut self,
        network: &Network,
        parameters: &mut Parameters,
        (examples, (first, whole)): (&Examples<'_>, (usize, usize)),
        lr: f64,
        draws: Option<Draws>,
    ) -> Result<Option<StepResult>, TrainError> {
        let work = Work {
            network,
            parameters,
            examples,
            draws: draws.as_ref(),
            whole,
            first,
        };
        let Some((done, parts, mut gradients)) = self.find(work)? else {
            return Ok(None);
        };
        if let Some(penalty) = &self.penalty {
            penalty.add(parameters, gradients.values_mut());
        }
        let some = self.reached(network.specs(), &gradients);
        let groups = some.as_deref().unwrap_or(&self.groups);
        let found = gradients.values_mut();
        if self.clip_norm > 0.0 && !clip(found, groups, self.clip_norm).is_finite() {
            return Ok(None);
        }
        if self.decay > 0.0 && self.average.is_none() {
            self.average = Some(Ema::new(self.decay, parameters.values().to_vec()));
        }
        let values = parameters.values_mut();
        self.optimiser
            .update(values, gradients.values(), groups, lr);
        for part in parts {
            network.absorb(parameters, part.statistics);
        }
        if let Some(limit) = &mut self.limit {
            limit.after_step(parameters);
        }
        if let Some(average) = &mut self.average {
            average.update(parameters.values());
        }
        Ok(Some(done))
    }

    /// What moves where a gradient did not reach all that is trained, because noise dropped a block for every image: the
    /// weights there keep their bits, and their velocity waits. `None` if it reached everything.
    fn reached(&self, specs: &Specs, gradients: &Gradients) -> Option<Vec<Group>> {
        let trained = |at: usize| self.trained.as_ref().is_none_or(|trained| trained[at]);
        let reached = gradients.reached();
        let missed = |at: usize| specs[at].is_trained() && trained(at) && !reached[at];
        let some = (0..specs.len()).any(missed);
        some.then(|| groups(&self.settings, specs, Some(reached)))
    }

    /// Finds the gradients of a batch, together with the other ranks, and what was found in each part of it, in the order
    /// of images; `None` if a loss is not finite.
    fn find(
        &self,
        work: Work<'_>,
    ) -> Result<Option<(StepResult, Vec<Part>, Gradients)>, TrainError> {
        let specs = work.network.specs();
        let (rank, size) = (self.ranks.rank(), self.ranks.size());
        let mut report = Report::new(specs);
        let mut logits = Vec::new();
        let mut sums = Vec::new();
        for node in tree::Node::root(self.shards).within(&tree::own(self.shards, rank, size)) {
            match self.node(work, node, &mut report, &mut logits)? {
                Some(gradients) => sums.push(gradients),
                None => {
                    report.finite = false;
                    break;
                }
            }
        }
        for gradients in &sums {
            let reached = report.reached.iter_mut().zip(gradients.reached());
            reached.for_each(|(any, one)| *any |= one);
        }
        let reports = match size {
            1 => vec![report],
            _ => {
                let all = self.ranks.gather(report.to_bytes())?;
                let read = |bytes: &Vec<u8>| Report::from_bytes(specs, bytes);
                // Ranks have compared their networks before the first step.
                let all = all.iter().map(read).collect::<Option<_>>();
                all.expect("reports are of the same network")
            }
        };
        if !reports.iter().all(|report| report.finite) {
            return Ok(None);
        }
        let gradients = match size {
            1 => sums.swap_remove(0),
            _ => {
                let sums = sums.into_iter().map(Gradients::into_values).collect();
                let mut reached = vec![false; specs.len()];
                for report in &reports {
                    let all = reached.iter_mut().zip(&report.reached);
                    all.for_each(|(any, one)| *any |= one);
                }
                let values = sum::sum(&*self.ranks, self.shards, sums)?;
                Gradients::found(specs, values, reached)
            }
        };
        let parts: Vec<Part> = reports.into_iter().flat_map(|r| r.parts).collect();
        let mut effort = Effort::default();
        parts.iter().for_each(|part| effort.add(&part.effort));
        let share = |part: &Part| part.images as f64 / work.whole as f64;
        let done = StepResult {
            loss: parts.iter().map(|part| share(part) * part.loss).sum(),
            correct: parts.iter().map(|part| part.correct).sum(),
            logits,
            effort,
        };
        Ok(Some((done, parts, gradients)))
    }

    /// The gradients of the shards below a node of the tree; `None` if a loss is not finite.
    fn node(
        &self,
        work: Work<'_>,
        node: tree::Node,
        report: &mut Report,
        logits: &mut Vec<f32>,
    ) -> Result<Option<Gradients>, TrainError> {
        let Some([left, right]) = node.halves() else {
            let places = shard(work.whole, self.shards, node.first);
            return self.shard(work, places, report, logits);
        };
        let Some(mut sum) = self.node(work, left, report, logits)? else {
            return Ok(None);
        };
        let Some(more) = self.node(work, right, report, logits)? else {
            return Ok(None);
        };
        sum::add(sum.values_mut(), more.values());
        sum.reach(more.reached());
        Ok(Some(sum))
    }

    /// The gradients of the images at `places`, part by part: each part has the share of its images in the mean over the whole batch.
    /// Every part is normalised by itself, and its statistics are absorbed by themselves.
    fn shard(
        &self,
        work: Work<'_>,
        places: Range<usize>,
        report: &mut Report,
        logits: &mut Vec<f32>,
    ) -> Result<Option<Gradients>, TrainError> {
        let Work {
            network,
            parameters,
            examples,
            ..
        } = work;
        let [_, channels, height, width] = examples.dims;
        let most = places.len().div_ceil(self.parts).max(1);
        let (engine, trained) = (&*self.engine, &self.trained);
        // On a thread of the pool, as in evaluation: no layer waits for one outside to wake, and each thread finds in its
        // caches what it made in the layer before.
        rayon::scope(|_| {
            // Zeros are memory that nobody has touched: it is taken up as the backward pass gives back that of the
            // activations, so both do not add up in the peak.
            let mut gradients = Gradients::zeros(network.specs());
            for first in places.clone().step_by(most) {
                let there = first..places.end.min(first + most);
                let images = there.start - work.first..there.end - work.first;
                let share = images.len() as f64 / work.whole as f64;
                let pass = match trained {
                    None => Pass::training(engine, parameters),
                    Some(trained) => Pass::training_some(engine, parameters, trained),
                }
                .with_draws(work.draws.map(|draws| draws.part(images.clone())));
                let image = channels * height * width;
                let pixels = &examples.images[images.start * image..images.end * image];
                let input = pass.images([images.len(), channels, height, width], pixels);
                let found = network.forward(&pass, input)?;
                let targets = examples.targets.part(images.clone());
                let loss = ops::cross_entropy(&found, &targets);
                let mean = loss.read().first().copied().unwrap_or(f64::NAN);
                if !mean.is_finite() {
                    return Ok(None);
                }
                let start = logits.len();
                logits.extend(found.read().iter().map(|v| *v as f32));
                let mut tally = Tally::default();
                let classes = network.config().classes;
                tally.count(&logits[start..], &targets.labels, classes);
                let ends = [End::Loss(loss.value(), share)];
                pass.tape().backward(&ends, &mut gradients);
                // The tape shares the parameters: it must be gone before they are changed in place.
                drop((found, loss));
                report.parts.push(Part {
                    loss: mean,
                    images: images.len(),
                    correct: tally.top1,
                    effort: pass.effort(),
                    statistics: pass.into_statistics(),
                });
            }
            Ok(Some(gradients))
        })
    }
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;
