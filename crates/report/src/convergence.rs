//! How far are trained networks differential equations? Accuracy and distance against the number of steps, as SVG.

use crate::line::{Axis, Chart, Line};
use crate::svg::panels;
use timestep_study::convergence::{ConvergenceOfNetwork, NetworkWithSteps};

/// Width and height of each chart.
const SIZE: (f64, f64) = (560.0, 420.0);

/// Accuracy and distance of the last state against how many times as many steps there are; networks after the sixth have dashes.
#[must_use]
pub fn convergence(all: &[ConvergenceOfNetwork]) -> String {
    let curves = |of: fn(&NetworkWithSteps) -> f64| -> Vec<Line> {
        let curve = |(index, one): (usize, &ConvergenceOfNetwork)| {
            let mut points: Vec<(f64, f64)> = one.rows.iter().map(|r| (r.factor, of(r))).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            Line {
                label: format!("{} ({})", one.weights, one.network),
                points,
                colour: index,
                dashed: index >= 6,
                dots: true,
            }
        };
        all.iter().enumerate().map(curve).collect()
    };
    let images = all.first().map_or(String::new(), |one| {
        format!(" of {} images of {}", one.images, one.data)
    });
    let chart = |title: String, y: &str, lines| Chart {
        title,
        x: Axis::log("steps, as a multiple of those trained"),
        y: Axis::linear(y),
        lines,
        marks: vec![(1.0, "as trained".to_owned())],
    };
    let top1 = chart(
        format!("Accuracy{images}"),
        "top-1 in %",
        curves(|r| 100.0 * r.top1),
    );
    let distance = chart(
        "Distance of the last state from that of the trained network".to_owned(),
        "relative distance",
        curves(|r| r.distance),
    );
    panels(&[top1.svg(SIZE), distance.svg(SIZE)], SIZE, 2)
}
