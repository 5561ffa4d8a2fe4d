//! What is looked at? Blocks of 8 × 8 pixels in cosines: how much their low frequencies hold, and how much the others.

use crate::Plane;
use rayon::prelude::*;
use std::sync::LazyLock;
use timestep_kernels::Kernels;
use timestep_kernels::simd::{Loops, run_loops};

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

/// Cosines by frequency, and by place; and which frequencies count as what.
struct Tables {
    by_frequency: [[f32; SIDE]; SIDE],
    by_place: [[f32; SIDE]; SIDE],
    /// 1 where a frequency counts as low, as another, as one of the highest; else 0.
    kinds: [[[f32; SIDE]; SIDE]; 3],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let cosine = |k: usize, i: usize| {
        let norm = if k == 0 { 0.125_f64 } else { 0.25 }.sqrt();
        (norm * (std::f64::consts::PI * (i as f64 + 0.5) * k as f64 / 8.0).cos()) as f32
    };
    let kind = |kind: usize, sum: usize| match kind {
        0 => LOW.contains(&sum),
        1 => sum > *LOW.end(),
        _ => sum >= FINE.0,
    };
    let table = |f: &dyn Fn(usize, usize) -> f32| -> [[f32; SIDE]; SIDE] {
        std::array::from_fn(|i| std::array::from_fn(|j| f(i, j)))
    };
    Tables {
        by_frequency: table(&cosine),
        by_place: table(&|i, k| cosine(k, i)),
        kinds: std::array::from_fn(|n| table(&|i, j| f32::from(u8::from(kind(n, i + j))))),
    }
});

/// All blocks of a part whose first pixels are `step` apart.
pub(super) fn of(part: &[Plane], step: usize) -> Vec<Block> {
    let (width, height) = (part[0].width(), part[0].height());
    let starts = |extent: usize| (0..(extent + 1).saturating_sub(SIDE)).step_by(step);
    let tops: Vec<usize> = starts(height).collect();
    let rows = tops.par_iter().flat_map_iter(|top| {
        let row = Row {
            part,
            top: *top,
            lefts: starts(width),
            tables: &TABLES,
        };
        run_loops(Kernels::detect(), row)
    });
    rows.collect()
}

/// Blocks next to each other.
struct Row<'a> {
    part: &'a [Plane],
    top: usize,
    lefts: std::iter::StepBy<std::ops::Range<usize>>,
    tables: &'a Tables,
}

impl Loops for Row<'_> {
    type Out = Vec<Block>;

    #[inline(always)]
    fn run(self) -> Vec<Block> {
        let mut all = Vec::with_capacity(self.lefts.len());
        for left in self.lefts {
            let mut block = Block {
                brightness: 0.0,
                low: [0.0; CHANNELS],
                rest: [0.0; CHANNELS],
                fine: [0.0; CHANNELS],
                plain: true,
            };
            for (c, plane) in self.part.iter().enumerate() {
                let mut pixels = [[0.0; SIDE]; SIDE];
                for (y, row) in pixels.iter_mut().enumerate() {
                    row.copy_from_slice(&plane.row(self.top + y)[left..left + SIDE]);
                }
                if c == 0 {
                    let first = pixels[0][0];
                    let (mut sum, mut apart) = ([0.0; SIDE], [0.0_f32; SIDE]);
                    for row in &pixels {
                        for x in 0..SIDE {
                            sum[x] += row[x];
                            apart[x] = apart[x].max((row[x] - first).abs());
                        }
                    }
                    block.brightness = sum.iter().sum::<f32>() / (SIDE * SIDE) as f32;
                    // A grey level written as a float may differ by its last bit.
                    block.plain = apart.iter().all(|a| *a < 1e-3);
                }
                [block.low[c], block.rest[c], block.fine[c]] = powers(&pixels, self.tables);
            }
            all.push(block);
        }
        all
    }
}

/// Power of the low frequencies, mean power of the others, and of the highest.
// One index for several short arrays: this is what the compiler makes vectors of.
#[allow(clippy::needless_range_loop)]
#[inline(always)]
fn powers(pixels: &[[f32; SIDE]; SIDE], tables: &Tables) -> [f32; 3] {
    let mut sums = [[0.0_f32; SIDE]; 3];
    for i in 0..SIDE {
        // A row of frequencies, down the columns; then along it.
        let mut down = [0.0_f32; SIDE];
        for y in 0..SIDE {
            for x in 0..SIDE {
                down[x] += tables.by_frequency[i][y] * pixels[y][x];
            }
        }
        let mut values = [0.0_f32; SIDE];
        for x in 0..SIDE {
            for j in 0..SIDE {
                values[j] += down[x] * tables.by_place[x][j];
            }
        }
        for kind in 0..3 {
            for j in 0..SIDE {
                sums[kind][j] += tables.kinds[kind][i][j] * values[j] * values[j];
            }
        }
    }
    let [low, rest, fine] = sums.map(|s| s.iter().sum::<f32>());
    [low, rest / 54.0, fine / FINE.1]
}
