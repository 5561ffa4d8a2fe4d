//! Where does a kernel keep what it needs only for a moment? In one buffer a thread, reused.
//!
//! No function here takes a closure: one that a kernel passed would not be compiled with the
//! kernel's vector instructions.

use std::cell::RefCell;

/// Floats in a cache line: what every piece of scratch is aligned to.
const LINE: usize = 16;

thread_local! {
    static ARENA: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// The scratch of this thread, borrowed; dropping it gives it back.
pub(crate) struct Arena {
    // Taken out of the thread's place: a nested call would work with a buffer of its own.
    buffer: Vec<f32>,
}

impl Arena {
    /// Scratch for pieces of the given lengths.
    pub(crate) fn borrow(lengths: &[usize]) -> Self {
        let total: usize = lengths.iter().map(|n| n.next_multiple_of(LINE)).sum();
        let mut buffer = ARENA.with(|arena| std::mem::take(&mut *arena.borrow_mut()));
        if buffer.len() < total + LINE {
            buffer = vec![0.0; total + LINE];
        }
        Self { buffer }
    }

    /// The pieces, all free again.
    pub(crate) fn pieces(&mut self) -> Scratch<'_> {
        let skip = self.buffer.as_ptr().align_offset(4 * LINE);
        Scratch(&mut self.buffer[skip.min(LINE)..])
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        ARENA.with(|arena| {
            let mut place = arena.borrow_mut();
            if place.len() < buffer.len() {
                *place = buffer;
            }
        });
    }
}

/// Scratch that has not been handed out yet.
pub(crate) struct Scratch<'a>(&'a mut [f32]);

impl<'a> Scratch<'a> {
    /// Takes `len` floats of unknown content, aligned to a cache line.
    ///
    /// # Panics
    /// If more is taken than was asked for.
    pub(crate) fn take(&mut self, len: usize) -> &'a mut [f32] {
        let rest = std::mem::take(&mut self.0);
        let (taken, rest) = rest.split_at_mut(len.next_multiple_of(LINE));
        self.0 = rest;
        &mut taken[..len]
    }
}
