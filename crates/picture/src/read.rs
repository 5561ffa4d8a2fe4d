//! How does a file become a picture? Its content decides what it is, not its name.

use crate::foreign::foreign;
use crate::origin::{Bytes, Memory, Origin};
use crate::{Format, Picture, PictureError, jpeg, other, png, tiff};
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

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
