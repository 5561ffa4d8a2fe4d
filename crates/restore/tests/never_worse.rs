//! Does no method ever make a picture worse than it came? All registered methods, at all levels of noise.

use timestep_picture::{Plane, metrics::psnr};
use timestep_restore::METHODS;
use timestep_restore::methods::{MethodOptions, make};

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
