//! What `timestep denoise` prints for programs; people get a line for each picture while they wait.

use timestep_picture::noise::Noise;
use timestep_restore::job::Outcome;
use timestep_study::answer;

answer! {
    /// A picture that was restored.
    pub(crate) struct RestoredPicture {
        /// `picture`.
        pub(crate) event: &'static str,
        /// The noisy picture.
        pub(crate) input: String,
        /// The file that was written.
        pub(crate) output: String,
        /// The method.
        pub(crate) method: String,
        /// Width in pixels.
        pub(crate) width: usize,
        /// Height in pixels.
        pub(crate) height: usize,
        /// Channels of the file.
        pub(crate) channels: usize,
        /// Type of its samples.
        pub(crate) depth: &'static str,
        /// Standard deviation of the noise of each colour channel (grey, or R, G, B), in units of 1/255 of the range.
        pub(crate) sigma: Vec<f64>,
        /// Whether it was estimated.
        pub(crate) estimated: bool,
        /// Noise of brightness at grey levels 16, 48, … 240; null where the level was given.
        pub(crate) curve: Option<Vec<f64>>,
        /// How much of it is left at half the resolution: 0.5 for white noise, more for a camera's; null without noise.
        pub(crate) coarseness: Option<f64>,
        /// How far the measurement can be relied on, from 0 to 1; null where the level was given.
        pub(crate) confidence: Option<f64>,
        /// Noise level that each channel (grey, or luma and two of chroma) was restored with.
        pub(crate) levels: Vec<f64>,
        /// Tiles that the picture was cut into.
        pub(crate) tiles: usize,
        /// Seconds that it took, files, estimate and measures included.
        pub(crate) seconds: f64,
        /// PSNR of the result in dB; null without a clean picture.
        pub(crate) psnr: Option<f64>,
        /// SSIM of the result; null without a clean picture, and below 11×11 pixels.
        pub(crate) ssim: Option<f64>,
        /// PSNR of the noisy picture in dB.
        pub(crate) noisy_psnr: Option<f64>,
        /// SSIM of the noisy picture.
        pub(crate) noisy_ssim: Option<f64>,
        /// How both were measured.
        pub(crate) protocol: Option<String>,
    }
}

impl RestoredPicture {
    /// What became of a picture.
    pub(crate) fn new(input: String, output: String, method: &str, outcome: &Outcome) -> Self {
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
    /// A picture that is there already.
    pub(crate) struct SkippedPicture {
        /// `skipped`.
        pub(crate) event: &'static str,
        /// The noisy picture.
        pub(crate) input: String,
        /// The file that is there.
        pub(crate) output: String,
    }
}

answer! {
    /// A picture that could not be restored.
    pub(crate) struct FailedPicture {
        /// `failed`.
        pub(crate) event: &'static str,
        /// The picture.
        pub(crate) input: String,
        /// The error code.
        pub(crate) error: &'static str,
        /// What failed, in one sentence.
        pub(crate) message: String,
        /// What helps.
        pub(crate) hint: Option<String>,
    }
}

answer! {
    /// All pictures together, at the end.
    pub(crate) struct AllPictures {
        /// `summary`.
        pub(crate) event: &'static str,
        /// The method.
        pub(crate) method: String,
        /// Pictures that were restored.
        pub(crate) restored: usize,
        /// Pictures that were there already.
        pub(crate) skipped: usize,
        /// Pictures that could not be restored.
        pub(crate) failed: usize,
        /// Files in the folders that are no pictures.
        pub(crate) ignored: usize,
        /// Seconds that all took.
        pub(crate) seconds: f64,
        /// Mean PSNR of the results in dB; null without clean pictures.
        pub(crate) psnr: Option<f64>,
        /// Mean SSIM of the results.
        pub(crate) ssim: Option<f64>,
        /// Mean PSNR of the noisy pictures in dB.
        pub(crate) noisy_psnr: Option<f64>,
        /// Mean SSIM of the noisy pictures.
        pub(crate) noisy_ssim: Option<f64>,
        /// How the first was measured.
        pub(crate) protocol: Option<String>,
    }
}
