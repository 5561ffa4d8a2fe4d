//! How fast is the crate `bm3d_core` on white noise? A worker for `bench/denoising.py`, with the commands of
//! `bench/denoise_worker.py`. `RAYON_NUM_THREADS` sets the threads.
//!
//! Generic mode (white noise, no streaks), `f32`, with the settings that its README shows, which are nearest to the
//! published normal profile: blocks of 8, every third pixel, window of 39, up to 16 blocks. It works on a
//! picture stretched to 0..1, so the noise level is given on that scale.

use bm3d_core::{Bm3dConfig, RingRemovalMode, bm3d_ring_artifact_removal};
use ndarray::Array2;
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

fn read(command: &Value, key: &str, side: usize) -> Result<Array2<f32>, Box<dyn Error>> {
    let bytes = std::fs::read(command[key].as_str().ok_or("a file is missing")?)?;
    let pixels = bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    Ok(Array2::from_shape_vec((side, side), pixels.collect())?)
}

fn restore(command: &Value) -> Result<Value, Box<dyn Error>> {
    let side = command["side"].as_u64().ok_or("`side` must be a number")? as usize;
    let sigma = command["sigma"]
        .as_f64()
        .ok_or("`sigma` must be a number")? as f32;
    let (noisy, clean) = (read(command, "noisy", side)?, read(command, "clean", side)?);
    let low = noisy.iter().copied().fold(f32::INFINITY, f32::min);
    let high = noisy.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let config = Bm3dConfig {
        sigma_random: sigma / (high - low),
        step_size: 3,
        search_window: 39,
        ..Bm3dConfig::default()
    };
    let run = || bm3d_ring_artifact_removal(noisy.view(), RingRemovalMode::Generic, &config);
    for _ in 0..command["warm"].as_u64().unwrap_or(1) {
        run()?;
    }
    let (mut seconds, mut restored) = (Vec::new(), noisy.clone());
    for _ in 0..command["repeats"].as_u64().unwrap_or(1).max(1) {
        let began = Instant::now();
        restored = run()?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
    let squares: f64 = restored.iter().zip(&clean).map(square).sum();
    let psnr = 10.0 * (255.0 * 255.0 * (side * side) as f64 / squares).log10();
    Ok(json!({"seconds": seconds, "psnr": psnr}))
}

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "{}",
        json!({"ready": true, "name": "bm3d_core", "version": "0.9.0"})
    );
    for line in std::io::stdin().lock().lines() {
        let command: Value = serde_json::from_str(&line?)?;
        let reply = match command["cmd"].as_str() {
            Some("quit") => break,
            Some("restore") => {
                restore(&command).unwrap_or_else(|e| json!({"error": e.to_string()}))
            }
            other => json!({"error": format!("unknown command {other:?}")}),
        };
        println!("{reply}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
