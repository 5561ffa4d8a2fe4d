//! Where is a scheme stable? Its region in the plane of `hλ`, as SVG.

use crate::contour::outlines;
use crate::svg::{COLOURS, Frame, in_proportion};
use crate::text::with_k;
use timestep_numerics::SchemeFacts;
use timestep_numerics::analysis::{self, AnalysisError, Region, Stability};

/// Beyond this the picture is cut off: no explicit scheme of a network is stable so far out.
const FAR: f64 = 20.0;
/// Points of the grid on each axis of the picture; odd, so that the axes are on the grid.
const FINE: usize = 241;
/// Points of the grid on which the extent of the region is found first.
const COARSE: usize = 61;

/// The stability region of a scheme as SVG, in a window that shows all of it.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme or a coefficient that does not fit.
pub fn stability(scheme: &str, k: Option<f64>, title: &str) -> Result<String, AnalysisError> {
    let (found, (re, im)) = shown(scheme, k)?;
    let region = analysis::region(scheme, k, re, im, FINE, FINE)?;
    Ok(stability_region(&region, &found, title))
}

/// The length of an interval that is drawn: of one without an end as much as there is of the poles of implicit schemes.
fn drawn(length: f64) -> f64 {
    if length.is_infinite() { 4.0 } else { length }
}

/// The stable intervals of a scheme, and the part of the plane that shows its region.
fn shown(scheme: &str, k: Option<f64>) -> Result<(Stability, Window), AnalysisError> {
    let found = analysis::stability(scheme, k)?;
    let reach = drawn(found.real_interval.0.abs()).max(drawn(found.imaginary_interval));
    let reach = reach.clamp(1.5, FAR) * 1.3;
    let rough = analysis::region(
        scheme,
        k,
        (-reach, 0.5 * reach),
        (-reach, reach),
        COARSE,
        COARSE,
    )?;
    let window = window(&rough, &found);
    Ok((found, window))
}

/// The stability regions of schemes: one filled, or the boundaries of several in one picture, each with its colour.
///
/// # Errors
/// [`AnalysisError`] for a coefficient that does not fit.
pub fn regions(schemes: &[(&'static SchemeFacts, Option<f64>)]) -> Result<String, AnalysisError> {
    let [(facts, k)] = schemes else {
        return stabilities(schemes);
    };
    let shown = k.or(facts.coefficient.map(|c| c.default));
    let title = format!("Stability region of {}{}", facts.key, with_k(shown));
    stability(facts.written(), *k, &title)
}

/// The boundaries of the stability regions of schemes as comma-separated text, a row for each point; `part` counts the closed
/// curves of a region.
///
/// # Errors
/// [`AnalysisError`] for a coefficient that does not fit.
pub fn boundaries(
    schemes: &[(&'static SchemeFacts, Option<f64>)],
) -> Result<String, AnalysisError> {
    let mut rows = String::from("scheme,k,part,re,im\n");
    for (facts, k) in schemes {
        let shown = k.or(facts.coefficient.map(|c| c.default));
        let shown = shown.map_or(String::new(), |k| k.to_string());
        for (part, curve) in boundary(facts.written(), *k)?.iter().enumerate() {
            for (re, im) in curve {
                rows.push_str(&format!("{},{shown},{part},{re},{im}\n", facts.key));
            }
        }
    }
    Ok(rows)
}

/// The boundaries of the stability regions of several schemes in one picture.
fn stabilities(schemes: &[(&'static SchemeFacts, Option<f64>)]) -> Result<String, AnalysisError> {
    let mut window: Option<Window> = None;
    for (facts, k) in schemes {
        let (re, im) = shown(facts.written(), *k)?.1;
        window = Some(match window {
            None => (re, im),
            Some((r, i)) => (
                (r.0.min(re.0), r.1.max(re.1)),
                (i.0.min(im.0), i.1.max(im.1)),
            ),
        });
    }
    let (re, im) = window.unwrap_or(((-2.5, 0.5), (-2.0, 2.0)));
    // Room for the legend above the largest region.
    let legend = 17.0 * (schemes.len() as f64 + 0.5);
    let top = im.1 * AREA.1 / (AREA.1 - 2.0 * legend).max(0.4 * AREA.1);
    let (re, top) = in_proportion(re, top, AREA);
    let im = (-top, top);
    let mut frame = Frame::new(
        (AREA.0 + 80.0, AREA.1 + 90.0),
        "Stability regions",
        (re.0, re.1, "Re hλ"),
        (im.0, im.1, "Im hλ"),
    );
    frame.grid();
    let axis = "stroke=\"#222\" stroke-width=\"1.2\"";
    frame.line((re.0, 0.0), (re.1, 0.0), axis);
    frame.line((0.0, im.0), (0.0, im.1), axis);
    for (index, (facts, k)) in schemes.iter().enumerate() {
        let region = analysis::region(facts.written(), *k, re, im, FINE, FINE)?;
        let colour = COLOURS[index % COLOURS.len()];
        // After six colours, dashes.
        let dashes = match index / COLOURS.len() {
            0 => String::new(),
            round => format!(" stroke-dasharray=\"{0} {0}\"", 8 / round.min(4)),
        };
        let polygons = outlines(&region.re, &region.im, |i, j| region.at(i, j) - LEVEL);
        let path = outline(&frame, &polygons);
        if !path.is_empty() {
            frame.raw(&format!(
                "<path d=\"{path}\" fill=\"{colour}\" fill-opacity=\"0.08\" fill-rule=\"evenodd\" \
                 stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>"
            ));
        }
        let found = analysis::stability(facts.written(), *k)?;
        let k = found.k.map_or(String::new(), |k| format!(" (k = {k})"));
        let y = frame.py(im.1) + 18.0 + 17.0 * index as f64;
        let x = frame.px(re.0) + 10.0;
        frame.raw(&format!(
            "<line x1=\"{x:.1}\" y1=\"{0:.1}\" x2=\"{1:.1}\" y2=\"{0:.1}\" stroke=\"{colour}\" \
             stroke-width=\"3\"{dashes}/>",
            y - 4.0,
            x + 22.0
        ));
        let words = format!("{}{k}: {}", facts.key, intervals(&found));
        frame.label(x + 30.0, y, "start", &words);
    }
    Ok(frame.finish())
}

/// The closed curves that bound the stability region of a scheme, as far as it lies in the window of its picture.
///
/// # Errors
/// [`AnalysisError`] for an unknown scheme or a coefficient that does not fit.
fn boundary(scheme: &str, k: Option<f64>) -> Result<Vec<Vec<(f64, f64)>>, AnalysisError> {
    let (_, (re, im)) = shown(scheme, k)?;
    let region = analysis::region(scheme, k, re, im, FINE, FINE)?;
    Ok(outlines(&region.re, &region.im, |i, j| {
        region.at(i, j) - LEVEL
    }))
}

/// Polygons as the path of an SVG.
pub(crate) fn outline(frame: &Frame, polygons: &[Vec<(f64, f64)>]) -> String {
    let mut path = String::new();
    for polygon in polygons {
        for (n, (x, y)) in polygon.iter().enumerate() {
            let letter = if n == 0 { 'M' } else { 'L' };
            path.push_str(&format!("{letter}{:.1} {:.1}", frame.px(*x), frame.py(*y)));
        }
        path.push('Z');
    }
    path
}

/// Ranges of real and of imaginary parts.
type Window = ((f64, f64), (f64, f64));

/// The part of the plane to show: what is stable, the origin, and some room; in the proportions of
/// the plot area, so that a circle is round.
fn window(rough: &Region, found: &Stability) -> Window {
    let mut left = (-drawn(-found.real_interval.0)).clamp(-FAR, -1.0);
    let mut right = 0.6_f64;
    let mut top = drawn(found.imaginary_interval).clamp(0.8, FAR);
    for (j, y) in rough.im.iter().enumerate() {
        let inside = rough
            .re
            .iter()
            .enumerate()
            .filter(|(i, _)| stable(rough, *i, j));
        for (_, x) in inside {
            (left, right, top) = (left.min(*x), right.max(*x), top.max(y.abs()));
        }
    }
    let room = 0.08 * (right - left).max(2.0 * top);
    // More above, where the intervals are written.
    (left, right, top) = (left - room, right + room, top + 1.8 * room);
    let (re, top) = in_proportion((left, right), top, AREA);
    (re, (-top, top))
}

/// Is the scheme stable at a grid point? Rounding must not hide a region without area.
fn stable(region: &Region, i: usize, j: usize) -> bool {
    region.at(i, j) < LEVEL
}

/// The spectral radius up to which a point counts as stable.
const LEVEL: f64 = 1.0 + 1e-9;
/// Pixels of the plot area of a stability region.
pub(crate) const AREA: (f64, f64) = (480.0, 430.0);

/// The region `ρ ≤ 1` of a scheme in the plane of `z = hλ`, its stable intervals marked on both
/// axes, as SVG.
#[must_use]
pub fn stability_region(region: &Region, found: &Stability, title: &str) -> String {
    let (re, im) = (
        (region.re[0], last(&region.re)),
        (region.im[0], last(&region.im)),
    );
    let mut frame = Frame::new(
        (AREA.0 + 80.0, AREA.1 + 90.0),
        title,
        (re.0, re.1, "Re hλ"),
        (im.0, im.1, "Im hλ"),
    );
    frame.grid();
    let polygons = outlines(&region.re, &region.im, |i, j| region.at(i, j) - LEVEL);
    if !polygons.is_empty() {
        let path = outline(&frame, &polygons);
        frame.raw(&format!(
            "<path d=\"{path}\" fill=\"#a6cee3\" fill-opacity=\"0.8\" fill-rule=\"evenodd\" \
             stroke=\"{}\" stroke-width=\"1\"/>",
            COLOURS[0]
        ));
    }
    let axis = "stroke=\"#222\" stroke-width=\"1.2\"";
    frame.line((re.0, 0.0), (re.1, 0.0), axis);
    frame.line((0.0, im.0), (0.0, im.1), axis);
    let thick = format!("stroke=\"{}\" stroke-width=\"4\"", COLOURS[1]);
    let left = found.real_interval.0;
    if left < 0.0 {
        frame.line((left.max(re.0), 0.0), (0.0, 0.0), &thick);
    }
    let top = found.imaginary_interval;
    if top > 0.0 {
        frame.line((0.0, -top.min(im.1)), (0.0, top.min(im.1)), &thick);
    }
    let y = frame.py(im.1) + 18.0;
    frame.label(frame.px(re.0) + 10.0, y, "start", &intervals(found));
    frame.finish()
}

/// The stable interval of real `hλ`, from `left` to 0.
pub(crate) fn real_axis(left: f64) -> String {
    match left.is_infinite() {
        true => "(-∞, 0]".to_owned(),
        false => format!("[{:.3}, 0]", left + 0.0),
    }
}

/// The stable interval of imaginary `hλ`, up to `top` on both sides of 0.
pub(crate) fn imaginary_axis(top: f64) -> String {
    match top.is_infinite() {
        true => "±∞i".to_owned(),
        false => format!("±{top:.3}i"),
    }
}

/// The marked intervals in words.
fn intervals(found: &Stability) -> String {
    if !found.zero_stable {
        return "not zero-stable: stable nowhere".to_owned();
    }
    let mut parts = Vec::new();
    if found.real_interval.0 < 0.0 {
        parts.push(real_axis(found.real_interval.0));
    }
    if found.imaginary_interval > 0.0 {
        parts.push(imaginary_axis(found.imaginary_interval));
    }
    if parts.is_empty() {
        return "no stable interval on either axis".to_owned();
    }
    format!("stable on the axes: {}", parts.join(" and "))
}

/// The end of a grid axis; a region has at least two points on each.
pub(crate) fn last(axis: &[f64]) -> f64 {
    axis[axis.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_drawn_where_the_scheme_is_stable() {
        let svg = stability("euler", None, "a < b").expect("a picture");
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("a &lt; b") && svg.contains("[-2.000, 0]"));
        assert_eq!(svg.matches("#a6cee3").count(), 1);
        let none = stability("lm", Some(1.2), "").expect("a picture");
        assert!(!none.contains("#a6cee3") && none.contains("not zero-stable"));
    }

    #[test]
    fn several_schemes_share_a_picture_and_are_told_apart() {
        let facts = |name| timestep_numerics::facts(name).expect("registered");
        let all = [
            (facts("euler"), None),
            (facts("rk4"), None),
            (facts("lm"), Some(-0.9)),
        ];
        let svg = stabilities(&all).expect("a picture");
        for (colour, words) in COLOURS.iter().zip(["euler: ", "rk4: ", "lm (k = -0.9): "]) {
            assert!(svg.contains(words), "{words}");
            assert_eq!(svg.matches(&format!("fill=\"{colour}\"")).count(), 1);
        }
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn every_scheme_has_a_picture_that_shows_its_intervals() {
        for scheme in timestep_numerics::schemes() {
            let svg = stability(scheme.key, None, scheme.key).expect("a picture");
            assert!(
                svg.contains("stroke-width=\"4\""),
                "{} has no interval",
                scheme.key
            );
            assert!(
                !svg.contains("NaN") && !svg.contains("inf"),
                "{}",
                scheme.key
            );
        }
    }
}
