//! Is it white noise? Then one level says all, and texture must not be taken for more of it.
//!
//! The smallest variance of patches in any direction ([`crate::sigma`]) is the level of white noise, whatever the texture. Noise of a
//! camera has hardly any power at the finest frequencies: there that variance is far too low, and *rises* when the resolution is halved,
//! which white noise halves. Texture in places makes it fall less, seldom rise.

use super::{APART, Curve, KNOTS, Noise, clipped};
use crate::{Plane, sigma};

/// Mean powers of the flattest blocks of a brightness.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flat {
    /// At the highest frequencies.
    pub(super) fine: f64,
    /// At these and middle ones.
    pub(super) all: f64,
}

/// Those of each brightness that has enough blocks.
pub(super) type Seen = [Option<Flat>; KNOTS];

/// The level at half the resolution, over that at the full one, from which on noise is surely not white.
const COARSE: f64 = 1.25;
/// So far levels of white noise may be apart at the brightnesses of a picture, before it counts as one that depends on it.
const APART_AT_MOST: f64 = 1.6;
/// Share of the power at the highest frequencies, over the mean, from which on blocks hold white noise and no texture.
const EVEN: f64 = 0.85;
/// The level of blocks at full resolution, over that at half, from which on grey holds texture rather than coarse noise.
const TEXTURED: f64 = 1.9;
/// The level at half the resolution, over that at the full one, which only noise of coarse pixels has.
const FAR: f64 = 3.0;
/// Confidence below which blocks say nothing.
const HARDLY: f64 = 0.3;
/// Confidence, at least, where two measures agree.
const TWICE: f64 = 0.75;
/// Confidence below which grey is taken for white noise.
const SURE: f64 = 0.7;
/// Share of clipped pixels from which on they make a level too low.
const CLIPPED: f64 = 0.005;

/// Gives white noise its one level, or its one curve.
pub(super) fn decide(noise: &mut Noise, seen: &[Seen], parts: &[Vec<Plane>]) {
    let Some(bins) = seen.first() else {
        return;
    };
    let first: Vec<Plane> = parts.iter().map(|part| part[0].clone()).collect();
    let halved: Vec<Plane> = first.iter().map(Plane::halved).collect();
    let (full, half) = (sigma::estimate(&first), sigma::estimate(&halved));
    let grey = parts[0].len() == 1;
    let coarse = half > COARSE * full && full < noise.level(0, 0) / COARSE;
    // Noise of a camera is in colours too; in grey, texture may look like it.
    if grey && is_noise_at_half(noise, full, half, &halved) {
        // Patches and blocks, at two resolutions, say the same.
        noise.confidence = noise.confidence.max(TWICE);
        return;
    }
    let doubt = grey
        && (noise.level(0, 0) > TEXTURED * half
            || noise.confidence < SURE
            || is_even(bins, &noise.brightness));
    if coarse && !doubt {
        return;
    }
    noise.white = true;
    let share = clipped_share(&first);
    for (c, bins) in seen.iter().enumerate() {
        let curve = if c > 0 {
            Curve::flat(middle(&fine(bins), &noise.brightness))
        } else if grey && share > CLIPPED {
            // A grey file holds the noise itself, clipped; in colours the first channel is a mean of three.
            // The stronger the noise, the more of it was cut off.
            let most = full * (1.0 + (full / 60.0).min(0.6));
            Curve::flat(unclipped(bins, &noise.brightness).clamp(full, most))
        } else if let Some(curve) = depends(bins, &noise.brightness) {
            curve
        } else {
            Curve::flat(full)
        };
        for (scale, at) in noise.channels[c].scales.iter_mut().enumerate() {
            at.levels = curve.levels.map(|level| level / f64::from(1u32 << scale));
        }
    }
}

/// Whether there is hardly any noise at full resolution and white noise at half of it: every pixel of the noise is about four of
/// the picture. No texture is like that: it does not halve when the resolution does, and blocks that hold it differ from patches.
fn is_noise_at_half(noise: &Noise, full: f64, half: f64, halved: &[Plane]) -> bool {
    if half <= FAR * full || noise.confidence <= HARDLY {
        return false;
    }
    let quarter: Vec<Plane> = halved.iter().map(Plane::halved).collect();
    let falls = sigma::estimate(&quarter) < 0.6 * half;
    let agrees = noise.level(0, 1) < 1.2 * half;
    falls && agrees
}

/// Levels at the highest frequencies.
fn fine(bins: &Seen) -> [Option<f64>; KNOTS] {
    bins.map(|bin| bin.map(|flat| flat.fine.sqrt()))
}

/// Whether most flat blocks have as much at the highest frequencies as at middle ones.
fn is_even(bins: &Seen, shares: &[f64; KNOTS]) -> bool {
    let bins = bins.iter().zip(shares);
    let even = bins.filter_map(|(bin, share)| Some((bin.as_ref()?, share)));
    let (mut yes, mut all) = (0.0, 0.0);
    for (flat, share) in even {
        all += share;
        if flat.fine >= 0.6 * flat.all {
            yes += share;
        }
    }
    yes > 0.5 * all
}

/// The middle level, by the share of the picture that is as bright.
fn middle(levels: &[Option<f64>; KNOTS], shares: &[f64; KNOTS]) -> f64 {
    let bins = levels.iter().zip(shares);
    let mut all: Vec<(f64, f64)> = bins.filter_map(|(l, s)| Some(((*l)?, *s))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = all.iter().map(|(_, share)| share).sum();
    let mut sum = 0.0;
    for (level, share) in all {
        sum += share;
        // Texture only adds: rather too low.
        if sum >= 0.45 * total {
            return level;
        }
    }
    0.0
}

/// The middle level before values were clipped.
fn unclipped(bins: &Seen, shares: &[f64; KNOTS]) -> f64 {
    let levels = fine(bins);
    let corrected = std::array::from_fn(|k| {
        let mean = (k as f64 + 0.5) * APART;
        levels[k].map(|level| clipped::before(mean, level))
    });
    middle(&corrected, shares)
}

/// The curve of white noise that surely depends on the brightness.
fn depends(bins: &Seen, shares: &[f64; KNOTS]) -> Option<Curve> {
    let mut known: Vec<(usize, f64)> = Vec::new();
    let mut covered = 0.0;
    for (k, bin) in bins.iter().enumerate() {
        if let Some(flat) = bin
            && shares[k] > 0.03
            && flat.fine >= EVEN * flat.all
        {
            known.push((k, flat.fine.sqrt()));
            covered += shares[k];
        }
    }
    let (low, high) = known
        .iter()
        .fold((f64::MAX, 0.0_f64), |(low, high), (_, level)| {
            (low.min(*level), high.max(*level))
        });
    // Three brightnesses at least: two may be two surfaces.
    if known.len() < 3 || covered < 0.6 || low < 1.0 || high < APART_AT_MOST * low {
        return None;
    }
    let levels = std::array::from_fn(|k| {
        let weights = known.iter().map(|(at, level)| {
            let apart = at.abs_diff(k) as f64;
            (
                (1.0 - apart / 2.0).max(1e-3 / (1.0 + apart * apart)),
                level * level,
            )
        });
        let (sum, all) = weights.fold((0.0, 0.0), |(s, w), (by, v)| (s + by * v, w + by));
        (sum / all).sqrt()
    });
    Some(Curve { levels })
}

/// Share of pixels that are black or white, where none lies beyond and all are whole numbers.
fn clipped_share(parts: &[Plane]) -> f64 {
    let pixels = || parts.iter().flat_map(|part| part.pixels());
    let count = pixels().count().max(1);
    if !pixels().all(|v| (0.0..=255.0).contains(v)) {
        return 0.0;
    }
    pixels().filter(|v| **v <= 0.0 || **v >= 255.0).count() as f64 / count as f64
}
