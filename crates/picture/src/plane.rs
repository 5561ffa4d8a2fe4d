//! What does a method work on? A plane: one channel of a picture.

use rayon::prelude::*;
use timestep_kernels::Buffer;

/// A plane without pixels, or whose number of pixels is not width times height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a plane of {width}×{height} pixels cannot be made of {given} numbers")]
pub struct BadPlane {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Numbers there were.
    pub given: usize,
}

/// One channel of a picture, row by row, in units of 0..255; values outside are kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    width: usize,
    height: usize,
    /// Memory that is reused: a step makes planes as large as the last one did.
    pixels: Buffer,
}

impl Plane {
    /// A plane of `width × height` pixels.
    ///
    /// # Errors
    /// [`BadPlane`] if there are no pixels, or `pixels` has another length.
    pub fn new(width: usize, height: usize, pixels: Vec<f32>) -> Result<Self, BadPlane> {
        if pixels.is_empty() || width.checked_mul(height) != Some(pixels.len()) {
            return Err(BadPlane {
                width,
                height,
                given: pixels.len(),
            });
        }
        Ok(Self {
            width,
            height,
            pixels: pixels.into(),
        })
    }

    /// One black pixel, to stand where a plane was taken out.
    #[must_use]
    pub fn pixel() -> Self {
        Self::of_buffer(1, 1, Buffer::zeros(1))
    }

    /// A plane of a buffer that was made for it.
    pub(crate) fn of_buffer(width: usize, height: usize, pixels: Buffer) -> Self {
        assert_eq!(pixels.len(), width * height, "a number for each pixel");
        Self {
            width,
            height,
            pixels,
        }
    }

    /// A plane of one grey.
    ///
    /// # Errors
    /// [`BadPlane`] if there are no pixels.
    pub fn filled(width: usize, height: usize, grey: f32) -> Result<Self, BadPlane> {
        Self::new(width, height, vec![grey; width * height])
    }

    /// A plane of the same size with other pixels.
    ///
    /// # Panics
    /// If the number of pixels is another.
    #[must_use]
    pub fn with_pixels(&self, pixels: impl Into<Buffer>) -> Self {
        let pixels = pixels.into();
        assert_eq!(pixels.len(), self.pixels.len(), "as many pixels as before");
        Self { pixels, ..*self }
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// All pixels, row by row.
    #[must_use]
    pub fn pixels(&self) -> &[f32] {
        &self.pixels
    }

    /// All pixels, row by row.
    pub fn pixels_mut(&mut self) -> &mut [f32] {
        &mut self.pixels
    }

    /// The pixels, row by row.
    #[must_use]
    pub fn into_pixels(self) -> Vec<f32> {
        self.pixels.into()
    }

    /// Row `y`.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, y: usize) -> &[f32] {
        &self.pixels[y * self.width..(y + 1) * self.width]
    }

    /// Pixels that are NaN or infinite.
    #[must_use]
    pub fn not_finite(&self) -> usize {
        let odd = |piece: &[f32]| piece.iter().filter(|p| !p.is_finite()).count();
        self.pixels.par_chunks(1 << 16).map(odd).sum()
    }

    /// The plane at half the resolution: means of 2 × 2 pixels, the last column and row repeated where they are odd.
    #[must_use]
    pub fn halved(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut pixels = Buffer::new(width * height);
        pixels
            .par_chunks_mut(width)
            .enumerate()
            .for_each(|(y, out)| {
                let (up, low) = (self.row(2 * y), self.row((2 * y + 1).min(self.height - 1)));
                for (o, (a, b)) in out.iter_mut().zip(up.chunks(2).zip(low.chunks(2))) {
                    let last = a.len() - 1;
                    *o = (a[0] + a[last] + b[0] + b[last]) / 4.0;
                }
            });
        Self {
            width,
            height,
            pixels,
        }
    }

    /// The part of `width × height` pixels whose first pixel is `(left, top)`.
    ///
    /// # Panics
    /// If it is empty or not inside the plane.
    #[must_use]
    pub fn crop(&self, left: usize, top: usize, width: usize, height: usize) -> Self {
        assert!(width > 0 && height > 0, "a part has pixels");
        assert!(
            left + width <= self.width && top + height <= self.height,
            "the part lies inside the plane"
        );
        let mut pixels = Buffer::new(width * height);
        for (y, to) in (top..).zip(pixels.chunks_exact_mut(width)) {
            to.copy_from_slice(&self.row(y)[left..left + width]);
        }
        Self::of_buffer(width, height, pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_has_pixels_and_parts() {
        assert!(Plane::new(0, 3, Vec::new()).is_err());
        assert!(Plane::new(2, 2, vec![0.0; 3]).is_err());
        assert!(Plane::new(usize::MAX, 2, vec![0.0; 3]).is_err());
        let plane = Plane::new(3, 2, vec![0.0, 1.0, 2.0, 3.0, f32::NAN, 5.0]).expect("fits");
        assert_eq!(plane.not_finite(), 1);
        assert_eq!(plane.crop(2, 0, 1, 2).pixels(), [2.0, 5.0]);
        let plane = Plane::new(3, 1, vec![0.0, 1.0, 2.0])
            .expect("fits")
            .halved();
        assert_eq!((plane.pixels(), plane.height()), ([0.5, 2.0].as_slice(), 1));
    }
}
