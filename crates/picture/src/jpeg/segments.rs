//! What do the segments of a JPEG file say beside the pixels? Size, resolution, camera data, captions, colour profile.

use super::{RESOURCES, XMP};
use crate::{Density, DensityUnit};

/// Header of a segment with camera data.
const EXIF: &[u8] = b"Exif\0\0";
/// Header of a part of a colour profile; its number and how many there are follow.
const ICC: &[u8] = b"ICC_PROFILE\0";

/// Whether a file reaches its end marker.
#[cfg(test)]
pub(crate) fn is_complete(bytes: &[u8]) -> bool {
    Walk::of(bytes).complete
}

/// What a walk over the segments finds.
#[derive(Default)]
pub(super) struct Walk<'a> {
    pub(super) complete: bool,
    pub(super) said: Option<Said>,
    pub(super) density: Option<Density>,
    pub(super) exif: Option<Vec<u8>>,
    pub(super) xmp: Option<Vec<u8>>,
    pub(super) iptc: Option<Vec<u8>>,
    /// Mean step of quantisation of brightness at low frequencies.
    pub(super) steps: Option<f32>,
    /// Parts of the profile by their numbers.
    icc: Vec<(u8, &'a [u8])>,
}

/// What the frame segment says, whatever kind of file it is.
#[derive(Clone, Copy)]
pub(super) struct Said {
    pub(super) size: (usize, usize),
    pub(super) colours: usize,
    pub(super) progressive: bool,
}

impl Said {
    /// From the marker of a segment and what follows its length: precision, rows, columns, components.
    fn of(marker: u8, segment: &[u8]) -> Option<Self> {
        // C4, C8 and CC are tables and an extension.
        if !matches!(marker, 0xC0..=0xCF) || matches!(marker, 0xC4 | 0xC8 | 0xCC) {
            return None;
        }
        let [_, h1, h0, w1, w0, components, ..] = *segment else {
            return None;
        };
        let number = |high, low| usize::from(u16::from_be_bytes([high, low]));
        Some(Self {
            size: (number(w1, w0), number(h1, h0)),
            colours: if components == 1 { 1 } else { 3 },
            progressive: marker == 0xC2,
        })
    }
}

impl<'a> Walk<'a> {
    /// Segments are walked by their lengths, because a thumbnail in the EXIF data has an end marker
    /// of its own.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        let mut walk = Self::default();
        let mut at = 2;
        while at + 1 < bytes.len() {
            // Stray bytes between segments, and all of the coded data, are passed over here: inside
            // coded data FF is followed by 00 or a restart marker, neither of which ends the walk.
            if bytes[at] != 0xFF {
                at += 1;
                continue;
            }
            match bytes[at + 1] {
                0xD9 => {
                    walk.complete = true;
                    return walk;
                }
                // A run of FF is padding: the last one belongs to the marker.
                0xFF => at += 1,
                // Stuffed zero, restart markers, TEM and a second start have no length.
                0x00 | 0x01 | 0xD0..=0xD8 => at += 2,
                marker => {
                    let Some(length) = bytes.get(at + 2..at + 4) else {
                        return walk;
                    };
                    let end = at + 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
                    let segment = bytes.get(at + 4..end.min(bytes.len()));
                    if let Some(segment) = segment {
                        walk.take(marker, segment);
                    }
                    at = end;
                }
            }
        }
        walk
    }

    /// Keeps what a segment says, if it is the first of its kind.
    fn take(&mut self, marker: u8, segment: &'a [u8]) {
        if let Some(said) = Said::of(marker, segment) {
            self.said.get_or_insert(said);
        }
        let behind = |header| segment.strip_prefix(header);
        let keep = |to: &mut Option<Vec<u8>>, header| {
            if let Some(content) = behind(header) {
                to.get_or_insert_with(|| content.to_vec());
            }
        };
        match marker {
            0xE0 => self.density = jfif(segment),
            0xE1 => {
                keep(&mut self.exif, EXIF);
                keep(&mut self.xmp, XMP);
            }
            0xE2 => {
                if let Some([number, _, part @ ..]) = behind(ICC) {
                    self.icc.push((*number, part));
                }
            }
            0xED => keep(&mut self.iptc, RESOURCES),
            0xDB => {
                if let Some(steps) = steps(segment) {
                    self.steps.get_or_insert(steps);
                }
            }
            _ => {}
        }
    }

    /// The colour profile, put together.
    pub(super) fn icc(&self) -> Option<Vec<u8>> {
        let mut parts = self.icc.clone();
        parts.sort_by_key(|part| part.0);
        let whole = (parts.iter().map(|part| usize::from(part.0))).eq(1..=parts.len());
        (whole && !parts.is_empty()).then(|| parts.iter().flat_map(|p| p.1).copied().collect())
    }
}

/// Low frequencies: the first after the mean, in the order of the file.
const LOW: std::ops::Range<usize> = 1..15;

/// The mean step of low frequencies in table 0, which is that of brightness, if the segment holds it.
fn steps(mut segment: &[u8]) -> Option<f32> {
    while let Some((kind, rest)) = segment.split_first() {
        let bytes = 1 + usize::from(kind >> 4);
        let table = rest.get(..64 * bytes)?;
        if kind & 15 == 0 {
            let step = |values: &[u8]| values.iter().fold(0.0, |v, b| 256.0 * v + f32::from(*b));
            let low = table.chunks_exact(bytes).map(step);
            let sum: f32 = low.skip(LOW.start).take(LOW.len()).sum();
            return Some(sum / LOW.len() as f32);
        }
        segment = &rest[64 * bytes..];
    }
    None
}

/// The resolution in a JFIF segment.
fn jfif(segment: &[u8]) -> Option<Density> {
    let rest = segment.strip_prefix(b"JFIF\0")?;
    let number = |at: usize| {
        Some(u32::from(u16::from_be_bytes([
            *rest.get(at)?,
            *rest.get(at + 1)?,
        ])))
    };
    let unit = match rest.get(2)? {
        1 => DensityUnit::Inch,
        2 => DensityUnit::Centimetre,
        _ => DensityUnit::Aspect,
    };
    Some(Density {
        x: (number(3)?, 1),
        y: (number(5)?, 1),
        unit,
    })
}
