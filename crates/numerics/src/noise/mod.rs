//! Which laws of noise are there, and what do they draw? One file each, one registry line each.
//!
//! Noise is a rule that draws *controls*: what multiplies the increment of a step (or, for additive noise,
//! what is added to its result). A scheme never knows of it. Every law says what its control is on
//! average, which is what evaluation uses, and which moments it has, from which its Itô form follows
//! (Lu et al. 2018, section 3).

mod drop_path;
mod gaussian;
mod shake_shake;
mod stochastic_depth;

pub use drop_path::DropPath;
pub use gaussian::Gaussian;
pub use shake_shake::{Backward, Forward, ShakeShake};
pub use stochastic_depth::{Count, Decay, Scaling, StochasticDepth};

use crate::NoiseSettings;
use crate::random::Stream;
use std::fmt::Debug;

/// The headings that the page of every noise has, in this order.
pub const NOISE_HEADINGS: [&str; 7] = [
    "Equation",
    "Itô form",
    "As a network",
    "Moments",
    "Weak order",
    "When to use / when not",
    "Reference",
];

/// A step of a network: steps are counted over all segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StepId {
    /// The step, from 0.
    pub step: usize,
    /// Steps of the whole network.
    pub steps: usize,
}

/// What noise does to one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Control {
    /// The increment is multiplied by this; at 0 the block need not be evaluated.
    Scale(f64),
    /// The increment has two branches, `η f₁ + (1-η) f₂`.
    Mix {
        /// `η` of the forward pass.
        forward: f64,
        /// `η` of the backward pass.
        backward: f64,
    },
    /// Independent normal numbers of this deviation are added to every entry of the new state.
    Add {
        /// Standard deviation.
        deviation: f64,
    },
}

/// On what a control acts, which decides what a network must have for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActsOn {
    /// On the increment of a step: any block, any scheme.
    Increment,
    /// On two branches of a block.
    Branches,
    /// On the new state.
    State,
    /// On the joins of a fractal scheme.
    Joins,
}

/// Mean and central moments of the random number in a control (`η`, or the added number).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// `E η`.
    pub mean: f64,
    /// `E (η - E η)²`.
    pub variance: f64,
    /// `E (η - E η)³`.
    pub third: f64,
}

/// The law of the random number in a control, so that expectations can be taken without drawing.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Finitely many values, each with its probability.
    Points(Vec<(f64, f64)>),
    /// Every number between two is as likely.
    Uniform {
        /// The smallest.
        low: f64,
        /// The largest.
        high: f64,
    },
    /// Normal with mean 0.
    Normal {
        /// Standard deviation.
        deviation: f64,
    },
}

/// What is known about a law without drawing from it.
#[derive(Debug)]
pub struct NoiseFacts {
    /// Registry key: the value of `--noise`.
    pub key: &'static str,
    /// Other accepted names.
    pub aliases: &'static [&'static str],
    /// One line for lists.
    pub title: &'static str,
    /// The step as one line of mathematics.
    pub equation: &'static str,
    /// The stochastic differential equation that it discretises, in Itô form.
    pub ito: &'static str,
    /// On what it acts.
    pub acts_on: ActsOn,
    /// Do the images of a batch share a draw, as published?
    pub per_batch: bool,
    /// BibTeX keys, looked up by `cite`.
    pub references: &'static [&'static str],
    /// The page shown by `explain`: the module documentation of the law's file.
    pub source: &'static str,
}

/// A rule that draws controls.
pub trait Noise: Debug + Send + Sync {
    /// What is known about it.
    fn facts(&self) -> &'static NoiseFacts;

    /// Draws the control of step `at` with step size `h` (1 in a network).
    ///
    /// Takes as many numbers from the stream whatever comes out, so that a mirrored stream keeps step.
    fn control(&self, at: StepId, h: f64, stream: &mut Stream) -> Control;

    /// What multiplies the increment in evaluation (the first branch, for a mixture), at step size `h`.
    fn mean(&self, at: StepId, h: f64) -> f64;

    /// Moments of the random number in the control of step `at`, at step size 1.
    fn moments(&self, at: StepId) -> Moments;

    /// The law of that number.
    fn distribution(&self, at: StepId) -> Distribution;
}

/// Makes a law of its settings; a sentence if they make no sense.
type Make = fn(&NoiseSettings) -> Result<Box<dyn Noise>, String>;

macro_rules! noises {
    ($($module:ident),* $(,)?) => {
        static NOISES: &[&NoiseFacts] = &[$(&$module::FACTS),*];

        /// What makes each law, in the same order.
        static MAKE: &[Make] = &[$($module::make),*];

        /// The files of this folder, for the test that none is left out.
        #[cfg(test)]
        const MODULES: &[&str] = &[$(stringify!($module)),*];
    };
}

noises! {
    stochastic_depth,
    shake_shake,
    gaussian,
    drop_path,
}

/// The facts of all noises, in the order of the table.
#[must_use]
pub fn noises() -> &'static [&'static NoiseFacts] {
    NOISES
}

/// What is known about the noise called `name` (key or alias, in any case).
#[must_use]
pub fn noise_facts(name: &str) -> Option<&'static NoiseFacts> {
    let known = |facts: &&&'static NoiseFacts| {
        facts.key.eq_ignore_ascii_case(name)
            || (facts.aliases.iter()).any(|alias| alias.eq_ignore_ascii_case(name))
    };
    NOISES.iter().find(known).copied()
}

/// Why there is no law for some settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoiseError {
    /// No law has that name.
    #[error("there is no noise `{0}`")]
    Unknown(String),
    /// A setting of the law makes no sense.
    #[error("noise `{law}`: {why}")]
    Setting {
        /// Key of the law.
        law: &'static str,
        /// A sentence.
        why: String,
    },
}

/// The law that settings ask for; `None` where they ask for no noise (an empty name, or `none`).
///
/// # Errors
/// [`NoiseError`] for an unknown name or a setting without sense.
pub fn noise(settings: &NoiseSettings) -> Result<Option<Box<dyn Noise>>, NoiseError> {
    if matches!(settings.name.as_str(), "" | "none") {
        return Ok(None);
    }
    let unknown = || NoiseError::Unknown(settings.name.clone());
    let facts = noise_facts(&settings.name).ok_or_else(unknown)?;
    let at = NOISES.iter().position(|known| known.key == facts.key);
    let make = at.and_then(|at| MAKE.get(at)).ok_or_else(unknown)?;
    make(settings).map(Some).map_err(|why| NoiseError::Setting {
        law: facts.key,
        why,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_registered_and_documented() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/noise");
        for entry in std::fs::read_dir(folder).expect("the source folder is there in tests") {
            let entry = entry.expect("readable").file_name();
            let name = entry.to_string_lossy();
            let stem = name.trim_end_matches(".rs");
            assert!(
                stem == "mod" || MODULES.contains(&stem),
                "{name} is not in `noises!`: add the line"
            );
        }
        for facts in noises() {
            let mut at = 0;
            for heading in NOISE_HEADINGS {
                let line = format!("//! # {heading}\n");
                let found = facts.source[at..].find(&line);
                at += found.unwrap_or_else(|| panic!("`{}` lacks `# {heading}`", facts.key));
            }
        }
    }

    /// Mean, variance and third central moment of what a law draws, with standard errors of a sample.
    fn measured(law: &dyn Noise, at: StepId) -> [(f64, f64); 3] {
        const DRAWS: usize = 400_000;
        let mut stream = Stream::new(7, "test", 0, Stream::WHOLE);
        let drawn: Vec<f64> = (0..DRAWS)
            .map(|_| match law.control(at, 1.0, &mut stream) {
                Control::Scale(eta) => eta,
                Control::Mix { forward, .. } => forward,
                Control::Add { .. } => panic!("additive noise is drawn by the network"),
            })
            .collect();
        let n = DRAWS as f64;
        let mean = drawn.iter().sum::<f64>() / n;
        let power = |p: i32| drawn.iter().map(|x| (x - mean).powi(p)).sum::<f64>() / n;
        let error = |of: f64| (of.max(0.0) / n).sqrt();
        [
            (mean, error(power(2))),
            (power(2), error(power(4) - power(2).powi(2))),
            // Upper bound of the variance of a third central moment of a sample.
            (power(3), error(power(6) + 9.0 * power(2).powi(3))),
        ]
    }

    #[test]
    fn measured_moments_are_those_of_the_formulas() {
        let laws: Vec<Box<dyn Noise>> = vec![
            Box::new(StochasticDepth::default()),
            Box::new(StochasticDepth {
                keep: 0.8,
                decay: Decay::Constant,
                scaling: Scaling::Test,
                ..Default::default()
            }),
            Box::new(ShakeShake::default()),
            Box::new(DropPath::default()),
            Box::new(DropPath { share: 0.5 }),
        ];
        for law in laws {
            for step in [0, 4, 8] {
                let at = StepId { step, steps: 9 };
                let known = law.moments(at);
                let wanted = [known.mean, known.variance, known.third];
                for ((got, error), want) in measured(law.as_ref(), at).into_iter().zip(wanted) {
                    assert!(
                        (got - want).abs() <= 4.5 * error + 1e-12,
                        "{law:?} at {at:?}: {got} ± {error}, formula {want}"
                    );
                }
            }
        }
    }

    #[test]
    fn settings_make_laws_and_senseless_ones_are_refused() {
        assert!(noise(&NoiseSettings::default()).expect("none").is_none());
        for facts in noises() {
            let law = noise(&NoiseSettings::named(facts.key)).expect("published settings");
            assert_eq!(law.expect("a law").facts().key, facts.key);
        }
        let wrong = [
            ("stochastic-depth", 0.0, 0.0, 0.0),
            ("stochastic-depth", f64::NAN, 0.0, 0.0),
            ("gaussian", 0.5, -1.0, 0.0),
            ("drop-path", 0.5, 0.0, 1.0),
        ];
        for (name, keep, level, share) in wrong {
            let settings = NoiseSettings {
                keep,
                level,
                share,
                ..NoiseSettings::named(name)
            };
            assert!(noise(&settings).is_err(), "{settings:?}");
        }
        let misspelt = NoiseSettings::named("shake-shak");
        assert!(matches!(noise(&misspelt), Err(NoiseError::Unknown(_))));
    }

    #[test]
    fn distributions_have_the_moments_of_the_formulas() {
        let laws: [&dyn Noise; 5] = [
            &StochasticDepth::default(),
            &ShakeShake::default(),
            &ShakeShake {
                forward: Forward::Even,
                ..Default::default()
            },
            &Gaussian { level: 0.3 },
            &DropPath { share: 0.4 },
        ];
        for law in laws {
            for step in [0, 4, 8] {
                let at = StepId { step, steps: 9 };
                let known = law.moments(at);
                // Mean, variance and third central moment by the textbook of each law.
                let found = match law.distribution(at) {
                    Distribution::Points(points) => {
                        let total: f64 = points.iter().map(|(_, weight)| weight).sum();
                        assert!((total - 1.0).abs() < 1e-15, "{law:?}");
                        let sum = |f: &dyn Fn(f64) -> f64| -> f64 {
                            points.iter().map(|(x, weight)| weight * f(*x)).sum()
                        };
                        let mean = sum(&|x| x);
                        [
                            mean,
                            sum(&|x| (x - mean).powi(2)),
                            sum(&|x| (x - mean).powi(3)),
                        ]
                    }
                    Distribution::Uniform { low, high } => {
                        [(low + high) / 2.0, (high - low).powi(2) / 12.0, 0.0]
                    }
                    Distribution::Normal { deviation } => [0.0, deviation.powi(2), 0.0],
                };
                for (got, want) in found
                    .into_iter()
                    .zip([known.mean, known.variance, known.third])
                {
                    assert!((got - want).abs() < 1e-15, "{law:?}: {got}, {want}");
                }
            }
        }
    }

    #[test]
    fn names_and_aliases_find_their_law() {
        let key = |name: &str| noise_facts(name).map(|facts| facts.key);
        assert_eq!(key("Stochastic-Depth"), Some("stochastic-depth"));
        assert_eq!(key("drop-layer"), Some("stochastic-depth"));
        assert_eq!(key("shake"), Some("shake-shake"));
        assert_eq!(key("stochastic"), None);
    }
}
