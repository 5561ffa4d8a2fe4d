//! How is one picture restored? Noise level, colours, tiles, metrics, and the file it goes to.

mod compression;
mod error;
mod file;
mod sheet;
#[cfg(test)]
mod tests;
mod work;

pub use error::JobError;
pub use file::{Files, restore_file};
pub use sheet::{STRENGTHS, sheet};

use crate::opponent::{self, in_opponent_colours, restore};
use crate::photo;
use crate::{Method, RestoreError};
use std::sync::Arc;
use std::time::Instant;
use timestep_data::Degradation;
use timestep_picture::metrics::Comparison;
use timestep_picture::noise::{self, Noise};
use timestep_picture::tiles::{Canvas as _, Need, Plan, Tiling, run};
use timestep_picture::{Depth, Picture};
use timestep_picture::{Plane, colour};
use work::{Work, measured};

/// How much noise a picture has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sigma {
    /// Measured: a curve over brightness, for each channel at three resolutions.
    Auto,
    /// This standard deviation in every colour channel, in grey levels of 0..255.
    Given(f64),
}

/// What is done to the picture first, for demonstrations.
#[derive(Clone, Debug)]
pub struct AddNoise {
    /// The degradation.
    pub what: Arc<dyn Degradation>,
    /// Seed of its random numbers.
    pub seed: u64,
}

/// What is done to pictures.
pub struct DenoiseJob<'a> {
    /// The method.
    pub method: &'a dyn Method,
    /// The noise level.
    pub sigma: Sigma,
    /// Factor of all noise levels: below 1 restores less, above 1 more.
    pub strength: f64,
    /// Factor of the noise level of grey, and of the mean of colours.
    pub luma: f64,
    /// Factor of the noise levels of the differences of colours.
    pub chroma: f64,
    /// Bytes of memory to keep to.
    pub memory: Option<u64>,
    /// Noise to add first.
    pub add_noise: Option<AddNoise>,
}

/// What became of a picture.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The restored picture, as it will be stored.
    pub picture: Picture,
    /// Noise level of each colour channel (grey, or R, G, B).
    pub sigmas: Vec<f64>,
    /// What was measured, if the level was not given.
    pub noise: Option<Noise>,
    /// Level of the noise that compression left, if that is what was removed: more than what was measured.
    pub compression: Option<f64>,
    /// Noise level that each channel was restored with (grey, or Y, U, V): scaled by strength, luma, chroma.
    pub channels: Vec<f64>,
    /// Tiles the picture was cut into.
    pub tiles: usize,
    /// Seconds that the restoration took, files and metrics included, the estimate too.
    pub seconds: f64,
    /// How near it is to the clean picture, where that is known.
    pub quality: Option<Quality>,
}

/// How near a picture is to the clean one.
#[derive(Clone, Debug)]
pub struct Quality {
    /// PSNR of the result in dB.
    pub psnr: f64,
    /// SSIM of the result; none below 11 × 11 pixels.
    pub ssim: Option<f64>,
    /// PSNR of the noisy picture.
    pub noisy_psnr: f64,
    /// SSIM of the noisy picture.
    pub noisy_ssim: Option<f64>,
    /// How both were measured.
    pub protocol: String,
}

/// Shows the picture after each step of a method.
pub type ShowStep<'a> = &'a mut dyn FnMut(usize, &Picture) -> Result<(), JobError>;

/// Tiles are kept below this where no limit is given, and below a quarter of the memory there is: more would hardly be faster.
const ENOUGH: u64 = 1 << 30;
/// What the program itself takes.
const PROGRAM: u64 = 40 << 20;

impl DenoiseJob<'_> {
    /// Checks what holds for all pictures, before any is read.
    ///
    /// # Errors
    /// [`JobError::BadFactor`], or [`RestoreError::BadSigma`].
    pub fn check(&self) -> Result<(), JobError> {
        for (name, value) in [
            ("strength", self.strength),
            ("luma", self.luma),
            ("chroma", self.chroma),
        ] {
            if !(0.0..=100.0).contains(&value) {
                return Err(JobError::BadFactor { name, value });
            }
        }
        let level = match self.sigma {
            Sigma::Auto => None,
            Sigma::Given(level) => Some(level),
        };
        let added = self.add_noise.as_ref().and_then(|n| n.what.sigma());
        for level in [level, added].into_iter().flatten() {
            if !(0.0..=255.0).contains(&level) {
                return Err(RestoreError::BadSigma(level).into());
            }
        }
        Ok(())
    }

    /// Fewest bytes that a picture of so many columns, rows and colours needs beside its samples.
    #[must_use]
    pub fn needs(&self, size: (usize, usize), colours: usize, steps: bool) -> u64 {
        let pixels = (size.0 as u64).saturating_mul(size.1 as u64);
        let floats = pixels.saturating_mul(4 * colours as u64);
        let noisy = if self.add_noise.is_some() { floats } else { 0 };
        let tiles = if steps {
            // As channels, in opponent colours, a step of it and the step as a picture.
            let work = self.work(colours).1.bytes(size.0, size.1);
            floats.saturating_mul(5).saturating_add(work)
        } else {
            self.least(size, colours)
        };
        PROGRAM.saturating_add(noisy).saturating_add(tiles)
    }

    /// How the method may be cut and what it needs; several resolutions of measured noise reach farther.
    fn work(&self, colours: usize) -> (Option<Tiling>, Need) {
        let need = self.method.need();
        if self.sigma != Sigma::Auto {
            return (self.method.tiling(), need);
        }
        let tiling = self.method.tiling_of_parts(colours).map(|tiling| Tiling {
            halo: photo::reach(tiling.halo),
            // Groups of rows at a quarter of the resolution.
            grid: 4 * tiling.grid,
        });
        let need = Need {
            // A channel and the brightness at all coarser resolutions; where noise is white, the clean brightness and gains.
            bytes_per_pixel: need.bytes_per_pixel + 16,
            border: need.border,
        };
        (tiling, need)
    }

    /// Noise as strong as was asked for.
    fn scaled(&self, noise: &Noise) -> Noise {
        let (luma, chroma) = (self.strength * self.luma, self.strength * self.chroma);
        let mut noise = noise.scaled(luma, chroma);
        for channel in &mut noise.channels {
            for curve in &mut channel.scales {
                curve.levels = curve.levels.map(|level| level.min(255.0));
            }
        }
        noise
    }

    /// Restores grey or RGB channels whose noise was measured.
    fn seen(
        &self,
        planes: Vec<Plane>,
        noise: &Noise,
        seen: &mut dyn FnMut(usize, &[Plane]),
    ) -> Result<Vec<Plane>, RestoreError> {
        let nothing = |c: &noise::Channel| c.scales.iter().all(|s| s.levels == [0.0; noise::KNOTS]);
        if noise.channels.iter().all(nothing) {
            return Ok(planes);
        }
        in_opponent_colours(planes, |planes| {
            let clean = |part, plane, level| self.method.part(part, plane, level);
            photo::restore(planes, noise, &clean, seen)
        })
    }

    /// Bytes of the smallest plan for a picture of so many columns, rows and colours.
    fn least(&self, size: (usize, usize), colours: usize) -> u64 {
        let work = self.work(colours);
        // With no budget every plan is refused, with the smallest that would do.
        Plan::new(size, colours, work, 0).map_or_else(|least| least, |p| p.bytes)
    }

    /// Restores a picture.
    ///
    /// `number` is the picture's number among those of the run, of which the random numbers of a degradation depend.
    /// With noise added and no `reference` the picture itself is the clean one.
    /// `show` sees every step of the method; the picture is then restored as a whole. `done` hears the share
    /// of the work that is done, and says whether to go on.
    ///
    /// # Errors
    /// [`JobError`]: wrong settings, too little memory, another size of reference, the method's own,
    /// interrupted.
    pub fn run(
        &self,
        picture: Picture,
        number: u64,
        reference: Option<&Picture>,
        show: Option<ShowStep<'_>>,
        done: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Outcome, JobError> {
        self.check()?;
        let began = Instant::now();
        let (size, colours) = ((picture.width(), picture.height()), picture.colours());
        check_reference(&picture, reference)?;
        let plan = self.plan(&picture, reference, show.is_some())?;
        let depth = picture.samples().depth();
        let noisy = self
            .add_noise
            .as_ref()
            .map(|n| n.what.apply(&picture.planes(), n.seed, number));
        let (sigmas, seen) = match self.sigma {
            Sigma::Given(level) => (vec![level; colours], None),
            Sigma::Auto => {
                let (sigmas, noise) = measured(&picture, noisy.as_deref());
                (sigmas, Some(noise))
            }
        };
        let mut removed = seen.as_ref().map(|noise| self.scaled(&noise.trusted()));
        // Steps of quantisation say nothing of noise that was added to the picture afterwards.
        let compression = compression::level(&picture).filter(|level| {
            let measured = seen.as_ref().map(|noise| noise.trusted().level(0, 0));
            noisy.is_none() && measured.is_some_and(|measured| measured < *level)
        });
        if let Some(level) = compression {
            removed = Some(self.scaled(&compression::noise(level, colours)));
        }
        let channels = match &removed {
            None => self.channels(&sigmas),
            Some(noise) => (0..colours).map(|c| noise.level(c, 0)).collect(),
        };
        if let Some(level) = channels.iter().find(|s| !(0.0..=255.0).contains(*s)) {
            return Err(RestoreError::BadSigma(*level).into());
        }
        let compares = reference.is_some() || noisy.is_some();
        let comparison = || compares.then(|| Comparison::new(colours));
        let mut work = Work {
            picture,
            noisy,
            reference,
            before: comparison(),
            after: comparison(),
        };
        let tiles = match show {
            Some(show) => {
                self.with_steps(&mut work, &channels, removed.as_ref(), show)?;
                done(1.0);
                1
            }
            None => {
                let change = |tile, tell: &mut dyn FnMut(f64)| match &removed {
                    None => restore(self.method, tile, &channels),
                    // Brightness takes about as long as both others together.
                    Some(noise) => self.seen(tile, noise, &mut |c, all| {
                        tell((c + all.len().min(2)) as f64 / (all.len() + 1) as f64);
                    }),
                };
                if !run(&plan, &mut work, &change, done)? {
                    return Err(JobError::Interrupted);
                }
                plan.tiles()
            }
        };
        debug_assert_eq!((work.picture.width(), work.picture.height()), size);
        let quality = work.before.zip(work.after).map(|(before, after)| Quality {
            psnr: after.psnr(),
            ssim: after.ssim(),
            noisy_psnr: before.psnr(),
            noisy_ssim: before.ssim(),
            protocol: self.protocol(depth),
        });
        Ok(Outcome {
            picture: work.picture,
            sigmas,
            noise: seen,
            compression,
            channels,
            tiles,
            seconds: began.elapsed().as_secs_f64(),
            quality,
        })
    }

    fn plan(
        &self,
        picture: &Picture,
        reference: Option<&Picture>,
        steps: bool,
    ) -> Result<Plan, JobError> {
        let (size, colours) = ((picture.width(), picture.height()), picture.colours());
        let work = self.work(colours);
        let least = self.least(size, colours);
        let needs = self.needs(size, colours, steps);
        // Samples, and what is held whatever the tiles are.
        let held = picture.bytes() + reference.map_or(0, Picture::bytes);
        let enough = ENOUGH.min(timestep_kernels::memory_budget() / 4).max(least);
        let budget = match self.memory {
            None => enough,
            Some(allowed) => {
                if held.saturating_add(needs) > allowed {
                    let needs = held.saturating_add(needs);
                    return Err(JobError::TooLarge { needs, allowed });
                }
                // At least the smallest plan, as was just checked.
                (allowed - held - needs).saturating_add(least).min(enough)
            }
        };
        Plan::new(size, colours, work, budget).map_err(|needs| JobError::TooLarge {
            needs,
            allowed: budget,
        })
    }

    /// Noise levels of the channels that the method sees.
    fn channels(&self, sigmas: &[f64]) -> Vec<f64> {
        let (luma, chroma) = (self.strength * self.luma, self.strength * self.chroma);
        match *sigmas {
            [r, g, b] => {
                let [y, u, v] = colour::opponent_sigmas([r, g, b]);
                vec![y * luma, u * chroma, v * chroma]
            }
            _ => sigmas.iter().map(|s| s * luma).collect(),
        }
    }

    /// Restores the whole at once and shows every step.
    fn with_steps(
        &self,
        work: &mut Work<'_>,
        channels: &[f64],
        noise: Option<&Noise>,
        show: ShowStep<'_>,
    ) -> Result<(), JobError> {
        let height = work.picture.height();
        let planes = work.take(0, height);
        let mut step = work.picture.clone();
        let mut failed = None;
        let mut shown = |n: usize, planes: &[Plane]| {
            if failed.is_some() {
                return;
            }
            let shown = opponent::back(planes.to_vec());
            let shown = shown.map_err(JobError::from).and_then(|planes| {
                step.put(0, 0, &planes);
                show(n, &step)
            });
            failed = shown.err();
        };
        let result = match noise {
            None => in_opponent_colours(planes, |planes| {
                self.method.denoise_steps(&planes, channels, &mut shown)
            })?,
            Some(noise) => {
                let mut n = 0;
                let before = planes.clone();
                // When brightness is clean, and at the end.
                let result = self.seen(planes, noise, &mut |c, planes| {
                    if c == 0 || c + 1 == planes.len() {
                        n += 1;
                        shown(n, planes);
                    }
                })?;
                if n == 0 {
                    // There is hardly any noise: the only step changes nothing.
                    in_opponent_colours(before, |planes| {
                        shown(1, &planes);
                        Ok(planes)
                    })?;
                }
                result
            }
        };
        if let Some(error) = failed {
            return Err(error);
        }
        work.give(0, result);
        Ok(())
    }

    fn protocol(&self, depth: Depth) -> String {
        let noise = match (&self.add_noise, depth) {
            (Some(AddNoise { what, seed }), _) => {
                format!("{} (seed {seed}) added first", what.describe())
            }
            (None, Depth::F32) => "noise as in the file, in float".to_owned(),
            (None, depth) => format!(
                "noise as in the file, clipped and rounded to {}",
                depth.name()
            ),
        };
        format!(
            "PSNR and SSIM of floats, result neither clipped nor rounded, over all channels, no border left \
             out; {noise}"
        )
    }
}

fn check_reference(picture: &Picture, reference: Option<&Picture>) -> Result<(), JobError> {
    let Some(reference) = reference else {
        return Ok(());
    };
    let key = |p: &Picture| (p.width(), p.height(), p.colours());
    if key(picture) == key(reference) {
        return Ok(());
    }
    Err(JobError::OtherReference {
        picture: picture.describe(),
        reference: reference.describe(),
    })
}
