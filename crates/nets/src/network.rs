//! What is a network? Stem, segments of steps, and a head: a scheme applied to image features.

use crate::bodies;
use crate::check::{check, scheme_by_name};
use crate::ends::{Head, Inlet, Stem};
use crate::segment::Flow;
use crate::{
    Builder, Cost, Features, NetError, NetworkConfig, ParamId, Parameters, Pass, Probe, Role,
    Segment, Size, Spec, block, ops,
};
use burn::tensor::{Device, Tensor};
use std::sync::Arc;
use timestep_numerics::{SchemeFacts, facts as scheme_facts};

/// An architecture: immutable, without numbers. See [`Parameters`] for those.
#[derive(Debug)]
pub struct Network {
    config: NetworkConfig,
    specs: Arc<Vec<Spec>>,
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
    /// pieces do not fit.
    pub fn build(config: &NetworkConfig) -> Result<Self, NetError> {
        let kind = block(&config.block)?;
        let theory = scheme_by_name(&config.scheme)?;
        check(config, &kind, theory)?;
        let mut make = Builder::new();
        let parts = bodies::build(&mut make, config)?;
        Ok(Self {
            config: config.clone(),
            specs: Arc::new(make.into_specs()),
            stem: parts.stem,
            segments: parts.segments,
            head: parts.head,
            stem_cost: parts.stem_cost,
            inlet: parts.inlet,
            head_cost: parts.head_cost,
        })
    }

    /// First parameter values under a seed.
    #[must_use]
    pub fn init(&self, seed: u64, device: &Device) -> Parameters {
        Parameters::init(self.specs.clone(), seed, device)
    }

    /// Logits `[batch, classes]` of images `[batch, channels, height, width]`.
    ///
    /// # Errors
    /// [`NetError::Step`] if a scheme refuses a step.
    pub fn forward(&self, pass: &Pass<'_>, images: Tensor<4>) -> Result<Tensor<2>, NetError> {
        self.forward_probed(pass, images, None)
    }

    /// The same, calling `probe` after every step. The stem reports as segment 0, step 0.
    ///
    /// # Errors
    /// [`NetError::Step`] if a scheme refuses a step.
    pub fn forward_probed(
        &self,
        pass: &Pass<'_>,
        images: Tensor<4>,
        mut probe: Option<Probe<'_>>,
    ) -> Result<Tensor<2>, NetError> {
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
    pub(crate) fn stem(&self, pass: &Pass<'_>, images: Tensor<4>) -> Features {
        self.stem.forward(pass, Features::from_nchw(images))
    }

    /// Folds batch statistics into the running ones: `r ← 0.9 r + 0.1 s`.
    pub fn absorb(&self, parameters: &mut Parameters, statistics: Vec<(ParamId, Tensor<1>)>) {
        for (id, measured) in statistics {
            let old = parameters.values()[id.index()].clone();
            let new = old.mul_scalar(1.0 - ops::NORM_MOMENTUM)
                + measured.without_autodiff().mul_scalar(ops::NORM_MOMENTUM);
            parameters.set(id, new);
        }
    }

    /// Finds where a forward pass over `images` first leaves the finite numbers.
    #[must_use]
    pub fn locate_non_finite(
        &self,
        parameters: &Parameters,
        images: Tensor<4>,
        mode: crate::Mode,
    ) -> Option<NonFinite> {
        for (spec, id) in parameters.specs().iter().zip(parameters.ids()) {
            if parameters.read(id).iter().any(|v| !v.is_finite()) {
                return Some(NonFinite::Parameter(spec.name.clone()));
            }
        }
        if !ops::is_finite(&Features::from_nchw(images.clone())) {
            return Some(NonFinite::Input);
        }
        let mut first = None;
        let mut probe = |segment: usize, step: usize, u: &Features| {
            if first.is_none() && !ops::is_finite(u) {
                first = Some(match segment {
                    0 => NonFinite::Stem,
                    _ => NonFinite::Step { segment, step },
                });
            }
        };
        let pass = Pass::new(parameters.values(), mode);
        let logits = self.forward_probed(&pass, images, Some(&mut probe));
        let bad_logits = logits.is_ok_and(|l| {
            !l.abs()
                .sum()
                .into_data()
                .iter::<f64>()
                .all(|v| v.is_finite())
        });
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
        scheme_facts(&self.config.scheme).expect("the name was checked when the network was built")
    }

    /// Names, shapes and roles of its parameters.
    #[must_use]
    pub fn specs(&self) -> &Arc<Vec<Spec>> {
        &self.specs
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
}
