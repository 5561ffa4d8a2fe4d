//! What is looked at? Blocks of 8 × 8 pixels in cosines: how much their low frequencies hold, and how much the others.

use crate::Plane;
use std::sync::LazyLock;

/// Side of a block.
const SIDE: usize = 8;
/// Most channels.
const CHANNELS: usize = 3;

/// A block of all channels.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// Mean of the first channel.
    pub(super) brightness: f32,
    /// Power of the lowest frequencies of each channel, the mean excluded.
    pub(super) low: [f32; CHANNELS],
    /// Mean power of the other frequencies.
    pub(super) rest: [f32; CHANNELS],
    /// Mean power of the highest of these, where texture has least.
    pub(super) fine: [f32; CHANNELS],
    /// Whether the first channel has one grey: clipped or masked.
    pub(super) plain: bool,
}

/// Sums of indices of frequencies that count as low.
const LOW: std::ops::RangeInclusive<usize> = 1..=3;
/// Smallest sum of indices of the highest frequencies, and how many there are.
const FINE: (usize, f32) = (9, 21.0);

static COSINES: LazyLock<[[f32; SIDE]; SIDE]> = LazyLock::new(|| {
    std::array::from_fn(|k| {
        let norm = if k == 0 { 0.125_f64 } else { 0.25 }.sqrt();
        let cosine = |i: usize| (std::f64::consts::PI * (i as f64 + 0.5) * k as f64 / 8.0).cos();
        std::array::from_fn(|i| (norm * cosine(i)) as f32)
    })
});

/// All blocks of a part whose first pixels are `step` apart.
pub(super) fn of(part: &[Plane], step: usize) -> Vec<Block> {
    let (width, height) = (part[0].width(), part[0].height());
    let starts = |extent: usize| (0..(extent + 1).saturating_sub(SIDE)).step_by(step);
    let mut all = Vec::new();
    for top in starts(height) {
        for left in starts(width) {
            let mut block = Block {
                brightness: 0.0,
                low: [0.0; CHANNELS],
                rest: [0.0; CHANNELS],
                fine: [0.0; CHANNELS],
                plain: true,
            };
            for (c, plane) in part.iter().enumerate() {
                let pixels: [[f32; SIDE]; SIDE] = std::array::from_fn(|y| {
                    let row = &plane.row(top + y)[left..left + SIDE];
                    std::array::from_fn(|x| row[x])
                });
                if c == 0 {
                    let sum: f32 = pixels.iter().flatten().sum();
                    block.brightness = sum / (SIDE * SIDE) as f32;
                    let first = pixels[0][0];
                    // A grey level written as a float may differ by its last bit.
                    block.plain = pixels.iter().flatten().all(|v| (v - first).abs() < 1e-3);
                }
                [block.low[c], block.rest[c], block.fine[c]] = powers(&pixels);
            }
            all.push(block);
        }
    }
    all
}

/// Power of the low frequencies, mean power of the others, and of the highest.
fn powers(pixels: &[[f32; SIDE]; SIDE]) -> [f32; 3] {
    let cosines = &*COSINES;
    // Rows of frequencies, down the columns.
    let mut down = [[0.0_f32; SIDE]; SIDE];
    for (row, cosine) in down.iter_mut().zip(cosines) {
        for (pixels, c) in pixels.iter().zip(cosine) {
            for (sum, pixel) in row.iter_mut().zip(pixels) {
                *sum += c * pixel;
            }
        }
    }
    let (mut low, mut rest, mut fine) = (0.0, 0.0, 0.0);
    for (i, row) in down.iter().enumerate() {
        for (j, cosine) in cosines.iter().enumerate() {
            let value: f32 = row.iter().zip(cosine).map(|(a, b)| a * b).sum();
            match i + j {
                0 => {}
                sum if LOW.contains(&sum) => low += value * value,
                sum => {
                    rest += value * value;
                    if sum >= FINE.0 {
                        fine += value * value;
                    }
                }
            }
        }
    }
    [low, rest / 54.0, fine / FINE.1]
}
