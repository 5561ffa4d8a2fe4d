//! How does a picture become a file? As its name ends; nothing is lost silently.

use crate::{Depth, Format, Picture, PictureError, jpeg, other, png, tiff};
use std::io::{self, Seek, Write};
use std::path::Path;

/// Quality of JPEG files that are written, 1 to 100. They keep the colours of every pixel (4:4:4).
pub const QUALITY: u8 = 95;

/// Checks that a picture can be written as `path` without losing depth or alpha.
///
/// # Errors
/// [`PictureError::UnknownEnding`], [`PictureError::CannotHold`].
pub fn check_fits(path: &Path, picture: &Picture) -> Result<Format, PictureError> {
    let Some(format) = Format::of_name(path) else {
        let path = path.to_owned();
        return Err(PictureError::UnknownEnding { path });
    };
    let depth = picture.samples().depth();
    let pnm_colours = format == Format::Pnm && !pnm_fits(path, picture.colours());
    let what = match (format, depth) {
        (Format::Tiff, _) => None,
        (_, Depth::F32) => Some("floats".to_owned()),
        (Format::Jpeg | Format::Bmp | Format::Webp, Depth::U16) => Some("16 bit".to_owned()),
        (Format::Jpeg | Format::Pnm, _) if picture.has_alpha() => {
            Some("an alpha channel".to_owned())
        }
        (Format::Jpeg, _) if picture.width().max(picture.height()) > 65_535 => {
            Some("more than 65535 rows or columns".to_owned())
        }
        _ if pnm_colours => Some("these colours under this ending".to_owned()),
        _ => None,
    };
    match what {
        None => Ok(format),
        Some(what) => Err(PictureError::CannotHold {
            path: path.to_owned(),
            format,
            what,
        }),
    }
}

/// PGM is grey, PPM is RGB, PNM is either.
fn pnm_fits(path: &Path, colours: usize) -> bool {
    match path.extension().map(|e| e.to_string_lossy().to_lowercase()) {
        Some(e) if e == "pgm" => colours == 1,
        Some(e) if e == "ppm" => colours == 3,
        _ => true,
    }
}

/// Writes a picture file in the kind that its name ends like, with profile, EXIF data and resolution.
///
/// The file appears complete or not at all. `quality` is for JPEG.
///
/// # Errors
/// As [`check_fits`], and [`PictureError::Write`].
pub fn write(path: &Path, picture: &Picture, quality: u8) -> Result<(), PictureError> {
    let format = check_fits(path, picture)?;
    timestep_files::write_atomic(path, |mut file| encode(&mut file, picture, format, quality))
        .map_err(|error| PictureError::Write {
            path: path.to_owned(),
            source: error.into_source(),
        })
}

/// Encodes a picture.
///
/// # Errors
/// What the writer or the encoder says.
pub fn encode(
    out: &mut (impl Write + Seek),
    picture: &Picture,
    format: Format,
    quality: u8,
) -> io::Result<()> {
    match format {
        Format::Png => png::write(out, picture),
        Format::Jpeg => jpeg::write(out, picture, quality),
        Format::Tiff => tiff::write(out, picture),
        Format::Bmp | Format::Webp | Format::Pnm => other::write(out, picture, format),
        // No ending of an output names it.
        Format::Gif => Err(io::Error::other("GIF files are not written")),
    }
}
