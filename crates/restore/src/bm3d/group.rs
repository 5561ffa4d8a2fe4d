//! How is a group of similar blocks filtered? A Haar transform across it, a threshold or Wiener's factors, and back.

#![allow(unsafe_code)] // Vectors are loaded and stored through pointers.

use timestep_kernels::simd::{Eights, sum_of_eight};

/// Scale of coefficient `i` of the Haar transform without its factors `1/√2`: it is `√(2^levels)` times too large.
fn levels(i: usize, n: usize) -> u32 {
    if i == 0 {
        n.ilog2()
    } else {
        i.trailing_zeros() + 1
    }
}

/// Sums and differences of pairs, then of the sums, in place; coefficient `i` of level `l` stays at `i`.
#[inline(always)]
unsafe fn haar<S: Eights, const N: usize>(v: &mut [S::V; N]) {
    let mut half = 1;
    while half < N {
        let mut i = 0;
        while i < N {
            // SAFETY: arithmetic in registers, with instructions that the caller vouches for.
            unsafe {
                let (a, b) = (v[i], v[i + half]);
                v[i] = S::add(a, b);
                v[i + half] = S::sub(a, b);
            }
            i += 2 * half;
        }
        half *= 2;
    }
}

/// The inverse of `haar`, but for the factor `2^levels` of each coefficient.
#[inline(always)]
unsafe fn haar_back<S: Eights, const N: usize>(v: &mut [S::V; N]) {
    let mut half = N / 2;
    while half > 0 {
        let mut i = 0;
        while i < N {
            // SAFETY: arithmetic in registers, with instructions that the caller vouches for.
            unsafe {
                let (a, b) = (v[i], v[i + half]);
                v[i] = S::add(a, b);
                v[i + half] = S::sub(a, b);
            }
            i += 2 * half;
        }
        half /= 2;
    }
}

/// Hard thresholding of a group of `N` blocks of `floats` coefficients: `c = 0` where `|c| ≤ threshold`.
///
/// Returns how many coefficients are left.
///
/// # Safety
/// `N · floats` coefficients must be at `group`, `floats` a multiple of 8; the processor must have
/// the instructions of `S`.
#[inline(always)]
unsafe fn hard_n<S: Eights, const N: usize>(group: *mut f32, floats: usize, threshold: f32) -> f32 {
    let mut back = [0.0f32; N];
    let mut limit = [0.0f32; N];
    for i in 0..N {
        let scale = (1u64 << levels(i, N)) as f32;
        (back[i], limit[i]) = (1.0 / scale, threshold * scale.sqrt());
    }
    // SAFETY: the caller's conditions.
    unsafe {
        let one = S::splat(1.0);
        let mut count = S::splat(0.0);
        for f in (0..floats).step_by(8) {
            let mut v = [count; N];
            for (m, v) in v.iter_mut().enumerate() {
                *v = S::load(group.add(m * floats + f));
            }
            haar::<S, N>(&mut v);
            for i in 0..N {
                let t = S::splat(limit[i]);
                count = S::add(count, S::where_beyond(v[i], t, one));
                v[i] = S::where_beyond(v[i], t, S::mul(v[i], S::splat(back[i])));
            }
            haar_back::<S, N>(&mut v);
            for (m, v) in v.iter().enumerate() {
                S::store(group.add(m * floats + f), *v);
            }
        }
        sum_of_eight::<S>(count)
    }
}

/// Wiener filter of a group of noisy blocks `y` with the spectrum of their estimates `x`:
/// `y x² / (x² + σ²)`.
///
/// Returns the sum of the squared factors; `x` holds something else afterwards.
///
/// # Safety
/// As `hard_n`, for both groups.
#[inline(always)]
unsafe fn wiener_n<S: Eights, const N: usize>(
    y: *mut f32,
    x: *mut f32,
    floats: usize,
    variance: f32,
) -> f32 {
    let mut back = [0.0f32; N];
    let mut noise = [0.0f32; N];
    for i in 0..N {
        let scale = (1u64 << levels(i, N)) as f32;
        (back[i], noise[i]) = (1.0 / scale, variance * scale);
    }
    // SAFETY: the caller's conditions.
    unsafe {
        let mut norm = S::splat(0.0);
        for f in (0..floats).step_by(8) {
            // Factors first: N vectors fit into the registers, twice as many do not.
            let mut w = [norm; N];
            for (m, w) in w.iter_mut().enumerate() {
                *w = S::load(x.add(m * floats + f));
            }
            haar::<S, N>(&mut w);
            for i in 0..N {
                let power = S::mul(w[i], w[i]);
                let factor = S::div(power, S::add(power, S::splat(noise[i])));
                norm = S::fma(factor, factor, norm);
                S::store(x.add(i * floats + f), S::mul(factor, S::splat(back[i])));
            }
            let mut v = [norm; N];
            for (m, v) in v.iter_mut().enumerate() {
                *v = S::load(y.add(m * floats + f));
            }
            haar::<S, N>(&mut v);
            for (i, v) in v.iter_mut().enumerate() {
                *v = S::mul(*v, S::load(x.add(i * floats + f)));
            }
            haar_back::<S, N>(&mut v);
            for (m, v) in v.iter().enumerate() {
                S::store(y.add(m * floats + f), *v);
            }
        }
        sum_of_eight::<S>(norm)
    }
}

/// `hard_n` for `n` of 1, 2, 4, 8, 16 or 32 blocks.
///
/// # Safety
/// As there.
#[inline(always)]
pub(super) unsafe fn hard<S: Eights>(
    group: *mut f32,
    n: usize,
    floats: usize,
    threshold: f32,
) -> f32 {
    // SAFETY: the caller's conditions.
    unsafe {
        match n {
            1 => hard_n::<S, 1>(group, floats, threshold),
            2 => hard_n::<S, 2>(group, floats, threshold),
            4 => hard_n::<S, 4>(group, floats, threshold),
            8 => hard_n::<S, 8>(group, floats, threshold),
            16 => hard_n::<S, 16>(group, floats, threshold),
            _ => hard_n::<S, 32>(group, floats, threshold),
        }
    }
}

/// `wiener_n` for `n` of 1, 2, 4, 8, 16 or 32 blocks.
///
/// # Safety
/// As there.
#[inline(always)]
pub(super) unsafe fn wiener<S: Eights>(
    y: *mut f32,
    x: *mut f32,
    n: usize,
    floats: usize,
    variance: f32,
) -> f32 {
    // SAFETY: the caller's conditions.
    unsafe {
        match n {
            1 => wiener_n::<S, 1>(y, x, floats, variance),
            2 => wiener_n::<S, 2>(y, x, floats, variance),
            4 => wiener_n::<S, 4>(y, x, floats, variance),
            8 => wiener_n::<S, 8>(y, x, floats, variance),
            16 => wiener_n::<S, 16>(y, x, floats, variance),
            _ => wiener_n::<S, 32>(y, x, floats, variance),
        }
    }
}
