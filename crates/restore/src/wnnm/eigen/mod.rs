//! Which large eigenvalues and eigenvectors do many small symmetric matrices have? One matrix a lane, in `f32`.
//!
//! Householder's reduction, bisection by Sturm's sequence, inverse iteration, reflections back.

mod tridiagonal;
mod values;
mod vectors;

use timestep_kernels::simd::{Fours, Lanes, floats};
use vectors::Elimination;

/// Room for matrices of `n` rows and what was found of them.
#[derive(Debug)]
pub(super) struct Eigen<V> {
    n: usize,
    d: Vec<V>,
    e: Vec<V>,
    squares: Vec<V>,
    inverse_h: Vec<V>,
    p: Vec<V>,
    room: Elimination<V>,
    /// The eigenvalues, the largest first.
    pub(super) values: Vec<V>,
    /// Their eigenvectors, `n` vectors each.
    pub(super) vectors: Vec<V>,
    /// Eigenvalues above the bound in each lane.
    pub(super) kept: Vec<usize>,
}

impl<V: Copy> Eigen<V> {
    /// Room for `n` rows.
    pub(super) fn new<S: Fours<V = V>>(s: Lanes<S>, n: usize) -> Self {
        let zero = s.splat(0.0);
        Self {
            n,
            d: vec![zero; n],
            e: vec![zero; n],
            squares: vec![zero; n],
            inverse_h: vec![zero; n],
            p: vec![zero; n],
            room: Elimination::new(n, zero),
            values: Vec::with_capacity(n),
            vectors: Vec::with_capacity(n * n),
            kept: vec![0; S::LANES],
        }
    }

    /// Finds the eigenvalues above `above` and their eigenvectors, of matrices of trace 1 (or 0).
    ///
    /// `a` holds the lower triangles, row by row, `n` vectors each, and is overwritten. As many are found in every
    /// lane as in the one that has most; beyond its own number, [`kept`](Self::kept), those of a lane mean nothing.
    #[inline(always)]
    pub(super) fn solve<S: Fours<V = V>>(&mut self, s: Lanes<S>, a: &mut [V], above: V) {
        let n = self.n;
        tridiagonal::reduce(
            s,
            a,
            &mut self.d,
            &mut self.e,
            &mut self.inverse_h,
            &mut self.p,
        );
        for (square, e) in self.squares.iter_mut().zip(&self.e) {
            *square = s.mul(*e, *e);
        }
        let counts = values::count(s, &self.d, &self.squares, [above]);
        let mut most = 0;
        for (kept, count) in self.kept.iter_mut().zip(floats::<S>(&counts)) {
            *kept = *count as usize;
            most = most.max(*kept);
        }
        self.values.clear();
        self.values.resize(most, above);
        values::largest(s, &self.d, &self.squares, above, &mut self.values);
        self.vectors.clear();
        self.vectors.resize(most * n, above);
        vectors::eigenvectors(
            s,
            &self.d,
            &self.e,
            &self.values,
            &mut self.room,
            &mut self.vectors,
        );
        tridiagonal::back(s, a, n, &self.inverse_h, &mut self.vectors);
    }
}
