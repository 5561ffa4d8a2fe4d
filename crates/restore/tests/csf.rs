//! Is a stage of shrinkage fields right, and are its gradients, against a plain program in `f64`?

use timestep_kernels::diffusion::Border;
use timestep_kernels::diffusion::reference::{BankF64, diffuse};
use timestep_picture::Plane;
use timestep_restore::Method;
use timestep_restore::csf::{Csf, CsfModel, CsfObjective};
use timestep_restore::learned::{Sample, Trainable};

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

fn shaken(size: usize, stages: usize, draw: &mut Draw) -> CsfModel {
    let mut model = CsfModel::start(size, stages, 25.0).expect("a model");
    for stage in &mut model.stages {
        for p in &mut stage.filters {
            *p += 0.1 * draw.next();
        }
        for p in &mut stage.functions {
            *p += 2.0 * draw.next();
        }
        stage.log_lambda += draw.next();
    }
    model
}

/// A side of the extension of a plane of 4 or 5 pixels: 24 or 25.
fn side(n: usize) -> usize {
    [24, 25][n - 4]
}

/// One stage in `f64`: the linear system `(λ + Σ KᵀK) x = λ y + Σ Kᵀ f(K x)` on the periodic extension, by conjugate
/// gradients, which know nothing of Fourier transforms.
fn stage(model: &CsfModel, t: usize, noisy: &[f64], x: &[f64], (w, h): (usize, usize)) -> Vec<f64> {
    let (pw, ph) = (side(w), side(h));
    let extend = |plane: &[f64]| -> Vec<f64> {
        let place = |p: usize, n: usize| p.saturating_sub(10).min(n - 1);
        let pixels = (0..pw * ph).map(|i| plane[place(i / pw, h) * w + place(i % pw, w)]);
        pixels.collect()
    };
    let n = model.size * model.size - 1;
    let filters: Vec<f64> = (0..n).flat_map(|i| model.taps(t, i)).collect();
    let tables: Vec<f64> = (0..n).flat_map(|i| model.table(t, i)).collect();
    let bank = BankF64 {
        size: model.size,
        filters: filters.clone(),
        tables,
    };
    let lambda = model.stages[t].lambda();
    // Kᵀ K as a diffusion whose functions are the identity: one cubic piece by piece, exact in range.
    let identity: Vec<f64> = (0..n)
        .flat_map(|_| timestep_kernels::diffusion::hermite(|z| (z, 1.0)))
        .collect();
    let linear = BankF64 {
        size: model.size,
        filters,
        tables: identity,
    };
    let apply = |v: &[f64]| -> Vec<f64> {
        // Tables end at 320; a linear map may be applied to less.
        let small: Vec<f64> = v.iter().map(|v| v * 1e-4).collect();
        let g = diffuse(&linear, &small, (pw, ph), Border::Wrap);
        g.iter().zip(v).map(|(g, v)| 1e4 * g + lambda * v).collect()
    };
    let right: Vec<f64> = diffuse(&bank, &extend(x), (pw, ph), Border::Wrap)
        .iter()
        .zip(extend(noisy))
        .map(|(g, y)| g + lambda * y)
        .collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut z = vec![0.0; right.len()];
    let mut r = right;
    let mut p = r.clone();
    let mut rr = dot(&r, &r);
    for _ in 0..400 {
        if rr < 1e-22 {
            break;
        }
        let ap = apply(&p);
        let alpha = rr / dot(&p, &ap);
        for i in 0..z.len() {
            z[i] += alpha * p[i];
            r[i] -= alpha * ap[i];
        }
        let next = dot(&r, &r);
        for i in 0..z.len() {
            p[i] = r[i] + next / rr * p[i];
        }
        rr = next;
    }
    (0..h)
        .flat_map(|y| (0..w).map(move |x| (y + 10) * pw + x + 10))
        .map(|i| z[i])
        .collect()
}

fn exact_loss(model: &CsfModel, samples: &[Sample]) -> f64 {
    let f64s = |p: &Plane| -> Vec<f64> { p.pixels().iter().map(|x| f64::from(*x)).collect() };
    let losses = samples.iter().map(|sample| {
        let size = (sample.noisy.width(), sample.noisy.height());
        let noisy = f64s(&sample.noisy);
        let mut x = noisy.clone();
        for t in 0..model.stages.len() {
            x = stage(model, t, &noisy, &x, size);
        }
        let clean = f64s(&sample.clean);
        let mse = x
            .iter()
            .zip(&clean)
            .map(|(x, c)| (x - c) * (x - c))
            .sum::<f64>()
            / x.len() as f64;
        -10.0 * (255.0 * 255.0 / mse).log10()
    });
    losses.sum::<f64>() / samples.len() as f64
}

#[test]
fn every_gradient_agrees_with_finite_differences_in_f64() {
    for stages in [1, 2] {
        let mut draw = Draw(3);
        let mut sample = |w, h| Sample {
            noisy: plane(w, h, &mut draw),
            clean: plane(w, h, &mut draw),
        };
        let samples = [sample(5, 4), sample(4, 4)];
        let model = shaken(3, stages, &mut Draw(7));
        let objective = CsfObjective::new(&samples, model, stages - 1).expect("an objective");
        let parameters = objective.parameters();
        let evaluation = objective.evaluate(&parameters).expect("a loss");
        let right = exact_loss(&objective.model(&parameters), &samples);
        assert!(
            (evaluation.loss - right).abs() < 1e-4,
            "{} for {right}",
            evaluation.loss
        );
        let largest = evaluation
            .gradient
            .iter()
            .fold(0.0_f64, |m, g| m.max(g.abs()));
        // Each costs four solutions in plain loops.
        let every = if stages == 1 { 19 } else { 149 };
        for i in (0..parameters.len())
            .step_by(every)
            .chain([parameters.len() - 1])
        {
            let at = |d: f64| {
                let mut moved = parameters.clone();
                moved[i] += d;
                exact_loss(&objective.model(&moved), &samples)
            };
            let right = (at(1e-4) - at(-1e-4)) / 2e-4;
            let error = (evaluation.gradient[i] - right).abs();
            assert!(
                // Transforms in f32 leave 1e-6 of the greys in every pixel, and the gradient of λ is their small difference.
                error < 2e-3 * right.abs() + 3e-3 * largest,
                "{stages} parameter {i}: {} for {right}",
                evaluation.gradient[i]
            );
        }
    }
}

#[test]
fn pictures_of_any_size_are_cleaned_the_same_on_any_number_of_threads() {
    let method = Csf::new(&[shaken(7, 2, &mut Draw(1))]).expect("a method");
    for (w, h) in [(1, 1), (3, 7), (90, 41)] {
        let noisy = plane(w, h, &mut Draw(6));
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let out = pool
                .expect("a pool")
                .install(|| method.denoise(std::slice::from_ref(&noisy), &[25.0]));
            out.expect("cleaned")
        };
        let one = run(1);
        assert_eq!(one, run(3));
        assert_eq!(one[0].not_finite(), 0);
        assert_eq!(
            method
                .denoise(std::slice::from_ref(&noisy), &[0.0])
                .expect("kept")[0],
            noisy
        );
    }
}

#[test]
fn a_model_goes_through_a_file() {
    let model = shaken(3, 2, &mut Draw(1));
    let bytes = model.to_bytes(&[]).expect("bytes");
    let back = CsfModel::from_bytes(&bytes).expect("read");
    assert_eq!((back.size, back.stages.len()), (3, 2));
    assert!((back.stages[1].functions[7] - model.stages[1].functions[7]).abs() < 1e-4);
    assert!(CsfModel::from_bytes(&bytes[..bytes.len() - 3]).is_err());
    assert!(timestep_restore::trd::Model::from_bytes(&bytes).is_err());
}
