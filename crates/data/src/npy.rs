//! How is an array of NumPy's `.npz` read? Names, types and shapes are checked before anything is allocated for them.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use timestep_files::open_regular;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::DataError;

/// The longest description of an array that is read; NumPy's are some hundred bytes.
const LONGEST_HEADER: usize = 1 << 16;

/// An open archive of arrays.
pub(crate) struct Archive {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    /// Bytes that all arrays together may still take.
    room: u64,
}

/// The values of an array as they are stored, in C order, little endian.
pub(crate) struct Array {
    /// `u1`, `i8`, `U5`, …: NumPy's name of the type without the order of bytes.
    pub(crate) kind: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl Archive {
    /// Opens a file; its arrays may take `room` bytes.
    pub(crate) fn open(path: &Path, room: u64) -> Result<Self, DataError> {
        let file = open_regular(path).map_err(|e| DataError::io("open", path, e))?;
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            return Err(damaged(path, "is a folder, not a file of arrays".into()));
        }
        let zip = ZipArchive::new(BufReader::new(file))
            .map_err(|e| damaged(path, format!("is no `.npz`: {e}")))?;
        Ok(Self {
            path: path.to_owned(),
            zip,
            room,
        })
    }

    /// Names of the arrays.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.zip.file_names();
        let mut names: Vec<String> = names
            .map(|name| name.strip_suffix(".npy").unwrap_or(name).to_owned())
            .collect();
        names.sort();
        names
    }

    /// Reads an array; `None` if there is none of this name.
    pub(crate) fn array(&mut self, name: &str) -> Result<Option<Array>, DataError> {
        let path = &self.path;
        let wrong = |what: String| damaged(path, format!("has an array `{name}` {what}"));
        let mut entry = match self.zip.by_name(&format!("{name}.npy")) {
            Ok(entry) => entry,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(e) => return Err(wrong(format!("that cannot be unpacked: {e}"))),
        };
        let cut = |e: std::io::Error| wrong(format!("that cannot be read: {e}"));
        let mut start = [0; 8];
        entry.read_exact(&mut start).map_err(cut)?;
        let wide = match start {
            [0x93, b'N', b'U', b'M', b'P', b'Y', version, _] => version > 1,
            _ => return Err(wrong("that NumPy did not write".into())),
        };
        let mut length = [0; 4];
        entry
            .read_exact(&mut length[..if wide { 4 } else { 2 }])
            .map_err(cut)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST_HEADER {
            return Err(wrong(format!("whose description has {length} bytes")));
        }
        let mut header = vec![0; length];
        entry.read_exact(&mut header).map_err(cut)?;
        let header = String::from_utf8_lossy(&header).into_owned();
        let (kind, shape) = describe(&header)
            .map_err(|what| wrong(format!("{what}, by its description `{}`", header.trim())))?;
        let each = width(&kind).ok_or_else(|| wrong(format!("of the type `{kind}`")))?;
        let count = shape.iter().try_fold(1_usize, |n, d| n.checked_mul(*d));
        let bytes = count.and_then(|n| n.checked_mul(each)).map(|n| n as u64);
        let Some(bytes) = bytes.filter(|bytes| *bytes <= self.room) else {
            let most = self.room >> 20;
            return Err(wrong(format!(
                "of {shape:?}, for which there are {most} MiB"
            )));
        };
        self.room -= bytes;
        // Read as it comes: a small file may claim a large array.
        let mut values = Vec::new();
        entry
            .by_ref()
            .take(bytes)
            .read_to_end(&mut values)
            .map_err(cut)?;
        if values.len() as u64 != bytes {
            let found = values.len();
            return Err(wrong(format!(
                "of {shape:?}: {bytes} bytes, and there are {found}"
            )));
        }
        Ok(Some(Array {
            kind,
            shape,
            bytes: values,
        }))
    }
}

impl Array {
    /// The values as whole numbers; `None` for another type.
    pub(crate) fn whole(&self) -> Option<Vec<i64>> {
        let each = width(&self.kind)?;
        let signed = match self.kind.as_bytes().first()? {
            b'i' => true,
            b'u' | b'b' => false,
            _ => return None,
        };
        let value = |bytes: &[u8]| {
            let negative = signed && bytes.last().is_some_and(|b| b & 0x80 != 0);
            let mut wide = [if negative { 0xFF } else { 0 }; 8];
            wide[..bytes.len()].copy_from_slice(bytes);
            i64::from_le_bytes(wide)
        };
        Some(self.bytes.chunks_exact(each).map(value).collect())
    }

    /// The values as text; `None` for another type.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        let each = width(&self.kind).filter(|each| *each > 0)?;
        let text = |bytes: &[u8]| {
            let letters = bytes.chunks_exact(4).map(|b| {
                let code = u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            });
            letters.take_while(|c| *c != '\0').collect()
        };
        let is_text = self.kind.starts_with('U');
        is_text.then(|| self.bytes.chunks_exact(each).map(text).collect())
    }
}

/// Bytes of one value; `None` for types that are not read.
fn width(kind: &str) -> Option<usize> {
    let (letter, digits) = kind.split_at_checked(1)?;
    let n: usize = digits.parse().ok()?;
    match letter {
        "i" | "u" if matches!(n, 1 | 2 | 4 | 8) => Some(n),
        "b" if n == 1 => Some(1),
        "f" if matches!(n, 2 | 4 | 8) => Some(n),
        "U" if (1..=1024).contains(&n) => n.checked_mul(4),
        _ => None,
    }
}

/// Type and shape of a description such as `{'descr': '|u1', 'fortran_order': False, 'shape': (9, 8, 8), }`.
fn describe(header: &str) -> Result<(String, Vec<usize>), &'static str> {
    let after = |key: &str| header.split_once(key).map(|(_, rest)| rest.trim_start());
    let descr = after("'descr':").and_then(|rest| rest.strip_prefix('\''));
    let descr = descr.and_then(|rest| rest.split_once('\'')).map(|(d, _)| d);
    let descr = descr.ok_or("of a type with parts")?;
    let kind = match descr.as_bytes().first() {
        Some(b'<' | b'|' | b'=') => &descr[1..],
        Some(b'>') => return Err("whose bytes are in the order of other machines"),
        _ => return Err("of an unknown type"),
    };
    if !after("'fortran_order':").is_some_and(|rest| rest.starts_with("False")) {
        return Err("that is stored column by column");
    }
    let shape = after("'shape':").and_then(|rest| rest.strip_prefix('('));
    let shape = shape.and_then(|rest| rest.split_once(')')).map(|(s, _)| s);
    let sizes = shape.ok_or("without a shape")?.split(',').map(str::trim);
    let sizes = sizes.filter(|size| !size.is_empty()).map(str::parse);
    let sizes: Result<Vec<usize>, _> = sizes.collect();
    Ok((kind.to_owned(), sizes.map_err(|_| "without a shape")?))
}

/// What is wrong with an archive.
pub(crate) fn damaged(path: &Path, problem: String) -> DataError {
    DataError::Layout {
        path: path.to_owned(),
        problem,
        hint: "write it with `numpy.savez(file, images=…, labels=…)`: images of type uint8, N×H×W, N×H×W×3 or N×3×H×W, and \
            a whole number for each"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_that_numpy_writes() {
        let of = |text: &str| describe(text);
        let one = of("{'descr': '|u1', 'fortran_order': False, 'shape': (9, 8, 8), }     \n");
        assert_eq!(one, Ok(("u1".to_owned(), vec![9, 8, 8])));
        let one = of("{'descr': '<i8', 'fortran_order': False, 'shape': (5,), }");
        assert_eq!(one, Ok(("i8".to_owned(), vec![5])));
        assert!(of("{'descr': '<i8', 'fortran_order': True, 'shape': (5,), }").is_err());
        assert!(of("{'descr': '>i8', 'fortran_order': False, 'shape': (5,), }").is_err());
        assert!(of("{'descr': [('a', '<i8')], 'fortran_order': False, 'shape': (5,)}").is_err());
        assert!(of("{'descr': '<i8', 'fortran_order': False, 'shape': (-5,), }").is_err());
        assert!(of("").is_err());
        assert_eq!(
            (width("U3"), width("O"), width("f3")),
            (Some(12), None, None)
        );
    }

    #[test]
    fn numbers_of_every_width_keep_their_sign() {
        let whole = |kind: &str, bytes: &[u8]| {
            let array = Array {
                kind: kind.into(),
                shape: vec![1],
                bytes: bytes.to_vec(),
            };
            array.whole()
        };
        assert_eq!(whole("i1", &[255, 3]), Some(vec![-1, 3]));
        assert_eq!(whole("u1", &[255, 3]), Some(vec![255, 3]));
        assert_eq!(whole("i4", &[254, 255, 255, 255]), Some(vec![-2]));
        assert_eq!(whole("f4", &[0; 4]), None);
    }
}
