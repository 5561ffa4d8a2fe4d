//! How well is the noise level of clean grey pictures with added noise estimated?
//!
//!     cargo run --release --example noise_level -- FOLDER [EVERY]
//!
//! Prints the mean estimate, and the deviation of the estimates from the level that was added, as a share of it.

use std::error::Error;
use std::path::PathBuf;
use timestep_picture::{self as picture, sigma};

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, rest @ ..] = args.as_slice() else {
        return Err("usage: noise_level FOLDER [EVERY]".into());
    };
    let every: usize = rest.first().map_or(Ok(1), |s| s.parse())?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|e| Ok(e?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    files.retain(|f| picture::is_picture_name(f));
    files.sort();
    for level in [0.0, 2.0, 5.0, 10.0, 15.0, 25.0, 50.0, 75.0] {
        let mut found = Vec::new();
        for (index, file) in files.iter().enumerate().step_by(every) {
            let mut planes = picture::read(file, &picture::Memory::of_machine())?.planes();
            let plane = &mut planes[0];
            timestep_data::add_noise(plane.pixels_mut(), level, 0, index as u64);
            found.push(sigma::estimate(&planes[..1]));
        }
        let count = found.len() as f64;
        let mean = found.iter().sum::<f64>() / count;
        let squares = found.iter().map(|f| (f - level).powi(2)).sum::<f64>();
        let worst = found.iter().map(|f| (f - level).abs()).fold(0.0, f64::max);
        println!(
            "sigma {level:>4}: mean {mean:.3}, error {:.3} rms, {worst:.3} at most, {} pictures",
            (squares / count).sqrt(),
            found.len()
        );
    }
    Ok(())
}
