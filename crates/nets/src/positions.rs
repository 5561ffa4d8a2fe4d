//! Where is a pixel? Waves over rows and columns that are added to its channels, since attention does not see places.

use crate::{Features, Pass};

/// The longest wave, in units of the shortest.
const LONGEST: f64 = 10_000.0;

/// Sines and cosines of the row and of the column, `[channels, height, width]`, as Vaswani et al. 2017 (section 3.5) in two
/// dimensions: a quarter of the channels each, of wave lengths from `2π` up to ten thousand times that; what four does not divide is 0.
#[must_use]
pub fn position_waves([channels, height, width]: [usize; 3]) -> Vec<f32> {
    let waves = channels / 4;
    let mut one = vec![0.0_f32; channels * height * width];
    for wave in 0..waves {
        let frequency = LONGEST.powf(-(wave as f64) / waves as f64);
        for row in 0..height {
            for column in 0..width {
                let (y, x) = (row as f64 * frequency, column as f64 * frequency);
                for (part, value) in [y.sin(), y.cos(), x.sin(), x.cos()].into_iter().enumerate() {
                    let channel = part * waves + wave;
                    one[(channel * height + row) * width + column] = value as f32;
                }
            }
        }
    }
    one
}

/// [`position_waves`] for each image, `[batch, channels, height, width]`.
pub(crate) fn positions(pass: &Pass, [batch, channels, height, width]: [usize; 4]) -> Features {
    let one = position_waves([channels, height, width]);
    pass.images([batch, channels, height, width], &one.repeat(batch))
}
