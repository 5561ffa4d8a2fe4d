//! # Blind reaction-diffusion (blind)
//!
//! ## What it is
//! Trained reaction-diffusion whose filters, influence functions and step sizes depend on the level of the noise, for
//! photographs of which nothing is known. The noise is measured (a curve over brightness at three resolutions, for each
//! channel), made alike at every brightness, and removed scale by scale: brightness at half and full resolution, colours at a
//! quarter; of finer colours what is much stronger than the noise is kept.
//!
//! ## Parameters
//! None of its own yet: every part (brightness or colours, one resolution) uses the bundled 5×5 model of `trd` that is nearest in
//! level; a grey picture whose noise reads as white uses the 7×7 one, as `trd` does when the level is known. [`Levels`] can learn models for some noise levels, between which all numbers are on a straight line over `ln σ`
//! (`crates/restore/examples/train_blind.rs`).
//!
//! ## When to use / when not
//! For photographs, and whenever the noise is unknown: it is what `denoise` does when nothing else is said. White noise that
//! reads as 3 grey levels or less stays, because clean photographs read so too, as does coarser noise of less than about 2 (in grey 3), and noise of grey pictures that is coarser than a
//! pixel may be read as too low where there is texture all over: then give `--sigma`. For white noise of a known level, as in
//! published tables, `trd` is made.
//!
//! ## Cost
//! One and a half planes of 5×5 `trd` for three channels; three where noise is white.
//!
//! ## References
//! Y. Chen, W. Yu, T. Pock: On learning optimized reaction diffusion processes for effective image restoration, CVPR 2015;
//! several resolutions: M. Lebrun, M. Colom, J.-M. Morel: Multiscale image blind denoising, IEEE Transactions on Image
//! Processing 24(10), 2015; a learned stopping time: X. Zhang, Y. Lu, J. Liu, B. Dong: Dynamically unfolding recurrent
//! restorer, ICLR 2019.
//!
//! # References
//! As above.

mod levels;

pub use levels::{Grouped, LevelObjective, Levels, Observed};

use crate::methods::{MethodOptions, weights};
use crate::photo::Part;
use crate::trd::{Model, Trd};
use crate::{Method, MethodFacts, RestoreError};
use timestep_picture::Plane;
use timestep_picture::tiles::{Need, Tiling};
use timestep_registry::{Facts, Kind};

/// What is known about the method.
pub(crate) static FACTS: MethodFacts = MethodFacts {
    named: Facts {
        references: &[
            "chen2015learning",
            "lebrun2015multiscale",
            "zhang2019dynamically",
        ],
        ..Facts::new(
            Kind::Method,
            "blind",
            "reaction-diffusion for photographs whose noise is unknown",
            include_str!("mod.rs"),
        )
    },
    make: |options| {
        let plain = models("trd-5x5", options)?;
        // A model that was named does all; it may come from a pipe, which is read once.
        let white = match &options.model {
            Some(_) => plain.clone(),
            None => models("trd-7x7", options)?,
        };
        Ok(Box::new(Blind {
            plain: Trd::new(&plain)?,
            white: Trd::new(&white)?,
        }))
    },
    format: None,
};

/// Bundled models of a size, or the one that the options name.
fn models(size: &str, options: &MethodOptions) -> Result<Vec<Model>, RestoreError> {
    let all = weights("trd", size, options)?;
    all.iter().map(|bytes| Model::from_bytes(bytes)).collect()
}

/// Reaction-diffusion for photographs.
#[derive(Debug)]
pub struct Blind {
    /// For parts of photographs.
    plain: Trd,
    /// For grey pictures of white noise.
    white: Trd,
}

impl Method for Blind {
    fn facts(&self) -> &'static MethodFacts {
        &FACTS
    }

    fn denoise(&self, planes: &[Plane], sigmas: &[f64]) -> Result<Vec<Plane>, RestoreError> {
        self.plain.denoise(planes, sigmas)
    }

    fn part(&self, part: Part, plane: Plane, level: f64) -> Result<Plane, RestoreError> {
        let model = if part.white { &self.white } else { &self.plain };
        model.owned(plane, level)
    }

    fn denoise_steps(
        &self,
        planes: &[Plane],
        sigmas: &[f64],
        show: &mut dyn FnMut(usize, &[Plane]),
    ) -> Result<Vec<Plane>, RestoreError> {
        self.plain.denoise_steps(planes, sigmas, show)
    }

    fn tiling(&self) -> Option<Tiling> {
        self.plain.tiling()
    }

    fn tiling_of_parts(&self, colours: usize) -> Option<Tiling> {
        if colours == 1 {
            self.white.tiling()
        } else {
            self.plain.tiling()
        }
    }

    fn need(&self) -> Need {
        self.plain.need()
    }
}
