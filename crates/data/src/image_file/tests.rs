//! Which pixels does a network get from an image file?

use std::io::Cursor;

use image::{ImageFormat, Luma, Rgb, RgbImage};

use super::*;

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

#[test]
fn pixels_are_planar_and_cut_from_the_middle() {
    let pixels = to_pixels(sample(), ImageShape::new(3, 16, 24));
    assert_eq!(pixels[..3], [0, 10, 20]);
    assert_eq!(pixels[16 * 24 + 24], 15);
    // 24×16 to a square of 16: nothing is scaled, four columns go on each side.
    let square = to_pixels(sample(), ImageShape::new(3, 16, 16));
    assert_eq!(square[..2], [40, 50]);
    let grey = image::GrayImage::from_pixel(40, 90, Luma([77])).into();
    assert_eq!(to_pixels(grey, ImageShape::new(1, 8, 8)), [77; 64]);
    // Extreme proportions keep at least one pixel.
    let line = image::GrayImage::from_pixel(1000, 1, Luma([9])).into();
    assert_eq!(to_pixels(line, ImageShape::new(1, 4, 4)), [9; 16]);
}

#[test]
fn header_of_a_large_jpeg_needs_only_its_head() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    // A JPEG called png: the content decides.
    let mut bytes = encode(ImageFormat::Jpeg);
    bytes.resize(200_000, 0);
    std::fs::write(&path, &bytes).unwrap();
    let found = header(&path).unwrap();
    assert_eq!(
        found,
        Header {
            width: 24,
            height: 16,
            grey: false,
            bytes: 200_000
        }
    );
    assert_eq!(
        load_image(&path, ImageShape::new(1, 8, 8), GreyFile::Refused)
            .unwrap()
            .len(),
        64
    );
}
