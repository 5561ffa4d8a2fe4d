//! How do features get into scratch? Row by row with a border of zeros, norm and ReLU applied on the way.

use crate::simd::{Op, Simd};
use crate::view::{Sum, View};
use std::ops::Range;

/// Something that yields features one vector of channels at a time.
pub(crate) trait Source<S: Simd> {
    /// What stays the same for all pixels of a vector of channels.
    type Prepared: Copy;

    /// Prepares channels `c .. c + n`.
    ///
    /// # Safety
    /// The channels exist; so does the instruction set.
    unsafe fn prepare(&self, c: usize, n: usize) -> Self::Prepared;

    /// The features at float `at`, `n` of them.
    ///
    /// # Safety
    /// The floats exist; so does the instruction set.
    unsafe fn get(&self, prepared: &Self::Prepared, at: usize, n: usize) -> S::V;

    /// Asks for the cache lines of float `at`, which need not exist.
    ///
    /// # Safety
    /// The instruction set exists.
    unsafe fn prefetch(&self, at: usize);
}

/// Nothing to prepare.
#[derive(Clone, Copy)]
pub(crate) struct Nothing;

/// Features as they are.
pub(crate) struct Plain(pub(crate) *const f32);

impl<S: Simd> Source<S> for Plain {
    type Prepared = Nothing;

    #[inline(always)]
    unsafe fn prepare(&self, _c: usize, _n: usize) -> Nothing {
        Nothing
    }

    #[inline(always)]
    unsafe fn get(&self, _prepared: &Nothing, at: usize, n: usize) -> S::V {
        // SAFETY: the caller's conditions.
        unsafe { S::load_some(self.0.add(at), n) }
    }

    #[inline(always)]
    unsafe fn prefetch(&self, at: usize) {
        // SAFETY: no effect but on the caches.
        unsafe { S::prefetch(self.0.wrapping_add(at)) }
    }
}

/// Features after ReLU.
pub(crate) struct Rectified(pub(crate) *const f32);

impl<S: Simd> Source<S> for Rectified {
    type Prepared = Nothing;

    #[inline(always)]
    unsafe fn prepare(&self, _c: usize, _n: usize) -> Nothing {
        Nothing
    }

    #[inline(always)]
    unsafe fn get(&self, _prepared: &Nothing, at: usize, n: usize) -> S::V {
        // SAFETY: the caller's conditions.
        unsafe { S::relu(S::load_some(self.0.add(at), n)) }
    }

    #[inline(always)]
    unsafe fn prefetch(&self, at: usize) {
        // SAFETY: no effect but on the caches.
        unsafe { S::prefetch(self.0.wrapping_add(at)) }
    }
}

/// Features after a norm and perhaps a ReLU.
pub(crate) struct Normed<const RELU: bool> {
    pub(crate) data: *const f32,
    pub(crate) scale: *const f32,
    pub(crate) shift: *const f32,
}

impl<S: Simd, const RELU: bool> Source<S> for Normed<RELU> {
    type Prepared = (S::V, S::V);

    #[inline(always)]
    unsafe fn prepare(&self, c: usize, n: usize) -> Self::Prepared {
        // SAFETY: the caller's conditions.
        unsafe {
            (
                S::load_some(self.scale.add(c), n),
                S::load_some(self.shift.add(c), n),
            )
        }
    }

    #[inline(always)]
    unsafe fn get(&self, (scale, shift): &Self::Prepared, at: usize, n: usize) -> S::V {
        // SAFETY: the caller's conditions.
        unsafe {
            let y = S::fma(S::load_some(self.data.add(at), n), *scale, *shift);
            if RELU { S::relu(y) } else { y }
        }
    }

    #[inline(always)]
    unsafe fn prefetch(&self, at: usize) {
        // SAFETY: no effect but on the caches.
        unsafe { S::prefetch(self.data.wrapping_add(at)) }
    }
}

/// Most terms of a sum that are added without going back to memory for the scales.
const TERMS: usize = 6;

/// A sum of at most [`TERMS`] terms; see [`Sum`].
pub(crate) struct Added<const N: usize> {
    pub(crate) data: [*const f32; N],
    pub(crate) scale: [*const f32; N],
    pub(crate) constant: *const f32,
}

impl<const N: usize> Added<N> {
    /// # Panics
    /// If the sum has other than `N` terms.
    pub(crate) fn new(sum: &Sum<'_>) -> Self {
        assert_eq!(sum.terms.len(), N);
        Self {
            data: std::array::from_fn(|i| sum.terms[i].data.as_ptr()),
            scale: std::array::from_fn(|i| sum.terms[i].scale.as_ptr()),
            constant: sum.constant.map_or(std::ptr::null(), <[f32]>::as_ptr),
        }
    }
}

impl<S: Simd, const N: usize> Source<S> for Added<N> {
    type Prepared = ([S::V; N], S::V);

    #[inline(always)]
    unsafe fn prepare(&self, c: usize, n: usize) -> Self::Prepared {
        // SAFETY: the caller's conditions; a null constant is not read.
        unsafe {
            let mut scales = [S::splat(0.0); N];
            for (scale, from) in scales.iter_mut().zip(&self.scale) {
                *scale = S::load_some(from.add(c), n);
            }
            let constant = if self.constant.is_null() {
                S::splat(0.0)
            } else {
                S::load_some(self.constant.add(c), n)
            };
            (scales, constant)
        }
    }

    #[inline(always)]
    unsafe fn get(&self, (scales, constant): &Self::Prepared, at: usize, n: usize) -> S::V {
        // SAFETY: the caller's conditions.
        unsafe {
            let mut sum = *constant;
            for i in 0..N {
                sum = S::fma(S::load_some(self.data[i].add(at), n), scales[i], sum);
            }
            sum
        }
    }

    #[inline(always)]
    unsafe fn prefetch(&self, at: usize) {
        for data in &self.data {
            // SAFETY: no effect but on the caches.
            unsafe { S::prefetch(data.wrapping_add(at)) }
        }
    }
}

/// Calls `$body` with `$source` bound to the source that suits a view.
macro_rules! with_view {
    ($view:expr, $source:ident => $body:expr) => {{
        let view: &$crate::view::View<'_> = $view;
        match (&view.affine, view.relu) {
            (None, false) => {
                let $source = $crate::fill::Plain(view.data.as_ptr());
                $body
            }
            (None, true) => {
                let $source = $crate::fill::Rectified(view.data.as_ptr());
                $body
            }
            (Some(affine), true) => {
                let $source = $crate::fill::Normed::<true> {
                    data: view.data.as_ptr(),
                    scale: affine.scale.as_ptr(),
                    shift: affine.shift.as_ptr(),
                };
                $body
            }
            (Some(affine), false) => {
                let $source = $crate::fill::Normed::<false> {
                    data: view.data.as_ptr(),
                    scale: affine.scale.as_ptr(),
                    shift: affine.shift.as_ptr(),
                };
                $body
            }
        }
    }};
}

/// Calls `$body` with `$source` bound to the source that suits a sum of at most 6 terms.
macro_rules! with_sum {
    ($sum:expr, $source:ident => $body:expr) => {{
        let sum: &$crate::view::Sum<'_> = $sum;
        match sum.terms.len() {
            1 => {
                let $source = $crate::fill::Added::<1>::new(sum);
                $body
            }
            2 => {
                let $source = $crate::fill::Added::<2>::new(sum);
                $body
            }
            3 => {
                let $source = $crate::fill::Added::<3>::new(sum);
                $body
            }
            4 => {
                let $source = $crate::fill::Added::<4>::new(sum);
                $body
            }
            5 => {
                let $source = $crate::fill::Added::<5>::new(sum);
                $body
            }
            6 => {
                let $source = $crate::fill::Added::<6>::new(sum);
                $body
            }
            n => unreachable!("sums are shortened to 6 terms before, not {n}"),
        }
    }};
}

pub(crate) use {with_sum, with_view};

/// Most terms that [`with_sum`] takes.
pub(crate) const MOST_TERMS: usize = TERMS;

/// A block of scratch and the part of an image that goes into it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// First float of the image.
    pub(crate) base: usize,
    /// Rows of the image.
    pub(crate) height: usize,
    /// Columns of the image.
    pub(crate) width: usize,
    /// Channels of the image.
    pub(crate) stored: usize,
    /// First channel that is taken.
    pub(crate) first: usize,
    /// Channels that are taken.
    pub(crate) channels: usize,
    /// Row of the image that goes into the first row of scratch; negative in the border.
    pub(crate) row: isize,
    /// Rows of scratch.
    pub(crate) rows: usize,
    /// Zero columns on the left.
    pub(crate) left: usize,
    /// Columns of scratch, borders included.
    pub(crate) columns: usize,
    /// Floats a pixel takes in scratch, at least `channels`; a surplus is zero.
    pub(crate) pitch: usize,
    /// Only every `step`-th row and column of the image is taken (1 = all).
    pub(crate) step: usize,
}

impl Window {
    /// Floats of scratch.
    pub(crate) fn len(&self) -> usize {
        self.rows * self.columns * self.pitch
    }

    /// Where the image is in a window of one row, read at every column: floats of the border before it, and the floats of the image.
    pub(crate) fn inside(&self) -> Inside {
        debug_assert!(self.rows == 1 && self.step == 1 && self.pitch == self.stored);
        if self.row < 0 || self.row >= self.height as isize {
            return Inside {
                start: self.columns * self.pitch,
                features: 0..0,
            };
        }
        let from = self.base + self.row as usize * self.width * self.stored;
        Inside {
            start: self.left * self.pitch,
            features: from..from + self.width * self.stored,
        }
    }

    /// Fills scratch from a source; `copy` also receives the taken pixels whose rows are in
    /// `copied` (rows of scratch), at the place that they have in an array like the image.
    ///
    /// # Safety
    /// `to` holds `len` floats, `copy` (if not null) `copied` rows of `width · stored` floats, and
    /// the source the whole image.
    #[inline(always)]
    pub(crate) unsafe fn fill<S: Simd, Src: Source<S>>(
        &self,
        source: &Src,
        to: *mut f32,
        copy: *mut f32,
        copied: Range<usize>,
    ) {
        let op = Fill {
            window: self,
            source,
            to,
            copy,
            copied,
        };
        // SAFETY: the caller's.
        unsafe { S::vectorize(op) }
    }
}

/// The part of a window's row that is no border.
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    /// Floats before it.
    pub(crate) start: usize,
    /// Where they are in the image.
    pub(crate) features: Range<usize>,
}

/// [`Window::fill`] as a function of its own: kernels fill their windows from ten kinds of sources.
struct Fill<'a, Src> {
    window: &'a Window,
    source: &'a Src,
    to: *mut f32,
    copy: *mut f32,
    copied: Range<usize>,
}

impl<S: Simd, Src: Source<S>> Op<S> for Fill<'_, Src> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let Fill {
            window,
            source,
            to,
            copy,
            copied,
        } = self;
        // SAFETY: indices stay inside the extents vouched for by the caller.
        unsafe {
            let taken = window.width.div_ceil(window.step);
            let row_floats = window.columns * window.pitch;
            for y in 0..window.rows {
                let row = to.add(y * row_floats);
                let from = window.row + (y * window.step) as isize;
                if from < 0 || from >= window.height as isize {
                    zero(row, row_floats);
                    continue;
                }
                zero(row, window.left * window.pitch);
                let inner = row.add(window.left * window.pitch);
                let right = window.left + taken;
                if right < window.columns {
                    zero(
                        row.add(right * window.pitch),
                        (window.columns - right) * window.pitch,
                    );
                }
                let image =
                    window.base + from as usize * window.width * window.stored + window.first;
                let copy_row = if !copy.is_null() && copied.contains(&y) {
                    copy.add((y - copied.start) * window.width * window.stored + window.first)
                } else {
                    std::ptr::null_mut()
                };
                let mut c = 0;
                while c < window.channels {
                    let n = (window.channels - c).min(S::LANES);
                    let prepared = source.prepare(window.first + c, n);
                    let full = n == S::LANES;
                    let wide = (window.pitch - c).min(S::LANES);
                    for x in 0..taken {
                        let at = image + x * window.step * window.stored + c;
                        // The next row, so that neither memory nor the next page is waited for.
                        source.prefetch(at + window.step * window.width * window.stored);
                        let value = source.get(&prepared, at, if full { S::LANES } else { n });
                        S::store_some(inner.add(x * window.pitch + c), value, wide);
                        if !copy_row.is_null() {
                            S::store_some(copy_row.add(x * window.stored + c), value, n);
                        }
                    }
                    c += S::LANES;
                }
                // A pitch may exceed the last vector of channels by whole vectors.
                let covered = window.channels.next_multiple_of(S::LANES);
                if covered < window.pitch {
                    for x in 0..taken {
                        zero(
                            inner.add(x * window.pitch + covered),
                            window.pitch - covered,
                        );
                    }
                }
            }
        }
    }
}

/// Writes `n` zeros.
///
/// # Safety
/// `to` is valid for `n` floats.
#[inline(always)]
pub(crate) unsafe fn zero(to: *mut f32, n: usize) {
    // SAFETY: the caller's; all-zero bits are 0.0.
    unsafe { std::ptr::write_bytes(to, 0, n) }
}

/// Does a view need no work at all, so that its memory can be read in place?
pub(crate) fn is_plain(view: &View<'_>) -> bool {
    view.affine.is_none() && !view.relu
}
