#![allow(missing_docs, clippy::print_stdout)]
use std::time::Instant;
use timestep_kernels::*;
fn main() {
    let a: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse().ok())
        .collect();
    let f = |n: usize| {
        (0..n)
            .map(|i| ((i * 7919) % 1013) as f32 / 1013.0 - 0.5)
            .collect::<Vec<f32>>()
    };
    let all = [
        (128, 32, 16, 16, 3, 1),
        (128, 16, 32, 32, 3, 1),
        (128, 8, 64, 64, 3, 1),
        (128, 32, 16, 32, 3, 2),
        (128, 32, 16, 64, 1, 1),
        (128, 32, 64, 16, 1, 1),
        (128, 16, 128, 32, 1, 1),
        (128, 8, 64, 256, 1, 1),
        (128, 32, 3, 16, 3, 1),
        (16, 56, 64, 64, 3, 1),
        (16, 28, 128, 128, 3, 1),
        (16, 14, 256, 256, 3, 1),
        (16, 7, 512, 512, 3, 1),
        (16, 14, 1024, 256, 1, 1),
        (16, 7, 512, 2048, 1, 1),
        (128, 32, 16, 32, 1, 2),
    ];
    let (sel, reps) = if a.len() >= 2 {
        (vec![all[a[0]]], a[1])
    } else {
        (all.to_vec(), 9)
    };
    let mode = a.get(2).copied().unwrap_or(7);
    for (b, h, c, o, k, s) in sel {
        let sh = ConvShape {
            batch: b,
            height: h,
            width: h,
            input: c,
            output: o,
            kernel: k,
            stride: s,
            padding: (k - 1) / 2,
            groups: 1,
        };
        let x = f(sh.input_len());
        let w = f(sh.weight_len());
        let mut y = vec![0f32; sh.output_len()];
        let mut dx = vec![0f32; sh.input_len()];
        let g = f(sh.output_len());
        let sc = vec![1.1f32; c];
        let st = vec![0.1f32; c];
        let ce = vec![0.01f32; c];
        let ones = vec![1f32; o];
        let view = View {
            data: &x,
            affine: Some(Affine {
                scale: &sc,
                shift: &st,
                center: &ce,
            }),
            relu: true,
        };
        let sum = Sum {
            terms: vec![Scaled {
                data: &g,
                scale: &ones,
            }],
            constant: None,
        };
        for wino in [true, false] {
            let kn = Kernels::detect().with_winograd(wino);
            if wino && !kn.uses_winograd(&sh) {
                continue;
            }
            if mode != 7 && !wino {
                continue;
            }
            let mut tf = vec![];
            let mut tb = vec![];
            let mut tw = vec![];
            let mut ti = vec![];
            for _ in 0..reps {
                let t = Instant::now();
                if mode & 1 != 0 {
                    kn.conv_forward(&sh, &view, &w, &mut y, true);
                }
                tf.push(t.elapsed().as_secs_f64());
                let t = Instant::now();
                if mode & 2 != 0 {
                    kn.conv_backward(&sh, &view, &w, &sum, Some(&mut dx), None);
                }
                tb.push(t.elapsed().as_secs_f64());
                let t = Instant::now();
                if mode & 4 != 0 {
                    kn.conv_backward(&sh, &view, &w, &sum, None, None);
                }
                tw.push(t.elapsed().as_secs_f64());
                let t = Instant::now();
                if mode & 4 != 0 {
                    kn.conv_input_grad(&sh, &w, &sum, &mut dx);
                }
                ti.push(t.elapsed().as_secs_f64());
            }
            for v in [&mut tf, &mut tb, &mut tw, &mut ti] {
                v.sort_by(f64::total_cmp);
            }
            let m = reps / 2;
            let fl = 2.0 * sh.multiply_adds() as f64 / 1e9;
            println!(
                "{b}x{h}x{h} {c}->{o} k{k}s{s} wino={wino}: fwd {:.2} ms {:.0} GF/s; bwd {:.2} ms {:.0}; wgrad {:.2} ms {:.0}; dgrad {:.2} ms {:.0}",
                tf[m] * 1e3,
                fl / tf[m],
                tb[m] * 1e3,
                2.0 * fl / tb[m],
                tw[m] * 1e3,
                fl / tw[m],
                ti[m] * 1e3,
                fl / ti[m]
            );
        }
    }
}
