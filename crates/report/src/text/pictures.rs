//! What is said of a picture that was restored: its noise, and how good it became.

use timestep_picture::noise::Noise;
use timestep_restore::job::{Outcome, Quality};

/// The noise levels of a picture in words.
#[must_use]
pub fn levels(outcome: &Outcome) -> String {
    if let Some(level) = outcome.compression {
        return format!("JPEG compression as noise {level:.1}");
    }
    if let Some(noise) = &outcome.noise {
        return measured_noise(noise);
    }
    match outcome.sigmas.as_slice() {
        [first, ..] => format!("sigma {first:.1}"),
        [] => String::new(),
    }
}

/// What was measured of the noise, in one line.
fn measured_noise(noise: &Noise) -> String {
    let curve = &noise.channels[0].scales[0];
    let colours = match noise.channels.as_slice() {
        [_, _, _] => {
            let both = noise.level(1, 0).hypot(noise.level(2, 0)) / 2.0_f64.sqrt();
            format!(", colours {both:.1}")
        }
        _ => String::new(),
    };
    let kind = match noise.coarseness() {
        None => return "hardly any noise".to_owned(),
        Some(share) if share > 0.58 => "coarse",
        Some(_) => "fine",
    };
    let doubt = if noise.trusted().level(0, 0) < 0.5 * noise.level(0, 0) {
        ", rather texture than noise"
    } else {
        ""
    };
    format!(
        "noise {:.1} (dark {:.1}, bright {:.1}{colours}, {kind}), confidence {:.2}{doubt}",
        noise.level(0, 0),
        curve.at(48.0),
        curve.at(208.0),
        noise.confidence
    )
}

/// PSNR and SSIM in words, before and after.
#[must_use]
pub fn measured(quality: &Quality) -> String {
    let similar = match (quality.noisy_ssim, quality.ssim) {
        (Some(before), Some(after)) => format!(", SSIM {before:.4} → {after:.4}"),
        _ => String::new(),
    };
    format!(
        "PSNR {:.2} → {:.2} dB{similar}",
        quality.noisy_psnr, quality.psnr
    )
}
