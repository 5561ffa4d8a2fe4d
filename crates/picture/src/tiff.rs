//! How are TIFF files read and written? 8 bit, 16 bit and float; grey and RGB; strips, tiles and planes.

use crate::exif::{CAMERA, DESCRIPTIVE, Entry, Exif, PLACE};
use crate::origin::{Bytes, Head, Origin};
use crate::{Density, DensityUnit, Meta, Picture, PictureError, Samples};
use std::io::{self, BufRead, Seek, Write};
use tiff::decoder::ifd::Value;
use tiff::decoder::{BufferLayoutPreference, Decoder, DecodingResult, Limits};
use tiff::encoder::colortype as ct;
use tiff::encoder::{
    Compression, DeflateLevel, Rational, TiffEncoder, TiffKind, TiffKindBig, TiffKindStandard,
    TiffValue,
};
use tiff::tags::{ByteOrder, ExtraSamples, Predictor, ResolutionUnit, Tag, Type, ValueBuffer};
use tiff::{ColorType, Directory, TiffError};

const XMP: Tag = Tag::Unknown(700);
/// Image resources, which hold IPTC captions.
const RESOURCES: Tag = Tag::Unknown(34_377);

/// Reads a TIFF file: its only picture, or the first if the others are smaller copies.
pub(crate) fn read(reader: &mut dyn Bytes, origin: &Origin<'_>) -> Result<Picture, PictureError> {
    let fail = |e: TiffError| match e {
        TiffError::UnsupportedError(e) => origin.unsupported(e.to_string()),
        TiffError::LimitsExceeded => origin.too_large(u64::MAX),
        e => origin.damaged(e),
    };
    let mut limits = Limits::unlimited();
    limits.intermediate_buffer_size = origin.allowed();
    // No value of a directory is longer than the file, whatever it claims.
    let length = usize::try_from(origin.length).unwrap_or(usize::MAX);
    limits.decoding_buffer_size = length.clamp(1 << 10, origin.allowed().max(1 << 10));
    let decoder = Decoder::new(reader).map_err(fail)?;
    let mut decoder = decoder.with_limits(limits.clone());
    let (width, height) = decoder.dimensions().map_err(fail)?;
    let colour = decoder.colortype().map_err(fail)?;
    let (colours, alpha) = match colour {
        ColorType::Gray(_) => (1, false),
        ColorType::RGB(_) => (3, false),
        ColorType::RGBA(_) => (3, true),
        ColorType::Multiband { num_samples: 2, .. } => (1, true),
        other => return Err(origin.unsupported(format!("colours {other:?}"))),
    };
    if !matches!(colour.bit_depth(), 8 | 16 | 32) {
        return Err(origin.unsupported(format!("{} bits a sample", colour.bit_depth())));
    }
    let layout = decoder.image_buffer_layout().map_err(fail)?;
    let planar = layout.planes > 1;
    let bytes = layout.complete_len as u64;
    let size = (width as usize, height as usize);
    origin.check_memory(&Head {
        size,
        colours,
        samples: Some(bytes),
        // Planes are put side by side in a second buffer.
        decoder: if planar { bytes } else { 0 },
    })?;
    drop(origin.room::<u8>(layout.complete_len)?);
    let meta = meta(&mut decoder);
    // The pixels, whose number was just checked, are packed.
    limits.decoding_buffer_size = origin.allowed();
    let mut decoder = decoder.with_limits(limits);
    let mut result = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut result).map_err(fail)?;
    one_page(&mut decoder, origin)?;
    let samples = match result {
        DecodingResult::U8(v) => Samples::U8(interleave(v, &layout, 1)),
        DecodingResult::U16(v) => Samples::U16(interleave(v, &layout, 2)),
        DecodingResult::F32(v) => Samples::F32(interleave(v, &layout, 4)),
        _ => return Err(origin.unsupported("samples other than 8 bit, 16 bit and 32-bit float")),
    };
    let mut picture = Picture::new(size, colours, alpha, samples, origin.format)
        .ok_or_else(|| origin.unsupported(format!("{colour:?} with further channels")))?;
    picture.meta = meta;
    Ok(picture)
}

/// Refuses further pages, which would be lost; smaller copies of the picture may be.
fn one_page<R: BufRead + Seek>(
    decoder: &mut Decoder<R>,
    origin: &Origin<'_>,
) -> Result<(), PictureError> {
    while decoder.more_images() {
        // A page that cannot be read is damaged, and no reason to refuse the first.
        if decoder.next_image().is_err() {
            break;
        }
        let kind = decoder.find_tag_unsigned::<u32>(Tag::NewSubfileType);
        if kind.ok().flatten().is_none_or(|k| k & 1 == 0) {
            return Err(origin.unsupported("several pages; split it first"));
        }
    }
    Ok(())
}

/// Puts planes side by side.
fn interleave<T: Copy>(samples: Vec<T>, layout: &BufferLayoutPreference, bytes: usize) -> Vec<T> {
    let stride = layout.plane_stride.map_or(0, |s| s.get() / bytes);
    if layout.planes <= 1 || stride == 0 {
        return samples;
    }
    let planes: Vec<&[T]> = samples.chunks_exact(stride).collect();
    (0..stride)
        .flat_map(|i| planes.iter().map(move |p| p[i]))
        .collect()
}

fn meta<R: BufRead + Seek>(decoder: &mut Decoder<R>) -> Meta {
    let (icc, xmp) = (bytes(decoder, Tag::IccProfile), bytes(decoder, XMP));
    let iptc = bytes(decoder, RESOURCES);
    let mut find = |tag| decoder.find_tag(tag).ok().flatten();
    let ratio = |value: Value| match value {
        Value::Rational(n, d) => Some((n, d)),
        other => other.into_u32().ok().map(|n| (n, 1)),
    };
    let unit = match find(Tag::ResolutionUnit).and_then(|v| v.into_u16().ok()) {
        Some(1) => DensityUnit::Aspect,
        Some(3) => DensityUnit::Centimetre,
        _ => DensityUnit::Inch,
    };
    let density = |x: Option<Value>, y: Option<Value>| {
        Some(Density {
            x: ratio(x?)?,
            y: ratio(y?)?,
            unit,
        })
    };
    let (x, y) = (find(Tag::XResolution), find(Tag::YResolution));
    let number = |value: Option<Value>| value.and_then(|v| v.into_u16().ok());
    let compressed = number(find(Tag::Compression)).is_some_and(|c| c != 1);
    let associated_alpha = find(Tag::ExtraSamples)
        .and_then(|v| v.into_u16_vec().ok())
        .is_some_and(|v| v.first() == Some(&ExtraSamples::AssociatedAlpha.to_u16()));
    let exif = exif(decoder);
    Meta {
        icc,
        xmp,
        iptc,
        density: density(x, y),
        exif: (!exif.is_empty()).then(|| exif.block()),
        associated_alpha,
        compressed,
        ..Meta::default()
    }
}

/// The bytes of a value, as they are: a list of numbers would take thirty times as much memory.
fn bytes<R: BufRead + Seek>(decoder: &mut Decoder<R>, tag: Tag) -> Option<Vec<u8>> {
    let mut value = ValueBuffer::empty(Type::BYTE);
    decoder.image_ifd().find_tag_buf(tag, &mut value).ok()??;
    matches!(value.data_type(), Type::BYTE | Type::UNDEFINED).then(|| value.as_bytes().to_vec())
}

/// Bytes of descriptive values that are kept: those of a camera have some kilobytes, and many entries may claim the
/// same part of a file.
const MOST_EXIF: usize = 16 << 20;

fn exif<R: BufRead + Seek>(decoder: &mut Decoder<R>) -> Exif {
    let mut exif = Exif::default();
    let mut value = ValueBuffer::empty(Type::BYTE);
    let mut left = MOST_EXIF;
    let mut take = |tag: u16, value: &mut ValueBuffer| {
        left = left.checked_sub(value.as_bytes().len())?;
        Some(entry(tag, value))
    };
    let mut ifd = decoder.image_ifd();
    for tag in DESCRIPTIVE {
        let found = ifd.find_tag_buf(Tag::from_u16_exhaustive(tag), &mut value);
        if let Ok(Some(_)) = found {
            exif.main.extend(take(tag, &mut value));
        }
    }
    for (tag, directory) in [(CAMERA, &mut exif.camera), (PLACE, &mut exif.place)] {
        let at = decoder.find_tag(Tag::from_u16_exhaustive(tag));
        let Some(at) = at.ok().flatten().and_then(|v| v.into_ifd_pointer().ok()) else {
            continue;
        };
        let Ok(below) = decoder.read_directory(at) else {
            continue;
        };
        let mut tags = decoder.read_directory_tags(&below);
        for (tag, _) in below.iter() {
            if let Ok(Some(_)) = tags.find_tag_buf(tag, &mut value) {
                directory.extend(take(tag.to_u16(), &mut value));
            }
        }
    }
    exif
}

fn entry(tag: u16, value: &mut ValueBuffer) -> Entry {
    value.set_byte_order(ByteOrder::LittleEndian);
    Entry {
        tag,
        kind: value.data_type(),
        data: value.as_bytes().to_vec(),
    }
}

/// Writes samples of any type; compressed if the file that was read was.
pub(crate) fn write(out: &mut (impl Write + Seek), picture: &Picture) -> io::Result<()> {
    // Offsets of the plain kind have 32 bits; a mebibyte is left for what is not pixels.
    let big = picture.bytes() + (64 << 20) > u64::from(u32::MAX);
    let done = if big {
        TiffEncoder::<_, TiffKindBig>::new_big(out).and_then(|e| write_kind(e, picture))
    } else {
        TiffEncoder::<_, TiffKindStandard>::new(out).and_then(|e| write_kind(e, picture))
    };
    done.map_err(|e| match e {
        TiffError::IoError(e) => e,
        e => io::Error::other(e),
    })
}

fn write_kind<W: Write + Seek, K: TiffKind>(
    mut encoder: TiffEncoder<W, K>,
    picture: &Picture,
) -> Result<(), TiffError> {
    if picture.meta.compressed {
        encoder = encoder.with_compression(Compression::Deflate(DeflateLevel::default()));
        // Grey with alpha is written as grey with a further sample, which the predictor does not know.
        let whole = !matches!(picture.samples(), Samples::F32(_));
        if whole && picture.channels() != 2 {
            encoder = encoder.with_predictor(Predictor::Horizontal);
        }
    }
    match (picture.samples(), picture.channels()) {
        (Samples::U8(v), 1 | 2) => write_as::<_, ct::Gray8, K>(encoder, picture, v),
        (Samples::U8(v), 3) => write_as::<_, ct::RGB8, K>(encoder, picture, v),
        (Samples::U8(v), _) => write_as::<_, ct::RGBA8, K>(encoder, picture, v),
        (Samples::U16(v), 1 | 2) => write_as::<_, ct::Gray16, K>(encoder, picture, v),
        (Samples::U16(v), 3) => write_as::<_, ct::RGB16, K>(encoder, picture, v),
        (Samples::U16(v), _) => write_as::<_, ct::RGBA16, K>(encoder, picture, v),
        (Samples::F32(v), 1 | 2) => write_as::<_, ct::Gray32Float, K>(encoder, picture, v),
        (Samples::F32(v), 3) => write_as::<_, ct::RGB32Float, K>(encoder, picture, v),
        (Samples::F32(v), _) => write_as::<_, ct::RGBA32Float, K>(encoder, picture, v),
    }
}

fn write_as<W: Write + Seek, C: ct::ColorType, K: TiffKind>(
    mut encoder: TiffEncoder<W, K>,
    picture: &Picture,
    samples: &[C::Inner],
) -> Result<(), TiffError>
where
    [C::Inner]: TiffValue,
{
    let meta = &picture.meta;
    let exif = meta
        .exif
        .as_deref()
        .and_then(Exif::parse)
        .unwrap_or_default();
    let mut pointers = Vec::new();
    for (tag, entries) in [(CAMERA, &exif.camera), (PLACE, &exif.place)] {
        if entries.is_empty() {
            continue;
        }
        let mut directory = encoder.extra_directory()?;
        for e in entries {
            let written = directory.write_entry_bytes(e.kind, &native(e))?;
            directory.extend_from(&Directory::from_iter([(
                Tag::from_u16_exhaustive(e.tag),
                written,
            )]));
        }
        pointers.push((tag, directory.finish_with_offsets()?.offset));
    }
    let width = u32::try_from(picture.width())?;
    let height = u32::try_from(picture.height())?;
    let mut image = encoder.new_image::<C>(width, height)?;
    let alpha = if meta.associated_alpha {
        ExtraSamples::AssociatedAlpha
    } else {
        ExtraSamples::UnassociatedAlpha
    };
    match picture.channels() {
        2 => image.extra_samples(&[alpha])?,
        4 => image
            .encoder()
            .write_tag(Tag::ExtraSamples, &[alpha.to_u16()][..])?,
        _ => {}
    }
    if let Some(density) = meta.density {
        let density = match density.unit {
            DensityUnit::Metre => density.to(DensityUnit::Centimetre, false),
            _ => density,
        };
        image.resolution_unit(match density.unit {
            DensityUnit::Aspect => ResolutionUnit::None,
            DensityUnit::Inch => ResolutionUnit::Inch,
            DensityUnit::Centimetre | DensityUnit::Metre => ResolutionUnit::Centimeter,
        });
        let ratio = |(n, d): (u32, u32)| Rational { n, d };
        image.x_resolution(ratio(density.x));
        image.y_resolution(ratio(density.y));
    }
    let directory = image.encoder();
    for (tag, offset) in pointers {
        directory.write_tag(Tag::from_u16_exhaustive(tag), offset)?;
    }
    for e in &exif.main {
        let written = directory.write_entry_bytes(e.kind, &native(e))?;
        directory.extend_from(&Directory::from_iter([(
            Tag::from_u16_exhaustive(e.tag),
            written,
        )]));
    }
    if let Some(icc) = &meta.icc {
        let written = directory.write_entry_bytes(Type::UNDEFINED, icc)?;
        directory.extend_from(&Directory::from_iter([(Tag::IccProfile, written)]));
    }
    if let Some(xmp) = &meta.xmp {
        directory.write_tag(XMP, &xmp[..])?;
    }
    if let Some(iptc) = &meta.iptc {
        directory.write_tag(RESOURCES, &iptc[..])?;
    }
    image.write_data(samples)
}

/// The values of an entry in the order of bytes that the encoder writes.
fn native(entry: &Entry) -> Vec<u8> {
    let mut data = entry.data.clone();
    ByteOrder::LittleEndian.convert(entry.kind, &mut data, ByteOrder::native());
    data
}
