//! How is a method kept from taking more than noise away? Where its change is stronger than the noise, less of it counts.

use timestep_picture::Plane;

/// Rows and columns of the neighbourhood in which changes are compared with noise, to each side.
pub(crate) const NEAR: usize = 4;

/// `noisy + w (restored - noisy)`, where `w` is the variance of the noise over the mean square of the change nearby: what
/// changes more than noise of this level also lost structure. (The best mean of two estimates whose errors are independent.)
pub(crate) fn no_more_than_noise(noisy: &Plane, restored: &Plane, sigma: f64) -> Plane {
    let (width, height) = (noisy.width(), noisy.height());
    let squares = noisy.pixels().iter().zip(restored.pixels());
    let squares: Vec<f64> = squares.map(|(a, b)| f64::from(b - a).powi(2)).collect();
    let rows: Vec<f64> = squares.chunks(width).flat_map(means).collect();
    // The same down the columns.
    let column = |x: usize| {
        (0..height)
            .map(|y| rows[y * width + x])
            .collect::<Vec<f64>>()
    };
    let columns: Vec<Vec<f64>> = (0..width).map(|x| means(&column(x))).collect();
    let variance = sigma * sigma;
    let pixels = noisy.pixels().iter().zip(restored.pixels()).enumerate();
    let pixels = pixels.map(|(i, (a, b))| {
        let change = columns[i % width][i / width];
        a + (variance / change.max(variance)) as f32 * (b - a)
    });
    noisy.with_pixels(pixels.collect::<Vec<f32>>())
}

/// Means of up to [`NEAR`] neighbours to each side.
fn means(values: &[f64]) -> Vec<f64> {
    let window = |i: usize| &values[i.saturating_sub(NEAR)..(i + NEAR + 1).min(values.len())];
    let all = (0..values.len()).map(window);
    all.map(|w| w.iter().sum::<f64>() / w.len() as f64)
        .collect()
}
