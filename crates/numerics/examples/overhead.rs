//! What does a solve with fixed steps cost through a scheme of this crate, beside a loop written by hand?
//!
//! `cargo run --release --example overhead` prints nanoseconds per step of both, and the median over rounds of their
//! ratio in the same round. There are two equations: a reaction with diffusion (the brusselator on a ring), whose slope costs
//! less than anything else that one would solve, and a neural one, `u' = W tanh(V u)` of 64 numbers for each of a batch.
//! The loop by hand is what one writes for this one method: it holds its states in buffers of its own and calls nothing
//! that is not known when it is compiled. `-- 31` takes as many rounds.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::Instant;
use timestep_numerics::{Memory, StageId, StepCtx, StepError, scheme};

/// Equation, numbers in a state, steps in a turn.
const CASES: [(Equation, usize, usize); 7] = [
    (Equation::Brusselator, 4, 1 << 17),
    (Equation::Brusselator, 64, 1 << 14),
    (Equation::Brusselator, 1_024, 1 << 11),
    (Equation::Brusselator, 65_536, 1 << 5),
    (Equation::Neural, WIDTH, 1 << 12),
    (Equation::Neural, 16 * WIDTH, 1 << 8),
    (Equation::Neural, 128 * WIDTH, 1 << 5),
];
/// Numbers of the neural equation for each example of a batch.
const WIDTH: usize = 64;
/// Step size; small enough for every method here.
const H: f64 = 1e-3;
/// How fast it spreads from cell to cell.
const D: f64 = 0.02;
/// Coefficient of `lm`.
const K: f64 = -0.5;

/// What is solved.
#[derive(Clone, Copy, Debug)]
enum Equation {
    Brusselator,
    Neural,
}

impl Equation {
    fn slope(self, u: &[f64], out: &mut [f64]) {
        match self {
            Self::Brusselator => slope(u, out),
            Self::Neural => {
                for (u, out) in u.chunks_exact(WIDTH).zip(out.chunks_exact_mut(WIDTH)) {
                    neural(u, out);
                }
            }
        }
    }
}

/// `W tanh(V u)` with fixed weights, column by column.
fn neural(u: &[f64], out: &mut [f64]) {
    let weights = |shift: usize, out: &mut [f64], u: &[f64]| {
        out.fill(0.0);
        for (j, u) in u.iter().enumerate() {
            let u = u * 0.1;
            let row = &MATRIX[shift + 7 * j..][..WIDTH];
            let out = &mut out[..WIDTH];
            for i in 0..WIDTH {
                out[i] += row[i] * u;
            }
        }
    };
    let mut inner = [0.0; WIDTH];
    weights(0, &mut inner, u);
    inner.iter_mut().for_each(|x| *x = x.tanh());
    weights(512, out, &inner);
}

/// Numbers between -1 and 1 without a pattern that matters.
const MATRIX: [f64; 1024] = {
    let (mut all, mut seed, mut i) = ([0.0; 1024], 1_u64, 0);
    while i < all.len() {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        all[i] = (seed >> 33) as f64 / (1_u64 << 30) as f64 - 1.0;
        i += 1;
    }
    all
};

/// Slope of the brusselator on a ring: `x` in the first half of the state, `y` in the second.
fn slope(u: &[f64], out: &mut [f64]) {
    let n = u.len() / 2;
    let (x, y) = (&u[..n], &u[n..2 * n]);
    let (dx, dy) = out.split_at_mut(n);
    let (dx, dy) = (&mut dx[..n], &mut dy[..n]);
    for i in 0..n {
        let reaction = x[i] * x[i] * y[i];
        dx[i] = 1.0 + reaction - 4.0 * x[i];
        dy[i] = 3.0 * x[i] - reaction;
    }
    diffuse(x, dx);
    diffuse(y, dy);
}

/// Adds the diffusion of one of both on the ring.
fn diffuse(x: &[f64], out: &mut [f64]) {
    let n = x.len();
    let out = &mut out[..n];
    for i in 1..n.saturating_sub(1) {
        out[i] += D * (x[i - 1] - 2.0 * x[i] + x[i + 1]);
    }
    for i in [0, n - 1] {
        out[i] += D * (x[(i + n - 1) % n] - 2.0 * x[i] + x[(i + 1) % n]);
    }
}

/// The state after `steps` steps of a scheme.
fn through_scheme(name: &str, equation: Equation, start: &[f64], steps: usize) -> Vec<f64> {
    let scheme = scheme::<Vec<f64>>(name).expect("a registered scheme");
    let mut f = |_: StageId, u: &Vec<f64>| {
        let mut out = vec![0.0; u.len()];
        equation.slope(u, &mut out);
        Ok::<_, StepError>(out)
    };
    let (mut u, mut memory) = (start.to_vec(), Memory::new());
    for step in 0..steps {
        let ctx = StepCtx::new(step, H).with_coefs(vec![K]);
        u = scheme
            .step(&mut f, &u, &mut memory, &ctx)
            .expect("a finite state");
    }
    u
}

/// The same by hand.
fn by_hand(name: &str, equation: Equation, start: &[f64], steps: usize) -> Vec<f64> {
    let mut buffers: [Vec<f64>; 6] = std::array::from_fn(|_| start.to_vec());
    let [u, at, s1, s2, s3, s4] = &mut buffers;
    match name {
        "euler" => {
            for _ in 0..steps {
                equation.slope(u, s1);
                advance(u, H, s1);
            }
        }
        "lm" => {
            equation.slope(u, s1);
            advance(u, H, s1);
            for _ in 1..steps {
                equation.slope(u, s1);
                multistep(u, s1, at);
                std::mem::swap(u, at);
            }
        }
        "rk4" => {
            for _ in 0..steps {
                equation.slope(u, s1);
                ahead(u, 0.5 * H, s1, at);
                equation.slope(at, s2);
                ahead(u, 0.5 * H, s2, at);
                equation.slope(at, s3);
                ahead(u, H, s3, at);
                equation.slope(at, s4);
                quadrature(u, [s1, s2, s3, s4]);
            }
        }
        other => unreachable!("{other} is not written by hand"),
    }
    std::mem::take(u)
}

/// `u ← u + h s`.
fn advance(u: &mut [f64], h: f64, s: &[f64]) {
    let s = &s[..u.len()];
    for i in 0..s.len() {
        u[i] += h * s[i];
    }
}

/// `u + h s`.
fn ahead(u: &[f64], h: f64, s: &[f64], out: &mut [f64]) {
    let n = out.len();
    let (u, s) = (&u[..n], &s[..n]);
    for i in 0..n {
        out[i] = u[i] + h * s[i];
    }
}

/// `past ← (1-k) u + k past + h s`.
fn multistep(u: &[f64], s: &[f64], past: &mut [f64]) {
    let n = past.len();
    let (u, s) = (&u[..n], &s[..n]);
    for i in 0..n {
        past[i] = (1.0 - K) * u[i] + K * past[i] + H * s[i];
    }
}

/// The end of a classical Runge-Kutta step.
fn quadrature(u: &mut [f64], slopes: [&[f64]; 4]) {
    let n = u.len();
    let [a, b, c, d] = slopes.map(|s| &s[..n]);
    for i in 0..n {
        u[i] += H / 6.0 * a[i] + H / 3.0 * b[i] + H / 3.0 * c[i] + H / 6.0 * d[i];
    }
}

fn main() {
    let rounds = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(15);
    println!("scheme  equation     numbers  by hand ns/step  through the scheme ns/step  ratio");
    for name in ["euler", "lm", "rk4"] {
        for (equation, size, steps) in CASES {
            let start: Vec<f64> = (0..size).map(|i| 1.5 + (i as f64).sin()).collect();
            let hand = |steps| by_hand(name, equation, &start, steps);
            let ours = |steps| through_scheme(name, equation, &start, steps);
            let apart = hand(9)
                .iter()
                .zip(&ours(9))
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            assert!(apart < 1e-12, "{name} by hand is another method: {apart}");
            let timed = |run: &dyn Fn(usize) -> Vec<f64>| {
                let began = Instant::now();
                black_box(run(steps));
                began.elapsed().as_secs_f64() * 1e9 / steps as f64
            };
            let mut all: [Vec<f64>; 3] = Default::default();
            for round in 0..rounds {
                // Whoever goes second finds the memory warm.
                let first = (round % 2 == 0).then(|| timed(&hand));
                let through = timed(&ours);
                let by_hand = first.unwrap_or_else(|| timed(&hand));
                for (all, one) in all.iter_mut().zip([by_hand, through, through / by_hand]) {
                    all.push(one);
                }
            }
            let [by_hand, through, ratio] = all.map(median);
            println!(
                "{name:<6}  {:<11} {size:>8} {by_hand:>16.1} {through:>27.1} {ratio:>6.3}",
                format!("{equation:?}").to_lowercase(),
            );
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
