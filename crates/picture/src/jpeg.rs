//! How are JPEG files read and written? Cut ones are refused; 4:4:4 is written, so colours stay sharp.
//!
//! They are decoded by code of this crate, to the bytes that libjpeg-turbo makes (docs/decisions/2026-11-29-jpeg-as-libjpeg.md has the reasons).

mod bits;
mod decoder;
mod frame;
mod huffman;
mod idct;
mod rows;
mod scan;
mod segments;
#[cfg(test)]
mod tests;

use self::decoder::Decoder;
#[cfg(test)]
pub(crate) use self::segments::is_complete;
use self::segments::{Said, Walk};
use crate::origin::{Bytes, Head, Origin};
use crate::{Density, DensityUnit, Picture, PictureError, Samples};
use image::codecs::jpeg::{JpegDecoder, JpegEncoder, PixelDensity, PixelDensityUnit};
use image::{ExtendedColorType, ImageDecoder, ImageEncoder, ImageError};
use std::io::{self, Cursor, Read, Write};

/// Header of an XMP segment.
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// Header of a segment of image resources, which hold IPTC captions.
const RESOURCES: &[u8] = b"Photoshop 3.0\0";

/// Why a file is not decoded.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It is of a kind that is left to another decoder: CMYK, arithmetic coding, 12 bits, odd factors.
    Foreign,
    /// It makes no sense.
    Damaged(&'static str),
}

/// Reads a JPEG file. CMYK becomes RGB. EXIF data is kept with its orientation, so nothing is turned.
pub(crate) fn read(reader: &mut dyn Bytes, origin: &Origin<'_>) -> Result<Picture, PictureError> {
    let broken = |source| PictureError::Read {
        path: origin.path.to_owned(),
        source,
    };
    let length = origin.length;
    let mut content = Vec::new();
    if origin.fits(length).is_err() {
        // What would do is said at once, if the head tells the size.
        reader
            .take(HEAD)
            .read_to_end(&mut content)
            .map_err(broken)?;
        if let Some(said) = Walk::of(&content).said {
            origin.check_memory(&head(&content, said, length))?;
        }
        return Err(origin.too_large(length));
    }
    reader.read_to_end(&mut content).map_err(broken)?;
    let walk = Walk::of(&content);
    // What a cut file lacks is not made up.
    if !walk.complete {
        return Err(origin.damaged(format!("{length} bytes and no end marker")));
    }
    let said = (walk.said).ok_or_else(|| origin.damaged("it has no frame segment"))?;
    let head = head(&content, said, length);
    origin.check_memory(&head)?;
    let total = head.samples.unwrap_or(u64::MAX);
    let bytes = usize::try_from(total).map_err(|_| origin.too_large(total))?;
    let mut samples: Vec<u8> = origin.room(bytes)?;
    samples.resize(bytes, 0);
    match Decoder::new(&content).and_then(|decoder| decoder.decode(&mut samples)) {
        Ok(()) => {}
        Err(Fault::Damaged(reason)) => return Err(origin.damaged(reason)),
        Err(Fault::Foreign) => read_foreign(&content, &mut samples, origin)?,
    }
    let mut picture = Picture::new(
        head.size,
        head.colours,
        false,
        Samples::U8(samples),
        origin.format,
    )
    .ok_or_else(|| origin.damaged("it lacks rows"))?;
    // A profile of another colour space (CMYK) would be wrong for what was decoded.
    let space: &[u8] = if head.colours == 3 { b"RGB " } else { b"GRAY" };
    picture.meta.icc = walk.icc().filter(|p| p.get(16..20) == Some(space));
    picture.meta.exif = walk.exif;
    picture.meta.xmp = walk.xmp;
    picture.meta.iptc = walk.iptc;
    picture.meta.density = walk.density;
    picture.meta.steps = walk.steps;
    Ok(picture)
}

/// Decodes what this crate's own decoder does not.
fn read_foreign(
    content: &[u8],
    samples: &mut [u8],
    origin: &Origin<'_>,
) -> Result<(), PictureError> {
    let fail = |e: ImageError| match e {
        ImageError::Unsupported(e) => origin.unsupported(e.to_string()),
        e => origin.damaged(e),
    };
    let decoder = JpegDecoder::new(Cursor::new(content)).map_err(fail)?;
    if decoder.total_bytes() != samples.len() as u64 {
        return Err(origin.damaged("its frame segment makes no sense"));
    }
    decoder.read_image(samples).map_err(fail)
}

/// What decoding takes, by what the frame segment says.
fn head(content: &[u8], said: Said, length: u64) -> Head {
    // Sides are 16-bit numbers.
    let samples = (said.size.0 * said.size.1 * said.colours) as u64;
    let decoder = match Decoder::new(content) {
        Ok(decoder) => length.saturating_add(decoder.frame.memory()),
        // The other decoder holds the file once more, and 16-bit coefficients of a progressive one.
        Err(_) => {
            let coefficients = if said.progressive { 2 * samples } else { 0 };
            length.saturating_mul(2).saturating_add(coefficients)
        }
    };
    Head {
        size: said.size,
        colours: said.colours,
        samples: Some(samples),
        decoder,
    }
}

/// Bytes in which nearly every file has its frame segment, behind camera data and thumbnail.
const HEAD: u64 = 256 << 10;

/// Writes 8-bit samples without alpha.
pub(crate) fn write(out: &mut impl Write, picture: &Picture, quality: u8) -> io::Result<()> {
    let Samples::U8(samples) = picture.samples() else {
        return Err(io::Error::other("JPEG holds 8 bit only"));
    };
    let colour = match picture.channels() {
        1 => ExtendedColorType::L8,
        3 => ExtendedColorType::Rgb8,
        _ => return Err(io::Error::other("JPEG cannot hold alpha")),
    };
    let meta = &picture.meta;
    // A segment holds 65533 bytes.
    let mut segments = Vec::new();
    let own = [(0xE1, XMP, &meta.xmp), (0xED, RESOURCES, &meta.iptc)];
    for (marker, header, content) in own {
        let fits = |x: &&Vec<u8>| x.len() + header.len() <= 65_533;
        if let Some(content) = content.as_ref().filter(fits) {
            let length = (2 + header.len() + content.len()) as u16;
            segments.extend([0xFF, marker]);
            segments.extend(length.to_be_bytes());
            segments.extend_from_slice(header);
            segments.extend_from_slice(content);
        }
    }
    let mut file = WithSegments {
        out,
        segments,
        until: 20,
    };
    let mut encoder = JpegEncoder::new_with_quality(&mut file, quality.clamp(1, 100));
    if let Some(icc) = &meta.icc {
        encoder
            .set_icc_profile(icc.clone())
            .map_err(io::Error::other)?;
    }
    // More EXIF data (a large thumbnail) does not fit a JPEG file.
    if let Some(exif) = meta.exif.as_ref().filter(|e| e.len() <= 65_527) {
        encoder
            .set_exif_metadata(exif.clone())
            .map_err(io::Error::other)?;
    }
    if let Some(density) = meta.density.and_then(pixel_density) {
        encoder.set_pixel_density(density);
    }
    let side = |s| crate::png::extent(s);
    encoder
        .encode(
            samples,
            side(picture.width())?,
            side(picture.height())?,
            colour,
        )
        .map_err(|e| match e {
            ImageError::IoError(e) => e,
            e => io::Error::other(e),
        })
}

/// Puts segments that the encoder does not write after the start (2 bytes) and the JFIF segment (18).
struct WithSegments<W> {
    out: W,
    segments: Vec<u8>,
    until: usize,
}

impl<W: Write> Write for WithSegments<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.until == 0 && !self.segments.is_empty() {
            self.out.write_all(&std::mem::take(&mut self.segments))?;
        }
        let part = if self.until == 0 {
            bytes.len()
        } else {
            bytes.len().min(self.until)
        };
        let written = self.out.write(&bytes[..part])?;
        self.until -= written.min(self.until);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Resolution in JFIF's whole numbers.
fn pixel_density(density: Density) -> Option<PixelDensity> {
    let unit = match density.unit {
        DensityUnit::Centimetre => DensityUnit::Centimetre,
        _ => DensityUnit::Inch,
    };
    let density = density.to(unit, true);
    let whole = |n: u32| u16::try_from(n).ok().filter(|n| *n > 0);
    Some(PixelDensity {
        density: (whole(density.x.0)?, whole(density.y.0)?),
        unit: match density.unit {
            DensityUnit::Aspect => PixelDensityUnit::PixelAspectRatio,
            DensityUnit::Centimetre => PixelDensityUnit::Centimeters,
            DensityUnit::Inch | DensityUnit::Metre => PixelDensityUnit::Inches,
        },
    })
}
