//! How much was there before values below black and above white were cut off? The normal law that leaves this after clipping.

/// The standard deviation whose values, clipped to 0..255, have this mean and standard deviation.
pub(super) fn before(mean: f64, deviation: f64) -> f64 {
    let (mut mu, mut sigma) = (mean, deviation);
    for _ in 0..40 {
        let (m, s) = after(mu, sigma);
        mu = (mu + mean - m).clamp(-60.0, 315.0);
        sigma = (sigma * deviation / s.max(1e-6)).clamp(deviation, 2.0 * deviation);
    }
    sigma
}

/// Mean and standard deviation of a normal number that is clipped to 0..255.
fn after(mu: f64, sigma: f64) -> (f64, f64) {
    // Values at equal steps of probability density; 4 standard deviations hold all but 6 in 100,000.
    let (mut weight, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for i in -64..=64 {
        let z = f64::from(i) / 16.0;
        let density = (-z * z / 2.0).exp();
        let value = (mu + sigma * z).clamp(0.0, 255.0);
        weight += density;
        sum += density * value;
        squares += density * value * value;
    }
    let mean = sum / weight;
    (mean, (squares / weight - mean * mean).max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clipping_took_is_given_back() {
        for (mu, sigma) in [(128.0, 75.0), (60.0, 50.0), (200.0, 50.0), (128.0, 10.0)] {
            let (mean, deviation) = after(mu, sigma);
            let found = before(mean, deviation);
            assert!((found / sigma - 1.0).abs() < 0.02, "{mu} {sigma}: {found}");
        }
    }
}
