//! How is a plane made periodic? Extended by its edge pixels, up to a size that transforms fast.

use super::fourier::smooth;

/// Pixels of border at least, on every side.
const BORDER: usize = 10;

/// Where a plane lies in its extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    inner: (usize, usize),
    /// Width and height of the extension.
    pub(super) outer: (usize, usize),
}

impl Frame {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self {
            inner: (width, height),
            outer: (smooth(width + 2 * BORDER), smooth(height + 2 * BORDER)),
        }
    }

    /// Pixels of the extension.
    pub(super) fn area(&self) -> usize {
        self.outer.0 * self.outer.1
    }

    /// The plane with its edge pixels repeated.
    pub(super) fn extend(&self, plane: &[f32]) -> Vec<f32> {
        let (w, h) = self.inner;
        let mut out = Vec::with_capacity(self.area());
        for y in 0..self.outer.1 {
            let y = y.saturating_sub(BORDER).min(h - 1);
            let row = &plane[y * w..(y + 1) * w];
            out.extend(std::iter::repeat_n(row[0], BORDER));
            out.extend_from_slice(row);
            out.extend(std::iter::repeat_n(row[w - 1], self.outer.0 - BORDER - w));
        }
        out
    }

    /// The plane inside its extension.
    pub(super) fn crop(&self, outer: &[f32]) -> Vec<f32> {
        let (w, h) = self.inner;
        let rows = outer.chunks(self.outer.0).skip(BORDER).take(h);
        rows.flat_map(|row| row[BORDER..BORDER + w].iter().copied())
            .collect()
    }

    /// The transpose of [`crop`](Self::crop): zeros around.
    pub(super) fn surround(&self, plane: &[f32]) -> Vec<f32> {
        let (w, h) = self.inner;
        let mut out = vec![0.0; self.area()];
        for y in 0..h {
            let at = (y + BORDER) * self.outer.0 + BORDER;
            out[at..at + w].copy_from_slice(&plane[y * w..(y + 1) * w]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_is_extended_and_cropped() {
        let frame = Frame::new(3, 2);
        let plane = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let outer = frame.extend(&plane);
        assert_eq!(outer.len(), frame.area());
        assert_eq!((outer[0], outer[frame.area() - 1]), (1.0, 6.0));
        assert_eq!(frame.crop(&outer), plane);
        assert_eq!(frame.crop(&frame.surround(&plane)), plane);
        assert_eq!(frame.surround(&plane).iter().sum::<f32>(), 21.0);
    }
}
