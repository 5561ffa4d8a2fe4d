//! Cleans a picture in memory: noise is added to a plain scene, its level estimated, and TRD removes it.
//!
//!     cargo run --release --example denoise

#![allow(clippy::print_stdout)]

use timestep_data::add_noise;
use timestep_picture::{Plane, metrics, sigma};
use timestep_restore::methods::{self, MethodOptions};

/// A scene of edges and a slope, in grey levels of 0 to 255.
pub fn scene(width: usize, height: usize) -> Result<Plane, Box<dyn std::error::Error>> {
    let grey = |x: usize, y: usize| {
        let inside =
            x.abs_diff(width / 2).pow(2) + y.abs_diff(height / 2).pow(2) < (height / 3).pow(2);
        let slope = 60.0 + 40.0 * x as f32 / width as f32;
        if inside { 190.0 } else { slope }
    };
    let pixels = (0..width * height)
        .map(|i| grey(i % width, i / width))
        .collect();
    Ok(Plane::new(width, height, pixels)?)
}

/// PSNR of the noisy and of the cleaned scene in dB.
pub fn clean(noise: f64) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let scene = scene(192, 160)?;
    let mut noisy = scene.clone();
    add_noise(noisy.pixels_mut(), noise, 0, 0);
    let level = sigma::estimate(std::slice::from_ref(&noisy));
    println!("noise: {noise} added, {level:.1} estimated");
    let method = methods::make("trd", &MethodOptions::default())?;
    let cleaned = method.denoise(std::slice::from_ref(&noisy), &[level])?;
    let psnr = |picture: &[Plane]| metrics::psnr(picture, std::slice::from_ref(&scene));
    Ok((psnr(std::slice::from_ref(&noisy)), psnr(&cleaned)))
}

/// With noise of 25 grey levels.
pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (before, after) = clean(25.0)?;
    println!("PSNR {before:.2} dB, cleaned {after:.2} dB");
    Ok(())
}
