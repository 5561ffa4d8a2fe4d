//! Block matching and 3-D filtering: BM3D.
//!
//! # What it is
//! Pictures repeat themselves. BM3D collects blocks that look alike, stacks them, and transforms
//! each stack in three dimensions: what the blocks share ends up in few large coefficients, noise
//! in all of them. Shrinking small coefficients removes the noise. Every pixel lies in many
//! blocks of many stacks; the result is their weighted mean.
//!
//! # The two steps
//! Reference blocks lie on a grid; `d(R, Q) = ‖R - Q‖² / block²` is searched for in a window of
//! 39×39 displacements, and the most similar blocks with `d < τ` (a power of two of them, the
//! reference first) are the group.
//!
//! 1. Hard thresholding. The groups of the noisy picture `z` are transformed (Bior1.5 on 8×8
//!    pixels, Haar across the group), coefficients up to `λ σ` are set to zero, and the blocks are
//!    transformed back. Mean with weights `1 / kept`, the number of coefficients that are left,
//!    times a Kaiser window: the basic estimate `b`.
//! 2. Wiener filter. Groups are searched for in `b`. The coefficients `Z` of the noisy group (DCT,
//!    Haar across) are multiplied by `W = B² / (B² + σ²)`, with those of the basic group `B`.
//!    Mean with weights `1 / ‖W‖²` times the window: the result.
//!
//! Colours: groups are searched for in the first channel only (luma), and every channel is
//! filtered in these groups with its own σ.
//!
//! # Parameters
//! Those of the authors: up to σ = 40 the normal profile, above it `vn`. The largest σ of all channels
//! that have noise decides.
//!
//! | | step 1 | step 2 | step 1, vn | step 2, vn |
//! |---|---|---|---|---|
//! | block | 8 | 8 | 8 | 11 |
//! | grid of references | 3 | 3 | 4 | 6 |
//! | blocks in a group, at most | 16 | 32 | 32 | 32 |
//! | τ, squared grey levels | 3000 | 400 | 25000 | 3500 |
//! | λ | 2.7 | | 2.8 | |
//!
//! Window: Kaiser, β = 2. The trick that enlarges the grid after groups with few coefficients is
//! left out: where a block is filtered then depends on its position only. Where the grid does not
//! end at the border of the picture, the picture is reflected by up to a step.
//!
//! # Cost
//! 1521 displacements for each reference block: more than half of the time is matching, on integers that
//! pixels are rounded to (quarters of a grey level). Time grows with the number of pixels; channels
//! share the matching. Memory: about 50 bytes per pixel and channel. Without vector instructions
//! (AVX2 or AVX-512) it takes about eight times as long.
//!
//! # Limits
//! White Gaussian noise of known σ. Rare texture is smoothed, for it has no partners; at high
//! noise flat parts show the patterns of the transforms. Pixels are matched as if they were
//! between -256 and 511 (-640 and 895 above σ = 64).
//!
//! # References
//! K. Dabov, A. Foi, V. Katkovnik, K. Egiazarian, Image denoising by sparse 3-D transform-domain
//! collaborative filtering, IEEE Transactions on Image Processing 16(8), 2007. Colours: the same
//! authors, Color image denoising via sparse 3D collaborative filtering with grouping constraint
//! in luminance-chrominance space, ICIP 2007.

mod group;
mod matching;
mod pad;
mod profile;
mod strip;
#[cfg(test)]
mod tests;
mod transform;

use crate::methods::untrained;
use crate::{Method, MethodFacts, RestoreError, check};
use matching::PairImage;
use pad::Padded;
use profile::{NORMAL, Profile, RADIUS, STRIP, Spec, VERY_NOISY};
use strip::{Channel, filter};
use timestep_kernels::{Isa, Kernels};
use timestep_picture::Plane;
use timestep_picture::tiles::{Need, Tiling};
use timestep_registry::{Facts, Kind};
use transform::{Bior, Dct8, Dct11};

/// What is known about BM3D without running it.
pub static FACTS: MethodFacts = MethodFacts {
    named: Facts {
        references: &["dabov2007image"],
        ..Facts::new(
            Kind::Method,
            "bm3d",
            "block matching and 3-D filtering",
            include_str!("mod.rs"),
        )
    },
    make: |options| untrained("bm3d", options, Bm3d::new()),
    format: None,
};

/// Block matching and 3-D filtering (Dabov, Foi, Katkovnik, Egiazarian 2007), grey and colour.
///
/// Equation, constants and limits: the documentation of this file, shown by `explain bm3d`.
#[derive(Clone, Copy, Debug)]
pub struct Bm3d {
    isa: Isa,
}

impl Default for Bm3d {
    fn default() -> Self {
        Self::new()
    }
}

impl Bm3d {
    /// BM3D with the instructions that suit this processor, or those that `TIMESTEP_ISA` names.
    #[must_use]
    pub fn new() -> Self {
        Self {
            isa: Kernels::detect().isa(),
        }
    }

    /// BM3D with the instructions of `isa`; `None` if this processor lacks them.
    ///
    /// Results of different instruction sets differ by rounding errors.
    #[must_use]
    pub fn with_isa(isa: Isa) -> Option<Self> {
        isa.available().then_some(Self { isa })
    }

    /// One step: `basic` holds the estimates of the step before, if there was one.
    fn step(
        self,
        profile: &Profile,
        planes: &[Plane],
        basic: Option<&[Plane]>,
        sigmas: &[f64],
    ) -> Vec<Plane> {
        let spec = if basic.is_some() {
            &profile.wiener
        } else {
            &profile.hard
        };
        let pad = |plane: &Plane| Padded::new(plane, spec.block, spec.step);
        let (like, noise) = match basic {
            Some(basic) => (&basic[0], 0.0),
            None => (&planes[0], sigmas[0]),
        };
        let pairs = PairImage::new(&pad(like), spec, noise);
        let noisy: Vec<usize> = (0..planes.len()).filter(|i| sigmas[*i] > 0.0).collect();
        let channels: Vec<Channel> = noisy
            .iter()
            .map(|&i| Channel {
                noisy: pad(&planes[i]),
                basic: basic.map(|b| pad(&b[i])),
                sigma: sigmas[i],
            })
            .collect();
        let filtered = self.dispatch(profile, &pairs, &channels, spec, basic.is_some());
        let mut out = planes.to_vec();
        for (i, values) in noisy.into_iter().zip(filtered) {
            let (width, across) = (
                out[i].width(),
                pad::padded(out[i].width(), spec.block, spec.step),
            );
            let rows = out[i].pixels_mut().chunks_exact_mut(width);
            for (to, from) in rows.zip(values.chunks_exact(across)) {
                to.copy_from_slice(&from[..width]);
            }
        }
        out
    }

    /// Chooses what is compiled for the constants of a step.
    fn dispatch(
        self,
        profile: &Profile,
        pairs: &PairImage,
        channels: &[Channel],
        spec: &Spec,
        second: bool,
    ) -> Vec<Vec<f32>> {
        match (*profile == NORMAL, second) {
            (true, false) => filter::<_, 3, 16>(self.isa, pairs, channels, spec, &Bior),
            (true, true) => filter::<_, 3, 32>(self.isa, pairs, channels, spec, &Dct8),
            (false, false) => filter::<_, 4, 32>(self.isa, pairs, channels, spec, &Bior),
            (false, true) => filter::<_, 6, 32>(self.isa, pairs, channels, spec, &Dct11::new()),
        }
    }
}

impl Method for Bm3d {
    fn facts(&self) -> &'static MethodFacts {
        &FACTS
    }

    fn denoise(&self, planes: &[Plane], sigmas: &[f64]) -> Result<Vec<Plane>, RestoreError> {
        check(planes, sigmas)?;
        let most = sigmas.iter().copied().fold(0.0, f64::max);
        if most == 0.0 {
            return Ok(planes.to_vec());
        }
        let profile = Profile::of(most);
        let basic = self.step(profile, planes, None, sigmas);
        Ok(self.step(profile, planes, Some(&basic), sigmas))
    }

    fn tiling(&self) -> Option<Tiling> {
        // A pixel of a step depends on blocks that cover it, their references, and the candidates
        // of these: twice the radius and a block less one. Both steps add up.
        let reach =
            |profile: &Profile| 4 * RADIUS + profile.hard.block - 1 + profile.wiener.block - 1;
        Some(Tiling {
            halo: reach(&NORMAL)
                .max(reach(&VERY_NOISY))
                .next_multiple_of(STRIP),
            grid: STRIP,
            // Measured: 51 with one channel; three have all but the rounded pixels three times.
        })
    }

    fn need(&self) -> Need {
        // Planes end where blocks do, with slack behind each row.
        Need {
            bytes_per_pixel: 160,
            border: (24, 16),
        }
    }
}
