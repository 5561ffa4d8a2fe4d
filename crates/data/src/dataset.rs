//! What is a data set, what is known about it, and how is one told from another?

use std::path::{Path, PathBuf};
use timestep_registry::Facts;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::archive::Archive;
use crate::checks::{VerifyReport, Watch};
use crate::digest::hex;
use crate::error::DataError;
use crate::shape::ImageShape;
use crate::split::Split;

/// How to open a data set; the default suits the embedded one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenOptions {
    /// The folder that holds the files, or the one file of a set that is one. Needed by every set that is
    /// not embedded, and refused by an embedded one.
    pub dir: Option<PathBuf>,
    /// Side of the square that images of a folder are resized and cropped to, in pixels; `None` for the rule that
    /// the page of the set states. An error for sets whose size is fixed.
    pub size: Option<usize>,
    /// Share of the images of each class that are test images, between 0 and 1, where the data does not say which are;
    /// `None` for [`HELD_OUT`](Self::HELD_OUT). An error for sets that have test images.
    pub held_out: Option<f64>,
    /// Seed with which they are chosen; other than 0 an error for sets that have test images.
    pub split_seed: u64,
    /// Length in pixels to which the shorter side of an image of a folder is scaled (bilinear,
    /// antialiased, as `torchvision` does) before the middle `size`×`size` is cut out; `size` to
    /// 16384, and 256 is usual for 224. `None` for `size` itself, by Catmull-Rom. An error for sets
    /// whose size is fixed. It is the view of test images, and of training images unless they are
    /// varied by a [`View`](crate::View) that looks at whole images.
    pub resize: Option<usize>,
    /// Whether the files of a folder stay the source, so that training can cut windows from the
    /// whole images; each is then decoded whenever a batch asks for it, whatever the memory limit.
    /// Other sets have no larger images and ignore it.
    pub full: bool,
    /// Decoded images of a folder are kept in memory when both splits together need at most this
    /// many bytes; otherwise they are decoded whenever a batch asks for them.
    pub memory_limit: u64,
}

impl OpenOptions {
    /// 2 GiB, the default of [`memory_limit`](Self::memory_limit).
    pub const DEFAULT_MEMORY_LIMIT: u64 = 2 << 30;

    /// A fifth, the default of [`held_out`](Self::held_out).
    pub const HELD_OUT: f64 = 0.2;

    /// Whether something is said of how test images are chosen.
    pub(crate) fn splits(&self) -> bool {
        self.held_out.is_some() || self.split_seed != 0
    }

    /// The default options with a folder.
    #[must_use]
    pub fn in_dir(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: Some(dir.into()),
            ..Self::default()
        }
    }
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            dir: None,
            size: None,
            held_out: None,
            split_seed: 0,
            resize: None,
            full: false,
            memory_limit: Self::DEFAULT_MEMORY_LIMIT,
        }
    }
}

/// A data set that has been opened: two splits of labelled images of one shape.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The registry's name of the set, say `cifar10`.
    pub name: String,
    /// Names of the classes; a label is an index into this list.
    pub classes: Vec<String>,
    /// The shape of every image.
    pub shape: ImageShape,
    /// The images to learn from.
    pub train: Split,
    /// The images to measure on.
    pub test: Split,
    /// One line that says whose work the data is and under which terms it may be used.
    pub attribution: String,
    /// Key of the entry in the [bibliography](timestep_registry::bibtex); `None` for a person's own folder.
    pub citation: Option<String>,
    /// What opening decided because the options left it open.
    pub chosen: Chosen,
    /// What a person should know before using it, a sentence each: sizes that were made one, files that were left out.
    pub notes: Vec<String>,
}

/// What opening a set decided because its options left it open. Put into the options, it opens the same images.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Chosen {
    /// The [size](OpenOptions::size), where images have several or are large.
    pub size: Option<usize>,
    /// The [share](OpenOptions::held_out) of test images, where the data does not say which they are.
    pub held_out: Option<f64>,
}

impl Dataset {
    /// SHA-256 (64 hexadecimal digits) of shape, labels and pixels of both splits, in order.
    ///
    /// A run stores it and refuses to be resumed on other data. For a split that is decoded on
    /// demand it covers relative path and size of each file instead of the pixels, so the
    /// same folder has two fingerprints on the two sides of the memory limit.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"timestep data set v1");
        for split in [&self.train, &self.test] {
            split.hash_into(&mut hash);
        }
        hex(&hash.finalize())
    }

    /// Checks what every part of the crate relies on: one shape, labels below the class count.
    pub(crate) fn checked(self) -> Result<Self, DataError> {
        for (part, split) in [("train", &self.train), ("test", &self.test)] {
            debug_assert_eq!(split.shape(), self.shape);
            let bad = split
                .labels()
                .iter()
                .position(|&l| usize::from(l) >= self.classes.len());
            if let Some(index) = bad {
                return Err(DataError::LabelWithoutClass {
                    split: part,
                    index,
                    label: split.label(index),
                    classes: self.classes.len(),
                });
            }
        }
        Ok(self)
    }
}

/// What is known about a data set before any file of it is read.
#[derive(Debug)]
pub struct DatasetInfo {
    /// What is known of everything that can be named; its key is the name given to [`open`](crate::open).
    pub named: Facts,
    /// Number of classes; `None` where the folder decides.
    pub classes: Option<usize>,
    /// The shape of an image; `None` where the folder decides.
    pub shape: Option<ImageShape>,
    /// Images in the train split; `None` where the folder decides.
    pub train: Option<usize>,
    /// Images in the test split; `None` where the folder decides.
    pub test: Option<usize>,
    /// Whether a mirrored image shows the same: not so for digits.
    pub mirrors: bool,
    /// Whether [`OpenOptions::dir`] is needed; an embedded set needs none.
    pub needs_dir: bool,
    /// Whether its images can be brought to any [size](OpenOptions::size).
    pub resizes: bool,
    /// The licence, or what the authors ask for where there is none.
    pub licence: &'static str,
    /// Where the data comes from; empty for a person's own folder.
    pub source_url: &'static str,
    /// Reads and checks the set.
    pub(crate) open: fn(&OpenOptions, Watch<'_>) -> Result<Dataset, DataError>,
    /// Reports all that is wrong with the set.
    pub(crate) verify: fn(Option<&Path>, Watch<'_>) -> Result<VerifyReport, DataError>,
    /// Where it can be downloaded, if it can.
    pub(crate) archive: Option<fn() -> Archive>,
}

timestep_registry::named!(DatasetInfo);

impl DatasetInfo {
    /// Whether [`fetch`](crate::fetch()) can download it.
    #[must_use]
    pub fn can_fetch(&self) -> bool {
        self.archive.is_some()
    }

    /// The folder or file of a set that is not embedded.
    pub(crate) fn needed<'a>(&self, dir: Option<&'a Path>) -> Result<&'a Path, DataError> {
        dir.ok_or(DataError::NeedsDirectory {
            name: self.named.key,
            can_fetch: self.can_fetch(),
        })
    }
}
