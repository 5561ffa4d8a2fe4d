//! Is a scheme with noise a discretised stochastic equation, and how good a one?

use crate::answer;
use crate::answer::{Documented, Line};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use timestep_numerics::analysis::AnalysisError;
use timestep_numerics::analysis::weak_order::{
    Condition, Curve, Estimate, NetworkBlock, Plan, Setting, Survival, WeakOrder, condition,
    network, second_order, weak_order,
};
use timestep_numerics::noise::NoiseFacts;

/// Networks of Lu et al. 2018 with stochastic depth: layers, residual blocks, `p_L`.
const PUBLISHED: [(&str, usize, f64); 2] = [("LM-ResNet-56", 27, 0.8), ("LM-ResNet-110", 54, 0.5)];

/// Probabilities that are looked at when none are given.
pub const KEEP: [f64; 2] = [0.8, 0.9];

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// Scheme, coefficient, numbers of steps, paths and seed.
    pub plan: Plan<'a>,
    /// Damping of the equation of second order that the noise is put into instead, if it is.
    pub damping: Option<f64>,
    /// Probabilities to keep a block; [`KEEP`] if empty.
    pub keep: &'a [f64],
    /// Blocks of a network whose noise grows with depth; those of published ones by default.
    pub blocks: Option<usize>,
}

answer! {
    /// A noise with a scheme.
    pub struct NoiseWithScheme {
        /// `noise`.
        pub part: &'static str,
        /// Name of the noise.
        pub noise: &'static str,
        /// Its stochastic equation in Itô form.
        pub ito: &'static str,
        /// Name of the scheme.
        pub scheme: &'static str,
        /// The coefficient of the scheme, if it has one.
        pub k: Option<f64>,
        /// Damping of the equation of second order, where the noise is put into one.
        pub damping: Option<f64>,
        /// The scheme follows `time_scale · u' = f(u)`.
        pub time_scale: f64,
        /// How the equation is read: 0 in Itô's sense, 0.5 in Stratonovich's.
        pub reading: f64,
        /// Whether the history of the scheme forgets noise.
        pub damped: bool,
    }
}

answer! {
    /// The condition of weak order 1, `|E dW| + |E dW^3| + |E dW^2 - dt| <= K dt^2`, at one step size.
    pub struct ConditionAtStep {
        /// `condition`.
        pub part: &'static str,
        /// Name of the noise.
        pub noise: &'static str,
        /// The law of the noise, with its settings.
        pub setting: String,
        /// Step size.
        pub dt: f64,
        /// Probability to keep a block at this step size, where the noise drops blocks.
        pub p: Option<f64>,
        /// Measured `E dW / dt^0.5`, `E dW^2 / dt` and `E dW^3 / dt^1.5`.
        pub measured: [f64; 3],
        /// Standard errors of the three.
        pub deviations: [f64; 3],
        /// `E dW^3 / dt^1.5` by formula.
        pub third: f64,
        /// The smallest `K` with which the condition holds at this step size.
        pub bound: f64,
        /// Whether the condition holds in the limit of small steps.
        pub holds: bool,
    }
}

answer! {
    /// The noise in one block of a network in which it grows with depth.
    pub struct NoiseInBlock {
        /// `network`.
        pub part: &'static str,
        /// Name of the noise.
        pub noise: &'static str,
        /// The network, with its number of blocks and the probability of its last one.
        pub network: String,
        /// The block, from 0.
        pub block: usize,
        /// Probability to keep it.
        pub p: f64,
        /// Third central moment of the kept share, `p (1-p) (1-2p)`.
        pub third_of_eta: f64,
        /// `E dW^3 / dt^1.5`; null without noise.
        pub third: Option<f64>,
        /// The smallest `K` with which the condition holds; null without noise.
        pub bound: Option<f64>,
    }
}

answer! {
    /// An order with its uncertainty.
    pub struct OrderWithMargin {
        /// Slope of `log error` over `log dt`.
        pub order: f64,
        /// Half-width of its 95 % interval; of computed errors, how far they are from a pure power.
        pub margin: f64,
    }
}

answer! {
    /// The error of a mean at one step size.
    pub struct WeakError {
        /// Number of steps.
        pub steps: usize,
        /// Step size.
        pub dt: f64,
        /// Mean of the scheme minus that of the equation.
        pub error: f64,
        /// Standard error of the simulation; 0 where nothing is drawn.
        pub deviation: f64,
        /// The error computed without draws, where that is possible.
        pub computed: Option<f64>,
    }
}

answer! {
    /// How fast a mean of the scheme with noise approaches that of its stochastic differential equation.
    pub struct OrderOfMean {
        /// `order`.
        pub part: &'static str,
        /// Name of the noise.
        pub noise: &'static str,
        /// The law of the noise, with its settings.
        pub setting: String,
        /// Where the probability approaches 1/2 with the step size, `p = 1/2 + c dt^0.5`, its `c`.
        pub c: Option<f64>,
        /// Name of the equation that is solved.
        pub problem: &'static str,
        /// The equation.
        pub equation: &'static str,
        /// Where it comes from.
        pub reference: &'static str,
        /// The moment `E X^moment` that is compared.
        pub moment: u32,
        /// Its exact value.
        pub exact: f64,
        /// The order of simulated errors; null if they are no larger than chance.
        pub simulated: Option<OrderWithMargin>,
        /// The order of errors computed without draws, where that is possible.
        pub computed: Option<OrderWithMargin>,
        /// The error at each step size.
        pub samples: Vec<WeakError>,
    }
}

/// Everything that is known of one noise with one scheme; in JSON a line for each part.
#[derive(Clone, Debug, PartialEq)]
pub struct WeakOrderOfNoise {
    /// The noise and the scheme.
    pub noise: NoiseWithScheme,
    /// The condition, by law and step size.
    pub conditions: Vec<ConditionAtStep>,
    /// Blocks of networks, for noises that grow with depth.
    pub networks: Vec<NoiseInBlock>,
    /// The orders, by law, equation and moment.
    pub orders: Vec<OrderOfMean>,
}

impl Serialize for WeakOrderOfNoise {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(None)?;
        all.serialize_element(&self.noise)?;
        for part in &self.conditions {
            all.serialize_element(part)?;
        }
        for part in &self.networks {
            all.serialize_element(part)?;
        }
        for part in &self.orders {
            all.serialize_element(part)?;
        }
        all.end()
    }
}

impl WeakOrderOfNoise {
    /// The kinds of its lines.
    #[must_use]
    pub fn lines() -> Vec<Line> {
        vec![
            NoiseWithScheme::line(),
            ConditionAtStep::line(),
            NoiseInBlock::line(),
            OrderOfMean::line(),
        ]
    }
}

/// Simulates; the answer for each noise, and all curves together. `done` is called with the laws that are simulated and those
/// that there are.
///
/// # Errors
/// [`AnalysisError`] for a scheme or numbers for which there is no answer.
pub fn answer(
    noises: &[&'static NoiseFacts],
    question: &Question<'_>,
    mut done: impl FnMut(usize, usize),
) -> Result<(Vec<WeakOrderOfNoise>, WeakOrder), AnalysisError> {
    let keep = match question.keep {
        [] => &KEEP[..],
        asked => asked,
    };
    let mut sorted = question.plan.steps.clone();
    sorted.sort_unstable();
    let coarsest = 1.0 / sorted.first().copied().unwrap_or(1) as f64;
    let of = |noise: &&'static NoiseFacts| Setting::of(noise.key, keep, coarsest);
    let settings: Vec<Vec<Setting>> = noises.iter().map(of).collect();
    let all: Vec<Setting> = settings.iter().flatten().copied().collect();
    let simulated = |settings: &[Setting]| match question.damping {
        Some(damping) => second_order(damping, &question.plan.steps, settings),
        None => weak_order(&question.plan, settings),
    };
    // One after the other: they know nothing of each other, and each takes seconds.
    let mut found = simulated(all.get(..1).unwrap_or_default())?;
    for (before, setting) in all.iter().enumerate().skip(1) {
        done(before, all.len());
        found.curves.extend(simulated(&[*setting])?.curves);
    }
    let mut answers = Vec::new();
    for (noise, settings) in noises.iter().zip(&settings) {
        answers.push(WeakOrderOfNoise {
            noise: NoiseWithScheme::new(noise, &found),
            conditions: conditions(settings, &sorted, question.plan.seed),
            networks: networks(noise, settings, keep, question.blocks)?,
            orders: (settings.iter())
                .flat_map(|setting| orders(setting, &found))
                .collect(),
        });
    }
    Ok((answers, found))
}

/// The condition at the largest step, one in the middle and the smallest.
fn conditions(settings: &[Setting], sorted: &[usize], seed: u64) -> Vec<ConditionAtStep> {
    let Some(last) = sorted.len().checked_sub(1) else {
        return Vec::new();
    };
    let sizes = [0, sorted.len() / 2, last].map(|at| 1.0 / sorted[at] as f64);
    let at = |setting: &Setting| {
        sizes.map(|dt| ConditionAtStep::new(setting, &condition(setting, dt, seed)))
    };
    settings.iter().flat_map(at).collect()
}

/// The blocks of networks in which a noise grows with depth; none for a noise that drops no blocks.
fn networks(
    noise: &NoiseFacts,
    settings: &[Setting],
    keep: &[f64],
    blocks: Option<usize>,
) -> Result<Vec<NoiseInBlock>, AnalysisError> {
    if settings.iter().all(|s| s.survival.is_none()) {
        return Ok(Vec::new());
    }
    let asked = blocks.map(|blocks| {
        let keep = keep[0];
        let title = format!("A network of {blocks} blocks, the last kept with p = {keep}");
        (title, blocks, keep)
    });
    let published = PUBLISHED.iter().map(|(name, blocks, keep)| {
        let title = format!("{name}: {blocks} blocks, the last kept with p = {keep}");
        (title, *blocks, *keep)
    });
    let networks = asked.map_or_else(|| published.collect(), |asked| vec![asked]);
    let mut all = Vec::new();
    for (title, blocks, keep) in networks {
        let blocks = network(keep, blocks)?;
        all.extend((blocks.iter()).map(|block| NoiseInBlock::new(noise, &title, block)));
    }
    Ok(all)
}

/// The curves of a law.
fn orders(setting: &Setting, found: &WeakOrder) -> Vec<OrderOfMean> {
    let label = setting.label();
    let own = (found.curves.iter()).filter(|curve| curve.setting.label() == label);
    own.map(OrderOfMean::new).collect()
}

impl NoiseWithScheme {
    fn new(noise: &NoiseFacts, found: &WeakOrder) -> Self {
        Self {
            part: "noise",
            noise: noise.key,
            ito: noise.ito,
            scheme: found.scheme,
            k: found.k,
            damping: found.damping,
            time_scale: found.time_scale,
            reading: found.reading,
            damped: found.damped,
        }
    }
}

impl ConditionAtStep {
    fn new(setting: &Setting, found: &Condition) -> Self {
        Self {
            part: "condition",
            noise: setting.noise.key,
            setting: setting.label(),
            dt: found.dt,
            p: found.survival,
            measured: found.measured.map(|(mean, _)| mean),
            deviations: found.measured.map(|(_, error)| error),
            third: found.skew,
            bound: found.bound,
            holds: setting.holds(),
        }
    }
}

impl NoiseInBlock {
    fn new(noise: &NoiseFacts, network: &str, block: &NetworkBlock) -> Self {
        Self {
            part: "network",
            noise: noise.key,
            network: network.to_owned(),
            block: block.block,
            p: block.survival,
            third_of_eta: block.third,
            third: block.skew,
            bound: block.bound,
        }
    }
}

impl OrderOfMean {
    fn new(curve: &Curve) -> Self {
        let with_margin = |estimate: Option<Estimate>| {
            estimate.map(|e| OrderWithMargin {
                order: e.order,
                margin: e.margin,
            })
        };
        let samples = curve.samples.iter().map(|s| WeakError {
            steps: s.steps,
            dt: s.dt,
            error: s.error,
            deviation: s.deviation,
            computed: s.computed,
        });
        Self {
            part: "order",
            noise: curve.setting.noise.key,
            setting: curve.setting.label(),
            c: match curve.setting.survival {
                Some(Survival::Half { c }) => Some(c),
                _ => None,
            },
            problem: curve.sde.name,
            equation: curve.sde.equation,
            reference: curve.sde.reference,
            moment: curve.moment,
            exact: curve.exact,
            simulated: with_margin(curve.order),
            computed: with_margin(curve.computed),
            samples: samples.collect(),
        }
    }
}
