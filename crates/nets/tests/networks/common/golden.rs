//! What is exchanged with the scripts of `tests/golden`? Weights and a batch for them, what they found for us.

use std::path::{Path, PathBuf};
use timestep_nets::{
    Metadata, Parameters, WeightsFile, read_safetensors, to_safetensors, write_arrays,
};

use super::{Images, farthest, largest};

/// The folder of the fixtures.
pub(crate) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/pytorch");

/// Numbers without any symmetry, made from integers so that every platform has the same ones.
pub(crate) fn numbers_from(seed: u32, n: usize) -> Vec<f32> {
    let mut state = seed;
    (0..n)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// The images of the fixtures.
pub(crate) fn pictures(batch: usize, side: usize) -> Images {
    let dims = [batch, 3, side, side];
    Images {
        dims,
        values: numbers_from(12345, dims.iter().product()),
    }
}

/// A folder as a variable of the environment names it: tests run in the folder of their crate, the path is meant from
/// the workspace.
pub(crate) fn folder(variable: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Some(root.join(folder))
}

/// The folder that inputs are to be written to, if anybody asked.
pub(crate) fn asked() -> Option<PathBuf> {
    folder("TIMESTEP_GOLDEN")
}

/// Writes weights and a batch for the script: `weights` and `batch` are names of files.
pub(crate) fn write_inputs(
    folder: &Path,
    [weights, batch]: [&str; 2],
    (parameters, metadata): (&Parameters, &Metadata),
    images: &Images,
    labels: &[u32],
) {
    std::fs::create_dir_all(folder).expect("a folder");
    let bytes = to_safetensors(parameters, metadata).expect("weights");
    std::fs::write(folder.join(weights), bytes).expect("written");
    let labels: Vec<f32> = labels.iter().map(|l| *l as f32).collect();
    let arrays: [(&str, &[usize], Vec<f32>); 2] = [
        ("images", &images.dims, images.values.clone()),
        ("labels", &[labels.len()], labels.clone()),
    ];
    let bytes = write_arrays(&arrays, &Metadata::new()).expect("a batch");
    std::fs::write(folder.join(batch), bytes).expect("written");
}

/// Reads a file that a script wrote.
pub(crate) fn read(file: &Path) -> WeightsFile {
    let bytes = std::fs::read(file).expect("the fixture");
    read_safetensors(&bytes).expect("the fixture is readable")
}

/// An array of a fixture.
pub(crate) fn expected(file: &WeightsFile, key: &str) -> Vec<f64> {
    let found = file.arrays.get(key);
    let (_, values) = found.unwrap_or_else(|| panic!("no `{key}` in the fixture"));
    values.iter().map(|v| f64::from(*v)).collect()
}

/// Largest difference relative to the largest expected value.
pub(crate) fn difference(got: &[f64], want: &[f64]) -> f64 {
    farthest(got, want) / largest(want).max(1e-8)
}

/// Euclidean length.
pub(crate) fn norm(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}
