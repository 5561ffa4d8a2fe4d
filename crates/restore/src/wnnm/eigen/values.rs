//! Which eigenvalues of a tridiagonal matrix are large? Those that Sturm's sequence counts, by bisection.

use timestep_kernels::simd::{Fours, Lanes};

/// Pivots nearer to zero than this are moved away. Matrices have trace 1.
const PIVOT: f32 = 1e-20;

/// Intervals are halved until they are this long: a few units in the last place of the trace.
const PRECISION: f32 = 4e-7;

/// Eigenvalues that are bisected together, so that one division does not wait for another.
const TOGETHER: usize = 4;

/// How many eigenvalues are larger than each of `x`, as floats; `squares` are those of the off-diagonal.
#[inline(always)]
pub(super) fn count<S: Fours, const K: usize>(
    s: Lanes<S>,
    d: &[S::V],
    squares: &[S::V],
    x: [S::V; K],
) -> [S::V; K] {
    let (zero, one) = (s.splat(0.0), s.splat(1.0));
    let (pivot, below) = (s.splat(PIVOT), s.splat(-PIVOT));
    let mut q = [one; K];
    let mut counts = [zero; K];
    for (i, d) in d.iter().enumerate() {
        let square = if i == 0 { zero } else { squares[i - 1] };
        for k in 0..K {
            let next = s.sub(s.sub(*d, x[k]), s.div(square, q[k]));
            q[k] = s.select(s.less(s.abs(next), pivot), below, next);
            counts[k] = s.add(counts[k], s.select(s.less(zero, q[k]), one, zero));
        }
    }
    counts
}

/// The largest `values.len()` eigenvalues, in descending order, of a matrix whose eigenvalues are in `above..1`.
///
/// In a lane with fewer eigenvalues than that above `above`, the others come out as `above`.
#[inline(always)]
pub(super) fn largest<S: Fours>(
    s: Lanes<S>,
    d: &[S::V],
    squares: &[S::V],
    above: S::V,
    values: &mut [S::V],
) {
    let half = s.splat(0.5);
    // A little above 1: the trace is rounded, too.
    let mut top = s.splat(1.0 + 1e-5);
    for (block, values) in values.chunks_mut(TOGETHER).enumerate() {
        let mut low = [above; TOGETHER];
        // Those of the next block are no larger than the last of this one.
        let mut high = [top; TOGETHER];
        loop {
            let mut longest = s.splat(0.0);
            for k in 0..TOGETHER {
                longest = s.max(s.sub(high[k], low[k]), longest);
            }
            if s.bits(s.less(s.splat(PRECISION), longest)) == 0 {
                break;
            }
            let mut middle = low;
            for k in 0..TOGETHER {
                middle[k] = s.mul(half, s.add(low[k], high[k]));
            }
            let counts = count(s, d, squares, middle);
            for k in 0..TOGETHER {
                // More than `index` eigenvalues are larger: so is this one.
                let index = s.splat((block * TOGETHER + k) as f32);
                let larger = s.less(index, counts[k]);
                low[k] = s.select(larger, middle[k], low[k]);
                high[k] = s.select(larger, high[k], middle[k]);
            }
        }
        for (value, (low, high)) in values.iter_mut().zip(low.iter().zip(high)) {
            *value = s.mul(half, s.add(*low, high));
        }
        top = high[TOGETHER - 1];
    }
}
