//! How are named arrays kept in a file, so that damage is noticed? As safetensors, with text and a checksum inside.
//!
//! One key of the file's metadata holds a JSON object of text by key. One of its entries is the SHA-256 of
//! everything else: of the other entries, and of names, shapes and bytes of all arrays. A file in which a bit was
//! changed is refused ([`WeightsError::Changed`]); a file of another program, or of version 0.1 of this one, has no
//! checksum and is read as it is ([`Arrays::is_checked`]).

#![forbid(unsafe_code)]

use half::f16;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Text by key, in the order of keys.
pub type Metadata = BTreeMap<String, String>;

/// The one metadata key of our files. The library keeps metadata in a hash map, whose order changes from run to run:
/// one key keeps equal files byte-equal.
const METADATA_KEY: &str = "timestep";

/// The entry of [`Metadata`] that holds the checksum; it is added in writing and taken out in reading.
const CHECKSUM_KEY: &str = "sha256";

/// Why a file of arrays cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// It is no safetensors file, or one that is cut short.
    #[error("not a readable safetensors file: {0}")]
    NotSafetensors(String),
    /// The text in it is no JSON object of text.
    #[error("not a readable safetensors file: the metadata is not readable: {0}")]
    Metadata(String),
    /// The checksum in it is not that of its contents.
    #[error(
        "it was changed after it was written: the SHA-256 of its contents is {found}, and was {written}"
    )]
    Changed {
        /// The checksum in the file.
        written: String,
        /// That of what is there.
        found: String,
    },
    /// An array has not as many numbers as its shape says.
    #[error("`{name}` cannot be written: {why}")]
    Array {
        /// The array.
        name: String,
        /// What the library says.
        why: String,
    },
}

/// An array of numbers to be written: its name, its shape and its numbers.
pub type Named<'a> = (&'a str, &'a [usize], &'a [f32]);

/// The bytes of a file with these arrays, this text and a checksum. Without text it is a file for other programs, which
/// gets no checksum either.
///
/// # Errors
/// [`WeightsError::Array`] if a shape does not fit its numbers.
pub fn write(arrays: &[Named<'_>], metadata: &Metadata) -> Result<Vec<u8>, WeightsError> {
    write_as(arrays, metadata, Dtype::F32, &|values| {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    })
}

/// As [`write`], with numbers rounded to half precision, which take half the bytes.
///
/// # Errors
/// [`WeightsError::Array`] if a shape does not fit its numbers.
pub fn write_half(arrays: &[Named<'_>], metadata: &Metadata) -> Result<Vec<u8>, WeightsError> {
    write_as(arrays, metadata, Dtype::F16, &|values| {
        let halves = values.iter().map(|v| f16::from_f32(*v));
        halves.flat_map(f16::to_le_bytes).collect()
    })
}

fn write_as(
    arrays: &[Named<'_>],
    metadata: &Metadata,
    kind: Dtype,
    stored: &dyn Fn(&[f32]) -> Vec<u8>,
) -> Result<Vec<u8>, WeightsError> {
    let bytes: Vec<Vec<u8>> = arrays.iter().map(|(_, _, v)| stored(v)).collect();
    let mut views = Vec::with_capacity(arrays.len());
    for ((name, shape, _), bytes) in arrays.iter().zip(&bytes) {
        let view = TensorView::new(kind, shape.to_vec(), bytes);
        let view = view.map_err(|e| WeightsError::Array {
            name: (*name).to_owned(),
            why: e.to_string(),
        })?;
        views.push((*name, view));
    }
    let fail = |e: safetensors::SafeTensorError| WeightsError::NotSafetensors(e.to_string());
    if metadata.is_empty() {
        return safetensors::serialize(views, None).map_err(fail);
    }
    let mut inner = metadata.clone();
    inner.remove(CHECKSUM_KEY);
    let sorted: BTreeMap<&str, &TensorView<'_>> = views.iter().map(|(n, v)| (*n, v)).collect();
    let sum = checksum(&inner, &sorted);
    inner.insert(CHECKSUM_KEY.to_owned(), sum);
    let json = serde_json::to_string(&inner).map_err(|e| WeightsError::Metadata(e.to_string()))?;
    let outer = [(METADATA_KEY.to_owned(), json)].into_iter().collect();
    safetensors::serialize(views, Some(outer)).map_err(fail)
}

/// A file that was opened.
#[derive(Debug)]
pub struct Arrays<'a> {
    /// The arrays.
    pub tensors: SafeTensors<'a>,
    /// Its text; empty for files that were not written here.
    pub metadata: Metadata,
    /// The checksum that the file holds.
    written: Option<String>,
}

impl<'a> Arrays<'a> {
    /// Opens the bytes of a file and compares its checksum, if it has one.
    ///
    /// # Errors
    /// [`WeightsError`].
    pub fn open(bytes: &'a [u8]) -> Result<Self, WeightsError> {
        let arrays = Self::open_unverified(bytes)?;
        arrays.verify()?;
        Ok(arrays)
    }

    /// As [`open`](Self::open), without comparing the checksum: [`verify`](Self::verify) does so, while another core reads numbers.
    ///
    /// # Errors
    /// [`WeightsError`].
    pub fn open_unverified(bytes: &'a [u8]) -> Result<Self, WeightsError> {
        let mut metadata = metadata(bytes)?;
        let fail = |e: safetensors::SafeTensorError| WeightsError::NotSafetensors(e.to_string());
        let tensors = SafeTensors::deserialize(bytes).map_err(fail)?;
        let written = metadata.remove(CHECKSUM_KEY);
        Ok(Self {
            tensors,
            metadata,
            written,
        })
    }

    /// Compares the checksum, if there is one.
    ///
    /// # Errors
    /// [`WeightsError::Changed`].
    pub fn verify(&self) -> Result<(), WeightsError> {
        let Some(written) = self.written.clone() else {
            return Ok(());
        };
        let views = self.tensors.tensors();
        let sorted = views.iter().map(|(n, v)| (n.as_str(), v)).collect();
        let found = checksum(&self.metadata, &sorted);
        if found != written {
            return Err(WeightsError::Changed { written, found });
        }
        Ok(())
    }

    /// Whether the file holds a checksum, which [`verify`](Self::verify) finds right. Without one, damage to numbers is not noticed.
    #[must_use]
    pub fn is_checked(&self) -> bool {
        self.written.is_some()
    }
}

/// The text of a file, without looking at its arrays; empty for files that were not written here.
///
/// # Errors
/// [`WeightsError::NotSafetensors`], [`WeightsError::Metadata`].
pub fn metadata(bytes: &[u8]) -> Result<Metadata, WeightsError> {
    let (_, header) = SafeTensors::read_metadata(bytes)
        .map_err(|e| WeightsError::NotSafetensors(e.to_string()))?;
    match header.metadata().as_ref().and_then(|m| m.get(METADATA_KEY)) {
        None => Ok(Metadata::new()),
        Some(json) => serde_json::from_str(json).map_err(|e| WeightsError::Metadata(e.to_string())),
    }
}

/// SHA-256 of text and arrays, in the order of their names. Every part is preceded by its length, so that nothing can
/// move from one to the next.
fn checksum(metadata: &Metadata, arrays: &BTreeMap<&str, &TensorView<'_>>) -> String {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(&(metadata.len() as u64).to_le_bytes());
    for (key, text) in metadata {
        part(key.as_bytes());
        part(text.as_bytes());
    }
    for (name, view) in arrays {
        part(name.as_bytes());
        part(format!("{:?} {:?}", view.dtype(), view.shape()).as_bytes());
        part(view.data());
    }
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Vec<u8> {
        let metadata = Metadata::from([("card".to_owned(), "{\"top1\":0.9}".to_owned())]);
        let arrays: [Named<'_>; 2] = [
            ("b.weight", &[2, 2], &[1.0, -2.0, 3.5, f32::NAN]),
            ("a.bias", &[2], &[0.5, 0.25]),
        ];
        write(&arrays, &metadata).expect("shapes fit")
    }

    #[test]
    fn what_was_written_is_read_and_checked() {
        let bytes = file();
        assert_eq!(bytes, file(), "the same bytes every time");
        let read = Arrays::open(&bytes).expect("as written");
        assert!(read.is_checked());
        assert_eq!(read.metadata.keys().collect::<Vec<_>>(), ["card"]);
        assert_eq!(read.tensors.tensor("a.bias").expect("there").shape(), [2]);
    }

    #[test]
    fn halves_are_rounded_and_take_half_the_bytes() {
        let metadata = Metadata::from([("a".to_owned(), "b".to_owned())]);
        let values = [1.0, -0.1, 65504.0, 3.0e-6];
        let bytes = write_half(&[("x", &[4], &values)], &metadata).expect("fits");
        let read = Arrays::open(&bytes).expect("as written");
        assert!(read.is_checked());
        let view = read.tensors.tensor("x").expect("there");
        assert_eq!((view.dtype(), view.data().len()), (Dtype::F16, 8));
        let halves = view.data().as_chunks::<2>().0.iter();
        let halves = halves.map(|b| f16::from_le_bytes(*b).to_f32());
        for (half, value) in halves.zip(values) {
            assert!(
                (half - value).abs() <= 5e-4 * value.abs() + 3e-8,
                "{half} {value}"
            );
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed_or_changes_nothing() {
        let bytes = file();
        let good = Arrays::open(&bytes).expect("as written");
        let contents = |arrays: &Arrays<'_>| {
            let mut all: Vec<_> = (arrays.tensors.tensors().into_iter())
                .map(|(name, view)| (name, view.shape().to_vec(), view.data().to_vec()))
                .collect();
            all.sort();
            (all, arrays.metadata.clone())
        };
        let mut noticed = 0;
        for bit in 0..8 * bytes.len() {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            match Arrays::open(&damaged) {
                Err(_) => noticed += 1,
                // The name of the metadata key itself, or of the checksum: a file without one.
                Ok(read) if !read.is_checked() => {}
                Ok(read) => assert_eq!(contents(&read), contents(&good), "bit {bit}"),
            }
        }
        assert!(
            noticed > 6 * bytes.len(),
            "{noticed} of {}",
            8 * bytes.len()
        );
    }

    #[test]
    fn files_without_a_checksum_are_read() {
        let numbers = [0; 8];
        let view = TensorView::new(Dtype::F32, vec![2], &numbers).expect("fits");
        let bytes = safetensors::serialize([("a", view)], None).expect("serialised");
        let read = Arrays::open(&bytes).expect("a file of another program");
        assert!(!read.is_checked() && read.metadata.is_empty());
    }

    #[test]
    fn a_shape_that_does_not_fit_is_refused() {
        let wrong: Named<'_> = ("a", &[3], &[1.0]);
        assert!(matches!(
            write(&[wrong], &Metadata::new()),
            Err(WeightsError::Array { .. })
        ));
    }
}
