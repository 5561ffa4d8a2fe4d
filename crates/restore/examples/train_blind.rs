//! Trains the models of `blind`: part by part, coarse before fine, on the noise of cameras and on white noise.
//!
//!     cargo run --release --example train_blind -- COLOUR GREY OUT EVALUATIONS PIXELS
//!
//! COLOUR and GREY are folders of clean pictures; grey ones teach brightness only. A part learns from about PIXELS pixels: of every
//! picture a cut, whose noise is what was measured in the whole picture. Every part leaves a file for each knot,
//! `OUT/y1-0.safetensors` and so on; what is there already is not trained again, and a part that was interrupted goes on from
//! the best models so far.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;
use timestep_data::{Camera, Degradation, Gaussian};
use timestep_numerics::random::Stream;
use timestep_picture::noise::{Noise, measure};
use timestep_picture::{Memory, Plane, colour};
use timestep_restore::RestoreError;
use timestep_restore::blind::{Grouped, LevelObjective, Levels, Observed};
use timestep_restore::learned::{Fit, Sample, Trainable, fit, picture_files};
use timestep_restore::methods::bundled;
use timestep_restore::photo::{self, Part};
use timestep_restore::trd::Model;

type Failure = Box<dyn Error>;

const KNOTS: [f64; 4] = [2.0, 6.0, 18.0, 54.0];
/// Pixels to a side of the cut of a picture: a multiple of 4, so that it is halved as the picture is.
const CUT: usize = 192;
/// Pixels to a side of what a part learns from at its resolution.
const SIDE: usize = 80;

/// A picture with noise: channels in opponent colours, what was measured, and the brightness at half and a quarter.
struct Shot {
    clean: Vec<Plane>,
    noisy: Vec<Plane>,
    noise: Noise,
    brightness: Vec<Plane>,
}

fn opponent(planes: Vec<Plane>) -> Vec<Plane> {
    match <[Plane; 3]>::try_from(planes) {
        Ok(mut rgb) => {
            colour::to_opponent(&mut rgb);
            rgb.into()
        }
        Err(planes) => planes,
    }
}

/// What happens to picture `number`: three of four are photographs, the others have white noise, in 8 bits.
fn degraded(planes: &[Plane], number: u64) -> Vec<Plane> {
    let mut stream = Stream::new(11, "training", 0, number);
    let share = stream.unit();
    if share < 0.75 {
        let camera = Camera {
            iso: 200.0 * 2.0_f64.powf(7.0 * stream.unit()),
            quality: if stream.unit() < 0.3 { 100 } else { 0 },
            demosaic: None,
        };
        return camera.apply(planes, 11, number);
    }
    let sigma = 2.0 * 30.0_f64.powf(stream.unit());
    let noisy = Gaussian { sigma }.apply(planes, 11, number);
    let rounded = noisy.iter().map(|plane| {
        let pixels = plane.pixels().iter().map(|v| v.round().clamp(0.0, 255.0));
        plane.with_pixels(pixels.collect::<Vec<f32>>())
    });
    rounded.collect()
}

fn shots(files: &[PathBuf]) -> Result<Vec<Shot>, Failure> {
    let mut all = Vec::new();
    for (number, file) in (0..).zip(files) {
        let planes = timestep_picture::read(file, &Memory::of_machine())?.planes();
        let noisy = opponent(degraded(&planes, number));
        let noise = measure(std::slice::from_ref(&noisy)).trusted();
        let mut stream = Stream::new(11, "cut", 0, number);
        let place = |length: usize, share: f64| {
            (length.saturating_sub(CUT) as f64 * share) as usize / 4 * 4
        };
        let at = (
            place(noisy[0].width(), stream.unit()),
            place(noisy[0].height(), stream.unit()),
        );
        let cuts = |planes: Vec<Plane>| -> Vec<Plane> {
            planes.iter().map(|plane| cut(plane, at, CUT)).collect()
        };
        let noisy = cuts(noisy);
        let half = noisy[0].halved();
        let brightness = vec![half.clone(), half.halved()];
        all.push(Shot {
            clean: cuts(opponent(planes)),
            brightness,
            noisy,
            noise,
        });
    }
    Ok(all)
}

/// The part of a plane from a place on, at most so many pixels to a side.
fn cut(plane: &Plane, (x, y): (usize, usize), side: usize) -> Plane {
    let (width, height) = (side.min(plane.width() - x), side.min(plane.height() - y));
    let rows = (y..y + height).flat_map(|y| plane.row(y)[x..x + width].iter().copied());
    Plane::new(width, height, rows.collect()).expect("so many pixels were taken")
}

/// The middle of a plane, at most [`SIDE`] pixels to a side.
fn middle(plane: &Plane) -> Plane {
    let from = |length: usize| length.saturating_sub(SIDE) / 2;
    cut(plane, (from(plane.width()), from(plane.height())), SIDE)
}

fn name(part: Part) -> String {
    format!("{}{}", if part.chroma { "c" } else { "y" }, part.scale)
}

fn file(out: &Path, part: Part, knot: usize) -> PathBuf {
    out.join(format!("{}-{knot}.safetensors", name(part)))
}

fn saved(out: &Path, part: Part) -> Option<Levels> {
    let models: Option<Vec<Model>> = (0..KNOTS.len())
        .map(|k| Model::from_bytes(&std::fs::read(file(out, part, k)).ok()?).ok())
        .collect();
    Some(Levels {
        knots: KNOTS.to_vec(),
        models: models?,
    })
}

fn save(out: &Path, part: Part, levels: &Levels) -> Result<(), Failure> {
    for (k, model) in levels.models.iter().enumerate() {
        std::fs::write(file(out, part, k), model.to_bytes(&[])?)?;
    }
    Ok(())
}

fn start() -> Result<Levels, Failure> {
    let names = ["trd-5x5-s15", "trd-5x5-s25", "trd-5x5-s50"];
    let read = |name| Ok::<_, Failure>(Model::from_bytes(bundled(name).ok_or("missing")?)?);
    let given: Vec<Model> = names.into_iter().map(read).collect::<Result<_, _>>()?;
    Ok(Levels::start(&KNOTS, &given)?)
}

/// Pictures of a part as its models see them.
fn observed(
    shots: &[Shot],
    part: Part,
    most: usize,
    clean: photo::Clean<'_>,
) -> Result<Vec<Observed>, Failure> {
    let mut all = Vec::new();
    let mut pixels = 0;
    for shot in shots {
        let channels = match (part.chroma, shot.clean.len()) {
            (false, _) => 0..1,
            (true, 3) => 1..3,
            _ => continue,
        };
        for c in channels {
            if shot.noise.level(c, part.scale) < 0.8 || pixels > most {
                continue;
            }
            let (noise, scale) = (&shot.noise, part.scale);
            let state = photo::before(&shot.noisy[c], noise, c, scale, &shot.brightness, clean)?;
            let mut wanted = shot.clean[c].clone();
            for _ in 0..scale {
                wanted = wanted.halved();
            }
            let brightness = shot.brightness.get(scale.saturating_sub(1));
            let prepared = photo::prepared(noise, c, scale, state, brightness);
            let sample = Sample {
                clean: middle(&prepared.same(&wanted)),
                noisy: middle(&prepared.plane),
            };
            pixels += sample.clean.pixels().len();
            all.push(Observed {
                sample,
                level: prepared.level,
            });
        }
    }
    Ok(all)
}

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [colours, greys, out, evaluations, pixels] = args.as_slice() else {
        return Err("usage: train_blind COLOUR GREY OUT EVALUATIONS PIXELS".into());
    };
    let most = pixels.parse::<usize>()?;
    let (out, evaluations) = (Path::new(out), evaluations.parse::<usize>()?);
    std::fs::create_dir_all(out)?;
    let mut files = picture_files(colours.as_ref())?;
    files.extend(picture_files(greys.as_ref())?);
    // Every part of the training sees all kinds of pictures.
    Stream::new(11, "order", 0, 0).shuffle(&mut files);
    let began = Instant::now();
    let shots = shots(&files)?;
    println!(
        "{} pictures, {:.0} s",
        shots.len(),
        began.elapsed().as_secs_f64()
    );
    let mut done: Vec<(Part, Levels)> = Vec::new();
    // Details of colours are cleaned without a model.
    for part in &Part::ALL[..3] {
        let part = *part;
        let marker = out.join(format!("{}.done", name(part)));
        if let Some(levels) = saved(out, part).filter(|_| marker.exists()) {
            done.push((part, levels));
            continue;
        }
        let clean = |part, plane, level| cleaned(&done, part, plane, level);
        let observed = observed(&shots, part, most, &clean)?;
        let levels = match saved(out, part) {
            Some(levels) => levels,
            None => start()?,
        };
        let grouped = Grouped::new(&levels, &observed);
        println!(
            "{}: {} pictures, {:.0} s",
            name(part),
            observed.len(),
            began.elapsed().as_secs_f64()
        );
        let before = measured(&levels, &observed)?;
        let objective = LevelObjective::new(levels, &grouped)?;
        let mut failure = None;
        let each = &mut |n: usize, e: &timestep_restore::learned::Evaluation, best: &Levels| {
            println!(
                "{} {n}: {:.4}, {:.0} s",
                name(part),
                e.loss,
                began.elapsed().as_secs_f64()
            );
            if n % 10 == 9 {
                failure = save(out, part, best).err();
            }
            n < evaluations && failure.is_none()
        };
        let fitted = fit(
            &objective,
            evaluations,
            Fit {
                known: Vec::new(),
                each,
            },
        )?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        let after = measured(&fitted.model, &observed)?;
        println!(
            "{}: {} parameters, {before:.3} -> {after:.3} dB",
            name(part),
            objective.parameters().len()
        );
        save(out, part, &fitted.model)?;
        std::fs::write(marker, "")?;
        done.push((part, fitted.model));
    }
    Ok(())
}

/// A plane cleaned by the part that is trained, or as it is.
fn cleaned(
    done: &[(Part, Levels)],
    part: Part,
    plane: Plane,
    level: f64,
) -> Result<Plane, RestoreError> {
    match done.iter().find(|(known, _)| *known == part) {
        Some((_, levels)) => levels.clean(&plane, level),
        None => Ok(plane),
    }
}

/// Mean gain in PSNR over some of the pictures.
fn measured(levels: &Levels, observed: &[Observed]) -> Result<f64, Failure> {
    let some: Vec<&Observed> = observed.iter().step_by(7).collect();
    let mut gain = 0.0;
    for one in &some {
        let psnr = |a: &Plane| {
            timestep_picture::metrics::psnr(
                std::slice::from_ref(a),
                std::slice::from_ref(&one.sample.clean),
            )
        };
        gain += psnr(&levels.clean(&one.sample.noisy, one.level)?) - psnr(&one.sample.noisy);
    }
    Ok(gain / some.len().max(1) as f64)
}
