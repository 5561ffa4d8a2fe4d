//! Which power of the step size does an error follow, and how sure is that?

/// A slope with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Slope of `log |error|` over `log Δt`.
    pub order: f64,
    /// Half the width of the 95 % interval.
    pub margin: f64,
}

/// Errors below this are rounding.
const ROUNDING: f64 = 1e-11;

/// An error counts as seen when it is so many standard errors from 0.
const SEEN: f64 = 3.0;

/// Quantiles 0.975 of Student's law with 1, 2, … degrees of freedom.
const STUDENT: [f64; 10] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
];

/// The weighted least-squares slope through points `(Δt, error, standard error)`.
///
/// A point weighs by how well its logarithm is known, `(error/standard error)²`. The interval is the wider of
/// two: what the standard errors of the simulation say, and what the scatter of the points about the
/// line says, which holds the curvature of an error that is no pure power. `None` if fewer than three
/// errors are seen: the others are no larger than chance or rounding.
pub(super) fn slope(points: &[(f64, f64, f64)]) -> Option<Estimate> {
    let seen: Vec<(f64, f64, f64)> = points
        .iter()
        .filter(|(_, error, deviation)| {
            error.is_finite() && error.abs() > ROUNDING.max(SEEN * deviation)
        })
        .map(|(dt, error, deviation)| {
            // Known better than this a logarithm is not: the line is a model.
            let relative = (deviation / error).abs().max(1e-6);
            (dt.ln(), error.abs().ln(), relative.powi(-2))
        })
        .collect();
    if seen.len() < 3 {
        return None;
    }
    let total: f64 = seen.iter().map(|(_, _, w)| w).sum();
    let mean =
        |f: fn(&(f64, f64, f64)) -> f64| seen.iter().map(|p| p.2 * f(p)).sum::<f64>() / total;
    let (mean_x, mean_y) = (mean(|p| p.0), mean(|p| p.1));
    let spread: f64 = seen.iter().map(|(x, _, w)| w * (x - mean_x).powi(2)).sum();
    let order = (seen.iter())
        .map(|(x, y, w)| w * (x - mean_x) * (y - mean_y))
        .sum::<f64>()
        / spread;
    let chance = 1.96 / spread.sqrt();
    let misfit: f64 = (seen.iter())
        .map(|(x, y, w)| w * (y - mean_y - order * (x - mean_x)).powi(2))
        .sum();
    let freedom = seen.len() - 2;
    let student = STUDENT.get(freedom - 1).copied().unwrap_or(2.0);
    let scatter = student * (misfit / freedom as f64 / spread).sqrt();
    let margin = chance.max(scatter);
    (order.is_finite() && margin.is_finite()).then_some(Estimate { order, margin })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(f: impl Fn(f64) -> f64, deviation: f64) -> Vec<(f64, f64, f64)> {
        (3..9)
            .map(|n| 0.5_f64.powi(n))
            .map(|dt| (dt, f(dt), deviation * f(dt)))
            .collect()
    }

    #[test]
    fn a_power_is_found_and_its_interval_comes_from_the_deviations() {
        let found = slope(&points(|dt| -3.0 * dt.powf(0.5), 0.02)).expect("a slope");
        assert!((found.order - 0.5).abs() < 1e-12);
        // Six points of the same weight, an octave apart: Var = σ²/Σ(x-x̄)², Σ = 17.5 ln²2.
        let wanted = 1.96 * 0.02 / (17.5_f64.sqrt() * 2_f64.ln());
        assert!((found.margin - wanted).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn a_curve_widens_the_interval() {
        let sharp = slope(&points(|dt| dt.sqrt(), 1e-5)).expect("a slope");
        let bent = slope(&points(|dt| dt.sqrt() + 2.0 * dt, 1e-5)).expect("a slope");
        assert!(bent.margin > 100.0 * sharp.margin);
        assert!(bent.order > 0.5 && bent.order < 1.0);
    }

    #[test]
    fn what_is_not_seen_has_no_order() {
        assert_eq!(slope(&points(|_| 1e-13, 0.0)), None);
        assert_eq!(slope(&points(|dt| dt, 0.5)), None);
        assert_eq!(slope(&points(|_| f64::NAN, 0.1)), None);
    }
}
