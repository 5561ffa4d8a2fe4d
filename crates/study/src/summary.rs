//! What is a network made of, what does it cost, and what is it as a differential equation?

mod described;

pub use described::{Changes, Described, mean_coefficient, names_weights};

use crate::answer;
use crate::map::{Place, law};
use timestep_nets::{Cost, Network, Role, SegmentSummary};
use timestep_numerics::analysis::{modified_equation, stability};

/// Derivatives of the modified equation.
const TERMS: usize = 2;

answer! {
    /// Steps of a segment that are alike.
    pub struct AlikeSteps {
        /// Which steps they are, and how they are taken.
        pub what: String,
        /// Evaluations of the block.
        pub block_evaluations: usize,
        /// Learned numbers without coefficients.
        pub parameters: usize,
        /// Learned coefficients of the scheme.
        pub coefficients: usize,
    }
}

answer! {
    /// A segment: steps at one shape.
    pub struct SegmentOfNetwork {
        /// Its name in weights files.
        pub name: String,
        /// Its steps.
        pub steps: usize,
        /// How it is entered: `start`, `strided step` or `projection`.
        pub entrance: &'static str,
        /// Channels of its states.
        pub channels: usize,
        /// Height of its states in pixels.
        pub height: usize,
        /// Width of its states in pixels.
        pub width: usize,
        /// Evaluations of the block.
        pub block_evaluations: usize,
        /// Learned numbers without coefficients.
        pub parameters: usize,
        /// Learned coefficients of the scheme.
        pub coefficients: usize,
        /// Multiply-adds of one image, forward.
        pub multiply_adds: usize,
        /// Bytes that training keeps of one image for the backward pass.
        pub activation_bytes: usize,
        /// Its steps, those that are alike together.
        pub groups: Vec<AlikeSteps>,
    }
}

answer! {
    /// What comes before the segments, or after them.
    pub struct EndOfNetwork {
        /// Learned numbers.
        pub parameters: usize,
        /// Multiply-adds of one image, forward.
        pub multiply_adds: usize,
        /// Bytes that training keeps of one image for the backward pass.
        pub activation_bytes: usize,
    }
}

answer! {
    /// Where a network is on the map of networks as numerical methods.
    pub struct PlaceOfNetwork {
        /// The differential equation.
        pub equation: &'static str,
        /// The numerical scheme that steps it.
        pub scheme: String,
    }
}

answer! {
    /// The noise of a network in training.
    pub struct NoiseOfNetwork {
        /// Its name.
        pub key: &'static str,
        /// What it makes of a step.
        pub equation: &'static str,
        /// Its stochastic equation in Itô form.
        pub ito: &'static str,
    }
}

answer! {
    /// The scheme of a network.
    pub struct SchemeOfNetwork {
        /// Its name.
        pub key: &'static str,
        /// What a step computes.
        pub equation: &'static str,
        /// Its order.
        pub order: u32,
        /// The coefficient at which the following holds: the learned mean, or an example; null without a coefficient.
        pub k: Option<f64>,
        /// The stable interval of real `hλ`, as `[a, 0]`.
        pub real_interval: Option<[f64; 2]>,
        /// The largest stable imaginary `hλ`.
        pub imaginary_interval: Option<f64>,
        /// Whether `k` was learned.
        pub learned: bool,
        /// The modified equation in words, up to the second derivative.
        pub follows: Option<String>,
    }
}

answer! {
    /// What a network is made of, what it costs, and what it is as a differential equation.
    pub struct SummaryOfNetwork {
        /// Its name.
        pub network: String,
        /// Name of its block.
        pub block: String,
        /// Images that it takes: channels, height, width.
        pub input: [usize; 3],
        /// Classes that it tells apart.
        pub classes: usize,
        /// Learned numbers without coefficients.
        pub parameters: usize,
        /// Learned coefficients of the scheme.
        pub coefficients: usize,
        /// Multiply-adds of one image, forward.
        pub multiply_adds: usize,
        /// Evaluations of the block.
        pub block_evaluations: usize,
        /// Bytes that training keeps of one image for the backward pass.
        pub activation_bytes: usize,
        /// Its segments, in order.
        pub segments: Vec<SegmentOfNetwork>,
        /// Its place among the numerical methods.
        pub map: PlaceOfNetwork,
        /// What makes its steps random in training; null without noise.
        pub noise: Option<NoiseOfNetwork>,
        /// Its scheme.
        pub scheme: SchemeOfNetwork,
        /// Its steps, in all segments together.
        pub steps: usize,
        /// Step size: one for all steps, one for each segment, or one for each step; none if all are 1.
        pub h: Vec<f64>,
        /// What leads from the images to the first state.
        pub stem: EndOfNetwork,
        /// Shape of the first state: channels, height, width.
        pub first_state: [usize; 3],
        /// What leads from the last state to the classes.
        pub head: EndOfNetwork,
    }
}

impl SummaryOfNetwork {
    /// Looks at a network; `k` is the mean of its learned coefficients, if it was trained.
    #[must_use]
    pub fn of(network: &Network, k: Option<f64>) -> Self {
        let (cost, config, place) = (network.cost(), network.config(), Place::of(network));
        let (channels, size) = network.stem_shape();
        Self {
            network: config.name.clone(),
            block: config.block.name.clone(),
            input: [
                config.input.channels,
                config.input.height,
                config.input.width,
            ],
            classes: config.classes,
            parameters: cost.parameters,
            coefficients: network.coefficient_count(),
            multiply_adds: cost.multiply_adds,
            block_evaluations: network.block_evaluations(),
            activation_bytes: 4 * cost.activations,
            segments: (network.segments().iter())
                .map(|segment| SegmentOfNetwork::of(network, segment.summary()))
                .collect(),
            map: PlaceOfNetwork {
                equation: place.equation,
                scheme: place.scheme,
            },
            noise: law(network).map(|noise| NoiseOfNetwork {
                key: noise.key,
                equation: noise.equation,
                ito: noise.ito,
            }),
            scheme: SchemeOfNetwork::of(network, k),
            steps: config.body.steps.iter().sum(),
            h: config.scheme.h.clone(),
            stem: EndOfNetwork::of(network.stem_cost()),
            first_state: [channels, size.height, size.width],
            head: EndOfNetwork::of(network.head_cost()),
        }
    }
}

impl EndOfNetwork {
    fn of(cost: Cost) -> Self {
        Self {
            parameters: cost.parameters,
            multiply_adds: cost.multiply_adds,
            activation_bytes: 4 * cost.activations,
        }
    }
}

impl SchemeOfNetwork {
    fn of(network: &Network, learned: Option<f64>) -> Self {
        let scheme = network.scheme();
        let k = learned.or(scheme.coefficient.map(|c| c.default));
        let intervals = stability(scheme.written(), k).ok();
        let equation = modified_equation(scheme.written(), k, TERMS).ok();
        Self {
            key: scheme.key,
            equation: scheme.equation,
            order: scheme.order,
            k,
            real_interval: intervals.as_ref().map(|i| [i.real_interval.0, 0.0]),
            imaginary_interval: intervals.as_ref().map(|i| i.imaginary_interval),
            learned: learned.is_some(),
            follows: equation.map(|e| e.to_string()),
        }
    }
}

impl SegmentOfNetwork {
    fn of(network: &Network, segment: &SegmentSummary) -> Self {
        Self {
            name: segment.name.clone(),
            steps: segment.steps,
            entrance: segment.entrance,
            channels: segment.channels,
            height: segment.size.height,
            width: segment.size.width,
            block_evaluations: segment.block_evaluations,
            parameters: segment.cost.parameters,
            coefficients: segment.coefficients,
            multiply_adds: segment.cost.multiply_adds,
            activation_bytes: 4 * segment.cost.activations,
            groups: groups(network, segment),
        }
    }
}

/// The step that a transition takes, in words.
fn entrance(name: &'static str) -> &'static str {
    match name {
        "strided step" => "strided forward Euler",
        other => other,
    }
}

/// The runs of alike steps of a segment: how it is entered, then how it goes on.
fn groups(network: &Network, segment: &SegmentSummary) -> Vec<AlikeSteps> {
    let scheme = network.scheme();
    let strided = segment.entrance.starts_with("strided");
    let mut parts: Vec<AlikeSteps> = Vec::new();
    if segment.entrance == "projection" {
        let inside = format!("{}.downsample.", segment.name);
        let (parameters, _) = count(network, |name| name.starts_with(&inside));
        parts.push(AlikeSteps {
            what: "projection to the new shape".into(),
            block_evaluations: 0,
            parameters,
            coefficients: 0,
        });
    }
    let mut from = 0;
    for n in 0..segment.steps {
        let inside = format!("{}.{n}.", segment.name);
        let (parameters, coefficients) = count(network, |name| name.starts_with(&inside));
        let (what, block_evaluations) = match n {
            0 if strided => (entrance(segment.entrance).to_owned(), 1),
            0 if scheme.memory > 0 => (
                format!("{}, without history", scheme.key),
                scheme.start_stages,
            ),
            n if n < scheme.memory && scheme.start_stages != scheme.stages => {
                (format!("{}, start-up", scheme.key), scheme.start_stages)
            }
            _ => (scheme.key.to_owned(), scheme.stages),
        };
        // Alike steps share a group; that of the first one is extended.
        if let Some(last) = parts.last_mut().filter(|_| n > from)
            && last.what.ends_with(&format!(": {what}"))
            && last.parameters / (n - from) == parameters
        {
            last.what = format!("steps {}-{}: {what}", from + 1, n + 1);
            last.block_evaluations += block_evaluations;
            last.parameters += parameters;
            last.coefficients += coefficients;
            continue;
        }
        from = n;
        parts.push(AlikeSteps {
            what: format!("step {}: {what}", n + 1),
            block_evaluations,
            parameters,
            coefficients,
        });
    }
    parts
}

/// Trained numbers and coefficients of the parameters whose name passes.
fn count(network: &Network, named: impl Fn(&str) -> bool) -> (usize, usize) {
    let (mut weights, mut coefficients) = (0, 0);
    for spec in network.specs().iter().filter(|spec| named(&spec.name)) {
        match spec.role {
            Role::Buffer => {}
            Role::Coefficient => coefficients += spec.len(),
            Role::Weight | Role::Bias | Role::Norm => weights += spec.len(),
        }
    }
    (weights, coefficients)
}
