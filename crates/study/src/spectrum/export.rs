//! Every measured value as a row: text for a spreadsheet, arrays for NumPy.

use super::MeasuredStep;
use timestep_nets::foreign::{ForeignError, npz};

/// What is known of a measured value.
const COLUMNS: [&str; 7] = [
    "segment",
    "step",
    "image",
    "real",
    "imaginary",
    "residual",
    "growth",
];

/// Every measured value as a row of [`COLUMNS`].
fn rows(steps: &[MeasuredStep], numbers: &[u32]) -> Vec<[f64; 7]> {
    let mut all = Vec::new();
    for step in steps {
        for (spectrum, image) in step.spectra.iter().zip(numbers) {
            for v in &spectrum.values {
                all.push([
                    spectrum.segment as f64,
                    spectrum.step as f64,
                    f64::from(*image),
                    v.z.re,
                    v.z.im,
                    v.residual,
                    v.growth,
                ]);
            }
        }
    }
    all
}

/// Every value as comma-separated text, under a line of names: segment, step, image, both parts, residual and growth.
#[must_use]
pub fn table(steps: &[MeasuredStep], numbers: &[u32]) -> String {
    let mut text = COLUMNS.join(",") + "\n";
    for row in rows(steps, numbers) {
        text.push_str(&(row.map(|x| x.to_string()).join(",") + "\n"));
    }
    text
}

/// Every value as the bytes of an `.npz` file, an array for each column of [`table`].
///
/// # Errors
/// [`ForeignError::Write`] if the archive cannot be made.
pub fn arrays(steps: &[MeasuredStep], numbers: &[u32]) -> Result<Vec<u8>, ForeignError> {
    let mut columns: [Vec<f32>; 7] = Default::default();
    for row in rows(steps, numbers) {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value as f32);
        }
    }
    let shape = [columns[0].len()];
    let named = COLUMNS.into_iter().zip(columns);
    let all: Vec<(&str, &[usize], Vec<f32>)> = named.map(|(n, c)| (n, &shape[..], c)).collect();
    npz(&all)
}
