//! How are arrays written for NumPy? As an uncompressed `.npz`, the same bytes every time.

use super::ForeignError;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The bytes of an `.npz` file: `numpy.load` gives each array under its name.
///
/// NumPy's format 1.0, f32, little endian, C order, uncompressed, all dates 1980-01-01: equal
/// arrays give equal bytes.
///
/// # Errors
/// [`ForeignError::Write`] if a shape does not fit its numbers or a name is empty or used twice.
pub fn npz(arrays: &[(&str, &[usize], Vec<f32>)]) -> Result<Vec<u8>, ForeignError> {
    let refuse = |name: &str, reason: String| ForeignError::Write(format!("`{name}`: {reason}"));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, shape, values) in arrays {
        if name.is_empty() {
            return Err(refuse(name, "an array needs a name".into()));
        }
        let count = shape.iter().try_fold(1, |n: usize, d| n.checked_mul(*d));
        if count != Some(values.len()) {
            let reason = format!("{} numbers do not fill the shape {shape:?}", values.len());
            return Err(refuse(name, reason));
        }
        let header = header(shape);
        let length = header.len() as u64 + 4 * values.len() as u64;
        writer
            .start_file(
                format!("{name}.npy"),
                // Sizes beyond 32 bits need a longer entry, which must be chosen beforehand.
                options.large_file(length > u64::from(u32::MAX)),
            )
            .map_err(|e| refuse(name, e.to_string()))?;
        let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        writer
            .write_all(&header)
            .and_then(|()| writer.write_all(&data))
            .map_err(|e| refuse(name, e.to_string()))?;
    }
    let written = writer
        .finish()
        .map_err(|e| ForeignError::Write(e.to_string()))?;
    Ok(written.into_inner())
}

/// Magic, version, length and description of one `.npy`, padded so that the numbers start at a
/// multiple of 64 bytes.
fn header(shape: &[usize]) -> Vec<u8> {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    // Python writes a tuple of one with a comma.
    let comma = if shape.len() == 1 { "," } else { "" };
    let mut text = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}{comma}), }}",
        sizes.join(", ")
    );
    let prefix = 10;
    let total = (prefix + text.len() + 1).next_multiple_of(64);
    text.push_str(&" ".repeat(total - prefix - text.len() - 1));
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    // A shape of thousands of axes would be needed to exceed 16 bits.
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Vec<(&'static str, &'static [usize], Vec<f32>)> {
        vec![
            (
                "layer1.0.conv1.weight",
                &[2, 3],
                vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
            ),
            ("k", &[1], vec![-0.5]),
            ("scalar", &[], vec![7.0]),
        ]
    }

    #[test]
    fn headers_are_aligned_and_as_python_writes_them() {
        for shape in [&[][..], &[5], &[2, 3], &[64, 64, 3, 3]] {
            assert_eq!(header(shape).len() % 64, 0, "{shape:?}");
        }
        let text = String::from_utf8_lossy(&header(&[5])[10..]).into_owned();
        assert!(text.contains("'shape': (5,), }"), "{text}");
    }

    #[test]
    fn equal_arrays_give_equal_bytes() {
        assert_eq!(npz(&example()).unwrap(), npz(&example()).unwrap());
    }

    #[test]
    fn impossible_arrays_are_refused() {
        for arrays in [
            vec![("a", &[2][..], vec![1.0])],
            vec![("", &[1][..], vec![1.0])],
            vec![("a", &[1][..], vec![1.0]), ("a", &[1][..], vec![2.0])],
        ] {
            assert!(matches!(npz(&arrays), Err(ForeignError::Write(_))));
        }
    }
}
