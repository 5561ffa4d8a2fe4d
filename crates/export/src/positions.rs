//! What tells pixels where they are, in Python? The waves of [`timestep_nets::position_waves`], which no weights hold and every file must.

/// The formula in Python.
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
