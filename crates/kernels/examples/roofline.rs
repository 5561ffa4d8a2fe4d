//! Which resource bounds each kernel on this machine? Multiplications, or traffic with the memory that the arrays lie in.
//!
//! `cargo run --release --example roofline` prints a table; `-- --csv` the same as CSV; `-- 21` takes the median of 21 runs. For each pass of a
//! convolution: the time, the time its multiplications would take at the measured peak, and the time that its arrays would take at the measured
//! bandwidth if each was read or written once. The larger of the two is the roof. Winograd's method is counted with the products it does (36 for 16 outputs of a
//! 3×3 kernel, a quarter of a direct convolution; its additions are not counted), 8-bit convolutions at the peak of 8-bit products.

use rayon::prelude::*;
use std::hint::black_box;
use std::io::{Error, ErrorKind, Result, Write};
use std::time::Instant;
use timestep_kernels::simd::{Loops, run_loops};
use timestep_kernels::{Affine, ConvShape, Finish, Kernels, Scaled, Sum, View};

/// Batch, side of the image, channels in and out, kernel, stride.
const SHAPES: [[usize; 6]; 13] = [
    [128, 32, 3, 16, 3, 1],
    [128, 32, 16, 16, 3, 1],
    [128, 16, 32, 32, 3, 1],
    [128, 8, 64, 64, 3, 1],
    [128, 32, 16, 32, 3, 2],
    [64, 32, 64, 16, 1, 1],
    [64, 32, 16, 64, 1, 1],
    [8, 56, 64, 64, 3, 1],
    [8, 28, 128, 128, 3, 1],
    [8, 14, 256, 256, 3, 1],
    [8, 7, 512, 512, 3, 1],
    [8, 56, 64, 256, 1, 1],
    [8, 14, 1024, 256, 1, 1],
];

fn say(line: std::fmt::Arguments<'_>) -> Result<()> {
    writeln!(std::io::stdout(), "{line}")
}

/// The median seconds of some runs.
fn seconds(repeat: usize, mut run: impl FnMut()) -> f64 {
    run();
    let mut times: Vec<f64> = (0..repeat)
        .map(|_| {
            let began = Instant::now();
            run();
            began.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Reads an array.
struct Read<'a>(&'a [f32]);

impl Loops for Read<'_> {
    type Out = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        let mut sums = [0.0_f32; 128];
        for chunk in self.0.as_chunks::<128>().0 {
            for (sum, x) in sums.iter_mut().zip(chunk) {
                *sum += x;
            }
        }
        sums.iter().sum()
    }
}

/// GB/s of all threads together that read arrays of so many bytes, each its own part, and that copy them (a byte read and a byte written are two).
fn bandwidth(kernels: Kernels, bytes: usize, threads: usize) -> [f64; 2] {
    /// Bytes of a run: long beside the start of the threads.
    const WORK: usize = 1 << 29;
    let each = bytes / 4 / threads;
    let mut from: Vec<Vec<f32>> = (0..threads).map(|_| vec![1.0; each]).collect();
    let mut to: Vec<Vec<f32>> = from.iter().map(|part| vec![0.0; part.len() / 2]).collect();
    let times = (WORK / bytes).max(3);
    let read = seconds(5, || {
        from.par_iter().for_each(|part| {
            for _ in 0..times {
                black_box(run_loops(kernels, Read(black_box(part))));
            }
        });
    });
    // Halves, so that both together take as much room.
    let copy = seconds(5, || {
        from.par_iter_mut().zip(&mut to).for_each(|(part, to)| {
            for _ in 0..times {
                let half = to.len();
                to.copy_from_slice(black_box(&part[..half]));
                black_box(&to);
            }
        });
    });
    let gigabytes = (times * bytes) as f64 / 1e9;
    [gigabytes / read, gigabytes / copy]
}

/// What bounds passes here.
struct Machine {
    kernels: Kernels,
    repeat: usize,
    /// 10⁹ operations per second: of single precision, and of 8 bits where they have an instruction.
    peak: [f64; 2],
    /// Bytes of a level, and 10⁹ bytes per second of copies in it.
    levels: Vec<(usize, f64)>,
}

/// A pass that was timed.
struct Pass<'a> {
    name: &'a str,
    method: &'a str,
    seconds: f64,
    /// Operations that are done, and those of a direct convolution.
    operations: [f64; 2],
    bytes: usize,
    int8: bool,
}

impl Machine {
    fn row(&self, shape: &str, pass: &Pass<'_>, csv: bool) -> Result<()> {
        let peak = self.peak[usize::from(pass.int8)] * 1e9;
        let level = self.levels.iter().find(|(size, _)| pass.bytes <= *size);
        let level = level.or(self.levels.last());
        let wide = level.map_or(f64::NAN, |(_, rate)| rate * 1e9);
        let (multiply, move_) = (pass.operations[0] / peak, pass.bytes as f64 / wide);
        let roof = multiply.max(move_);
        let bound = if multiply > move_ {
            "multiplications"
        } else {
            "memory"
        };
        let ms = |seconds: f64| 1e3 * seconds;
        let rate = pass.operations[1] / pass.seconds / 1e9;
        let share = roof / pass.seconds;
        let (name, method) = (pass.name, pass.method);
        if csv {
            say(format_args!(
                "{shape},{name},{method},{:.4},{:.4},{:.4},{bound},{share:.3},{rate:.1},{:.0},{:.0}",
                ms(pass.seconds),
                ms(multiply),
                ms(move_),
                peak / 1e9,
                wide / 1e9
            ))
        } else {
            say(format_args!(
                "{shape:<24} {name:<9} {method:<9} {:>8.3} {:>9.3} {:>8.3}  {bound:<15} {:>4.0} %  {rate:>6.0}",
                ms(pass.seconds),
                ms(multiply),
                ms(move_),
                100.0 * share
            ))
        }
    }

    /// Times the passes of a convolution.
    fn convolution(&self, numbers: [usize; 6], csv: bool) -> Result<()> {
        let [batch, side, input, output, kernel, stride] = numbers;
        let shape = ConvShape {
            batch,
            height: side,
            width: side,
            input,
            output,
            kernel: [kernel; 2],
            stride,
            padding: [(kernel - 1) / 2; 2],
            groups: 1,
        };
        let fill = |n: usize| -> Vec<f32> {
            (0..n)
                .map(|i| (i * 7919 % 1013) as f32 / 1013.0 - 0.5)
                .collect()
        };
        let (x, w) = (fill(shape.input_len()), fill(shape.weight_len()));
        let g = fill(shape.output_len());
        let (mut y, mut dx) = (vec![0.0; g.len()], vec![0.0; x.len()]);
        let (scale, shift, center) = (vec![1.1; input], vec![0.1; input], vec![0.0; input]);
        let affine = Affine {
            scale: &scale,
            shift: &shift,
            center: &center,
        };
        let view = View {
            data: &x,
            affine: Some(affine),
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
        let kernels = self.kernels;
        let winograd = kernels.uses_winograd(&shape);
        let method = if winograd { "winograd" } else { "direct" };
        let direct = 2.0 * shape.multiply_adds() as f64;
        let done = if winograd { direct / 4.0 } else { direct };
        let arrays = [
            x.len() + w.len() + g.len(),
            2 * (x.len() + w.len()) + g.len(),
        ];
        let name = format!("{batch}x{side} {input}-{output} {kernel}/{stride}");
        let pass = |name, seconds, times: f64, bytes| Pass {
            name,
            method,
            seconds,
            operations: [times * done, times * direct],
            bytes,
            int8: false,
        };
        let forward = seconds(self.repeat, || {
            kernels.conv_forward(&shape, &view, &w, &mut y, true);
        });
        self.row(&name, &pass("forward", forward, 1.0, 4 * arrays[0]), csv)?;
        let backward = seconds(self.repeat, || {
            kernels.conv_backward(&shape, &view, &w, &sum, Some(&mut dx), None);
        });
        self.row(&name, &pass("backward", backward, 2.0, 4 * arrays[1]), csv)?;
        let packed = kernels.pack_conv_int8(&shape, &w);
        if packed.is_int8() && self.peak[1].is_finite() {
            // Its features are read twice: to find their levels, and to multiply them.
            let int8 = seconds(self.repeat, || {
                kernels.conv_packed(&shape, &view, &packed, &Finish::default(), &mut y, false);
            });
            let pass = Pass {
                name: "forward",
                method: "int8",
                seconds: int8,
                operations: [direct; 2],
                bytes: 4 * (2 * x.len() + g.len()) + w.len(),
                int8: true,
            };
            self.row(&name, &pass, csv)?;
        }
        Ok(())
    }
}

/// Who has read enough (`| head`) ends the program.
fn main() -> Result<()> {
    match run() {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let csv = arguments.iter().any(|a| a == "--csv");
    let repeat = (arguments.iter())
        .find(|a| *a != "--csv")
        .map(|a| a.parse::<usize>())
        .transpose()
        .map_err(|_| Error::other("usage: roofline [RUNS] [--csv]"))?;
    let kernels = Kernels::detect();
    let threads = rayon::current_num_threads();
    let float = kernels.peak_gflops();
    #[cfg(target_arch = "x86_64")]
    let vnni = kernels.isa().name() == "avx512" && is_x86_feature_detected!("avx512vnni");
    #[cfg(not(target_arch = "x86_64"))]
    let vnni = false;
    let mut levels = Vec::new();
    for size in [1 << 15, 1 << 19, 1 << 23, 1 << 28] {
        let [read, copy] = bandwidth(kernels, threads * size, threads);
        if !csv {
            let kilobytes = size >> 10;
            say(format_args!(
                "{kilobytes:>7} KiB per thread: {read:.0} GB/s read, {copy:.0} GB/s copied"
            ))?;
        }
        levels.push((threads * size, copy));
    }
    let machine = Machine {
        kernels,
        repeat: repeat.unwrap_or(9).max(1),
        // The instruction adds four products in the place of one.
        peak: [float, if vnni { 4.0 * float } else { f64::NAN }],
        levels,
    };
    if csv {
        say(format_args!(
            "shape,pass,method,ms,ms_of_multiplications,ms_of_memory,bound,share_of_roof,gflops_direct,peak_gflops,copy_gb_per_s"
        ))?;
    } else {
        let isa = kernels.isa().name();
        say(format_args!(
            "{isa}, {threads} threads, peak {float:.0} GFLOP/s; times in ms, the last column in GFLOP/s of a direct convolution"
        ))?;
        say(format_args!(
            "batch x side in-out k/s  pass      method      time  multiply   memory  bound            roof  GFLOP/s"
        ))?;
    }
    for shape in SHAPES {
        machine.convolution(shape, csv)?;
    }
    Ok(())
}
