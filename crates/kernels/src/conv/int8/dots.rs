//! Where are the 8-bit products added? Sixteen outputs at a time, four products of each by one instruction where the processor has it.

use super::weights::Block;
use super::{LANES, QUAD};
use crate::conv::micro::{Run, next_size};
use crate::kernels::Kernels;
#[cfg(target_arch = "x86_64")]
use crate::simd::Isa;
use crate::simd::{Op, Simd};

/// Which instructions add the products: all find the same sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dots {
    /// AVX-512 with VNNI.
    #[cfg(target_arch = "x86_64")]
    Vnni,
    /// Whatever the loop is compiled to.
    Loops,
}

/// `out[p][..] = scale · scales[..] · (Σ_runs Σ_k input[p·pixel + run.offset + k] · numbers[k][..] - zero · sums[..])`.
#[derive(Clone, Copy)]
pub(crate) struct Tile<'t> {
    /// First pixel.
    pub(crate) input: *const u8,
    /// Bytes from one pixel to the next.
    pub(crate) pixel: usize,
    /// Which bytes enter: a multiple of four in each run.
    pub(crate) runs: &'t [Run],
    /// The weights.
    pub(crate) block: Block<'t>,
    /// The zero point of the input: which whole number stands for 0.
    pub(crate) zero: i32,
    /// What a whole number of the input stands for.
    pub(crate) scale: f32,
    /// First result.
    pub(crate) out: *mut f32,
    /// Floats from one pixel's result to the next.
    pub(crate) out_pixel: usize,
    /// Results of a pixel, at most the lanes of the block.
    pub(crate) channels: usize,
}

impl Dots {
    /// What these kernels and this processor allow.
    pub(crate) fn of(kernels: Kernels) -> Self {
        #[cfg(target_arch = "x86_64")]
        if kernels.isa() == Isa::Avx512 && is_x86_feature_detected!("avx512vnni") {
            return Self::Vnni;
        }
        let _ = kernels;
        Self::Loops
    }

    /// Runs `pixels` pixels of a tile.
    ///
    /// # Safety
    /// The processor has the instructions of `S`; every number that the formula of [`Tile`] names must be valid, `out` for writing.
    #[inline(always)]
    pub(crate) unsafe fn tiles<S: Simd>(self, tile: Tile<'_>, pixels: usize) {
        let vectors = tile.block.sums.len() / LANES;
        debug_assert!(vectors == 1 || vectors == 2);
        let mut done = 0;
        while done < pixels {
            // Registers for sums, beside the weights and the input.
            let size = next_size(pixels - done, if vectors == 1 { 16 } else { 14 });
            // SAFETY: pixels `done .. done + size` of the caller's.
            unsafe {
                let part = Tile {
                    input: tile.input.add(done * tile.pixel),
                    out: tile.out.add(done * tile.out_pixel),
                    ..tile
                };
                macro_rules! pick {
                    ($($p:literal),*) => {
                        match (self, size, vectors) {
                            #[cfg(target_arch = "x86_64")]
                            (Self::Vnni, 16, 1) => vnni::<16, 1>(&part),
                            $(
                                #[cfg(target_arch = "x86_64")]
                                (Self::Vnni, $p, 1) => vnni::<$p, 1>(&part),
                                #[cfg(target_arch = "x86_64")]
                                (Self::Vnni, $p, 2) => vnni::<$p, 2>(&part),
                            )*
                            (_, size, 1) => S::vectorize(Looped::<1>(&part, size)),
                            (_, size, _) => S::vectorize(Looped::<2>(&part, size)),
                        }
                    };
                }
                pick!(14, 12, 8, 7, 4, 3, 2, 1);
            }
            done += size;
        }
    }
}

/// A [`Tile`] of `P` pixels and `V` vectors.
///
/// # Safety
/// The processor has AVX-512 with VNNI; as [`Dots::tiles`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma")]
unsafe fn vnni<const P: usize, const V: usize>(t: &Tile<'_>) {
    use std::arch::x86_64::*;
    // SAFETY: the caller's conditions.
    unsafe {
        let mut acc = [[_mm512_setzero_si512(); V]; P];
        let mut numbers = t.block.numbers.as_ptr();
        let pixel = t.pixel;
        for run in t.runs {
            let mut a = t.input.add(run.offset);
            let end = a.add(run.len);
            while a < end {
                let mut w = [_mm512_setzero_si512(); V];
                for (v, w) in w.iter_mut().enumerate() {
                    *w = _mm512_loadu_si512(numbers.add(v * LANES * QUAD).cast());
                }
                // One base for every third pixel: an address is a base plus 0, 1 or 2 pixels.
                let mut base = a;
                for (p, acc) in acc.iter_mut().enumerate() {
                    if p > 0 && p % 3 == 0 {
                        base =
                            crate::conv::micro::opaque(base.wrapping_add(3 * pixel).cast()).cast();
                    }
                    let four: *const i32 = base.wrapping_add((p % 3) * pixel).cast();
                    let x = _mm512_set1_epi32(four.read_unaligned());
                    for (acc, w) in acc.iter_mut().zip(w) {
                        *acc = _mm512_dpbusd_epi32(*acc, x, w);
                    }
                }
                numbers = numbers.add(V * LANES * QUAD);
                a = a.add(QUAD);
            }
        }
        let zero = _mm512_set1_epi32(t.zero);
        for v in 0..V {
            let sums = _mm512_loadu_si512(t.block.sums.as_ptr().add(v * LANES).cast());
            let correction = _mm512_mullo_epi32(zero, sums);
            let scales = _mm512_loadu_ps(t.block.scales.as_ptr().add(v * LANES));
            let scales = _mm512_mul_ps(_mm512_set1_ps(t.scale), scales);
            let lanes = t.channels.saturating_sub(v * LANES).min(LANES);
            let mask = ((1_u32 << lanes) - 1) as __mmask16;
            for (p, acc) in acc.iter().enumerate() {
                let whole = _mm512_sub_epi32(acc[v], correction);
                let value = _mm512_mul_ps(_mm512_cvtepi32_ps(whole), scales);
                _mm512_mask_storeu_ps(t.out.add(p * t.out_pixel + v * LANES), mask, value);
            }
        }
    }
}

/// A [`Tile`] of some pixels and `V` vectors, without instructions of its own.
struct Looped<'a, const V: usize>(&'a Tile<'a>, usize);

impl<S: Simd, const V: usize> Op<S> for Looped<'_, V> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        let Self(t, pixels) = self;
        for p in 0..pixels {
            let mut sums = [[0_i32; LANES]; V];
            let mut numbers = t.block.numbers.chunks_exact(V * LANES * QUAD);
            for run in t.runs {
                // SAFETY: the caller's conditions.
                let bytes = unsafe {
                    std::slice::from_raw_parts(t.input.add(p * t.pixel + run.offset), run.len)
                };
                for (four, row) in bytes.chunks_exact(QUAD).zip(&mut numbers) {
                    for (sums, row) in sums.iter_mut().zip(row.chunks_exact(LANES * QUAD)) {
                        for (sum, own) in sums.iter_mut().zip(row.chunks_exact(QUAD)) {
                            for k in 0..QUAD {
                                *sum += i32::from(four[k]) * i32::from(own[k]);
                            }
                        }
                    }
                }
            }
            for c in 0..t.channels {
                let whole = sums[c / LANES][c % LANES] - t.zero * t.block.sums[c];
                let value = whole as f32 * (t.scale * t.block.scales[c]);
                // SAFETY: the caller's conditions.
                unsafe { t.out.add(p * t.out_pixel + c).write(value) };
            }
        }
    }
}
