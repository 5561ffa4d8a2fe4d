//! What do the images of a split look like, side by side?

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

use crate::ImageShape;
use crate::augment::{Augment, Draw};
use crate::batch::fill_batch;
use crate::error::DataError;
use crate::normalise::Normalise;
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
    let columns = indices.len().isqrt();
    let columns = if columns * columns < indices.len() {
        columns + 1
    } else {
        columns
    };
    fits(split.shape(), indices.len(), columns)?;
    let pixels = split.fetch(indices)?;
    Ok(sheet(split.shape(), &pixels, columns))
}

/// A contact sheet of variations: a row for each of the images `indices`, first the image as it is at test, then as training sees it
/// in its first `epochs` epochs.
///
/// # Errors
/// As [`preview`], and what [`fill_batch`] says of the variation.
pub fn preview_varied(
    split: &Split,
    indices: &[u32],
    augment: &Augment,
    seed: u64,
    epochs: u64,
) -> Result<RgbImage, DataError> {
    let shape = split.shape();
    let columns = usize::try_from(epochs)
        .unwrap_or(usize::MAX)
        .saturating_add(1);
    fits(shape, indices.len().saturating_mul(columns), columns)?;
    let plain = split.fetch(indices)?;
    // Values from 0 to 1, which are the pixels again.
    let same = Normalise::new(vec![0.0; shape.channels], vec![1.0; shape.channels])?;
    let mut epochs_of = Vec::new();
    for epoch in 0..epochs {
        let draw = Draw {
            augment,
            seed,
            epoch,
        };
        let batch = fill_batch(split, indices, Some(draw), &same)?;
        let byte = |value: &f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
        epochs_of.push(batch.images.iter().map(byte).collect::<Vec<u8>>());
    }
    let mut pixels = Vec::with_capacity(plain.len() * columns);
    let n = shape.len();
    for (i, image) in plain.chunks_exact(n).enumerate() {
        pixels.extend(image);
        let seen = epochs_of.iter().map(|epoch| &epoch[i * n..(i + 1) * n]);
        seen.for_each(|image| pixels.extend(image));
    }
    Ok(sheet(shape, &pixels, columns))
}

/// The factor that images are enlarged by, and the extent of a sheet of so many.
fn extent(shape: ImageShape, images: usize, columns: usize) -> (u32, u64, u64) {
    let zoom = SIDE.div_ceil(shape.height.max(shape.width).max(1)) as u32;
    // Extents of images fit 32 bits; the product is checked in 64.
    let (w, h) = (shape.width as u32 * zoom, shape.height as u32 * zoom);
    let of =
        |n: usize, side: u32| (n as u64).saturating_mul(u64::from(side + GAP)) + u64::from(GAP);
    let rows = images.div_ceil(columns.max(1));
    (zoom, of(columns, w), of(rows, h))
}

/// Refuses a sheet of nothing, and one that is too large.
fn fits(shape: ImageShape, images: usize, columns: usize) -> Result<(), DataError> {
    if images == 0 || shape.len() == 0 {
        return Err(DataError::NoImages { purpose: "preview" });
    }
    let (_, width, height) = extent(shape, images, columns);
    if width.saturating_mul(height) > MOST {
        return Err(DataError::BadOption {
            option: "the number of images in a preview",
            value: images.to_string(),
            expected: format!("fewer: {shape} images would make a sheet of {width}×{height}"),
        });
    }
    Ok(())
}

/// Images side by side; that they fit was checked.
fn sheet(shape: ImageShape, pixels: &[u8], columns: usize) -> RgbImage {
    let images = pixels.len() / shape.len();
    let (zoom, width, height) = extent(shape, images, columns);
    let (w, h) = (shape.width as u32 * zoom, shape.height as u32 * zoom);
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
    sheet
}

/// A contact sheet as the bytes of a PNG file.
///
/// # Errors
/// [`DataError::BadOption`] for a sheet without pixels, which [`preview`] never makes.
pub fn sheet_png(sheet: &RgbImage) -> Result<Vec<u8>, DataError> {
    let mut png = Cursor::new(Vec::new());
    sheet
        .write_to(&mut png, ImageFormat::Png)
        .map_err(|e| DataError::BadOption {
            option: "the preview",
            value: format!("{}×{}", sheet.width(), sheet.height()),
            expected: format!("something that PNG can hold ({e})"),
        })?;
    Ok(png.into_inner())
}

/// [`preview`] as the bytes of a PNG file.
///
/// # Errors
/// As [`preview`].
pub fn preview_png(split: &Split, indices: &[u32]) -> Result<Vec<u8>, DataError> {
    sheet_png(&preview(split, indices)?)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn variations_stand_beside_their_image() {
        let shape = ImageShape::new(1, 2, 4);
        let pixels: Vec<u8> = (0..16).map(|v| v * 10).collect();
        let split = Split::from_pixels(shape, pixels, vec![0, 1]).unwrap();
        let flip = Augment {
            flip: true,
            ..Augment::default()
        };
        let sheet = preview_varied(&split, &[1, 0], &flip, 3, 9).unwrap();
        // 64 pixels for each of 4 columns of an image, 10 images wide and 2 high.
        assert_eq!(sheet.dimensions(), (10 * 66 + 2, 2 * 34 + 2));
        for (row, first) in [80_u8, 0].into_iter().enumerate() {
            let left = |image: u32| sheet.get_pixel(2 + image * 66, 2 + row as u32 * 34).0[0];
            assert_eq!(left(0), first, "as it is");
            let seen: Vec<u8> = (1..10).map(left).collect();
            // Mirrored or not, and over nine epochs both.
            assert!(
                seen.contains(&first) && seen.contains(&(first + 30)),
                "{seen:?}"
            );
            assert!(
                seen.iter().all(|v| *v == first || *v == first + 30),
                "{seen:?}"
            );
        }
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
