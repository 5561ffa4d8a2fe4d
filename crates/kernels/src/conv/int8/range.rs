//! Which whole numbers do the features of an image become? 0 to 255 from the least to the greatest, zero among them.

use crate::kernels::Kernels;
use crate::parallel::map;
use crate::shape::chunks;
use crate::simd::{Loops, Op, Simd, run_loops};
use crate::view::View;

/// `x ≈ scale (q - zero)` for the features of one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Levels {
    /// What a whole number stands for; NaN where a feature is not finite.
    pub(crate) scale: f32,
    /// The zero point: which whole number stands for 0.
    pub(crate) zero: i32,
}

impl Levels {
    fn new(found: &Found) -> Self {
        let (least, greatest) = (found.least.min(0.0), found.greatest.max(0.0));
        let scale = (greatest - least) / 255.0;
        if !(found.finite && scale.is_finite()) {
            return Self {
                scale: f32::NAN,
                zero: 0,
            };
        }
        // Below, one over the scale is no number any more.
        if scale < f32::MIN_POSITIVE {
            return Self {
                scale: 0.0,
                zero: 0,
            };
        }
        Self {
            scale,
            zero: (-least / scale).round_ties_even() as i32,
        }
    }

    /// Brings features into whole numbers: `q = x / scale + zero`, rounded to the nearest, of two to the even one.
    ///
    /// # Safety
    /// The processor has the instructions of `S`.
    #[inline(always)]
    pub(crate) unsafe fn quantise<S: Simd>(&self, features: &[f32], to: &mut [u8]) {
        let op = Quantise {
            inverse: if self.scale > 0.0 {
                self.scale.recip()
            } else {
                0.0
            },
            zero: self.zero as f32,
            features,
            to,
        };
        // SAFETY: the caller's.
        unsafe { S::vectorize(op) }
    }
}

/// [`Levels::quantise`] as a function of its own.
struct Quantise<'a> {
    inverse: f32,
    zero: f32,
    features: &'a [f32],
    to: &'a mut [u8],
}

impl<S: Simd> Op<S> for Quantise<'_> {
    type Out = ();

    #[inline(always)]
    unsafe fn run(self) {
        /// Added to a number of 0 to 255 it leaves the number, rounded, in the last eight bits.
        const ROUND: f32 = 8_388_608.0;
        for (x, q) in self.features.iter().zip(self.to) {
            let level = x * self.inverse + self.zero;
            // Comparisons as vectors do them; NaN and infinity were found by `levels`.
            let level = if level > 0.0 { level } else { 0.0 };
            let level = if level < 255.0 { level } else { 255.0 };
            *q = (level + ROUND).to_bits() as u8;
        }
    }
}

/// What some features of an image were seen to be.
#[derive(Clone, Copy, Debug)]
struct Found {
    least: f32,
    greatest: f32,
    finite: bool,
}

/// Features that are looked at together, with what is still to be done to them.
struct Look<'a> {
    features: &'a [f32],
    /// Scale and shift of each channel.
    affine: Option<[&'a [f32]; 2]>,
    relu: bool,
    channels: usize,
}

impl Loops for Look<'_> {
    type Out = Found;

    #[inline(always)]
    fn run(self) -> Found {
        /// Features at a time where all channels are alike.
        const ALIKE: usize = 64;
        let count = if self.affine.is_some() {
            self.channels
        } else {
            ALIKE
        };
        let mut least = vec![f32::INFINITY; count];
        let mut greatest = vec![f32::NEG_INFINITY; count];
        // Zero times a number that is not finite is none, and so is every sum with it.
        let mut broken = vec![0.0_f32; count];
        for pixel in self.features.chunks(count) {
            let n = pixel.len();
            let (least, greatest) = (&mut least[..n], &mut greatest[..n]);
            let broken = &mut broken[..n];
            match self.affine {
                Some([scale, shift]) => {
                    let (scale, shift) = (&scale[..n], &shift[..n]);
                    for c in 0..n {
                        let y = pixel[c] * scale[c] + shift[c];
                        least[c] = if y < least[c] { y } else { least[c] };
                        greatest[c] = if y > greatest[c] { y } else { greatest[c] };
                        broken[c] += 0.0 * y;
                    }
                }
                None => {
                    for c in 0..n {
                        let y = pixel[c];
                        least[c] = if y < least[c] { y } else { least[c] };
                        greatest[c] = if y > greatest[c] { y } else { greatest[c] };
                        broken[c] += 0.0 * y;
                    }
                }
            }
        }
        let least = least.iter().copied().fold(f32::INFINITY, f32::min);
        Found {
            least: if self.relu { least.max(0.0) } else { least },
            greatest: greatest.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            finite: broken.iter().all(|b| *b == 0.0),
        }
    }
}

/// The whole numbers of each of `batch` images of `channels` channels.
pub(crate) fn levels(
    kernels: Kernels,
    view: &View<'_>,
    batch: usize,
    channels: usize,
) -> Vec<Levels> {
    /// Features that are worth a task.
    const TASK: usize = 1 << 16;
    let pixels = view.data.len() / (batch * channels);
    let parts = chunks(pixels, (pixels * channels).div_ceil(TASK));
    let image = |i: usize| {
        let image = &view.data[i * pixels * channels..(i + 1) * pixels * channels];
        parts
            .iter()
            .map(move |part| &image[part.start * channels..part.end * channels])
    };
    let pieces: Vec<&[f32]> = (0..batch).flat_map(image).collect();
    let found = map(pieces, |features| {
        let look = Look {
            features,
            affine: view.affine.map(|affine| [affine.scale, affine.shift]),
            relu: view.relu,
            channels,
        };
        run_loops(kernels, look)
    });
    let whole = found.chunks(parts.len()).map(|parts| Found {
        least: parts.iter().map(|p| p.least).fold(f32::INFINITY, f32::min),
        greatest: parts
            .iter()
            .map(|p| p.greatest)
            .fold(f32::NEG_INFINITY, f32::max),
        finite: parts.iter().all(|p| p.finite),
    });
    whole.map(|found| Levels::new(&found)).collect()
}
