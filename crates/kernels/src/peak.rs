//! How fast could any kernel be on this machine? As fast as multiply-adds that never leave the registers.

use crate::kernels::Kernels;
use crate::simd::{Op, Simd};
use std::hint::black_box;
use std::time::Instant;

/// Chains of multiply-adds in flight: more than latency times units needs, fewer than registers.
const CHAINS: usize = 14;

/// Multiply-adds on registers.
struct Spin(usize);

impl<S: Simd> Op<S> for Spin {
    /// Floating-point operations done.
    type Out = f64;

    #[inline(always)]
    unsafe fn run(self) -> f64 {
        // SAFETY: registers only, but for one store into an array of a whole vector.
        unsafe {
            let (a, b) = (S::splat(black_box(0.999)), S::splat(black_box(1e-3)));
            let mut chains = [S::splat(1.0); CHAINS];
            for _ in 0..self.0 {
                for chain in &mut chains {
                    *chain = S::fma(*chain, a, b);
                }
            }
            let mut sum = chains[0];
            for chain in &chains[1..] {
                sum = S::add(sum, *chain);
            }
            let mut lanes = [0.0_f32; 16];
            S::store(lanes.as_mut_ptr(), sum);
            black_box(lanes);
        }
        (2 * CHAINS * S::LANES * self.0) as f64
    }
}

impl Kernels {
    /// Floating-point operations a second, in GFLOP/s, that all threads of the pool together reach
    /// with multiply-adds on registers: the ceiling of every direct kernel. Best of seven short runs.
    #[must_use]
    pub fn peak_gflops(&self) -> f64 {
        let steps = 400_000;
        let run = || {
            let began = Instant::now();
            // SAFETY: the processor has the instructions; the op has no further conditions.
            let done: f64 = rayon::broadcast(|_| unsafe { self.isa().run(Spin(steps)) })
                .into_iter()
                .sum();
            done / began.elapsed().as_secs_f64() / 1e9
        };
        (0..7).map(|_| run()).fold(0.0, f64::max)
    }
}
