//! How does an image file become the input of a network, and which files are refused?
//!
//! Decoding is that of [`timestep_picture`]: the content decides the format, not the name; EXIF orientation is applied; a JPEG
//! that is cut short is refused, because its decoder fills what is missing with grey, which would teach a network grey
//! half-images. Here an alpha channel is dropped, 16-bit values are scaled to 8, and the image is brought to its shape. A file
//! may have at most 1 GiB, and what is decoded 512 MiB (170 million pixels of 24 bits).

use std::path::Path;

use image::imageops::{self, FilterType};
use timestep_picture::{DynamicImage, Header, Memory, PictureError};

use crate::ImageShape;
use crate::error::{BadImage, DataError};
use crate::resample::cut;
use crate::view::{LONGEST, Window};

/// What an image may take when it is decoded, and its file.
const MEMORY: Memory<'static> = Memory {
    allowed: 512 << 20,
    beside: &|_, _| 0,
};

/// What becomes of a grey image file where red, green and blue are expected?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GreyFile {
    /// It is an error: a network that has learned from colours was not made for it.
    Refused,
    /// All three channels show it.
    AsRgb,
}

/// Where an image is read from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A file.
    File(&'a Path),
    /// The bytes of a file; the path is for messages only.
    Bytes(&'a Path, &'a [u8]),
}

impl Source<'_> {
    /// What it is called in messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Bytes(path, _) => path,
        }
    }

    fn decode(&self) -> Result<DynamicImage, BadImage> {
        match self {
            Self::File(path) => decode(path),
            Self::Bytes(path, content) => {
                timestep_picture::decode_bytes(path, content, &MEMORY).map_err(|e| bad(path, &e))
            }
        }
    }
}

/// Reads one image file as `shape.len()` bytes, C×H×W, for a network that expects `shape`.
///
/// An image of another size is scaled (Catmull-Rom) until it just covers height × width, and cut
/// to the middle. One channel means grey, three mean red, green, blue.
///
/// # Errors
/// [`DataError::BadImages`] with the one file: missing, empty, no image, damaged, cut short;
/// [`DataError::GreyImage`] if it is grey, three channels are expected and `grey` refuses that.
pub fn load_image(path: &Path, shape: ImageShape, grey: GreyFile) -> Result<Vec<u8>, DataError> {
    load_source(Source::File(path), shape, None, grey)
}

/// Reads one image as [`load_image`] does; with `shorter`, as a test image of a set that was opened with
/// [`OpenOptions::resize`](crate::OpenOptions::resize): the shorter side is scaled to `shorter`
/// pixels (bilinear, antialiased), and height × width is cut from the middle.
///
/// # Errors
/// As [`load_image`]; [`DataError::BadOption`] if `shorter` is below height or width.
pub fn load_source(
    source: Source<'_>,
    shape: ImageShape,
    shorter: Option<usize>,
    grey: GreyFile,
) -> Result<Vec<u8>, DataError> {
    let Some(shorter) = shorter else {
        return load(source, shape, grey, |image| to_pixels(image, shape));
    };
    check_resize(shorter, shape.height.max(shape.width))?;
    load(source, shape, grey, |image| {
        to_pixels_resized(image, shorter, shape)
    })
}

/// Reads one image file as grey: its columns, its rows and a byte for each pixel, row by row. Colours become their luma.
///
/// # Errors
/// The reason as in [`load_image`].
pub fn load_grey(path: &Path) -> Result<(usize, usize, Vec<u8>), BadImage> {
    let grey = decode(path)?.into_luma8();
    Ok((
        grey.width() as usize,
        grey.height() as usize,
        grey.into_raw(),
    ))
}

/// Decodes a file for a shape that images can have.
fn load(
    source: Source<'_>,
    shape: ImageShape,
    grey: GreyFile,
    pixels: impl FnOnce(DynamicImage) -> Vec<u8>,
) -> Result<Vec<u8>, DataError> {
    if !matches!(shape.channels, 1 | 3) || shape.plane() == 0 {
        return Err(DataError::BadOption {
            option: "the shape of the image",
            value: shape.to_string(),
            expected: "1 or 3 channels and at least one pixel".into(),
        });
    }
    let image = source.decode().map_err(|bad| DataError::BadImages {
        total: 1,
        of: 1,
        bad: vec![bad],
    })?;
    if grey == GreyFile::Refused && shape.channels == 3 && !image.color().has_color() {
        return Err(DataError::GreyImage {
            path: source.path().to_owned(),
        });
    }
    Ok(pixels(image))
}

/// Checks that a crop of `side` pixels fits an image whose shorter side has `shorter`.
pub(crate) fn check_resize(shorter: usize, side: usize) -> Result<(), DataError> {
    if (side..=LONGEST).contains(&shorter) {
        return Ok(());
    }
    Err(DataError::BadOption {
        option: "the shorter side to resize to",
        value: shorter.to_string(),
        expected: format!("between {side} (the crop) and {LONGEST} pixels"),
    })
}

/// Reads the head of a file.
pub(crate) fn header(path: &Path) -> Result<Header, BadImage> {
    timestep_picture::header(path, &MEMORY).map_err(|e| bad(path, &e))
}

/// Decodes a file completely, turned as its EXIF data says.
pub(crate) fn decode(path: &Path) -> Result<DynamicImage, BadImage> {
    timestep_picture::decode(path, &MEMORY).map_err(|e| bad(path, &e))
}

/// What is wrong with a file, said of it.
fn bad(path: &Path, error: &PictureError) -> BadImage {
    BadImage {
        path: path.to_owned(),
        reason: error.reason(),
    }
}

/// Pixels of a decoded image in the shape asked for, C×H×W.
pub(crate) fn to_pixels(image: DynamicImage, shape: ImageShape) -> Vec<u8> {
    // Extents of images are u32 in every format that is read, so shapes made from them fit.
    let (w, h) = (shape.width as u32, shape.height as u32);
    if shape.channels == 1 {
        cover(image.into_luma8(), w, h).into_raw()
    } else {
        let interleaved = cover(image.into_rgb8(), w, h).into_raw();
        let mut planar = Vec::with_capacity(interleaved.len());
        for c in 0..3 {
            planar.extend(interleaved.iter().skip(c).step_by(3));
        }
        planar
    }
}

/// Pixels of the middle of an image whose shorter side is scaled to `shorter`, C×H×W.
pub(crate) fn to_pixels_resized(image: DynamicImage, shorter: usize, shape: ImageShape) -> Vec<u8> {
    let extent = (image.width() as usize, image.height() as usize);
    cut(image, &Window::middle(extent, shorter, shape), shape)
}

/// Scales the image until it just covers `w`×`h`, and cuts out the middle.
fn cover<P>(image: image::ImageBuffer<P, Vec<u8>>, w: u32, h: u32) -> image::ImageBuffer<P, Vec<u8>>
where
    P: image::Pixel<Subpixel = u8> + 'static,
{
    let (iw, ih) = image.dimensions();
    if (iw, ih) == (w, h) {
        return image;
    }
    // Resizing makes a whole strip of the new height; of a long thin image, nearly all of that would be thrown away.
    // What is kept here is far more than the filter sees around the middle.
    let (iw, ih, image) = {
        let most = |to: u32, short: u32, of: u32| {
            let most = 16 * u64::from(to) * u64::from(short) / u64::from(of);
            most.clamp(64, u64::from(u32::MAX)) as u32
        };
        let (cw, ch) = (iw.min(most(w, ih, h)), ih.min(most(h, iw, w)));
        if (cw, ch) == (iw, ih) {
            (iw, ih, image)
        } else {
            let middle = imageops::crop_imm(&image, (iw - cw) / 2, (ih - ch) / 2, cw, ch);
            (cw, ch, middle.to_image())
        }
    };
    // Integer arithmetic, so that the side that decides comes out exactly.
    let scaled = |long: u32, to: u32, of: u32| {
        let exact = (u64::from(long) * u64::from(to) + u64::from(of) / 2) / u64::from(of);
        exact.min(u64::from(u32::MAX)) as u32
    };
    let (nw, nh) = if u64::from(iw) * u64::from(h) >= u64::from(ih) * u64::from(w) {
        (scaled(iw, h, ih).max(w), h)
    } else {
        (w, scaled(ih, w, iw).max(h))
    };
    let image = if (nw, nh) == (iw, ih) {
        image
    } else {
        imageops::resize(&image, nw, nh, FilterType::CatmullRom)
    };
    imageops::crop_imm(&image, (nw - w) / 2, (nh - h) / 2, w, h).to_image()
}

#[cfg(test)]
mod tests;
