//! Which images are held out to measure with, where the data does not say?
//!
//! The rule: of each class, the images whose hash comes first. The hash is the SHA-256 of the seed (8 bytes, the lowest
//! first) and the path of the image below the folder, with `/` between its parts. So the same files give the same split on every
//! machine, and a file that is added or removed moves few of the others.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::OpenOptions;
use crate::error::DataError;

/// A share and a seed that choose test images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HoldOut {
    pub(crate) share: f64,
    seed: u64,
}

impl HoldOut {
    /// What the options ask for.
    pub(crate) fn new(options: &OpenOptions) -> Result<Self, DataError> {
        let share = options.held_out.unwrap_or(OpenOptions::HELD_OUT);
        // Written so that NaN fails.
        if !(share > 0.0 && share < 1.0) {
            return Err(DataError::BadOption {
                option: "the share of test images",
                value: share.to_string(),
                expected: "above 0 and below 1".to_owned(),
            });
        }
        let seed = options.split_seed;
        Ok(Self { share, seed })
    }

    /// Divides files into train and test, each in its order; `at` is for messages.
    pub(crate) fn divide(
        &self,
        at: &Path,
        classes: &[String],
        files: Vec<(PathBuf, u16)>,
    ) -> Result<[Vec<(PathBuf, u16)>; 2], DataError> {
        let labels: Vec<u16> = files.iter().map(|(_, label)| *label).collect();
        let name = |i: usize| {
            let parts: Vec<_> = (files[i].0.iter())
                .map(|part| part.to_string_lossy())
                .collect();
            parts.join("/")
        };
        let held = self.choose(at, classes, &labels, name)?;
        let mut parts = [Vec::new(), Vec::new()];
        for (file, held) in files.into_iter().zip(held) {
            parts[usize::from(held)].push(file);
        }
        Ok(parts)
    }

    /// Whether each image is held out.
    pub(crate) fn choose(
        &self,
        at: &Path,
        classes: &[String],
        labels: &[u16],
        name: impl Fn(usize) -> String,
    ) -> Result<Vec<bool>, DataError> {
        let mut held = vec![false; labels.len()];
        for (class, title) in classes.iter().enumerate() {
            let of_class = |i: &usize| usize::from(labels[*i]) == class;
            let mut ranked: Vec<([u8; 32], usize)> = (0..labels.len())
                .filter(of_class)
                .map(|i| (self.hash(&name(i)), i))
                .collect();
            if ranked.len() < 2 {
                return Err(DataError::Layout {
                    path: at.to_owned(),
                    problem: format!("has one image only of the class `{title}`"),
                    hint:
                        "a class needs two images at least: one to learn from, one to measure with"
                            .to_owned(),
                });
            }
            ranked.sort_unstable();
            // The share of a count is no larger than the count.
            let wanted = (ranked.len() as f64 * self.share).round() as usize;
            let wanted = wanted.clamp(1, ranked.len() - 1);
            ranked
                .iter()
                .take(wanted)
                .for_each(|(_, i)| held[*i] = true);
        }
        Ok(held)
    }

    fn hash(&self, name: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        hash.update(name.as_bytes());
        hash.finalize().into()
    }

    /// The rule in a sentence, with what it gave.
    pub(crate) fn note(&self, train: usize, test: usize) -> String {
        format!(
            "no test images are given: {test} of {} were held out, {:.0} % of each class by the hash of their names (seed {}; \
             `--set data.held_out=` and `data.split_seed=` choose others)",
            train + test,
            100.0 * self.share,
            self.seed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(n: usize) -> Vec<(PathBuf, u16)> {
        let one = |i: usize| (PathBuf::from(format!("c{}/{i}.png", i % 3)), (i % 3) as u16);
        (0..n).map(one).collect()
    }

    fn divide(rule: HoldOut, n: usize) -> [Vec<(PathBuf, u16)>; 2] {
        let classes: Vec<String> = (0..3).map(|c| format!("c{c}")).collect();
        rule.divide(Path::new("x"), &classes, files(n)).unwrap()
    }

    #[test]
    fn a_fifth_of_each_class_and_always_the_same() {
        let rule = HoldOut::new(&OpenOptions::default()).unwrap();
        let [train, test] = divide(rule, 90);
        assert_eq!((train.len(), test.len()), (72, 18));
        for class in 0..3 {
            assert_eq!(test.iter().filter(|f| f.1 == class).count(), 6);
        }
        // Made once with Python's hashlib: of class 0 those with the least SHA-256 of 8 zero bytes and the name.
        let first: Vec<String> = (test.iter().filter(|f| f.1 == 0))
            .map(|f| f.0.display().to_string())
            .collect();
        assert_eq!(first, GOLDEN);
        // Another seed is another split; most stays where it was if files are added.
        let other = HoldOut { seed: 1, ..rule };
        assert_ne!(divide(other, 90)[1], test);
        let more = &divide(rule, 96)[1];
        let moved = test.iter().filter(|f| !more.contains(f)).count();
        assert!(moved <= 3, "{moved} of {} moved", test.len());
    }

    #[test]
    fn shares_that_leave_nothing_are_refused_and_small_classes_keep_one_of_each() {
        for share in [0.0, 1.0, -0.5, f64::NAN] {
            let options = OpenOptions {
                held_out: Some(share),
                ..OpenOptions::default()
            };
            assert!(HoldOut::new(&options).is_err(), "{share}");
        }
        for share in [0.01, 0.99] {
            let rule = HoldOut { share, seed: 0 };
            let [train, test] = divide(rule, 6);
            let counts = |part: &[(PathBuf, u16)]| {
                [0, 1, 2].map(|c| part.iter().filter(|f| f.1 == c).count())
            };
            assert_eq!((counts(&train), counts(&test)), ([1; 3], [1; 3]));
        }
        let error = HoldOut {
            share: 0.2,
            seed: 0,
        }
        .divide(Path::new("x"), &["a".into()], files(1));
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("one image only of the class `a`")
        );
    }

    const GOLDEN: [&str; 6] = [
        "c0/0.png",
        "c0/6.png",
        "c0/21.png",
        "c0/60.png",
        "c0/63.png",
        "c0/87.png",
    ];
}
