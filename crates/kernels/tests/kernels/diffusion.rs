//! Is a step of diffusion right, on every instruction set and number of threads, and are its gradients?

use timestep_kernels::diffusion::reference::{BankF64, diffuse};
use timestep_kernels::diffusion::{Bank, BankGrads, Border, GROUP, PIECES, hermite};
use timestep_kernels::{Isa, Kernels};

/// Numbers that look random.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64 - 0.5
    }

    fn many(&mut self, n: usize, scale: f64) -> Vec<f64> {
        (0..n).map(|_| scale * self.next()).collect()
    }
}

fn bank(size: usize, count: usize, draw: &mut Draw) -> BankF64 {
    let filters = draw.many(count * size * size, 0.8);
    let mut tables = Vec::new();
    for _ in 0..count {
        let (a, b, c) = (draw.next(), 40.0 + 30.0 * draw.next(), 10.0 * draw.next());
        tables.extend(hermite(|z| {
            let wave = ((z - c) / b).sin_cos();
            (a * wave.0 + 1e-3 * z, a * wave.1 / b + 1e-3)
        }));
    }
    BankF64 {
        size,
        filters,
        tables,
    }
}

fn single(bank: &BankF64) -> Bank {
    let f32s = |v: &[f64]| v.iter().map(|x| *x as f32).collect::<Vec<_>>();
    Bank::new(bank.size, &f32s(&bank.filters), &f32s(&bank.tables))
}

fn kernels() -> impl Iterator<Item = Kernels> {
    Isa::ALL.into_iter().filter_map(Kernels::new)
}

#[test]
fn a_step_equals_the_reference_on_every_instruction_set() {
    let mut draw = Draw(1);
    for (size, count, w, h) in [
        (3, 1, 1, 1),
        (3, 5, 3, 7),
        (5, 24, 40, 23),
        (5, 3, 2, 3),
        (7, 7, 65, 130),
        (7, 2, 1, 9),
        (5, 4, 530, 71),
    ] {
        let exact = bank(size, count, &mut draw);
        let u: Vec<f64> = draw.many(w * h, 500.0);
        let start: Vec<f64> = draw.many(w * h, 255.0);
        for border in [Border::Mirror, Border::Wrap] {
            let g = diffuse(&exact, &u, (w, h), border);
            let f32s = |v: &[f64]| v.iter().map(|x| *x as f32).collect::<Vec<_>>();
            let mut first: Option<Vec<f32>> = None;
            for kernels in kernels() {
                let mut bits: Option<Vec<f32>> = None;
                for threads in [1, 2, 5] {
                    let mut out = vec![0.0; w * h];
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                    pool.expect("a pool").install(|| {
                        kernels.diffuse(
                            &single(&exact),
                            &f32s(&u),
                            &f32s(&start),
                            (w, h),
                            border,
                            [-1.0, -0.2, 0.2],
                            &mut out,
                        );
                    });
                    assert!(*bits.get_or_insert_with(|| out.clone()) == out, "bits");
                }
                let out = bits.expect("computed");
                let mut alone = vec![0.0; w * h];
                kernels.diffuse_alone(
                    &single(&exact),
                    &f32s(&u),
                    &f32s(&start),
                    (w, h),
                    border,
                    [-1.0, -0.2, 0.2],
                    &mut alone,
                );
                for (what, out) in [("at points", &out), ("direct", &alone)] {
                    for i in 0..w * h {
                        let right = -g[i] - 0.2 * (u[i] - start[i]);
                        let error = (f64::from(out[i]) - right).abs();
                        assert!(
                            error < 2e-3,
                            "{kernels:?} {what} {size} {w}×{h} at {i}: {} for {right}",
                            out[i]
                        );
                    }
                }
                first.get_or_insert(out);
            }
        }
    }
}

#[test]
fn rows_depend_on_their_groups_only_and_columns_on_no_others() {
    let mut draw = Draw(11);
    let (w, h) = (1100, 61);
    let u: Vec<f32> = draw.many(w * h, 255.0).iter().map(|x| *x as f32).collect();
    for (size, count) in [(3, 2), (5, 3), (7, 3)] {
        let bank = single(&bank(size, count, &mut draw));
        for kernels in kernels() {
            let run = |u: &[f32], size: (usize, usize)| {
                let mut out = vec![0.0; u.len()];
                kernels.diffuse(&bank, u, u, size, Border::Mirror, [1.0, 0.5, 0.0], &mut out);
                out
            };
            let whole = run(&u, (w, h));
            // A part from a group's first row on, any columns: the same bits where nothing is missing.
            for (left, top, width, height) in
                [(0, 4, 530, 57), (517, 12, 31, 41), (3, 20, 1090, 40)]
            {
                let part: Vec<f32> = (top..top + height)
                    .flat_map(|y| u[y * w + left..][..width].iter().copied())
                    .collect();
                let out = run(&part, (width, height));
                let (reach, halo) = (bank.reach(), bank.halo());
                for y in halo..(height - halo) / GROUP * GROUP {
                    for x in reach..width - reach {
                        let right = whole[(top + y) * w + left + x];
                        assert_eq!(out[y * width + x].to_bits(), right.to_bits(), "{x} {y}");
                    }
                }
            }
        }
    }
}

#[test]
fn gradients_are_those_of_finite_differences_in_f64() {
    let mut draw = Draw(5);
    for (size, count, w, h) in [(3, 2, 5, 4), (5, 3, 9, 20), (7, 2, 18, 3), (7, 1, 1, 1)] {
        for border in [Border::Mirror, Border::Wrap] {
            let exact = bank(size, count, &mut draw);
            let u = draw.many(w * h, 200.0);
            let e = draw.many(w * h, 1.0);
            let loss = |bank: &BankF64, u: &[f64]| -> f64 {
                diffuse(bank, u, (w, h), border)
                    .iter()
                    .zip(&e)
                    .map(|(g, e)| g * e)
                    .sum()
            };
            let f32s = |v: &[f64]| v.iter().map(|x| *x as f32).collect::<Vec<_>>();
            for kernels in kernels() {
                let mut grads = BankGrads::zeros(&single(&exact));
                let mut to_u = vec![0.0; w * h];
                kernels.diffuse_backward(
                    &single(&exact),
                    &f32s(&u),
                    &f32s(&e),
                    (w, h),
                    border,
                    &mut grads,
                    Some(&mut to_u),
                );
                let slope = |change: &dyn Fn(&mut BankF64, &mut Vec<f64>, f64), step: f64| {
                    let at = |d: f64| {
                        let (mut bank, mut u) = (exact.clone(), u.clone());
                        change(&mut bank, &mut u, d);
                        loss(&bank, &u)
                    };
                    (at(step) - at(-step)) / (2.0 * step)
                };
                let near = |ours: f64, right: f64, scale: f64, what: &str| {
                    let error = (ours - right).abs();
                    assert!(
                        error < 2e-4 * scale,
                        "{kernels:?} {what}: {ours} for {right}"
                    );
                };
                let largest = |v: &[f64]| v.iter().fold(1e-3_f64, |m, x| m.max(x.abs()));
                let scale = largest(&grads.filters);
                for i in 0..exact.filters.len() {
                    let right = slope(&|bank, _, d| bank.filters[i] += d, 1e-4);
                    near(grads.filters[i], right, scale, "filter");
                }
                let scale = largest(&grads.tables);
                for i in 0..exact.tables.len() {
                    let right = slope(&|bank, _, d| bank.tables[i] += d, 1e-3);
                    near(grads.tables[i], right, scale, "table");
                }
                let scale = largest(&to_u.iter().map(|x| f64::from(*x)).collect::<Vec<_>>());
                for i in 0..w * h {
                    let right = slope(&|_, u, d| u[i] += d, 1e-3);
                    near(f64::from(to_u[i]), right, scale, "input");
                }
            }
        }
    }
    assert_eq!(PIECES, 64);
}
