//! Which kinds of picture files are there, and how is one recognised?

use std::path::Path;

/// A kind of picture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PNG: 8 and 16 bit, grey or RGB, alpha; palettes are expanded.
    Png,
    /// JPEG: 8 bit, grey or RGB, lossy.
    Jpeg,
    /// TIFF: 8 bit, 16 bit and float, grey or RGB, alpha.
    Tiff,
    /// BMP.
    Bmp,
    /// WebP.
    Webp,
    /// Portable anymap: PBM, PGM, PPM and PAM; PGM and PPM are written.
    Pnm,
    /// GIF: its first picture, for networks to look at; it is never written.
    Gif,
}

/// Endings of names of files that are restored and written, in lower case.
const ENDINGS: [(&str, Format); 10] = [
    ("png", Format::Png),
    ("jpg", Format::Jpeg),
    ("jpeg", Format::Jpeg),
    ("tif", Format::Tiff),
    ("tiff", Format::Tiff),
    ("bmp", Format::Bmp),
    ("webp", Format::Webp),
    ("pnm", Format::Pnm),
    ("pgm", Format::Pnm),
    ("ppm", Format::Pnm),
];

impl Format {
    /// The kind that a name ends like, in any case of letters.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_string_lossy().to_lowercase();
        let known = ENDINGS.iter().find(|(e, _)| *e == ending)?;
        Some(known.1)
    }

    /// The kind that a file begins like.
    #[must_use]
    pub fn of_content(start: &[u8]) -> Option<Self> {
        match start {
            [0x89, b'P', b'N', b'G', ..] => Some(Self::Png),
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::Webp),
            // Two letters alone would take many a text for a picture.
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(Self::Bmp),
            [b'P', b'1'..=b'7', white, ..] if white.is_ascii_whitespace() => Some(Self::Pnm),
            [b'G', b'I', b'F', b'8', ..] => Some(Self::Gif),
            _ => None,
        }
    }

    /// What names of its files end like.
    #[must_use]
    pub fn ending(self) -> &'static str {
        let known = ENDINGS.iter().find(|(_, format)| *format == self);
        known.map_or("gif", |(ending, _)| ending)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Tiff => "TIFF",
            Self::Bmp => "BMP",
            Self::Webp => "WebP",
            Self::Pnm => "PNM",
            Self::Gif => "GIF",
        }
    }
}

/// Whether the name of a file ends like a picture's that can be restored; hidden files (`.name`) are none.
#[must_use]
pub fn is_picture_name(path: &Path) -> bool {
    !is_hidden(path) && Format::of_name(path).is_some()
}

/// Whether the name of a file ends like an image's that a network can look at: as [`is_picture_name`], or `.gif`.
#[must_use]
pub fn is_image_name(path: &Path) -> bool {
    let gif = || {
        path.extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("gif"))
    };
    is_picture_name(path) || !is_hidden(path) && gif()
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name();
    name.is_some_and(|n| n.to_string_lossy().starts_with('.'))
}
