//! Does everything that a picture file says come back, and is every damaged file refused?

use super::*;
use std::io::Cursor;
use std::path::Path;

/// Samples that use the whole range.
fn samples(depth: Depth, count: usize) -> Samples {
    let hash = |i: usize| (i as u32).wrapping_mul(2_654_435_761) >> 8;
    match depth {
        Depth::U8 => Samples::U8((0..count).map(|i| hash(i) as u8).collect()),
        Depth::U16 => Samples::U16((0..count).map(|i| hash(i) as u16).collect()),
        Depth::F32 => {
            let float = |i| (hash(i) as f32 / 9_000_000.0) - 0.4;
            Samples::F32((0..count).map(float).collect())
        }
    }
}

fn picture(size: (usize, usize), colours: usize, alpha: bool, depth: Depth) -> Picture {
    let count = size.0 * size.1 * (colours + usize::from(alpha));
    Picture::new(size, colours, alpha, samples(depth, count), Format::Png).expect("fits")
}

fn bytes(picture: &Picture, format: Format) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    encode(&mut out, picture, format, QUALITY).expect("encodes");
    out.into_inner()
}

fn again(picture: &Picture, format: Format) -> Picture {
    read_bytes(Path::new("a"), &bytes(picture, format)).expect("decodes")
}

const SIZES: [(usize, usize); 4] = [(1, 1), (3, 7), (64, 5), (37, 29)];

#[test]
fn samples_come_back_bit_for_bit() {
    for (format, depths) in [
        (Format::Png, &[Depth::U8, Depth::U16][..]),
        (Format::Tiff, &[Depth::U8, Depth::U16, Depth::F32][..]),
    ] {
        for (size, depth) in SIZES
            .iter()
            .flat_map(|s| depths.iter().map(move |d| (*s, *d)))
        {
            for (colours, alpha) in [(1, false), (1, true), (3, false), (3, true)] {
                for compressed in [false, true] {
                    let mut picture = picture(size, colours, alpha, depth);
                    picture.meta.compressed = compressed;
                    let back = again(&picture, format);
                    assert_eq!(back.describe(), picture.describe(), "{format:?}");
                    assert_eq!(back.samples(), picture.samples(), "{format:?}");
                }
            }
        }
    }
}

#[test]
fn planes_put_back_change_nothing() {
    for depth in [Depth::U8, Depth::U16, Depth::F32] {
        for (colours, alpha) in [(1, true), (3, false), (3, true)] {
            let original = picture((37, 29), colours, alpha, depth);
            let mut picture = original.clone();
            let part = picture.planes_of(5, 3, 20, 10);
            assert_eq!(part.len(), colours);
            picture.put(5, 3, &part);
            picture.put(0, 0, &picture.planes());
            assert_eq!(picture, original);
        }
    }
}

#[test]
fn written_samples_are_clipped_and_rounded_and_floats_are_not() {
    let grey = |v: f32| vec![Plane::filled(1, 1, v).expect("fits")];
    let put = |depth, v| {
        let mut p = picture((1, 1), 1, false, depth);
        p.put(0, 0, &grey(v));
        p.samples().clone()
    };
    assert_eq!(put(Depth::U8, 99.6), Samples::U8(vec![100]));
    assert_eq!(put(Depth::U8, -3.0), Samples::U8(vec![0]));
    assert_eq!(put(Depth::U8, 300.0), Samples::U8(vec![255]));
    assert_eq!(put(Depth::U16, 1.0), Samples::U16(vec![257]));
    assert_eq!(put(Depth::U16, 256.0), Samples::U16(vec![65_535]));
    assert_eq!(put(Depth::F32, 510.0), Samples::F32(vec![2.0]));
    assert_eq!(put(Depth::F32, -51.0), Samples::F32(vec![-0.2]));
}

/// A profile of the size and colour space that its head claims.
fn profile(space: &[u8; 4]) -> Vec<u8> {
    let mut icc = vec![7; 3000];
    icc[16..20].copy_from_slice(space);
    icc
}

fn with_meta(mut picture: Picture) -> Picture {
    let block = exif::Exif {
        main: vec![
            exif::Entry {
                tag: 271,
                kind: tiff_type(2),
                data: b"Maker\0".to_vec(),
            },
            // Turned by a quarter: kept, not applied.
            exif::Entry {
                tag: 274,
                kind: tiff_type(3),
                data: vec![6, 0],
            },
        ],
        camera: vec![exif::Entry {
            tag: 33_434,
            kind: tiff_type(5),
            data: vec![1, 0, 0, 0, 60, 0, 0, 0],
        }],
        place: vec![exif::Entry {
            tag: 1,
            kind: tiff_type(2),
            data: b"N\0".to_vec(),
        }],
    };
    let space = if picture.colours() == 3 {
        b"RGB "
    } else {
        b"GRAY"
    };
    picture.meta.icc = Some(profile(space));
    picture.meta.exif = Some(block.block());
    picture.meta.xmp = Some(b"<x:xmpmeta/>".to_vec());
    picture.meta.iptc = Some(b"8BIM\x04\x04\0\0\0\0\0\x05\x1c\x02\x78\0\0\0".to_vec());
    picture.meta.density = Some(Density {
        x: (300, 1),
        y: (150, 1),
        unit: DensityUnit::Inch,
    });
    picture
}

fn tiff_type(number: u16) -> ::tiff::tags::Type {
    ::tiff::tags::Type::from_u16(number).expect("a type")
}

#[test]
fn profile_camera_data_and_resolution_come_back() {
    for (format, colours) in [
        (Format::Png, 3),
        (Format::Jpeg, 3),
        (Format::Jpeg, 1),
        (Format::Tiff, 3),
        (Format::Tiff, 1),
    ] {
        let picture = with_meta(picture((40, 30), colours, false, Depth::U8));
        let back = again(&picture, format);
        assert_eq!((back.width(), back.height()), (40, 30), "not turned");
        assert_eq!(back.meta.icc, picture.meta.icc, "{format:?}");
        let parsed = |p: &Picture| exif::Exif::parse(p.meta.exif.as_deref().expect("EXIF"));
        assert_eq!(parsed(&back), parsed(&picture), "{format:?}");
        let density = back.meta.density.expect("a resolution");
        if format == Format::Png {
            assert_eq!((density.x, density.y), ((11_811, 1), (5906, 1)));
        } else {
            assert_eq!(Some(density), picture.meta.density);
            assert_eq!(back.meta.iptc, picture.meta.iptc, "{format:?}");
        }
        assert_eq!(back.meta.xmp, picture.meta.xmp, "{format:?}");
        // A second time, nothing changes any more.
        assert_eq!(again(&back, format).meta, back.meta, "{format:?}");
    }
    // From one kind to another: what a TIFF file has as tags is a block in a PNG file.
    let picture = with_meta(picture((4, 3), 3, true, Depth::U16));
    let there = again(&picture, Format::Tiff);
    assert_eq!(again(&there, Format::Png).meta.exif, there.meta.exif);
}

#[test]
fn gamma_and_texts_of_png_files_come_back() {
    let mut file = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut file, 2, 1);
    encoder.set_color(::png::ColorType::Indexed);
    encoder.set_depth(::png::BitDepth::Eight);
    encoder.set_palette(vec![1_u8, 2, 3, 250, 251, 252]);
    encoder.set_trns(vec![255_u8, 17]);
    encoder.set_source_gamma(::png::ScaledFloat::from_scaled(50_000));
    encoder
        .add_text_chunk("Author".into(), "somebody".into())
        .expect("a text");
    let mut writer = encoder.write_header().expect("a head");
    writer.write_image_data(&[1, 0]).expect("pixels");
    drop(writer);
    let picture = read_bytes(Path::new("a"), &file).expect("decodes");
    // The palette is expanded, its transparency is alpha.
    assert_eq!(
        picture.samples(),
        &Samples::U8(vec![250, 251, 252, 17, 1, 2, 3, 255])
    );
    let back = again(&picture, Format::Png);
    assert_eq!(back.meta, picture.meta);
    let info = back.meta.png.info.expect("kept");
    assert_eq!(info.uncompressed_latin1_text[0].text, "somebody");
    assert_eq!(
        info.gama_chunk,
        Some(::png::ScaledFloat::from_scaled(50_000))
    );
}

#[test]
fn jpeg_keeps_colours_of_single_pixels() {
    let mut red = picture((16, 16), 3, false, Depth::U8);
    let stripes = |i: usize| if (i / 3).is_multiple_of(2) { [200, 30, 30] } else { [30, 30, 200] }[i % 3];
    red.samples = Samples::U8((0..768).map(stripes).collect());
    let back = again(&red, Format::Jpeg);
    let (Samples::U8(a), Samples::U8(b)) = (red.samples(), back.samples()) else {
        panic!("8 bit");
    };
    let worst = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst < Some(12), "{worst:?}");
}

#[test]
fn rarer_kinds_are_read_and_written() {
    for (format, colours) in [
        (Format::Bmp, 3),
        (Format::Webp, 3),
        (Format::Pnm, 3),
        (Format::Pnm, 1),
    ] {
        let picture = picture((19, 6), colours, false, Depth::U8);
        let back = again(&picture, format);
        assert_eq!(back.samples(), picture.samples(), "{format:?}");
    }
}

#[test]
fn cut_and_corrupt_files_are_refused() {
    let path = Path::new("folder/a.png");
    for (format, depth) in [
        (Format::Png, Depth::U8),
        (Format::Png, Depth::U16),
        (Format::Jpeg, Depth::U8),
        (Format::Tiff, Depth::U8),
        (Format::Tiff, Depth::F32),
        (Format::Bmp, Depth::U8),
        (Format::Webp, Depth::U8),
        (Format::Pnm, Depth::U8),
    ] {
        let whole = bytes(&picture((40, 30), 3, false, depth), format);
        for cut in [14, 60, whole.len() / 2, whole.len() * 9 / 10] {
            let error = read_bytes(path, &whole[..cut]).expect_err("cut");
            assert!(
                matches!(
                    error,
                    PictureError::Damaged { .. } | PictureError::Unsupported { .. }
                ),
                "{format:?} {cut}: {error}"
            );
            let text = error.to_string();
            assert!(text.contains("folder/a.png"), "{text}");
            let one_line = !text.contains('\n') && !error.reason().contains('\n');
            assert!(one_line && error.hint().is_some(), "{text:?}");
        }
    }
    // One wrong byte in the compressed pixels: the checksum finds it.
    let mut png = bytes(&picture((40, 30), 3, false, Depth::U8), Format::Png);
    let middle = png.len() / 2;
    png[middle] ^= 0x55;
    let error = read_bytes(path, &png).expect_err("corrupt");
    assert!(matches!(error, PictureError::Damaged { .. }), "{error}");
}

#[test]
fn what_is_no_picture_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        read(&path, &Memory::of_machine())
            .expect_err("no picture")
            .to_string()
    };
    assert!(at("text.png", b"BMW is not a bitmap\n").ends_with("it is text"));
    assert!(at("empty.jpg", b"").contains("0 bytes"));
    assert!(at("zero.tif", &[0; 99]).contains("no kind of picture"));
    let error = read(folder.path(), &Memory::of_machine()).expect_err("a folder");
    assert!(matches!(error, PictureError::Folder { .. }));
    let error = read(&folder.path().join("none.png"), &Memory::of_machine()).expect_err("missing");
    assert!(error.to_string().contains("no such file"), "{error}");
    assert!(error.hint().is_some_and(|h| h.contains("ls")));
}

#[test]
fn samples_that_are_no_numbers_are_counted() {
    let mut p = picture((4, 3), 3, true, Depth::F32);
    if let Samples::F32(v) = &mut p.samples {
        (v[0], v[5], v[3]) = (f32::NAN, f32::INFINITY, f32::NAN);
    }
    let error = read_bytes(Path::new("a.tif"), &bytes(&p, Format::Tiff)).expect_err("NaN");
    // Index 3 is alpha.
    assert!(
        matches!(
            error,
            PictureError::NotFinite {
                count: 2,
                total: 36,
                ..
            }
        ),
        "{error}"
    );
}

fn limit(bytes: u64) -> Memory<'static> {
    Memory {
        allowed: bytes,
        beside: &|(width, _), colours| (width * colours) as u64,
    }
}

#[test]
fn a_size_that_is_not_allowed_is_refused_before_it_is_decoded() {
    let folder = tempfile::tempdir().expect("a folder");
    for (format, name) in [
        (Format::Png, "a.png"),
        (Format::Jpeg, "a.jpg"),
        (Format::Tiff, "a.tif"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(
            &path,
            bytes(&picture((300, 200), 3, false, Depth::U8), format),
        )
        .expect("written");
        let error = read(&path, &limit(100_000)).expect_err("too large");
        let PictureError::TooLarge { needs, .. } = error else {
            panic!("{error}");
        };
        assert!(read(&path, &limit(needs)).is_ok());
        assert!(read(&path, &limit(needs - 1)).is_err());
        assert!(read(&path, &limit(10_000_000)).is_ok());
    }
}

#[test]
fn what_a_kind_cannot_hold_is_not_lost_silently() {
    let check = |name: &str, colours, alpha, depth| {
        check_fits(Path::new(name), &picture((3, 2), colours, alpha, depth))
    };
    assert!(check("a.jpg", 3, true, Depth::U8).is_err());
    assert!(check("a.jpeg", 1, false, Depth::U16).is_err());
    assert!(check("a.png", 1, false, Depth::F32).is_err());
    assert!(check("a.pgm", 3, false, Depth::U8).is_err());
    assert!(check("a.TIF", 3, true, Depth::F32).is_ok());
    assert!(matches!(
        check("a.doc", 1, false, Depth::U8),
        Err(PictureError::UnknownEnding { .. })
    ));
    let error = check("a.jpg", 1, false, Depth::U16).expect_err("16 bit");
    assert_eq!(error.to_string(), "`a.jpg`: JPEG cannot hold 16 bit");
}

#[test]
fn a_failed_write_is_an_error_with_a_hint() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.png");
    let p = picture((30, 20), 3, false, Depth::U8);
    write(&path, &p, QUALITY).expect("written");
    let error = write(&folder.path().join("no/a.png"), &p, QUALITY).expect_err("no folder");
    assert!(matches!(error, PictureError::Write { .. }) && error.hint().is_some());
}
