//! How does a kernel not wait for memory? It asks for the next images while it multiplies the present ones.
//!
//! Loading, multiplying and storing alternate, and only the first and the last touch memory beyond the caches:
//! without this the multipliers idle in one phase and the memory in the other.

use crate::simd::Simd;

/// Most arrays that are asked for ahead.
const ARRAYS: usize = 8;

/// Floats in a cache line.
const LINE: usize = 16;

/// Stretches of memory that will be needed soon.
#[derive(Clone, Copy)]
pub(crate) struct Prefetch {
    stretches: [(*const f32, usize); ARRAYS],
    count: usize,
}

impl Prefetch {
    pub(crate) fn new() -> Self {
        Self {
            stretches: [(std::ptr::null(), 0); ARRAYS],
            count: 0,
        }
    }

    /// Adds `len` floats of an array from `start` on, as far as the array goes.
    pub(crate) fn add(&mut self, array: &[f32], start: usize, len: usize) {
        let end = (start + len).min(array.len());
        if start < end && self.count < ARRAYS {
            let part = &array[start..end];
            self.stretches[self.count] = (part.as_ptr(), part.len());
            self.count += 1;
        }
    }

    /// Adds `len` floats from a pointer on, which is not followed.
    pub(crate) fn add_at(&mut self, start: *const f32, len: usize) {
        if len > 0 && self.count < ARRAYS {
            self.stretches[self.count] = (start, len);
            self.count += 1;
        }
    }

    /// Asks for part `i` of `parts`.
    ///
    /// # Safety
    /// The processor has the instructions of `S`. Nothing is read or written.
    #[inline(always)]
    pub(crate) unsafe fn part<S: Simd>(&self, i: usize, parts: usize) {
        for (start, len) in &self.stretches[..self.count] {
            let lines = len.div_ceil(LINE);
            for line in i * lines / parts..(i + 1) * lines / parts {
                // SAFETY: a prefetch has no effect but on the caches, wherever it points.
                unsafe { S::prefetch(start.wrapping_add(line * LINE)) };
            }
        }
    }
}
