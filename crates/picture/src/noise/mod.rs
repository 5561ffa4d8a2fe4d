//! How much noise does a photograph have? A curve over brightness, for each channel, at full, half and quarter resolution.
//!
//! The noise of a photograph depends on the brightness, and because colours were filled in and the file was compressed it is
//! alike in neighbouring pixels: what the finest details show is only a part of it, and more than a half is left at half the
//! resolution. So every channel is measured at three resolutions (means of 2 × 2 pixels), in blocks of 8 × 8 pixels after a
//! cosine transform: blocks whose *low* frequencies hold least are the flattest, and their *other* frequencies are noise. For
//! noise that is alike everywhere these two are independent, so that choosing by one does not bias the other. (Ponomarenko et
//! al. 2007; Lebrun, Colom and Morel 2015, for several resolutions.)
//!
//! White noise of a standard deviation reads as that; noise of another colour as the square root of its mean power in these
//! frequencies.

mod blocks;
mod clipped;
mod white;

use crate::Plane;
use blocks::Block;

/// Resolutions that are measured: full, half, quarter.
pub const SCALES: usize = 3;
/// Grey levels for which a curve has a value: 16, 48, … 240.
pub const KNOTS: usize = 8;
/// Distance of neighbouring knots.
const APART: f64 = 256.0 / KNOTS as f64;

/// The noise of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// Of grey, or of Y, U and V (see [`colour`](crate::colour)).
    pub channels: Vec<Channel>,
    /// How many of the blocks are about as bright as each knot; shares that add up to 1.
    pub brightness: [f64; KNOTS],
    /// How far the numbers can be relied on: 1 where plenty of flat blocks agree, near 0 where there are hardly any.
    pub confidence: f64,
    /// Whether it is white: as strong at all frequencies, as in pictures to which noise was added.
    pub white: bool,
}

/// The noise of a channel at each resolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Full, half, quarter resolution.
    pub scales: [Curve; SCALES],
}

/// Standard deviations over brightness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// At the grey levels of the knots of the first channel.
    pub levels: [f64; KNOTS],
}

impl Curve {
    /// The same at every brightness.
    #[must_use]
    pub fn flat(level: f64) -> Self {
        Self {
            levels: [level; KNOTS],
        }
    }

    /// The standard deviation at a grey level, between knots on a straight line.
    #[must_use]
    pub fn at(&self, grey: f64) -> f64 {
        let place = (grey / APART - 0.5).clamp(0.0, (KNOTS - 1) as f64);
        let left = (place as usize).min(KNOTS - 2);
        let share = place - left as f64;
        (1.0 - share) * self.levels[left] + share * self.levels[left + 1]
    }

    /// Root of the mean variance where the picture has these shares of brightness.
    #[must_use]
    pub fn mean(&self, brightness: &[f64; KNOTS]) -> f64 {
        let squares = self.levels.iter().zip(brightness);
        squares.map(|(l, share)| l * l * share).sum::<f64>().sqrt()
    }
}

impl Noise {
    /// White noise of these standard deviations, one for each channel, at every brightness.
    #[must_use]
    pub fn white(levels: &[f64]) -> Self {
        let scale = |level: f64, s: usize| Curve::flat(level / f64::from(1u32 << s));
        Self {
            channels: levels
                .iter()
                .map(|level| Channel {
                    scales: std::array::from_fn(|s| scale(*level, s)),
                })
                .collect(),
            brightness: [1.0 / KNOTS as f64; KNOTS],
            confidence: 1.0,
            white: true,
        }
    }

    /// The mean level of a channel at a scale.
    #[must_use]
    pub fn level(&self, channel: usize, scale: usize) -> f64 {
        self.channels[channel].scales[scale].mean(&self.brightness)
    }

    /// How alike neighbouring pixels of the first channel are: 0.5 for white noise, up to 1 and more where noise is coarse.
    /// `None` where there is hardly any noise.
    #[must_use]
    pub fn coarseness(&self) -> Option<f64> {
        let (full, half) = (self.level(0, 0), self.level(0, 1));
        (full > 0.2).then(|| half / full)
    }

    /// The noise that is safe to remove: texture that is taken for noise makes readings too high, so what they cannot all mean
    /// is lowered.
    ///
    /// - The noise of a camera is in colours too; where theirs is missing, the reading of brightness must be the surer.
    /// - Noise of less than about two grey levels is left alone: hardly any of it is seen, and texture reads so.
    /// - Noise is finer than texture: at half the resolution hardly more than 0.85 of it is left.
    #[must_use]
    pub fn trusted(&self) -> Self {
        let support = match self.channels.len() {
            // Grey pictures have no second opinion.
            1 => 0.5,
            _ => {
                let colours = self.level(1, 1).max(self.level(2, 1));
                (colours / (0.45 * self.level(0, 1)).max(1e-9)).min(1.0)
            }
        };
        let trust = if self.white {
            // Clean photographs, with the grain and the texture that they have, read as white noise of up to 3 grey levels,
            // and flat blocks of them agree on it. More is noise.
            ((self.level(0, 0) - 3.0) / 1.0).clamp(0.0, 1.0)
        } else {
            // Nor do flat blocks of a clean photograph agree more than this.
            let from = 0.75 - 0.3 * support;
            // And texture reads as little noise, of which hardly anything would be seen if it were some; in grey, where colours do
            // not tell it from noise, as more.
            let (least, whole) = if self.channels.len() == 1 {
                (2.4, 3.2)
            } else {
                (1.6, 2.2)
            };
            let seen = (self.level(0, 0) - least) / (whole - least);
            ((self.confidence - from) / 0.15).min(seen).clamp(0.0, 1.0)
        };
        let mut noise = self.scaled(trust, trust);
        for (c, channel) in noise.channels.iter_mut().enumerate() {
            for scale in 1..SCALES {
                // Compression takes the finest noise of colours away altogether.
                if c > 0 && scale == 1 {
                    continue;
                }
                let finer = channel.scales[scale - 1].levels;
                let levels = channel.scales[scale].levels.iter_mut();
                levels.zip(finer).for_each(|(l, f)| *l = l.min(0.85 * f));
            }
        }
        noise
    }

    /// The same noise, `luma` times as strong in the first channel and `chroma` times in the others.
    #[must_use]
    pub fn scaled(&self, luma: f64, chroma: f64) -> Self {
        let mut noise = self.clone();
        for (c, channel) in noise.channels.iter_mut().enumerate() {
            let by = if c == 0 { luma } else { chroma };
            for curve in &mut channel.scales {
                curve.levels = curve.levels.map(|level| level * by);
            }
        }
        noise
    }
}

/// Measures the noise of parts of a picture (see [`sigma::parts`](crate::sigma::parts)): each has all channels, in opponent
/// colours where there are three.
///
/// Noise that is white, or may be, has the level of [`sigma::estimate`](crate::sigma::estimate), which texture hardly changes;
/// only noise that is surely of another colour has curves.
#[must_use]
pub fn measure(parts: &[Vec<Plane>]) -> Noise {
    measure_beside_blocks(parts).0
}

/// The same, and what the blocks of each channel alone say (see [`by_blocks`]).
#[must_use]
pub fn measure_beside_blocks(parts: &[Vec<Plane>]) -> (Noise, Vec<f64>) {
    let (mut noise, seen) = curves(parts, SCALES);
    let blocks = finest(&noise);
    white::decide(&mut noise, &seen, parts);
    (noise, blocks)
}

/// Levels at full resolution of each channel as its blocks alone say, for a first idea: texture may make them too high.
#[must_use]
pub fn by_blocks(parts: &[Vec<Plane>]) -> Vec<f64> {
    finest(&curves(parts, 1).0)
}

/// Levels of all channels at full resolution.
fn finest(noise: &Noise) -> Vec<f64> {
    let channels = 0..noise.channels.len();
    channels.map(|c| noise.level(c, 0)).collect()
}

/// Curves of all channels at the finest resolutions, and what was seen of the finest.
fn curves(parts: &[Vec<Plane>], scales: usize) -> (Noise, Vec<white::Seen>) {
    let count = parts.first().map_or(0, Vec::len);
    let pixels: usize = parts.iter().map(|part| part[0].pixels().len()).sum();
    let mut noise = Noise::white(&vec![0.0; count]);
    noise.white = false;
    let mut levels: Vec<Vec<Plane>> = parts.to_vec();
    let mut seen = Vec::new();
    for scale in 0..scales {
        if scale > 0 {
            for part in &mut levels {
                for plane in part.iter_mut() {
                    *plane = plane.halved();
                }
            }
        }
        // Blocks overlap where there are few.
        let step = if pixels >> (2 * scale) > 1 << 16 {
            8
        } else {
            4
        };
        let all: Vec<Vec<Block>> = levels.iter().map(|part| blocks::of(part, step)).collect();
        let all: Vec<&Block> = all.iter().flatten().collect();
        if scale == 0 {
            noise.brightness = shares(&all);
        }
        for c in 0..count {
            let (curve, confidence, bins) = curve(&all, c);
            noise.channels[c].scales[scale] = curve;
            if scale == 0 {
                seen.push(bins);
                if c == 0 {
                    noise.confidence = confidence;
                }
            }
        }
    }
    (noise, seen)
}

/// The knot that a grey level is nearest to.
fn knot(grey: f32) -> usize {
    ((f64::from(grey) / APART).max(0.0) as usize).min(KNOTS - 1)
}

fn shares(all: &[&Block]) -> [f64; KNOTS] {
    let mut shares = [0.0; KNOTS];
    for block in all {
        shares[knot(block.brightness)] += 1.0 / all.len() as f64;
    }
    if all.is_empty() {
        shares = [1.0 / KNOTS as f64; KNOTS];
    }
    shares
}

/// Share of the blocks of a brightness that are taken for flat, and how many at least.
const FLATTEST: f64 = 0.06;
const FEWEST: usize = 12;

/// The curve of a channel, how sure it is, and what its flattest blocks hold.
fn curve(all: &[&Block], channel: usize) -> (Curve, f64, white::Seen) {
    let mut bins: [Vec<&Block>; KNOTS] = Default::default();
    for block in all {
        if !block.plain {
            bins[knot(block.brightness)].push(block);
        }
    }
    // For each brightness the variance, and how much it counts.
    let mut found = [(0.0_f64, 0.0_f64); KNOTS];
    let mut spread = Vec::new();
    let mut seen = white::Seen::default();
    for (k, (bin, found)) in bins.iter_mut().zip(&mut found).enumerate() {
        if bin.len() < FEWEST {
            continue;
        }
        bin.sort_by(|a, b| a.low[channel].total_cmp(&b.low[channel]));
        let take = ((bin.len() as f64 * FLATTEST) as usize).max(FEWEST);
        let mut rest: Vec<f32> = bin[..take].iter().map(|b| b.rest[channel]).collect();
        rest.sort_by(f32::total_cmp);
        let median = f64::from(rest[take / 2]);
        let quartiles = f64::from(rest[3 * take / 4] - rest[take / 4]);
        if median > 0.0 {
            spread.push((quartiles / median, take as f64));
        }
        *found = (median, take as f64);
        let fine = bin[..take].iter().map(|b| f64::from(b.fine[channel]));
        let all = bin[..take].iter().map(|b| f64::from(b.rest[channel]));
        seen[k] = Some(white::Flat {
            fine: fine.sum::<f64>() / take as f64,
            all: all.sum::<f64>() / take as f64,
        });
    }
    let plain = all.iter().filter(|block| block.plain).count();
    let some: Vec<usize> = (0..KNOTS).filter(|k| found[*k].1 > 0.0).collect();
    if some.is_empty() || plain > 9 * all.len() / 10 {
        // Hardly anything but single greys: there is no noise, or no telling.
        return (Curve::flat(0.0), if plain > 0 { 1.0 } else { 0.0 }, seen);
    }
    // Texture only adds, so no brightness is believed that is far above what the others say.
    let mut sorted: Vec<f64> = some.iter().map(|k| found[*k].0).collect();
    sorted.sort_by(f64::total_cmp);
    let most = 4.0 * sorted[(sorted.len() - 1) / 2];
    let levels = std::array::from_fn(|k| {
        let weighted = some.iter().map(|s| {
            let distance = (*s as f64 - k as f64).abs();
            // Neighbours help; where there is nothing nearer, those far away do.
            let near = (1.0 - distance / 2.0).max(1e-3 / (1.0 + distance * distance));
            (found[*s].0.min(most), found[*s].1 * near)
        });
        let (sum, weight) = weighted.fold((0.0, 0.0), |(s, w), (v, by)| (s + v * by, w + by));
        (sum / weight).sqrt()
    });
    let weight: f64 = spread.iter().map(|(_, n)| n).sum();
    let apart = spread.iter().map(|(s, n)| s * n).sum::<f64>() / weight.max(1.0);
    // 54 independent normal numbers: quartiles of their mean square are 0.26 apart; correlated ones more.
    let agree = (0.6 / apart.max(0.6)).powi(2);
    let enough = weight / (weight + 20.0);
    (Curve { levels }, agree * enough, seen)
}

#[cfg(test)]
mod tests;
