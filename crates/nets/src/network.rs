//! What is a network? Stem, segments of steps, and a head: a scheme applied to image features.

use crate::bodies::{BodyFacts, body};
use crate::check::{check, check_memory, scheme_by_name};
use crate::ends::{Head, Inlet, Stem};
use crate::parts::Part;
use crate::pass::Measured;
use crate::segment::Flow;
use crate::{
    Builder, Cost, Features, NetError, NetworkConfig, Parameters, Pass, Probe, Role, Segment, Size,
    Spec, Specs, block, init, ops,
};
use std::sync::Arc;
use timestep_engine::{Array, Engine};
use timestep_numerics::{SchemeFacts, State as _, facts as scheme_facts};

/// An architecture: immutable, without numbers. See [`Parameters`] for those.
#[derive(Debug)]
pub struct Network {
    config: NetworkConfig,
    body: &'static BodyFacts,
    specs: Arc<Specs>,
    parts: Vec<Part>,
    stem: Stem,
    segments: Vec<Segment>,
    head: Head,
    stem_cost: Cost,
    inlet: Inlet,
    head_cost: Cost,
}

/// Where the first non-finite number of a forward pass is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NonFinite {
    /// A parameter holds one.
    Parameter(String),
    /// The input images hold one.
    Input,
    /// The stem produced it.
    Stem,
    /// A step produced it; both count from 1.
    Step {
        /// Segment.
        segment: usize,
        /// Step within the segment.
        step: usize,
    },
    /// The head produced it.
    Head,
}

impl std::fmt::Display for NonFinite {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NonFinite::Parameter(name) => write!(out, "parameter `{name}`"),
            NonFinite::Input => out.write_str("the input images"),
            NonFinite::Stem => out.write_str("the stem"),
            NonFinite::Step { segment, step } => write!(out, "segment {segment}, step {step}"),
            NonFinite::Head => out.write_str("the head"),
        }
    }
}

impl Network {
    /// Builds the architecture.
    ///
    /// # Errors
    /// [`NetError::Unknown`] for a name, [`NetError::Incompatible`] with all the reasons why the
    /// pieces do not fit, [`NetError::TooLarge`] if they fit each other but not the memory there is.
    pub fn build(config: &NetworkConfig) -> Result<Self, NetError> {
        let kind = block(&config.block.name)?;
        let theory = scheme_by_name(&config.scheme.name)?;
        let body = body(&config.body.name)?;
        check(config, body, &kind, theory)?;
        let mut make = Builder::new();
        let parts = (body.build)(&mut make, config)?;
        let named = make.parts();
        let network = Self {
            body,
            config: config.clone(),
            parts: named,
            specs: Arc::new(make.into_specs()),
            stem: parts.stem,
            segments: parts.segments,
            head: parts.head,
            stem_cost: parts.stem_cost,
            inlet: parts.inlet,
            head_cost: parts.head_cost,
        };
        let (numbers, kept) = (network.specs.total(), network.cost().activations);
        check_memory(&config.name, 1, numbers, kept)?;
        Ok(network)
    }

    /// Checks that training it fits the memory of this machine, with `images` in a forward pass and `copies` of its
    /// parameters (values, gradients, what the optimiser keeps).
    ///
    /// # Errors
    /// [`NetError::TooLarge`].
    pub fn check_training(&self, images: usize, copies: usize) -> Result<(), NetError> {
        let numbers = self.specs.total().saturating_mul(copies);
        let kept = self.cost().activations.saturating_mul(images);
        check_memory(&self.config.name, images, numbers, kept)
    }

    /// What stands around its steps.
    #[must_use]
    pub fn body(&self) -> &'static BodyFacts {
        self.body
    }

    /// First parameter values under a seed. Each parameter draws from a stream of its own, keyed by `seed` and its name:
    /// adding a layer does not change the others.
    #[must_use]
    pub fn init(&self, seed: u64) -> Parameters {
        let values = self.specs.iter().flat_map(|spec| init::draw(spec, seed));
        Parameters::new(self.specs.clone(), values.collect())
    }

    /// Logits `[batch, classes]` of images `[batch, channels, height, width]`: see [`Pass::images`].
    ///
    /// # Errors
    /// [`NetError::Step`] if a scheme refuses a step.
    pub fn forward(&self, pass: &Pass, images: Features) -> Result<Array, NetError> {
        self.forward_probed(pass, images, None)
    }

    /// The same, calling `probe` after every step. The stem reports as segment 0, step 0.
    ///
    /// # Errors
    /// [`NetError::Step`] if a scheme refuses a step.
    pub fn forward_probed(
        &self,
        pass: &Pass,
        images: Features,
        mut probe: Option<Probe<'_>>,
    ) -> Result<Array, NetError> {
        let u = self.stem(pass, images);
        if let Some(probe) = &mut probe {
            probe(0, 0, &u);
        }
        let mut flow = Flow {
            state: u,
            before: None,
        };
        for segment in &self.segments {
            flow = segment.forward(pass, flow, &mut probe)?;
        }
        Ok(self.head.forward(pass, flow.state))
    }

    /// What the first layers make of images.
    pub(crate) fn stem(&self, pass: &Pass, images: Features) -> Features {
        self.stem.forward(pass, images)
    }

    /// Folds batch statistics into the running ones: `r ← 0.9 r + 0.1 s`.
    pub fn absorb(&self, parameters: &mut Parameters, statistics: Measured) {
        for (id, measured) in statistics {
            let (kept, new) = ((1.0 - ops::NORM_MOMENTUM) as f32, ops::NORM_MOMENTUM as f32);
            for (running, measured) in parameters.value_mut(id).iter_mut().zip(measured) {
                *running = *running * kept + measured * new;
            }
        }
    }

    /// Finds where a forward pass over `images` first leaves the finite numbers.
    #[must_use]
    pub fn locate_non_finite(
        &self,
        engine: &dyn Engine,
        parameters: &Parameters,
        (dims, images): ([usize; 4], &[f32]),
        mode: crate::Mode,
    ) -> Option<NonFinite> {
        for (spec, id) in parameters.specs().iter().zip(parameters.ids()) {
            if parameters.value(id).iter().any(|v| !v.is_finite()) {
                return Some(NonFinite::Parameter(spec.name.clone()));
            }
        }
        if !images.iter().all(|v| v.is_finite()) {
            return Some(NonFinite::Input);
        }
        let mut first = None;
        let mut probe = |segment: usize, step: usize, u: &Features| {
            if first.is_none() && !u.is_finite() {
                first = Some(match segment {
                    0 => NonFinite::Stem,
                    _ => NonFinite::Step { segment, step },
                });
            }
        };
        let pass = Pass::new(engine, parameters, mode);
        let logits = self.forward_probed(&pass, pass.images(dims, images), Some(&mut probe));
        let bad_logits = logits.is_ok_and(|l| !l.read().iter().all(|v| v.is_finite()));
        first.or(bad_logits.then_some(NonFinite::Head))
    }

    /// The decisions it was built from.
    #[must_use]
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// Theory of its scheme.
    #[must_use]
    pub fn scheme(&self) -> &'static SchemeFacts {
        scheme_facts(&self.config.scheme.name)
            .expect("the name was checked when the network was built")
    }

    /// Names, shapes and roles of its parameters.
    #[must_use]
    pub fn specs(&self) -> &Arc<Specs> {
        &self.specs
    }

    /// Its parts, in the order of the table of parameters.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Its segments.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Cost per image of the whole network.
    #[must_use]
    pub fn cost(&self) -> Cost {
        let mut cost = self.stem_cost;
        self.segments
            .iter()
            .for_each(|s| cost.add(s.summary().cost));
        cost.add(self.head_cost);
        cost
    }

    /// Cost per image of the first layers.
    #[must_use]
    pub fn stem_cost(&self) -> Cost {
        self.stem_cost
    }

    /// Channels and size of what the first layers leave.
    #[must_use]
    pub fn stem_shape(&self) -> (usize, Size) {
        (self.inlet.channels, self.inlet.size)
    }

    /// Cost per image of the last layers.
    #[must_use]
    pub fn head_cost(&self) -> Cost {
        self.head_cost
    }

    /// Number of learned coefficients of the scheme.
    #[must_use]
    pub fn coefficient_count(&self) -> usize {
        self.specs
            .iter()
            .filter(|s| s.role == Role::Coefficient)
            .map(Spec::len)
            .sum()
    }

    /// Evaluations of the block per image.
    #[must_use]
    pub fn block_evaluations(&self) -> usize {
        self.segments
            .iter()
            .map(|s| s.summary().block_evaluations)
            .sum()
    }

    /// The part called `name`.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts().iter().find(|part| part.name == name)
    }

    /// Which parameters are trained when `frozen` parts are not, in the order of the table; see
    /// [`Pass::training_some`](crate::Pass::training_some).
    #[must_use]
    pub fn trained_without(&self, frozen: &[&Part]) -> Arc<[bool]> {
        let specs = self.specs().iter().enumerate();
        let marks = specs.map(|(at, spec)| {
            let frozen = frozen.iter().any(|part| part.parameters.contains(&at));
            spec.is_trained() && !frozen
        });
        marks.collect()
    }
}
