//! Where does a micro-kernel put its results? In their place if whole vectors fit there, else in scratch.

use crate::scratch::Scratch;
use crate::simd::Simd;
use std::ops::Range;

/// A block of output pixels of all channels.
pub(crate) struct Cells {
    out: *mut f32,
    channels: usize,
    group: usize,
    /// Null if results go straight to their place.
    scratch: *mut f32,
    pitch: usize,
}

impl Cells {
    /// Floats of scratch for `pixels` pixels.
    pub(crate) fn scratch(pixels: usize, channels: usize, groups: usize, lanes: usize) -> usize {
        let group = channels / groups;
        let pitch = group.next_multiple_of(lanes);
        if pitch == group { 0 } else { pixels * pitch }
    }

    /// Cells over `out`, which holds `pixels` pixels of `channels` channels in `groups` groups.
    pub(crate) fn new(
        out: *mut f32,
        pixels: usize,
        (channels, groups): (usize, usize),
        lanes: usize,
        scratch: &mut Scratch<'_>,
    ) -> Self {
        let buffer = scratch.take(Self::scratch(pixels, channels, groups, lanes));
        let group = channels / groups;
        Self {
            out,
            channels,
            group,
            scratch: if buffer.is_empty() {
                std::ptr::null_mut()
            } else {
                buffer.as_mut_ptr()
            },
            pitch: group.next_multiple_of(lanes),
        }
    }

    /// Place of the first pixel's vector number `vector` of a group, and floats between pixels.
    ///
    /// # Safety
    /// The vector exists.
    #[inline(always)]
    pub(crate) unsafe fn place<S: Simd>(&self, group: usize, vector: usize) -> (*mut f32, usize) {
        let at = vector * S::LANES;
        // SAFETY: inside the results or inside the scratch.
        unsafe {
            if self.scratch.is_null() {
                (self.out.add(group * self.group + at), self.channels)
            } else {
                (self.scratch.add(at), self.pitch)
            }
        }
    }

    /// Moves finished channels of a group from scratch to their place.
    ///
    /// # Safety
    /// The cells hold `pixels` pixels.
    #[inline(always)]
    pub(crate) unsafe fn flush<S: Simd>(
        &self,
        group: usize,
        pixels: usize,
        channels: Range<usize>,
    ) {
        if self.scratch.is_null() {
            return;
        }
        for p in 0..pixels {
            // SAFETY: pixel `p` exists on both sides.
            unsafe {
                let from = self.scratch.add(p * self.pitch);
                let to = self.out.add(p * self.channels + group * self.group);
                let mut c = channels.start;
                while c < channels.end {
                    let n = (channels.end - c).min(S::LANES);
                    S::store_some(to.add(c), S::load_some(from.add(c), n), n);
                    c += S::LANES;
                }
            }
        }
    }
}
