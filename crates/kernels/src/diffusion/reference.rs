//! What should a step of diffusion compute? The same in `f64`, one plain loop after the other, slowly.

use super::{Border, PIECES, RANGE, WIDTH};

/// A bank in `f64`: filters row by row, four rows of coefficients a function.
#[derive(Clone, Debug)]
pub struct BankF64 {
    /// Rows of a filter.
    pub size: usize,
    /// Taps of all filters.
    pub filters: Vec<f64>,
    /// Coefficients of all functions.
    pub tables: Vec<f64>,
}

/// The piecewise cubic function of `tables` (four rows of [`PIECES`]) at `z`.
#[must_use]
pub fn cubic(tables: &[f64], z: f64) -> f64 {
    let range = f64::from(RANGE);
    let place = (z.clamp(-range, range) + range) / f64::from(WIDTH);
    let piece = (place as usize).min(PIECES - 1);
    let tau = place - piece as f64;
    let c = |row: usize| tables[row * PIECES + piece];
    c(0) + tau * (c(1) + tau * (c(2) + tau * c(3)))
}

/// `g = Σ_i k̄_i * φ_i(k_i ⋆ ũ)` of a plane of `width × height` pixels.
#[must_use]
pub fn diffuse(
    bank: &BankF64,
    u: &[f64],
    (width, height): (usize, usize),
    border: Border,
) -> Vec<f64> {
    let area = bank.size * bank.size;
    let (w, h) = (width as isize, height as isize);
    let radius = (bank.size / 2) as isize;
    let pixel = |x: isize, y: isize| u[border.at(y, height) * width + border.at(x, width)];
    let shifts =
        || (-radius..=radius).flat_map(move |dy| (-radius..=radius).map(move |dx| (dy, dx)));
    let mut g = vec![0.0; u.len()];
    for (i, filter) in bank.filters.chunks(area).enumerate() {
        let tables = &bank.tables[i * 4 * PIECES..(i + 1) * 4 * PIECES];
        // The map on everything that the filter reaches beyond the border.
        let map_width = w + 2 * radius;
        let mut map = Vec::new();
        for y in -radius..h + radius {
            for x in -radius..w + radius {
                let v: f64 = shifts()
                    .zip(filter)
                    .map(|((dy, dx), k)| k * pixel(x + dx, y + dy))
                    .sum();
                map.push(cubic(tables, v));
            }
        }
        for y in 0..h {
            for x in 0..w {
                g[(y * w + x) as usize] += shifts()
                    .zip(filter)
                    .map(|((dy, dx), k)| {
                        k * map[((y - dy + radius) * map_width + x - dx + radius) as usize]
                    })
                    .sum::<f64>();
            }
        }
    }
    g
}
