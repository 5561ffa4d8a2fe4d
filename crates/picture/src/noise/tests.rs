use super::*;
use timestep_numerics::random::Stream;

/// Waves of several lengths, an edge and a plain half.
fn scene(width: usize, height: usize) -> Plane {
    let pixel = |i: usize| {
        let (x, y) = (i % width, i / width);
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        if u + v < 0.9 {
            90.0 + 60.0 * v
        } else {
            120.0 + 40.0 * (40.0 * u * u).sin() * (23.0 * v).cos()
        }
    };
    Plane::new(width, height, (0..width * height).map(pixel).collect()).expect("fits")
}

fn noisy(clean: &Plane, sigma: impl Fn(f32) -> f64, clip: bool, seed: u64) -> Plane {
    let mut stream = Stream::new(seed, "test", 0, 0);
    let mut noisy = clean.clone();
    for pixel in noisy.pixels_mut() {
        *pixel += (sigma(*pixel) * stream.normal()) as f32;
        if clip {
            *pixel = pixel.round().clamp(0.0, 255.0);
        }
    }
    noisy
}

#[test]
fn white_noise_reads_as_its_level_at_every_resolution() {
    let clean = scene(200, 180);
    for sigma in [2.0, 5.0, 15.0, 25.0, 50.0, 75.0] {
        let noise = measure(&[vec![noisy(&clean, |_| sigma, false, 1)]]);
        for scale in 0..2 {
            let expected = sigma / f64::from(1 << scale);
            let found = noise.level(0, scale);
            assert!(
                (found / expected - 1.0).abs() < 0.12,
                "{sigma} {scale}: {found}"
            );
        }
        assert!(noise.confidence > 0.5, "{sigma}: {}", noise.confidence);
        let coarseness = noise.coarseness().expect("there is noise");
        assert!((coarseness - 0.5).abs() < 0.06, "{sigma}: {coarseness}");
    }
}

#[test]
fn texture_is_not_trusted_and_noise_is() {
    // Stripes as fine as noise all over.
    let stripes = (0..160 * 160).map(|i| {
        let (x, y) = ((i % 160) as f32, (i / 160) as f32);
        128.0 + 30.0 * (x * 1.7 + (y / 9.0).sin() * 3.0).sin() * (y / 31.0).cos().abs()
    });
    let texture = Plane::new(160, 160, stripes.collect()).expect("fits");
    let read = measure(&[vec![texture]]).trusted();
    assert!(read.level(0, 0) < 1.0, "{read:?}");
    let real = measure(&[vec![noisy(&scene(200, 180), |_| 10.0, true, 6)]]);
    let trusted = real.trusted();
    assert_eq!(trusted.level(0, 0).to_bits(), real.level(0, 0).to_bits());
    let coarse = trusted.level(0, 1) / trusted.level(0, 0);
    assert!(coarse <= 0.85, "{coarse}");
}

#[test]
fn little_noise_in_fine_texture_is_not_read_as_coarse() {
    // A weave of two wavelengths all over, as in cloth.
    let weave = (0..200 * 180).map(|i| {
        let (x, y) = ((i % 200) as f32, (i / 200) as f32);
        120.0 + 14.0 * (x * 0.9 + y * 0.5).sin() + 12.0 * (y * 1.4 - x * 0.3).sin()
    });
    let weave = Plane::new(200, 180, weave.collect()).expect("fits");
    let read = measure(&[vec![noisy(&weave, |_| 2.0, false, 7)]]);
    assert!(read.trusted().level(0, 0) < 3.0, "{read:?}");
}

#[test]
fn clipping_to_8_bits_is_given_back() {
    let clean = scene(200, 180);
    for sigma in [50.0, 75.0] {
        let noise = measure(&[vec![noisy(&clean, |_| sigma, true, 2)]]);
        let found = noise.level(0, 0);
        assert!((found / sigma - 1.0).abs() < 0.1, "{sigma}: {found}");
    }
}

#[test]
fn noise_that_grows_with_brightness_has_a_curve_that_does() {
    let ramp = (0..256 * 256).map(|i| (i % 256) as f32).collect();
    let ramp = Plane::new(256, 256, ramp).expect("fits");
    let noise = measure(&[vec![noisy(&ramp, |v| 3.0 + f64::from(v) / 20.0, false, 3)]]);
    let curve = noise.channels[0].scales[0];
    for grey in [48.0, 112.0, 208.0] {
        let expected = 3.0 + grey / 20.0;
        assert!(
            (curve.at(grey) / expected - 1.0).abs() < 0.15,
            "{grey}: {}",
            curve.at(grey)
        );
    }
}

#[test]
fn coarse_noise_is_told_from_white_and_plain_pictures_have_none() {
    let clean = scene(240, 200);
    // Noise of half the resolution, each of its pixels four times.
    let small = noisy(&clean.halved(), |_| 12.0, false, 4);
    let mut coarse = clean.clone();
    for y in 0..200 {
        for x in 0..240 {
            let apart = small.row(y / 2)[x / 2] - clean.halved().row(y / 2)[x / 2];
            coarse.pixels_mut()[y * 240 + x] += apart;
        }
    }
    let noise = measure(&[vec![coarse]]);
    assert!(noise.coarseness().expect("noise") > 0.8, "{noise:?}");
    let plain = Plane::filled(64, 64, 77.0).expect("fits");
    assert_eq!(measure(&[vec![plain]]).level(0, 0), 0.0);
    assert!(measure(&[vec![scene(240, 200)]]).level(0, 0) < 0.6);
    for size in [(1, 1), (3, 9), (9, 9)] {
        let tiny = Plane::filled(size.0, size.1, 50.0).expect("fits");
        assert_eq!(measure(&[vec![tiny]]).level(0, 0), 0.0);
    }
}
