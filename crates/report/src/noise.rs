//! The noise of a picture over its brightness, as SVG.

use crate::line::{Axis, Chart, Line};

/// Curves of noise: each with its name and its standard deviations at grey levels 16, 48, … 240.
#[must_use]
pub fn chart(title: &str, curves: &[(String, Vec<f64>)]) -> String {
    let line = |(n, (label, levels)): (usize, &(String, Vec<f64>))| Line {
        label: label.clone(),
        points: levels
            .iter()
            .enumerate()
            .map(|(k, level)| (32.0 * k as f64 + 16.0, *level))
            .collect(),
        colour: n,
        dots: true,
        ..Line::default()
    };
    Chart {
        title: title.to_owned(),
        x: Axis::linear("brightness (grey level)"),
        y: Axis::linear("standard deviation of the noise (grey levels)"),
        lines: curves.iter().enumerate().map(line).collect(),
        marks: Vec::new(),
    }
    .svg((720.0, 420.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_has_its_name_and_its_points() {
        let curves = ["brightness", "colours"].map(|name| (name.to_owned(), vec![3.0; 8]));
        let svg = chart("Noise of a.png", &curves);
        for text in ["Noise of a.png", "brightness", "colours", "grey level"] {
            assert!(svg.contains(text), "{text}");
        }
        assert_eq!(svg.matches("<circle").count(), 16);
    }
}
