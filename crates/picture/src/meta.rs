//! What does a picture file say beside its pixels, and is kept?

/// Colour profile, camera data, resolution and the rest that is written out again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meta {
    /// ICC profile.
    pub icc: Option<Vec<u8>>,
    /// EXIF data: a TIFF stream without the `Exif` header. An orientation in it is kept, so pixels are
    /// not turned.
    pub exif: Option<Vec<u8>>,
    /// XMP packet.
    pub xmp: Option<Vec<u8>>,
    /// Image resources, which hold IPTC captions (JPEG, TIFF).
    pub iptc: Option<Vec<u8>>,
    /// Pixels per length.
    pub density: Option<Density>,
    /// Mean step of quantisation of brightness at low frequencies (JPEG): 15 at quality 50, twice that at 25. A picture is
    /// written with steps of its own.
    pub steps: Option<f32>,
    /// What only PNG files say.
    pub png: PngExtras,
    /// Whether alpha is multiplied into the colours (TIFF).
    pub associated_alpha: bool,
    /// Whether the file was compressed (TIFF).
    pub compressed: bool,
}

/// Gamma, primaries and texts of a PNG file.
#[derive(Clone, Debug, Default)]
pub struct PngExtras {
    pub(crate) info: Option<Box<png::Info<'static>>>,
}

impl PartialEq for PngExtras {
    /// Texts and colour tags are compared; sizes are the picture's.
    fn eq(&self, other: &Self) -> bool {
        let key = |e: &Self| {
            e.info.as_ref().map(|i| {
                (
                    i.gama_chunk,
                    i.chrm_chunk,
                    i.srgb,
                    format!(
                        "{:?}{:?}{:?}",
                        i.uncompressed_latin1_text, i.compressed_latin1_text, i.utf8_text
                    ),
                )
            })
        };
        key(self) == key(other)
    }
}

/// Pixels per length, as fractions so that whole numbers and TIFF's ratios survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Density {
    /// Across: numerator and denominator.
    pub x: (u32, u32),
    /// Down: numerator and denominator.
    pub y: (u32, u32),
    /// Of which length.
    pub unit: DensityUnit,
}

/// The length that pixels are counted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DensityUnit {
    /// None: only the shape of a pixel is known.
    Aspect,
    /// An inch.
    Inch,
    /// A centimetre.
    Centimetre,
    /// A metre.
    Metre,
}

impl Density {
    /// In another unit; whole numbers are given where `whole` asks for them.
    pub(crate) fn to(self, unit: DensityUnit, whole: bool) -> Self {
        if (self.unit == unit && (!whole || (self.x.1 == 1 && self.y.1 == 1)))
            || self.unit == DensityUnit::Aspect
        {
            return self;
        }
        let metres = |u| match u {
            DensityUnit::Inch => 0.0254,
            DensityUnit::Centimetre => 0.01,
            DensityUnit::Metre | DensityUnit::Aspect => 1.0,
        };
        let factor = metres(unit) / metres(self.unit);
        let scale = if whole { 1 } else { 1000 };
        let convert = |(n, d): (u32, u32)| {
            let value = f64::from(n) / f64::from(d.max(1)) * factor;
            ((value * f64::from(scale)).round() as u32, scale)
        };
        Self {
            x: convert(self.x),
            y: convert(self.y),
            unit,
        }
    }
}
