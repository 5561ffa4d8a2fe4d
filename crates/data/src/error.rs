//! What can be wrong with data, and what helps?

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::ImageShape;

mod hint;

/// An image file that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadImage {
    /// The file.
    pub path: PathBuf,
    /// The reason, as the end of a sentence: `it is empty (0 bytes)`.
    pub reason: String,
}

impl fmt::Display for BadImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

/// Everything that can fail in this crate. Displayed, each is one sentence with the names, values
/// and places at hand; [`hint`](Self::hint) says what helps. The program gives every variant an error code, so
/// that a new one without a code does not compile.
#[derive(Debug, Error)]
pub enum DataError {
    /// No data set has this name.
    #[error("there is no data set `{name}`; the known ones are {}", known.join(", "))]
    UnknownDataset {
        /// The name that was asked for.
        name: String,
        /// The known name that is spelled most alike, if any is close.
        near: Option<&'static str>,
        /// All known names.
        known: Vec<&'static str>,
    },
    /// The set lives in files, and no folder was given.
    #[error("the data set `{name}` needs the folder that holds its files, and none was given")]
    NeedsDirectory {
        /// The data set.
        name: &'static str,
        /// Whether it can be downloaded.
        can_fetch: bool,
    },
    /// A size was asked of a set whose images have a fixed one.
    #[error("the images of `{name}` are always {shape}, so the size {size} cannot be used")]
    FixedSize {
        /// The data set.
        name: &'static str,
        /// Its shape.
        shape: ImageShape,
        /// The size asked for.
        size: usize,
    },
    /// Test images were to be chosen from a set that says which they are.
    #[error("{what}, so no test images are held out of the training images")]
    OwnTest {
        /// The set, as the beginning of the sentence: `pets has a folder `test``.
        what: String,
    },
    /// A set that is part of the program has no folder.
    #[error("`{name}` is part of the program, and the folder `{}` would not be read", folder.display())]
    FolderUnused {
        /// The registry's name of the set.
        name: &'static str,
        /// The folder that was given.
        folder: PathBuf,
    },
    /// The size or another option is out of its range.
    #[error("{option} is {value}, and must be {expected}")]
    BadOption {
        /// The option in words.
        option: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        expected: String,
    },
    /// The operating system refused a file operation.
    #[error("cannot {action} {}: {cause}", path.display())]
    Io {
        /// A verb: `open`, `read`, `write`, `create`, `rename`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The folder does not exist or is not a folder.
    #[error("the data folder {} {}", path.display(), absence(*exists))]
    FolderMissing {
        /// The folder.
        path: PathBuf,
        /// Something that is not a folder has the name.
        exists: bool,
    },
    /// Files of a set are missing.
    #[error(
        "{} lacks {} of the {of} files of `{name}`: {}",
        dir.display(), missing.len(), missing.join(", ")
    )]
    FilesMissing {
        /// The data set.
        name: &'static str,
        /// The folder that was searched.
        dir: PathBuf,
        /// Names of the missing files.
        missing: Vec<String>,
        /// How many files the set has.
        of: usize,
        /// What the folder seems to hold instead, if that can be told.
        instead: Option<&'static str>,
    },
    /// A file of records has the wrong length.
    #[error(
        "{} holds {found} bytes, and {records} records of {record_bytes} bytes make {expected}: {}",
        path.display(), length_gap(*found, *expected, *record_bytes)
    )]
    WrongLength {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        found: u64,
        /// The right length in bytes.
        expected: u64,
        /// Number of records it should hold.
        records: u64,
        /// Bytes of one record.
        record_bytes: u64,
    },
    /// A label in a file of records is out of range.
    #[error(
        "{}: record {record} (byte {offset}) has the {field} {value}, \
         and the labels are 0 to {max}",
        path.display()
    )]
    LabelOutOfRange {
        /// The file.
        path: PathBuf,
        /// Number of the record, from 0.
        record: usize,
        /// Where the label is, in bytes from the start of the file.
        offset: u64,
        /// `label`, `coarse label` or `fine label`.
        field: &'static str,
        /// The value found.
        value: u8,
        /// The largest allowed value.
        max: u8,
    },
    /// A list of class names has the wrong number of names.
    #[error("{} names {found} classes, and the set has {expected}", path.display())]
    WrongClassNames {
        /// The file.
        path: PathBuf,
        /// Names found.
        found: usize,
        /// Names needed.
        expected: usize,
    },
    /// An image of a split points at no class.
    #[error(
        "image {index} of the {split} split has label {label}, and there are {classes} classes"
    )]
    LabelWithoutClass {
        /// `train` or `test`.
        split: &'static str,
        /// Number of the image, from 0.
        index: usize,
        /// Its label.
        label: u16,
        /// Number of classes.
        classes: usize,
    },
    /// Pixels and labels handed over as one split do not fit together.
    #[error(
        "{images} labels of {shape} images need {expected} bytes of pixels, and there are {found}"
    )]
    SplitMismatch {
        /// Number of labels.
        images: usize,
        /// The shape of an image.
        shape: ImageShape,
        /// Bytes needed.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// An image number beyond the end of a split.
    #[error("image {index} was asked for, and the split has {len} (the first is 0)")]
    IndexOutOfRange {
        /// The number asked for.
        index: u64,
        /// Images in the split.
        len: usize,
    },
    /// A folder of classes is not laid out as one.
    #[error("{} {problem}", path.display())]
    Layout {
        /// The folder.
        path: PathBuf,
        /// The end of the sentence: `has no folder `train``.
        problem: String,
        /// What helps.
        hint: String,
    },
    /// Images of a folder cannot be used; up to ten are named.
    #[error("{total} of {of} image files cannot be used: {}", join(bad, *total))]
    BadImages {
        /// How many are bad.
        total: usize,
        /// How many were looked at.
        of: usize,
        /// The first of them, ten at most.
        bad: Vec<BadImage>,
    },
    /// A grey image file where red, green and blue are expected.
    #[error("{} is a grey image, and the network looks at RGB images", path.display())]
    GreyImage {
        /// The file.
        path: PathBuf,
    },
    /// A folder of images in colour holds as many grey ones, or more.
    #[error(
        "{grey} of the {of} images in {} are grey, such as {}, and the others are in colour",
        folder.display(), example.display()
    )]
    MostlyGrey {
        /// The folder.
        folder: PathBuf,
        /// How many are grey.
        grey: usize,
        /// How many there are.
        of: usize,
        /// The first grey one.
        example: PathBuf,
    },
    /// The padding does not fit the images.
    #[error(
        "a padding of {pad} pixels does not fit images of {height}×{width}: it must be below {}",
        height.min(width)
    )]
    PadTooLarge {
        /// The padding asked for.
        pad: usize,
        /// Rows of an image.
        height: usize,
        /// Columns of an image.
        width: usize,
    },
    /// Windows are to be cut from whole images, and the split holds images of the input's size.
    #[error(
        "the crop `{view}` is cut from whole images, and this set holds its images in memory, \
         each {shape}"
    )]
    NotWhole {
        /// The name of the view.
        view: &'static str,
        /// The shape of the images.
        shape: ImageShape,
    },
    /// Mean and standard deviation do not suit the images.
    #[error("the normalisation cannot be used: {problem}")]
    BadNormalisation {
        /// The end of the sentence.
        problem: String,
    },
    /// Statistics or a preview of no images were asked for.
    #[error("there are no images to {purpose}")]
    NoImages {
        /// What was to be done with them.
        purpose: &'static str,
    },
    /// The set cannot be downloaded.
    #[error("the data set `{name}` cannot be downloaded")]
    NotFetchable {
        /// The data set.
        name: &'static str,
        /// It is part of the program.
        embedded: bool,
    },
    /// The server did not give the file.
    #[error("cannot download {url}: {problem}")]
    Download {
        /// The address.
        url: String,
        /// What happened.
        problem: String,
        /// Bytes that are safe on disk and need not be sent again.
        kept: u64,
    },
    /// What was downloaded is not the published file.
    #[error(
        "{url} has the SHA-256 {found}, and the known one is {expected}, \
         so the {bytes} bytes were deleted"
    )]
    WrongChecksum {
        /// The address.
        url: String,
        /// The known one.
        expected: String,
        /// That of what came.
        found: String,
        /// How much came.
        bytes: u64,
    },
    /// The archive cannot be unpacked or lacks a file.
    #[error("the archive {} cannot be unpacked: {problem}", path.display())]
    BadArchive {
        /// The archive.
        path: PathBuf,
        /// The end of the sentence.
        problem: String,
    },
    /// The set's folder is there already and is not in order.
    #[error("{} exists and is not a complete `{name}`: {problem}", path.display())]
    Occupied {
        /// The data set.
        name: &'static str,
        /// The folder.
        path: PathBuf,
        /// The first problem found in it.
        problem: String,
    },
    /// The embedded copy of a data set is damaged: a fault of the build, not of a person.
    #[error("the embedded data set `{name}` is damaged: {problem}")]
    Embedded {
        /// The data set.
        name: &'static str,
        /// Line and value.
        problem: String,
    },
}

/// Says where a file of records stops or goes on.
fn length_gap(found: u64, expected: u64, record: u64) -> String {
    if found == 0 {
        "it is empty".to_owned()
    } else if found < expected {
        let (n, cut) = (expected - found, found / record);
        format!(
            "{n} {} missing from record {cut} on",
            plural(n, "byte is", "bytes are")
        )
    } else {
        let n = found - expected;
        format!("{n} {} too many", plural(n, "byte is", "bytes are"))
    }
}

fn plural<'a>(n: u64, one: &'a str, many: &'a str) -> &'a str {
    if n == 1 { one } else { many }
}

fn absence(exists: bool) -> &'static str {
    if exists {
        "is not a folder"
    } else {
        "does not exist"
    }
}

/// The bad files one after the other, with a sign that more follow.
fn join(bad: &[BadImage], total: usize) -> String {
    let mut shown: Vec<String> = bad.iter().map(ToString::to_string).collect();
    if total > bad.len() {
        shown.push("…".to_owned());
    }
    shown.join("; ")
}

impl DataError {
    /// At most this many bad files are named in one error.
    pub(crate) const SHOWN: usize = 10;

    pub(crate) fn io(action: &'static str, path: &Path, cause: io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            cause,
        }
    }

    /// Gathers bad files into one error, or is `None` if all `of` files were good.
    pub(crate) fn bad_images(mut bad: Vec<BadImage>, of: usize) -> Option<Self> {
        let total = bad.len();
        bad.truncate(Self::SHOWN);
        (total > 0).then_some(Self::BadImages { total, of, bad })
    }
}
