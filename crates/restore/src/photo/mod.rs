//! How is the noise of a photograph removed by something that knows white noise only? Scale by scale, at one level each.
//!
//! The noise that a camera leaves depends on the brightness and is alike in neighbouring pixels (see
//! [`timestep_picture::noise`]). Three things make it what a method expects:
//!
//! - *Scales.* A channel is halved (means of 2 × 2 pixels) and cleaned there first; what that took away, enlarged, is
//!   subtracted, so that only the finest part of the noise is left at full resolution. Colours are cleaned at a quarter too,
//!   where most of their noise is.
//! - *Stabilisation.* Brightness `v` becomes `T(v)`, `T' = c / σ(v)`, so that the noise has one level `c` at every brightness;
//!   differences of colours are multiplied by `c / σ(v)`. Afterwards both are undone.
//! - *Doubt.* Where the level is below what can be told from fine texture, the result is a mean with what came.

mod scale;
mod stabilise;

use crate::RestoreError;
use scale::{corrected, halo};
use stabilise::{Brightness, gains};
use timestep_picture::Plane;
use timestep_picture::noise::{Noise, SCALES};

/// Which plane is cleaned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// A difference of colours; otherwise brightness.
    pub chroma: bool,
    /// 0: full resolution, 1: half, 2: a quarter.
    pub scale: usize,
    /// A grey picture whose noise is white: what models for one level were trained for.
    pub white: bool,
}

impl Part {
    /// All parts that are cleaned, in order: coarse before fine, brightness before colours.
    pub const ALL: [Self; 5] = [
        Self::new(false, 1),
        Self::new(false, 0),
        Self::new(true, 2),
        Self::new(true, 1),
        Self::new(true, 0),
    ];

    const fn new(chroma: bool, scale: usize) -> Self {
        Self {
            chroma,
            scale,
            white: false,
        }
    }

    /// The coarsest scale of brightness, or of colours.
    const fn coarsest(chroma: bool) -> usize {
        if chroma { 2 } else { 1 }
    }
}

/// What cleans a plane whose noise has one level.
pub type Clean<'a> = &'a dyn Fn(Part, &Plane, f64) -> Result<Plane, RestoreError>;

/// Below the first nothing is done, from the second on all: levels that photographs without noise read as.
const DOUBT: (f64, f64) = (0.5, 1.5);

/// How much of the change counts at a level.
fn share(level: f64) -> f32 {
    ((level - DOUBT.0) / (DOUBT.1 - DOUBT.0)).clamp(0.0, 1.0) as f32
}

/// Restores grey, or Y, U and V, whose noise is known. `show` sees the channels when brightness is clean, and at the end.
///
/// # Errors
/// What `clean` returns.
pub fn restore(
    planes: &[Plane],
    noise: &Noise,
    clean: Clean<'_>,
    show: &mut dyn FnMut(&[Plane]),
) -> Result<Vec<Plane>, RestoreError> {
    let mut brightness = Vec::new();
    let mut restored = Vec::with_capacity(planes.len());
    let white = is_white(noise);
    for (c, plane) in planes.iter().enumerate() {
        // White noise is what methods are made for: one scale is best.
        let coarsest = if white { 0 } else { Part::coarsest(c > 0) };
        let mut states = pyramid(plane, coarsest);
        let mut work = Work {
            noise,
            channel: c,
            brightness: &brightness,
            clean,
            white: noise.white && planes.len() == 1,
        };
        let result = work.down_to(&mut states, 0)?;
        restored.push(result);
        if c == 0 || c + 1 == planes.len() {
            show(&[&restored[..], &planes[c + 1..]].concat());
        }
        if c == 0 && planes.len() > 1 {
            // The brightness of colours is that of the clean picture.
            brightness = pyramid(&restored[0], SCALES - 1);
        }
    }
    Ok(restored)
}

/// Whether noise is as fine as white noise in all channels.
fn is_white(noise: &Noise) -> bool {
    (0..noise.channels.len()).all(|c| {
        let (full, half) = (noise.level(c, 0), noise.level(c, 1));
        half <= 0.58 * full || half < DOUBT.0
    })
}

/// The plane and its halvings.
fn pyramid(plane: &Plane, coarsest: usize) -> Vec<Plane> {
    let mut all = vec![plane.clone()];
    for _ in 0..coarsest {
        all.push(all[all.len() - 1].halved());
    }
    all
}

/// The work on one channel.
struct Work<'a> {
    noise: &'a Noise,
    channel: usize,
    /// The clean brightness at every scale; none while that is what is cleaned.
    brightness: &'a [Plane],
    clean: Clean<'a>,
    /// Whether it is a grey picture of white noise.
    white: bool,
}

impl Work<'_> {
    /// The state of a scale, cleaned at all coarser ones and at it.
    fn down_to(&mut self, states: &mut [Plane], scale: usize) -> Result<Plane, RestoreError> {
        let mut state = states[scale].clone();
        if scale + 1 < states.len() {
            let coarse = self.down_to(states, scale + 1)?;
            state = corrected(&state, &states[scale + 1], &coarse);
        }
        self.at(&state, scale)
    }

    /// A state cleaned at its scale.
    fn at(&self, state: &Plane, scale: usize) -> Result<Plane, RestoreError> {
        let level = self.noise.level(self.channel, scale);
        let share = share(level * f64::from(1u32 << scale));
        if share == 0.0 {
            return Ok(state.clone());
        }
        let result = prepared(
            self.noise,
            self.channel,
            scale,
            state,
            self.brightness.get(scale),
        )
        .restored(|plane, level| {
            let part = Part {
                white: self.white,
                ..Part::new(self.channel > 0, scale)
            };
            (self.clean)(part, plane, level)
        })?;
        if share == 1.0 {
            return Ok(result);
        }
        let mixed = state.pixels().iter().zip(result.pixels());
        let mixed: Vec<f32> = mixed.map(|(a, b)| a + share * (b - a)).collect();
        Ok(state.with_pixels(mixed))
    }
}

/// A plane whose noise was given one level.
pub struct Prepared {
    /// It.
    pub plane: Plane,
    /// The level of its noise.
    pub level: f64,
    way: Way,
}

enum Way {
    Brightness(Brightness),
    Gains(Vec<f32>),
}

/// Stabilises the noise of a channel at a scale; `brightness` is that of the clean picture, for colours.
#[must_use]
pub fn prepared(
    noise: &Noise,
    channel: usize,
    scale: usize,
    plane: &Plane,
    brightness: Option<&Plane>,
) -> Prepared {
    let curve = &noise.channels[channel].scales[scale];
    match brightness {
        Some(brightness) if channel > 0 => {
            let level = noise.level(channel, scale);
            let gains = gains(curve, level, brightness);
            let pixels = plane.pixels().iter().zip(&gains).map(|(p, g)| p * g);
            Prepared {
                plane: plane.with_pixels(pixels.collect::<Vec<f32>>()),
                level,
                way: Way::Gains(gains),
            }
        }
        _ => {
            let way = Brightness::new(curve, noise.level(channel, scale));
            Prepared {
                plane: way.apply(plane),
                level: way.level(),
                way: Way::Brightness(way),
            }
        }
    }
}

impl Prepared {
    /// Another plane, such as the clean one, in the same way.
    #[must_use]
    pub fn same(&self, plane: &Plane) -> Plane {
        match &self.way {
            Way::Brightness(way) => way.apply(plane),
            Way::Gains(gains) => {
                let pixels = plane.pixels().iter().zip(gains).map(|(p, g)| p * g);
                plane.with_pixels(pixels.collect::<Vec<f32>>())
            }
        }
    }

    /// What `clean` makes of it, back in grey levels of the picture.
    ///
    /// # Errors
    /// Those of `clean`.
    pub fn restored(
        &self,
        clean: impl FnOnce(&Plane, f64) -> Result<Plane, RestoreError>,
    ) -> Result<Plane, RestoreError> {
        let result = clean(&self.plane, self.level)?;
        Ok(match &self.way {
            Way::Brightness(way) => way.undo(&result),
            Way::Gains(gains) => {
                let pixels = result.pixels().iter().zip(gains).map(|(p, g)| p / g);
                result.with_pixels(pixels.collect::<Vec<f32>>())
            }
        })
    }
}

/// The state of a scale before it is cleaned: with what all coarser ones took away.
///
/// For those who train a scale after the coarser ones.
///
/// # Errors
/// Those of `clean`.
pub fn before(
    plane: &Plane,
    noise: &Noise,
    channel: usize,
    scale: usize,
    brightness: &[Plane],
    clean: Clean<'_>,
) -> Result<Plane, RestoreError> {
    let mut states = pyramid(plane, Part::coarsest(channel > 0));
    let mut work = Work {
        noise,
        channel,
        brightness,
        clean,
        white: false,
    };
    if scale + 1 == states.len() {
        return Ok(states.swap_remove(scale));
    }
    let coarse = work.down_to(&mut states, scale + 1)?;
    Ok(corrected(&states[scale], &states[scale + 1], &coarse))
}

/// Pixels of the picture around a tile that its result depends on, where a plane depends on `inner` around it.
pub(crate) fn reach(inner: usize) -> usize {
    // Colours, whose noise is measured by the clean brightness.
    halo(inner, Part::coarsest(true)) + halo(inner, Part::coarsest(false))
}

#[cfg(test)]
mod tests;
