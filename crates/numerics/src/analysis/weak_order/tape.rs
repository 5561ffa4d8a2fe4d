//! Where do random numbers come from, and how are they had a second time as in a mirror?

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng, TryRng};
use std::convert::Infallible;

/// A generator whose last draws can be had again, each uniform number `U` as `1 - U`.
#[derive(Debug)]
pub(super) struct Tape {
    rng: ChaCha8Rng,
    taken: Vec<u64>,
    at: usize,
    /// Are draws those of the mirror now?
    pub(super) mirrored: bool,
}

impl Tape {
    /// Stream `stream` of a seed.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self {
            rng,
            taken: Vec::new(),
            at: 0,
            mirrored: false,
        }
    }

    /// Forgets what was drawn; the next draws are new and kept.
    pub(super) fn record(&mut self) {
        self.taken.clear();
        self.mirrored = false;
    }

    /// The next draws are mirrors of those since [`record`](Self::record).
    pub(super) fn mirror(&mut self) {
        self.at = 0;
        self.mirrored = true;
    }
}

impl TryRng for Tape {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.try_next_u64()? >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        if self.mirrored && self.at < self.taken.len() {
            self.at += 1;
            return Ok(!self.taken[self.at - 1]);
        }
        // A mirrored draw that needs more numbers than the first (a rare branch of a law) gets new ones.
        let number = self.rng.next_u64();
        if !self.mirrored {
            self.taken.push(number);
        }
        Ok(number)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        Ok(())
    }
}
