//! What does one evaluation of a network carry along? A tape, the mode, and what the norms measured.

use crate::effort::Counter;
use crate::{Effort, Features, ParamId, Parameters};
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use timestep_engine::{Array, Engine, Recording, Statistics, Tape, Wanted};
use timestep_numerics::random::{Purpose, Stream};

/// Training uses the statistics of the batch, evaluation the running ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics; running statistics are updated afterwards.
    Train,
    /// Running statistics.
    Eval,
}

/// Called after every step with the segment and the step (both from 1) and the new state.
pub type Probe<'p> = &'p mut dyn FnMut(usize, usize, &Features);

/// What norms measured on a batch, by the running statistic that it belongs to.
pub type Measured = Vec<(ParamId, Vec<f32>)>;

/// One evaluation of a network: a tape with its parameters, the mode, and what the norms measured.
///
/// Nothing hides in the network: batch statistics are collected here and applied by
/// [`Network::absorb`](crate::Network::absorb), so a recomputed block can be kept from updating
/// them twice.
#[derive(Debug)]
pub struct Pass {
    tape: Rc<dyn Tape>,
    mode: Mode,
    draws: Option<Draws>,
    /// Which parameters are trained, in the order of the table; `None`: all that can be.
    trained: Option<Arc<[bool]>>,
    statistics: RefCell<Measured>,
    /// Does anybody want its gradients?
    recorded: bool,
    /// Shared with the passes beside it.
    effort: Counter,
}

/// Where the random numbers of a training pass come from: the same numbers for the same seed, step and image,
/// wherever and however often a part of the network is evaluated, in whatever micro-batch the image is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draws {
    /// Seed of the run.
    pub seed: u64,
    /// Optimiser step of the run.
    pub step: u64,
    /// Number in the data set of each image of the batch.
    pub images: Arc<[u64]>,
}

impl Draws {
    /// The random numbers of some of the images, by their places in the batch.
    ///
    /// # Panics
    /// If there are fewer images.
    #[must_use]
    pub fn part(&self, images: Range<usize>) -> Self {
        Self {
            images: self.images[images].into(),
            ..*self
        }
    }

    /// The stream for `what`, shared by all images of the batch.
    #[must_use]
    pub fn whole(&self, what: &str) -> Stream {
        Stream::new(self.seed, what, self.step, Stream::WHOLE)
    }

    /// A stream for `what` for each image of the batch.
    pub fn each(&self, what: &str) -> impl Iterator<Item = Stream> + use<> {
        let (purpose, images) = (Purpose::new(what), self.images.clone());
        let (seed, step) = (self.seed, self.step);
        (0..images.len()).map(move |at| Stream::new(seed, purpose, step, images[at]))
    }
}

impl Pass {
    /// A pass on a tape that was opened for it.
    #[must_use]
    pub fn on(tape: Rc<dyn Tape>, mode: Mode) -> Self {
        Self {
            tape,
            mode,
            draws: None,
            trained: None,
            statistics: RefCell::default(),
            recorded: false,
            effort: Counter::default(),
        }
    }

    /// A pass whose gradients nobody wants.
    #[must_use]
    pub fn new(engine: &dyn Engine, parameters: &Parameters, mode: Mode) -> Self {
        let recording = Recording {
            wanted: Wanted::Nothing,
            statistics: mode == Mode::Train,
        };
        Self::on(engine.open(parameters, &recording), mode)
    }

    /// A training pass whose gradients of all trained parameters are wanted.
    #[must_use]
    pub fn training(engine: &dyn Engine, parameters: &Parameters) -> Self {
        let recording = Recording {
            wanted: Wanted::Parameters,
            statistics: true,
        };
        Self {
            recorded: true,
            ..Self::on(engine.open(parameters, &recording), Mode::Train)
        }
    }

    /// A training pass in which the parameters that are not marked in `trained` stay as they are: their gradients are not
    /// wanted, and their norms use running statistics and leave them alone, as in evaluation. A norm that
    /// does not learn would else change all the same, by what it measures.
    ///
    /// `trained` is in the order of the table.
    #[must_use]
    pub fn training_some(
        engine: &dyn Engine,
        parameters: &Parameters,
        trained: &Arc<[bool]>,
    ) -> Self {
        let recording = Recording {
            wanted: Wanted::Marked(trained.clone()),
            statistics: true,
        };
        Self {
            trained: Some(trained.clone()),
            recorded: true,
            ..Self::on(engine.open(parameters, &recording), Mode::Train)
        }
    }

    /// A pass like this one on another tape; what it measures is its own, what it takes is counted together.
    pub(crate) fn beside(&self, tape: Rc<dyn Tape>) -> Self {
        Self {
            effort: self.effort.clone(),
            draws: self.draws.clone(),
            trained: self.trained.clone(),
            ..Self::on(tape, self.mode)
        }
    }

    /// The parameters whose gradients a training pass wants.
    pub(crate) fn wanted(&self) -> Wanted {
        let marked = self.trained.clone().map(Wanted::Marked);
        marked.unwrap_or(Wanted::Parameters)
    }

    /// Is it one whose gradients somebody wants?
    pub(crate) fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// Does a norm with this scale measure the batch, and learn? In training, unless it is frozen.
    pub(crate) fn measures(&self, scale: ParamId) -> bool {
        let trained = self.trained.as_ref();
        self.mode == Mode::Train && trained.is_none_or(|marked| marked[scale.index()])
    }

    /// The same with random numbers: dropout and drop-path act in training only where there are any.
    #[must_use]
    pub fn with_draws(self, draws: Option<Draws>) -> Self {
        Self { draws, ..self }
    }

    /// Where its random numbers come from, whatever the mode.
    #[must_use]
    pub fn draws(&self) -> Option<&Draws> {
        self.draws.as_ref()
    }

    /// Where random numbers come from, in training passes that have any.
    #[must_use]
    pub fn random(&self) -> Option<&Draws> {
        self.draws().filter(|_| self.mode == Mode::Train)
    }

    /// The tape that it records on.
    #[must_use]
    pub fn tape(&self) -> &Rc<dyn Tape> {
        &self.tape
    }

    /// Training or evaluation.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Images `[batch, channels, height, width]` as features of this pass.
    ///
    /// # Panics
    /// If there are not as many numbers as `dims` says.
    #[must_use]
    pub fn images(&self, dims: [usize; 4], values: &[f32]) -> Features {
        assert_eq!(dims.iter().product::<usize>(), values.len(), "numbers");
        Features::images(&self.tape, dims, values)
    }

    /// The numbers of a parameter, as one row.
    #[must_use]
    pub fn value(&self, id: ParamId) -> Array {
        Array::parameter(&self.tape, id)
    }

    /// Notes what a norm measured on this batch, for the running statistics `mean` and `variance`.
    pub(crate) fn note(&self, [mean, variance]: [ParamId; 2], measured: &Statistics) {
        let narrow = |values: &[f64]| values.iter().map(|v| *v as f32).collect();
        let mut all = self.statistics.borrow_mut();
        all.push((mean, narrow(&measured.mean)));
        all.push((variance, narrow(&measured.variance)));
    }

    /// Notes what was measured in another pass over the same batch.
    pub(crate) fn note_all(&self, measured: Measured) {
        self.statistics.borrow_mut().extend(measured);
    }

    /// Counts what steps took.
    pub(crate) fn take(&self, effort: &Effort) {
        self.effort.add(effort);
    }

    /// What steps took so far whose evaluations are not known before; the way back is counted when it was gone.
    #[must_use]
    pub fn effort(&self) -> Effort {
        self.effort.read()
    }

    /// What the norms measured, in the order of evaluation.
    #[must_use]
    pub fn into_statistics(self) -> Measured {
        self.statistics.into_inner()
    }
}
