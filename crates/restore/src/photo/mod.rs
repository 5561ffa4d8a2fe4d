//! How is the noise of a photograph removed by something that knows white noise only? Scale by scale, at one level each.
//!
//! The noise that a camera leaves depends on the brightness and is alike in neighbouring pixels (see
//! [`timestep_picture::noise`]). Three things make it what a method expects:
//!
//! - *Scales.* A channel is halved (means of 2 × 2 pixels) and cleaned there first; what that took away, enlarged, is
//!   subtracted, so that only the finest part of the noise is left at full resolution. Colours are cleaned at a quarter; of what
//!   is finer only what is much stronger than the noise is kept, without the method.
//! - *Stabilisation.* Brightness `v` becomes `T(v)`, `T' = c / σ(v)`, so that the noise has one level `c` at every brightness;
//!   differences of colours are multiplied by `c / σ(v)`. Afterwards both are undone.
//! - *Doubt.* Where the level is below what can be told from fine texture, the result is a mean with what came.

mod fine;
mod scale;
mod stabilise;

use crate::RestoreError;
use scale::{correct, halo};
use stabilise::{Brightness, each, gains};
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
    /// All parts that may be cleaned, in order: coarse before fine, brightness before colours. The last one is cleaned by a
    /// method where noise is white.
    pub const ALL: [Self; 4] = [
        Self::new(false, 1),
        Self::new(false, 0),
        Self::new(true, 2),
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
pub type Clean<'a> = &'a dyn Fn(Part, Plane, f64) -> Result<Plane, RestoreError>;

/// Below the first nothing is done, from the second on all: levels that photographs without noise read as.
const DOUBT: (f64, f64) = (0.5, 1.5);

/// How much of the change counts at a level.
fn share(level: f64) -> f32 {
    ((level - DOUBT.0) / (DOUBT.1 - DOUBT.0)).clamp(0.0, 1.0) as f32
}

/// Restores grey, or Y, U and V, whose noise is known. `seen` is called after every channel, with its number and all channels.
///
/// # Errors
/// What `clean` returns.
pub fn restore(
    mut planes: Vec<Plane>,
    noise: &Noise,
    clean: Clean<'_>,
    seen: &mut dyn FnMut(usize, &[Plane]),
) -> Result<Vec<Plane>, RestoreError> {
    let white = is_white(noise);
    let colours = planes.len() > 1;
    let mut brightness = Vec::new();
    for c in 0..planes.len() {
        let plane = std::mem::replace(&mut planes[c], Plane::pixel());
        if c == 0 && colours && !white {
            // At full resolution the brightness of colours is that of the clean picture. At coarser ones that of the picture
            // will do: little noise is left of it, and a tile depends on less around it.
            brightness = halvings(&plane, SCALES - 1);
        }
        let work = Work {
            noise,
            channel: c,
            brightness: &brightness,
            clean,
            white: noise.white && !colours,
            fine: c > 0 && !white,
        };
        // White noise is what methods are made for: one scale is best.
        let coarsest = if white { 0 } else { Part::coarsest(c > 0) };
        let halves = halvings(&plane, coarsest);
        planes[c] = work.down_to(plane, &halves, 0)?;
        if c == 0 && colours && white {
            brightness = vec![planes[0].clone()];
        }
        seen(c, &planes);
    }
    Ok(planes)
}

/// Whether noise is as fine as white noise in all channels.
fn is_white(noise: &Noise) -> bool {
    (0..noise.channels.len()).all(|c| {
        let (full, half) = (noise.level(c, 0), noise.level(c, 1));
        half <= 0.58 * full || half < DOUBT.0
    })
}

/// The plane at half the resolution, at half of that, and so on.
fn halvings(plane: &Plane, count: usize) -> Vec<Plane> {
    let mut all: Vec<Plane> = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(all.last().unwrap_or(plane).halved());
    }
    all
}

/// The work on one channel.
struct Work<'a> {
    noise: &'a Noise,
    channel: usize,
    /// The brightness: where noise is white at full resolution, otherwise at half, at a quarter. None while that is what is
    /// cleaned.
    brightness: &'a [Plane],
    clean: Clean<'a>,
    /// Whether it is a grey picture of white noise.
    white: bool,
    /// Whether details of finer scales are cleaned by what they hold.
    fine: bool,
}

impl Work<'_> {
    /// A state, which has these halvings, cleaned at all coarser scales and at its own.
    fn down_to(
        &self,
        mut state: Plane,
        halves: &[Plane],
        scale: usize,
    ) -> Result<Plane, RestoreError> {
        if let Some((half, coarser)) = halves.split_first() {
            let coarse = self.down_to(half.clone(), coarser, scale + 1)?;
            if self.fine {
                let level = self.noise.level(self.channel, scale);
                let curve = &self.noise.channels[self.channel].scales[scale];
                let noise = (curve, level, share(level * f64::from(1u32 << scale)));
                return Ok(fine::cleaned(
                    &state,
                    (half, &coarse),
                    &self.brightness[scale],
                    noise,
                ));
            }
            correct(&mut state, half, coarse);
        }
        self.at(state, scale)
    }

    /// A state cleaned at its scale.
    fn at(&self, state: Plane, scale: usize) -> Result<Plane, RestoreError> {
        let level = self.noise.level(self.channel, scale);
        let share = share(level * f64::from(1u32 << scale));
        if share == 0.0 {
            return Ok(state);
        }
        let kept = (share < 1.0).then(|| state.clone());
        let brightness = self.brightness.get(scale.saturating_sub(1));
        let prepared = prepared(self.noise, self.channel, scale, state, brightness);
        let mut result = prepared.restored(|plane, level| {
            let part = Part {
                white: self.white,
                ..Part::new(self.channel > 0, scale)
            };
            (self.clean)(part, plane, level)
        })?;
        if let Some(kept) = kept {
            let mixed = result.pixels_mut().iter_mut().zip(kept.pixels());
            mixed.for_each(|(b, a)| *b = a + share * (*b - a));
        }
        Ok(result)
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
    Gains(Plane),
}

impl Way {
    fn apply(&self, plane: &mut Plane) {
        match self {
            Self::Brightness(way) => way.apply(plane),
            Self::Gains(gains) => each(plane, gains, |p, g| p * g),
        }
    }

    fn undo(&self, plane: &mut Plane) {
        match self {
            Self::Brightness(way) => way.undo(plane),
            Self::Gains(gains) => each(plane, gains, |p, g| p / g),
        }
    }
}

/// Stabilises the noise of a channel at a scale; `brightness` is that of the picture at that scale, for colours.
#[must_use]
pub fn prepared(
    noise: &Noise,
    channel: usize,
    scale: usize,
    mut plane: Plane,
    brightness: Option<&Plane>,
) -> Prepared {
    let curve = &noise.channels[channel].scales[scale];
    let level = noise.level(channel, scale);
    let (way, level) = match brightness {
        Some(brightness) if channel > 0 => (Way::Gains(gains(curve, level, brightness)), level),
        _ => {
            let way = Brightness::new(curve, level);
            let level = way.level();
            (Way::Brightness(way), level)
        }
    };
    way.apply(&mut plane);
    Prepared { plane, level, way }
}

impl Prepared {
    /// Another plane, such as the clean one, in the same way.
    #[must_use]
    pub fn same(&self, plane: &Plane) -> Plane {
        let mut plane = plane.clone();
        self.way.apply(&mut plane);
        plane
    }

    /// What `clean` makes of it, back in grey levels of the picture.
    ///
    /// # Errors
    /// Those of `clean`.
    pub fn restored(
        self,
        clean: impl FnOnce(Plane, f64) -> Result<Plane, RestoreError>,
    ) -> Result<Plane, RestoreError> {
        let mut result = clean(self.plane, self.level)?;
        self.way.undo(&mut result);
        Ok(result)
    }
}

/// The state of a scale before it is cleaned: with what all coarser ones took away.
///
/// For those who train a scale after the coarser ones. `brightness` is that of the picture at half the resolution and below.
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
    let work = Work {
        noise,
        channel,
        brightness,
        clean,
        white: false,
        fine: false,
    };
    let halves = halvings(plane, Part::coarsest(channel > 0));
    let mut state = scale
        .checked_sub(1)
        .map_or(plane, |half| &halves[half])
        .clone();
    if let Some((half, coarser)) = halves[scale..].split_first() {
        let coarse = work.down_to(half.clone(), coarser, scale + 1)?;
        correct(&mut state, half, coarse);
    }
    Ok(state)
}

/// Pixels of the picture around a tile that its result depends on, where a plane depends on `inner` around it.
pub(crate) fn reach(inner: usize) -> usize {
    // White noise: colours, whose noise is measured by the clean brightness.
    let white = 2 * inner;
    // Other noise: brightness at its scales, colours at a quarter, and their details at finer scales.
    let brightness = halo(inner, Part::coarsest(false));
    let colours = (0..Part::coarsest(true)).fold(inner, |reach, _| fine::halo(reach));
    white.max(brightness).max(colours)
}

#[cfg(test)]
mod tests;
