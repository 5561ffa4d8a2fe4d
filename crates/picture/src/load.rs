//! What does a network look at? The pixels of a file of any kind, upright, as they are seen and not as they are stored.
//!
//! EXIF orientation is applied; profiles are not. The content decides the format, not the name: a JPEG called `.png` is read.

use crate::origin::Origin;
use crate::{Format, Memory, Picture, PictureError, Samples, read};
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageDecoder, ImageError, ImageReader, Limits};
use std::io::{Cursor, Read};
use std::path::Path;

/// Decodes a file completely, turned as its EXIF data says. Floats become 8 bits, 0..1 being black to white.
///
/// # Errors
/// As [`read`](crate::read()).
pub fn decode(path: &Path, memory: &Memory<'_>) -> Result<DynamicImage, PictureError> {
    Ok(upright(read::open(path, memory, true)?))
}

/// The same of the bytes of a file; `path` is for messages only.
///
/// # Errors
/// As [`decode`].
pub fn decode_bytes(
    path: &Path,
    content: &[u8],
    memory: &Memory<'_>,
) -> Result<DynamicImage, PictureError> {
    let length = content.len() as u64;
    let picture = read::decode(path, &mut Cursor::new(content), length, memory, true)?;
    Ok(upright(picture))
}

/// A picture turned as its EXIF data says.
fn upright(picture: Picture) -> DynamicImage {
    let turn = (picture.meta.exif.as_deref())
        .and_then(Orientation::from_exif_chunk)
        .unwrap_or(Orientation::NoTransforms);
    let mut image = dynamic(picture);
    image.apply_orientation(turn);
    image
}

/// The same samples in the type that images are converted and scaled with.
fn dynamic(picture: Picture) -> DynamicImage {
    // Files hold their extents in 32 bits, and a picture has as many samples as they make.
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    let channels = picture.channels();
    macro_rules! channels {
        (ImageLuma8) => {
            1
        };
        (ImageLumaA8) => {
            2
        };
        (ImageRgb8) => {
            3
        };
        (ImageRgba8) => {
            4
        };
        (ImageLuma16) => {
            1
        };
        (ImageLumaA16) => {
            2
        };
        (ImageRgb16) => {
            3
        };
        (ImageRgba16) => {
            4
        };
    }
    macro_rules! image {
        ($samples:expr, $($variant:ident),*) => {
            match channels {
                $(channels!($variant) => {
                    ImageBuffer::from_raw(width, height, $samples).map(DynamicImage::$variant)
                })*
                _ => None,
            }
        };
    }
    let image = match picture.into_samples() {
        Samples::U8(v) => image!(v, ImageLuma8, ImageLumaA8, ImageRgb8, ImageRgba8),
        Samples::U16(v) => image!(v, ImageLuma16, ImageLumaA16, ImageRgb16, ImageRgba16),
        Samples::F32(v) => {
            let byte = |v: &f32| (v.clamp(0.0, 1.0) * 255.0).round() as u8;
            let v: Vec<u8> = v.iter().map(byte).collect();
            image!(v, ImageLuma8, ImageLumaA8, ImageRgb8, ImageRgba8)
        }
    };
    image.unwrap_or_else(|| unreachable!("a picture has the samples that its extents make"))
}

/// What the head of an image file tells without decoding it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Columns as seen, after EXIF orientation.
    pub width: u32,
    /// Rows as seen, after EXIF orientation.
    pub height: u32,
    /// Whether it has no colours.
    pub grey: bool,
    /// Length of the file in bytes.
    pub bytes: u64,
}

/// Reads the head of a file.
///
/// # Errors
/// As [`read`](crate::read()), except what only decoding shows.
pub fn header(path: &Path, memory: &Memory<'_>) -> Result<Header, PictureError> {
    /// Enough for the head of nearly every JPEG and PNG.
    const HEAD: u64 = 16 << 10;
    let fail = |source| PictureError::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = timestep_files::open_regular(path).map_err(fail)?;
    let length = file.metadata().map_err(fail)?.len();
    let mut content = Vec::new();
    (&mut file)
        .take(HEAD)
        .read_to_end(&mut content)
        .map_err(fail)?;
    let format = read::format(path, &content)?;
    let origin = Origin {
        path,
        format,
        length,
        memory: *memory,
    };
    // A large folder would otherwise be read twice over just to learn the sizes. The other formats
    // may keep what is wanted here (orientation, directory) at their end.
    let short = matches!(format, Format::Jpeg | Format::Png);
    if short && let Ok(found) = parse(&content, &origin) {
        return Ok(found);
    }
    origin.fits(length)?;
    file.read_to_end(&mut content).map_err(fail)?;
    parse(&content, &origin)
}

fn parse(content: &[u8], origin: &Origin<'_>) -> Result<Header, PictureError> {
    let fail = |e: ImageError| match e {
        ImageError::Unsupported(e) => origin.unsupported(e.to_string()),
        ImageError::Limits(_) => origin.too_large(u64::MAX),
        e => origin.damaged(e),
    };
    let mut reader =
        ImageReader::with_format(Cursor::new(content), crate::other::kind(origin.format));
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(origin.memory.allowed);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(fail)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(origin.damaged("it has no pixels"));
    }
    origin.fits(decoder.total_bytes())?;
    // The four orientations that swap width and height are the quarter turns. EXIF data that cannot be read is no
    // reason to refuse an image.
    let turned = matches!(
        decoder.orientation().unwrap_or(Orientation::NoTransforms),
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
        grey: !decoder.color_type().has_color(),
        bytes: origin.length,
    })
}

#[cfg(test)]
mod tests;
