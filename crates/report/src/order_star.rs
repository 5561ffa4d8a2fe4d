//! Where does a scheme grow faster than the solution? Its order star in the plane of `z`, as SVG.

use crate::contour::outlines;
use crate::stability::{AREA, last, outline};
use crate::svg::{COLOURS, Frame, in_proportion};
use crate::text::with_k;
use timestep_numerics::SchemeFacts;
use timestep_numerics::analysis::{AnalysisError, Region, order_star_region};
use timestep_study::schemes::OrderStarOfScheme;

/// Points of the grid on each axis of the picture; odd, so that the axes are on the grid.
const FINE: usize = 321;

/// A scheme and its star.
type Star = (&'static SchemeFacts, OrderStarOfScheme);

/// Half the height of the picture: fingers of higher orders begin farther out.
fn reach(stars: &[Star]) -> f64 {
    let widest = stars
        .iter()
        .map(|(_, star)| star.sectors)
        .max()
        .unwrap_or(1);
    3.0 + 0.75 * widest as f64
}

/// The star on a grid that fills the picture.
fn region((facts, star): &Star, reach: f64) -> Result<Region, AnalysisError> {
    let (re, top) = in_proportion((-reach, reach), reach, AREA);
    order_star_region(facts.written(), star.k, (re, FINE), ((-top, top), FINE))
}

/// The order stars of schemes in one picture, each with its colour: filled where the scheme grows faster than the solution.
///
/// # Errors
/// [`AnalysisError`] for a scheme without a rational stability function.
pub fn order_stars(stars: &[Star]) -> Result<String, AnalysisError> {
    let reach = reach(stars);
    let mut frame: Option<Frame> = None;
    for (index, star) in stars.iter().enumerate() {
        let region = region(star, reach)?;
        let (re, im) = (
            (region.re[0], last(&region.re)),
            (region.im[0], last(&region.im)),
        );
        let frame = frame.get_or_insert_with(|| begun(stars, re, im));
        let colour = COLOURS[index % COLOURS.len()];
        let filled = if stars.len() == 1 { 0.35 } else { 0.15 };
        let polygons = outlines(&region.re, &region.im, |i, j| -region.at(i, j));
        let path = outline(frame, &polygons);
        frame.raw(&format!(
            "<path d=\"{path}\" fill=\"{colour}\" fill-opacity=\"{filled}\" fill-rule=\"evenodd\" \
             stroke=\"{colour}\" stroke-width=\"1.5\"/>"
        ));
    }
    if let Some(frame) = &mut frame {
        legend(frame, stars, reach);
    }
    Ok(frame.map_or(String::new(), Frame::finish))
}

/// Which colour is which scheme, on top of everything.
fn legend(frame: &mut Frame, stars: &[Star], reach: f64) {
    let (re, top) = in_proportion((-reach, reach), reach, AREA);
    for (index, star) in stars.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let (x, y) = (
            frame.px(re.0) + 10.0,
            frame.py(top) + 18.0 + 17.0 * index as f64,
        );
        let words = format!("{}: {} sectors at 0", named(star), star.1.sectors);
        frame.raw(&format!(
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{}\" height=\"17\" fill=\"#fff\" fill-opacity=\"0.8\"/>\
             <line x1=\"{x:.1}\" y1=\"{2:.1}\" x2=\"{3:.1}\" y2=\"{2:.1}\" stroke=\"{colour}\" stroke-width=\"3\"/>",
            y - 13.0,
            38 + 8 * words.len(),
            y - 4.0,
            x + 22.0
        ));
        frame.label(x + 30.0, y, "start", &words);
    }
}

/// A frame with axes through 0.
fn begun(stars: &[Star], re: (f64, f64), im: (f64, f64)) -> Frame {
    let title = match stars {
        [one] => format!("Order star of {}: where |R(z)| > |e^z|", named(one)),
        _ => "Order stars: where |R(z)| > |e^z|".to_owned(),
    };
    let mut frame = Frame::new(
        (AREA.0 + 80.0, AREA.1 + 90.0),
        &title,
        (re.0, re.1, "Re z"),
        (im.0, im.1, "Im z"),
    );
    frame.grid();
    let axis = "stroke=\"#222\" stroke-width=\"1.2\"";
    frame.line((re.0, 0.0), (re.1, 0.0), axis);
    frame.line((0.0, im.0), (0.0, im.1), axis);
    frame
}

/// A scheme with its coefficient.
fn named((facts, star): &Star) -> String {
    format!("{}{}", facts.key, with_k(star.k))
}

/// The boundaries of the stars as comma-separated text, a row for each point; `part` counts the closed curves of a star, which end
/// at the edge of the picture.
///
/// # Errors
/// As [`order_stars`].
pub fn star_boundaries(stars: &[Star]) -> Result<String, AnalysisError> {
    let reach = reach(stars);
    let mut rows = String::from("scheme,k,part,re,im\n");
    for star in stars {
        let region = region(star, reach)?;
        let k = star.1.k.map_or(String::new(), |k| k.to_string());
        let polygons = outlines(&region.re, &region.im, |i, j| -region.at(i, j));
        for (part, polygon) in polygons.iter().enumerate() {
            for (re, im) in polygon {
                rows.push_str(&format!("{},{k},{part},{re},{im}\n", star.0.key));
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn star(name: &str) -> Star {
        let facts = timestep_numerics::facts(name).expect("registered");
        let measured = OrderStarOfScheme::measure(name, None).expect("a star");
        (facts, measured)
    }

    #[test]
    fn a_star_is_drawn_with_its_sectors() {
        let svg = order_stars(&[star("rk4")]).expect("a picture");
        assert!(svg.contains("rk4: 5 sectors at 0") && svg.contains("fill-opacity=\"0.35\""));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        let stars = [star("euler"), star("trapezoidal"), star("backward-euler")];
        let several = order_stars(&stars).expect("a picture");
        assert_eq!(several.matches("fill-opacity=\"0.15\"").count(), 3);
        assert!(!several.contains("NaN") && !several.contains("inf"));
    }

    /// The star of the trapezoidal rule is bounded by the imaginary axis: `|R| = 1 = |e^z|` there.
    #[test]
    fn the_boundary_of_the_trapezoidal_rule_runs_along_the_axis() {
        let table = star_boundaries(&[star("trapezoidal")]).expect("a table");
        let along = table.lines().skip(1).filter(|line| {
            let re: f64 = line
                .split(',')
                .nth(3)
                .expect("a column")
                .parse()
                .expect("a number");
            re.abs() < 1e-6
        });
        assert!(along.count() > 100);
    }
}
