//! What can be set on one thing and not on another of its kind?
//!
//! A noise or an optimiser declares its settings in its file. Recipes, checks, pages and templates read them
//! there, so a new setting needs no other line.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// A value of a setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A real number.
    Number(f64),
    /// `true` or `false`.
    Switch(bool),
    /// One of a few words.
    Word(Cow<'static, str>),
    /// Whole numbers.
    Counts(Cow<'static, [usize]>),
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
            Value::Word(word) => word.fmt(f),
            Value::Counts(counts) => write!(f, "{counts:?}"),
        }
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value::Number(number)
    }
}

impl From<bool> for Value {
    fn from(switch: bool) -> Self {
        Value::Switch(switch)
    }
}

impl From<Vec<usize>> for Value {
    fn from(counts: Vec<usize>) -> Self {
        Value::Counts(Cow::Owned(counts))
    }
}

impl From<&'static str> for Value {
    fn from(word: &'static str) -> Self {
        Value::Word(Cow::Borrowed(word))
    }
}

/// Which values a setting may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// A share that may be 0 but not 1: `[0, 1)`.
    ShareBelowOne,
    /// A share that may be 1 but not 0: `(0, 1]`.
    ShareAboveZero,
    /// Any finite number above 0.
    Positive,
    /// Any finite number that is at least 0.
    NotNegative,
    /// A share from 0 to 1.
    Share,
    /// A share between 0 and 1 that is neither.
    ShareInside,
    /// Whole numbers above 0, each larger than the one before.
    Increasing,
    /// On or off.
    Switch,
    /// One of these words.
    Words(&'static [&'static str]),
}

impl Range {
    /// Does `number` lie in it? What is not a number lies nowhere.
    #[must_use]
    pub fn holds(self, number: f64) -> bool {
        match self {
            Range::ShareBelowOne => (0.0..1.0).contains(&number),
            Range::ShareAboveZero => number > 0.0 && number <= 1.0,
            Range::Positive => number.is_finite() && number > 0.0,
            Range::NotNegative => number.is_finite() && number >= 0.0,
            Range::Share => (0.0..=1.0).contains(&number),
            Range::ShareInside => number > 0.0 && number < 1.0,
            Range::Increasing | Range::Switch | Range::Words(_) => false,
        }
    }
}

impl fmt::Display for Range {
    /// The rest of a sentence that begins "must be".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Range::ShareBelowOne => "at least 0 and below 1",
            Range::ShareAboveZero => "above 0 and at most 1",
            Range::Positive => "finite and above 0",
            Range::NotNegative => "finite and at least 0",
            Range::Share => "from 0 to 1",
            Range::ShareInside => "above 0 and below 1",
            Range::Increasing => "whole numbers above 0 that increase",
            Range::Switch => "`true` or `false`",
            Range::Words(words) => {
                return f.write_str(&crate::quoted(words, " or "));
            }
        })
    }
}

/// A setting that a thing declares in its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Section and key in a recipe, for instance `optimiser.momentum`.
    pub path: &'static str,
    /// What it means, in one phrase.
    pub help: &'static str,
    /// Its value when nobody says otherwise; every value must have its type.
    pub default: Value,
    /// The values it may have.
    pub range: Range,
}

impl Setting {
    /// A number within `range`.
    #[must_use]
    pub const fn number(
        path: &'static str,
        default: f64,
        range: Range,
        help: &'static str,
    ) -> Self {
        Setting {
            path,
            help,
            default: Value::Number(default),
            range,
        }
    }

    /// Something that is on or off.
    #[must_use]
    pub const fn switch(path: &'static str, default: bool, help: &'static str) -> Self {
        Setting {
            path,
            help,
            default: Value::Switch(default),
            range: Range::Switch,
        }
    }

    /// One of some words, the first when nobody says otherwise.
    #[must_use]
    pub const fn word(
        path: &'static str,
        words: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Setting {
            path,
            help,
            default: Value::Word(Cow::Borrowed(words[0])),
            range: Range::Words(words),
        }
    }

    /// Whole numbers that increase, none when nobody says otherwise.
    #[must_use]
    pub const fn increasing(path: &'static str, help: &'static str) -> Self {
        Setting {
            path,
            help,
            default: Value::Counts(Cow::Borrowed(&[])),
            range: Range::Increasing,
        }
    }

    /// Its key in its section, for instance `momentum`.
    #[must_use]
    pub fn key(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// Whether the setting may have this value.
    ///
    /// # Errors
    /// The rest of a sentence that begins with the name of the setting.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let fits = match (self.range, value) {
            (Range::Switch, Value::Switch(_)) => true,
            (Range::Words(words), Value::Word(word)) => words.contains(&word.as_ref()),
            (Range::Increasing, Value::Counts(counts)) => {
                counts.first() != Some(&0) && counts.is_sorted_by(|a, b| a < b)
            }
            (Range::Switch | Range::Words(_) | Range::Increasing, _) => false,
            (range, Value::Number(number)) => range.holds(*number),
            _ => return Err("must be a number".to_owned()),
        };
        if fits {
            Ok(())
        } else {
            Err(format!("must be {}", self.range))
        }
    }
}

/// Values of settings that things declare, by key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(BTreeMap<String, Value>);

impl Values {
    /// These values with `key` set to `value`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// The values that were given.
    pub fn given(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The value that was given for this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// These values, and defaults for the other settings.
    #[must_use]
    pub fn completed<'s>(&self, settings: impl IntoIterator<Item = &'s Setting>) -> Self {
        let settings = settings.into_iter();
        let default = |setting: &Setting| (setting.key().to_owned(), setting.default.clone());
        let mut all: BTreeMap<_, _> = settings.map(default).collect();
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

    /// Whole numbers; none if there are none of this key.
    #[must_use]
    pub fn counts(&self, key: &str) -> &[usize] {
        match self.0.get(key) {
            Some(Value::Counts(counts)) => counts,
            _ => &[],
        }
    }

    /// A switch; off if there is none of this key.
    #[must_use]
    pub fn is_on(&self, key: &str) -> bool {
        self.0.get(key) == Some(&Value::Switch(true))
    }

    /// A word; empty if there is none of this key.
    #[must_use]
    pub fn word(&self, key: &str) -> &str {
        match self.0.get(key) {
            Some(Value::Word(word)) => word,
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SETTINGS: [Setting; 4] = [
        Setting::number("noise.keep", 0.5, Range::ShareAboveZero, "a share"),
        Setting::switch("noise.on", true, "a switch"),
        Setting::word("noise.decay", &["linear", "constant"], "a word"),
        Setting::increasing("schedule.milestones", "epochs"),
    ];

    #[test]
    fn what_is_not_given_has_its_default() {
        let values = Values::default().with("keep", 0.8).completed(&SETTINGS);
        assert_eq!((values.number("keep"), values.is_on("on")), (0.8, true));
        assert_eq!((values.word("decay"), values.word("keep")), ("linear", ""));
        assert_eq!(
            (values.counts("milestones"), values.given().count()),
            (&[][..], 4)
        );
    }

    #[test]
    fn values_of_another_type_or_out_of_range_are_refused() {
        let [keep, on, decay, milestones] = &SETTINGS;
        for (setting, value, why) in [
            (keep, Value::from(1.0), ""),
            (keep, 0.0.into(), "must be above 0 and at most 1"),
            (keep, f64::NAN.into(), "must be above 0 and at most 1"),
            (keep, true.into(), "must be a number"),
            (on, false.into(), ""),
            (on, 1.0.into(), "must be `true` or `false`"),
            (decay, "constant".into(), ""),
            (decay, "cubic".into(), "must be `linear` or `constant`"),
            (milestones, vec![2, 7].into(), ""),
            (
                milestones,
                vec![7, 7].into(),
                "must be whole numbers above 0 that increase",
            ),
            (
                milestones,
                vec![0, 1].into(),
                "must be whole numbers above 0 that increase",
            ),
            (
                milestones,
                1.0.into(),
                "must be whole numbers above 0 that increase",
            ),
            (decay, 2.0.into(), "must be `linear` or `constant`"),
        ] {
            let found = setting.check(&value).err().unwrap_or_default();
            assert_eq!(found, why, "{} = {value}", setting.path);
        }
        assert!(Range::NotNegative.holds(0.0) && !Range::Positive.holds(0.0));
        assert!(Range::ShareBelowOne.holds(0.0) && !Range::ShareBelowOne.holds(1.0));
    }
}
