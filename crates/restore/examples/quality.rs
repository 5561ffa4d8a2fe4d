//! What PSNR and SSIM does a method reach on a folder of clean grey pictures?
//!
//!     cargo run --release --example quality -- METHOD[:MODEL] SIGMA FOLDER [SEEDS] [EVERY] [--json]
//!
//! Noise is added in f32, neither clipped nor rounded; floats are compared, no border is left out; the mean over pictures and
//! seeds is printed. EVERY takes each n-th picture only (6: 12 of the 68). With `--json` one line per seed, for
//! `bench/quality.py`.

use std::error::Error;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::time::Instant;
use timestep_picture::{Plane, metrics};
use timestep_restore::methods;

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn say(line: std::fmt::Arguments<'_>) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}

/// Who has read enough (`| head`) ends the program.
fn main() -> Result<(), Box<dyn Error>> {
    let enough = |error: &std::io::Error| error.kind() == ErrorKind::BrokenPipe;
    match run() {
        Err(error) if error.downcast_ref().is_some_and(enough) => Ok(()),
        other => other,
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let (flags, args): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|a| a == "--json");
    let [key, sigma, folder, rest @ ..] = args.as_slice() else {
        return Err("usage: quality METHOD SIGMA FOLDER [SEEDS] [EVERY] [--json]".into());
    };
    let sigma: f64 = sigma.parse()?;
    let seeds: u64 = rest.first().map_or(Ok(1), |s| s.parse())?;
    let every: usize = rest.get(1).map_or(Ok(1), |s| s.parse())?;
    // METHOD or METHOD:MODEL.
    let (name, model) = key
        .split_once(':')
        .map_or((key.as_str(), None), |(k, m)| (k, Some(m.into())));
    let method = methods::make(name, &methods::MethodOptions { model })?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|e| Ok(e?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    files.retain(|f| f.extension().is_some_and(|e| e == "png"));
    files.sort();
    let (mut means, mut similar, mut all) = (Vec::new(), Vec::new(), 0.0);
    for seed in 0..seeds {
        let (mut psnr, mut ssim, mut seconds) = (Vec::new(), Vec::new(), 0.0);
        for (index, file) in files.iter().enumerate().step_by(every) {
            let grey = image::open(file)?.into_luma8();
            let (width, height) = (grey.width() as usize, grey.height() as usize);
            let clean: Vec<f32> = grey.pixels().map(|p| f32::from(p.0[0])).collect();
            let mut noisy = clean.clone();
            timestep_data::add_noise(&mut noisy, sigma, seed, index as u64);
            let clean = [Plane::new(width, height, clean)?];
            let noisy = Plane::new(width, height, noisy)?;
            let began = Instant::now();
            let restored = method.denoise(&[noisy], &[sigma])?;
            seconds += began.elapsed().as_secs_f64();
            psnr.push(metrics::psnr(&restored, &clean));
            ssim.extend(metrics::ssim(&restored, &clean));
        }
        means.push(mean(&psnr));
        similar.push(mean(&ssim));
        all += seconds;
        if flags.is_empty() {
            say(format_args!(
                "{key} sigma {sigma} seed {seed}: {:.4} dB, SSIM {:.4} over {} pictures",
                mean(&psnr),
                mean(&ssim),
                psnr.len()
            ))?;
        } else {
            say(format_args!(
                "{}",
                serde_json::json!({
                    "method": name, "asked": key, "sigma": sigma, "seed": seed, "pictures": psnr.len(),
                    "psnr": mean(&psnr), "ssim": mean(&ssim), "seconds": seconds,
                })
            ))?;
        }
    }
    if flags.is_empty() {
        say(format_args!(
            "mean {:.4} dB, SSIM {:.4}, {all:.2} s",
            mean(&means),
            mean(&similar)
        ))?;
    }
    Ok(())
}
