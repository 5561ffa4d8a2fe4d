//! How are 8 problems solved at once without knowing the processor? With arrays.

use super::{Lanes, Op};

/// Plain Rust: what every processor runs.
#[derive(Clone, Copy, Debug)]
pub(in crate::wnnm) struct Portable;

const COUNT: usize = 8;
type V = [f32; COUNT];

/// Applies a function to the lanes of two vectors.
#[inline(always)]
fn zip(a: V, b: V, f: impl Fn(f32, f32) -> f32) -> V {
    std::array::from_fn(|i| f(a[i], b[i]))
}

// SAFETY: `V` is an array of `COUNT` floats.
unsafe impl Lanes for Portable {
    type V = V;
    type Mask = [bool; COUNT];
    const COUNT: usize = COUNT;
    const TILE: usize = 2;

    #[inline(always)]
    fn vectorize<O: Op<Self>>(self, op: O) -> O::Out {
        op.run(self)
    }

    #[inline(always)]
    fn splat(self, x: f32) -> V {
        [x; COUNT]
    }

    #[inline(always)]
    fn load(self, from: &[f32]) -> V {
        std::array::from_fn(|i| from[i])
    }

    #[inline(always)]
    fn add(self, a: V, b: V) -> V {
        zip(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: V, b: V) -> V {
        zip(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: V, b: V) -> V {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, a: V, b: V) -> V {
        zip(a, b, |a, b| a / b)
    }

    // Not fused: without the instruction, `mul_add` is a call that is slow.
    #[inline(always)]
    fn fma(self, a: V, b: V, c: V) -> V {
        self.add(self.mul(a, b), c)
    }

    #[inline(always)]
    fn nfma(self, a: V, b: V, c: V) -> V {
        self.sub(c, self.mul(a, b))
    }

    #[inline(always)]
    fn sqrt(self, a: V) -> V {
        a.map(f32::sqrt)
    }

    #[inline(always)]
    fn max(self, a: V, b: V) -> V {
        zip(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn abs(self, a: V) -> V {
        a.map(f32::abs)
    }

    #[inline(always)]
    fn less(self, a: V, b: V) -> Self::Mask {
        std::array::from_fn(|i| a[i] < b[i])
    }

    #[inline(always)]
    fn select(self, mask: Self::Mask, yes: V, no: V) -> V {
        std::array::from_fn(|i| if mask[i] { yes[i] } else { no[i] })
    }

    #[inline(always)]
    fn bits(self, mask: Self::Mask) -> u32 {
        (0..COUNT).fold(0, |bits, i| bits | u32::from(mask[i]) << i)
    }

    #[inline(always)]
    fn gather(self, from: &[f32], at: &[usize]) -> [V; 4] {
        std::array::from_fn(|c| std::array::from_fn(|l| from[at[l] + c]))
    }

    #[inline(always)]
    fn scatter_add(self, v: [V; 4], to: &mut [f32], at: &[usize]) {
        for (l, at) in at.iter().enumerate() {
            for (c, to) in to[*at..at + 4].iter_mut().enumerate() {
                *to += v[c][l];
            }
        }
    }
}
