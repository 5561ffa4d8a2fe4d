//! How is a clean picture degraded, repeatably? One file each, one registry line each.
//!
//! A degradation is written as `name:setting=value,…`, such as `camera:iso=6400,quality=90`; a number alone is the
//! standard deviation of Gaussian noise.

pub use camera::Camera;
pub use gaussian::{Gaussian, add_noise};
pub use jpeg::Jpeg;

use timestep_picture::Plane;
use timestep_registry::{Facts, Setting, Value, Values, near, quoted, registry};

mod mosaic;

registry! {
    /// The facts of all degradations, in the order of lists.
    pub static DEGRADATIONS: [DegradationFacts] = FACTS;

    mod gaussian;
    mod camera;
    mod jpeg;
}

/// The headings that the page of every degradation has, in this order.
pub const DEGRADATION_HEADINGS: [&str; 3] = ["What it does", "Limits", "References"];

/// What is known about a degradation without using it.
#[derive(Debug)]
pub struct DegradationFacts {
    /// What is known of everything that can be named.
    pub named: Facts,
    /// Makes it with these settings, which are complete and were checked.
    pub make: fn(&Values) -> Box<dyn Degradation>,
}

timestep_registry::named!(DegradationFacts);

/// Something that happens to a clean picture.
pub trait Degradation: std::fmt::Debug + Send + Sync {
    /// What is known without using it.
    fn facts(&self) -> &'static DegradationFacts;

    /// The degraded channels of a picture: one plane (grey) or three (RGB), in grey levels of 0..255.
    ///
    /// The same `seed` and `image`, the picture's number in its set, give the same bits.
    fn apply(&self, planes: &[Plane], seed: u64, image: u64) -> Vec<Plane>;

    /// The standard deviation of what is added, where it is one number for the whole picture.
    fn sigma(&self) -> Option<f64> {
        None
    }

    /// What it does, in words that name every setting.
    fn describe(&self) -> String;
}

/// Words that mean no degradation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no degradation: {why}")]
pub struct BadDegradation {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub why: String,
    /// One action that helps.
    pub hint: String,
}

/// The degradation that is written as `text`.
///
/// ```
/// let noise = timestep_data::degradation("camera:iso=3200")?;
/// assert_eq!(noise.facts().key, "camera");
/// assert_eq!(timestep_data::degradation("25")?.sigma(), Some(25.0));
/// # Ok::<(), timestep_data::BadDegradation>(())
/// ```
///
/// # Errors
/// [`BadDegradation`] says which word is wrong.
pub fn degradation(text: &str) -> Result<Box<dyn Degradation>, BadDegradation> {
    let bad = |why: String, hint: String| BadDegradation {
        text: text.to_owned(),
        why,
        hint,
    };
    if let Ok(sigma) = text.trim().parse::<f64>() {
        return make("gaussian", &[("sigma", &sigma.to_string())]).map_err(|(w, h)| bad(w, h));
    }
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    let mut settings = Vec::new();
    for part in rest.split(',').filter(|part| !part.is_empty()) {
        let Some((key, value)) = part.split_once('=') else {
            let why = format!("`{part}` has no value");
            return Err(bad(why, format!("write `{name}:{part}=VALUE`")));
        };
        settings.push((key.trim(), value.trim()));
    }
    make(name, &settings).map_err(|(why, hint)| bad(why, hint))
}

/// A degradation by its name, with settings as they were written.
fn make(name: &str, given: &[(&str, &str)]) -> Result<Box<dyn Degradation>, (String, String)> {
    let Some(facts) = DEGRADATIONS.find(name) else {
        let all: Vec<&str> = DEGRADATIONS.keys().collect();
        let close = DEGRADATIONS.near(name);
        let hint = match close.as_slice() {
            [] => format!(
                "give a number, or one of {}, such as `camera:iso=6400`",
                quoted(&all, ", ")
            ),
            close => format!("did you mean {}?", quoted(close, " or ")),
        };
        return Err((format!("nothing that degrades is called `{name}`"), hint));
    };
    let mut values = Values::default();
    for (key, text) in given {
        let Some(setting) = facts.setting(key) else {
            let keys: Vec<&str> = facts.settings.iter().map(Setting::key).collect();
            let close = near(key, keys.iter().copied());
            let hint = match close.as_slice() {
                [] => format!("its settings are {}", quoted(&keys, ", ")),
                close => format!("did you mean {}?", quoted(close, " or ")),
            };
            return Err((format!("`{}` has no setting `{key}`", facts.key), hint));
        };
        let value = match text.parse::<f64>() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Word((*text).to_owned().into()),
        };
        if let Err(why) = setting.check(&value) {
            let hint = format!("`{key}`: {}", setting.help);
            return Err((format!("`{key}` {why}, not `{text}`"), hint));
        }
        values = match value {
            Value::Word(word) => {
                let known = match setting.range {
                    timestep_registry::Range::Words(words) => words.iter().find(|w| **w == word),
                    _ => None,
                };
                values.with(key, known.copied().unwrap_or_default())
            }
            other => values.with(key, other),
        };
    }
    let values = values.completed(facts.settings);
    Ok((facts.make)(&values))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(channels: usize) -> Vec<Plane> {
        let channel = |c: usize| {
            let pixels = (0..48 * 40).map(|i| ((i * 5 + c * 40) % 230 + 10) as f32);
            Plane::new(48, 40, pixels.collect()).expect("fits")
        };
        (0..channels).map(channel).collect()
    }

    #[test]
    fn every_degradation_repeats_keeps_the_size_and_differs_by_seed_or_is_without_one() {
        for facts in DEGRADATIONS.all() {
            assert_eq!(facts.lacks(&DEGRADATION_HEADINGS), None, "{}", facts.key);
            let all = degradation(facts.key).expect("its defaults");
            for channels in [1, 3] {
                let clean = scene(channels);
                let once = all.apply(&clean, 3, 4);
                assert_eq!(once.len(), channels);
                assert_eq!(once, all.apply(&clean, 3, 4), "{}", facts.key);
                assert_ne!(once, clean, "{}", facts.key);
                let differs = once != all.apply(&clean, 3, 5) && once != all.apply(&clean, 4, 4);
                assert_eq!(differs, facts.key != "jpeg", "{}", facts.key);
            }
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/degradation");
        assert!(timestep_registry::unregistered(folder, MODULES, &["mosaic"]).is_empty());
    }

    #[test]
    fn words_that_mean_nothing_are_refused_with_a_hint() {
        for (text, why, hint) in [
            ("kamera", "nothing that degrades", "did you mean `camera`"),
            (
                "camera:qualty=3",
                "no setting `qualty`",
                "did you mean `quality`",
            ),
            ("camera:iso", "has no value", "camera:iso=VALUE"),
            ("camera:iso=-3", "`iso` must be", "sensitivity"),
            ("camera:demosaic=best", "`demosaic` must be", "colours"),
            ("jpeg:quality=fine", "`quality` must be", "quality"),
            ("-5", "`sigma` must be", "standard deviation"),
        ] {
            let error = degradation(text).expect_err(text);
            assert!(error.why.contains(why), "{error:?}");
            assert!(error.hint.contains(hint), "{error:?}");
        }
    }
}
