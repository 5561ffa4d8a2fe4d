//! How well is the noise level of clean grey pictures with added noise estimated?
//!
//!     cargo run --release --example noise_level -- FOLDER [EVERY] [--csv]
//!
//! Prints the mean estimate, and the deviation of the estimates from the level that was added, as a share of it. With `--csv` a
//! table of what the program reads: means, mean and largest error, share of the pictures within a tenth.

use std::error::Error;
use std::path::PathBuf;
use timestep_picture::{self as picture, noise, sigma};

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn Error>> {
    let (flags, args): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|a| a == "--csv");
    let [folder, rest @ ..] = args.as_slice() else {
        return Err("usage: noise_level FOLDER [EVERY] [--csv]".into());
    };
    let every: usize = rest.first().map_or(Ok(1), |s| s.parse())?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|e| Ok(e?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    files.retain(|f| picture::is_picture_name(f));
    files.sort();
    if !flags.is_empty() {
        println!(
            "sigma,samples,mean,mean_error_percent,largest_error_percent,within_10_percent,pictures"
        );
    }
    for level in [
        0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 35.0, 50.0, 60.0, 75.0,
    ] {
        for clip in [false, true] {
            let mut found = [Vec::new(), Vec::new()];
            for (index, file) in files.iter().enumerate().step_by(every) {
                let mut planes = picture::read(file, &picture::Memory::of_machine())?.planes();
                let plane = &mut planes[0];
                timestep_data::add_noise(plane.pixels_mut(), level, 0, index as u64);
                if clip {
                    let pixels = plane.pixels_mut().iter_mut();
                    pixels.for_each(|v| *v = v.round().clamp(0.0, 255.0));
                }
                planes.truncate(1);
                found[0].push(sigma::estimate(&planes));
                let noise = noise::measure(std::slice::from_ref(&planes));
                found[1].push(noise.level(0, 0));
                if std::env::var_os("EACH").is_some() {
                    let half = sigma::estimate(&[planes[0].halved()]);
                    println!(
                        "{level} {clip} {index} classic {:.2} half {half:.2} measured {:.2} {:.2} {:.2} confidence {:.2} {:.1?}",
                        found[0][found[0].len() - 1],
                        noise.level(0, 0),
                        noise.level(0, 1),
                        noise.level(0, 2),
                        noise.confidence,
                        noise.channels[0].scales[0].levels
                    );
                }
            }
            let samples = if clip { "8 bit" } else { "float" };
            if !flags.is_empty() {
                if level > 0.0 {
                    row(level, samples, &found[1]);
                }
                continue;
            }
            for (found, name) in found.iter().zip(["white", "curve"]) {
                let count = found.len() as f64;
                let mean = found.iter().sum::<f64>() / count;
                let squares = found.iter().map(|f| (f - mean).powi(2)).sum::<f64>();
                let most = found.iter().copied().fold(0.0, f64::max);
                let least = found.iter().copied().fold(f64::MAX, f64::min);
                println!(
                    "sigma {level:>4} {} {name}: mean {mean:.2}, deviation {:.2}, {least:.2} to {most:.2}, {count} pictures",
                    samples,
                    (squares / count).sqrt()
                );
            }
        }
    }
    Ok(())
}

/// A row of the table.
#[allow(clippy::print_stdout)]
fn row(level: f64, samples: &str, found: &[f64]) {
    let count = found.len() as f64;
    let errors = found.iter().map(|f| 100.0 * (f / level - 1.0).abs());
    let errors: Vec<f64> = errors.collect();
    let within = errors.iter().filter(|e| **e <= 10.0).count();
    println!(
        "{level},{samples},{:.3},{:.2},{:.2},{:.3},{}",
        found.iter().sum::<f64>() / count,
        errors.iter().sum::<f64>() / count,
        errors.iter().copied().fold(0.0, f64::max),
        within as f64 / count,
        found.len()
    );
}
