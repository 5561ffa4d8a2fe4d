//! How is an image sheared, moved or turned? By the nearest pixel, as Pillow does it.

use crate::ImageShape;

/// The centre of pixel `(x, y)` of the result lies at `(a x + b y + c, d x + e y + f)` of the image, for the
/// matrix `[a, b, c, d, e, f]`.
pub(super) type Matrix = [f64; 6];

/// Columns move by `slope` pixels a row.
pub(super) fn shear_x(slope: f64) -> Matrix {
    [1.0, slope, 0.0, 0.0, 1.0, 0.0]
}

/// Rows move by `slope` pixels a column.
pub(super) fn shear_y(slope: f64) -> Matrix {
    [1.0, 0.0, 0.0, slope, 1.0, 0.0]
}

/// The image moves `x` pixels to the right and `y` down.
pub(super) fn translation(x: f64, y: f64) -> Matrix {
    [1.0, 0.0, -x, 0.0, 1.0, -y]
}

/// The image turns counter-clockwise around its middle.
pub(super) fn rotation(degrees: f64, shape: ImageShape) -> Matrix {
    let (sin, cos) = (-degrees.to_radians()).sin_cos();
    let (x, y) = (shape.width as f64 / 2.0, shape.height as f64 / 2.0);
    [
        cos,
        sin,
        -x * cos - y * sin + x,
        -sin,
        cos,
        x * sin - y * cos + y,
    ]
}

/// Each pixel becomes the one that the centre of it comes from; black where that is outside.
///
/// Coordinates are counted in 65536ths of a pixel, as in Pillow, so the pixels are the same.
pub(super) fn transform(pixels: &mut [u8], shape: ImageShape, matrix: Matrix) {
    let ImageShape { height, width, .. } = shape;
    let fixed = |x: f64| (x * 65536.0 + 0.5).floor() as i64;
    let [a, b, c, d, e, f] = matrix;
    let start = [fixed(c + 0.5 * (a + b)), fixed(f + 0.5 * (d + e))];
    let [a, b, d, e] = [a, b, d, e].map(fixed);
    let inside = |at: i64, extent: usize| usize::try_from(at >> 16).ok().filter(|i| *i < extent);
    for plane in pixels.chunks_exact_mut(shape.plane().max(1)) {
        let from = plane.to_vec();
        for (y, row) in plane.chunks_exact_mut(width).enumerate() {
            let y = y as i64;
            let mut at = [start[0] + b * y, start[1] + e * y];
            for pixel in row {
                let place = inside(at[0], width).zip(inside(at[1], height));
                *pixel = place.map_or(0, |(x, y)| from[y * width + x]);
                at = [at[0] + a, at[1] + d];
            }
        }
    }
}
