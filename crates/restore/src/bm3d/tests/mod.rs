//! Does BM3D compute what it is defined to, in every size, tile and number of threads?

mod slow;

use super::profile::{NORMAL, Profile, VERY_NOISY};
use super::*;
use timestep_kernels::simd::{Integers, Op};
use timestep_picture::metrics::psnr;

/// A clean picture: a smooth ramp, an edge, a repeated texture.
fn picture(width: usize, height: usize) -> Plane {
    let grey = |x: usize, y: usize| {
        let texture = if x * 2 > width {
            ((x % 6) * (y % 5)) as f32 * 5.0
        } else {
            0.0
        };
        let edge = if x + y > (width + height) / 2 {
            60.0
        } else {
            0.0
        };
        40.0 + 60.0 * (x as f32 / width as f32) + edge + texture
    };
    let pixels = (0..width * height).map(|i| grey(i % width, i / width));
    Plane::new(width, height, pixels.collect()).expect("fits")
}

fn noisy(clean: &Plane, sigma: f64, index: u64) -> Plane {
    let mut pixels = clean.pixels().to_vec();
    timestep_data::add_noise(&mut pixels, sigma, 7, index);
    clean.with_pixels(pixels)
}

fn apart(a: &[Plane], b: &[Plane]) -> f32 {
    let pairs = a
        .iter()
        .zip(b)
        .flat_map(|(a, b)| a.pixels().iter().zip(b.pixels()));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn all_isas() -> Vec<Bm3d> {
    Isa::ALL.into_iter().filter_map(Bm3d::with_isa).collect()
}

#[test]
fn both_steps_are_those_of_the_definition() {
    for (sigma, profile) in [(25.0, NORMAL), (50.0, VERY_NOISY), (80.0, VERY_NOISY)] {
        let planes: Vec<Plane> = (0..2).map(|c| noisy(&picture(31, 30), sigma, c)).collect();
        let sigmas = [sigma, sigma / 2.0];
        let basic = slow::basic(&planes, &sigmas, &profile);
        let result = slow::wiener(&planes, &basic, &sigmas, &profile);
        for method in all_isas() {
            let found = method.step(&profile, &planes, None, &sigmas);
            // A coefficient at the threshold may fall on either side, so a few pixels may differ more.
            assert!(
                apart(&found, &basic) < 0.02,
                "{method:?} {}",
                apart(&found, &basic)
            );
            let found = method.step(&profile, &planes, Some(&basic), &sigmas);
            assert!(
                apart(&found, &result) < 0.02,
                "{method:?} {}",
                apart(&found, &result)
            );
        }
    }
}

#[test]
fn instruction_sets_agree() {
    let plane = noisy(&picture(70, 50), 25.0, 0);
    let results: Vec<_> = all_isas()
        .iter()
        .map(|m| {
            m.denoise(std::slice::from_ref(&plane), &[25.0])
                .expect("fits")
        })
        .collect();
    for result in &results[1..] {
        assert!(psnr(result, &results[0]) > 70.0);
    }
}

#[test]
fn transforms_go_back_and_are_the_published_ones() {
    struct Trip<'a, T>(&'a T, Vec<f32>);
    impl<S: Integers, T: transform::Transform> Op<S> for Trip<'_, T> {
        type Out = (Vec<f32>, Vec<f32>);
        #[allow(unsafe_code)]
        unsafe fn run(self) -> Self::Out {
            let (stride, row) = (32, T::FLOATS / T::BLOCK);
            let mut coefficients = vec![0.0; T::FLOATS];
            let mut weights = vec![0.0; T::FLOATS];
            for i in 0..T::BLOCK {
                weights[i * row..][..T::BLOCK].fill(1.0);
            }
            let mut back = vec![0.0; T::BLOCK * stride];
            // SAFETY: rows of 32 floats, `FLOATS` coefficients and weights.
            unsafe {
                let to = coefficients.as_mut_ptr();
                self.0.forward::<S::Eight>(self.1.as_ptr(), stride, to);
                let (to, weights) = (back.as_mut_ptr(), weights.as_ptr());
                let from = coefficients.as_ptr();
                self.0.inverse_add::<S::Eight>(from, weights, to, stride);
            }
            (coefficients, back)
        }
    }
    fn check<T: transform::Transform>(transform: &T, matrix: &[Vec<f64>]) {
        let n = T::BLOCK;
        let pixel = |i: usize| ((i * 7919 + i * i * 31) % 256) as f32;
        let pixels: Vec<f32> = (0..n * 32).map(pixel).collect();
        let block = (0..n)
            .map(|y| (0..n).map(|x| f64::from(pixels[y * 32 + x])).collect())
            .collect();
        let want = slow::both(&matrix.to_vec(), &block);
        for method in all_isas() {
            // SAFETY: see the op.
            #[allow(unsafe_code)]
            let (found, back) = unsafe { method.isa.run(Trip(transform, pixels.clone())) };
            let row = T::FLOATS / n;
            for y in 0..n {
                for x in 0..n {
                    // Coefficients of 8×8 blocks are kept transposed.
                    let at = if n == 8 { x * row + y } else { y * row + x };
                    assert!((f64::from(found[at]) - want[y][x]).abs() < 1e-2, "{y} {x}");
                    assert!((back[y * 32 + x] - pixels[y * 32 + x]).abs() < 1e-2);
                }
            }
        }
    }
    check(&Bior, &slow::bior());
    check(&Dct8, &slow::dct(8));
    check(&Dct11::new(), &slow::dct(11));
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let plane = noisy(&picture(90, 100), 30.0, 0);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| {
            Bm3d::new()
                .denoise(std::slice::from_ref(&plane), &[30.0])
                .expect("fits")
        })
    };
    let one = with(1);
    assert_eq!(with(2), one);
    assert_eq!(with(5), one);
}

#[test]
fn tiles_give_the_same_bits() {
    let (width, height) = (260, 265);
    let tiling = Bm3d::new().tiling().expect("exact");
    assert_eq!((tiling.halo % tiling.grid, tiling.halo), (0, 96));
    for sigma in [20.0, 55.0] {
        let plane = noisy(&picture(width, height), sigma, 3);
        let whole = &Bm3d::new()
            .denoise(std::slice::from_ref(&plane), &[sigma])
            .expect("fits")[0];
        let spans = |length: usize, at: &[usize]| -> Vec<(usize, usize)> {
            at.windows(2).map(|w| (w[0], w[1].min(length))).collect()
        };
        for (top, bottom) in spans(height, &[0, 119, 131, 265]) {
            for (left, right) in spans(width, &[0, 96, 140, 260]) {
                let start =
                    |from: usize| from.saturating_sub(tiling.halo) / tiling.grid * tiling.grid;
                let (x, y) = (start(left), start(top));
                let end_x = (right + tiling.halo).min(width);
                let end_y = (bottom + tiling.halo).min(height);
                let tile = plane.crop(x, y, end_x - x, end_y - y);
                let tile = &Bm3d::new().denoise(&[tile], &[sigma]).expect("fits")[0];
                let (w, h) = (right - left, bottom - top);
                assert_eq!(
                    tile.crop(left - x, top - y, w, h),
                    whole.crop(left, top, w, h),
                    "{left} {top}"
                );
            }
        }
    }
}

#[test]
fn any_size_and_any_grey_works() {
    for (width, height) in [(1, 1), (3, 7), (9, 200), (200, 9), (12, 12), (40, 19)] {
        for sigma in [1e-30, 10.0, 60.0, 255.0] {
            for grey in [0.0, 128.0, -1e30, f32::MAX] {
                let plane = Plane::filled(width, height, grey).expect("fits");
                let out = Bm3d::new().denoise(&[plane], &[sigma]).expect("fits");
                assert_eq!((out[0].width(), out[0].height()), (width, height));
                assert_eq!(out[0].not_finite(), 0);
                // Wiener's factor of the mean is less than 1 where noise is strong and partners are few.
                if grey.abs() < 1e3 {
                    let near = |p: &f32| (p - grey).abs() <= 0.1 * grey + 1e-3;
                    assert!(out[0].pixels().iter().all(near));
                }
            }
            let out = Bm3d::new().denoise(&[noisy(&picture(width, height), sigma, 1)], &[sigma]);
            assert_eq!(out.expect("fits")[0].not_finite(), 0);
        }
    }
    let mut wild = picture(30, 30).into_pixels();
    (wild[100], wild[500], wild[501]) = (f32::MAX, f32::MIN, f32::MIN_POSITIVE);
    let wild = Plane::new(30, 30, wild).expect("fits");
    for method in all_isas() {
        let out = method
            .denoise(std::slice::from_ref(&wild), &[25.0])
            .expect("fits");
        assert_eq!(out[0].not_finite(), 0);
    }
}

#[test]
fn planes_without_noise_stay_and_the_others_get_their_own() {
    let clean: Vec<Plane> = (0..3).map(|_| picture(64, 60)).collect();
    let planes = vec![
        noisy(&clean[0], 15.0, 0),
        clean[1].clone(),
        noisy(&clean[2], 30.0, 2),
    ];
    let out = Bm3d::new()
        .denoise(&planes, &[15.0, 0.0, 30.0])
        .expect("fits");
    assert_eq!(out[1], planes[1]);
    for c in [0, 2] {
        let before = psnr(&planes[c..=c], &clean[c..=c]);
        let after = psnr(&out[c..=c], &clean[c..=c]);
        assert!(after > before + 4.0, "{c}: {before} to {after}");
    }
    // The first channel alone gives the same first channel.
    let alone = Bm3d::new().denoise(&planes[..1], &[15.0]).expect("fits");
    assert_eq!(alone[0], out[0]);
    assert_eq!(
        Bm3d::new().denoise(&planes, &[0.0; 3]).expect("fits"),
        planes
    );
    // Luma without noise still guides the others.
    let pair = [clean[0].clone(), planes[2].clone()];
    let guided = Bm3d::new().denoise(&pair, &[0.0, 30.0]).expect("fits");
    assert_eq!(guided[0], clean[0]);
    assert!(psnr(&guided[1..], &clean[2..]) > psnr(&planes[2..], &clean[2..]) + 4.0);
}

#[test]
fn repeated_texture_gets_much_cleaner() {
    let clean = [picture(96, 96)];
    for (sigma, gain) in [(15.0, 6.0), (25.0, 8.0), (50.0, 9.0)] {
        let noisy = [noisy(&clean[0], sigma, 5)];
        let out = Bm3d::new().denoise(&noisy, &[sigma]).expect("fits");
        let (before, after) = (psnr(&noisy, &clean), psnr(&out, &clean));
        assert!(after > before + gain, "sigma {sigma}: {before} to {after}");
    }
}

#[test]
fn bad_input_is_refused() {
    let plane = picture(8, 8);
    assert!(Bm3d::new().denoise(&[], &[]).is_err());
    assert!(
        Bm3d::new()
            .denoise(std::slice::from_ref(&plane), &[-1.0])
            .is_err()
    );
    assert!(Bm3d::new().denoise(&[plane], &[f64::NAN]).is_err());
    assert_eq!(Profile::of(25.0), &NORMAL);
}
