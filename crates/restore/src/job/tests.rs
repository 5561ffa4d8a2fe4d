//! Is a picture restored the same in any memory, measured as documented, and left alone when something fails?

use super::*;
use crate::Bm3d;
use crate::sample_method::Blur;
use std::path::{Path, PathBuf};
use timestep_picture::metrics;
use timestep_picture::{
    Format, Memory, PictureError, QUALITY, Samples, encode, read, read_bytes, write,
};

fn job() -> DenoiseJob<'static> {
    DenoiseJob {
        method: &Blur,
        sigma: Sigma::Given(10.0),
        strength: 1.0,
        luma: 1.0,
        chroma: 1.0,
        memory: None,
        add_noise: None,
    }
}

fn gaussian(sigma: f64, seed: u64) -> AddNoise {
    AddNoise {
        what: Arc::new(timestep_data::Gaussian { sigma }),
        seed,
    }
}

fn picture(size: (usize, usize), colours: usize, alpha: bool, depth: Depth) -> Picture {
    let count = size.0 * size.1 * (colours + usize::from(alpha));
    let wave = |i: usize| 0.5 + 0.4 * (i as f64 / 37.0).sin() * (i as f64 / 1013.0).cos();
    let samples = match depth {
        Depth::U8 => Samples::U8((0..count).map(|i| (wave(i) * 255.0) as u8).collect()),
        Depth::U16 => Samples::U16((0..count).map(|i| (wave(i) * 65_535.0) as u16).collect()),
        Depth::F32 => Samples::F32((0..count).map(|i| (wave(i) * 1.3 - 0.2) as f32).collect()),
    };
    Picture::new(size, colours, alpha, samples, Format::Png).expect("fits")
}

fn run(job: &DenoiseJob<'_>, picture: &Picture, reference: Option<&Picture>) -> Outcome {
    job.run(picture.clone(), 3, reference, None, &mut |_| true)
        .expect("restores")
}

#[test]
fn little_memory_gives_the_same_picture_and_the_same_numbers() {
    for (colours, alpha, depth) in [
        (1, false, Depth::U8),
        (3, true, Depth::U16),
        (3, false, Depth::F32),
    ] {
        // Higher than what a tile of measured noise depends on.
        let size = (97, 301);
        let picture = picture(size, colours, alpha, depth);
        for add_noise in [None, Some(gaussian(20.0, 5))] {
            // There is nothing to estimate in smooth waves.
            let sigma = add_noise
                .as_ref()
                .map_or(Sigma::Given(10.0), |_| Sigma::Auto);
            let mut job = DenoiseJob {
                add_noise,
                sigma,
                ..job()
            };
            let clean = picture.clone();
            let whole = run(&job, &picture, Some(&clean));
            assert_eq!(whole.tiles, 1);
            job.memory = Some(2 * picture.bytes() + job.needs(size, colours, false));
            let tiled = run(&job, &picture, Some(&clean));
            assert!(tiled.tiles > 1);
            assert!(tiled.picture == whole.picture && tiled.picture != picture);
            assert_eq!(tiled.sigmas, whole.sigmas);
            let key = |o: &Outcome| {
                let q = o.quality.as_ref().expect("measured");
                (
                    q.psnr.to_bits(),
                    q.ssim,
                    q.noisy_psnr.to_bits(),
                    q.noisy_ssim,
                )
            };
            assert_eq!(key(&tiled), key(&whole));
            job.memory = job.memory.map(|m| m - 1);
            let error = job.run(picture.clone(), 3, Some(&clean), None, &mut |_| true);
            let Err(JobError::TooLarge { needs, allowed }) = error else {
                panic!("one byte too few");
            };
            assert_eq!(needs, allowed + 1);
        }
    }
}

#[test]
fn without_noise_nothing_changes() {
    for depth in [Depth::U8, Depth::U16, Depth::F32] {
        for size in [(1, 1), (3, 7), (40, 30)] {
            let picture = picture(size, 3, true, depth);
            let job = DenoiseJob {
                sigma: Sigma::Given(0.0),
                ..job()
            };
            assert_eq!(run(&job, &picture, None).picture, picture);
            let job = DenoiseJob {
                strength: 0.0,
                ..self::job()
            };
            assert_eq!(run(&job, &picture, None).picture, picture);
        }
    }
    // Nothing is estimated where there is nothing: one grey, black.
    let black =
        Picture::new((20, 30), 1, false, Samples::U8(vec![0; 600]), Format::Png).expect("fits");
    let job = DenoiseJob {
        sigma: Sigma::Auto,
        ..job()
    };
    let outcome = run(&job, &black, None);
    assert_eq!((outcome.sigmas, outcome.picture), (vec![0.0], black));
}

#[test]
fn noise_and_its_measure_are_those_of_the_published_protocol() {
    // As examples/quality.rs does it, for picture number 3.
    let picture = picture((50, 40), 1, false, Depth::U8);
    let clean = picture.planes();
    let mut noisy = clean.clone();
    timestep_data::add_noise(noisy[0].pixels_mut(), 25.0, 7, 3);
    let restored = Blur.denoise(&noisy, &[25.0]).expect("restores");
    let noise = gaussian(25.0, 7);
    let job = DenoiseJob {
        sigma: Sigma::Given(25.0),
        add_noise: Some(noise),
        ..job()
    };
    let quality = run(&job, &picture, None).quality.expect("measured");
    assert!((quality.psnr - metrics::psnr(&restored, &clean)).abs() < 1e-9);
    assert!((quality.noisy_psnr - metrics::psnr(&noisy, &clean)).abs() < 1e-9);
    assert_eq!(quality.ssim, metrics::ssim(&restored, &clean));
    assert!(
        quality.protocol.contains("neither clipped nor rounded; ")
            || quality.protocol.contains("seed 7")
    );
    // Without noise added there is no clean picture but the reference.
    assert!(run(&self::job(), &picture, None).quality.is_none());
    let same = run(&self::job(), &picture, Some(&picture))
        .quality
        .expect("measured");
    assert!(same.noisy_psnr.is_infinite() && same.protocol.contains("rounded to 8 bit"));
}

#[test]
fn levels_are_scaled_channel_by_channel() {
    let picture = picture((30, 20), 3, false, Depth::U8);
    let job = DenoiseJob {
        strength: 2.0,
        luma: 0.5,
        chroma: 1.5,
        ..job()
    };
    let channels = run(&job, &picture, None).channels;
    for (found, expected) in channels.iter().zip([5.7735, 21.2132, 18.3712]) {
        assert!((found - expected).abs() < 1e-3, "{channels:?}");
    }
}

#[test]
fn a_level_is_estimated_for_each_colour() {
    let mut picture = picture((120, 100), 3, false, Depth::F32);
    let mut planes = picture.planes();
    for (c, sigma) in [(0, 5.0), (1, 10.0), (2, 20.0)] {
        planes[c] = Plane::filled(120, 100, 90.0).expect("fits");
        timestep_data::add_noise(planes[c].pixels_mut(), sigma, 0, c as u64);
    }
    picture.put(0, 0, &planes);
    let outcome = run(
        &DenoiseJob {
            sigma: Sigma::Auto,
            ..job()
        },
        &picture,
        None,
    );
    assert!(outcome.noise.is_some());
    for (found, expected) in outcome.sigmas.iter().zip([5.0, 10.0, 20.0]) {
        assert!(
            (found / expected - 1.0).abs() < 0.08,
            "{:?}",
            outcome.sigmas
        );
    }
}

#[test]
fn senseless_settings_are_refused() {
    for level in [-1.0, f64::NAN, f64::INFINITY, 1e6] {
        let job = DenoiseJob {
            sigma: Sigma::Given(level),
            ..job()
        };
        assert!(matches!(
            job.check(),
            Err(JobError::Restore(RestoreError::BadSigma(_)))
        ));
        let noise = gaussian(level, 0);
        assert!(
            DenoiseJob {
                add_noise: Some(noise),
                ..self::job()
            }
            .check()
            .is_err()
        );
        let job = DenoiseJob {
            chroma: level,
            ..self::job()
        };
        let error = job.check().expect_err("refused");
        assert!(error.to_string().starts_with("chroma") && error.hint().is_some());
    }
    let picture = picture((9, 9), 1, false, Depth::U8);
    let strong = DenoiseJob {
        strength: 100.0,
        ..job()
    };
    assert!(
        strong
            .run(picture.clone(), 0, None, None, &mut |_| true)
            .is_err()
    );
    let other = self::picture((9, 8), 1, false, Depth::U8);
    let error = job()
        .run(picture, 0, Some(&other), None, &mut |_| true)
        .expect_err("refused");
    assert!(error.to_string().contains("9×8 grey, 8 bit"), "{error}");
}

/// A folder with a picture, and files to restore it with.
fn files() -> (tempfile::TempDir, Files) {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    write(
        &at("a.png"),
        &picture((40, 30), 3, true, Depth::U16),
        QUALITY,
    )
    .expect("written");
    let files = Files {
        input: at("a.png"),
        output: Some(at("new/folder/a.png")),
        quality: QUALITY,
        ..Files::default()
    };
    (folder, files)
}

fn output(files: &Files) -> &Path {
    files.output.as_deref().expect("an output")
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<_> = entries
        .map(|e| e.expect("readable").file_name().into())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_restored_with_its_steps() {
    let (folder, mut files) = files();
    files.steps = Some(folder.path().join("steps"));
    files.reference = Some(files.input.clone());
    let outcome = restore_file(&job(), &files, &mut |_| true).expect("restores");
    let memory = Memory::of_machine();
    let written = read(output(&files), &memory).expect("readable");
    assert_eq!(written.samples(), outcome.picture.samples());
    assert_eq!(written.describe(), "40×30 RGB and alpha, 16 bit");
    let step = folder.path().join("steps/step-01.png");
    assert_eq!(
        read(&step, &memory).expect("readable").samples(),
        written.samples()
    );
    // Without steps, in tiles: the same.
    files.steps = None;
    let again = restore_file(&job(), &files, &mut |_| true).expect("restores");
    assert_eq!(again.picture, outcome.picture);
    assert!(again.quality.is_some());
}

#[test]
fn bytes_are_restored_as_the_file_of_them_and_nothing_is_written() {
    let (folder, mut files) = files();
    let written = restore_file(&job(), &files, &mut |_| true).expect("restores");
    std::fs::remove_file(output(&files)).expect("removed");
    files.content = Some(std::fs::read(&files.input).expect("readable"));
    (files.input, files.output) = ("-".into(), None);
    let outcome = restore_file(&job(), &files, &mut |_| true).expect("restores");
    assert_eq!(outcome.picture, written.picture);
    assert!(names(&folder.path().join("new/folder")).is_empty());
    files.content = Some(b"text".to_vec());
    let error = restore_file(&job(), &files, &mut |_| true).expect_err("no picture");
    assert!(error.to_string().contains("`-`"), "{error}");
}

#[test]
fn what_compression_left_is_removed_by_what_the_file_says() {
    // Waves and an edge, stored as JPEG.
    let size = (96, 80);
    let grey = |i: usize| {
        let (x, y) = ((i % size.0) as f32, (i / size.0) as f32);
        let wave = 120.0 + 50.0 * (x / 9.0).sin() * (y / 13.0).cos();
        if x + y < 70.0 { wave } else { wave / 2.0 }
    };
    for colours in [1, 3] {
        let samples = (0..size.0 * size.1).flat_map(|i| {
            [grey(i) as u8, (0.8 * grey(i)) as u8, 90]
                .into_iter()
                .take(colours)
        });
        let samples = Samples::U8(samples.collect());
        let clean = Picture::new(size, colours, false, samples, Format::Png).expect("fits");
        for (quality, is_removed) in [(10, true), (30, true), (90, false)] {
            let mut file = std::io::Cursor::new(Vec::new());
            encode(&mut file, &clean, Format::Jpeg, quality).expect("encodes");
            let stored = read_bytes(Path::new("a.jpg"), file.get_ref()).expect("a picture");
            let job = DenoiseJob {
                method: &Bm3d::default(),
                sigma: Sigma::Auto,
                ..job()
            };
            let outcome = run(&job, &stored, Some(&clean));
            let found = outcome.quality.expect("compared");
            assert_eq!(outcome.compression.is_some(), is_removed, "{quality}");
            if is_removed {
                assert!(found.psnr > found.noisy_psnr + 0.2, "{quality}: {found:?}");
            } else {
                assert_eq!(outcome.picture.samples(), stored.samples());
            }
        }
    }
}

#[test]
fn what_fails_leaves_no_file() {
    let (folder, files) = files();
    let out = folder.path().join("new/folder");
    let stopped = restore_file(&job(), &files, &mut |_| false);
    assert!(matches!(stopped, Err(JobError::Interrupted)));
    assert!(names(&out).is_empty());
    // What the output cannot hold is said before the work.
    let jpeg = Files {
        output: Some(out.join("a.jpg")),
        ..files.clone()
    };
    let error = restore_file(&job(), &jpeg, &mut |_| panic!("not begun")).expect_err("16 bit");
    assert!(
        matches!(error, JobError::Picture(PictureError::CannotHold { .. })),
        "{error}"
    );
    // A folder in the way.
    std::fs::create_dir_all(output(&files)).expect("a folder");
    assert!(restore_file(&job(), &files, &mut |_| true).is_err());
    assert_eq!(names(&out), [PathBuf::from("a.png")]);
    // A file in place of a folder.
    let blocked = Files {
        output: Some(files.input.join("a.png")),
        ..files.clone()
    };
    let error = restore_file(&job(), &blocked, &mut |_| true).expect_err("blocked");
    assert!(error.hint().is_some(), "{error}");
}

#[test]
fn the_smallest_memory_is_said_before_a_file_is_decoded() {
    let (_folder, mut files) = files();
    files.reference = Some(files.input.clone());
    let with = |memory| {
        restore_file(
            &DenoiseJob {
                memory: Some(memory),
                ..job()
            },
            &files,
            &mut |_| true,
        )
    };
    let mut allowed = 1000;
    let mut refusals = 0;
    // First the picture, then its reference.
    while let Err(error) = with(allowed) {
        let JobError::Picture(PictureError::TooLarge { needs, .. }) = error else {
            panic!("{error}");
        };
        assert!(needs > allowed);
        allowed = needs;
        refusals += 1;
    }
    assert_eq!(refusals, 2);
}

/// The most memory that this process has had since it was asked to count anew, in bytes (Linux).
#[cfg(target_os = "linux")]
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .expect("a line");
    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
    digits.parse::<u64>().expect("a number") << 10
}

/// About a minute. `cargo test --release --package timestep-restore -- --ignored twelve`
#[test]
#[ignore = "a picture of 324 MB"]
#[cfg(target_os = "linux")]
fn twelve_thousand_columns_keep_to_512_mebibytes() {
    let (_folder, mut files) = files();
    write(
        &files.input,
        &picture((12_000, 9_000), 3, false, Depth::U8),
        QUALITY,
    )
    .expect("written");
    let job = DenoiseJob {
        memory: Some(512 << 20),
        ..job()
    };
    for name in ["a.png", "a.jpg", "a.tif"] {
        files.output = Some(output(&files).with_file_name(name));
        std::fs::write("/proc/self/clear_refs", "5").expect("counts anew");
        restore_file(&job, &files, &mut |_| true).expect("restores");
        let most = most_memory();
        assert!(most < 512 << 20, "{name}: {} MiB", most >> 20);
        files.input = output(&files).to_owned();
    }
}
