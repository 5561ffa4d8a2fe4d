//! How do numbers wait in half their room? In bf16: the upper half of an `f32`, rounded to nearest, ties to even.
//!
//! Range and sign are those of `f32`, 8 of its 24 binary digits are left: a number is off by at most 2⁻⁸ of itself, one part in 256.
//! Number `i` and number `i + ⌈n/2⌉` share a word, so that both ways are whole vectors of shifts and masks on every processor.

use crate::simd::{Op, Simd};
use crate::{Buffer, Kernels};
use rayon::prelude::*;

/// Words that one task converts.
const PIECE: usize = 1 << 14;

/// The upper half of a number, rounded; what is not a number stays so.
#[inline(always)]
fn rounded(number: f32) -> u32 {
    let bits = number.to_bits();
    let nearest = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
    let kept = (bits >> 16) | 0x40;
    if number.is_nan() { kept } else { nearest }
}

/// The nearest number of bf16.
#[must_use]
pub fn nearest(number: f32) -> f32 {
    f32::from_bits(rounded(number) << 16)
}

/// Numbers of two halves of an array to words; words beyond the second half hold one number.
struct Pack<'a> {
    words: &'a mut [f32],
    low: &'a [f32],
    high: &'a [f32],
}

impl<S: Simd> Op<S> for Pack<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let (whole, last) = self.words.split_at_mut(self.high.len());
        for ((word, low), high) in whole.iter_mut().zip(self.low).zip(self.high) {
            *word = f32::from_bits(rounded(*low) | rounded(*high) << 16);
        }
        if let ([word], [.., low]) = (last, self.low) {
            *word = f32::from_bits(rounded(*low));
        }
    }
}

/// The lower or the upper numbers of words.
struct Unpack<'a> {
    numbers: &'a mut [f32],
    words: &'a [f32],
    upper: bool,
}

impl<S: Simd> Op<S> for Unpack<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let pairs = self.numbers.iter_mut().zip(self.words);
        if self.upper {
            pairs.for_each(|(to, word)| *to = f32::from_bits(word.to_bits() & !0xffff));
        } else {
            pairs.for_each(|(to, word)| *to = f32::from_bits(word.to_bits() << 16));
        }
    }
}

impl Kernels {
    /// Numbers in half their room.
    #[must_use]
    pub fn pack_bf16(&self, numbers: &[f32]) -> Buffer {
        let half = numbers.len().div_ceil(2);
        let (low, high) = numbers.split_at(half);
        let mut words = Buffer::new(half);
        let pieces = words.par_chunks_mut(PIECE).zip(low.par_chunks(PIECE));
        pieces.enumerate().for_each(|(i, (words, low))| {
            let [from, to] = [i, i + 1].map(|i| (i * PIECE).min(high.len()));
            let high = &high[from..to];
            let op = Pack { words, low, high };
            // SAFETY: the processor has the instructions, and the op itself asks for nothing.
            unsafe { self.isa().run(op) }
        });
        words
    }

    /// The `len` numbers that [`Kernels::pack_bf16`] packed, each the [`nearest`] of bf16.
    ///
    /// # Panics
    /// If there are not as many words as that takes.
    #[must_use]
    pub fn unpack_bf16(&self, words: &Buffer, len: usize) -> Buffer {
        let half = len.div_ceil(2);
        assert_eq!(words.len(), half, "two numbers in a word");
        let mut numbers = Buffer::new(len);
        let (low, high) = numbers.split_at_mut(half);
        for (part, upper) in [(low, false), (high, true)] {
            let pieces = part.par_chunks_mut(PIECE).zip(words.par_chunks(PIECE));
            pieces.for_each(|(numbers, words)| {
                let op = Unpack {
                    numbers,
                    words,
                    upper,
                };
                // SAFETY: as above.
                unsafe { self.isa().run(op) }
            });
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_the_nearest_and_ties_to_even() {
        let exact = [
            0.0,
            -0.0,
            1.0,
            -1.5,
            256.0,
            f32::INFINITY,
            f32::NEG_INFINITY,
        ];
        for number in exact {
            assert_eq!(nearest(number).to_bits(), number.to_bits());
        }
        // Between 1 and 2 neighbours are 2⁻⁷ apart.
        let step = 2.0_f32.powi(-7);
        assert_eq!(nearest(1.0 + 0.49 * step), 1.0);
        assert_eq!(nearest(1.0 + 0.51 * step), 1.0 + step);
        assert_eq!(nearest(1.0 + 0.5 * step), 1.0);
        assert_eq!(nearest(1.0 + 1.5 * step), 1.0 + 2.0 * step);
        assert_eq!(nearest(-1.0 - 1.5 * step), -1.0 - 2.0 * step);
        assert_eq!(nearest(f32::MAX), f32::INFINITY);
        assert!(nearest(f32::NAN).is_nan());
        // A signalling one whose digits all lie in the lower half, and one that addition would carry into a zero.
        assert!(nearest(f32::from_bits(0x7f80_0001)).is_nan());
        assert!(nearest(f32::from_bits(0xffff_ffff)).is_nan());
    }

    #[test]
    fn arrays_of_any_length_come_back_rounded() {
        for len in [0, 1, 2, 3, 31, 64, 4 * PIECE - 1, 4 * PIECE, 4 * PIECE + 3] {
            let numbers: Vec<f32> = (0..len)
                .map(|i| (i as f32 * 0.37 - 5.0).sin() * 3e3)
                .collect();
            let words = Kernels::detect().pack_bf16(&numbers);
            assert_eq!(words.len(), len.div_ceil(2));
            let back = Kernels::detect().unpack_bf16(&words, len);
            for (number, back) in numbers.iter().zip(back.iter()) {
                assert_eq!(back.to_bits(), nearest(*number).to_bits());
                assert!((back - number).abs() <= number.abs() / 256.0);
            }
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let numbers: Vec<f32> = (0..100_001).map(|i| (i as f32).sqrt()).collect();
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let kernels = Kernels::detect();
            let both = || kernels.unpack_bf16(&kernels.pack_bf16(&numbers), numbers.len());
            pool.expect("threads").install(both)
        };
        assert!(on(1) == on(3));
    }
}
