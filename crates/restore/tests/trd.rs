//! Is the learned diffusion right: its gradients, its start against an independent program, its tiles and small pictures?
#![allow(clippy::print_stdout)]

use timestep_kernels::diffusion::Border;
use timestep_kernels::diffusion::reference::{BankF64, diffuse};
use timestep_numerics::{Memory, StageId, StepCtx, StepError, scheme};
use timestep_picture::Plane;
use timestep_picture::metrics::{mse, psnr};
use timestep_restore::learned::{Sample, Trainable};
use timestep_restore::trd::{Flow, Model, Objective, Trd};
use timestep_restore::{Method, RestoreError};

/// Numbers that look random, in -0.5..0.5.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    }
}

fn plane(width: usize, height: usize, draw: &mut Draw) -> Plane {
    let pixels = (0..width * height).map(|_| (128.0 + 150.0 * draw.next()) as f32);
    Plane::new(width, height, pixels.collect()).expect("pixels")
}

/// A model whose parameters are all different.
fn shaken(size: usize, steps: usize, scheme: &str, draw: &mut Draw) -> Model {
    let mut model = Model::start(size, steps, scheme, 25.0).expect("a model");
    let mut parameters = model.parameters(0, steps);
    for p in &mut parameters {
        *p += 0.1 * draw.next();
    }
    model.set_parameters(0, steps, &parameters);
    model
}

/// The last state in `f64`: the scheme of the library on vectors, the slope by plain loops, tables in `f64`.
fn exact(model: &Model, noisy: &Plane) -> Vec<f64> {
    let start: Vec<f64> = noisy.pixels().iter().map(|p| f64::from(*p)).collect();
    let size = (noisy.width(), noisy.height());
    let stepper = scheme::<Vec<f64>>(&model.scheme).expect("a scheme");
    let banks: Vec<BankF64> = (0..model.stages.len())
        .map(|t| BankF64 {
            size: model.size,
            filters: (0..model.filters())
                .flat_map(|i| model.taps(t, i))
                .collect(),
            tables: (0..model.filters())
                .flat_map(|i| model.table(t, i))
                .collect(),
        })
        .collect();
    let mut memory = Memory::new();
    let mut u = start.clone();
    for (t, stage) in model.stages.iter().enumerate() {
        let ctx = StepCtx::new(t, 1.0).with_coefs(model.coefficients[t].clone());
        let mut slope = |at: StageId, u: &Vec<f64>| -> Result<Vec<f64>, StepError> {
            let g = diffuse(&banks[at.step], u, size, Border::Mirror);
            let pixels = u.iter().zip(&start).zip(&g);
            Ok(pixels
                .map(|((u, f), g)| -g - stage.lambda() * (u - f))
                .collect())
        };
        u = stepper
            .step(&mut slope, &u, &mut memory, &ctx)
            .expect("a step");
    }
    u
}

fn exact_loss(model: &Model, samples: &[Sample]) -> f64 {
    let pixels: usize = samples.iter().map(|s| s.clean.pixels().len()).sum();
    let squares: f64 = samples
        .iter()
        .flat_map(|s| {
            let clean: Vec<f64> = s.clean.pixels().iter().map(|p| f64::from(*p)).collect();
            exact(model, &s.noisy).into_iter().zip(clean)
        })
        .map(|(u, c)| (u - c) * (u - c))
        .sum();
    squares / (2.0 * pixels as f64)
}

#[test]
fn every_gradient_agrees_with_finite_differences_in_f64() {
    for (size, steps, first, scheme) in [
        (3, 3, 0, "euler"),
        (3, 3, 0, "lm"),
        (3, 3, 2, "lm"),
        (5, 2, 0, "lm"),
    ] {
        let mut draw = Draw(3);
        let mut sample = |w, h| Sample {
            noisy: plane(w, h, &mut draw),
            clean: plane(w, h, &mut draw),
        };
        let samples = [sample(7, 6), sample(4, 9)];
        let model = shaken(size, steps, scheme, &mut Draw(9));
        let objective = Objective::new(&samples, model, first, steps).expect("an objective");
        let parameters = objective.parameters();
        let evaluation = objective.evaluate(&parameters).expect("a loss");
        let (loss, gradient) = (evaluation.loss, evaluation.gradient);
        let right = exact_loss(&objective.model(&parameters), &samples);
        assert!((loss / right - 1.0).abs() < 1e-5, "{loss} for {right}");
        let largest = gradient.iter().fold(0.0_f64, |m, g| m.max(g.abs()));
        // Every parameter of the small model; every 13th of the large one, where each costs more.
        for i in (0..parameters.len()).step_by(if size == 3 { 1 } else { 13 }) {
            let at = |d: f64| {
                let mut moved = parameters.clone();
                moved[i] += d;
                exact_loss(&objective.model(&moved), &samples)
            };
            let right = (at(1e-4) - at(-1e-4)) / 2e-4;
            let error = (gradient[i] - right).abs();
            assert!(
                error < 1e-3 * right.abs() + 2e-5 * largest,
                "{scheme} {size}×{size} parameter {i}: {} for {right}",
                gradient[i]
            );
        }
        // The coefficients of the scheme and the weight of the data have gradients of their own.
        if scheme == "lm" {
            assert!(gradient[gradient.len() - 1] != 0.0);
        }
    }
}

#[test]
fn pictures_of_any_size_are_cleaned_and_others_refused() {
    let method =
        Trd::new(&[Model::start(7, 3, "euler", 25.0).expect("a model")]).expect("a method");
    for (w, h) in [(1, 1), (3, 7), (1, 40), (33, 2), (70, 65)] {
        for grey in [0.0, 128.0, 255.0] {
            let flat = Plane::filled(w, h, grey).expect("pixels");
            let out = method.denoise(&[flat], &[25.0]).expect("cleaned");
            for p in out[0].pixels() {
                assert!(
                    (p - grey).abs() < 1e-3,
                    "a flat picture stays: {p} for {grey}"
                );
            }
        }
        let rough = plane(w, h, &mut Draw(4));
        let out = method
            .denoise(std::slice::from_ref(&rough), &[40.0])
            .expect("cleaned");
        assert_eq!(out[0].not_finite(), 0);
        assert_eq!(
            method
                .denoise(std::slice::from_ref(&rough), &[0.0])
                .expect("kept")[0],
            rough
        );
    }
    let mut broken = plane(5, 5, &mut Draw(4));
    broken.pixels_mut()[7] = f32::NAN;
    broken.pixels_mut()[9] = f32::INFINITY;
    assert_eq!(
        method.denoise(&[broken], &[25.0]),
        Err(RestoreError::NotFinite {
            count: 2,
            total: 25
        })
    );
    let fine = plane(5, 5, &mut Draw(4));
    for sigma in [-1.0, f64::NAN, 1e9] {
        assert!(matches!(
            method.denoise(std::slice::from_ref(&fine), &[sigma]),
            Err(RestoreError::BadSigma(_))
        ));
    }
}

#[test]
fn tiles_and_threads_change_no_bit() {
    for (size, scheme) in [(3, "lm"), (5, "euler"), (5, "lm"), (7, "euler")] {
        let model = shaken(size, 3, scheme, &mut Draw(2));
        let method = Trd::new(&[model]).expect("a method");
        let tiling = method.tiling().expect("tiles");
        let (w, h) = (150, 117);
        let noisy = plane(w, h, &mut Draw(8));
        let run = |threads: usize, plane: &Plane| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let out = pool
                .expect("a pool")
                .install(|| method.denoise(std::slice::from_ref(plane), &[25.0]));
            out.expect("cleaned").remove(0)
        };
        let whole = run(1, &noisy);
        assert_eq!(whole, run(2, &noisy));
        assert_eq!(whole, run(5, &noisy));
        for (left, top, width, height) in [
            (0, 0, 60, 50),
            (60, 0, 90, 49),
            (31, 47, 64, 50),
            (0, 63, 100, 11),
            (99, 101, 51, 16),
        ] {
            let start = |at: usize| at.saturating_sub(tiling.halo) / tiling.grid * tiling.grid;
            let (x0, y0) = (start(left), start(top));
            let x1 = (left + width + tiling.halo).min(w);
            let y1 = (top + height + tiling.halo).min(h);
            let part = run(2, &noisy.crop(x0, y0, x1 - x0, y1 - y0));
            let inner = part.crop(left - x0, top - y0, width, height);
            assert_eq!(inner, whole.crop(left, top, width, height), "{left} {top}");
        }
    }
}

/// A picture with edges, a gradient and texture, in 0..255.
fn drawn(width: usize, height: usize) -> Plane {
    let pixels = (0..width * height).map(|i| {
        let (x, y) = ((i % width) as f32, (i / width) as f32);
        let round = (x - 30.0).hypot(y - 35.0) < 22.0;
        let stripes = (0.9 * x + 0.4 * y).sin();
        let ground = 40.0 + 1.1 * x + 0.6 * y;
        if round {
            215.0 + 35.0 * stripes
        } else {
            ground
        }
    });
    Plane::new(width, height, pixels.collect()).expect("pixels")
}

#[test]
fn trained_models_give_the_picture_that_f64_gives() {
    // Measured: 2.3e-5 grey levels and 4e-7 dB at most, on any instruction set.
    for name in ["trd-5x5-s15", "trd-5x5-s50", "trd-7x7-s25"] {
        let path = format!("{}/models/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
        let model = Model::from_bytes(&std::fs::read(path).expect("a file")).expect("a model");
        let clean = drawn(90, 77);
        let mut noisy = clean.clone();
        timestep_data::add_noise(noisy.pixels_mut(), model.sigma, 1, 0);
        let ours = Flow::new(&model).run(&noisy, |_, _| ()).expect("a run");
        let right: Vec<f32> = exact(&model, &noisy).iter().map(|p| *p as f32).collect();
        let right = noisy.with_pixels(right);
        let distance = mse(std::slice::from_ref(&ours), std::slice::from_ref(&right)).sqrt();
        println!("{name}: {distance:.2e} grey levels RMS");
        assert!(distance < 1e-4, "{name}: {distance} grey levels RMS");
        let quality = |p: &Plane| psnr(std::slice::from_ref(p), std::slice::from_ref(&clean));
        let lost = (quality(&ours) - quality(&right)).abs();
        println!("{name}: PSNR {:.3} dB, {lost:.1e} apart", quality(&ours));
        assert!(lost < 1e-5, "{name}: {lost} dB");
        assert!(quality(&ours) > quality(&noisy) + 3.0, "{name} cleans");
    }
}

#[test]
fn the_untrained_start_is_the_one_of_an_independent_program() {
    let text = include_str!("../../../tests/golden/restore/trd_start.csv");
    let mut numbers = text.lines().filter(|l| !l.starts_with('#')).map(|line| {
        let row: Vec<f32> = line
            .split(',')
            .map(|n| n.parse().expect("a number"))
            .collect();
        row
    });
    for (size, height) in [(5, 12), (7, 12)] {
        let mut block = || -> Vec<f32> {
            (0..height)
                .flat_map(|_| numbers.next().expect("a row"))
                .collect()
        };
        let (noisy, right) = (block(), block());
        let noisy = Plane::new(noisy.len() / height, height, noisy).expect("pixels");
        let model = Model::start(size, 5, "euler", 25.0).expect("a model");
        let ours = Flow::new(&model).run(&noisy, |_, _| ()).expect("a run");
        for (ours, right) in ours.pixels().iter().zip(&right) {
            // Gaussians against their cubics: 2e-4 of the largest value, over five steps and up to 48 filters.
            assert!((ours - right).abs() < 5e-2, "{size}: {ours} for {right}");
        }
    }
}
