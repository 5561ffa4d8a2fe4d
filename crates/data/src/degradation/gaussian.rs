//! Additive white Gaussian noise, neither clipped nor rounded: the noise of the published tables.
//!
//! # What it does
//! An independent normal number of standard deviation `sigma` is added to every sample. Grey is drawn from the stream
//! `pixel noise` of the picture's number, channel `c` of a colour picture from that of the number plus `c · 2³²`.
//!
//! # Limits
//! No camera makes such noise: that of photographs depends on the brightness and is alike in neighbouring pixels, see
//! `camera`.
//!
//! # References
//! None: the law is as old as the normal distribution.

use super::{Degradation, DegradationFacts};
use timestep_numerics::random::Stream;
use timestep_picture::Plane;
use timestep_registry::{Facts, Kind, Range, Setting};

pub(super) static FACTS: DegradationFacts = DegradationFacts {
    named: Facts {
        settings: &[Setting::number(
            "gaussian.sigma",
            25.0,
            Range::NotNegative,
            "standard deviation of what is added, in grey levels of 0..255",
        )],
        aliases: &["awgn"],
        ..Facts::new(
            Kind::Degradation,
            "gaussian",
            "independent normal numbers are added to all samples",
            include_str!("gaussian.rs"),
        )
    },
    make: |values| {
        Box::new(Gaussian {
            sigma: values.number("sigma"),
        })
    },
};

/// Additive white Gaussian noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gaussian {
    /// Its standard deviation in grey levels.
    pub sigma: f64,
}

impl Degradation for Gaussian {
    fn facts(&self) -> &'static DegradationFacts {
        &FACTS
    }

    fn apply(&self, planes: &[Plane], seed: u64, image: u64) -> Vec<Plane> {
        let mut planes = planes.to_vec();
        for (c, plane) in (0u64..).zip(&mut planes) {
            let stream = image.wrapping_add(c << 32);
            add_noise(plane.pixels_mut(), self.sigma, seed, stream);
        }
        planes
    }

    fn sigma(&self) -> Option<f64> {
        Some(self.sigma)
    }

    fn describe(&self) -> String {
        format!("noise of sigma {}, neither clipped nor rounded", self.sigma)
    }
}

/// Adds Gaussian noise of standard deviation `sigma` to `pixels`, in place, neither clipped nor rounded.
///
/// `image` is the picture's number in its set, so that every picture has noise of its own: the normal
/// numbers of the stream `pixel noise` of time 0 and that image, one for each pixel. Sums are rounded to `f32`.
///
/// ```
/// let mut pixels = [100.0_f32; 4];
/// timestep_data::add_noise(&mut pixels, 25.0, 0, 0);
/// assert!(pixels[0] != pixels[1]);
/// ```
pub fn add_noise(pixels: &mut [f32], sigma: f64, seed: u64, image: u64) {
    let mut stream = Stream::new(seed, "pixel noise", 0, image);
    for pixel in pixels {
        *pixel = (f64::from(*pixel) + sigma * stream.normal()) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_its_moments_and_repeats() {
        let draw = |seed, image| {
            let mut pixels = vec![0.0_f32; 100_001];
            add_noise(&mut pixels, 10.0, seed, image);
            pixels
        };
        let noise = draw(1, 2);
        assert_eq!(noise, draw(1, 2));
        assert_ne!(noise, draw(2, 2));
        assert_ne!(noise, draw(1, 3));
        let moment = |p: i32| {
            noise
                .iter()
                .map(|x| f64::from(*x / 10.0).powi(p))
                .sum::<f64>()
                / noise.len() as f64
        };
        assert!(moment(1).abs() < 0.01);
        assert!((moment(2) - 1.0).abs() < 0.015);
        assert!(moment(3).abs() < 0.03);
        assert!((moment(4) - 3.0).abs() < 0.1);
    }
}
