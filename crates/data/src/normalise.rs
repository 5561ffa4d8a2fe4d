//! What mean and deviation do the pixels have, and how do they become network input?

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::split::Split;

/// Per-channel shift and scale: a raw value `v` of 0..255 becomes `(v/255 - mean) / std`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalise {
    /// One mean for each channel, of values scaled to 0..1.
    pub mean: Vec<f32>,
    /// One standard deviation for each channel, of values scaled to 0..1; positive.
    pub std: Vec<f32>,
}

impl Normalise {
    /// Given statistics.
    ///
    /// # Errors
    /// [`DataError::BadNormalisation`] unless there are as many means as deviations, all finite,
    /// the deviations positive.
    pub fn new(mean: Vec<f32>, std: Vec<f32>) -> Result<Self, DataError> {
        let normalise = Self { mean, std };
        normalise.check(normalise.mean.len())?;
        Ok(normalise)
    }

    /// No shift and no scale: values of 0..1.
    #[must_use]
    pub fn identity(channels: usize) -> Self {
        Self {
            mean: vec![0.0; channels],
            std: vec![1.0; channels],
        }
    }

    /// The statistics of all pixels of a split: population mean and standard deviation.
    ///
    /// Computed from counts of the 256 values in integers, so they are exact up to the final
    /// rounding and the same for any number of threads. A channel whose pixels are all
    /// equal gets deviation 1: normalised, it is zero.
    ///
    /// # Errors
    /// [`DataError::NoImages`] for an empty split; what [`Split::fetch`] says of bad files.
    pub fn from_split(split: &Split) -> Result<Self, DataError> {
        if split.is_empty() {
            return Err(DataError::NoImages {
                purpose: "compute mean and deviation from",
            });
        }
        let counts = histograms(split)?;
        let (mean, std) = counts.iter().map(moments).unzip();
        Ok(Self { mean, std })
    }

    /// Checks the numbers, and that there is one of each for each channel.
    pub(crate) fn check(&self, channels: usize) -> Result<(), DataError> {
        let (means, stds) = (self.mean.len(), self.std.len());
        let fail = |problem: String| Err(DataError::BadNormalisation { problem });
        if means != channels || stds != channels {
            return fail(format!(
                "it has {means} means and {stds} deviations, and the images have {channels} \
                 channels"
            ));
        }
        if let Some(bad) = self.mean.iter().find(|m| !m.is_finite()) {
            return fail(format!("a mean is {bad}"));
        }
        if let Some(bad) = self.std.iter().find(|s| !(s.is_finite() && **s > 0.0)) {
            return fail(format!("a deviation is {bad}, and must be above 0"));
        }
        Ok(())
    }

    /// For each channel the network input of each of the 256 raw values.
    ///
    /// Single precision in the order division, difference, division, as `torchvision` computes
    /// it, so that a network sees the same bits there and here.
    pub(crate) fn tables(&self) -> Vec<[f32; 256]> {
        let channels = self.mean.iter().zip(&self.std);
        channels
            .map(|(mean, std)| std::array::from_fn(|v| (v as f32 / 255.0 - mean) / std))
            .collect()
    }
}

/// How often each raw value occurs in each channel.
fn histograms(split: &Split) -> Result<Vec<[u64; 256]>, DataError> {
    let (image, plane) = (split.shape().len(), split.shape().plane());
    let channels = split.shape().channels;
    let count = |bytes: &[u8]| {
        let mut counts = vec![[0u64; 256]; channels];
        for (i, part) in bytes.chunks_exact(plane.max(1)).enumerate() {
            let counts = &mut counts[i % channels];
            part.iter().for_each(|&v| counts[usize::from(v)] += 1);
        }
        counts
    };
    let add = |mut a: Vec<[u64; 256]>, b: Vec<[u64; 256]>| {
        for (a, b) in a.iter_mut().flatten().zip(b.iter().flatten()) {
            *a += b;
        }
        a
    };
    let zero = || vec![[0u64; 256]; channels];
    if let Some(bytes) = split.memory() {
        return Ok(bytes
            .par_chunks(image.max(1) * 64)
            .map(count)
            .reduce(zero, add));
    }
    // On demand: a few hundred images at a time, decoded in parallel by `fetch`.
    let mut total = zero();
    let all: Vec<u32> = (0..split.len() as u32).collect();
    for part in all.chunks(256) {
        total = add(total, count(&split.fetch(part)?));
    }
    Ok(total)
}

/// Mean and population deviation of values scaled to 0..1.
fn moments(counts: &[u64; 256]) -> (f32, f32) {
    let (mut n, mut sum, mut squares) = (0u128, 0u128, 0u128);
    for (v, &count) in counts.iter().enumerate() {
        let (v, count) = (v as u128, u128::from(count));
        n += count;
        sum += v * count;
        squares += v * v * count;
    }
    // n²·variance as an integer: no cancellation. 2^40 pixels stay below 2^97.
    let spread = n * squares - sum * sum;
    let scale = n as f64 * 255.0;
    let std = (spread as f64).sqrt() / scale;
    (
        (sum as f64 / scale) as f32,
        if spread == 0 { 1.0 } else { std as f32 },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ImageShape;

    #[test]
    fn agrees_with_the_naive_computation() {
        let shape = ImageShape::new(3, 2, 3);
        let pixels: Vec<u8> = (0..18u32 * 200)
            .map(|i| (i * i % 251 + i % 5) as u8)
            .collect();
        let split = Split::from_pixels(shape, pixels.clone(), vec![0; 200]).unwrap();
        let got = Normalise::from_split(&split).unwrap();
        for c in 0..3 {
            let values: Vec<f64> = pixels
                .chunks(18)
                .flat_map(|image| &image[c * 6..(c + 1) * 6])
                .map(|&v| f64::from(v) / 255.0)
                .collect();
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let var = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
            assert!((f64::from(got.mean[c]) - mean).abs() < 1e-7);
            assert!((f64::from(got.std[c]) - var.sqrt()).abs() < 1e-7);
        }
    }

    #[test]
    fn constant_channel_and_no_images() {
        let shape = ImageShape::new(1, 1, 1);
        let split = Split::from_pixels(shape, vec![51; 4], vec![0; 4]).unwrap();
        let got = Normalise::from_split(&split).unwrap();
        assert_eq!(
            got,
            Normalise {
                mean: vec![0.2],
                std: vec![1.0]
            }
        );
        assert_eq!(got.tables()[0][51], 0.0);
        let none = Split::from_pixels(shape, vec![], vec![]).unwrap();
        let error = Normalise::from_split(&none).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there are no images to compute mean and deviation from"
        );
    }

    #[test]
    fn bad_numbers_are_named() {
        let problem = |mean, std| Normalise::new(mean, std).unwrap_err().to_string();
        assert!(problem(vec![0.5], vec![0.0]).contains("a deviation is 0, and must be above 0"));
        assert!(problem(vec![f32::NAN], vec![1.0]).contains("a mean is NaN"));
        assert!(problem(vec![0.5, 0.5], vec![1.0]).contains("2 means and 1 deviations"));
    }
}
