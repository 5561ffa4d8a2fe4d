//! How are PNG files read and written? Row by row, so that only the samples are held.

use crate::origin::{Bytes, Head, Origin};
use crate::{Density, DensityUnit, Meta, Picture, PictureError, Samples};
use png::text_metadata::ITXtChunk;
use png::{
    BitDepth, ColorType, Compression, Decoder, DecodingError, Encoder, Info, Limits,
    PixelDimensions, Transformations, Unit,
};
use std::borrow::Cow;
use std::io::{self, BufRead, Seek, Write};

/// Reads a PNG file; palettes, fewer than 8 bits and transparent colours are expanded.
pub(crate) fn read(reader: &mut dyn Bytes, origin: &Origin<'_>) -> Result<Picture, PictureError> {
    let fail = |e: DecodingError| match e {
        DecodingError::LimitsExceeded => origin.too_large(u64::MAX),
        e => origin.damaged(e),
    };
    let bytes = origin.allowed();
    let mut decoder = Decoder::new_with_limits(reader, Limits { bytes });
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(fail)?;
    let (colour, depth) = reader.output_color_type();
    let (colours, alpha) = match colour {
        ColorType::Grayscale => (1, false),
        ColorType::GrayscaleAlpha => (1, true),
        ColorType::Rgb => (3, false),
        ColorType::Rgba => (3, true),
        ColorType::Indexed => return Err(origin.unsupported("a palette that is not expanded")),
    };
    let size = (reader.info().width as usize, reader.info().height as usize);
    let total = reader.output_buffer_size();
    let samples = total.map(|t| t as u64);
    origin.check_memory(&Head {
        size,
        colours,
        samples,
        // Interlaced rows come in another order, so the whole is decoded before it is taken apart.
        decoder: samples.filter(|_| reader.info().interlaced).unwrap_or(0),
    })?;
    let total = total.ok_or_else(|| origin.too_large(u64::MAX))?;
    let samples = if depth == BitDepth::Sixteen {
        let mut samples: Vec<u16> = origin.room(total / 2)?;
        rows(&mut reader, total, origin, |row| {
            samples.extend(
                row.chunks_exact(2)
                    .map(|b| u16::from_be_bytes([b[0], b[1]])),
            );
        })?;
        Samples::U16(samples)
    } else {
        let mut samples: Vec<u8> = origin.room(total)?;
        rows(&mut reader, total, origin, |row| samples.extend(row))?;
        Samples::U8(samples)
    };
    // What stands after the pixels (texts, EXIF), and whether the end is there.
    reader.finish().map_err(fail)?;
    let meta = meta(reader.info());
    let mut picture = Picture::new(size, colours, alpha, samples, origin.format)
        .ok_or_else(|| origin.damaged("it lacks rows"))?;
    picture.meta = meta;
    Ok(picture)
}

/// Hands out decoded rows from top to bottom.
fn rows<R: BufRead + Seek>(
    reader: &mut png::Reader<R>,
    total: usize,
    origin: &Origin<'_>,
    mut take: impl FnMut(&[u8]),
) -> Result<(), PictureError> {
    if reader.info().interlaced {
        let mut whole: Vec<u8> = origin.room(total)?;
        whole.resize(total, 0);
        reader
            .next_frame(&mut whole)
            .map_err(|e| origin.damaged(e))?;
        take(&whole);
        return Ok(());
    }
    while let Some(row) = reader.next_row().map_err(|e| origin.damaged(e))? {
        take(row.data());
    }
    Ok(())
}

/// Keyword of the text that is an XMP packet.
const XMP: &str = "XML:com.adobe.xmp";

fn meta(info: &Info<'static>) -> Meta {
    let owned = |bytes: &Option<Cow<'static, [u8]>>| bytes.as_ref().map(|b| b.to_vec());
    let density = info.pixel_dims.map(|d| Density {
        x: (d.xppu, 1),
        y: (d.yppu, 1),
        unit: match d.unit {
            Unit::Meter => DensityUnit::Metre,
            Unit::Unspecified => DensityUnit::Aspect,
        },
    });
    let mut kept = Info::default();
    kept.gama_chunk = info.gama_chunk;
    kept.chrm_chunk = info.chrm_chunk;
    kept.source_gamma = info.gama_chunk;
    kept.source_chromaticities = info.chrm_chunk;
    kept.srgb = info.srgb;
    kept.uncompressed_latin1_text = info.uncompressed_latin1_text.clone();
    kept.compressed_latin1_text = info.compressed_latin1_text.clone();
    let is_xmp = |chunk: &&ITXtChunk| chunk.keyword == XMP;
    let xmp = info.utf8_text.iter().find(is_xmp);
    let xmp = xmp.and_then(|chunk| chunk.get_text().ok());
    kept.utf8_text = info.utf8_text.clone();
    if xmp.is_some() {
        kept.utf8_text.retain(|chunk| chunk.keyword != XMP);
    }
    let mut meta = Meta {
        icc: owned(&info.icc_profile),
        exif: owned(&info.exif_metadata),
        xmp: xmp.map(String::into_bytes),
        density,
        ..Meta::default()
    };
    meta.png.info = Some(Box::new(kept));
    meta
}

/// Pixels from which on files are compressed fast.
const MANY: usize = 4 << 20;

/// Writes 8 or 16 bit samples.
pub(crate) fn write(out: &mut impl Write, picture: &Picture) -> io::Result<()> {
    let meta = &picture.meta;
    let mut info = meta.png.info.as_deref().cloned().unwrap_or_default();
    (info.width, info.height) = (extent(picture.width())?, extent(picture.height())?);
    info.color_type = match (picture.colours(), picture.has_alpha()) {
        (1, false) => ColorType::Grayscale,
        (1, true) => ColorType::GrayscaleAlpha,
        (_, false) => ColorType::Rgb,
        (_, true) => ColorType::Rgba,
    };
    info.bit_depth = match picture.samples() {
        Samples::U8(_) => BitDepth::Eight,
        Samples::U16(_) => BitDepth::Sixteen,
        Samples::F32(_) => return Err(io::Error::other("PNG cannot hold floats")),
    };
    info.pixel_dims = meta.density.map(|d| {
        let d = d.to(DensityUnit::Metre, true);
        PixelDimensions {
            xppu: d.x.0,
            yppu: d.y.0,
            unit: match d.unit {
                DensityUnit::Aspect => Unit::Unspecified,
                _ => Unit::Meter,
            },
        }
    });
    info.icc_profile = meta.icc.clone().map(Cow::Owned);
    info.exif_metadata = meta.exif.clone().map(Cow::Owned);
    // The packet is UTF-8, or was no packet.
    if let Some(xmp) = meta.xmp.clone().and_then(|xmp| String::from_utf8(xmp).ok()) {
        info.utf8_text.push(ITXtChunk::new(XMP, xmp));
    }
    if info.icc_profile.is_some() {
        // Both are not allowed, and a profile says more.
        info.srgb = None;
    }
    let mut encoder = Encoder::with_info(out, info)?;
    // Where there are many pixels, a smaller file would take longer than what is done to the picture.
    let many = picture.width() * picture.height() > MANY;
    encoder.set_compression(if many {
        Compression::Fast
    } else {
        Compression::Balanced
    });
    let mut writer = encoder.write_header()?;
    let mut stream = writer.stream_writer()?;
    let row = picture.width() * picture.channels();
    match picture.samples() {
        Samples::U8(v) => stream.write_all(v)?,
        Samples::U16(v) => {
            for row in v.chunks(row) {
                let bytes: Vec<u8> = row.iter().flat_map(|s| s.to_be_bytes()).collect();
                stream.write_all(&bytes)?;
            }
        }
        Samples::F32(_) => {}
    }
    stream.finish()?;
    writer.finish()?;
    Ok(())
}

/// A side as the format stores it.
pub(crate) fn extent(side: usize) -> io::Result<u32> {
    u32::try_from(side).map_err(io::Error::other)
}
