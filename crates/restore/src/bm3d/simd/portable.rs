//! How do the vectors of BM3D work without vector instructions? As arrays in plain Rust.

use super::{Op, Simd};

/// Whatever the compiler makes of plain Rust.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

#[inline(always)]
fn map<T: Copy, U: Copy + Default>(a: [T; 8], b: [T; 8], f: impl Fn(T, T) -> U) -> [U; 8] {
    let mut out = [U::default(); 8];
    for lane in 0..8 {
        out[lane] = f(a[lane], b[lane]);
    }
    out
}

// SAFETY (all methods): only loads and stores are unsafe; the caller vouches for their pointers.
impl Simd for Portable {
    type I = [i32; 8];
    type F = [f32; 8];
    const LANES: usize = 8;

    unsafe fn vectorize<O: Op>(op: O) -> O::Out {
        // SAFETY: no instructions are asked for; the op's conditions are the caller's.
        unsafe { op.run::<Self>() }
    }

    #[inline(always)]
    unsafe fn iload(from: *const i32) -> [i32; 8] {
        // SAFETY: see above.
        unsafe { from.cast::<[i32; 8]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn istore(to: *mut i32, v: [i32; 8]) {
        // SAFETY: see above.
        unsafe { to.cast::<[i32; 8]>().write_unaligned(v) }
    }
    #[inline(always)]
    unsafe fn isplat(x: i32) -> [i32; 8] {
        [x; 8]
    }
    #[inline(always)]
    unsafe fn iadd(a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        map(a, b, i32::wrapping_add)
    }
    #[inline(always)]
    unsafe fn iand(a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        map(a, b, |a, b| a & b)
    }
    #[inline(always)]
    unsafe fn ishl(a: [i32; 8], bits: u32) -> [i32; 8] {
        map(a, a, |a, _| a << bits)
    }
    #[inline(always)]
    unsafe fn imin(a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        map(a, b, i32::min)
    }
    #[inline(always)]
    unsafe fn imax(a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        map(a, b, i32::max)
    }
    #[inline(always)]
    unsafe fn any_less(a: [i32; 8], b: [i32; 8]) -> bool {
        let mut any = 0;
        for lane in 0..8 {
            any |= i32::from(a[lane] < b[lane]);
        }
        any != 0
    }
    #[inline(always)]
    unsafe fn sub16(a: [i32; 8], b: [i32; 8]) -> [i32; 8] {
        map(a, b, |a, b| {
            let low = (a as i16).wrapping_sub(b as i16);
            let high = ((a >> 16) as i16).wrapping_sub((b >> 16) as i16);
            i32::from(low) & 0xffff | i32::from(high) << 16
        })
    }
    #[inline(always)]
    unsafe fn squares(a: [i32; 8]) -> [i32; 8] {
        map(a, a, |a, _| {
            let (low, high) = (i32::from(a as i16), a >> 16);
            low * low + high * high
        })
    }
    #[inline(always)]
    unsafe fn low16(a: [i32; 8]) -> [i32; 8] {
        map(a, a, |a, _| a & 0xffff)
    }
    #[inline(always)]
    unsafe fn outside(first: i32, low: i32, high: i32) -> [i32; 8] {
        let lanes = [0, 1, 2, 3, 4, 5, 6, 7];
        map(lanes, lanes, |l, _| {
            let inside = (low..=high).contains(&(first + l));
            if inside { 0 } else { i32::MAX }
        })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 8] {
        // SAFETY: see above.
        unsafe { from.cast::<[f32; 8]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, v: [f32; 8]) {
        // SAFETY: see above.
        unsafe { to.cast::<[f32; 8]>().write_unaligned(v) }
    }
    #[inline(always)]
    unsafe fn splat(x: f32) -> [f32; 8] {
        [x; 8]
    }
    #[inline(always)]
    unsafe fn add(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        map(a, b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        map(a, b, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        map(a, b, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        map(a, b, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn fma(a: [f32; 8], b: [f32; 8], c: [f32; 8]) -> [f32; 8] {
        // `mul_add` would call a function where the processor has no such instruction.
        map(map(a, b, |a, b| a * b), c, |ab, c| ab + c)
    }
    #[inline(always)]
    unsafe fn fnma(a: [f32; 8], b: [f32; 8], c: [f32; 8]) -> [f32; 8] {
        map(map(a, b, |a, b| a * b), c, |ab, c| c - ab)
    }
    #[inline(always)]
    unsafe fn where_beyond(x: [f32; 8], t: [f32; 8], v: [f32; 8]) -> [f32; 8] {
        let beyond = map(x, t, |x, t| x.abs() > t);
        map(
            v,
            map(beyond, beyond, |b, _| f32::from(u8::from(b))),
            |v, b| {
                if b > 0.0 { v } else { 0.0 }
            },
        )
    }
    #[inline(always)]
    unsafe fn transpose(rows: [[f32; 8]; 8]) -> [[f32; 8]; 8] {
        let mut out = [[0.0; 8]; 8];
        for (i, row) in rows.iter().enumerate() {
            for (j, x) in row.iter().enumerate() {
                out[j][i] = *x;
            }
        }
        out
    }
}
