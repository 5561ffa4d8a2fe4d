//! What do the images of a split look like, side by side?

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

use crate::error::DataError;
use crate::split::Split;

/// Pixels between two images, and around all of them.
const GAP: u32 = 2;
/// Small images are enlarged by a whole factor until their longer side has at least this many.
const SIDE: usize = 64;
/// A sheet of more pixels than this is refused: it would not fit a screen nor, perhaps, memory.
const MOST: u64 = 100_000_000;

/// A contact sheet: the images `indices` in rows, as nearly square as can be, on white.
///
/// Small images are enlarged by a whole factor without smoothing, so that their pixels show.
///
/// # Errors
/// [`DataError::NoImages`] if `indices` is empty, [`DataError::BadOption`] if the sheet would have
/// more than 100 million pixels, and what [`Split::fetch`] says.
pub fn preview(split: &Split, indices: &[u32]) -> Result<RgbImage, DataError> {
    let shape = split.shape();
    if indices.is_empty() || shape.len() == 0 {
        return Err(DataError::NoImages { purpose: "preview" });
    }
    let zoom = SIDE.div_ceil(shape.height.max(shape.width)) as u32;
    // Extents of images fit 32 bits; the product is checked in 64.
    let (w, h) = (shape.width as u32 * zoom, shape.height as u32 * zoom);
    let columns = indices.len().isqrt();
    let columns = if columns * columns < indices.len() {
        columns + 1
    } else {
        columns
    };
    let rows = indices.len().div_ceil(columns);
    let extent = |n: usize, side: u32| n as u64 * u64::from(side + GAP) + u64::from(GAP);
    let (width, height) = (extent(columns, w), extent(rows, h));
    if width.saturating_mul(height) > MOST {
        return Err(DataError::BadOption {
            option: "the number of images in a preview",
            value: indices.len().to_string(),
            expected: format!("fewer: {shape} images would make a sheet of {width}×{height}"),
        });
    }
    let pixels = split.fetch(indices)?;
    let mut sheet = RgbImage::from_pixel(width as u32, height as u32, Rgb([255; 3]));
    for (i, image) in pixels.chunks_exact(shape.len()).enumerate() {
        let left = GAP + (i % columns) as u32 * (w + GAP);
        let top = GAP + (i / columns) as u32 * (h + GAP);
        for y in 0..h {
            for x in 0..w {
                let at = (y / zoom) as usize * shape.width + (x / zoom) as usize;
                // Grey is shown in all three; a fourth channel would not be.
                let value = |c: usize| image[c.min(shape.channels - 1) * shape.plane() + at];
                sheet.put_pixel(left + x, top + y, Rgb([value(0), value(1), value(2)]));
            }
        }
    }
    Ok(sheet)
}

/// [`preview`] as the bytes of a PNG file.
///
/// # Errors
/// As [`preview`].
pub fn preview_png(split: &Split, indices: &[u32]) -> Result<Vec<u8>, DataError> {
    let sheet = preview(split, indices)?;
    let mut png = Cursor::new(Vec::new());
    // Writing to memory fails only for an image without pixels, which `preview` never makes.
    sheet
        .write_to(&mut png, ImageFormat::Png)
        .map_err(|e| DataError::BadOption {
            option: "the preview",
            value: format!("{}×{}", sheet.width(), sheet.height()),
            expected: format!("something that PNG can hold ({e})"),
        })?;
    Ok(png.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ImageShape;

    #[test]
    fn sheet_shows_each_image_in_its_place() {
        let shape = ImageShape::new(3, 1, 2);
        let pixels = vec![10, 20, 30, 40, 50, 60, 1, 2, 3, 4, 5, 6];
        let split = Split::from_pixels(shape, pixels, vec![0, 1]).unwrap();
        let sheet = preview(&split, &[1, 0, 1]).unwrap();
        // 2 columns of 64×32, 2 rows; gaps of 2.
        assert_eq!(sheet.dimensions(), (2 * 66 + 2, 2 * 34 + 2));
        assert_eq!(sheet.get_pixel(0, 0).0, [255; 3]);
        assert_eq!(sheet.get_pixel(2, 2).0, [1, 3, 5]);
        assert_eq!(sheet.get_pixel(2 + 63, 2).0, [2, 4, 6]);
        assert_eq!(sheet.get_pixel(68, 33).0, [10, 30, 50]);
        assert_eq!(sheet.get_pixel(2, 36).0, [1, 3, 5]);
        // The place of the missing fourth image is white.
        assert_eq!(sheet.get_pixel(70, 40).0, [255; 3]);
        let png = preview_png(&split, &[0]).unwrap();
        assert_eq!(image::load_from_memory(&png).unwrap().width(), 68);
    }

    #[test]
    fn refuses_nothing_and_too_much() {
        let shape = ImageShape::new(1, 64, 64);
        let split = Split::from_pixels(shape, vec![0; 4096], vec![0]).unwrap();
        assert!(matches!(
            preview(&split, &[]),
            Err(DataError::NoImages { .. })
        ));
        let error = preview(&split, &vec![0; 40_000]).unwrap_err().to_string();
        assert!(
            error.contains("fewer: 1×64×64 images would make a sheet of"),
            "{error}"
        );
    }
}
