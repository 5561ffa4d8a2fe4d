//! Where does a one-step scheme grow faster than the solution? On the order star, `|R(z) e^{-z}| > 1`.
//!
//! Around 0 it has `p + 1` sectors of equal angle for a scheme of order `p` for linear equations, since `R(z) e^{-z} = 1 - C z^{p+1} + …`.
//! Source: G. Wanner, E. Hairer, S. P. Nørsett, Order stars and stability theorems, BIT 18, 1978.

use super::amplification::Amplification;
use super::order::own_time;
use super::stability::axis;
use super::subject::Subject;
use super::{AnalysisError, Region};
use num_complex::Complex64;
use std::f64::consts::TAU;

/// The order star of a one-step scheme at 0.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderStar {
    /// Key of the scheme.
    pub scheme: &'static str,
    /// The coefficient used, if the scheme has one.
    pub k: Option<f64>,
    /// The scheme follows `time_scale · u' = f(u)`, so `R(z)` stands for `e^{z/time_scale}`.
    pub time_scale: f64,
    /// Sectors of `|R| > |e^z|` that meet at 0.
    pub sectors: usize,
    /// The order for linear equations: one less.
    pub order: usize,
}

/// Points on the circle on which sectors are counted.
const AROUND: usize = 1440;
/// A difference of logarithms that is far above rounding.
const SEEN: f64 = 1e-10;
/// Radii of the circles that are tried.
const RADII: (f64, f64) = (0.01, 0.6);

/// Sectors of the order star of a scheme at 0.
///
/// # Errors
/// [`AnalysisError::NoRational`] for schemes with memory or parts, whose stability function is no rational function;
/// [`AnalysisError::NoAsymptoticRange`] if the difference from the exponential cannot be told from rounding; the errors of other
/// analyses.
pub fn order_star(scheme: &str, k: Option<f64>) -> Result<OrderStar, AnalysisError> {
    let (subject, time_scale) = one_step(scheme, k)?;
    let mut radius = RADII.0;
    while radius < RADII.1 {
        let values = (0..AROUND)
            // Half a point off the axes, where a sector may end.
            .map(|n| Complex64::from_polar(radius, TAU * (n as f64 + 0.5) / AROUND as f64))
            .map(|z| excess(&subject, time_scale, z))
            .collect::<Result<Vec<f64>, _>>()?;
        if values.iter().any(|v| v.abs() > SEEN) {
            let before = values.iter().cycle().skip(AROUND - 1);
            let entered = values
                .iter()
                .zip(before)
                .filter(|(now, before)| **now > 0.0 && **before <= 0.0);
            let sectors = entered.count();
            return Ok(OrderStar {
                scheme: subject.facts.key,
                k: subject.k,
                time_scale,
                sectors,
                order: sectors.saturating_sub(1),
            });
        }
        radius *= 1.25;
    }
    Err(AnalysisError::NoAsymptoticRange {
        scheme: subject.facts.key,
    })
}

/// `ln |R(z)| - Re z / time_scale` on a grid of `nx` times `ny` points: positive on the star. It is cut off at ±50, so that zeros and
/// poles can be drawn.
///
/// # Errors
/// As [`order_star`], and [`AnalysisError::BadInput`] for a grid without area.
pub fn order_star_region(
    scheme: &str,
    k: Option<f64>,
    (re, nx): ((f64, f64), usize),
    (im, ny): ((f64, f64), usize),
) -> Result<Region, AnalysisError> {
    let (subject, time_scale) = one_step(scheme, k)?;
    let re = axis("the real range", re, nx)?;
    let im = axis("the imaginary range", im, ny)?;
    let mut radius = Vec::with_capacity(nx * ny);
    for y in &im {
        for x in &re {
            let value = excess(&subject, time_scale, Complex64::new(*x, *y))?;
            radius.push(value.clamp(-50.0, 50.0));
        }
    }
    Ok(Region {
        scheme: subject.facts.key,
        k: subject.k,
        re,
        im,
        radius,
    })
}

/// A scheme whose stability function is a rational function, and its time scale.
fn one_step(scheme: &str, k: Option<f64>) -> Result<(Subject<'static>, f64), AnalysisError> {
    let subject = Subject::new(scheme, k)?;
    if subject.facts.memory > 0 || subject.facts.parts > 1 {
        return Err(AnalysisError::NoRational {
            scheme: subject.facts.key,
        });
    }
    let time_scale = own_time(&subject)?;
    Ok((subject, time_scale))
}

/// `ln |R(z)| - Re z / c`; infinite at zeros and poles.
fn excess(subject: &Subject<'_>, time_scale: f64, z: Complex64) -> Result<f64, AnalysisError> {
    let modulus = Amplification::of(subject, z)?.at(0, 0).norm();
    // At a pole the division gives no number.
    let grown = if modulus.is_nan() {
        f64::INFINITY
    } else {
        modulus.ln()
    };
    Ok(grown - z.re / time_scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::schemes;

    /// Nobody's order for linear equations is above the one that it claims for all.
    #[test]
    fn one_sector_more_than_the_order_meets_at_0() {
        let mut counted = 0;
        for facts in schemes() {
            let found = order_star(facts.key, None);
            if facts.memory > 0 || facts.parts > 1 {
                assert_eq!(found, Err(AnalysisError::NoRational { scheme: facts.key }));
                continue;
            }
            let found = found.expect("a star");
            // With equal halves of `λ`, implicit-explicit Euler is the trapezoidal rule.
            let more = usize::from(facts.key == "imex-euler");
            let order = facts.order as usize + more;
            assert_eq!(found.order, order, "{}: {found:?}", facts.key);
            counted += 1;
        }
        assert!(counted > 20, "{counted}");
    }

    /// Wanner, Hairer, Nørsett 1978: a scheme is A-stable if and only if its star does not meet the imaginary axis and
    /// its poles lie on the right; the star of the trapezoidal rule touches the axis all along it.
    #[test]
    fn stars_meet_the_imaginary_axis_where_the_scheme_grows() {
        let on_axis = |scheme: &str, y: f64| {
            let (subject, c) = one_step(scheme, None).expect("a scheme");
            excess(&subject, c, Complex64::new(0.0, y)).expect("a value")
        };
        for y in [0.1, 1.0, 3.0, 30.0] {
            assert!(on_axis("backward-euler", y) < 0.0);
            assert!(on_axis("trapezoidal", y).abs() < 1e-14);
            assert!(on_axis("euler", y) > 0.0);
            assert_eq!(on_axis("rk4", y) > 0.0, y > 8.0_f64.sqrt());
        }
        // The pole of backward Euler and the zero of forward Euler.
        let at = |scheme: &str, x: f64| {
            order_star_region(scheme, None, ((x, x + 1.0), 2), ((0.0, 1.0), 2))
        };
        assert_eq!(at("backward-euler", 1.0).expect("a grid").at(0, 0), 50.0);
        assert_eq!(at("euler", -1.0).expect("a grid").at(0, 0), -50.0);
    }
}
