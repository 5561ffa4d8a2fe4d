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
use timestep_kernels::simd::Integers;

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

/// The index of a displacement, see [`displacement`].
fn index(dy: isize, dx: isize) -> i32 {
    if (dy, dx) == (0, 0) {
        return 0;
    }
    let radius = RADIUS as isize;
    1 + ((dy + radius) * SIDE as isize + dx + radius) as i32
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
        let round = |p: f32| (((p - low) * scale).clamp(0.0, 3072.0) + 0.5) as i32;
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

    /// Was it made from a plane of this size, for these blocks?
    pub(super) fn fits(&self, plane: &Padded, spec: &Spec) -> bool {
        (self.last + spec.block, self.height, self.step) == (plane.width, plane.height, spec.step)
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
    /// Sums of columns for two vectors of references and each `dx`: of all remainders, and of the first ones.
    whole: Vec<i32>,
    part: Vec<i32>,
    /// All `dx`, near ones first.
    shifts: Vec<Shift>,
    bound: i32,
    limit: i32,
    shift: u32,
}

/// What is known of a horizontal displacement.
#[derive(Debug)]
struct Shift {
    dx: isize,
    /// Where the columns of each remainder lie, from the first number of the same row on.
    moved: [isize; MAX_STEP],
    /// References whose candidates lie inside the image: from `low` to `high`.
    low: i32,
    high: i32,
}

/// Largest step of reference blocks.
const MAX_STEP: usize = 6;
/// Most pairs of rows in a block.
const MAX_PAIRS: usize = 6;

/// `0, -1, 1, -2, 2, …`: near blocks are the most similar ones, and lists that start with them change less often.
fn outward(i: usize) -> isize {
    let half = i.div_ceil(2) as isize;
    if i.is_multiple_of(2) { half } else { -half }
}

impl Search {
    /// Room for searches in `image`.
    pub(super) fn new<S: Integers>(image: &PairImage, spec: &Spec) -> Self {
        let limit = (spec.tau * image.units).min(f64::from(i32::MAX)) as i32;
        let shift = (32 - limit.leading_zeros()).saturating_sub(DISTANCE_BITS);
        let shift_by = |dx: isize| {
            let step = image.step as isize;
            let mut moved = [0; MAX_STEP];
            for (j, to) in moved.iter_mut().enumerate().take(image.step) {
                let at = j as isize + dx;
                *to = at.rem_euclid(step) * image.phase as isize + at.div_euclid(step);
            }
            Shift {
                dx,
                moved,
                low: -dx.div_euclid(step).min(0) as i32,
                high: (image.last as isize - dx).div_euclid(step) as i32,
            }
        };
        Self {
            group: spec.group,
            lanes: S::INTEGERS,
            keys: vec![0; image.chunks(S::INTEGERS) * spec.group * S::INTEGERS],
            whole: vec![0; SIDE * 2 * S::INTEGERS],
            part: vec![0; SIDE * 2 * S::INTEGERS],
            shifts: (0..SIDE).map(outward).map(shift_by).collect(),
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
    pub(super) unsafe fn row<S: Integers, const B: usize, const STEP: usize, const N: usize>(
        &mut self,
        image: &PairImage,
        y: usize,
    ) {
        debug_assert!(y + B <= image.height && STEP == image.step && N == self.group);
        self.keys.fill(self.bound);
        for dy in (0..SIDE).map(outward) {
            let Some(other) = y.checked_add_signed(dy).filter(|o| o + B <= image.height) else {
                continue;
            };
            // SAFETY: blocks fit at both rows; the rest is the caller's.
            unsafe {
                for v in 0..=image.chunks(S::INTEGERS) {
                    self.columns::<S, B, STEP>(image, y, other, v);
                    if let Some(chunk) = v.checked_sub(1) {
                        self.insert::<S, B, STEP, N>(chunk, dy);
                    }
                }
            }
        }
    }

    /// Sums squared differences over columns of blocks at rows `y` and `other`, for vector `v` of
    /// the references and all `dx`; those of the vector before are kept.
    ///
    /// # Safety
    /// As [`Search::row`], and blocks fit at both rows.
    #[inline(always)]
    unsafe fn columns<S: Integers, const B: usize, const STEP: usize>(
        &mut self,
        image: &PairImage,
        y: usize,
        other: usize,
        v: usize,
    ) {
        let row = STEP * image.phase;
        let first = image.left + v * S::INTEGERS;
        // SAFETY: columns from `-left` to `left + 1` beyond the vectors of a row are stored
        // (`PairImage::new`), and `Shift::moved` goes no further.
        unsafe {
            let here = image.data.as_ptr().add(y * row + first);
            let there = image.data.as_ptr().add(other * row + first);
            let mut mine = [[S::isplat(0); MAX_PAIRS]; STEP];
            for (j, mine) in mine.iter_mut().enumerate() {
                for (r, mine) in mine.iter_mut().enumerate().take(B.div_ceil(2)) {
                    *mine = S::iload(here.add(2 * r * row + j * image.phase));
                }
            }
            for (i, shift) in self.shifts.iter().enumerate() {
                let mut whole = S::isplat(0);
                let mut part = whole;
                for (j, mine) in mine.iter().enumerate() {
                    let there = there.offset(shift.moved[j]);
                    for (r, mine) in mine.iter().enumerate().take(B.div_ceil(2)) {
                        let mut d = S::sub16(*mine, S::iload(there.add(2 * r * row)));
                        if 2 * r + 1 == B {
                            d = S::low16(d);
                        }
                        whole = S::iadd(whole, S::squares(d));
                    }
                    if j + 1 == B % STEP {
                        part = whole;
                    }
                }
                for (to, new) in [(&mut self.whole, whole), (&mut self.part, part)] {
                    let to = to.as_mut_ptr().add(i * 2 * S::INTEGERS);
                    S::istore(to, S::iload(to.add(S::INTEGERS)));
                    S::istore(to.add(S::INTEGERS), new);
                }
            }
        }
    }

    /// Puts blocks at all `dx` where they belong in the sorted lists of a vector of references.
    ///
    /// # Safety
    /// As [`Search::row`], after [`Search::columns`] of this vector and the next.
    #[inline(always)]
    unsafe fn insert<S: Integers, const B: usize, const STEP: usize, const N: usize>(
        &mut self,
        chunk: usize,
        dy: isize,
    ) {
        let (first, last) = (
            (chunk * S::INTEGERS) as i32,
            ((chunk + 1) * S::INTEGERS - 1) as i32,
        );
        // SAFETY: `whole` and `part` hold two vectors for each `dx`, and `B / STEP` is less than a
        // vector; `keys` holds N vectors for each chunk.
        unsafe {
            let limit = S::isplat(self.limit);
            let exact = S::isplat(-1 << self.shift);
            let keys = self.keys.as_mut_ptr().add(chunk * N * S::INTEGERS);
            let mut list = [limit; N];
            for (i, entry) in list.iter_mut().enumerate() {
                *entry = S::iload(keys.add(i * S::INTEGERS));
            }
            for (i, shift) in self.shifts.iter().enumerate() {
                let whole = self.whole.as_ptr().add(i * 2 * S::INTEGERS);
                let mut sum = S::iload(whole);
                for m in 1..B / STEP {
                    sum = S::iadd(sum, S::iload(whole.add(m)));
                }
                if !B.is_multiple_of(STEP) {
                    let part = self.part.as_ptr().add(i * 2 * S::INTEGERS);
                    sum = S::iadd(sum, S::iload(part.add(B / STEP)));
                }
                let index = S::isplat(index(dy, shift.dx));
                let distance = S::iand(S::imin(sum, limit), exact);
                let mut key = S::iadd(S::ishl(distance, INDEX_BITS - self.shift), index);
                if first < shift.low || last > shift.high {
                    key = S::imax(key, S::outside(first, shift.low, shift.high));
                }
                if !S::any_less(key, list[N - 1]) {
                    continue;
                }
                // Each entry becomes the middle one of itself, the one before it and the key.
                for i in (1..N).rev() {
                    list[i] = S::imin(list[i], S::imax(list[i - 1], key));
                }
                list[0] = S::imin(list[0], key);
            }
            for (i, entry) in list.iter().enumerate() {
                S::istore(keys.add(i * S::INTEGERS), *entry);
            }
        }
    }
}
