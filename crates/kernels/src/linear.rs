//! How does a network turn means into logits? By a product with a matrix, sixteen sums at a time.

use crate::kernels::Kernels;
use crate::parallel::map;
use crate::shape::chunks;
use crate::simd::{MAX_LANES, Op, Simd};
use std::ops::Range;

/// Multiply-adds that are worth a task.
const TASK: usize = 1 << 17;

/// Some columns of the result, for all rows.
struct Columns<'a> {
    x: &'a [f32],
    /// Weights and biases of these columns.
    weights: &'a [f32],
    bias: &'a [f32],
    /// Numbers in a row of `x`.
    from: usize,
    /// Rows after rows.
    out: Vec<f32>,
}

impl<S: Simd> Op<S> for Columns<'_> {
    type Out = Vec<f32>;

    #[inline(always)]
    unsafe fn run(mut self) -> Vec<f32> {
        let from = self.from;
        // Weights of one column meet all rows while they are near.
        for (o, (w, b)) in self.weights.chunks_exact(from).zip(self.bias).enumerate() {
            for (r, x) in self.x.chunks_exact(from).enumerate() {
                // SAFETY: the caller's instruction set.
                let sum = unsafe { dot::<S>(x, w) };
                self.out[r * self.bias.len() + o] = sum + b;
            }
        }
        self.out
    }
}

/// A dot product in sixteen chains of sums, whatever the length of a vector: the same bits on every set of instructions.
///
/// # Safety
/// The processor has the instructions of `S`.
#[inline(always)]
unsafe fn dot<S: Simd>(a: &[f32], b: &[f32]) -> f32 {
    let (heads, tail) = a.as_chunks::<MAX_LANES>();
    let (others, rest) = b.as_chunks::<MAX_LANES>();
    let mut lanes = [0.0_f32; MAX_LANES];
    // SAFETY: vectors inside chunks of 16 floats, of which there are as many in both.
    unsafe {
        let mut sums = [S::splat(0.0); MAX_LANES];
        for (a, b) in heads.iter().zip(others) {
            for v in 0..MAX_LANES / S::LANES {
                let product = S::mul(
                    S::load(a.as_ptr().add(v * S::LANES)),
                    S::load(b.as_ptr().add(v * S::LANES)),
                );
                sums[v] = S::add(sums[v], product);
            }
        }
        for v in 0..MAX_LANES / S::LANES {
            S::store(lanes.as_mut_ptr().add(v * S::LANES), sums[v]);
        }
    }
    let mut total: f32 = lanes.iter().sum();
    for (a, b) in tail.iter().zip(rest) {
        total += a * b;
    }
    total
}

impl Kernels {
    /// `x Wᵀ + b`, row after row: `x` has rows of `from` numbers, `weights` one row of them for each number of `bias`.
    ///
    /// # Panics
    /// If a length does not fit.
    #[must_use]
    pub fn linear(&self, x: &[f32], weights: &[f32], bias: &[f32], from: usize) -> Vec<f32> {
        assert!(from > 0 && x.len().is_multiple_of(from), "whole rows");
        assert_eq!(
            weights.len(),
            from * bias.len(),
            "weights of a linear layer"
        );
        let (rows, to) = (x.len() / from, bias.len());
        let ranges = chunks(to, (x.len() * to / TASK).clamp(1, 64));
        let part = |range: &Range<usize>| {
            let op = Columns {
                x,
                weights: &weights[range.start * from..range.end * from],
                bias: &bias[range.clone()],
                from,
                out: vec![0.0; rows * range.len()],
            };
            // SAFETY: the processor has the instructions (`Kernels::new`).
            unsafe { self.isa().run(op) }
        };
        let parts = map(&ranges, part);
        let mut out = vec![0.0; rows * to];
        for (range, part) in ranges.iter().zip(&parts) {
            for (r, part) in part.chunks_exact(range.len().max(1)).enumerate() {
                out[r * to..][range.clone()].copy_from_slice(part);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Isa;

    #[test]
    fn products_are_those_of_plain_sums_on_every_set_of_instructions() {
        for (rows, from, to) in [(1, 5, 3), (1, 2048, 300), (7, 65, 10), (3, 16, 1)] {
            let number = |i: usize, of: usize| ((i * 37 + of) % 101) as f32 / 50.0 - 1.0;
            let x: Vec<f32> = (0..rows * from).map(|i| number(i, 1)).collect();
            let w: Vec<f32> = (0..to * from).map(|i| number(i, 2)).collect();
            let b: Vec<f32> = (0..to).map(|i| number(i, 3)).collect();
            let all = Isa::ALL.into_iter().filter_map(Kernels::new);
            let results: Vec<_> = all.map(|k| k.linear(&x, &w, &b, from)).collect();
            for r in 0..rows {
                for o in 0..to {
                    let terms =
                        (0..from).map(|i| f64::from(x[r * from + i]) * f64::from(w[o * from + i]));
                    let expected = terms.sum::<f64>() + f64::from(b[o]);
                    let got = f64::from(results[0][r * to + o]);
                    let allowed = 1e-6 * (10.0 + expected.abs());
                    assert!(
                        (got - expected).abs() < allowed,
                        "{r} {o}: {got} {expected}"
                    );
                }
            }
            assert!(results.iter().all(|other| *other == results[0]));
        }
    }
}
