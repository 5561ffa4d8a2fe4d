//! How fast is a step of learned diffusion, and its backward pass, beside the peak of the multiply-adds?
//!
//!     cargo run --release --example diffusion -- [REPEATS]
//!
//! Prints the best and the median time, GFLOP/s of the two filterings as they are defined (backward: the five), and the
//! fraction of the peak: above 1 where multiplications are saved. Then, on one thread and by turns, how many times faster
//! a step is than by direct sums.

use std::time::Instant;
use timestep_kernels::Kernels;
use timestep_kernels::diffusion::{Bank, BankGrads, Border, hermite};

/// Best and median seconds.
fn time(repeats: usize, mut run: impl FnMut()) -> (f64, f64) {
    let mut seconds: Vec<f64> = (0..repeats)
        .map(|_| {
            let began = Instant::now();
            run();
            began.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    (seconds[0], seconds[repeats / 2])
}

#[allow(clippy::print_stdout)]
fn main() {
    let repeats = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(9);
    let kernels = Kernels::detect();
    let peak = kernels.peak_gflops();
    let threads = rayon::current_num_threads();
    println!(
        "{}, {threads} threads, peak {peak:.0} GFLOP/s",
        kernels.isa().name()
    );
    for size in [5_usize, 7] {
        let (area, count) = (size * size, size * size - 1);
        let mut filters: Vec<f32> = (0..count * area)
            .map(|i| (i * 37 % 101) as f32 / 50.0 - 1.0)
            .collect();
        // As learned ones: without a mean, of norm 1.
        for filter in filters.chunks_mut(area) {
            let mean = filter.iter().sum::<f32>() / area as f32;
            let norm = filter.iter().map(|t| (t - mean) * (t - mean)).sum::<f32>();
            for tap in filter {
                *tap = (*tap - mean) / norm.sqrt();
            }
        }
        let table = hermite(|z| ((z / 30.0).sin(), (z / 30.0).cos() / 30.0));
        let tables: Vec<f32> = (0..count)
            .flat_map(|_| table.iter().map(|c| *c as f32))
            .collect();
        let bank = Bank::new(size, &filters, &tables);
        for side in [180_usize, 256, 512, 1024, 2048] {
            let u: Vec<f32> = (0..side * side)
                .map(|i| (i * 7919 % 4001) as f32 / 40.0 + 80.0)
                .collect();
            let mut out = vec![0.0; side * side];
            let flops = (4 * area * count * side * side) as f64;
            let many = repeats.min((3e10 / flops) as usize).max(3);
            let (best, median) = time(many, || {
                kernels.diffuse(
                    &bank,
                    &u,
                    &u,
                    (side, side),
                    Border::Mirror,
                    [-1.0, -0.1, 0.1],
                    &mut out,
                );
            });
            let rate = flops / best / 1e9;
            println!(
                "{size}×{size} {side}²: {:.2} ms (median {:.2}), {rate:.0} GFLOP/s, {:.2} of peak",
                best * 1e3,
                median * 1e3,
                rate / peak
            );
            let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build();
            let Ok(alone) = alone else { continue };
            let (mut ours, mut direct) = (Vec::new(), Vec::new());
            for _ in 0..many {
                let began = Instant::now();
                alone.install(|| {
                    kernels.diffuse(
                        &bank,
                        &u,
                        &u,
                        (side, side),
                        Border::Mirror,
                        [-1.0, -0.1, 0.1],
                        &mut out,
                    );
                });
                ours.push(began.elapsed().as_secs_f64());
                let began = Instant::now();
                kernels.diffuse_alone(
                    &bank,
                    &u,
                    &u,
                    (side, side),
                    Border::Mirror,
                    [-1.0, -0.1, 0.1],
                    &mut out,
                );
                direct.push(began.elapsed().as_secs_f64());
            }
            for times in [&mut ours, &mut direct] {
                times.sort_by(f64::total_cmp);
            }
            println!(
                "  one thread: {:.2} ms (median {:.2}), direct {:.2} ({:.2}): {:.2} times faster (medians {:.2})",
                ours[0] * 1e3,
                ours[many / 2] * 1e3,
                direct[0] * 1e3,
                direct[many / 2] * 1e3,
                direct[0] / ours[0],
                direct[many / 2] / ours[many / 2]
            );
            if side <= 180 {
                let mut grads = BankGrads::zeros(&bank);
                let (best, median) = time(many, || {
                    out.fill(0.0);
                    kernels.diffuse_backward(
                        &bank,
                        &u,
                        &u,
                        (side, side),
                        Border::Mirror,
                        &mut grads,
                        Some(&mut out),
                    );
                });
                let rate = 2.5 * flops / best / 1e9;
                println!(
                    "  backward, one thread: {:.2} ms (median {:.2}), {rate:.0} GFLOP/s, {:.2} of a thread's peak",
                    best * 1e3,
                    median * 1e3,
                    rate / peak * threads as f64
                );
            }
        }
    }
}
