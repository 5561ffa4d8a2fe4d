//! How do image files of all sizes become inputs of one shape, whenever they are asked for?

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use timestep_picture::DynamicImage;

use crate::ImageShape;
use crate::augment::Draw;
use crate::error::BadImage;
use crate::image_file::{decode, to_pixels, to_pixels_resized};
use crate::resample::cut;

/// How an image that is not varied comes to the shape of the split.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fit {
    /// It has it; another size is refused.
    Exact,
    /// Scaled until it just covers the shape, by Catmull-Rom, and cut to the middle.
    Cover,
    /// The shorter side scaled to this many pixels, bilinearly, and cut to the middle.
    Shorter(usize),
}

/// Image files that are decoded on demand, into images of one shape.
#[derive(Clone, Debug)]
pub(crate) struct FileStore {
    shape: ImageShape,
    fit: Fit,
    root: PathBuf,
    /// Path below the root, and length in bytes.
    files: Vec<(PathBuf, u64)>,
}

impl FileStore {
    /// Files below `root`, each with its length in bytes.
    pub(crate) fn new(
        shape: ImageShape,
        fit: Fit,
        root: PathBuf,
        files: Vec<(PathBuf, u64)>,
    ) -> Self {
        Self {
            shape,
            fit,
            root,
            files,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// The path of a file below the root.
    pub(crate) fn name(&self, index: usize) -> Option<&Path> {
        self.files.get(index).map(|(path, _)| path.as_path())
    }

    pub(crate) fn shape(&self) -> ImageShape {
        self.shape
    }

    pub(crate) fn subset(&self, indices: &[u32]) -> Self {
        let files = indices
            .iter()
            .map(|&i| self.files[i as usize].clone())
            .collect();
        Self {
            files,
            root: self.root.clone(),
            ..*self
        }
    }

    /// Pixels of one file in the shape of the split.
    pub(crate) fn decode(&self, index: usize) -> Result<Vec<u8>, BadImage> {
        let image = self.whole(index)?;
        Ok(match self.fit {
            Fit::Exact | Fit::Cover => to_pixels(image, self.shape),
            Fit::Shorter(shorter) => to_pixels_resized(image, shorter, self.shape),
        })
    }

    /// Pixels of the window that is drawn for file `index`, from the whole image.
    pub(crate) fn window(&self, index: u32, draw: &Draw<'_>) -> Result<Vec<u8>, BadImage> {
        let image = self.whole(index as usize)?;
        let extent = (image.width() as usize, image.height() as usize);
        Ok(match draw.window(index, extent, self.shape) {
            Some(window) => cut(image, &window, self.shape),
            None => to_pixels(image, self.shape),
        })
    }

    /// The decoded file.
    fn whole(&self, index: usize) -> Result<DynamicImage, BadImage> {
        let path = self.root.join(&self.files[index].0);
        let image = decode(&path)?;
        let (w, h) = (image.width() as usize, image.height() as usize);
        if matches!(self.fit, Fit::Exact) && (w, h) != (self.shape.width, self.shape.height) {
            // Only a file that changed after the set was opened comes here.
            let reason = format!("it is {w}×{h} now, and was {}", self.shape);
            return Err(BadImage { path, reason });
        }
        Ok(image)
    }

    /// Relative paths with `/`, so that the fingerprint is the same on every system.
    pub(crate) fn hash_into(&self, hash: &mut Sha256) {
        if let Fit::Shorter(shorter) = self.fit {
            hash.update(b"shorter");
            hash.update((shorter as u64).to_le_bytes());
        }
        for (path, bytes) in &self.files {
            let parts: Vec<_> = path.iter().map(|p| p.to_string_lossy()).collect();
            let name = parts.join("/");
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name.as_bytes());
            hash.update(bytes.to_le_bytes());
        }
    }
}
