//! Which laws of noise are there, and what do they draw? One file each, one registry line each.
//!
//! Noise is a rule that draws *controls*: what multiplies the increment of a step (or, for additive noise,
//! what is added to its result). A scheme never knows of it. Every law says what its control is on
//! average, which is what evaluation uses, and which moments it has, from which its Itô form follows
//! (Lu et al. 2018, section 3).

pub use drop_path::DropPath;
pub use gaussian::Gaussian;
pub use settings::{NoiseSettings, PER, Per};
pub use shake_shake::{Backward, Forward, ShakeShake};
pub use stochastic_depth::{Count, Decay, Scaling, StochasticDepth};

use crate::random::Stream;
use std::fmt::Debug;
use timestep_registry::{Facts, Setting, Values, registry};

mod settings;

registry! {
    /// The facts of all laws, in the order of lists.
    pub static NOISES: [NoiseFacts] = FACTS;

    mod stochastic_depth;
    mod shake_shake;
    mod gaussian;
    mod drop_path;
}

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
    /// What is known of everything that can be named.
    pub named: Facts,
    /// The step as one line of mathematics.
    pub equation: &'static str,
    /// The stochastic differential equation that it discretises, in Itô form.
    pub ito: &'static str,
    /// On what it acts.
    pub acts_on: ActsOn,
    /// Do the images of a batch share a draw, as published?
    pub per_batch: bool,
    /// Makes the law of its settings, which are all there and each in its range.
    pub make: fn(&Values) -> Box<dyn Noise>,
}

timestep_registry::named!(NoiseFacts);

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

/// The facts of all noises, in the order of the table.
#[must_use]
pub fn noises() -> Vec<&'static NoiseFacts> {
    NOISES.all()
}

/// What can be set on noises: what all have, then what each law declares, with the law.
pub fn noise_settings() -> impl Iterator<Item = (Option<&'static NoiseFacts>, &'static Setting)> {
    let own = noises().into_iter();
    let own = own.flat_map(|law| law.settings.iter().map(move |setting| (Some(law), setting)));
    std::iter::once((None, &PER)).chain(own)
}

/// What is known about the noise called `name` (key or alias, in any case).
#[must_use]
pub fn noise_facts(name: &str) -> Option<&'static NoiseFacts> {
    NOISES.find(name)
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
    let refused = |why| NoiseError::Setting {
        law: facts.key,
        why,
    };
    for (key, value) in settings.own.given() {
        // A recipe has the settings of all laws, so that it can change to another; each reads its own.
        if noise_settings().all(|(_, setting)| setting.key() != key) {
            return Err(refused(format!("there is no setting `{key}`")));
        }
        if let Some(setting) = facts.setting(key) {
            let checked = setting.check(value);
            checked.map_err(|why| refused(format!("`{key}` {why}")))?;
        }
    }
    Ok(Some((facts.make)(&settings.own.completed(facts.settings))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_registered_and_documented() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/noise");
        assert!(timestep_registry::unregistered(folder, MODULES, &["settings"]).is_empty());
        for facts in noises() {
            assert_eq!(facts.lacks(&NOISE_HEADINGS), None, "{}", facts.key);
        }
    }

    #[test]
    fn a_setting_of_two_laws_means_the_same_values() {
        let all: Vec<_> = noise_settings().map(|(_, setting)| setting).collect();
        for one in &all {
            assert!(one.path.starts_with("noise."), "{}", one.path);
            assert!(one.check(&one.default).is_ok(), "{}", one.path);
            for other in all.iter().filter(|other| other.path == one.path) {
                assert_eq!((&other.default, other.range), (&one.default, one.range));
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
        for (name, key, value) in [
            ("stochastic-depth", "keep", 0.0.into()),
            ("stochastic-depth", "keep", f64::NAN.into()),
            ("stochastic-depth", "decay", "cubic".into()),
            ("gaussian", "level", (-1.0).into()),
            ("drop-path", "share", 1.0.into()),
            ("gaussian", "levle", 1.0.into()),
        ] {
            let settings = NoiseSettings::named(name).with::<timestep_registry::Value>(key, value);
            assert!(noise(&settings).is_err(), "{settings:?}");
        }
        // What only another law reads is no matter.
        let other = NoiseSettings::named("gaussian").with("keep", 0.0);
        assert!(noise(&other).is_ok());
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
