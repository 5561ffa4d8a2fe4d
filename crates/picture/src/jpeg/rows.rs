//! How do components become rows of the picture? Colour differences are made as large as brightness, smoothly, and then colours.
//!
//! In libjpeg's rounding: three quarters of the nearer sample and a quarter of the next, halves rounded down and up in turn. Where
//! a colour difference has at most two columns, or another factor than 2, samples are repeated.

// Plain loops over slices become vectors; iterators of many parts are calls that are not compiled for the processor.
#![allow(clippy::needless_range_loop)]

use super::frame::Component;
use timestep_kernels::simd::{Lanes, LanesOp, Simd};

/// Samples of a component.
pub(super) struct Samples {
    bytes: Vec<u8>,
    /// Bytes from row to row.
    stride: usize,
    /// Those that count.
    size: (usize, usize),
    scale: (usize, usize),
}

impl Samples {
    pub(super) fn of(component: &Component, bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            stride: 8 * component.room.0,
            size: component.size,
            scale: component.scale,
        }
    }

    /// Columns of a row that has been made larger: at least as many as the picture has.
    fn wide(&self) -> usize {
        self.size.0 * self.scale.0
    }

    /// A row of the component.
    pub(super) fn row(&self, y: usize) -> &[u8] {
        &self.bytes[self.stride * y..][..self.size.0]
    }

    /// Row `y` of the picture; `sums` is scratch as wide as the component.
    #[inline(always)]
    fn enlarge(&self, y: usize, out: &mut [u8], sums: &mut [u16]) {
        let source = y / self.scale.1;
        // The next row on the side of the half in which `y` lies; the first and the last row are their own.
        let lower = y % 2 == 1;
        let next = if lower {
            (source + 1).min(self.size.1 - 1)
        } else {
            source.saturating_sub(1)
        };
        let (near, next) = (self.row(source), self.row(next));
        let width = self.size.0;
        let smooth = width > 2;
        let (out, sums) = (&mut out[..self.wide()], &mut sums[..width]);
        match self.scale {
            (1, 1) => out.copy_from_slice(near),
            (1, 2) => {
                let bias = if lower { 2 } else { 1 };
                for i in 0..width {
                    out[i] = ((3 * u16::from(near[i]) + u16::from(next[i]) + bias) >> 2) as u8;
                }
            }
            (2, 1) if smooth => {
                for i in 0..width {
                    sums[i] = u16::from(near[i]);
                }
                double::<2>(sums, out);
            }
            (2, 2) if smooth => {
                for i in 0..width {
                    sums[i] = 3 * u16::from(near[i]) + u16::from(next[i]);
                }
                double::<4>(sums, out);
            }
            (across, _) => {
                for i in 0..width {
                    out[across * i..across * (i + 1)].fill(near[i]);
                }
            }
        }
    }
}

/// Makes a row twice as wide and divides by 2 to the power of `SHIFT`, a quarter of it being the weights.
#[inline(always)]
fn double<const SHIFT: u32>(sums: &[u16], out: &mut [u8]) {
    let up = 1 << (SHIFT - 1);
    // Halves are rounded down between columns, and up; in one dimension the other way round.
    let (right, left) = if SHIFT == 2 {
        (up, up - 1)
    } else {
        (up - 1, up)
    };
    let last = sums.len() - 1;
    let (from, to) = (&sums[..last], &sums[1..=last]);
    out[0] = ((4 * sums[0] + left) >> SHIFT) as u8;
    out[2 * last + 1] = ((4 * sums[last] + right) >> SHIFT) as u8;
    let pairs = &mut out[1..2 * last + 1];
    for i in 0..last {
        pairs[2 * i] = ((3 * from[i] + to[i] + right) >> SHIFT) as u8;
        pairs[2 * i + 1] = ((3 * to[i] + from[i] + left) >> SHIFT) as u8;
    }
}

/// Some rows of the picture, with the instructions of the processor.
pub(super) struct Rows<'a> {
    pub(super) components: &'a [Samples; 3],
    /// Whether they are brightness and colour differences; else they are red, green and blue.
    pub(super) differences: bool,
    pub(super) first: usize,
    pub(super) width: usize,
    pub(super) out: &'a mut [u8],
}

impl<S: Simd> LanesOp<S> for Rows<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self, _: Lanes<S>) {
        let [a, b, c] = self.components;
        let mut rows = [vec![0; a.wide()], vec![0; b.wide()], vec![0; c.wide()]];
        let widest = a.size.0.max(b.size.0).max(c.size.0);
        let mut sums = vec![0; widest];
        let width = self.width;
        for y in 0..self.out.len() / (3 * width) {
            for k in 0..3 {
                self.components[k].enlarge(self.first + y, &mut rows[k], &mut sums);
            }
            let out = &mut self.out[3 * width * y..][..3 * width];
            let (a, b, c) = (&rows[0][..width], &rows[1][..width], &rows[2][..width]);
            let whole = width / AT_ONCE * AT_ONCE;
            for x in (0..whole).step_by(AT_ONCE) {
                let (Some(a), Some(b), Some(c)) = (
                    a[x..].first_chunk(),
                    b[x..].first_chunk(),
                    c[x..].first_chunk(),
                ) else {
                    break;
                };
                pixels(self.differences, a, b, c, &mut out[3 * x..]);
            }
            let rest = width - whole;
            if rest > 0 {
                let (mut last, mut bytes) = ([[0; AT_ONCE]; 3], [0; 3 * AT_ONCE]);
                for (last, row) in last.iter_mut().zip([a, b, c]) {
                    last[..rest].copy_from_slice(&row[whole..]);
                }
                pixels(self.differences, &last[0], &last[1], &last[2], &mut bytes);
                out[3 * whole..].copy_from_slice(&bytes[..3 * rest]);
            }
        }
    }
}

/// Pixels that are made at once.
const AT_ONCE: usize = 32;

/// Some pixels, as bytes.
#[inline(always)]
fn pixels(
    differences: bool,
    a: &[u8; AT_ONCE],
    b: &[u8; AT_ONCE],
    c: &[u8; AT_ONCE],
    out: &mut [u8],
) {
    let mut words = [0_u32; AT_ONCE];
    if differences {
        for i in 0..AT_ONCE {
            words[i] = colour(a[i], b[i], c[i]);
        }
    } else {
        for i in 0..AT_ONCE {
            words[i] = u32::from(a[i]) | u32::from(b[i]) << 8 | u32::from(c[i]) << 16;
        }
    }
    // The fourth byte of a word is where the next pixel goes.
    let out = &mut out[..3 * AT_ONCE];
    for i in 0..AT_ONCE - 1 {
        // An array is stored at once; copying a slice is a call.
        if let Some(out) = out[3 * i..].first_chunk_mut() {
            *out = words[i].to_le_bytes();
        }
    }
    let [red, green, blue, _] = words[AT_ONCE - 1].to_le_bytes();
    if let Some(out) = out.last_chunk_mut() {
        *out = [red, green, blue];
    }
}

/// Red, green and blue, from the lowest byte on, of brightness and colour differences (BT.601, full range).
#[inline(always)]
fn colour(y: u8, cb: u8, cr: u8) -> u32 {
    let y = i32::from(y);
    let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
    let red = y + ((RED * cr + HALF) >> 16);
    let green = y + ((HALF - GREEN_CB * cb - GREEN_CR * cr) >> 16);
    let blue = y + ((BLUE * cb + HALF) >> 16);
    let byte = |x: i32| x.clamp(0, 255) as u32;
    byte(red) | byte(green) << 8 | byte(blue) << 16
}

const HALF: i32 = 1 << 15;
const RED: i32 = fixed(1.402);
const GREEN_CB: i32 = fixed(0.344_14);
const GREEN_CR: i32 = fixed(0.714_14);
const BLUE: i32 = fixed(1.772);

/// A factor in 16 bits.
const fn fixed(x: f64) -> i32 {
    (x * 65_536.0 + 0.5) as i32
}
