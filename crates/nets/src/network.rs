//! What is a network? Stem, segments of steps, and a head: a scheme applied to image features.

use crate::segment::Inlet;
use crate::{
    Builder, Cost, Features, Linear, NetError, NetworkConfig, Norm, ParamId, Parameters, Pass,
    Probe, Role, Segment, Size, Spec, block, ops,
};
use burn::tensor::{Device, Tensor};
use std::sync::Arc;
use timestep_numerics::{SchemeFacts, facts as scheme_facts, scheme};

/// An architecture: immutable, without numbers. See [`Parameters`] for those.
#[derive(Debug)]
pub struct Network {
    config: NetworkConfig,
    specs: Arc<Vec<Spec>>,
    stem: Stem,
    segments: Vec<Segment>,
    head: Head,
    cost: Cost,
}

/// First convolution; with norm and ReLU before post-activation blocks.
#[derive(Debug)]
struct Stem {
    conv: crate::Conv,
    norm: Option<Norm>,
}

/// Norm and ReLU after pre-activation blocks, global average pooling, linear layer.
#[derive(Debug)]
struct Head {
    norm: Option<Norm>,
    linear: Linear,
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
        let (facts, make_block) = block(&config.block)?;
        let theory = scheme_by_name(&config.scheme)?;
        check(config, facts.expansion, theory)?;

        let mut make = Builder::new();
        let mut size = Size {
            height: config.input.height,
            width: config.input.width,
        };
        let mut cost = Cost::default();
        let stem = {
            let conv = make.conv("conv1", config.input.channels, config.width, 3, 1, 1, size);
            let norm = (!facts.preactivation).then(|| make.norm("bn1", config.width));
            Stem { conv, norm }
        };
        cost.add(make.take_cost());

        let mut channels = config.width;
        let mut segments = Vec::new();
        for index in 0..config.steps.len() {
            let stride = if index == 0 { 1 } else { 2 };
            let inlet = Inlet {
                channels,
                size,
                stride,
            };
            let scheme = scheme::<Features>(&config.scheme)
                .map_err(|_| NetError::Incompatible(vec![format!("scheme `{}`", config.scheme)]))?;
            let segment =
                Segment::build(&mut make, config, index, inlet, (facts, make_block), scheme);
            (channels, size) = (segment.summary().channels, segment.summary().size);
            cost.add(segment.summary().cost);
            segments.push(segment);
        }
        let head = {
            let norm = facts.preactivation.then(|| {
                make.keep(channels, size);
                make.norm("bn", channels)
            });
            Head {
                norm,
                linear: make.linear("fc", channels, config.classes),
            }
        };
        cost.add(make.take_cost());
        let specs = Arc::new(make.into_specs());
        Ok(Self {
            config: config.clone(),
            specs,
            stem,
            segments,
            head,
            cost,
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
        let mut u = self.stem.conv.forward(pass, &Features::from_nchw(images));
        if let Some(norm) = &self.stem.norm {
            u = norm.relu(pass, &u);
        }
        if let Some(probe) = &mut probe {
            probe(0, 0, &u);
        }
        for segment in &self.segments {
            u = segment.forward(pass, u, &mut probe)?;
        }
        if let Some(norm) = &self.head.norm {
            u = norm.relu(pass, &u);
        }
        Ok(self.head.linear.forward(pass, ops::global_average_pool(u)))
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
        self.cost
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

/// Looks up a scheme's theory, translating the error.
pub(crate) fn scheme_by_name(name: &str) -> Result<&'static SchemeFacts, NetError> {
    scheme_facts(name).map_err(|_| NetError::Unknown {
        kind: "scheme",
        name: name.to_string(),
        near: crate::near_names(name, timestep_numerics::schemes().iter().map(|s| s.key)),
        list: "timestep list schemes",
    })
}

/// Collects every reason why a configuration cannot be built.
fn check(config: &NetworkConfig, expansion: usize, theory: &SchemeFacts) -> Result<(), NetError> {
    let mut problems = Vec::new();
    if config.steps.is_empty() {
        problems.push("it has no segments (`steps` is empty)".to_string());
    }
    if let Some(at) = config.steps.iter().position(|n| *n == 0) {
        problems.push(format!("segment {} has no steps", at + 1));
    }
    if config.steps.len() > 8 {
        problems.push(format!("{} segments are more than 8", config.steps.len()));
    }
    if config.width == 0 {
        problems.push("its width is 0".to_string());
    }
    if config.classes < 2 {
        problems.push(format!(
            "{} class(es): a classifier needs at least 2",
            config.classes
        ));
    }
    let input = config.input;
    if input.channels == 0 || input.height == 0 || input.width == 0 {
        problems.push("its input images are empty".to_string());
    }
    if !(config.width * expansion).is_multiple_of(theory.parts) {
        problems.push(format!(
            "scheme `{}` steps {} halves of the channels in turn, and {} channels cannot be halved",
            theory.key,
            theory.parts,
            config.width * expansion
        ));
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(NetError::Incompatible(problems))
    }
}
