//! Where are the images of one split, and how does a batch get at them?

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::ImageShape;
use crate::augment::Draw;
use crate::error::{BadImage, DataError};
use crate::files::FileStore;

/// Labelled images of one shape, `u8`, channels first (C×H×W, row by row within a channel).
///
/// The images are in memory, or they are files that are decoded whenever they are asked for.
/// Cloning is cheap: pixels and labels are shared.
#[derive(Clone, Debug)]
pub struct Split {
    shape: ImageShape,
    labels: Arc<Vec<u16>>,
    store: Store,
    /// The files that images in memory were read from, where they were files.
    names: Arc<Vec<PathBuf>>,
}

#[derive(Clone, Debug)]
enum Store {
    /// One allocation; a `Vec` inside, because turning it into `Arc<[u8]>` would copy it all.
    Memory(Arc<Vec<u8>>),
    Files(Arc<FileStore>),
}

impl Split {
    /// A split from pixels in memory: image after image, each `shape.len()` bytes.
    ///
    /// # Errors
    /// [`DataError::SplitMismatch`] unless there are `shape.len()` bytes for each label.
    pub fn from_pixels(
        shape: ImageShape,
        pixels: Vec<u8>,
        labels: Vec<u16>,
    ) -> Result<Self, DataError> {
        let expected = labels.len() * shape.len();
        if pixels.len() != expected {
            let (images, found) = (labels.len(), pixels.len());
            return Err(DataError::SplitMismatch {
                images,
                shape,
                expected,
                found,
            });
        }
        Ok(Self {
            shape,
            labels: Arc::new(labels),
            store: Store::Memory(Arc::new(pixels)),
            names: Arc::default(),
        })
    }

    /// A split whose images are decoded on demand, one file for each label.
    pub(crate) fn from_files(files: FileStore, labels: Vec<u16>) -> Self {
        debug_assert_eq!(files.len(), labels.len());
        Self {
            shape: files.shape(),
            labels: Arc::new(labels),
            store: Store::Files(Arc::new(files)),
            names: Arc::default(),
        }
    }

    /// The same images with the files that they were read from, one for each.
    pub(crate) fn named(self, names: Vec<PathBuf>) -> Self {
        debug_assert_eq!(names.len(), self.len());
        Self {
            names: Arc::new(names),
            ..self
        }
    }

    /// The file of image `index`, below the folder of its set; `None` where images are no files.
    #[must_use]
    pub fn name(&self, index: usize) -> Option<&Path> {
        match &self.store {
            Store::Files(files) => files.name(index),
            Store::Memory(_) => self.names.get(index).map(PathBuf::as_path),
        }
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The shape of each image.
    #[must_use]
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// Whether the decoded images are in memory.
    #[must_use]
    pub fn in_memory(&self) -> bool {
        matches!(self.store, Store::Memory(_))
    }

    /// All labels, in the order of the images.
    #[must_use]
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// The label of image `index`.
    ///
    /// # Panics
    /// If `index` is not below [`len`](Self::len), as indexing a slice does.
    #[must_use]
    pub fn label(&self, index: usize) -> u16 {
        self.labels[index]
    }

    /// The pixels of image `index`: `shape().len()` bytes, C×H×W; borrowed when in memory.
    ///
    /// # Errors
    /// [`DataError::IndexOutOfRange`]; [`DataError::BadImages`] or [`DataError::Io`] when a file
    /// has gone bad since the set was opened.
    pub fn pixels(&self, index: usize) -> Result<Cow<'_, [u8]>, DataError> {
        self.check_index(index as u64)?;
        let n = self.shape.len();
        match &self.store {
            Store::Memory(bytes) => Ok(Cow::Borrowed(&bytes[index * n..(index + 1) * n])),
            Store::Files(files) => match files.decode(index) {
                Ok(pixels) => Ok(Cow::Owned(pixels)),
                Err(bad) => Err(DataError::BadImages {
                    total: 1,
                    of: 1,
                    bad: vec![bad],
                }),
            },
        }
    }

    /// The pixels of the images `indices`, in that order: `indices.len() · shape().len()` bytes.
    /// Files are decoded in parallel.
    ///
    /// # Errors
    /// As [`pixels`](Self::pixels); up to ten bad files are named in one error.
    pub fn fetch(&self, indices: &[u32]) -> Result<Vec<u8>, DataError> {
        for &i in indices {
            self.check_index(u64::from(i))?;
        }
        let n = self.shape.len();
        match &self.store {
            Store::Memory(bytes) => {
                let image = |&i: &u32| &bytes[i as usize * n..(i as usize + 1) * n];
                Ok(indices.iter().flat_map(image).copied().collect())
            }
            Store::Files(files) => self.decode(indices, |i| files.decode(i as usize)),
        }
    }

    /// [`fetch`](Self::fetch) of the windows that are drawn from whole images.
    ///
    /// # Errors
    /// As `fetch`, and [`DataError::NotWhole`] where no whole images are kept.
    pub(crate) fn fetch_drawn(
        &self,
        indices: &[u32],
        draw: &Draw<'_>,
    ) -> Result<Vec<u8>, DataError> {
        for &i in indices {
            self.check_index(u64::from(i))?;
        }
        match &self.store {
            Store::Files(files) => self.decode(indices, |i| files.window(i, draw)),
            Store::Memory(_) => Err(DataError::NotWhole {
                view: draw.augment.view.name(),
                shape: self.shape,
            }),
        }
    }

    /// All pixels of a split of files, but for those that cannot be read: their numbers come with the reasons, and what they
    /// would have taken is closed up.
    #[allow(clippy::type_complexity)] // Pixels, and which images had none.
    pub(crate) fn fetch_readable(
        &self,
        next: &(dyn Fn() + Sync),
    ) -> Result<(Vec<u8>, Vec<(usize, BadImage)>), DataError> {
        let n = self.shape.len();
        let Store::Files(files) = &self.store else {
            let all: Vec<u32> = (0..self.len() as u32).collect();
            return Ok((self.fetch(&all)?, Vec::new()));
        };
        let mut pixels = vec![0; self.len() * n];
        let bad: Vec<(usize, BadImage)> = pixels
            .par_chunks_mut(n.max(1))
            .enumerate()
            .filter_map(|(i, place)| {
                let decoded = files.decode(i);
                next();
                match decoded {
                    Ok(image) => {
                        place.copy_from_slice(&image);
                        None
                    }
                    Err(bad) => Some((i, bad)),
                }
            })
            .collect();
        if let Some((first, _)) = bad.first() {
            let mut to = *first;
            for from in *first..self.len() {
                if bad.binary_search_by_key(&from, |(i, _)| *i).is_err() {
                    pixels.copy_within(from * n..(from + 1) * n, to * n);
                    to += 1;
                }
            }
            pixels.truncate(to * n);
        }
        Ok((pixels, bad))
    }

    /// Decodes in parallel, straight into place: a whole set is loaded this way, and a second copy
    /// of it might not fit.
    fn decode(
        &self,
        indices: &[u32],
        image: impl Fn(u32) -> Result<Vec<u8>, BadImage> + Sync,
    ) -> Result<Vec<u8>, DataError> {
        let n = self.shape.len();
        let mut pixels = vec![0; indices.len() * n];
        let bad: Vec<_> = pixels
            .par_chunks_mut(n)
            .zip(indices)
            .filter_map(|(place, &i)| match image(i) {
                Ok(image) => {
                    place.copy_from_slice(&image);
                    None
                }
                Err(bad) => Some(bad),
            })
            .collect();
        DataError::bad_images(bad, indices.len()).map_or(Ok(pixels), Err)
    }

    /// The images `indices` as a split of their own, in that order; numbers may repeat.
    ///
    /// For a held-out part, or a run that is to overfit a few images.
    ///
    /// # Errors
    /// [`DataError::IndexOutOfRange`].
    pub fn subset(&self, indices: &[u32]) -> Result<Self, DataError> {
        let store = match &self.store {
            Store::Memory(_) => Store::Memory(Arc::new(self.fetch(indices)?)),
            Store::Files(files) => {
                for &i in indices {
                    self.check_index(u64::from(i))?;
                }
                Store::Files(Arc::new(files.subset(indices)))
            }
        };
        let labels = indices.iter().map(|&i| self.labels[i as usize]).collect();
        let names = indices.iter().filter_map(|&i| self.names.get(i as usize));
        Ok(Self {
            shape: self.shape,
            labels: Arc::new(labels),
            store,
            names: Arc::new(names.cloned().collect()),
        })
    }

    /// Gives the images other labels, as many as there are.
    pub(crate) fn relabel(&mut self, labels: Arc<Vec<u16>>) {
        debug_assert_eq!(labels.len(), self.labels.len());
        self.labels = labels;
    }

    /// How many images each of `classes` classes has; labels beyond are not counted.
    #[must_use]
    pub fn class_counts(&self, classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        for &label in self.labels.iter() {
            if let Some(count) = counts.get_mut(usize::from(label)) {
                *count += 1;
            }
        }
        counts
    }

    /// All bytes of a split in memory, for passes over the whole set.
    pub(crate) fn memory(&self) -> Option<&[u8]> {
        match &self.store {
            Store::Memory(bytes) => Some(bytes),
            Store::Files(_) => None,
        }
    }

    /// Feeds shape, labels and contents to a fingerprint.
    pub(crate) fn hash_into(&self, hash: &mut Sha256) {
        let ImageShape {
            channels,
            height,
            width,
        } = self.shape;
        for n in [channels, height, width, self.len()] {
            hash.update((n as u64).to_le_bytes());
        }
        for label in self.labels.iter() {
            hash.update(label.to_le_bytes());
        }
        match &self.store {
            Store::Memory(bytes) => {
                hash.update(b"pixels");
                hash.update(bytes.as_slice());
            }
            Store::Files(files) => {
                hash.update(b"files");
                files.hash_into(hash);
            }
        }
    }

    fn check_index(&self, index: u64) -> Result<(), DataError> {
        if index < self.len() as u64 {
            Ok(())
        } else {
            Err(DataError::IndexOutOfRange {
                index,
                len: self.len(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Split {
        let shape = ImageShape::new(1, 1, 2);
        Split::from_pixels(shape, vec![1, 2, 3, 4, 5, 6], vec![0, 1, 1]).unwrap()
    }

    #[test]
    fn fetch_subset_and_counts() {
        let split = three();
        assert_eq!(split.pixels(1).unwrap().as_ref(), [3, 4]);
        assert_eq!(split.fetch(&[2, 0, 2]).unwrap(), [5, 6, 1, 2, 5, 6]);
        let part = split.subset(&[2, 0]).unwrap();
        assert_eq!((part.labels(), part.len()), (&[1, 0][..], 2));
        assert_eq!(part.pixels(0).unwrap().as_ref(), [5, 6]);
        assert_eq!(split.class_counts(3), [1, 2, 0]);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let shape = ImageShape::new(1, 1, 2);
        let error = Split::from_pixels(shape, vec![1, 2, 3], vec![0, 1]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2 labels of 1×1×2 images need 4 bytes of pixels, and there are 3"
        );
        for error in [
            three().pixels(3).map(|_| ()).unwrap_err(),
            three().fetch(&[0, 3]).map(|_| ()).unwrap_err(),
            three().subset(&[3]).map(|_| ()).unwrap_err(),
        ] {
            assert!(matches!(
                error,
                DataError::IndexOutOfRange { index: 3, len: 3 }
            ));
        }
    }
}
