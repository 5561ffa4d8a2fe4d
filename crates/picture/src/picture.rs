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
            let mut pixels = Vec::with_capacity(width * height);
            for y in top..top + height {
                let row = self.row(left, y, width);
                match &self.samples {
                    Samples::U8(v) => pixels.extend(self.every(&v[row], c).map(grey_u8)),
                    Samples::U16(v) => pixels.extend(self.every(&v[row], c).map(grey_u16)),
                    Samples::F32(v) => pixels.extend(self.every(&v[row], c).map(grey_f32)),
                }
            }
            pixels
        };
        (0..self.colours)
            .map(|c| plane(width, height, channel(c)))
            .collect()
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
        let (channels, colours) = (self.channels(), self.colours);
        for (c, plane) in planes.iter().enumerate() {
            self.check_part(left, top, plane.width(), plane.height());
            debug_assert!(c < colours);
            for y in 0..plane.height() {
                let row = self.row(left, top + y, plane.width());
                let grey = plane.row(y).iter();
                match &mut self.samples {
                    Samples::U8(v) => {
                        let old = v[row].iter_mut().skip(c).step_by(channels);
                        old.zip(grey)
                            .for_each(|(v, p)| *v = p.round().clamp(0.0, 255.0) as u8);
                    }
                    Samples::U16(v) => {
                        let old = v[row].iter_mut().skip(c).step_by(channels);
                        old.zip(grey).for_each(|(v, p)| *v = sample_u16(*p));
                    }
                    Samples::F32(v) => {
                        let old = v[row].iter_mut().skip(c).step_by(channels);
                        for (v, p) in old.zip(grey) {
                            // v·255/255 is not always v in floating point.
                            if grey_f32(*v) != *p {
                                *v = (f64::from(*p) / 255.0) as f32;
                            }
                        }
                    }
                }
            }
        }
    }

    /// Where the samples of a part of a row are.
    fn row(&self, left: usize, y: usize, width: usize) -> std::ops::Range<usize> {
        let start = (y * self.width + left) * self.channels();
        start..start + width * self.channels()
    }

    /// The samples of channel `c` in a row.
    fn every<'a, T: Copy>(&self, row: &'a [T], c: usize) -> impl Iterator<Item = T> + 'a {
        row.iter().skip(c).step_by(self.channels()).copied()
    }

    fn check_part(&self, left: usize, top: usize, width: usize, height: usize) {
        assert!(width > 0 && height > 0, "a part has pixels");
        assert!(
            left + width <= self.width && top + height <= self.height,
            "the part lies inside the picture"
        );
    }
}

fn plane(width: usize, height: usize, pixels: Vec<f32>) -> Plane {
    // The number of pixels was counted by the loop that made them.
    Plane::new(width, height, pixels).unwrap_or_else(|e| unreachable!("{e}"))
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
