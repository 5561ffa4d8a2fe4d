//! What tells pixels where they are? Waves over rows and columns, which no weights hold and every file must.
//!
//! Numbers for ONNX, which the recorder compares with what the network adds to its state, and the same formula for Python.

/// The longest wave, in units of the shortest.
const LONGEST: f64 = 10_000.0;

/// Sines and cosines of the row and of the column, `[channels, height, width]` (Vaswani et al. 2017, section 3.5): a quarter of the
/// channels each, what four does not divide is 0.
pub(crate) fn positions([channels, height, width]: [usize; 3]) -> Vec<f32> {
    let waves = channels / 4;
    let mut out = Vec::with_capacity(channels * height * width);
    for channel in 0..channels {
        let frequency = || LONGEST.powf(-((channel % waves) as f64) / waves as f64);
        for row in 0..height {
            for column in 0..width {
                let value = match channel.checked_div(waves) {
                    Some(0) => (row as f64 * frequency()).sin(),
                    Some(1) => (row as f64 * frequency()).cos(),
                    Some(2) => (column as f64 * frequency()).sin(),
                    Some(3) => (column as f64 * frequency()).cos(),
                    _ => 0.0,
                };
                out.push(value as f32);
            }
        }
    }
    out
}

/// The same in Python.
pub(crate) const PYTHON: &str = r#"

def positions(channels, height, width):
    """Sines and cosines of the row and of the column, a quarter of the channels each."""
    waves = channels // 4
    frequency = 10000.0 ** (-torch.arange(waves, dtype=torch.float64) / waves)
    rows, columns = torch.arange(height).view(-1, 1), torch.arange(width).view(1, -1)
    y, x = (frequency.view(-1, 1, 1) * at.expand(height, width) for at in (rows, columns))
    out = torch.zeros(1, channels, height, width)
    out[0, : 4 * waves] = torch.cat([y.sin(), y.cos(), x.sin(), x.cos()])
    return out
"#;
