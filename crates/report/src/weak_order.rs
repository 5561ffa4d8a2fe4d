//! How do errors of means fall with the step size? Weak errors and weak orders with their intervals, as SVG.

use crate::svg::{COLOURS, Frame, escape};
use std::fmt::Write;
use timestep_numerics::analysis::weak_order::{Curve, Estimate, Setting, WeakOrder};

/// Widths of the picture of errors and of the one of orders beside it; least height of both.
const ERRORS: f64 = 620.0;
const WIDTH: f64 = 560.0;
const LEAST: f64 = 480.0;
/// Height of a row of orders, and of the name above the rows of a law.
const ROW: f64 = 17.0;
const NAME: f64 = 22.0;
/// The moment that is drawn: the one that sees the third moment of the noise.
const MOMENT: u32 = 3;

/// On the left `|E X_N³ - E X_T³|` over the step size on the first equation, on the right the measured orders of
/// all equations; both with 95 % intervals, with guides of the slopes 1/2 and 1.
#[must_use]
pub fn weak_order(found: &WeakOrder) -> String {
    let mut laws: Vec<(Setting, Vec<&Curve>)> = Vec::new();
    for curve in found.curves.iter().filter(|c| c.moment == MOMENT) {
        match laws.last_mut() {
            Some((law, curves)) if law.label() == curve.setting.label() => curves.push(curve),
            _ => laws.push((curve.setting, vec![curve])),
        }
    }
    let rows: usize = laws.iter().map(|(_, curves)| curves.len()).sum();
    let height = (140.0 + ROW * rows as f64 + NAME * laws.len() as f64).max(LEAST);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {height:.0}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"{:.0}\" height=\"{height:.0}\" fill=\"#fff\"/>\n",
        ERRORS + WIDTH,
        ERRORS + WIDTH
    );
    let k = found.coefficient();
    let k = k.map_or(String::new(), |k| format!(" (k = {k})"));
    let scheme = format!("{}{k}", found.scheme);
    svg.push_str(&placed(
        &errors(&laws, &scheme, height),
        0.0,
        (ERRORS, height),
    ));
    svg.push_str(&placed(
        &orders(&laws, &scheme, height),
        ERRORS,
        (WIDTH, height),
    ));
    svg.push_str("</svg>\n");
    svg
}

/// The order that is drawn: the simulated one, or the computed one where nothing is simulated.
fn drawn(curve: &Curve) -> Option<Estimate> {
    let simulated = curve.samples.iter().any(|s| s.deviation > 0.0);
    if simulated {
        curve.order
    } else {
        curve.computed
    }
}

/// A picture inside a picture.
fn placed(picture: &str, x: f64, size: (f64, f64)) -> String {
    let place = format!(
        "<svg x=\"{x:.0}\" y=\"0\" width=\"{:.0}\" height=\"{:.0}\" ",
        size.0, size.1
    );
    picture.replacen("<svg ", &place, 1) + "\n"
}

/// Errors over step sizes, both as logarithms.
fn errors(laws: &[(Setting, Vec<&Curve>)], scheme: &str, height: f64) -> String {
    let firsts: Vec<&Curve> = laws
        .iter()
        .filter_map(|(_, c)| c.first().copied())
        .collect();
    let points = |curve: &Curve| -> Vec<(f64, f64, f64)> {
        (curve.samples.iter())
            .map(|s| (s.dt.log10(), s.error.abs(), 1.96 * s.deviation))
            .filter(|(_, error, _)| error.is_finite() && *error > 1e-15)
            .collect()
    };
    let all: Vec<(f64, f64, f64)> = firsts.iter().flat_map(|c| points(c)).collect();
    let range = |values: Vec<f64>| {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Nothing to draw leaves an empty frame.
        if low.is_finite() {
            (low, high)
        } else {
            (-3.0, -1.0)
        }
    };
    let x = range(all.iter().map(|p| p.0).collect());
    let y = range(all.iter().map(|p| p.1.log10()).collect());
    let (x, low) = ((x.0 - 0.1, x.1 + 0.1), y.0 - 0.3);
    // Room for the legend above the curves.
    let area = height - 90.0;
    let legend = 18.0 * (laws.len() as f64 + 1.0) + 12.0;
    let high = y.1 + 0.1 + (y.1 - low) * legend / (area - legend);
    let name = firsts.first().map_or("", |c| c.sde.name);
    let mut frame = Frame::new(
        (ERRORS, height),
        &format!("Error of E X^{MOMENT}, {scheme}, {name}"),
        (x.0, x.1, "step size dt"),
        (low, high, "|error|"),
    );
    decades(&mut frame, x, (low, high));
    for (index, curve) in firsts.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let points = points(curve);
        let path: Vec<String> = (points.iter())
            .map(|(x, y, _)| format!("{:.1},{:.1}", frame.px(*x), frame.py(y.log10())))
            .collect();
        frame.raw(&format!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
            path.join(" ")
        ));
        for (at, error, half) in &points {
            // Down to the edge of the picture where the interval holds 0.
            let bottom = (error - half).max(10_f64.powf(low)).log10();
            let bar = format!("stroke=\"{colour}\" stroke-width=\"2\"");
            frame.line((*at, bottom), (*at, (error + half).log10().min(high)), &bar);
            let (px, py) = (frame.px(*at), frame.py(error.log10()));
            frame.raw(&mark(index, px, py, colour));
        }
        let top = 58.0 + 18.0 * index as f64;
        frame.raw(&mark(index, 80.0, top - 4.0, colour));
        frame.label(94.0, top, "start", &curve.setting.label());
    }
    guides(&mut frame, x, &all, low);
    let top = 58.0 + 18.0 * firsts.len() as f64;
    frame.label(94.0, top, "start", "dashed: slopes 1/2 and 1");
    frame.finish()
}

/// Lines of slope 1/2 and 1 through the coarsest errors of their kind: the largest and the smallest.
fn guides(frame: &mut Frame, x: (f64, f64), all: &[(f64, f64, f64)], low: f64) {
    let coarsest = all.iter().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max);
    let at_coarsest = || all.iter().filter(|p| p.0 == coarsest).map(|p| p.1.log10());
    let largest = at_coarsest().fold(f64::NEG_INFINITY, f64::max);
    let smallest = at_coarsest().fold(f64::INFINITY, f64::min);
    if !largest.is_finite() {
        return;
    }
    for (slope, from, shift) in [(0.5, largest, 0.12), (1.0, smallest, -0.12)] {
        let value = |at: f64| from + shift + slope * (at - coarsest);
        let left = x.0.max(coarsest + (low - from - shift) / slope);
        let style = "stroke=\"#555\" stroke-width=\"1\" stroke-dasharray=\"6 4\"";
        frame.line((left, value(left)), (x.1, value(x.1)), style);
    }
}

/// Grid lines and numbers of two logarithmic axes.
fn decades(frame: &mut Frame, x: (f64, f64), y: (f64, f64)) {
    let style = "stroke=\"#ddd\" stroke-width=\"1\"";
    let base = 2_f64.log10();
    let (first, last) = ((x.0 / base).ceil() as i32, (x.1 / base).floor() as i32);
    // Not more than eight numbers below the axis.
    let every = (last - first) / 8 + 1;
    for power in (first..=last).filter(|p| p.rem_euclid(every) == 0) {
        let at = f64::from(power) * base;
        frame.line((at, y.0), (at, y.1), style);
        let text = if power <= 0 {
            format!("1/{}", 1_u64 << (-power).min(62))
        } else {
            format!("{}", 1_u64 << power.min(62))
        };
        let (px, py) = (frame.px(at), frame.py(y.0) + 18.0);
        frame.label(px, py, "middle", &text);
    }
    for power in y.0.ceil() as i32..=y.1.floor() as i32 {
        let at = f64::from(power);
        frame.line((x.0, at), (x.1, at), style);
        let (px, py) = (frame.px(x.0) - 6.0, frame.py(at) + 4.0);
        frame.label(px, py, "end", &format!("1e{power}"));
    }
}

/// A mark of a curve: curves that coincide are told apart by shape and size.
fn mark(index: usize, x: f64, y: f64, colour: &str) -> String {
    let size = 3.5 + 1.5 * (index / 2) as f64;
    let style = format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"");
    if index.is_multiple_of(2) {
        format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{size}\" {style}/>")
    } else {
        format!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" {style}/>",
            x - size,
            y - size,
            2.0 * size,
            2.0 * size
        )
    }
}

/// Orders with their intervals, one row an equation, grouped by law.
fn orders(laws: &[(Setting, Vec<&Curve>)], scheme: &str, height: f64) -> String {
    // Pixels of the axis and its range.
    let (left, right, top) = (250.0, WIDTH - 30.0, 46.0);
    let seen = || {
        laws.iter()
            .flat_map(|(_, curves)| curves.iter().filter_map(|c| drawn(c)))
    };
    let low = seen()
        .map(|o| o.order - o.margin)
        .fold(0.0, f64::min)
        .max(-1.0);
    let high = seen()
        .map(|o| o.order + o.margin)
        .fold(1.5, f64::max)
        .min(3.0);
    let px = |order: f64| left + (order.clamp(low, high) - low) / (high - low) * (right - left);
    let bottom = height - 60.0;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\">\n<text x=\"{:.0}\" y=\"24\" text-anchor=\"middle\" fill=\"#222\">{}</text>\n",
        WIDTH / 2.0,
        escape(&format!(
            "Weak order of E X^{MOMENT}, {scheme}, with 95 % intervals"
        ))
    );
    let mut order = (low * 2.0).ceil() / 2.0;
    while order <= high + 1e-9 {
        let guide = if order == 0.5 || order == 1.0 {
            "stroke=\"#555\" stroke-dasharray=\"6 4\""
        } else {
            "stroke=\"#ddd\""
        };
        svg.push_str(&format!(
            "<line x1=\"{0:.1}\" y1=\"{top}\" x2=\"{0:.1}\" y2=\"{bottom:.1}\" {guide}/>\n\
             <text x=\"{0:.1}\" y=\"{1:.1}\" text-anchor=\"middle\" fill=\"#222\">{order}</text>\n",
            px(order),
            bottom + 18.0
        ));
        order += 0.5;
    }
    svg.push_str(&format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#222\">order</text>\n",
        (left + right) / 2.0,
        bottom + 38.0
    ));
    let mut y = top;
    for (index, (law, curves)) in laws.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        y += NAME;
        svg.push_str(&format!(
            "<text x=\"14\" y=\"{:.1}\" fill=\"{colour}\" font-weight=\"bold\">{}</text>\n",
            y - 4.0,
            escape(&law.label())
        ));
        for curve in curves {
            y += ROW;
            let middle = y - ROW / 2.0;
            svg.push_str(&format!(
                "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\" font-size=\"11\" fill=\"#222\">{}</text>\n",
                left - 10.0,
                middle + 4.0,
                escape(curve.sde.name)
            ));
            let Some(o) = drawn(curve) else {
                continue;
            };
            let (from, to) = (px(o.order - o.margin), px(o.order + o.margin));
            let style = format!("stroke=\"{colour}\" stroke-width=\"2\"");
            svg.push_str(&format!(
                "<line class=\"order\" x1=\"{from:.1}\" y1=\"{middle:.1}\" x2=\"{to:.1}\" y2=\"{middle:.1}\" {style}/>\n"
            ));
            for end in [from, to] {
                svg.push_str(&format!(
                    "<line x1=\"{end:.1}\" y1=\"{:.1}\" x2=\"{end:.1}\" y2=\"{:.1}\" {style}/>\n",
                    middle - 4.0,
                    middle + 4.0
                ));
            }
            svg.push_str(&format!(
                "<circle cx=\"{:.1}\" cy=\"{middle:.1}\" r=\"2.5\" fill=\"{colour}\"/>\n",
                px(o.order)
            ));
        }
    }
    svg.push_str("</svg>");
    svg
}

/// The errors as CSV, one row per error. `paths` and `seed` are those of the simulation.
#[must_use]
pub fn csv(found: &WeakOrder, paths: u64, seed: u64) -> String {
    let mut text = String::from(
        "scheme,k,setting,equation,moment,exact,steps,dt,paths,seed,error,standard_error,computed_error,order,margin,computed_order\n",
    );
    let or_empty = |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:.4}"));
    // Nothing is drawn where all errors are computed.
    let paths = if found.damping.is_some() { 0 } else { paths };
    for curve in &found.curves {
        for s in &curve.samples {
            let _ = writeln!(
                text,
                "{},{},{},{},{},{:.8},{},{},{},{},{:.6e},{:.2e},{},{},{},{}",
                found.scheme,
                found.coefficient().unwrap_or_default(),
                curve.setting.label(),
                curve.sde.name,
                curve.moment,
                curve.exact,
                s.steps,
                s.dt,
                paths,
                seed,
                s.error,
                s.deviation,
                s.computed.map_or(String::new(), |v| format!("{v:.6e}")),
                or_empty(curve.order.map(|o| o.order)),
                or_empty(curve.order.map(|o| o.margin)),
                or_empty(curve.computed.map(|o| o.order)),
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use timestep_numerics::analysis::weak_order;
    use timestep_numerics::analysis::weak_order::Plan;

    #[test]
    fn every_law_has_a_curve_and_every_order_an_interval() {
        let mut laws = Setting::of("stochastic-depth", &[0.8], 0.25);
        laws.extend(Setting::of("shake-shake", &[], 0.25));
        let plan = Plan {
            scheme: "euler",
            k: None,
            steps: vec![4, 8, 16],
            paths: 400,
            seed: 0,
        };
        let found = weak_order(&plan, &laws).expect("orders");
        let svg = super::weak_order(&found);
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert_eq!(svg.matches("<svg").count(), svg.matches("</svg>").count());
        assert_eq!(svg.matches("<polyline").count(), laws.len());
        for law in &laws {
            assert_eq!(
                svg.matches(&escape(&law.label())).count(),
                2,
                "{}",
                law.label()
            );
        }
        let seen = (found.curves.iter()).filter(|c| c.moment == MOMENT && c.order.is_some());
        assert_eq!(svg.matches("class=\"order\"").count(), seen.count());
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn nothing_measured_is_an_empty_picture() {
        let plan = Plan {
            scheme: "euler",
            k: None,
            steps: vec![4, 8, 16],
            paths: 4,
            seed: 0,
        };
        let found = weak_order(&plan, &[]).expect("nothing to do");
        let svg = super::weak_order(&found);
        assert!(svg.contains("</svg>") && !svg.contains("NaN") && !svg.contains("inf"));
    }
}
