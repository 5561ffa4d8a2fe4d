//! Does no method ever make a picture worse than it came? All registered methods, at all levels of noise.

use timestep_picture::{Plane, metrics::psnr, noise::measure};
use timestep_restore::METHODS;
use timestep_restore::methods::{MethodOptions, make};
use timestep_restore::photo;

/// Waves, an edge, a plain part and texture of two wavelengths.
fn scene(side: usize) -> Plane {
    let pixel = |i: usize| {
        let (x, y) = ((i % side) as f32, (i / side) as f32);
        let waves = 120.0 + 50.0 * (x / 7.0).sin() * (y / 11.0).cos();
        let texture = 18.0 * (x * 1.3 + y * 0.4).sin();
        match (x < side as f32 / 2.0, y < side as f32 / 2.0) {
            (true, true) => waves,
            (false, true) => waves + texture,
            (true, false) => 60.0,
            (false, false) => 190.0 + texture / 2.0,
        }
    };
    Plane::new(side, side, (0..side * side).map(pixel).collect()).expect("fits")
}

#[test]
fn no_method_makes_a_picture_worse_at_any_level() {
    let clean = [scene(44)];
    for facts in METHODS.all() {
        let method = make(facts.key, &MethodOptions::default()).expect("a method");
        for sigma in [2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 35.0, 50.0, 60.0, 75.0] {
            let mut noisy = clean.clone();
            timestep_data::add_noise(noisy[0].pixels_mut(), sigma, 3, sigma as u64);
            let restored = method.denoise(&noisy, &[sigma]).expect("restores");
            let (before, after) = (psnr(&noisy, &clean), psnr(&restored, &clean));
            assert!(
                after > before,
                "{} at {sigma}: {before:.2} -> {after:.2}",
                facts.key
            );
        }
    }
}

/// What the default makes of grey, or of Y, U and V, of which nothing is known.
fn by_default(planes: &[Plane]) -> Vec<Plane> {
    by("blind", planes)
}

/// What a method makes of them.
fn by(key: &str, planes: &[Plane]) -> Vec<Plane> {
    let method = make(key, &MethodOptions::default()).expect("a method");
    let noise = measure(&[planes.to_vec()]).trusted();
    let clean = |part, plane, level| method.part(part, plane, level);
    photo::restore(planes.to_vec(), &noise, &clean, &mut |_, _| ()).expect("restores")
}

/// Grey, or brightness and two differences of colours that are a fifth of it.
fn channels(count: usize) -> Vec<Plane> {
    let scene = scene(176);
    let colour = scene.pixels().iter().map(|v| (v - 128.0) / 5.0);
    let colour = scene.with_pixels(colour.collect::<Vec<f32>>());
    let mut all = vec![colour; count];
    all[0] = scene;
    all
}

#[test]
fn noise_that_is_measured_makes_no_picture_worse_at_any_level() {
    for count in [1, 3] {
        let clean = channels(count);
        for sigma in [2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 35.0, 50.0, 60.0, 75.0] {
            let mut noisy = clean.clone();
            for (c, plane) in noisy.iter_mut().enumerate() {
                timestep_data::add_noise(plane.pixels_mut(), sigma, 3 + c as u64, sigma as u64);
            }
            let (before, after) = (psnr(&noisy, &clean), psnr(&by_default(&noisy), &clean));
            // Little noise may stay, because clean photographs read so too.
            let least = if sigma < 5.0 { 0.0 } else { 1.0 };
            assert!(
                after >= before + least,
                "{count} channels at {sigma}: {before:.2} -> {after:.2}"
            );
        }
    }
}

#[test]
fn clean_pictures_stay_as_they_are_with_grain_too() {
    for count in [1, 3] {
        // Grain that a photograph came with is part of it, if it is fine and weak.
        for grain in [0.0, 1.0, 2.4] {
            let mut clean = channels(count);
            for (c, plane) in clean.iter_mut().enumerate() {
                timestep_data::add_noise(plane.pixels_mut(), grain, 5 + c as u64, 1);
            }
            assert!(by_default(&clean) == clean, "{count} channels, {grain}");
        }
    }
}

/// Grain of two pixels to a side, as fine compression leaves it, or film.
fn coarse_grain(planes: &mut [Plane], level: f64) {
    for (c, plane) in planes.iter_mut().enumerate() {
        let (width, height) = (plane.width(), plane.height());
        let mut grain = vec![0.0; width.div_ceil(2) * height.div_ceil(2)];
        timestep_data::add_noise(&mut grain, level, 7, c as u64);
        let pixels = plane.pixels_mut().iter_mut().enumerate();
        pixels.for_each(|(i, v)| {
            let (x, y) = (i % width / 2, i / width / 2);
            *v = (*v + grain[y * width.div_ceil(2) + x]).round();
        });
    }
}

#[test]
fn no_method_takes_grain_of_clean_pictures_for_noise() {
    for (count, level) in [(1, 1.0), (1, 1.6), (1, 2.0), (3, 1.0)] {
        let mut clean = channels(count);
        coarse_grain(&mut clean, level);
        let read = measure(&[clean.clone()]).level(0, 0);
        assert!(read > 0.6 * level, "{count} channels, {level}: {read}");
        for facts in METHODS.all() {
            let found = by(facts.key, &clean);
            assert!(found == clean, "{}, {count} channels, {level}", facts.key);
        }
    }
}
