//! How does a file become a picture? Its content decides what it is, not its name.

use crate::foreign::foreign;
use crate::{Format, Picture, PictureError, jpeg, other, png, tiff};
use std::io::{BufRead, BufReader, Cursor, Read, Seek};
use std::path::Path;

/// How much memory a picture may take.
#[derive(Clone, Copy)]
pub struct Memory<'a> {
    /// Bytes allowed.
    pub allowed: u64,
    /// Bytes that the work on a picture of so many columns, rows and colours needs beside its samples.
    pub beside: &'a dyn Fn((usize, usize), usize) -> u64,
}

impl Memory<'static> {
    /// As much as this machine has (see [`timestep_kernels::memory_budget`]).
    #[must_use]
    pub fn of_machine() -> Self {
        Self {
            allowed: timestep_kernels::memory_budget(),
            beside: &|_, _| 0,
        }
    }
}

/// Where a picture comes from, and how much memory it may take.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) path: &'a Path,
    pub(crate) format: Format,
    /// Bytes of the file.
    pub(crate) length: u64,
    pub(crate) memory: Memory<'a>,
}

/// What the head of a file says.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) size: (usize, usize),
    pub(crate) colours: usize,
    /// Bytes of the samples; none if that is no number.
    pub(crate) samples: Option<u64>,
    /// Bytes that the decoder needs beside them.
    pub(crate) decoder: u64,
}

impl Origin<'_> {
    pub(crate) fn damaged(&self, reason: impl ToString) -> PictureError {
        PictureError::Damaged {
            path: self.path.to_owned(),
            format: self.format,
            reason: reason.to_string(),
        }
    }

    pub(crate) fn unsupported(&self, what: impl Into<String>) -> PictureError {
        PictureError::Unsupported {
            path: self.path.to_owned(),
            format: self.format,
            what: what.into(),
        }
    }

    /// Refuses what is larger than allowed before it is decoded.
    pub(crate) fn check_memory(&self, head: &Head) -> Result<(), PictureError> {
        if head.size.0 == 0 || head.size.1 == 0 {
            return Err(self.damaged("it has no pixels"));
        }
        let Some(samples) = head.samples else {
            return Err(self.too_large(u64::MAX));
        };
        // What the work needs is only taken when the decoder has gone.
        let beside = (self.memory.beside)(head.size, head.colours).max(head.decoder);
        let needs = samples.saturating_add(beside);
        self.fits(needs)
    }

    /// Refuses so many bytes if they are more than allowed.
    pub(crate) fn fits(&self, needs: u64) -> Result<(), PictureError> {
        if needs > self.memory.allowed {
            return Err(self.too_large(needs));
        }
        Ok(())
    }

    /// The bytes allowed as a length.
    pub(crate) fn allowed(&self) -> usize {
        usize::try_from(self.memory.allowed).unwrap_or(usize::MAX)
    }

    pub(crate) fn too_large(&self, needs: u64) -> PictureError {
        PictureError::TooLarge {
            path: self.path.to_owned(),
            needs,
            allowed: self.memory.allowed,
        }
    }

    /// Room for `count` values, or an error: a damaged head may claim any size.
    pub(crate) fn room<T: Clone>(&self, count: usize) -> Result<Vec<T>, PictureError> {
        let mut room = Vec::new();
        room.try_reserve_exact(count)
            .map_err(|_| self.too_large((count as u64).saturating_mul(size_of::<T>() as u64)))?;
        Ok(room)
    }
}

/// Bytes that can be read from any place. One type for all of them: decoders are generic, and large.
pub(crate) trait Bytes: BufRead + Seek {}

impl<T: BufRead + Seek> Bytes for T {}

/// Reads a picture file, with all that it says.
///
/// What a decoder needs beside the samples is counted as memory too. GIF files are refused: they hold several pictures, of
/// which all but one would be lost.
///
/// # Errors
/// [`PictureError`]: missing, a folder, no picture, damaged, cut short, too large, samples not finite.
pub fn read(path: &Path, memory: &Memory<'_>) -> Result<Picture, PictureError> {
    open(path, memory, false)
}

/// Reads a picture file, a GIF file only with `gif`.
pub(crate) fn open(path: &Path, memory: &Memory<'_>, gif: bool) -> Result<Picture, PictureError> {
    let fail = |source| PictureError::Read {
        path: path.to_owned(),
        source,
    };
    if path.is_dir() {
        let path = path.to_owned();
        return Err(PictureError::Folder { path });
    }
    let file = timestep_files::open_regular(path).map_err(fail)?;
    let length = file.metadata().map_err(fail)?.len();
    decode(path, &mut BufReader::new(file), length, memory, gif)
}

/// Reads a picture from the bytes of a file; `path` is for messages only.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(path: &Path, content: &[u8]) -> Result<Picture, PictureError> {
    decode(
        path,
        &mut Cursor::new(content),
        content.len() as u64,
        &Memory::of_machine(),
        false,
    )
}

/// The same, keeping to `memory`.
///
/// # Errors
/// As [`read`].
pub fn read_within(
    path: &Path,
    content: &[u8],
    memory: &Memory<'_>,
) -> Result<Picture, PictureError> {
    let length = content.len() as u64;
    decode(path, &mut Cursor::new(content), length, memory, false)
}

/// The kind of a file by how it begins.
pub(crate) fn format(path: &Path, start: &[u8]) -> Result<Format, PictureError> {
    Format::of_content(start).ok_or_else(|| {
        let text = |b: &u8| matches!(b, 9 | 10 | 13 | 32..127);
        let what = match start {
            [] => "it is empty (0 bytes)",
            all if all.iter().all(text) => "it is text",
            _ => "it begins like no kind of picture",
        };
        PictureError::NoPicture {
            path: path.to_owned(),
            what: what.to_owned(),
        }
    })
}

pub(crate) fn decode(
    path: &Path,
    reader: &mut dyn Bytes,
    length: u64,
    memory: &Memory<'_>,
    gif: bool,
) -> Result<Picture, PictureError> {
    let fail = |source| PictureError::Read {
        path: path.to_owned(),
        source,
    };
    let mut start = Vec::new();
    reader.take(512).read_to_end(&mut start).map_err(fail)?;
    if let Some(foreign) = foreign(path, &start) {
        let path = path.to_owned();
        return Err(PictureError::Undeveloped { path, foreign });
    }
    let origin = Origin {
        path,
        format: format(path, &start)?,
        length,
        memory: *memory,
    };
    if origin.format == Format::Gif && !gif {
        return Err(PictureError::NoPicture {
            path: path.to_owned(),
            what: "GIF files are not read".to_owned(),
        });
    }
    reader.rewind().map_err(fail)?;
    let picture = match origin.format {
        Format::Png => png::read(reader, &origin),
        Format::Jpeg => jpeg::read(reader, &origin),
        Format::Tiff => tiff::read(reader, &origin),
        Format::Bmp | Format::Webp | Format::Pnm | Format::Gif => other::read(reader, &origin),
    }?;
    match picture.not_finite() {
        0 => Ok(picture),
        count => Err(PictureError::NotFinite {
            path: path.to_owned(),
            count,
            total: picture.width() * picture.height() * picture.colours(),
        }),
    }
}
