//! Where does the time of a convolution go on this machine? GFLOP/s of every pass, by both algorithms.
//!
//! `cargo run --release --example kernels` prints a table; `-- 3` only row 3, `-- 3 500` with 500
//! repetitions, for a profiler. Operations are those of a direct convolution, so Winograd's method can
//! exceed the peak. Inputs carry a norm and a ReLU to be applied on load, as in a pre-activation block.
#![allow(clippy::print_stdout)]

use std::time::Instant;
use timestep_kernels::{Affine, ConvShape, Kernels, Scaled, Sum, View};

/// Batch, side of the image, channels in and out, kernel, stride, groups.
const SHAPES: [[usize; 7]; 27] = [
    [128, 32, 3, 16, 3, 1, 1],
    [128, 32, 16, 16, 3, 1, 1],
    [128, 32, 16, 32, 3, 2, 1],
    [128, 16, 32, 32, 3, 1, 1],
    [128, 8, 64, 64, 3, 1, 1],
    [64, 32, 16, 64, 1, 1, 1],
    [64, 32, 64, 16, 1, 1, 1],
    [64, 16, 128, 32, 1, 1, 1],
    [64, 8, 64, 256, 1, 1, 1],
    [64, 32, 64, 128, 1, 2, 1],
    [16, 56, 64, 64, 3, 1, 1],
    [16, 28, 128, 128, 3, 1, 1],
    [16, 14, 256, 256, 3, 1, 1],
    [16, 7, 512, 512, 3, 1, 1],
    [16, 14, 1024, 256, 1, 1, 1],
    [16, 7, 512, 2048, 1, 1, 1],
    // Fast WRN-10-4.
    [128, 16, 64, 64, 3, 1, 1],
    [128, 8, 128, 128, 3, 1, 1],
    [128, 8, 128, 256, 3, 2, 1],
    [128, 4, 256, 256, 3, 1, 1],
    // ResNeXt-29 8×64d.
    [32, 32, 512, 512, 3, 1, 8],
    [32, 16, 1024, 1024, 3, 1, 8],
    [32, 8, 2048, 2048, 3, 1, 8],
    [32, 32, 256, 512, 1, 1, 1],
    [32, 32, 512, 256, 1, 1, 1],
    // ResNeXt-50 32×4d.
    [16, 56, 128, 128, 3, 1, 32],
    [16, 28, 256, 256, 3, 1, 32],
];

/// Median GFLOP/s of `repeat` runs.
fn rate(operations: usize, repeat: usize, mut pass: impl FnMut()) -> f64 {
    pass();
    let mut times: Vec<f64> = (0..repeat)
        .map(|_| {
            let began = Instant::now();
            pass();
            began.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    operations as f64 / times[times.len() / 2] / 1e9
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let repeat = numbers.get(1).copied().unwrap_or(9);
    let kernels = Kernels::detect();
    println!(
        "{}, peak {:.0} GFLOP/s; columns in GFLOP/s",
        kernels.isa().name(),
        kernels.peak_gflops()
    );
    println!("batch×side in→out kernel/stride groups method    forward  backward  weights  input");
    for (row, shape) in SHAPES.iter().enumerate() {
        if numbers.first().is_some_and(|only| *only != row) {
            continue;
        }
        let [batch, side, input, output, kernel, stride, groups] = *shape;
        let shape = ConvShape {
            batch,
            height: side,
            width: side,
            input,
            output,
            kernel: [kernel; 2],
            stride,
            padding: [(kernel - 1) / 2; 2],
            groups,
        };
        let fill = |n: usize| -> Vec<f32> {
            (0..n)
                .map(|i| (i * 7919 % 1013) as f32 / 1013.0 - 0.5)
                .collect()
        };
        let (x, w, g) = (
            fill(shape.input_len()),
            fill(shape.weight_len()),
            fill(shape.output_len()),
        );
        let (mut y, mut dx) = (vec![0.0; g.len()], vec![0.0; x.len()]);
        let (scale, shift, center) = (vec![1.1; input], vec![0.1; input], vec![0.0; input]);
        let view = View {
            data: &x,
            affine: Some(Affine {
                scale: &scale,
                shift: &shift,
                center: &center,
            }),
            relu: true,
        };
        let ones = vec![1.0; output];
        let sum = Sum {
            terms: vec![Scaled {
                data: &g,
                scale: &ones,
            }],
            constant: None,
        };
        let operations = 2 * shape.multiply_adds();
        for winograd in [true, false] {
            let k = kernels.with_winograd(winograd);
            if winograd && !k.uses_winograd(&shape) {
                continue;
            }
            let forward = rate(operations, repeat, || {
                let _ = k.conv_forward(&shape, &view, &w, &mut y, true);
            });
            let backward = rate(2 * operations, repeat, || {
                let _ = k.conv_backward(&shape, &view, &w, &sum, Some(&mut dx), None);
            });
            let weights = rate(operations, repeat, || {
                let _ = k.conv_backward(&shape, &view, &w, &sum, None, None);
            });
            let inputs = rate(operations, repeat, || {
                k.conv_input_grad(&shape, &w, &sum, &mut dx)
            });
            let name = format!("{batch}×{side} {input}→{output} {kernel}/{stride} {groups}");
            let method = if winograd { "winograd" } else { "direct" };
            println!(
                "{row:>2} {name:<30} {method:<9} {forward:>7.0}  {backward:>8.0}  {weights:>7.0}  {inputs:>5.0}"
            );
        }
    }
}
