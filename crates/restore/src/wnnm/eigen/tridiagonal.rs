//! How does a symmetric matrix become tridiagonal? By Householder's reflections, one matrix a lane.
//!
//! `T = H_1 … H_{n-1} A H_{n-1} … H_1` with `H_i = I - v_i v_iᵀ / h_i`, where `v_i` has `i` elements, is made of row
//! `i` and replaces it. Only the lower triangle is read and written, row by row: `a[i * n + k]`, `k ≤ i`.

use timestep_kernels::simd::{Fours, Lanes};

/// Squared lengths up to this are zero. Matrices have trace 1.
const NOTHING: f32 = 1e-30;

/// Reduces `a` to the diagonal `d` (`n` vectors) and what lies beside it, `e` (`e[i]` between `i` and `i + 1`).
///
/// `a` keeps the reflections, `inverse_h` (`n` vectors) the `1 / h_i` of each, or 0. `p` is room for `n` vectors.
#[inline(always)]
pub(super) fn reduce<S: Fours>(
    s: Lanes<S>,
    a: &mut [S::V],
    d: &mut [S::V],
    e: &mut [S::V],
    inverse_h: &mut [S::V],
    p: &mut [S::V],
) {
    let n = d.len();
    let zero = s.splat(0.0);
    for i in (1..n).rev() {
        let (above, row) = a.split_at_mut(i * n);
        d[i] = row[i];
        let v = &mut row[..i];
        let p = &mut p[..i];
        // The reflection that maps the row onto its last element.
        let mut others = zero;
        for x in &v[..i - 1] {
            others = s.fma(*x, *x, others);
        }
        let last = v[i - 1];
        let needed = s.less(s.splat(NOTHING), others);
        let length = s.sqrt(s.fma(last, last, others));
        // The sign that adds, so that nothing cancels.
        let onto = s.select(s.less(last, zero), length, s.sub(zero, length));
        let h = s.fnma(last, onto, s.fma(last, last, others));
        e[i - 1] = s.select(needed, onto, last);
        inverse_h[i] = s.select(needed, s.div(s.splat(1.0), h), zero);
        v[i - 1] = s.sub(last, onto);
        if i == 1 {
            continue;
        }
        // w = p - v (pᵀ v) / (2 h), p = A v / h; then A - v wᵀ - w vᵀ.
        times(s, above, n, v, p);
        let mut dot = zero;
        for (p, v) in p.iter_mut().zip(&*v) {
            *p = s.mul(*p, inverse_h[i]);
            dot = s.fma(*p, *v, dot);
        }
        let half = s.mul(s.splat(0.5), s.mul(dot, inverse_h[i]));
        for (p, v) in p.iter_mut().zip(&*v) {
            *p = s.fnma(half, *v, *p);
        }
        update(s, above, n, v, p);
    }
    d[0] = a[0];
    inverse_h[0] = zero;
}

/// Rows that are worked on together: each element of `v` and `p` that is loaded serves all of them.
const ROWS: usize = 4;

/// `p = A v` of the leading `v.len()` rows and columns, from the lower triangle.
#[inline(always)]
fn times<S: Fours>(s: Lanes<S>, a: &[S::V], n: usize, v: &[S::V], p: &mut [S::V]) {
    let m = v.len();
    p.fill(s.splat(0.0));
    let mut top = 0;
    while top + ROWS <= m {
        let row = |u: usize| &a[(top + u) * n..][..top + ROWS];
        let (r0, r1, r2, r3) = (row(0), row(1), row(2), row(3));
        let at = [v[top], v[top + 1], v[top + 2], v[top + 3]];
        let mut sums = [s.splat(0.0); ROWS];
        for (c, (p, v)) in p[..top].iter_mut().zip(&v[..top]).enumerate() {
            let mut sum = *p;
            sum = s.fma(r0[c], at[0], sum);
            sums[0] = s.fma(r0[c], *v, sums[0]);
            sum = s.fma(r1[c], at[1], sum);
            sums[1] = s.fma(r1[c], *v, sums[1]);
            sum = s.fma(r2[c], at[2], sum);
            sums[2] = s.fma(r2[c], *v, sums[2]);
            sum = s.fma(r3[c], at[3], sum);
            sums[3] = s.fma(r3[c], *v, sums[3]);
            *p = sum;
        }
        for u in 0..ROWS {
            p[top + u] = s.add(p[top + u], sums[u]);
        }
        corner(s, a, n, v, p, top, top + ROWS);
        top += ROWS;
    }
    // The last rows, up to three.
    for r in top..m {
        let row = &a[r * n..][..top];
        let mut sum = s.splat(0.0);
        for (c, g) in row.iter().enumerate() {
            sum = s.fma(*g, v[c], sum);
            p[c] = s.fma(*g, v[r], p[c]);
        }
        p[r] = s.add(p[r], sum);
    }
    corner(s, a, n, v, p, top, m);
}

/// Adds the part of `A v` that comes from the triangle on the diagonal with rows `from..to`.
#[inline(always)]
fn corner<S: Fours>(
    s: Lanes<S>,
    a: &[S::V],
    n: usize,
    v: &[S::V],
    p: &mut [S::V],
    from: usize,
    to: usize,
) {
    for r in from..to {
        for c in from..r {
            let g = a[r * n + c];
            p[r] = s.fma(g, v[c], p[r]);
            p[c] = s.fma(g, v[r], p[c]);
        }
        p[r] = s.fma(a[r * n + r], v[r], p[r]);
    }
}

/// `A - v wᵀ - w vᵀ` in the lower triangle of the leading `v.len()` rows.
#[inline(always)]
fn update<S: Fours>(s: Lanes<S>, a: &mut [S::V], n: usize, v: &[S::V], w: &[S::V]) {
    for (r, row) in a.chunks_exact_mut(n).take(v.len()).enumerate() {
        let (vr, wr) = (v[r], w[r]);
        for ((g, v), w) in row[..=r].iter_mut().zip(v).zip(w) {
            *g = s.fnma(vr, *w, s.fnma(wr, *v, *g));
        }
    }
}

/// Turns eigenvectors of `T` into those of `A`: `u ← H_{n-1} … H_1 u` for each `n` vectors of `u`.
#[inline(always)]
pub(super) fn back<S: Fours>(
    s: Lanes<S>,
    a: &[S::V],
    n: usize,
    inverse_h: &[S::V],
    u: &mut [S::V],
) {
    for i in 1..n {
        let v = &a[i * n..][..i];
        let mut fours = u.chunks_exact_mut(4 * n);
        for four in &mut fours {
            let (u0, rest) = four.split_at_mut(n);
            let (u1, rest) = rest.split_at_mut(n);
            let (u2, u3) = rest.split_at_mut(n);
            let (u0, u1, u2, u3) = (&mut u0[..i], &mut u1[..i], &mut u2[..i], &mut u3[..i]);
            let mut dots = [s.splat(0.0); 4];
            for (c, v) in v.iter().enumerate() {
                dots[0] = s.fma(*v, u0[c], dots[0]);
                dots[1] = s.fma(*v, u1[c], dots[1]);
                dots[2] = s.fma(*v, u2[c], dots[2]);
                dots[3] = s.fma(*v, u3[c], dots[3]);
            }
            for dot in &mut dots {
                *dot = s.mul(*dot, inverse_h[i]);
            }
            for (c, v) in v.iter().enumerate() {
                u0[c] = s.fnma(*v, dots[0], u0[c]);
                u1[c] = s.fnma(*v, dots[1], u1[c]);
                u2[c] = s.fnma(*v, dots[2], u2[c]);
                u3[c] = s.fnma(*v, dots[3], u3[c]);
            }
        }
        for u in fours.into_remainder().chunks_exact_mut(n) {
            let mut dot = s.splat(0.0);
            for (v, u) in v.iter().zip(&*u) {
                dot = s.fma(*v, *u, dot);
            }
            dot = s.mul(dot, inverse_h[i]);
            for (v, u) in v.iter().zip(u) {
                *u = s.fnma(*v, dot, *u);
            }
        }
    }
}
