//! How do the errors of schemes fall, with the step size and with the work? Two charts as SVG.

use crate::line::{Axis, Chart, Line};
use crate::svg::panels;
use timestep_study::schemes::OrderOfScheme;

/// Width and height of each chart.
const SIZE: (f64, f64) = (560.0, 460.0);

/// Errors against the step size, and beside them against the evaluations of `f`; both axes logarithmic. Schemes after
/// the sixth have dashes.
#[must_use]
pub fn order(all: &[OrderOfScheme]) -> String {
    let curves = |x: fn(&timestep_study::schemes::ErrorAtStep) -> f64, slopes: bool| -> Vec<Line> {
        let curve = |(index, one): (usize, &OrderOfScheme)| {
            let k = one.k.map_or(String::new(), |k| format!(" (k = {k})"));
            let slope = match slopes {
                true => format!(": order {:.2}", one.order),
                false => String::new(),
            };
            Line {
                label: format!("{}{k}{slope}", one.scheme),
                points: one.samples.iter().map(|s| (x(s), s.error)).collect(),
                colour: index,
                dashed: index >= 6,
                dots: true,
            }
        };
        all.iter().enumerate().map(curve).collect()
    };
    // Different problems in one chart would be no comparison; schemes of halves have a problem of their own.
    let mut problems: Vec<&str> = all.iter().map(|one| one.problem).collect();
    problems.dedup();
    let title = format!("Error at time 1: {}", problems.join(", "));
    let chart = |x: &str, lines| Chart {
        title: title.clone(),
        x: Axis::log(x),
        y: Axis::log("error"),
        lines,
        marks: Vec::new(),
    };
    let left = chart("step size h", curves(|s| s.h, true));
    let right = chart("evaluations of f", curves(|s| s.evaluations as f64, false));
    panels(&[left.svg(SIZE), right.svg(SIZE)], SIZE, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_has_a_curve_in_both_charts() {
        let all: Vec<OrderOfScheme> = ["euler", "rk4", "ab4"]
            .into_iter()
            .map(|name| OrderOfScheme::measure(name, None, None).expect("an answer"))
            .collect();
        let svg = order(&all);
        assert_eq!(svg.matches("<polyline").count(), 6);
        assert!(svg.contains("rk4: order 4.0") && svg.contains("evaluations of f"));
        assert!(svg.contains("Error at time 1: logistic growth") && !svg.contains("NaN"));
    }
}
