//! How does camera data move between TIFF, where it is tags of the file, and PNG or JPEG, where it is a block?
//!
//! The block is itself a small TIFF stream without pixels: a directory of tags, which points to one of the
//! camera (EXIF) and one of the place (GPS). Only these three are carried; thumbnails are not.

use std::cell::Cell;
use tiff::tags::{ByteOrder, Type};

/// Pointer to the camera's directory.
pub(crate) const CAMERA: u16 = 34_665;
/// Pointer to the place's directory.
pub(crate) const PLACE: u16 = 34_853;
/// Tags of the first directory that describe the picture and not how its pixels are stored: description,
/// maker, model, orientation, software, date, artist, host, copyright and IPTC. Photoshop's resources are kept beside them.
pub(crate) const DESCRIPTIVE: [u16; 10] = [270, 271, 272, 274, 305, 306, 315, 316, 33_432, 33_723];

/// A tag: number, type, and its values in little-endian order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) tag: u16,
    pub(crate) kind: Type,
    pub(crate) data: Vec<u8>,
}

/// The directories that are carried.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Exif {
    pub(crate) main: Vec<Entry>,
    pub(crate) camera: Vec<Entry>,
    pub(crate) place: Vec<Entry>,
}

/// Bytes of a value.
fn length(kind: Type) -> usize {
    match kind {
        Type::SHORT | Type::SSHORT => 2,
        Type::LONG | Type::SLONG | Type::FLOAT | Type::IFD => 4,
        Type::RATIONAL | Type::SRATIONAL | Type::DOUBLE => 8,
        Type::LONG8 | Type::SLONG8 | Type::IFD8 => 8,
        _ => 1,
    }
}

impl Exif {
    pub(crate) fn is_empty(&self) -> bool {
        self.main.is_empty() && self.camera.is_empty() && self.place.is_empty()
    }

    /// Reads a block; what is damaged in it is left out.
    pub(crate) fn parse(block: &[u8]) -> Option<Self> {
        let order = match block.get(..4)? {
            [b'I', b'I', 42, 0] => ByteOrder::LittleEndian,
            [b'M', b'M', 0, 42] => ByteOrder::BigEndian,
            _ => return None,
        };
        let stream = Stream {
            block,
            order,
            left: Cell::new(block.len()),
        };
        let mut exif = Self::default();
        for entry in stream.directory(stream.long(4)?)? {
            match entry.tag {
                CAMERA => exif.camera = stream.below(&entry),
                PLACE => exif.place = stream.below(&entry),
                tag if DESCRIPTIVE.contains(&tag) => exif.main.push(entry),
                _ => {}
            }
        }
        Some(exif)
    }

    /// Writes a block, little-endian.
    pub(crate) fn block(&self) -> Vec<u8> {
        let mut main = self.main.clone();
        let mut out = b"II\x2a\0\0\0\0\0".to_vec();
        for (tag, directory) in [(CAMERA, &self.camera), (PLACE, &self.place)] {
            if !directory.is_empty() {
                let at = write_directory(&mut out, directory);
                main.push(Entry {
                    tag,
                    kind: Type::LONG,
                    data: at.to_le_bytes().to_vec(),
                });
            }
        }
        let at = write_directory(&mut out, &main);
        out[4..8].copy_from_slice(&at.to_le_bytes());
        out
    }
}

/// Appends a directory; the result is its offset.
fn write_directory(out: &mut Vec<u8>, entries: &[Entry]) -> u32 {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by_key(|e| e.tag);
    let mut table = Vec::new();
    for entry in &entries {
        let count = entry.data.len() / length(entry.kind);
        table.extend(entry.tag.to_le_bytes());
        table.extend(entry.kind.to_u16().to_le_bytes());
        table.extend((count as u32).to_le_bytes());
        if entry.data.len() <= 4 {
            let mut value = [0; 4];
            value[..entry.data.len()].copy_from_slice(&entry.data);
            table.extend(value);
        } else {
            table.extend((out.len() as u32).to_le_bytes());
            out.extend(&entry.data);
            // Offsets are even.
            out.resize(out.len().next_multiple_of(2), 0);
        }
    }
    let at = out.len() as u32;
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend(table);
    out.extend([0; 4]);
    at
}

struct Stream<'a> {
    block: &'a [u8],
    order: ByteOrder,
    /// Bytes of values that may still be taken: thousands of tags could all point to the same long one.
    left: Cell<usize>,
}

impl Stream<'_> {
    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.block.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(match self.order {
            ByteOrder::LittleEndian => u16::from_le_bytes(bytes),
            ByteOrder::BigEndian => u16::from_be_bytes(bytes),
        })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = self.block.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match self.order {
            ByteOrder::LittleEndian => u32::from_le_bytes(bytes),
            ByteOrder::BigEndian => u32::from_be_bytes(bytes),
        })
    }

    fn directory(&self, at: u32) -> Option<Vec<Entry>> {
        let at = at as usize;
        let count = usize::from(self.short(at)?);
        Some(
            (0..count)
                .filter_map(|i| self.entry(at + 2 + 12 * i))
                .collect(),
        )
    }

    fn entry(&self, at: usize) -> Option<Entry> {
        let kind = Type::from_u16(self.short(at + 2)?)?;
        let length = (self.long(at + 4)? as usize).checked_mul(length(kind))?;
        let from = if length <= 4 {
            at + 8
        } else {
            self.long(at + 8)? as usize
        };
        let value = self.block.get(from..from.checked_add(length)?)?;
        self.left.set(self.left.get().checked_sub(length)?);
        let mut data = value.to_vec();
        self.order.convert(kind, &mut data, ByteOrder::LittleEndian);
        Some(Entry {
            tag: self.short(at)?,
            kind,
            data,
        })
    }

    /// The directory that an entry points to.
    fn below(&self, entry: &Entry) -> Vec<Entry> {
        let at = entry.data.get(..4).and_then(|d| d.try_into().ok());
        at.and_then(|at| self.directory(u32::from_le_bytes(at)))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_back_and_garbage_is_not() {
        let entry = |tag, kind, data: &[u8]| Entry {
            tag,
            kind,
            data: data.to_vec(),
        };
        let exif = Exif {
            main: vec![
                entry(271, Type::ASCII, b"A camera\0"),
                entry(274, Type::SHORT, &[6, 0]),
            ],
            camera: vec![entry(33_434, Type::RATIONAL, &[1, 0, 0, 0, 60, 0, 0, 0])],
            place: vec![entry(1, Type::ASCII, b"N\0")],
        };
        assert_eq!(Exif::parse(&exif.block()), Some(exif.clone()));
        let block = exif.block();
        for cut in 0..block.len() {
            drop(Exif::parse(&block[..cut]));
        }
        assert_eq!(Exif::parse(b"Exif"), None);
        // Every tag points to the same nearly whole block.
        let mut shared = b"II\x2a\0\x08\0\0\0\xff\xff".to_vec();
        for _ in 0..0xFFFF {
            shared.extend(b"\x0e\x01\x01\0\0\0\x08\0\0\0\0\0");
        }
        let taken = Exif::parse(&shared).expect("a directory").main;
        let bytes: usize = taken.iter().map(|entry| entry.data.len()).sum();
        assert!(bytes <= shared.len(), "{bytes}");
        // Big-endian: one SHORT in a directory at 8.
        let big = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let read = Exif::parse(big).expect("a block");
        assert_eq!(read.main, [entry(274, Type::SHORT, &[6, 0])]);
    }
}
