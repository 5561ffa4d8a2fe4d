//! How is a group of similar patches cleaned? Its singular values are shrunk; one group a lane.
//!
//! With the patches as columns of `Y` (their mean subtracted), `Y Yᵀ = U S² Uᵀ` gives the left singular vectors of the
//! few large singular values, and `X = U F Uᵀ Y` the clean patches, where `F` has what is left of each value divided by
//! the value. Where there are fewer patches than pixels in one, rows and columns of `Y` change places.

use super::eigen::Eigen;
use timestep_kernels::simd::{Fours, Lanes, floats_mut};

/// Eigenvalues below this part of their sum drown in rounding errors.
const FLOOR: f32 = 1e-6;

/// Room for as many groups as there are lanes.
#[derive(Debug)]
pub(super) struct Groups<V> {
    /// Pixels of a patch, patches of a group.
    pixels: usize,
    patches: usize,
    /// `min(pixels, patches)` rows, `max(pixels, patches)` columns.
    rows: usize,
    columns: usize,
    y: Vec<V>,
    means: Vec<V>,
    gram: Vec<V>,
    coefficients: Vec<V>,
    eigen: Eigen<V>,
}

impl<V: Copy> Groups<V> {
    /// Room for groups of `patches` patches of `pixels` pixels.
    pub(super) fn new<S: Fours<V = V>>(s: Lanes<S>, pixels: usize, patches: usize) -> Self {
        let zero = s.splat(0.0);
        let (rows, columns) = (pixels.min(patches), pixels.max(patches));
        Self {
            pixels,
            patches,
            rows,
            columns,
            y: vec![zero; rows * columns],
            means: vec![zero; pixels],
            gram: vec![zero; rows * rows],
            coefficients: Vec::with_capacity(rows * columns),
            eigen: Eigen::new(s, rows),
        }
    }

    /// Steps in `y` from pixel to pixel and from patch to patch.
    #[inline(always)]
    fn steps(&self) -> (usize, usize) {
        if self.pixels <= self.patches {
            (self.columns, 1)
        } else {
            (1, self.columns)
        }
    }

    /// Puts one patch of `side` columns of each group into its lane; that of lane `l` starts at `starts[l]` of a
    /// picture with `width` columns.
    #[inline(always)]
    pub(super) fn put<S: Fours<V = V>>(
        &mut self,
        s: Lanes<S>,
        patch: usize,
        from: &[f32],
        starts: &[usize],
        width: usize,
        side: usize,
    ) {
        let (pixel_step, patch_step) = self.steps();
        let to = &mut self.y[patch * patch_step..];
        for row in 0..side {
            for (column, _) in fours(side) {
                let four = s.gather(&from[row * width + column..], starts);
                for (c, v) in four.into_iter().enumerate() {
                    to[(row * side + column + c) * pixel_step] = v;
                }
            }
        }
    }

    /// Adds one cleaned patch of each of the first `starts.len()` groups to a picture.
    #[inline(always)]
    pub(super) fn add_to<S: Fours<V = V>>(
        &self,
        s: Lanes<S>,
        patch: usize,
        to: &mut [f32],
        starts: &[usize],
        width: usize,
        side: usize,
    ) {
        let (pixel_step, patch_step) = self.steps();
        let y = &self.y[patch * patch_step..];
        for row in 0..side {
            for (column, done) in fours(side) {
                let mut four = [s.splat(0.0); 4];
                for (c, v) in four.iter_mut().enumerate().skip(done) {
                    *v = y[(row * side + column + c) * pixel_step];
                }
                s.scatter_add(four, &mut to[row * width + column..], starts);
            }
        }
    }

    /// Cleans the groups; `weight` is `C = c √n σ²` of each.
    #[inline(always)]
    pub(super) fn shrink<S: Fours<V = V>>(&mut self, s: Lanes<S>, weight: V) {
        let total = self.centre(s);
        // Scaled to trace 1, with 0 for groups of equal patches.
        let some = s.less(s.splat(f32::MIN_POSITIVE), total);
        let scale = s.select(some, s.div(s.splat(1.0), total), s.splat(0.0));
        let four = s.mul(s.splat(4.0), s.mul(weight, scale));
        // Kept are s ≥ 2 √C: eigenvalues above 4 C.
        let above = s.max(s.splat(FLOOR), four);
        let above = s.select(some, above, s.splat(2.0));
        let above = s.select(s.less(above, s.splat(2.0)), above, s.splat(2.0));
        gram(s, &self.y, self.rows, self.columns, scale, &mut self.gram);
        self.eigen.solve(s, &mut self.gram, above);
        self.rebuild(s, four);
        self.add_means(s);
    }

    /// Subtracts the mean over the patches; returns the sum of squares that are left.
    #[inline(always)]
    fn centre<S: Fours<V = V>>(&mut self, s: Lanes<S>) -> V {
        let share = s.splat(1.0 / self.patches as f32);
        let mut total = s.splat(0.0);
        if self.pixels <= self.patches {
            for (row, mean) in self.y.chunks_exact_mut(self.columns).zip(&mut self.means) {
                let mut sum = s.splat(0.0);
                for y in &*row {
                    sum = s.add(sum, *y);
                }
                *mean = s.mul(sum, share);
                let mut squares = s.splat(0.0);
                for y in row {
                    *y = s.sub(*y, *mean);
                    squares = s.fma(*y, *y, squares);
                }
                total = s.add(total, squares);
            }
        } else {
            self.means.fill(s.splat(0.0));
            for row in self.y.chunks_exact(self.columns) {
                for (mean, y) in self.means.iter_mut().zip(row) {
                    *mean = s.add(*mean, *y);
                }
            }
            for mean in &mut self.means {
                *mean = s.mul(*mean, share);
            }
            for row in self.y.chunks_exact_mut(self.columns) {
                let mut squares = s.splat(0.0);
                for (mean, y) in self.means.iter().zip(row) {
                    *y = s.sub(*y, *mean);
                    squares = s.fma(*y, *y, squares);
                }
                total = s.add(total, squares);
            }
        }
        total
    }

    /// Adds the mean again.
    #[inline(always)]
    fn add_means<S: Fours<V = V>>(&mut self, s: Lanes<S>) {
        if self.pixels <= self.patches {
            for (row, mean) in self.y.chunks_exact_mut(self.columns).zip(&self.means) {
                for y in row {
                    *y = s.add(*y, *mean);
                }
            }
        } else {
            for row in self.y.chunks_exact_mut(self.columns) {
                for (y, mean) in row.iter_mut().zip(&self.means) {
                    *y = s.add(*y, *mean);
                }
            }
        }
    }

    /// `Y ← U F Uᵀ Y`; `four` is `4 C` in the units of the eigenvalues.
    #[inline(always)]
    fn rebuild<S: Fours<V = V>>(&mut self, s: Lanes<S>, four: V) {
        let (rows, columns) = (self.rows, self.columns);
        let found = self.eigen.values.len();
        if found == 0 {
            self.y.fill(s.splat(0.0));
            return;
        }
        let mut kept = [s.splat(0.0)];
        for (lane, kept) in floats_mut::<S>(&mut kept).iter_mut().zip(&self.eigen.kept) {
            *lane = *kept as f32;
        }
        self.coefficients.clear();
        self.coefficients.resize(found * columns, kept[0]);
        let u = &self.eigen.vectors;
        product(
            s,
            Strided {
                of: u,
                item: rows,
                along: 1,
                items: found,
            },
            Strided {
                of: &self.y,
                item: 1,
                along: columns,
                items: columns,
            },
            rows,
            &mut self.coefficients,
        );
        for (j, (row, value)) in self
            .coefficients
            .chunks_exact_mut(columns)
            .zip(&self.eigen.values)
            .enumerate()
        {
            let factor = share(s, *value, four);
            let mine = s.less(s.splat(j as f32), kept[0]);
            let factor = s.select(mine, factor, s.splat(0.0));
            for c in row {
                *c = s.mul(*c, factor);
            }
        }
        product(
            s,
            Strided {
                of: u,
                item: 1,
                along: rows,
                items: rows,
            },
            Strided {
                of: &self.coefficients,
                item: 1,
                along: columns,
                items: columns,
            },
            found,
            &mut self.y,
        );
    }
}

/// First columns of fours that cover `side ≥ 4` columns, and how many of each were covered before.
#[inline(always)]
fn fours(side: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..side).step_by(4).map(move |column| {
        let first = column.min(side - 4);
        (first, column - first)
    })
}

/// What is left of a singular value, divided by it, from its square: `(1 + √(1 - 4 C / s²)) / 2`.
#[inline(always)]
fn share<S: Fours>(s: Lanes<S>, square: S::V, four: S::V) -> S::V {
    let (half, one) = (s.splat(0.5), s.splat(1.0));
    let root = s.sqrt(s.max(s.splat(0.0), s.sub(one, s.div(four, square))));
    s.fma(half, root, half)
}

/// Vectors that are taken `items` at a time, `item` apart, and then on `along` for the next term of a sum.
#[derive(Clone, Copy)]
struct Strided<'a, V> {
    of: &'a [V],
    item: usize,
    along: usize,
    items: usize,
}

/// `out[i][k] = Σ_t left_i(t) right_k(t)` over `terms` terms, row by row.
#[inline(always)]
fn product<S: Fours>(
    s: Lanes<S>,
    left: Strided<'_, S::V>,
    right: Strided<'_, S::V>,
    terms: usize,
    out: &mut [S::V],
) {
    if S::REGISTERS == 32 {
        tiles::<S, 4>(s, left, right, terms, false, out);
    } else {
        tiles::<S, 2>(s, left, right, terms, false, out);
    }
}

/// The lower triangle of `scale Y Yᵀ`; something near the diagonal above it, too.
#[inline(always)]
fn gram<S: Fours>(
    s: Lanes<S>,
    y: &[S::V],
    rows: usize,
    columns: usize,
    scale: S::V,
    out: &mut [S::V],
) {
    let side = Strided {
        of: y,
        item: columns,
        along: 1,
        items: rows,
    };
    if S::REGISTERS == 32 {
        tiles::<S, 4>(s, side, side, columns, true, out);
    } else {
        tiles::<S, 2>(s, side, side, columns, true, out);
    }
    for (i, row) in out.chunks_exact_mut(rows).enumerate() {
        for g in &mut row[..=i] {
            *g = s.mul(*g, scale);
        }
    }
}

/// [`product`] in tiles of `T × T` accumulators, those above the diagonal left out if `lower`.
#[inline(always)]
fn tiles<S: Fours, const T: usize>(
    s: Lanes<S>,
    left: Strided<'_, S::V>,
    right: Strided<'_, S::V>,
    terms: usize,
    lower: bool,
    out: &mut [S::V],
) {
    for i in (0..left.items).step_by(T) {
        let end = if lower { i + 1 } else { right.items };
        for k in (0..end).step_by(T) {
            // Tiles that reach over the edge do the last row or column again.
            let mut at_left = [0; T];
            let mut at_right = [0; T];
            for u in 0..T {
                at_left[u] = (i + u).min(left.items - 1) * left.item;
                at_right[u] = (k + u).min(right.items - 1) * right.item;
            }
            let mut sums = [[s.splat(0.0); T]; T];
            for t in 0..terms {
                let mut r = [s.splat(0.0); T];
                for v in 0..T {
                    r[v] = right.of[at_right[v] + t * right.along];
                }
                for u in 0..T {
                    let l = left.of[at_left[u] + t * left.along];
                    for v in 0..T {
                        sums[u][v] = s.fma(l, r[v], sums[u][v]);
                    }
                }
            }
            for u in 0..T.min(left.items - i) {
                for v in 0..T.min(right.items - k) {
                    out[(i + u) * right.items + k + v] = sums[u][v];
                }
            }
        }
    }
}
