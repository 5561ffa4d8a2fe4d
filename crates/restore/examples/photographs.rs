//! How much does the restoration of photographs gain, with the noise of a camera added to clean colour pictures?
//!
//!     cargo run --release --example photographs -- FOLDER COUNT METHOD[:MODEL] [DEGRADATION…]
//!
//! For each degradation the mean PSNR before and after, the gain, and what was measured of the noise.

use std::error::Error;
use std::time::Instant;
use timestep_picture::{colour, metrics::psnr, metrics::ssim, noise, sigma};
use timestep_restore::methods;

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count, key, degradations @ ..] = args.as_slice() else {
        return Err("usage: photographs FOLDER COUNT METHOD DEGRADATION…".into());
    };
    let (name, model) = key
        .split_once(':')
        .map_or((key.as_str(), None), |(k, m)| (k, Some(m.into())));
    let method = methods::make(name, &methods::MethodOptions { model })?;
    let mut files = timestep_restore::learned::picture_files(folder.as_ref())?;
    let step = (files.len() / count.parse::<usize>()?.max(1)).max(1);
    files = files.into_iter().step_by(step).collect();
    for text in degradations {
        let what = timestep_data::degradation(text)?;
        let mut sums = [0.0; 8];
        for (i, file) in files.iter().enumerate() {
            let picture = timestep_picture::read(file, &timestep_picture::Memory::of_machine())?;
            if picture.colours() != 3 || picture.width().min(picture.height()) < 100 {
                continue;
            }
            let clean = picture.planes();
            let noisy = what.apply(&clean, 5, i as u64);
            let began = Instant::now();
            let mut planes: [timestep_picture::Plane; 3] = noisy.clone().try_into().expect("three");
            colour::to_opponent(&mut planes);
            let parts: Vec<Vec<_>> = sigma::parts(picture.width(), picture.height())
                .into_iter()
                .map(|[l, t, w, h]| planes.iter().map(|p| p.crop(l, t, w, h)).collect())
                .collect();
            let raw = noise::measure(&parts);
            let noise = raw.trusted();
            let measured = began.elapsed().as_secs_f64();
            let restored = timestep_restore::photo::restore(
                planes.into(),
                &noise,
                &|part, plane, level| method.part(part, plane, level),
                &mut |_, _| (),
            )?;
            let mut restored: [timestep_picture::Plane; 3] = restored.try_into().expect("three");
            colour::from_opponent(&mut restored);
            let restored: Vec<timestep_picture::Plane> = restored.into();
            let restored: Vec<_> = restored
                .iter()
                .map(|p| {
                    p.with_pixels(
                        p.pixels()
                            .iter()
                            .map(|v| v.round().clamp(0.0, 255.0))
                            .collect::<Vec<f32>>(),
                    )
                })
                .collect();
            let (before, after) = (psnr(&noisy, &clean), psnr(&restored, &clean));
            let similar =
                ssim(&restored, &clean).unwrap_or(0.0) - ssim(&noisy, &clean).unwrap_or(0.0);
            let all = [
                before,
                after,
                noise.level(0, 0),
                noise.level(1, 0),
                noise.confidence,
                similar,
                measured,
                1.0,
            ];
            if std::env::var_os("EACH").is_some() {
                println!(
                    "{}: {before:.2} {after:.2} Y {:.2} {:.2} {:.2} U {:.2} {:.2} {:.2} confidence {:.2}",
                    file.file_name().unwrap_or_default().to_string_lossy(),
                    noise.level(0, 0),
                    noise.level(0, 1),
                    noise.level(0, 2),
                    noise.level(1, 0),
                    noise.level(1, 1),
                    noise.level(1, 2),
                    noise.confidence
                );
            }
            for (sum, value) in sums.iter_mut().zip(all) {
                *sum += value;
            }
        }
        let [before, after, y, u, sure, similar, measured, count] = sums;
        println!(
            "{text}: {:.2} -> {:.2} dB, gain {:+.2}, SSIM {:+.3}; noise Y {:.1} U {:.1}, confidence {:.2}, measured in {:.0} ms, {count} pictures",
            before / count,
            after / count,
            (after - before) / count,
            similar / count,
            y / count,
            u / count,
            sure / count,
            1000.0 * measured / count
        );
    }
    Ok(())
}
