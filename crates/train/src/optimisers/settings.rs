//! What can be set on one optimiser and not on another?

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The section of a recipe in which optimisers are set, with the dot.
const SECTION: &str = "optimiser.";

/// A value of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A real number.
    Number(f64),
    /// `true` or `false`.
    Switch(bool),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // `1e-8` is easier to read than its zeros, and is what TOML and the command line take.
            Value::Number(number) if *number != 0.0 && number.abs() < 1e-4 => {
                write!(f, "{number:e}")
            }
            Value::Number(number) => number.fmt(f),
            Value::Switch(switch) => switch.fmt(f),
        }
    }
}

/// Between which numbers a setting must lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Interval {
    /// A share that may be 0 but not 1: `[0, 1)`.
    ShareBelowOne,
    /// Any finite number above 0.
    Positive,
}

impl Interval {
    /// Does `number` lie in it? What is not a number lies nowhere.
    #[must_use]
    pub fn holds(self, number: f64) -> bool {
        match self {
            Interval::ShareBelowOne => (0.0..1.0).contains(&number),
            Interval::Positive => number.is_finite() && number > 0.0,
        }
    }
}

impl fmt::Display for Interval {
    /// The rest of a sentence that begins "must be".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Interval::ShareBelowOne => "at least 0 and below 1",
            Interval::Positive => "finite and above 0",
        })
    }
}

/// A setting that an optimiser declares in its file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnSetting {
    /// Section and key in a recipe, for instance `optimiser.momentum`.
    pub path: &'static str,
    /// What it means, in one phrase.
    pub about: &'static str,
    /// Its value when nobody says otherwise; every value must have its type.
    pub default: Value,
    /// The numbers it may have; every one if it is a switch.
    pub range: Option<Interval>,
}

impl OwnSetting {
    /// A number within `range`.
    pub(super) const fn number(
        path: &'static str,
        default: f64,
        range: Interval,
        about: &'static str,
    ) -> Self {
        OwnSetting {
            path,
            about,
            default: Value::Number(default),
            range: Some(range),
        }
    }

    /// Something that is on or off.
    pub(super) const fn switch(path: &'static str, default: bool, about: &'static str) -> Self {
        OwnSetting {
            path,
            about,
            default: Value::Switch(default),
            range: None,
        }
    }

    /// Its key in the section `[optimiser]`, for instance `momentum`.
    #[must_use]
    pub fn key(&self) -> &'static str {
        self.path.strip_prefix(SECTION).unwrap_or(self.path)
    }

    /// Whether the setting may have this value.
    ///
    /// # Errors
    /// The rest of a sentence that begins with the name of the setting.
    pub fn check(&self, value: Value) -> Result<(), String> {
        match (self.default, value) {
            (Value::Switch(_), Value::Switch(_)) => Ok(()),
            (Value::Number(_), Value::Number(number)) => match self.range {
                Some(range) if !range.holds(number) => Err(format!("must be {range}")),
                _ => Ok(()),
            },
            (Value::Switch(_), Value::Number(_)) => Err("must be `true` or `false`".to_owned()),
            (Value::Number(_), Value::Switch(_)) => Err("must be a number".to_owned()),
        }
    }
}

/// Values of an optimiser's own settings, by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(BTreeMap<String, Value>);

impl Values {
    /// These values with `key` set to `value`.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.0.insert(key.to_owned(), value);
        self
    }

    /// The values that were given.
    pub fn given(&self) -> impl Iterator<Item = (&str, Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), *value))
    }

    /// These values, and defaults for the other settings.
    #[must_use]
    pub fn completed(&self, settings: &[OwnSetting]) -> Self {
        let default = |setting: &OwnSetting| (setting.key().to_owned(), setting.default);
        let mut all: BTreeMap<_, _> = settings.iter().map(default).collect();
        all.extend(self.0.clone());
        Values(all)
    }

    /// A number; 0 if there is none of this key, which the completed values of a declared setting
    /// never are.
    #[must_use]
    pub fn number(&self, key: &str) -> f64 {
        match self.0.get(key) {
            Some(Value::Number(number)) => *number,
            _ => 0.0,
        }
    }

    /// A switch; off if there is none of this key.
    #[must_use]
    pub fn is_on(&self, key: &str) -> bool {
        self.0.get(key) == Some(&Value::Switch(true))
    }
}
