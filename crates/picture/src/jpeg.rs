//! How are JPEG files read and written? Cut ones are refused; 4:4:4 is written, so colours stay sharp.

use crate::read::{Bytes, Head, Origin};
use crate::{Density, DensityUnit, Picture, PictureError, Samples};
use image::codecs::jpeg::{JpegDecoder, JpegEncoder, PixelDensity, PixelDensityUnit};
use image::{ExtendedColorType, ImageDecoder, ImageEncoder, ImageError};
use std::io::{self, Read, Write};

/// Header of an XMP segment.
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// Header of a segment of image resources, which hold IPTC captions.
const RESOURCES: &[u8] = b"Photoshop 3.0\0";

/// Reads a JPEG file. CMYK becomes RGB. EXIF data is kept with its orientation, so nothing is turned.
pub(crate) fn read(reader: &mut dyn Bytes, origin: &Origin<'_>) -> Result<Picture, PictureError> {
    let broken = |source| PictureError::Read {
        path: origin.path.to_owned(),
        source,
    };
    // The file is held twice, see below.
    let length = origin.length;
    let twice = length.saturating_mul(2);
    let mut content = Vec::new();
    if origin.fits(twice).is_err() {
        // What would do is said at once, if the head tells the size.
        reader
            .take(HEAD)
            .read_to_end(&mut content)
            .map_err(broken)?;
        if let Some(frame) = Walk::of(&content).frame {
            origin.check_memory(&frame.head(length))?;
        }
        return Err(origin.too_large(twice));
    }
    reader.read_to_end(&mut content).map_err(broken)?;
    let walk = Walk::of(&content);
    // The decoder reads the file into memory once more.
    drop(content);
    reader.rewind().map_err(broken)?;
    // It fills what a cut file lacks with grey and reports success.
    if !walk.complete {
        return Err(origin.damaged(format!("{length} bytes and no end marker")));
    }
    let fail = |e: ImageError| match e {
        ImageError::Unsupported(e) => origin.unsupported(e.to_string()),
        e => origin.damaged(e),
    };
    let mut decoder = JpegDecoder::new(reader).map_err(fail)?;
    let (width, height) = decoder.dimensions();
    let colours = if decoder.color_type().has_color() {
        3
    } else {
        1
    };
    let total = decoder.total_bytes();
    let size = (width as usize, height as usize);
    origin.check_memory(
        &Frame {
            size,
            colours,
            progressive: walk.frame.is_some_and(|frame| frame.progressive),
        }
        .head(length),
    )?;
    let icc = decoder.icc_profile().ok().flatten();
    let exif = decoder.exif_metadata().ok().flatten();
    let xmp = decoder.xmp_metadata().ok().flatten();
    let bytes = usize::try_from(total).map_err(|_| origin.too_large(total))?;
    let mut samples: Vec<u8> = origin.room(bytes)?;
    samples.resize(bytes, 0);
    decoder.read_image(&mut samples).map_err(fail)?;
    let mut picture = Picture::new(size, colours, false, Samples::U8(samples), origin.format)
        .ok_or_else(|| origin.damaged("it lacks rows"))?;
    // A profile of another colour space (CMYK) would be wrong for what was decoded.
    let space: &[u8] = if colours == 3 { b"RGB " } else { b"GRAY" };
    picture.meta.icc = icc.filter(|p| p.get(16..20) == Some(space));
    picture.meta.exif = exif;
    picture.meta.xmp = xmp;
    picture.meta.iptc = walk.iptc;
    picture.meta.density = walk.density;
    Ok(picture)
}

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

/// Whether a file reaches its end marker.
#[cfg(test)]
pub(crate) fn is_complete(bytes: &[u8]) -> bool {
    Walk::of(bytes).complete
}

/// What a walk over the segments finds.
struct Walk {
    complete: bool,
    frame: Option<Frame>,
    density: Option<Density>,
    iptc: Option<Vec<u8>>,
}

/// What the frame segment says.
#[derive(Clone, Copy)]
struct Frame {
    size: (usize, usize),
    colours: usize,
    progressive: bool,
}

impl Frame {
    /// From the marker of a segment and what follows its length: precision, rows, columns, components.
    fn of(marker: u8, segment: &[u8]) -> Option<Self> {
        // C4, C8 and CC are tables and an extension.
        if !matches!(marker, 0xC0..=0xCF) || matches!(marker, 0xC4 | 0xC8 | 0xCC) {
            return None;
        }
        let [_, h1, h0, w1, w0, components, ..] = *segment else {
            return None;
        };
        let number = |high, low| usize::from(u16::from_be_bytes([high, low]));
        Some(Self {
            size: (number(w1, w0), number(h1, h0)),
            colours: if components == 1 { 1 } else { 3 },
            progressive: marker == 0xC2,
        })
    }

    /// What decoding takes. The file may be held with half as much again; a progressive one keeps 16-bit coefficients.
    fn head(&self, length: u64) -> Head {
        // Sides are 16-bit numbers.
        let samples = (self.size.0 * self.size.1 * self.colours) as u64;
        let coefficients = if self.progressive { 2 * samples } else { 0 };
        Head {
            size: self.size,
            colours: self.colours,
            samples: Some(samples),
            decoder: length.saturating_mul(2).saturating_add(coefficients),
        }
    }
}

/// Bytes in which nearly every file has its frame segment, behind camera data and thumbnail.
const HEAD: u64 = 256 << 10;

impl Walk {
    /// Segments are walked by their lengths, because a thumbnail in the EXIF data has an end marker
    /// of its own.
    fn of(bytes: &[u8]) -> Self {
        let mut walk = Self {
            complete: false,
            frame: None,
            density: None,
            iptc: None,
        };
        let mut at = 2;
        while at + 1 < bytes.len() {
            // Stray bytes between segments, and all of the coded data, are passed over here: inside
            // coded data FF is followed by 00 or a restart marker, neither of which ends the walk.
            if bytes[at] != 0xFF {
                at += 1;
                continue;
            }
            match bytes[at + 1] {
                0xD9 => {
                    walk.complete = true;
                    return walk;
                }
                // A run of FF is padding: the last one belongs to the marker.
                0xFF => at += 1,
                // Stuffed zero, restart markers, TEM and a second start have no length.
                0x00 | 0x01 | 0xD0..=0xD8 => at += 2,
                marker => {
                    let Some(length) = bytes.get(at + 2..at + 4) else {
                        return walk;
                    };
                    let end = at + 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
                    let segment = bytes.get(at + 4..end.min(bytes.len()));
                    if let Some(frame) = segment.and_then(|s| Frame::of(marker, s)) {
                        walk.frame.get_or_insert(frame);
                    }
                    if marker == 0xE0 {
                        walk.density = bytes.get(at + 4..end).and_then(jfif);
                    }
                    if marker == 0xED {
                        let resources = segment.and_then(|s| s.strip_prefix(RESOURCES));
                        walk.iptc = walk.iptc.or(resources.map(<[u8]>::to_vec));
                    }
                    at = end;
                }
            }
        }
        walk
    }
}

/// The resolution in a JFIF segment.
fn jfif(segment: &[u8]) -> Option<Density> {
    let rest = segment.strip_prefix(b"JFIF\0")?;
    let number = |at: usize| {
        Some(u32::from(u16::from_be_bytes([
            *rest.get(at)?,
            *rest.get(at + 1)?,
        ])))
    };
    let unit = match rest.get(2)? {
        1 => DensityUnit::Inch,
        2 => DensityUnit::Centimetre,
        _ => DensityUnit::Aspect,
    };
    Some(Density {
        x: (number(3)?, 1),
        y: (number(5)?, 1),
        unit,
    })
}
