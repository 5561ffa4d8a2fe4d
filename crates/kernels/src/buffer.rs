//! Where do arrays live between and inside operations? In memory that is asked of the system once and shared out by address.
//!
//! A training step needs the same lengths in the same order every time; asking the system for them anew costs page faults that
//! rival the arithmetic. Lengths of a network differ by factors of two and more, so memory that was one array's must be able to become
//! half of another's: places are cut from large slabs, the lowest that is free and large enough, and grow together again when they
//! are given back. Slabs stay with the process: it keeps what the largest step so far needed.

use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

/// Floats in a cache line, where buffers start: a vector that lies across two lines costs two loads.
const LINE: usize = 16;

/// Floats of a slab, 64 MiB; longer arrays have a slab of their length. What was never written of it is no memory yet.
const SLAB: usize = 1 << 24;

/// Free places of a slab, `(start, length)` by start; no two of them touch.
#[derive(Debug)]
struct Places(Vec<(usize, usize)>);

impl Places {
    /// Takes the lowest place for `room` floats.
    fn take(&mut self, room: usize) -> Option<usize> {
        let found = self.0.iter().position(|(_, length)| *length >= room)?;
        let (start, length) = self.0[found];
        if length == room {
            self.0.remove(found);
        } else {
            self.0[found] = (start + room, length - room);
        }
        Some(start)
    }

    /// Gives a place back, which joins free ones before and behind it.
    fn give(&mut self, start: usize, room: usize) {
        let next = self.0.partition_point(|(other, _)| *other < start);
        let joins_next = self.0.get(next).is_some_and(|(at, _)| start + room == *at);
        let joins_last = next > 0 && self.0[next - 1].0 + self.0[next - 1].1 == start;
        match (joins_last, joins_next) {
            (true, true) => {
                let (_, length) = self.0.remove(next);
                self.0[next - 1].1 += room + length;
            }
            (true, false) => self.0[next - 1].1 += room,
            (false, true) => self.0[next] = (start, self.0[next].1 + room),
            (false, false) => self.0.insert(next, (start, room)),
        }
    }
}

/// Memory of the system that buffers are places of.
#[derive(Debug)]
struct Slab {
    base: NonNull<f32>,
    free: Places,
}

// SAFETY: the memory is never freed, and a place of it belongs to the one buffer that took it.
unsafe impl Send for Slab {}

static SLABS: Mutex<Vec<Slab>> = Mutex::new(Vec::new());

/// The slabs, whoever panicked while they were held: every change of them is whole.
fn slabs() -> std::sync::MutexGuard<'static, Vec<Slab>> {
    SLABS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks for pages of 2 MiB: one fault instead of 512, and fewer misses of the processor's table of pages. Linux gives them where
/// `/sys/kernel/mm/transparent_hugepage/enabled` says `madvise` or `always`.
#[cfg(target_os = "linux")]
fn large_pages(memory: &mut [f32]) {
    use std::ffi::{c_int, c_void};
    unsafe extern "C" {
        fn madvise(address: *mut c_void, length: usize, advice: c_int) -> c_int;
    }
    const MADV_HUGEPAGE: c_int = 14;
    // Advice begins at a page, of which none is larger than this.
    const PAGE: usize = 1 << 16;
    let bytes = memory.as_mut_ptr().cast::<u8>();
    let skip = bytes.align_offset(PAGE);
    if let Some(length) = size_of_val(memory).checked_sub(skip) {
        // SAFETY: the range lies in `memory`, whose numbers stay what they are. A refusal changes nothing.
        unsafe { madvise(bytes.add(skip).cast(), length, MADV_HUGEPAGE) };
    }
}

/// Elsewhere pages are as large as the system makes them.
#[cfg(not(target_os = "linux"))]
fn large_pages(_: &mut [f32]) {}

/// A new slab with a place for `room` floats.
fn slab(room: usize) -> Slab {
    let length = room.max(SLAB);
    // Zeros that the system makes when they are first touched.
    let memory = Box::leak(vec![0.0_f32; length + LINE - 1].into_boxed_slice());
    large_pages(memory);
    // Any start is right; one that the function does not find is only slower.
    let skip = memory.as_ptr().align_offset(4 * LINE).min(LINE - 1);
    Slab {
        base: NonNull::from(&mut memory[skip..]).cast(),
        free: Places(vec![(0, length)]),
    }
}

/// An array of numbers whose place is free for others when it is dropped.
#[derive(Debug)]
pub struct Buffer {
    /// The first number.
    data: NonNull<f32>,
    len: usize,
    /// Number of the slab, and where in it.
    slab: usize,
    start: usize,
}

// SAFETY: a buffer owns its place alone, as a vector does.
unsafe impl Send for Buffer {}
// SAFETY: a shared buffer is only read.
unsafe impl Sync for Buffer {}

/// Floats of the place of an array: whole cache lines.
fn room(len: usize) -> usize {
    len.next_multiple_of(LINE)
}

impl Buffer {
    /// A buffer of `len` numbers of unknown value (finite or not), all of which must be written.
    #[must_use]
    pub fn new(len: usize) -> Self {
        let room = room(len);
        if room == 0 {
            return Self {
                data: NonNull::dangling(),
                len,
                slab: 0,
                start: 0,
            };
        }
        let mut slabs = slabs();
        let mut free = slabs.iter_mut().enumerate();
        let found = free.find_map(|(number, slab)| Some((number, slab.free.take(room)?)));
        let (number, start) = found.unwrap_or_else(|| {
            let mut new = slab(room);
            // The place that it was made for.
            let start = new.free.take(room).unwrap_or_default();
            slabs.push(new);
            (slabs.len() - 1, start)
        });
        Self {
            // SAFETY: `start + room` floats lie in the slab.
            data: unsafe { slabs[number].base.add(start) },
            len,
            slab: number,
            start,
        }
    }

    /// A buffer of `len` zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::new(len);
        buffer.fill(0.0);
        buffer
    }
}

impl From<Vec<f32>> for Buffer {
    /// A buffer of these numbers.
    fn from(numbers: Vec<f32>) -> Self {
        let mut buffer = Self::new(numbers.len());
        buffer.copy_from_slice(&numbers);
        buffer
    }
}

impl From<Buffer> for Vec<f32> {
    /// The numbers of a buffer.
    fn from(buffer: Buffer) -> Self {
        buffer.to_vec()
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        let mut copy = Self::new(self.len);
        copy.copy_from_slice(self);
        copy
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let room = room(self.len);
        if room > 0 {
            slabs()[self.slab].free.give(self.start, room);
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: the place has `len` numbers, which were zeros at first, and nobody else writes it.
        unsafe { std::slice::from_raw_parts(self.data.as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and `self` is held alone.
        unsafe { std::slice::from_raw_parts_mut(self.data.as_ptr(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_grow_together_again() {
        let mut places = Places(vec![(0, 100)]);
        let starts: Vec<Option<usize>> = [40, 40, 20].map(|room| places.take(room)).into();
        assert_eq!(starts, [Some(0), Some(40), Some(80)]);
        assert_eq!(places.take(1), None);
        // Behind, before, between.
        places.give(0, 40);
        places.give(80, 20);
        assert_eq!(places.0, [(0, 40), (80, 20)]);
        assert_eq!((places.take(50), places.take(10)), (None, Some(0)));
        places.give(0, 10);
        places.give(40, 40);
        assert_eq!(places.0, [(0, 100)]);
        let first = places.take(30);
        let second = places.take(30);
        places.give(first.unwrap(), 30);
        // The lowest that is large enough.
        assert_eq!(places.take(31), Some(60));
        assert_eq!(places.take(30), Some(0));
        assert_eq!(second, Some(30));
    }

    #[test]
    fn buffers_of_many_threads_share_nothing() {
        std::thread::scope(|scope| {
            for thread in 0..4_u32 {
                scope.spawn(move || {
                    let mut kept: Vec<(f32, Buffer)> = Vec::new();
                    let mut state = thread + 1;
                    for step in 0..2000_u32 {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        let len = (state >> 18) as usize;
                        let mark = (thread * 10_000 + step) as f32;
                        let mut buffer = Buffer::new(len);
                        assert!(len == 0 || buffer.as_ptr().cast::<u8>().align_offset(64) == 0);
                        buffer.fill(mark);
                        kept.push((mark, buffer));
                        if kept.len() > 12 {
                            let (mark, buffer) = kept.swap_remove(state as usize % kept.len());
                            assert!(buffer.iter().all(|v| *v == mark));
                        }
                    }
                    assert!(kept.iter().all(|(mark, b)| b.iter().all(|v| v == mark)));
                });
            }
        });
    }

    #[test]
    fn a_buffer_is_as_long_as_it_was_asked_for() {
        assert!(Buffer::new(0).is_empty());
        assert_eq!(Buffer::zeros(17)[..], [0.0; 17]);
        let long = Buffer::new(SLAB + 3);
        assert_eq!(long.len(), SLAB + 3);
        let numbers = Buffer::from(vec![1.0, 2.0, 3.0]);
        assert_eq!(numbers.clone(), numbers);
        assert_eq!(Vec::from(numbers), [1.0, 2.0, 3.0]);
    }
}
