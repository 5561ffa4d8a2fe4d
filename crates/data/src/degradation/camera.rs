//! A photograph as a camera takes it: light, a sensor with noise behind a mosaic, and the processing to a file.
//!
//! # What it does
//! 1. Grey levels become linear light (the curve of sRGB), red and blue are divided by the gains of the white balance.
//! 2. Every element of Bayer's mosaic sees one colour. Its value is Poisson-Gaussian: `a · Poisson(x / a)` for the light
//!    `x` (1 is white), plus normal noise of variance `b`. `a = 8e-7 · ISO`, `ln b = 2.18 ln a + 1.2`.
//! 3. White balance, demosaicing, clipping to white and black, the curve of sRGB, 8 bits, and JPEG of quality `quality`.
//!
//! For each picture the gains of the white balance are drawn (red 1.6 to 2.4, blue 1.3 to 1.9) and `a` and `b` vary by a
//! quarter about their formulas. `iso=0` draws the sensitivity (100 to 12800, as often in every octave), `quality=0` the
//! quality (60 to 98); `quality=100` stores without loss. Grey pictures are seen as grey scenes and become grey again.
//!
//! # Limits
//! No lens, no colour matrix, no sharpening, no defects and no banding of the sensor; its black level is known exactly.
//!
//! # References
//! A. Foi, M. Trimeche, V. Katkovnik, K. Egiazarian: Practical Poissonian-Gaussian noise modeling and fitting for
//! single-image raw-data, IEEE Transactions on Image Processing 17(10), 2008; the relation of `a` and `b`: T. Brooks et al.:
//! Unprocessing images for learned raw denoising, CVPR 2019; demosaicing: H. S. Malvar, L. He, R. Cutler: High-quality linear
//! interpolation for demosaicing of Bayer-patterned color images, ICASSP 2004.

use super::jpeg::stored;
use super::mosaic::{colour, demosaic};
use super::{Degradation, DegradationFacts};
use timestep_numerics::random::Stream;
use timestep_picture::Plane;
use timestep_registry::{Facts, Kind, Range, Setting};

pub(super) static FACTS: DegradationFacts = DegradationFacts {
    named: Facts {
        settings: &[
            Setting::number(
                "camera.iso",
                6400.0,
                Range::NotNegative,
                "sensitivity; 0 draws one for each picture",
            ),
            Setting::number(
                "camera.quality",
                90.0,
                Range::NotNegative,
                "quality of the JPEG file; 0 draws one from 60 to 98 for each picture, 100 stores without loss",
            ),
            Setting::word(
                "camera.demosaic",
                &["malvar", "bilinear", "drawn"],
                "how missing colours are filled in: with gradients of the others, bilinear, or either for each picture",
            ),
        ],
        references: &[
            "foi2008practical",
            "brooks2019unprocessing",
            "malvar2004demosaicing",
        ],
        ..Facts::new(
            Kind::Degradation,
            "camera",
            "noise of a sensor behind a mosaic, demosaicing, JPEG",
            include_str!("camera.rs"),
        )
    },
    make: |values| {
        Box::new(Camera {
            iso: values.number("iso"),
            quality: values.number("quality").round().clamp(0.0, 100.0) as u8,
            demosaic: match values.word("demosaic") {
                "bilinear" => Some(false),
                "drawn" => None,
                _ => Some(true),
            },
        })
    },
};

/// A camera.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// Sensitivity; 0 draws one from 100 to 12800 for each picture.
    pub iso: f64,
    /// Quality of the JPEG file; 0 draws one from 60 to 98 for each picture, 100 stores without loss.
    pub quality: u8,
    /// Whether missing colours are filled in with gradients of the others, or bilinear; `None` draws.
    pub demosaic: Option<bool>,
}

/// What is drawn for one picture.
struct Shot {
    gains: [f64; 3],
    a: f64,
    b: f64,
    gradients: bool,
    quality: u8,
}

impl Camera {
    fn shot(&self, seed: u64, image: u64) -> Shot {
        let mut stream = Stream::new(seed, "camera", 0, image);
        let mut between = |low: f64, high: f64| low + (high - low) * stream.unit();
        // Everything is drawn, used or not, so that one setting does not change what another draws.
        let gains = [between(1.6, 2.4), 1.0, between(1.3, 1.9)];
        let iso = 100.0 * 2.0_f64.powf(between(0.0, 7.0));
        let (vary_a, vary_b) = (between(0.75, 1.25), between(0.75, 1.25));
        let gradients = between(0.0, 1.0) < 0.5;
        let quality = between(60.0, 99.0).floor() as u8;
        let a = 8e-7 * if self.iso == 0.0 { iso } else { self.iso };
        Shot {
            gains,
            a: a * vary_a,
            b: (2.18 * a.ln() + 1.2).exp() * vary_b,
            gradients: self.demosaic.unwrap_or(gradients),
            quality: if self.quality == 0 {
                quality
            } else {
                self.quality
            },
        }
    }
}

impl Degradation for Camera {
    fn facts(&self) -> &'static DegradationFacts {
        &FACTS
    }

    fn apply(&self, planes: &[Plane], seed: u64, image: u64) -> Vec<Plane> {
        let mut shot = self.shot(seed, image);
        let size = (planes[0].width(), planes[0].height());
        let colours = planes.len() == 3;
        if !colours {
            shot.gains = [1.0; 3];
        }
        let mut stream = Stream::new(seed, "sensor noise", 0, image);
        let light: Vec<f32> = (0..=255 * LEVELS)
            .map(|i| to_light(f64::from(i) / f64::from(255 * LEVELS)) as f32)
            .collect();
        let lit = |grey: f32| {
            let at = grey.clamp(0.0, 255.0) * LEVELS as f32;
            light[at.round() as usize]
        };
        let deviation = shot.b.sqrt();
        let seen: Vec<f32> = (0..size.0 * size.1)
            .map(|i| {
                let c = colour(i % size.0, i / size.0);
                let plane = &planes[if colours { c } else { 0 }];
                let x = f64::from(lit(plane.pixels()[i])) / shot.gains[c];
                let counted = shot.a * poisson(&mut stream, x / shot.a);
                let value = (counted + deviation * stream.normal()).min(1.0);
                (value * shot.gains[c]) as f32
            })
            .collect();
        let channels = demosaic(&seen, size, shot.gradients);
        let developed = channels.map(|channel| {
            let pixels = channel
                .into_iter()
                .map(|x| (255.0 * from_light(f64::from(x).clamp(0.0, 1.0))).round() as f32);
            planes[0].with_pixels(pixels.collect::<Vec<f32>>())
        });
        let developed: Vec<Plane> = if colours {
            developed.into()
        } else {
            // Luma of ITU-R BT.601, as it is stored.
            let [r, g, b] = &developed;
            let grey = r.pixels().iter().zip(g.pixels()).zip(b.pixels());
            let grey = grey.map(|((r, g), b)| (0.299 * r + 0.587 * g + 0.114 * b).round());
            vec![r.with_pixels(grey.collect::<Vec<f32>>())]
        };
        match shot.quality {
            100 => developed,
            quality => stored(&developed, quality),
        }
    }

    fn describe(&self) -> String {
        let or = |drawn: bool, what: String| if drawn { "drawn".to_owned() } else { what };
        format!(
            "noise of a camera: ISO {}, {} demosaicing, quality {}, in 8 bit",
            or(self.iso == 0.0, self.iso.to_string()),
            match self.demosaic {
                Some(true) => "Malvar's",
                Some(false) => "bilinear",
                None => "drawn",
            },
            match self.quality {
                100 => "without loss".to_owned(),
                quality => or(quality == 0, format!("{quality} (JPEG)")),
            },
        )
    }
}

/// Entries of the table of light for a grey level: noise-free pictures may have values between whole levels.
const LEVELS: u32 = 16;

/// Linear light of a stored value, both from 0 to 1 (sRGB).
fn to_light(v: f64) -> f64 {
    if v <= 0.04045 {
        v / 12.92
    } else {
        ((v + 0.055) / 1.055).powf(2.4)
    }
}

/// The stored value of linear light.
fn from_light(x: f64) -> f64 {
    if x <= 0.003_130_8 {
        12.92 * x
    } else {
        1.055 * x.powf(1.0 / 2.4) - 0.055
    }
}

/// A Poisson number of this mean.
fn poisson(stream: &mut Stream, mean: f64) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    if mean < 30.0 {
        // How many exponential waiting times fit.
        let (limit, mut product, mut count) = ((-mean).exp(), stream.open_unit(), 0.0);
        while product > limit {
            product *= stream.open_unit();
            count += 1.0;
        }
        return count;
    }
    // Square roots of such counts are nearly normal: right mean, variance and most of the skewness.
    let z = stream.normal();
    (mean + mean.sqrt() * z + (z * z - 1.0) / 6.0)
        .round()
        .max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(grey: f32) -> Vec<Plane> {
        vec![Plane::filled(96, 96, grey).expect("fits"); 3]
    }

    fn deviation(planes: &[Plane]) -> f64 {
        let all: Vec<f64> = planes[1].pixels().iter().map(|v| f64::from(*v)).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        (all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / all.len() as f64).sqrt()
    }

    #[test]
    fn counts_have_the_moments_of_poissons_law() {
        for mean in [0.3, 4.0, 29.0, 80.0] {
            let mut stream = Stream::new(1, "test", 0, 0);
            let all: Vec<f64> = (0..40_000).map(|_| poisson(&mut stream, mean)).collect();
            let m = all.iter().sum::<f64>() / 4e4;
            let v = all.iter().map(|x| (x - m).powi(2)).sum::<f64>() / 4e4;
            let s = all.iter().map(|x| (x - m).powi(3)).sum::<f64>() / 4e4;
            assert!((m / mean - 1.0).abs() < 0.02, "{mean}: {m}");
            assert!((v / mean - 1.0).abs() < 0.04, "{mean}: {v}");
            assert!((s / mean - 1.0).abs() < 0.4, "{mean}: {s}");
        }
    }

    #[test]
    fn light_and_grey_levels_are_inverse() {
        for i in 0..=255 {
            let v = f64::from(i) / 255.0;
            assert!((from_light(to_light(v)) - v).abs() < 1e-6);
        }
    }

    #[test]
    fn noise_grows_with_sensitivity_is_correlated_and_leaves_the_mean() {
        let camera = |iso: f64, quality| Camera {
            iso,
            quality,
            demosaic: Some(true),
        };
        let noise = |iso| deviation(&camera(iso, 100).apply(&flat(120.0), 1, 0));
        assert!(noise(100.0) < 2.0, "{}", noise(100.0));
        assert!(noise(1600.0) > 1.7 * noise(400.0));
        assert!((5.0..15.0).contains(&noise(6400.0)), "{}", noise(6400.0));
        let shot = camera(6400.0, 100).apply(&flat(120.0), 1, 0);
        let mean = shot[1].pixels().iter().sum::<f32>() / (96.0 * 96.0);
        assert!((mean - 120.0).abs() < 1.5, "{mean}");
        let neighbours: f32 = (0..95)
            .map(|x| (shot[0].row(40)[x] - 120.0) * (shot[0].row(40)[x + 1] - 120.0))
            .sum();
        assert!(neighbours > 0.0);
    }
}
