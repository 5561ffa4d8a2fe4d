//! How does an image file become pixels, and which files are refused?
//!
//! The content decides the format, not the name: a JPEG called `.png` is read. EXIF orientation
//! is applied, an alpha channel is dropped, 16-bit values are scaled to 8.
//!
//! The decoder fills what a cut JPEG lacks with grey and reports success, which would teach a
//! network grey half-images; [`jpeg_is_complete`] therefore looks for the end marker first.
//!
//! What a file claims is checked before it is believed: a file has at most 1 GiB, a decoded image at most 512 MiB
//! (170 million pixels of 24 bits) and at least one pixel, and pipes and devices are not read.

use std::io::{Cursor, Read};
use std::path::Path;

use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};

use crate::ImageShape;
use crate::error::{BadImage, DataError};
use crate::resample::cut;
use crate::view::{LONGEST, Window};
use timestep_files::{open_regular, read_regular};

/// Bytes that an image may have when it is decoded.
const MOST_DECODED: u64 = 512 << 20;

/// Bytes that a file may have.
const MOST_FILE: u64 = 1 << 30;

/// Endings of names that are taken for images, in lower case.
const ENDINGS: [&str; 10] = [
    "png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp", "gif", "ppm", "pgm",
];

/// Whether the name of a file ends like an image: png, jpg, jpeg, bmp, tif, tiff, webp, gif, ppm
/// or pgm, in any case. Hidden files (`.name`) are none.
#[must_use]
pub fn is_image_name(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_some_and(|n| n.to_string_lossy().starts_with('.'));
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    !hidden && ending.is_some_and(|e| ENDINGS.contains(&e.as_str()))
}

/// What becomes of a grey image file where red, green and blue are expected?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GreyFile {
    /// It is an error: a network that has learned from colours was not made for it.
    Refused,
    /// All three channels show it.
    AsRgb,
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
    load(path, shape, grey, |image| to_pixels(image, shape))
}

/// Reads one image file as [`load_image`] does, as a test image of a set that was opened with
/// [`OpenOptions::resize`](crate::OpenOptions::resize): the shorter side is scaled to `shorter`
/// pixels (bilinear, antialiased), and height × width is cut from the middle.
///
/// # Errors
/// As [`load_image`]; [`DataError::BadOption`] if `shorter` is below height or width.
pub fn load_image_resized(
    path: &Path,
    shape: ImageShape,
    shorter: usize,
    grey: GreyFile,
) -> Result<Vec<u8>, DataError> {
    check_resize(shorter, shape.height.max(shape.width))?;
    load(path, shape, grey, |image| {
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
    path: &Path,
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
    let image = decode(path).map_err(|bad| DataError::BadImages {
        total: 1,
        of: 1,
        bad: vec![bad],
    })?;
    if grey == GreyFile::Refused && shape.channels == 3 && !image.color().has_color() {
        return Err(DataError::GreyImage {
            path: path.to_owned(),
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

/// What the head of an image file tells without decoding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Columns and rows as seen, after EXIF orientation.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) grey: bool,
    /// Length of the file in bytes.
    pub(crate) bytes: u64,
}

/// Reads the head of a file.
pub(crate) fn header(path: &Path) -> Result<Header, BadImage> {
    /// Enough for the head of nearly every JPEG and PNG.
    const HEAD: u64 = 16 << 10;
    let fail = |reason: String| BadImage {
        path: path.to_owned(),
        reason,
    };
    let mut file = open_regular(path).map_err(|e| fail(format!("it cannot be opened ({e})")))?;
    let bytes = file
        .metadata()
        .map_err(|e| fail(format!("it cannot be read ({e})")))?
        .len();
    let mut content = Vec::new();
    let mut read = |limit: u64, content: &mut Vec<u8>| {
        let mut part = (&mut file).take(limit);
        part.read_to_end(content)
            .map_err(|e| fail(format!("it cannot be read ({e})")))
    };
    read(HEAD, &mut content)?;
    // A large folder would otherwise be read twice over just to learn the sizes. The other formats
    // may keep what is wanted here (orientation, directory) at their end.
    let short = content.starts_with(&JPEG_START) || content.starts_with(b"\x89PNG");
    if short && let Ok(found) = parse_header(&content) {
        return Ok(Header { bytes, ..found });
    }
    if bytes > MOST_FILE {
        return Err(fail("it is longer than 1 GiB".into()));
    }
    read(MOST_FILE, &mut content)?;
    parse_header(&content)
        .map(|found| Header { bytes, ..found })
        .map_err(fail)
}

fn parse_header(content: &[u8]) -> Result<Header, String> {
    let mut decoder = decoder(content)?;
    let (width, height) = decoder.dimensions();
    let grey = !decoder.color_type().has_color();
    // The eight orientations that swap width and height are the quarter turns.
    let turned = matches!(
        orientation(&mut decoder),
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if turned {
        (height, width)
    } else {
        (width, height)
    };
    Ok(Header {
        width,
        height,
        grey,
        bytes: 0,
    })
}

/// Decodes a file completely, turned as its EXIF data says.
pub(crate) fn decode(path: &Path) -> Result<DynamicImage, BadImage> {
    let fail = |reason: String| BadImage {
        path: path.to_owned(),
        reason,
    };
    let content =
        read_regular(path, MOST_FILE).map_err(|e| fail(format!("it cannot be read ({e})")))?;
    decode_bytes(&content).map_err(fail)
}

fn decode_bytes(content: &[u8]) -> Result<DynamicImage, String> {
    let mut decoder = decoder(content)?;
    if content.starts_with(&JPEG_START) && !jpeg_is_complete(content) {
        return Err(format!(
            "it is a JPEG that is cut short ({} bytes, no end marker)",
            content.len()
        ));
    }
    let turn = orientation(&mut decoder);
    let mut image = DynamicImage::from_decoder(decoder).map_err(reason)?;
    image.apply_orientation(turn);
    Ok(image)
}

fn decoder(content: &[u8]) -> Result<impl ImageDecoder + '_, String> {
    if content.is_empty() {
        return Err("it is empty (0 bytes)".into());
    }
    let reader = ImageReader::new(Cursor::new(content)).with_guessed_format();
    let mut reader = reader.map_err(|e| format!("it cannot be read ({e})"))?;
    if reader.format().is_none() {
        let text = content
            .iter()
            .take(512)
            .all(|&b| matches!(b, 9 | 10 | 13 | 32..127));
        return Err(if text {
            "it is text, not an image"
        } else {
            "it is no image"
        }
        .into());
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MOST_DECODED);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(reason)?;
    // The limits above only hold for what decoders allocate themselves, not for the image.
    match decoder.dimensions() {
        (0, _) | (_, 0) => Err("it has no pixels".into()),
        _ if decoder.total_bytes() > MOST_DECODED => Err(TOO_LARGE.into()),
        _ => Ok(decoder),
    }
}

const TOO_LARGE: &str = "decoded, it would need more than 512 MiB";

/// EXIF data that cannot be read is no reason to refuse an image.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

fn reason(error: ImageError) -> String {
    match error {
        ImageError::Unsupported(e) => format!("its kind is not supported ({e})"),
        ImageError::Limits(_) => TOO_LARGE.into(),
        other => format!("it is damaged or cut short ({other})"),
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

const JPEG_START: [u8; 3] = [0xFF, 0xD8, 0xFF];

/// Whether a JPEG reaches its end marker. Segments are walked by their lengths, because a
/// thumbnail in the EXIF data has an end marker of its own.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    let mut at = 2;
    while at + 1 < bytes.len() {
        // Stray bytes between segments, and all of the coded data, are passed over here: inside
        // coded data FF is followed by 00 or a restart marker, neither of which ends the walk.
        if bytes[at] != 0xFF {
            at += 1;
            continue;
        }
        match bytes[at + 1] {
            0xD9 => return true,
            // A run of FF is padding: the last one belongs to the marker.
            0xFF => at += 1,
            // Stuffed zero, restart markers, TEM and a second start have no length.
            0x00 | 0x01 | 0xD0..=0xD8 => at += 2,
            _ => match bytes.get(at + 2..at + 4) {
                Some(length) => {
                    at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
                }
                None => return false,
            },
        }
    }
    false
}

#[cfg(test)]
mod tests;
