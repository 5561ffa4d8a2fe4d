//! How are BMP, WebP and PNM files read and written, and GIF files read? As a whole; they carry no more than a profile.

use crate::origin::{Bytes, Head, Origin};
use crate::{Format, Picture, PictureError, Samples};
use image::codecs::pnm::{PnmEncoder, PnmSubtype, SampleEncoding};
use image::{
    ColorType, DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError,
    ImageFormat, ImageReader, Limits,
};
use std::io::{self, Seek, Write};

/// The same kind in the words of the decoders.
pub(crate) fn kind(format: Format) -> ImageFormat {
    match format {
        Format::Png => ImageFormat::Png,
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Tiff => ImageFormat::Tiff,
        Format::Bmp => ImageFormat::Bmp,
        Format::Webp => ImageFormat::WebP,
        Format::Pnm => ImageFormat::Pnm,
        Format::Gif => ImageFormat::Gif,
    }
}

/// Reads one of the rarer kinds.
pub(crate) fn read(reader: &mut dyn Bytes, origin: &Origin<'_>) -> Result<Picture, PictureError> {
    let fail = |e: ImageError| match e {
        ImageError::Unsupported(e) => origin.unsupported(e.to_string()),
        ImageError::Limits(_) => origin.too_large(u64::MAX),
        e => origin.damaged(e),
    };
    let mut reader = ImageReader::with_format(reader, kind(origin.format));
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(origin.memory.allowed);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(fail)?;
    let (width, height) = decoder.dimensions();
    let size = (width as usize, height as usize);
    let bytes = decoder.total_bytes();
    let colour = decoder.color_type().has_color();
    origin.check_memory(&Head {
        size,
        colours: if colour { 3 } else { 1 },
        samples: Some(bytes),
        // The decoder's own copy counts.
        decoder: bytes,
    })?;
    let count = usize::try_from(bytes).unwrap_or(usize::MAX);
    drop(origin.room::<u8>(count)?);
    let icc = decoder.icc_profile().ok().flatten();
    let exif = decoder.exif_metadata().ok().flatten();
    let image = DynamicImage::from_decoder(decoder).map_err(fail)?;
    let colours = if image.color().has_color() { 3 } else { 1 };
    let alpha = image.color().has_alpha();
    let samples = match image.color() {
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => {
            Samples::U16(match image {
                DynamicImage::ImageLuma16(i) => i.into_raw(),
                DynamicImage::ImageLumaA16(i) => i.into_raw(),
                DynamicImage::ImageRgb16(i) => i.into_raw(),
                other => other.into_rgba16().into_raw(),
            })
        }
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => {
            Samples::U8(image.into_bytes())
        }
        other => return Err(origin.unsupported(format!("{other:?}"))),
    };
    let mut picture = Picture::new(size, colours, alpha, samples, origin.format)
        .ok_or_else(|| origin.damaged("it has no pixels"))?;
    picture.meta.icc = icc;
    picture.meta.exif = exif;
    Ok(picture)
}

/// Writes one of the rarer kinds; WebP without loss.
pub(crate) fn write(
    out: &mut (impl Write + Seek),
    picture: &Picture,
    format: Format,
) -> io::Result<()> {
    use ExtendedColorType::{L8, L16, La8, La16, Rgb8, Rgb16, Rgba8, Rgba16};
    let (bytes, colour) = match picture.samples() {
        Samples::U8(v) => (v.clone(), [L8, La8, Rgb8, Rgba8]),
        Samples::U16(v) => (
            v.iter().flat_map(|s| s.to_ne_bytes()).collect(),
            [L16, La16, Rgb16, Rgba16],
        ),
        Samples::F32(_) => return Err(io::Error::other("only TIFF holds floats")),
    };
    let colour = colour[picture.channels() - 1];
    let (width, height) = (
        crate::png::extent(picture.width())?,
        crate::png::extent(picture.height())?,
    );
    let done = if format == Format::Pnm {
        // Without a subtype the encoder writes PAM, which few programs read.
        let subtype = match picture.channels() {
            1 => PnmSubtype::Graymap(SampleEncoding::Binary),
            _ => PnmSubtype::Pixmap(SampleEncoding::Binary),
        };
        PnmEncoder::new(out)
            .with_subtype(subtype)
            .write_image(&bytes, width, height, colour)
    } else {
        image::write_buffer_with_format(out, &bytes, width, height, colour, kind(format))
    };
    done.map_err(|e| match e {
        ImageError::IoError(e) => e,
        e => io::Error::other(e),
    })
}
