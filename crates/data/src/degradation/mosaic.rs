//! How does a sensor see colours, and how are they filled in? Bayer's mosaic, bilinear or with gradients of the other colours.

/// Reads a pixel of a plane of `width × height`, mirrored about its edge pixels, so that a mosaic keeps its phase.
pub(super) fn mirrored(plane: &[f32], (width, height): (usize, usize), x: isize, y: isize) -> f32 {
    let fold = |at: isize, extent: usize| {
        if extent == 1 {
            return 0;
        }
        let period = 2 * (extent as isize - 1);
        let at = at.rem_euclid(period);
        at.min(period - at) as usize
    };
    plane[fold(y, height) * width + fold(x, width)]
}

/// The colour of a sensor element: 0 red, 1 green, 2 blue, in rows `RGRG…` and `GBGB…`.
pub(super) fn colour(x: usize, y: usize) -> usize {
    x % 2 + y % 2
}

/// Taps `(dx, dy, weight)`.
type Taps = &'static [(isize, isize, f32)];

/// Neighbours above, below and beside.
const CROSS: Taps = &[(0, -1, 0.25), (0, 1, 0.25), (-1, 0, 0.25), (1, 0, 0.25)];
/// Neighbours on the diagonals.
const DIAGONAL: Taps = &[(-1, -1, 0.25), (1, -1, 0.25), (-1, 1, 0.25), (1, 1, 0.25)];
/// Neighbours beside.
const ACROSS: Taps = &[(-1, 0, 0.5), (1, 0, 0.5)];
/// Neighbours above and below.
const DOWN: Taps = &[(0, -1, 0.5), (0, 1, 0.5)];

/// Green where red or blue was seen (Malvar, He and Cutler 2004), in eighths.
const GREEN: Taps = &[
    (0, 0, 4.0),
    (0, -1, 2.0),
    (0, 1, 2.0),
    (-1, 0, 2.0),
    (1, 0, 2.0),
    (0, -2, -1.0),
    (0, 2, -1.0),
    (-2, 0, -1.0),
    (2, 0, -1.0),
];
/// Red or blue where green was seen and the wanted colour lies beside, in eighths.
const BESIDE: Taps = &[
    (0, 0, 5.0),
    (-1, 0, 4.0),
    (1, 0, 4.0),
    (-1, -1, -1.0),
    (1, -1, -1.0),
    (-1, 1, -1.0),
    (1, 1, -1.0),
    (-2, 0, -1.0),
    (2, 0, -1.0),
    (0, -2, 0.5),
    (0, 2, 0.5),
];
/// The same where it lies above and below.
const ABOVE: Taps = &[
    (0, 0, 5.0),
    (0, -1, 4.0),
    (0, 1, 4.0),
    (-1, -1, -1.0),
    (1, -1, -1.0),
    (-1, 1, -1.0),
    (1, 1, -1.0),
    (0, -2, -1.0),
    (0, 2, -1.0),
    (-2, 0, 0.5),
    (2, 0, 0.5),
];
/// Red where blue was seen, and blue where red was, in eighths.
const OPPOSITE: Taps = &[
    (0, 0, 6.0),
    (-1, -1, 2.0),
    (1, -1, 2.0),
    (-1, 1, 2.0),
    (1, 1, 2.0),
    (0, -2, -1.5),
    (0, 2, -1.5),
    (-2, 0, -1.5),
    (2, 0, -1.5),
];

/// The three channels of a mosaic.
pub(super) fn demosaic(seen: &[f32], size: (usize, usize), gradients: bool) -> [Vec<f32>; 3] {
    let (width, height) = size;
    std::array::from_fn(|wanted| {
        let mut channel = Vec::with_capacity(seen.len());
        for y in 0..height {
            for x in 0..width {
                let own = colour(x, y);
                if own == wanted {
                    channel.push(seen[y * width + x]);
                    continue;
                }
                // Next to a green element red lies beside it in even rows, blue in odd ones.
                let beside = (wanted == 0) == (y % 2 == 0);
                let (taps, scale) = match (gradients, own, wanted) {
                    (false, 1, _) => (if beside { ACROSS } else { DOWN }, 1.0),
                    (false, _, 1) => (CROSS, 1.0),
                    (false, _, _) => (DIAGONAL, 1.0),
                    (true, 1, _) => (if beside { BESIDE } else { ABOVE }, 0.125),
                    (true, _, 1) => (GREEN, 0.125),
                    (true, _, _) => (OPPOSITE, 0.125),
                };
                let (x, y) = (x as isize, y as isize);
                let sum: f32 = taps
                    .iter()
                    .map(|(dx, dy, w)| w * mirrored(seen, size, x + dx, y + dy))
                    .sum();
                channel.push(sum * scale);
            }
        }
        channel
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mosaic of three channels.
    fn seen(channels: &[Vec<f32>; 3], (width, height): (usize, usize)) -> Vec<f32> {
        let at = |i: usize| channels[colour(i % width, i / width)][i];
        (0..width * height).map(at).collect()
    }

    #[test]
    fn ramps_come_back_and_gradients_keep_grey_detail_that_bilinear_loses() {
        let size = (18, 14);
        let ramp = |c: usize| -> Vec<f32> {
            let at = |i: usize| (2 * (i % 18) + 3 * (i / 18) + 10 * c) as f32;
            (0..18 * 14).map(at).collect()
        };
        let channels = std::array::from_fn(ramp);
        for gradients in [false, true] {
            let found = demosaic(&seen(&channels, size), size, gradients);
            for (c, (found, true_one)) in found.iter().zip(&channels).enumerate() {
                for y in 3..11 {
                    for x in 3..15 {
                        let i = y * 18 + x;
                        assert!(
                            (found[i] - true_one[i]).abs() < 1e-4,
                            "{gradients} {c} {x} {y}"
                        );
                    }
                }
            }
        }
        let edge: Vec<f32> = (0..18 * 14)
            .map(|i| if i % 18 < 9 { 20.0 } else { 200.0 })
            .collect();
        let channels = std::array::from_fn(|_| edge.clone());
        let error = |gradients| -> f32 {
            let found = demosaic(&seen(&channels, size), size, gradients);
            let apart = |c: &Vec<f32>| {
                c.iter()
                    .zip(&edge)
                    .map(|(a, b)| (a - b).powi(2))
                    .sum::<f32>()
            };
            found.iter().map(apart).sum()
        };
        assert!(
            error(true) < 0.6 * error(false),
            "{} {}",
            error(true),
            error(false)
        );
    }
}
