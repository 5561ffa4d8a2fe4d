//! Which blocks are most similar to a reference block? A search over all displacements, many references at a time.
//!
//! Pixels are rounded to quarters of a grey level, so that sums of squares are integers: they are
//! exact in any order, thus equal wherever a tile starts. A 32-bit number holds two pixels of
//! neighbouring rows, and one instruction adds the squares of both differences. Columns are stored
//! by their remainder modulo the step: then the reference blocks of a row are neighbours in
//! memory, and columns shared by neighbouring blocks are summed once.

#![allow(unsafe_code)] // Vectors are loaded through pointers.

use super::pad::Padded;
use super::profile::{RADIUS, Spec};
use super::simd::Simd;

/// Displacements per axis.
const SIDE: usize = 2 * RADIUS + 1;
/// Bits of a key that hold the displacement.
const INDEX_BITS: u32 = 11;
/// Bits of a key that hold the distance.
const DISTANCE_BITS: u32 = 20;
/// Lanes that rows are padded for.
const MAX_LANES: usize = 16;

/// The displacement `(dy, dx)` of a key's index; index 0 is the reference block itself, so that it comes first.
pub(super) fn displacement(index: usize) -> (isize, isize) {
    let Some(at) = index.checked_sub(1) else {
        return (0, 0);
    };
    let radius = RADIUS as isize;
    ((at / SIDE) as isize - radius, (at % SIDE) as isize - radius)
}

/// A plane rounded for matching.
#[derive(Debug)]
pub(super) struct PairImage {
    step: usize,
    /// Reference blocks in a row, and rows of them.
    pub(super) across: usize,
    height: usize,
    /// Numbers left of the first column.
    left: usize,
    /// Numbers of one remainder in a row.
    phase: usize,
    data: Vec<i32>,
    /// Squared grey levels summed over a block to a squared rounded distance.
    units: f64,
    /// Lowest column of a last candidate block.
    last: usize,
}

impl PairImage {
    /// Rounds a plane for blocks of `spec`; `sigma` is the noise in it.
    pub(super) fn new(plane: &Padded, spec: &Spec, sigma: f64) -> Self {
        // Differences reach 3072, so that 121 squares fit into 31 bits. Pixels outside are cut.
        let (low, scale) = if sigma > 64.0 {
            (-640.0f32, 2.0f32)
        } else {
            (-256.0, 4.0)
        };
        let step = spec.step;
        let across = (plane.width - spec.block) / step + 1;
        let left = RADIUS.div_ceil(step);
        let phase = 2 * left + 2 + across.next_multiple_of(MAX_LANES) + 2 * MAX_LANES;
        let mut data = vec![0i32; plane.height * step * phase];
        let round = |p: f32| ((p - low) * scale).clamp(0.0, 3072.0).round() as i32;
        for y in 0..plane.height {
            let this = &plane.data[y * plane.stride..][..plane.width];
            let next = &plane.data[(y + 1).min(plane.height - 1) * plane.stride..][..plane.width];
            let row = &mut data[y * step * phase..][..step * phase];
            for (x, (a, b)) in this.iter().zip(next).enumerate() {
                row[x % step * phase + left + x / step] = round(*a) | round(*b) << 16;
            }
        }
        Self {
            step,
            across,
            height: plane.height,
            left,
            phase,
            data,
            units: f64::from(scale * scale) * (spec.block * spec.block) as f64,
            last: plane.width - spec.block,
        }
    }

    /// Vectors of `lanes` reference blocks in a row.
    fn chunks(&self, lanes: usize) -> usize {
        self.across.div_ceil(lanes)
    }
}

/// The best matches of the reference blocks of one row, and room to find them.
#[derive(Debug)]
pub(super) struct Search {
    group: usize,
    lanes: usize,
    /// Sorted keys: vectors of references, for each `group` vectors of keys.
    keys: Vec<i32>,
    /// Sums of columns: of all remainders, and of the first ones.
    whole: Vec<i32>,
    part: Vec<i32>,
    bound: i32,
    limit: i32,
    shift: u32,
}

impl Search {
    /// Room for searches in `image`.
    pub(super) fn new<S: Simd>(image: &PairImage, spec: &Spec) -> Self {
        let limit = (spec.tau * image.units).min(f64::from(i32::MAX)) as i32;
        let shift = (32 - limit.leading_zeros()).saturating_sub(DISTANCE_BITS);
        let chunks = image.chunks(S::LANES);
        Self {
            group: spec.group,
            lanes: S::LANES,
            keys: vec![0; chunks * spec.group * S::LANES],
            whole: vec![0; (chunks + 2) * S::LANES],
            part: vec![0; (chunks + 2) * S::LANES],
            bound: limit >> shift << INDEX_BITS,
            limit,
            shift,
        }
    }

    /// Displacements of the blocks of reference `k`'s group, itself first, a power of two of them.
    pub(super) fn group(&self, k: usize, out: &mut [(isize, isize)]) -> usize {
        let (chunk, lane) = (k / self.lanes, k % self.lanes);
        let first = chunk * self.group * self.lanes + lane;
        let mut count = 0;
        while count < self.group {
            let key = self.keys[first + count * self.lanes];
            if key >= self.bound {
                break;
            }
            out[count] = displacement((key & ((1 << INDEX_BITS) - 1)) as usize);
            count += 1;
        }
        // The reference itself always matches, so there is one at least.
        if count == 0 { 0 } else { 1 << count.ilog2() }
    }

    /// Finds the matches of all reference blocks whose first row is `y`.
    ///
    /// # Safety
    /// The processor must have the instructions of `S`; `self` and `image` must be made for `S` and
    /// the block, step and group of the type arguments; a block must fit at row `y`.
    #[inline(always)]
    pub(super) unsafe fn row<S: Simd, const B: usize, const STEP: usize, const N: usize>(
        &mut self,
        image: &PairImage,
        y: usize,
    ) {
        debug_assert!(y + B <= image.height && STEP == image.step && N == self.group);
        self.keys.fill(self.bound);
        let radius = RADIUS as isize;
        let top = -(y.min(RADIUS) as isize);
        let bottom = (image.height - B - y).min(RADIUS) as isize;
        for dy in top..=bottom {
            for dx in -radius..=radius {
                let index = if dy == 0 && dx == 0 {
                    0
                } else {
                    1 + (dy + radius) as i32 * SIDE as i32 + (dx + radius) as i32
                };
                // SAFETY: rows y + dy to y + dy + B lie inside the image; the rest is the caller's.
                unsafe {
                    self.columns::<S, B, STEP>(image, y, (y as isize + dy) as usize, dx);
                    self.insert::<S, B, STEP, N>(image, dx, index);
                }
            }
        }
    }

    /// Sums squared differences over columns of blocks at rows `y` and `other`.
    ///
    /// # Safety
    /// As [`Search::row`], and blocks fit at both rows.
    #[inline(always)]
    unsafe fn columns<S: Simd, const B: usize, const STEP: usize>(
        &mut self,
        image: &PairImage,
        y: usize,
        other: usize,
        dx: isize,
    ) {
        let step = STEP as isize;
        let row = STEP * image.phase;
        let vectors = image.chunks(S::LANES) + 1;
        // SAFETY: columns from `-left` to `left + 1` beyond the vectors of a row are stored (`PairImage::new`),
        // and remainders plus `dx` divided by the step lie between `-left` and `left + 1`.
        unsafe {
            let mut here = [image.data.as_ptr(); STEP];
            let mut there = here;
            for j in 0..STEP {
                let at = j as isize + dx;
                let shift = at.div_euclid(step);
                here[j] = here[j].add(y * row + j * image.phase + image.left);
                there[j] = there[j]
                    .add(other * row + at.rem_euclid(step) as usize * image.phase)
                    .offset(image.left as isize + shift);
            }
            for v in 0..vectors {
                let k = v * S::LANES;
                let mut whole = S::isplat(0);
                let mut part = whole;
                for j in 0..STEP {
                    for r in (0..B).step_by(2) {
                        let a = S::iload(here[j].add(r * row + k));
                        let b = S::iload(there[j].add(r * row + k));
                        let mut d = S::sub16(a, b);
                        if r + 1 == B {
                            d = S::low16(d);
                        }
                        whole = S::iadd(whole, S::squares(d));
                    }
                    if j + 1 == B % STEP {
                        part = whole;
                    }
                }
                S::istore(self.whole.as_mut_ptr().add(k), whole);
                S::istore(self.part.as_mut_ptr().add(k), part);
            }
        }
    }

    /// Puts the blocks at one displacement where they belong in the sorted lists.
    ///
    /// # Safety
    /// As [`Search::row`], after [`Search::columns`].
    #[inline(always)]
    unsafe fn insert<S: Simd, const B: usize, const STEP: usize, const N: usize>(
        &mut self,
        image: &PairImage,
        dx: isize,
        index: i32,
    ) {
        // Candidates lie inside the image for references from `low` to `high`.
        let low = (-dx).max(0).unsigned_abs().div_ceil(STEP) as i32;
        let high = (image.last as isize - dx).div_euclid(STEP as isize) as i32;
        let lanes = S::LANES as i32;
        // SAFETY: `whole` and `part` hold one vector more than there are chunks, and `B / STEP` is
        // less than a vector; `keys` holds N vectors for each chunk.
        unsafe {
            let limit = S::isplat(self.limit);
            let index = S::isplat(index);
            let exact = S::isplat(-1 << self.shift);
            for chunk in 0..image.chunks(S::LANES) {
                let k = chunk * S::LANES;
                let whole = self.whole.as_ptr().add(k);
                let mut sum = S::iload(whole);
                for m in 1..B / STEP {
                    sum = S::iadd(sum, S::iload(whole.add(m)));
                }
                if B % STEP > 0 {
                    sum = S::iadd(sum, S::iload(self.part.as_ptr().add(k + B / STEP)));
                }
                let distance = S::iand(S::imin(sum, limit), exact);
                let mut key = S::iadd(S::ishl(distance, INDEX_BITS - self.shift), index);
                let first = k as i32;
                if first < low || first + lanes - 1 > high {
                    key = S::imax(key, S::outside(first, low, high));
                }
                let list = self.keys.as_mut_ptr().add(chunk * N * S::LANES);
                if !S::any_less(key, S::iload(list.add((N - 1) * S::LANES))) {
                    continue;
                }
                // Each entry becomes the middle one of itself, the one before it and the key.
                for i in (1..N).rev() {
                    let here = S::iload(list.add(i * S::LANES));
                    let before = S::iload(list.add((i - 1) * S::LANES));
                    S::istore(list.add(i * S::LANES), S::imin(here, S::imax(before, key)));
                }
                S::istore(list, S::imin(S::iload(list), key));
            }
        }
    }
}
