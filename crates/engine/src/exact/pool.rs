//! How do windows shrink features? By their largest value or by their mean.

use super::record::Record;
use super::tensor::{Shape, Tensor, at, places};
use crate::{Size, Window};

/// For every place of the result, the positions in the input that its window covers, row after row. Pixels outside the
/// image do not count.
fn windows(window: Window, from: [usize; 4]) -> ([usize; 4], Vec<Vec<usize>>) {
    let [batch, channels, height, width] = from;
    let size = window.size(Size { height, width });
    let to = [batch, channels, size.height, size.width];
    let covered = places(to).map(|[b, c, row, column]| {
        let mut covered = Vec::new();
        for tap_row in 0..window.kernel {
            for tap_column in 0..window.kernel {
                let y = (row * window.stride + tap_row).checked_sub(window.padding);
                let x = (column * window.stride + tap_column).checked_sub(window.padding);
                if let (Some(y), Some(x)) = (y, x)
                    && y < height
                    && x < width
                {
                    covered.push(at(from, [b, c, y, x]));
                }
            }
        }
        covered
    });
    (to, covered.collect())
}

impl Record {
    /// `v = max u` over each window: a copy of the first of the largest; NaN counts as larger than any number.
    pub(super) fn largest(&self, input: &Tensor, window: Window) -> Tensor {
        let (to, windows) = windows(window, input.dims());
        let u = &input.data;
        let larger = |a: f64, b: f64| a > b || a.is_nan() && !b.is_nan();
        let copies = windows.iter().enumerate().map(|(o, covered)| {
            let mut best = covered[0];
            for i in covered {
                if larger(u[*i], u[best]) {
                    best = *i;
                }
            }
            (o, best)
        });
        self.copied(to, vec![(input, copies.collect())])
    }

    /// `v = Σ u / n` over the `n` pixels of each window that are inside the image. Back: `du = Σ g / n` over the windows
    /// that cover a pixel.
    pub(super) fn means(&self, input: &Tensor, window: Window) -> Tensor {
        let (to, windows) = windows(window, input.dims());
        self.averaged(input, Shape::Features(to), windows)
    }

    /// `v[b, c] = Σ u / n` over the `n` pixels of an image. Back: `du = g / n`.
    pub(super) fn average(&self, input: &Tensor) -> Tensor {
        let [batch, channels, height, width] = input.dims();
        let area = height * width;
        let images = (0..batch * channels).map(|i| (i * area..(i + 1) * area).collect());
        self.averaged(input, Shape::Array([batch, channels]), images.collect())
    }

    /// The mean over each group of positions.
    fn averaged(&self, input: &Tensor, to: Shape, groups: Vec<Vec<usize>>) -> Tensor {
        let mean = |group: &Vec<usize>| {
            let sum: f64 = group.iter().map(|i| input.data[*i]).sum();
            sum / group.len() as f64
        };
        let out = groups.iter().map(mean).collect();
        let count = input.data.len();
        let to_input = move |g: &[f64]| {
            let mut du = vec![0.0; count];
            for (g, group) in g.iter().zip(&groups) {
                for i in group {
                    du[*i] += g / group.len() as f64;
                }
            }
            du
        };
        self.record(to, out, vec![(input, Box::new(to_input))])
    }
}
