//! Which way up is a picture seen? Its EXIF data say it; pixels are kept as they are stored.

use crate::{Meta, Plane};
use image::metadata::Orientation;
use timestep_kernels::Buffer;

impl Meta {
    /// How stored pixels are turned to be seen: the number of EXIF, 1 to 8; 1 is as stored.
    #[must_use]
    pub fn orientation(&self) -> u8 {
        let said = self.exif.as_deref().and_then(Orientation::from_exif_chunk);
        said.map_or(1, Orientation::to_exif)
    }
}

impl Plane {
    /// As it is seen by an [orientation](Meta::orientation) of EXIF; numbers that are none turn nothing.
    #[must_use]
    pub fn turned(&self, orientation: u8) -> Plane {
        let (width, height) = (self.width(), self.height());
        let (right, low) = (width - 1, height - 1);
        // Where pixel (x, y) of the result is stored.
        let stored = |x: usize, y: usize| match orientation {
            2 => (right - x, y),
            3 => (right - x, low - y),
            4 => (x, low - y),
            5 => (y, x),
            6 => (y, low - x),
            7 => (right - y, low - x),
            8 => (right - y, x),
            _ => (x, y),
        };
        let (w, h) = if matches!(orientation, 5..=8) {
            (height, width)
        } else {
            (width, height)
        };
        let mut pixels = Buffer::new(w * h);
        for (y, row) in pixels.chunks_exact_mut(w).enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                let (x, y) = stored(x, y);
                *pixel = self.row(y)[x];
            }
        }
        Plane::of_buffer(w, h, pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_orientation_is_what_the_decoder_of_images_makes_of_it() {
        let numbers: Vec<u8> = (0..12).collect();
        let plane = Plane::new(4, 3, numbers.iter().map(|n| f32::from(*n)).collect());
        let plane = plane.expect("fits");
        for orientation in 1..=8 {
            let grey = image::GrayImage::from_raw(4, 3, numbers.clone()).expect("fits");
            let mut image = image::DynamicImage::ImageLuma8(grey);
            image.apply_orientation(Orientation::from_exif(orientation).expect("known"));
            let turned = plane.turned(orientation);
            let expected: Vec<f32> = image.to_luma8().iter().map(|v| f32::from(*v)).collect();
            assert_eq!(turned.pixels(), expected, "{orientation}");
            assert_eq!(turned.width(), image.width() as usize, "{orientation}");
        }
    }

    #[test]
    fn what_a_picture_says_is_read_and_nonsense_is_not() {
        let with = |exif: &[u8]| Meta {
            exif: Some(exif.to_vec()),
            ..Meta::default()
        };
        assert_eq!(Meta::default().orientation(), 1);
        assert_eq!(with(b"nonsense").orientation(), 1);
        let mut block = b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        block.extend(b"\x06\0\0\0\0\0\0\0");
        assert_eq!(with(&block).orientation(), 6);
    }
}
