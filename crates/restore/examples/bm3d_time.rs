//! How long does BM3D take? Best of several runs on a square picture.
//!
//!     cargo run --release --example bm3d_time -- SIDE SIGMA [RUNS] [FILE] [RESULT]
//!
//! FILE is raw little-endian f32, SIDE × SIDE, noise included; without one a synthetic picture is
//! used. RESULT is written in the same format. `RAYON_NUM_THREADS` sets the threads.

use std::error::Error;
use std::time::Instant;
use timestep_restore::{Bm3d, Method, Plane};

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let side: usize = args.first().ok_or("SIDE")?.parse()?;
    let sigma: f64 = args.get(1).ok_or("SIGMA")?.parse()?;
    let runs: usize = args.get(2).map_or(Ok(5), |r| r.parse())?;
    let pixels: Vec<f32> = if let Some(file) = args.get(3) {
        let bytes = std::fs::read(file)?;
        bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect()
    } else {
        let grey = |x: usize, y: usize| ((x / 9 * 37 + y / 13 * 61) % 200) as f32 + 0.1 * x as f32;
        let mut clean: Vec<f32> = (0..side * side).map(|i| grey(i % side, i / side)).collect();
        timestep_data::add_noise(&mut clean, sigma, 0, 0);
        clean
    };
    let plane = Plane::new(side, side, pixels)?;
    let mut best = f64::INFINITY;
    let mut out = Vec::new();
    for _ in 0..runs {
        let began = Instant::now();
        out = Bm3d::new().denoise(std::slice::from_ref(&plane), &[sigma])?;
        best = best.min(began.elapsed().as_secs_f64());
    }
    println!("{side}×{side}, sigma {sigma}: {:.1} ms", best * 1e3);
    if let Some(file) = args.get(4) {
        let bytes: Vec<u8> = out[0]
            .pixels()
            .iter()
            .flat_map(|p| p.to_le_bytes())
            .collect();
        std::fs::write(file, bytes)?;
    }
    Ok(())
}
