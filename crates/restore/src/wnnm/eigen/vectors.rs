//! Which vectors belong to the eigenvalues of a tridiagonal matrix? Inverse iteration finds them.
//!
//! `(T - λ I) x' = x` is solved twice by elimination with row exchanges, from a start that is no eigenvector. Each
//! outcome is made orthogonal to all vectors before it, so that a group of nearly equal eigenvalues gets a basis of
//! its space. This costs little, as few eigenvalues are wanted.

use super::super::lanes::Lanes;

/// Pivots nearer to zero than this are replaced by it: the distance between floats at 1, the trace.
const PIVOT: f32 = 6e-8;

/// Solves after the first, which is half a solve.
const SOLVES: usize = 2;

/// Room for the elimination of matrices of `n` rows.
#[derive(Debug)]
pub(super) struct Elimination<V> {
    /// 1 / pivot.
    inverse: Vec<V>,
    /// First and second superdiagonal of the upper factor.
    first: Vec<V>,
    second: Vec<V>,
    /// The multiplier of each step; 1 where rows were exchanged.
    factor: Vec<V>,
    exchanged: Vec<V>,
}

impl<V: Copy> Elimination<V> {
    /// Room for `n` rows.
    pub(super) fn new(n: usize, zero: V) -> Self {
        Self {
            inverse: vec![zero; n],
            first: vec![zero; n],
            second: vec![zero; n],
            factor: vec![zero; n],
            exchanged: vec![zero; n],
        }
    }

    /// Factors `T - λ I`.
    #[inline(always)]
    fn factor<S: Lanes<V = V>>(&mut self, s: S, d: &[V], e: &[V], lambda: V) {
        let n = d.len();
        let (zero, one, pivot) = (s.splat(0.0), s.splat(1.0), s.splat(PIVOT));
        // The row that is eliminated with: its diagonal element and the one beside it.
        let mut diagonal = s.sub(d[0], lambda);
        let mut beside = if n > 1 { e[0] } else { zero };
        for i in 0..n - 1 {
            let below = e[i];
            let next = s.sub(d[i + 1], lambda);
            let next_beside = if i + 2 < n { e[i + 1] } else { zero };
            let exchange = s.less(s.abs(diagonal), s.abs(below));
            let lead = s.select(exchange, below, diagonal);
            let lead = s.select(s.less(s.abs(lead), pivot), pivot, lead);
            let inverse = s.div(one, lead);
            let factor = s.mul(s.select(exchange, diagonal, below), inverse);
            self.inverse[i] = inverse;
            self.first[i] = s.select(exchange, next, beside);
            self.second[i] = s.select(exchange, next_beside, zero);
            self.factor[i] = factor;
            self.exchanged[i] = s.select(exchange, one, zero);
            diagonal = s.nfma(factor, self.first[i], s.select(exchange, beside, next));
            beside = s.nfma(
                factor,
                self.second[i],
                s.select(exchange, zero, next_beside),
            );
        }
        let lead = s.select(s.less(s.abs(diagonal), pivot), pivot, diagonal);
        self.inverse[n - 1] = s.div(one, lead);
        self.first[n - 1] = zero;
        self.second[n - 1] = zero;
    }

    /// Applies the elimination to a right-hand side.
    #[inline(always)]
    fn forward<S: Lanes<V = V>>(&self, s: S, x: &mut [V]) {
        let half = s.splat(0.5);
        let mut current = x[0];
        for i in 0..x.len() - 1 {
            let exchange = s.less(half, self.exchanged[i]);
            let next = x[i + 1];
            x[i] = s.select(exchange, next, current);
            current = s.nfma(self.factor[i], x[i], s.select(exchange, current, next));
        }
        x[x.len() - 1] = current;
    }

    /// Solves with the upper factor.
    #[inline(always)]
    fn backward<S: Lanes<V = V>>(&self, s: S, x: &mut [V]) {
        let (mut one_on, mut two_on) = (s.splat(0.0), s.splat(0.0));
        for i in (0..x.len()).rev() {
            let rest = s.nfma(self.first[i], one_on, s.nfma(self.second[i], two_on, x[i]));
            two_on = one_on;
            one_on = s.mul(rest, self.inverse[i]);
            x[i] = one_on;
        }
    }
}

/// Eigenvectors of the tridiagonal matrix, `d.len()` vectors each, for the eigenvalues `values`.
///
/// In a lane where `values[j]` is an eigenvalue, the `j`-th eigenvector has length 1, or 0 where the iteration broke down.
#[inline(always)]
pub(super) fn eigenvectors<S: Lanes>(
    s: S,
    d: &[S::V],
    e: &[S::V],
    values: &[S::V],
    room: &mut Elimination<S::V>,
    u: &mut [S::V],
) {
    let n = d.len();
    for (j, lambda) in values.iter().enumerate() {
        let (before, rest) = u.split_at_mut(j * n);
        let x = &mut rest[..n];
        room.factor(s, d, e, *lambda);
        for (i, x) in x.iter_mut().enumerate() {
            *x = s.splat(start(i, j));
        }
        room.backward(s, x);
        for solve in 0..=SOLVES {
            if solve > 0 {
                room.forward(s, x);
                room.backward(s, x);
            }
            normalise(s, x);
            for other in before.chunks_exact(n) {
                let mut dot = s.splat(0.0);
                for (x, o) in x.iter().zip(other) {
                    dot = s.fma(*x, *o, dot);
                }
                for (x, o) in x.iter_mut().zip(other) {
                    *x = s.nfma(dot, *o, *x);
                }
            }
            normalise(s, x);
        }
    }
}

/// Scales to length 1; vectors that are zero or not finite become zero.
#[inline(always)]
fn normalise<S: Lanes>(s: S, x: &mut [S::V]) {
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
