//! Which image files does a network get to see, and which are refused?

use super::*;
use crate::{is_image_name, jpeg};
use image::{ImageFormat, Rgb, RgbImage};

fn sample() -> DynamicImage {
    RgbImage::from_fn(24, 16, |x, y| {
        Rgb([(x * 10) as u8, (y * 15) as u8, (x * y) as u8])
    })
    .into()
}

fn encode(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    sample().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

const FORMATS: [ImageFormat; 7] = [
    ImageFormat::Png,
    ImageFormat::Jpeg,
    ImageFormat::Bmp,
    ImageFormat::Tiff,
    ImageFormat::WebP,
    ImageFormat::Gif,
    ImageFormat::Pnm,
];

/// What `read` makes of a file with these bytes, or what it says is wrong.
fn from_file<T>(
    bytes: &[u8],
    read: impl FnOnce(&Path, &Memory<'_>) -> Result<T, PictureError>,
) -> Result<T, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    read(&path, &Memory::of_machine()).map_err(|e| e.reason())
}

fn decode_bytes(bytes: &[u8]) -> Result<DynamicImage, String> {
    from_file(bytes, decode)
}

fn parse_header(bytes: &[u8]) -> Result<Header, String> {
    from_file(bytes, header)
}

fn jpeg_is_complete(bytes: &[u8]) -> bool {
    jpeg::is_complete(bytes)
}

#[test]
fn every_format_is_read_and_every_cut_is_refused() {
    for format in FORMATS {
        let bytes = encode(format);
        let image = decode_bytes(&bytes).unwrap();
        assert_eq!((image.width(), image.height()), (24, 16), "{format:?}");
        let found = parse_header(&bytes).unwrap();
        assert_eq!(
            (found.width, found.height, found.grey),
            (24, 16, false),
            "{format:?}"
        );
        for kept in [bytes.len() * 9 / 10, bytes.len() / 2, bytes.len() / 4, 5, 0] {
            let result = decode_bytes(&bytes[..kept]);
            assert!(
                result.is_err(),
                "{format:?} cut to {kept} of {} bytes",
                bytes.len()
            );
        }
    }
}

#[test]
fn jpeg_cut_anywhere_is_refused() {
    let bytes = encode(ImageFormat::Jpeg);
    assert!(jpeg_is_complete(&bytes));
    // The last byte is a half of the end marker.
    for kept in 0..bytes.len() {
        assert!(
            !jpeg_is_complete(&bytes[..kept]),
            "cut to {kept} of {}",
            bytes.len()
        );
    }
    let reason = decode_bytes(&bytes[..bytes.len() - 2]).unwrap_err();
    assert!(
        reason.contains("cut short") && reason.contains("no end marker"),
        "{reason}"
    );
    // Something after the end, as some cameras leave it, is no fault.
    let longer = [&bytes[..], b"trailer"].concat();
    assert!(decode_bytes(&longer).is_ok());
}

#[test]
fn end_marker_of_a_thumbnail_is_not_the_end() {
    let bytes = encode(ImageFormat::Jpeg);
    // An APP1 segment that holds a whole small JPEG, put behind the start marker.
    let inner = encode(ImageFormat::Jpeg);
    let mut with = bytes[..2].to_vec();
    with.extend([0xFF, 0xE1]);
    with.extend((inner.len() as u16 + 2).to_be_bytes());
    with.extend(&inner);
    let cut = with.len();
    with.extend(&bytes[2..]);
    assert!(jpeg_is_complete(&with));
    assert!(!jpeg_is_complete(&with[..cut + 40]));
}

#[test]
fn what_is_no_image_is_named() {
    assert_eq!(decode_bytes(b"").unwrap_err(), "it is empty (0 bytes)");
    assert_eq!(decode_bytes(b"hello\nworld").unwrap_err(), "it is text");
    assert_eq!(
        decode_bytes(&[0xC3; 40]).unwrap_err(),
        "it begins like no kind of picture"
    );
}

#[test]
fn names() {
    for good in ["a.png", "b.JPG", "c.d.JPeG", "e.pgm", "f.TIFF"] {
        assert!(is_image_name(Path::new(good)), "{good}");
    }
    for bad in ["a.txt", "png", ".png", ".hidden.png", "a.png.bak"] {
        assert!(!is_image_name(Path::new(bad)), "{bad}");
    }
}

#[test]
fn exif_orientation_turns_the_image_and_its_size() {
    let bytes = encode(ImageFormat::Jpeg);
    // A little-endian TIFF with one entry: orientation (0x112), short, 1 value, 6 (quarter turn).
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0".to_vec();
    exif.extend([0; 4]);
    let mut turned = bytes[..2].to_vec();
    turned.extend([0xFF, 0xE1]);
    turned.extend((exif.len() as u16 + 2).to_be_bytes());
    turned.extend(&exif);
    turned.extend(&bytes[2..]);
    let found = parse_header(&turned).unwrap();
    let image = decode_bytes(&turned).unwrap();
    assert_eq!((found.width, found.height), (16, 24));
    assert_eq!((image.width(), image.height()), (16, 24));
}
