//! How are the binary files of CIFAR-10 and CIFAR-100 read and checked?
//!
//! A file is a sequence of records without a header. A record is one label byte (CIFAR-10) or two,
//! coarse and fine (CIFAR-100), then 3,072 pixel bytes: 32×32 red, then green, then blue, row by
//! row.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ImageShape;
use crate::archive::Archive;
use crate::checks::{VerifyReport, compare_checksums};
use crate::dataset::{Chosen, Dataset, DatasetInfo, OpenOptions};
use crate::error::DataError;
use crate::split::Split;
use timestep_files::read_small_text;

/// The shape of every CIFAR image.
pub(crate) const SHAPE: ImageShape = ImageShape::new(3, 32, 32);

/// What the bytes of a record mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLayout {
    /// Name and number of classes of each label byte, in order; the last one is used.
    pub labels: &'static [(&'static str, u8)],
    /// The shape of the image that follows.
    pub shape: ImageShape,
}

impl RecordLayout {
    /// CIFAR-10: one label of ten classes.
    pub const CIFAR10: Self = Self {
        labels: &[("label", 10)],
        shape: SHAPE,
    };
    /// CIFAR-100: a coarse label of twenty classes, a fine one of a hundred.
    pub const CIFAR100: Self = Self {
        labels: &[("coarse label", 20), ("fine label", 100)],
        shape: SHAPE,
    };

    /// Length of a record in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.labels.len() + self.shape.len()
    }
}

/// Reads a file of exactly `records` records: pixels (C×H×W each) and labels.
///
/// # Errors
/// [`DataError::Io`]; [`DataError::WrongLength`] before anything is read;
/// [`DataError::LabelOutOfRange`] with record, byte and value.
pub fn read_records(
    path: &Path,
    layout: &RecordLayout,
    records: usize,
) -> Result<(Vec<u8>, Vec<u16>), DataError> {
    let length = fs::metadata(path)
        .map_err(|e| DataError::io("open", path, e))?
        .len();
    check_length(path, layout, records, length)?;
    let bytes = fs::read(path).map_err(|e| DataError::io("read", path, e))?;
    // Once more, because the file may have changed in between.
    check_length(path, layout, records, bytes.len() as u64)?;
    let head = layout.labels.len();
    let mut pixels = Vec::with_capacity(records * layout.shape.len());
    let mut labels = Vec::with_capacity(records);
    for (record, content) in bytes.chunks_exact(layout.bytes()).enumerate() {
        for (i, &(field, classes)) in layout.labels.iter().enumerate() {
            let value = content[i];
            if value >= classes {
                let offset = (record * layout.bytes() + i) as u64;
                let (path, max) = (path.to_owned(), classes - 1);
                return Err(DataError::LabelOutOfRange {
                    path,
                    record,
                    offset,
                    field,
                    value,
                    max,
                });
            }
        }
        labels.push(u16::from(content[head - 1]));
        pixels.extend_from_slice(&content[head..]);
    }
    Ok((pixels, labels))
}

fn check_length(
    path: &Path,
    layout: &RecordLayout,
    records: usize,
    found: u64,
) -> Result<(), DataError> {
    let (records, record_bytes) = (records as u64, layout.bytes() as u64);
    let expected = records * record_bytes;
    if found == expected {
        return Ok(());
    }
    Err(DataError::WrongLength {
        path: path.to_owned(),
        found,
        expected,
        records,
        record_bytes,
    })
}

/// What tells the two sets apart.
pub(crate) struct Cifar {
    pub(crate) layout: RecordLayout,
    /// The folder that the archive holds.
    pub(crate) folder: &'static str,
    /// Names and record counts of the files of the train split.
    pub(crate) train: &'static [(&'static str, usize)],
    /// Name and record count of the file of the test split.
    pub(crate) test: (&'static str, usize),
    /// The file of class names.
    pub(crate) names_file: &'static str,
    /// The class names, used when the file is absent.
    pub(crate) names: &'static [&'static str],
    /// Files by which the Python or MATLAB version is known.
    pub(crate) strangers: &'static [&'static str],
    pub(crate) attribution: &'static str,
    pub(crate) citation: &'static str,
}

impl Cifar {
    /// The archive of its authors that holds it.
    pub(crate) fn archive(&self, name: &'static str, file: &'static str, sha256: &str) -> Archive {
        let record = self.layout.bytes() as u64;
        let files = self.files().map(|(file, n)| (file, n as u64 * record));
        Archive {
            name,
            base: "https://www.cs.toronto.edu/~kriz".to_owned(),
            file,
            sha256: sha256.to_owned(),
            folder: self.folder,
            files: files.collect(),
        }
    }

    /// The files of images, train first, with their record counts.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&'static str, usize)> + '_ {
        self.train.iter().copied().chain([self.test])
    }

    /// The folder of the files: `dir` itself, or the archive's folder in it.
    pub(crate) fn locate(&self, key: &'static str, dir: &Path) -> Result<PathBuf, DataError> {
        if !dir.is_dir() {
            return Err(DataError::FolderMissing {
                path: dir.to_owned(),
                exists: dir.exists(),
            });
        }
        let inner = dir.join(self.folder);
        let present = |at: &Path| self.files().filter(|f| at.join(f.0).is_file()).count();
        // Where more of the files are; the message about missing ones then names that place.
        let place = if present(&inner) > present(dir) {
            inner
        } else {
            dir.to_owned()
        };
        let missing: Vec<String> = self
            .files()
            .filter(|f| !place.join(f.0).is_file())
            .map(|f| f.0.to_owned())
            .collect();
        if missing.is_empty() {
            return Ok(place);
        }
        let stranger = self.strangers.iter().any(|s| dir.join(s).exists());
        let instead = (stranger && missing.len() == self.files().count())
            .then_some("the Python or MATLAB version");
        let of = self.files().count();
        Err(DataError::FilesMissing {
            name: key,
            dir: place,
            missing,
            of,
            instead,
        })
    }

    pub(crate) fn open(
        &self,
        info: &'static DatasetInfo,
        options: &OpenOptions,
    ) -> Result<Dataset, DataError> {
        if let Some(size) = options.size.or(options.resize) {
            return Err(DataError::FixedSize {
                name: info.key,
                shape: SHAPE,
                size,
            });
        }
        let dir = info.needed(options.dir.as_deref())?;
        let place = self.locate(info.key, dir)?;
        let split = |files: &[(&str, usize)]| {
            let (mut pixels, mut labels) = (Vec::new(), Vec::new());
            for (file, records) in files {
                let (p, l) = read_records(&place.join(file), &self.layout, *records)?;
                pixels.extend(p);
                labels.extend(l);
            }
            Split::from_pixels(SHAPE, pixels, labels)
        };
        Dataset {
            name: info.key.to_owned(),
            classes: self.class_names(&place)?,
            shape: SHAPE,
            train: split(self.train)?,
            test: split(&[self.test])?,
            attribution: self.attribution.to_owned(),
            citation: Some(self.citation.to_owned()),
            chosen: Chosen::default(),
            notes: Vec::new(),
        }
        .checked()
    }

    /// The names in the file, one on a line; the built-in ones when there is no file.
    fn class_names(&self, place: &Path) -> Result<Vec<String>, DataError> {
        let path = place.join(self.names_file);
        let text = match read_small_text(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Ok(self.names.iter().map(|&n| n.to_owned()).collect());
            }
            Err(e) => return Err(DataError::io("read", &path, e)),
        };
        let names: Vec<String> = text
            .lines()
            .map(str::trim)
            .filter(|n| !n.is_empty())
            .map(str::to_owned)
            .collect();
        let (found, expected) = (names.len(), self.names.len());
        if found == expected {
            Ok(names)
        } else {
            Err(DataError::WrongClassNames {
                path,
                found,
                expected,
            })
        }
    }

    pub(crate) fn verify(
        &self,
        key: &'static str,
        dir: Option<&Path>,
    ) -> Result<VerifyReport, DataError> {
        let Some(dir) = dir else {
            return Err(DataError::NeedsDirectory {
                name: key,
                can_fetch: true,
            });
        };
        let place = self.locate(key, dir)?;
        let mut report = VerifyReport::new(key, Some(&place));
        let classes = self.names.len();
        let mut counts = [vec![0; classes], vec![0; classes]];
        let mut complete = true;
        for (file, records) in self.files() {
            match read_records(&place.join(file), &self.layout, records) {
                Ok((_, labels)) => {
                    let part = usize::from(file == self.test.0);
                    labels
                        .iter()
                        .for_each(|&l| counts[part][usize::from(l)] += 1);
                }
                Err(problem) => {
                    complete = false;
                    report.problems.push(problem.to_string());
                }
            }
        }
        if let Err(problem) = self.class_names(&place) {
            report.problems.push(problem.to_string());
        }
        if complete {
            for (part, counts) in ["train", "test"].iter().zip(&counts) {
                let each = counts.iter().sum::<usize>() / classes;
                for (class, &n) in counts.iter().enumerate().filter(|c| *c.1 != each) {
                    let name = self.names[class];
                    let text = format!(
                        "class {class} ({name}) has {n} {part} images, and the real set has {each}"
                    );
                    report.problems.push(text);
                }
            }
        }
        [report.train_counts, report.test_counts] = counts;
        let names: Vec<&str> = self.files().map(|f| f.0).chain([self.names_file]).collect();
        compare_checksums(&mut report, &place, &names)?;
        Ok(report)
    }
}
