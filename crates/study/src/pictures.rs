//! What became of pictures that were to be restored.

use crate::answer;
use std::path::Path;
use timestep_picture::noise::Noise;
use timestep_restore::job::Outcome;

answer! {
    /// A picture that was restored.
    pub struct RestoredPicture {
        /// `picture`.
        pub event: &'static str,
        /// The noisy picture.
        pub input: String,
        /// The file that was written.
        pub output: String,
        /// The method.
        pub method: String,
        /// Width in pixels.
        pub width: usize,
        /// Height in pixels.
        pub height: usize,
        /// Channels of the file.
        pub channels: usize,
        /// Type of its samples.
        pub depth: &'static str,
        /// Standard deviation of the noise of each colour channel (grey, or R, G, B), in units of 1/255 of the range.
        pub sigma: Vec<f64>,
        /// Whether it was estimated.
        pub estimated: bool,
        /// Noise of brightness at grey levels 16, 48, … 240; null where the level was given.
        pub curve: Option<Vec<f64>>,
        /// How much of it is left at half the resolution: 0.5 for white noise, more for a camera's; null without noise.
        pub coarseness: Option<f64>,
        /// How far the measurement can be relied on, from 0 to 1; null where the level was given.
        pub confidence: Option<f64>,
        /// Level of the noise that JPEG compression left, where that was removed because it is more than what was measured; else
        /// null.
        pub compression: Option<f64>,
        /// Noise level that each channel (grey, or luma and two of chroma) was restored with.
        pub levels: Vec<f64>,
        /// Tiles that the picture was cut into.
        pub tiles: usize,
        /// Seconds that it took, files, estimate and measures included.
        pub seconds: f64,
        /// PSNR of the result in dB; null without a clean picture.
        pub psnr: Option<f64>,
        /// SSIM of the result; null without a clean picture, and below 11×11 pixels.
        pub ssim: Option<f64>,
        /// PSNR of the noisy picture in dB.
        pub noisy_psnr: Option<f64>,
        /// SSIM of the noisy picture.
        pub noisy_ssim: Option<f64>,
        /// How both were measured.
        pub protocol: Option<String>,
    }
}

impl RestoredPicture {
    /// What became of a picture.
    pub fn new(input: String, output: String, method: &str, outcome: &Outcome) -> Self {
        let (picture, quality) = (&outcome.picture, outcome.quality.as_ref());
        let noise = outcome.noise.as_ref();
        Self {
            event: "picture",
            input,
            output,
            method: method.to_owned(),
            width: picture.width(),
            height: picture.height(),
            channels: picture.channels(),
            depth: picture.samples().depth().name(),
            sigma: outcome.sigmas.clone(),
            estimated: outcome.noise.is_some(),
            curve: noise.map(|n| n.channels[0].scales[0].levels.to_vec()),
            coarseness: noise.and_then(Noise::coarseness),
            confidence: noise.map(|n| n.confidence),
            compression: outcome.compression,
            levels: outcome.channels.clone(),
            tiles: outcome.tiles,
            seconds: outcome.seconds,
            psnr: quality.map(|q| q.psnr),
            ssim: quality.and_then(|q| q.ssim),
            noisy_psnr: quality.map(|q| q.noisy_psnr),
            noisy_ssim: quality.and_then(|q| q.noisy_ssim),
            protocol: quality.map(|q| q.protocol.clone()),
        }
    }
}

answer! {
    /// A sheet of strengths that was written (`--preview`).
    pub struct PreviewedPicture {
        /// `preview`.
        pub event: &'static str,
        /// The noisy picture.
        pub input: String,
        /// The sheet.
        pub output: String,
        /// The method.
        pub method: String,
        /// Strengths, from the second column on; the first is the picture.
        pub strengths: Vec<f64>,
        /// Standard deviation of the noise of each colour channel (grey, or R, G, B), in units of 1/255 of the range.
        pub sigma: Vec<f64>,
        /// Whether it was estimated.
        pub estimated: bool,
    }
}

impl PreviewedPicture {
    /// The sheet of a picture.
    pub fn new(
        input: &Path,
        output: &Path,
        method: &str,
        strengths: &[f64],
        outcome: &Outcome,
    ) -> Self {
        Self {
            event: "preview",
            input: input.display().to_string(),
            output: output.display().to_string(),
            method: method.to_owned(),
            strengths: strengths.to_vec(),
            sigma: outcome.sigmas.clone(),
            estimated: outcome.noise.is_some(),
        }
    }
}

answer! {
    /// A picture that is there already.
    pub struct SkippedPicture {
        /// `skipped`.
        pub event: &'static str,
        /// The noisy picture.
        pub input: String,
        /// The file that is there.
        pub output: String,
    }
}

answer! {
    /// A picture that could not be restored.
    pub struct FailedPicture {
        /// `failed`.
        pub event: &'static str,
        /// The picture.
        pub input: String,
        /// The error code.
        pub error: &'static str,
        /// What failed, in one sentence.
        pub message: String,
        /// What helps.
        pub hint: Option<String>,
    }
}

answer! {
    /// All pictures together, at the end.
    pub struct AllPictures {
        /// `summary`.
        pub event: &'static str,
        /// The method.
        pub method: String,
        /// Pictures that were restored.
        pub restored: usize,
        /// Pictures that were there already.
        pub skipped: usize,
        /// Pictures that could not be restored.
        pub failed: usize,
        /// Files in the folders that are no pictures.
        pub ignored: usize,
        /// Seconds that all took.
        pub seconds: f64,
        /// Mean PSNR of the results in dB; null without clean pictures.
        pub psnr: Option<f64>,
        /// Mean SSIM of the results.
        pub ssim: Option<f64>,
        /// Mean PSNR of the noisy pictures in dB.
        pub noisy_psnr: Option<f64>,
        /// Mean SSIM of the noisy pictures.
        pub noisy_ssim: Option<f64>,
        /// How the first was measured.
        pub protocol: Option<String>,
    }
}
