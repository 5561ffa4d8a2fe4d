//! The noise of a picture over its brightness, as SVG.

use crate::line::{Axis, Chart, Line};
use timestep_picture::noise::{Curve, Noise};

/// The noise that was measured in a picture: of its brightness and its colours, at three resolutions.
#[must_use]
pub fn noise_chart(title: &str, noise: &Noise) -> String {
    chart(title, &curves(noise))
}

/// The curves of a picture's noise, with names.
fn curves(noise: &Noise) -> Vec<(String, Vec<f64>)> {
    let scales = ["", ", half the resolution", ", a quarter"];
    let mut all = Vec::new();
    for (s, scale) in scales.into_iter().enumerate() {
        let levels = noise.channels[0].scales[s].levels.to_vec();
        all.push((format!("brightness{scale}"), levels));
    }
    if let [_, u, v] = noise.channels.as_slice() {
        for (s, scale) in scales.into_iter().enumerate() {
            let both = |a: &Curve, b: &Curve| -> Vec<f64> {
                let levels = a.levels.iter().zip(&b.levels);
                levels.map(|(a, b)| a.hypot(*b) / 2.0_f64.sqrt()).collect()
            };
            all.push((format!("colours{scale}"), both(&u.scales[s], &v.scales[s])));
        }
    }
    all
}

/// Curves of noise: each with its name and its standard deviations at grey levels 16, 48, … 240.
fn chart(title: &str, curves: &[(String, Vec<f64>)]) -> String {
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
