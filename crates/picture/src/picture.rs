//! What is a picture file in memory? Its samples as they were stored, and everything else the file said.
//!
//! Samples keep their type, so that a picture needs no more memory than its decoded file, and what is
//! not changed is written back bit for bit. Methods work on [`Plane`]s in grey levels of 0..255:
//!
//! | samples | grey level |
//! |---|---|
//! | 8 bit `v` | `v` |
//! | 16 bit `v` | `v · 255 / 65535` |
//! | float `v` | `v · 255`; 0..1 is the nominal range, values outside are kept |

use crate::{Format, Meta, Plane};
use rayon::prelude::*;
use timestep_kernels::Buffer;

/// Samples row by row, the channels of a pixel side by side.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// 8 bits.
    U8(Vec<u8>),
    /// 16 bits.
    U16(Vec<u16>),
    /// 32-bit floats.
    F32(Vec<f32>),
}

/// What a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// 8 bits.
    U8,
    /// 16 bits.
    U16,
    /// A 32-bit float.
    F32,
}

impl Depth {
    /// Bytes of a sample.
    #[must_use]
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::F32 => 4,
        }
    }

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "8 bit",
            Self::U16 => "16 bit",
            Self::F32 => "float",
        }
    }
}

impl Samples {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::F32(v) => v.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their type.
    #[must_use]
    pub fn depth(&self) -> Depth {
        match self {
            Self::U8(_) => Depth::U8,
            Self::U16(_) => Depth::U16,
            Self::F32(_) => Depth::F32,
        }
    }
}

/// A picture: grey or RGB, perhaps with alpha, and what else its file said.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    width: usize,
    height: usize,
    colours: usize,
    alpha: bool,
    pub(crate) samples: Samples,
    format: Format,
    /// Profile, camera data and resolution, written out again.
    pub meta: Meta,
}

impl Picture {
    /// A picture of `width × height` pixels with 1 (grey) or 3 (RGB) colour channels and perhaps alpha.
    ///
    /// `None` if there are no pixels, or not as many samples as that makes.
    #[must_use]
    pub fn new(
        (width, height): (usize, usize),
        colours: usize,
        alpha: bool,
        samples: Samples,
        format: Format,
    ) -> Option<Self> {
        let channels = colours + usize::from(alpha);
        let count = width.checked_mul(height)?.checked_mul(channels)?;
        let fits = matches!(colours, 1 | 3) && count > 0 && count == samples.len();
        fits.then(|| Self {
            width,
            height,
            colours,
            alpha,
            samples,
            format,
            meta: Meta::default(),
        })
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// 1 for grey, 3 for RGB.
    #[must_use]
    pub fn colours(&self) -> usize {
        self.colours
    }

    /// Whether there is an alpha channel.
    #[must_use]
    pub fn has_alpha(&self) -> bool {
        self.alpha
    }

    /// Channels, alpha included.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.colours + usize::from(self.alpha)
    }

    /// The samples.
    #[must_use]
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// Its samples alone.
    #[must_use]
    pub fn into_samples(self) -> Samples {
        self.samples
    }

    /// What kind of file it was.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Bytes of its samples.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.samples.len() as u64 * self.samples.depth().bytes() as u64
    }

    /// In words, such as `321×481 RGB, 8 bit`.
    #[must_use]
    pub fn describe(&self) -> String {
        let colour = if self.colours == 1 { "grey" } else { "RGB" };
        let alpha = if self.alpha { " and alpha" } else { "" };
        let depth = self.samples.depth().name();
        format!("{}×{} {colour}{alpha}, {depth}", self.width, self.height)
    }

    /// Colour samples that are NaN or infinite.
    #[must_use]
    pub fn not_finite(&self) -> usize {
        let Samples::F32(samples) = &self.samples else {
            return 0;
        };
        let pixels = samples.chunks_exact(self.channels());
        pixels
            .map(|p| p[..self.colours].iter().filter(|v| !v.is_finite()).count())
            .sum()
    }

    /// The colour channels of the part of `width × height` pixels whose first pixel is `(left, top)`.
    ///
    /// # Panics
    /// If it is empty or not inside the picture.
    #[must_use]
    pub fn planes_of(&self, left: usize, top: usize, width: usize, height: usize) -> Vec<Plane> {
        self.check_part(left, top, width, height);
        let channel = |c: usize| {
            let mut pixels = Buffer::new(width * height);
            pixels
                .par_chunks_mut(width)
                .enumerate()
                .for_each(|(y, to)| {
                    let row = self.row(left, top + y, width);
                    match &self.samples {
                        Samples::U8(v) => self.channel(&v[row], c, to, grey_u8),
                        Samples::U16(v) => self.channel(&v[row], c, to, grey_u16),
                        Samples::F32(v) => self.channel(&v[row], c, to, grey_f32),
                    }
                });
            Plane::of_buffer(width, height, pixels)
        };
        (0..self.colours).map(channel).collect()
    }

    /// All colour channels.
    #[must_use]
    pub fn planes(&self) -> Vec<Plane> {
        self.planes_of(0, 0, self.width, self.height)
    }

    /// Writes colour channels over the part whose first pixel is `(left, top)`.
    ///
    /// 8 and 16 bit samples are clipped to their range and rounded to the nearest; floats are neither.
    /// A pixel that has the grey level it had keeps its sample bit for bit. Alpha stays as it is.
    ///
    /// # Panics
    /// If the channels are not as many as the picture has, or do not lie inside it.
    pub fn put(&mut self, left: usize, top: usize, planes: &[Plane]) {
        assert_eq!(planes.len(), self.colours, "a plane for each colour");
        for plane in planes {
            self.check_part(left, top, plane.width(), plane.height());
        }
        let (channels, whole) = (self.channels(), self.width * self.channels());
        let rows = top..top + planes[0].height();
        let columns = left * channels..(left + planes[0].width()) * channels;
        macro_rules! put {
            ($samples:expr, $one:expr) => {{
                let lines = $samples[rows.start * whole..rows.end * whole].par_chunks_mut(whole);
                lines.enumerate().for_each(|(y, line)| {
                    let line = &mut line[columns.clone()];
                    for (c, plane) in planes.iter().enumerate() {
                        let grey = plane.row(y).iter();
                        if channels == 3 {
                            let old = line.as_chunks_mut::<3>().0.iter_mut();
                            old.map(|pixel| &mut pixel[c]).zip(grey).for_each($one);
                        } else {
                            let old = line.iter_mut().skip(c).step_by(channels);
                            old.zip(grey).for_each($one);
                        }
                    }
                });
            }};
        }
        match &mut self.samples {
            // Halves are rounded up, as they are away from zero: what is below zero is clipped. Vectors can do this.
            Samples::U8(v) => put!(v, |(v, p)| *v = (p.clamp(0.0, 255.0) + 0.5) as u8),
            Samples::U16(v) => put!(v, |(v, p)| *v = sample_u16(*p)),
            Samples::F32(v) => put!(v, |(v, p)| {
                // v·255/255 is not always v in floating point.
                if grey_f32(*v) != *p {
                    *v = (f64::from(*p) / 255.0) as f32;
                }
            }),
        }
    }

    /// Where the samples of a part of a row are.
    fn row(&self, left: usize, y: usize, width: usize) -> std::ops::Range<usize> {
        let start = (y * self.width + left) * self.channels();
        start..start + width * self.channels()
    }

    /// The grey levels of channel `c` in a row.
    #[inline]
    fn channel<T: Copy>(&self, row: &[T], c: usize, to: &mut [f32], grey: impl Fn(T) -> f32) {
        // A constant number of channels makes a faster loop.
        macro_rules! every {
            ($n:literal) => {
                for (to, pixel) in to.iter_mut().zip(row.as_chunks::<$n>().0) {
                    *to = grey(pixel[c]);
                }
            };
        }
        match self.channels() {
            1 => every!(1),
            2 => every!(2),
            3 => every!(3),
            _ => every!(4),
        }
    }

    fn check_part(&self, left: usize, top: usize, width: usize, height: usize) {
        assert!(width > 0 && height > 0, "a part has pixels");
        assert!(
            left + width <= self.width && top + height <= self.height,
            "the part lies inside the picture"
        );
    }
}

fn grey_u8(v: u8) -> f32 {
    f32::from(v)
}

fn grey_u16(v: u16) -> f32 {
    // 65535 / 255 is 257 exactly.
    f32::from(v) / 257.0
}

fn grey_f32(v: f32) -> f32 {
    (f64::from(v) * 255.0) as f32
}

fn sample_u16(grey: f32) -> u16 {
    (f64::from(grey) * 257.0).round().clamp(0.0, 65535.0) as u16
}
