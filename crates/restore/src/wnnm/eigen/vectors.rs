//! Which vectors belong to the eigenvalues of a tridiagonal matrix? Inverse iteration finds them.
//!
//! `(T - λ I) x' = x` is solved by elimination with row exchanges, from a start without pattern, and then once more. Each
//! outcome is made orthogonal to all vectors before it, so that a group of nearly equal eigenvalues gets a basis of
//! its space. This costs little, as few eigenvalues are wanted.

use timestep_kernels::simd::{Fours, Lanes};

/// Pivots nearer to zero than this are replaced by it: the distance between floats at 1, the trace.
const PIVOT: f32 = 6e-8;

/// Solves after the first, which is half a solve.
const SOLVES: usize = 1;

/// Eigenvalues that are worked on together, so that one division does not wait for another.
const TOGETHER: usize = 4;

/// One row of the factors of each of the matrices that are worked on.
#[derive(Clone, Copy, Debug)]
struct Row<V> {
    /// 1 / pivot.
    inverse: [V; TOGETHER],
    /// First and second superdiagonal of the upper factor.
    first: [V; TOGETHER],
    second: [V; TOGETHER],
    /// The multiplier of the step, and 1 where rows were exchanged.
    factor: [V; TOGETHER],
    exchanged: [V; TOGETHER],
}

/// Room for the elimination of matrices of `n` rows.
#[derive(Debug)]
pub(super) struct Elimination<V> {
    rows: Vec<Row<V>>,
    /// The vectors, element by element.
    x: Vec<[V; TOGETHER]>,
}

impl<V: Copy> Elimination<V> {
    /// Room for `n` rows.
    pub(super) fn new(n: usize, zero: V) -> Self {
        let four = [zero; TOGETHER];
        let row = Row {
            inverse: four,
            first: four,
            second: four,
            factor: four,
            exchanged: four,
        };
        Self {
            rows: vec![row; n],
            x: vec![four; n],
        }
    }

    /// Factors `T - λ I` for each `λ`.
    #[inline(always)]
    fn factor<S: Fours<V = V>>(&mut self, s: Lanes<S>, d: &[V], e: &[V], lambda: [V; TOGETHER]) {
        let n = d.len();
        let (zero, one, pivot) = (s.splat(0.0), s.splat(1.0), s.splat(PIVOT));
        // The row that is eliminated with: its diagonal element and the one beside it.
        let mut diagonal = [zero; TOGETHER];
        let mut beside = [if n > 1 { e[0] } else { zero }; TOGETHER];
        for k in 0..TOGETHER {
            diagonal[k] = s.sub(d[0], lambda[k]);
        }
        for (i, row) in self.rows[..n - 1].iter_mut().enumerate() {
            let below = e[i];
            let next_beside = if i + 2 < n { e[i + 1] } else { zero };
            for k in 0..TOGETHER {
                let next = s.sub(d[i + 1], lambda[k]);
                let exchange = s.less(s.abs(diagonal[k]), s.abs(below));
                let lead = s.select(exchange, below, diagonal[k]);
                let lead = s.select(s.less(s.abs(lead), pivot), pivot, lead);
                let inverse = s.div(one, lead);
                let factor = s.mul(s.select(exchange, diagonal[k], below), inverse);
                let first = s.select(exchange, next, beside[k]);
                let second = s.select(exchange, next_beside, zero);
                row.inverse[k] = inverse;
                row.first[k] = first;
                row.second[k] = second;
                row.factor[k] = factor;
                row.exchanged[k] = s.select(exchange, one, zero);
                diagonal[k] = s.fnma(factor, first, s.select(exchange, beside[k], next));
                beside[k] = s.fnma(factor, second, s.select(exchange, zero, next_beside));
            }
        }
        let row = &mut self.rows[n - 1];
        for k in 0..TOGETHER {
            let small = s.less(s.abs(diagonal[k]), pivot);
            row.inverse[k] = s.div(one, s.select(small, pivot, diagonal[k]));
            row.first[k] = zero;
            row.second[k] = zero;
        }
    }

    /// Applies the elimination to the right-hand sides.
    #[inline(always)]
    fn forward<S: Fours<V = V>>(&mut self, s: Lanes<S>) {
        let half = s.splat(0.5);
        let mut current = self.x[0];
        for i in 0..self.x.len() - 1 {
            let row = &self.rows[i];
            let next = self.x[i + 1];
            for k in 0..TOGETHER {
                let exchange = s.less(half, row.exchanged[k]);
                let lead = s.select(exchange, next[k], current[k]);
                let other = s.select(exchange, current[k], next[k]);
                self.x[i][k] = lead;
                current[k] = s.fnma(row.factor[k], lead, other);
            }
        }
        if let Some(last) = self.x.last_mut() {
            *last = current;
        }
    }

    /// Solves with the upper factors.
    #[inline(always)]
    fn backward<S: Fours<V = V>>(&mut self, s: Lanes<S>) {
        let mut one_on = [s.splat(0.0); TOGETHER];
        let mut two_on = one_on;
        for (row, x) in self.rows.iter().zip(&mut self.x).rev() {
            for k in 0..TOGETHER {
                let rest = s.fnma(row.second[k], two_on[k], x[k]);
                let rest = s.fnma(row.first[k], one_on[k], rest);
                two_on[k] = one_on[k];
                one_on[k] = s.mul(rest, row.inverse[k]);
                x[k] = one_on[k];
            }
        }
    }
}

/// Eigenvectors of the tridiagonal matrix, `d.len()` vectors each, for the eigenvalues `values`.
///
/// In a lane where `values[j]` is an eigenvalue, the `j`-th eigenvector has length 1, or 0 where the iteration broke down.
#[inline(always)]
pub(super) fn eigenvectors<S: Fours>(
    s: Lanes<S>,
    d: &[S::V],
    e: &[S::V],
    values: &[S::V],
    room: &mut Elimination<S::V>,
    u: &mut [S::V],
) {
    let n = d.len();
    for (block, values) in values.chunks(TOGETHER).enumerate() {
        let first = block * TOGETHER;
        // The last block may do its last eigenvalue several times.
        let mut lambda = [values[values.len() - 1]; TOGETHER];
        lambda[..values.len()].copy_from_slice(values);
        room.factor(s, d, e, lambda);
        for (i, x) in room.x.iter_mut().enumerate() {
            for (k, x) in x.iter_mut().enumerate() {
                *x = s.splat(start(i, first + k));
            }
        }
        room.backward(s);
        for solve in 0..=SOLVES {
            if solve > 0 {
                for (i, x) in room.x.iter_mut().enumerate() {
                    for k in 0..values.len() {
                        x[k] = u[(first + k) * n + i];
                    }
                }
                room.forward(s);
                room.backward(s);
            }
            for k in 0..values.len() {
                let (before, rest) = u.split_at_mut((first + k) * n);
                let vector = &mut rest[..n];
                for (to, x) in vector.iter_mut().zip(&room.x) {
                    *to = x[k];
                }
                normalise(s, vector);
                if before.is_empty() {
                    continue;
                }
                for other in before.chunks_exact(n) {
                    subtract_part(s, vector, other);
                }
                normalise(s, vector);
            }
        }
    }
}

/// Makes `x` orthogonal to a vector of length 1.
#[inline(always)]
fn subtract_part<S: Fours>(s: Lanes<S>, x: &mut [S::V], other: &[S::V]) {
    // Two sums, so that one addition does not wait for another.
    let mut dots = [s.splat(0.0); 2];
    let (xs, others) = (x.chunks_exact(2), other.chunks_exact(2));
    if let ([x], [o]) = (xs.remainder(), others.remainder()) {
        dots[0] = s.mul(*x, *o);
    }
    for (x, o) in xs.zip(others) {
        dots[0] = s.fma(x[0], o[0], dots[0]);
        dots[1] = s.fma(x[1], o[1], dots[1]);
    }
    let dot = s.add(dots[0], dots[1]);
    for (x, o) in x.iter_mut().zip(other) {
        *x = s.fnma(dot, *o, *x);
    }
}

/// Scales to length 1; vectors that are zero or not finite become zero.
#[inline(always)]
fn normalise<S: Fours>(s: Lanes<S>, x: &mut [S::V]) {
    let zero = s.splat(0.0);
    let mut largest = zero;
    for x in &*x {
        largest = s.max(largest, s.abs(*x));
    }
    // Divided by the largest element first: its square might be infinite.
    let inverse = s.div(s.splat(1.0), largest);
    let mut sum = zero;
    for x in &mut *x {
        *x = s.mul(*x, inverse);
        sum = s.fma(*x, *x, sum);
    }
    let good = s.less(sum, s.splat(f32::MAX));
    let inverse = s.div(s.splat(1.0), s.sqrt(sum));
    for x in x {
        *x = s.select(good, s.mul(*x, inverse), zero);
    }
}

/// An element of the vector that iteration `j` starts with: between -1 and 1, without pattern.
fn start(i: usize, j: usize) -> f32 {
    let mixed = ((i * 64 + j) as u32)
        .wrapping_add(1)
        .wrapping_mul(0x9E37_79B1);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x85EB_CA6B);
    ((mixed >> 8) as f32 / (1 << 23) as f32) - 1.0
}
