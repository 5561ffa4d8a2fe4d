//! Where do arrays live between and inside operations? In buffers that are reused from step to step.
//!
//! A training step allocates the same lengths in the same order every time; asking the system for
//! them anew costs page faults that rival the arithmetic.

use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

/// Most floats of [`Pool::spare`] where arrays keep their lengths: 128 MiB.
const SPARE: usize = 1 << 25;

/// Free memory that is kept, in floats: what the largest step so far had in use at once, and some more.
struct Pool {
    free: Vec<Vec<f32>>,
    idle: usize,
    live: usize,
    most: usize,
    /// Do arrays lie in half their room between the passes? Then whole and half ones are idle in turn, and both are kept: half as much again.
    packed: bool,
}

impl Pool {
    /// What is kept beyond the most that was in use at once: a length does not fit where another one was, so without it arrays that are not
    /// in use together would push each other out, and every step would ask the system for them anew.
    fn spare(&self) -> usize {
        let half = self.most / 2;
        if self.packed { half } else { half.min(SPARE) }
    }
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    free: Vec::new(),
    idle: 0,
    live: 0,
    most: 0,
    packed: false,
});

/// Floats in a cache line, where new buffers start: a vector that lies across two lines costs two loads.
const LINE: usize = 16;

/// An array of numbers that returns to the pool when dropped.
#[derive(Debug)]
pub struct Buffer {
    memory: Vec<f32>,
    start: usize,
    len: usize,
}

impl Buffer {
    /// A buffer of `len` numbers of unknown value (finite or not), all of which must be written.
    #[must_use]
    pub fn new(len: usize) -> Self {
        let mut pool = POOL
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // The smallest that fits, unless it would waste a fifth of itself: lengths of networks differ by factors of two, and half an array must not
        // lie in the room of a whole one.
        let room = len + LINE - 1;
        let fitting = |memory: &Vec<f32>| memory.len() >= room && memory.len() <= room + room / 4;
        let best = (0..pool.free.len())
            .filter(|i| fitting(&pool.free[*i]))
            .min_by_key(|i| pool.free[*i].len());
        let memory = match best {
            Some(i) => {
                let memory = pool.free.swap_remove(i);
                pool.idle -= memory.len();
                memory
            }
            None => vec![0.0; room],
        };
        pool.live += memory.len();
        pool.most = pool.most.max(pool.live);
        // Any start is right; one that the function does not find is only slower.
        let start = memory.as_ptr().align_offset(4 * LINE).min(LINE - 1);
        Self { memory, start, len }
    }
}

impl Buffer {
    /// A buffer for an array in half its room.
    pub(crate) fn for_packed(len: usize) -> Self {
        let buffer = Self::new(len);
        POOL.lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .packed = true;
        buffer
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
    /// A buffer of these numbers, without copying them; their memory joins the pool later.
    fn from(memory: Vec<f32>) -> Self {
        let mut pool = POOL
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        pool.live += memory.len();
        pool.most = pool.most.max(pool.live);
        let len = memory.len();
        Self {
            memory,
            start: 0,
            len,
        }
    }
}

impl From<Buffer> for Vec<f32> {
    /// The numbers of a buffer; their memory leaves the pool.
    fn from(mut buffer: Buffer) -> Self {
        let mut memory = std::mem::take(&mut buffer.memory);
        let mut pool = POOL
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        pool.live -= memory.len();
        drop(pool);
        memory.truncate(buffer.start + buffer.len);
        memory.drain(..buffer.start);
        memory
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
        let memory = std::mem::take(&mut self.memory);
        let mut pool = POOL
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        pool.live -= memory.len();
        pool.idle += memory.len();
        pool.free.push(memory);
        let kept = pool.most + pool.spare();
        // Oldest first: another batch size or network leaves lengths that nobody asks for again.
        while pool.live + pool.idle > kept && pool.free.len() > 1 {
            let old = pool.free.remove(0);
            pool.idle -= old.len();
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[self.start..][..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..][..self.len]
    }
}
