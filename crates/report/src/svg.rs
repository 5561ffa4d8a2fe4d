//! How is a picture written? As SVG text on a white ground: readable on light and dark pages.

use std::fmt::Write;
use timestep_train::plain::visible;

/// Colours of curves, distinguishable also by people who do not see red or green.
pub(crate) const COLOURS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
];

/// A plot area with axes, inside a picture.
pub(crate) struct Frame {
    text: String,
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Frame {
    /// A picture of `size` pixels with a title, the given data ranges and axis labels.
    pub(crate) fn new(
        size: (f64, f64),
        title: &str,
        x: (f64, f64, &str),
        y: (f64, f64, &str),
    ) -> Self {
        let (w, h) = size;
        let mut frame = Self {
            text: String::new(),
            left: 60.0,
            top: 40.0,
            width: w - 80.0,
            height: h - 90.0,
            x: (x.0, x.1),
            y: (y.0, y.1),
        };
        frame.raw(&format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" \
             font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"{w}\" height=\"{h}\" fill=\"#fff\"/>"
        ));
        frame.label(w / 2.0, 24.0, "middle", title);
        frame.label(frame.left + frame.width / 2.0, h - 10.0, "middle", x.2);
        let middle = frame.top + frame.height / 2.0;
        frame.raw(&format!(
            "<text x=\"11\" y=\"{middle:.1}\" text-anchor=\"middle\" fill=\"#222\" \
             transform=\"rotate(-90 11 {middle:.1})\">{}</text>",
            escape(y.2)
        ));
        frame
    }

    /// Appends SVG.
    pub(crate) fn raw(&mut self, svg: &str) {
        self.text.push_str(svg);
        self.text.push('\n');
    }

    /// Horizontal pixel of a data value.
    pub(crate) fn px(&self, x: f64) -> f64 {
        self.left + (x - self.x.0) / (self.x.1 - self.x.0) * self.width
    }

    /// Vertical pixel of a data value.
    pub(crate) fn py(&self, y: f64) -> f64 {
        self.top + (self.y.1 - y) / (self.y.1 - self.y.0) * self.height
    }

    /// Text at a pixel.
    pub(crate) fn label(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let text = escape(text);
        self.raw(&format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#222\">{text}</text>"
        ));
    }

    /// A straight line between data points.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), style: &str) {
        let (x1, y1, x2, y2) = (
            self.px(from.0),
            self.py(from.1),
            self.px(to.0),
            self.py(to.1),
        );
        self.raw(&format!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {style}/>"
        ));
    }

    /// Grid lines and numbers at round values of both axes.
    pub(crate) fn grid(&mut self) {
        let style = "stroke=\"#ddd\" stroke-width=\"1\"";
        for x in ticks(self.x) {
            self.line((x, self.y.0), (x, self.y.1), style);
            let (px, py) = (self.px(x), self.top + self.height + 18.0);
            self.label(px, py, "middle", &short(x));
        }
        for y in ticks(self.y) {
            self.line((self.x.0, y), (self.x.1, y), style);
            let (px, py) = (self.left - 8.0, self.py(y) + 4.0);
            self.label(px, py, "end", &short(y));
        }
    }

    /// The finished picture.
    pub(crate) fn finish(mut self) -> String {
        let (x, y, w, h) = (self.left, self.top, self.width, self.height);
        self.raw(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"none\" stroke=\"#222\"/>\n</svg>"
        ));
        self.text
    }
}

/// Pictures of one size beside and below each other, in one picture.
pub(crate) fn panels(pictures: &[String], (w, h): (f64, f64), columns: usize) -> String {
    let across = pictures.len().clamp(1, columns.max(1));
    let down = pictures.len().div_ceil(across).max(1);
    let (width, height) = (w * across as f64, h * down as f64);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    for (i, picture) in pictures.iter().enumerate() {
        let (x, y) = ((i % across) as f64 * w, (i / across) as f64 * h);
        let place = format!("<svg x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" ");
        svg.push_str(&picture.replacen("<svg ", &place, 1));
        svg.push('\n');
    }
    svg.push_str("</svg>\n");
    svg
}

/// A part of the complex plane `[left, right] × [-top, top]`, made wider or higher so that circles are round on a plot
/// area of these pixels.
pub(crate) fn in_proportion(
    (left, right): (f64, f64),
    top: f64,
    area: (f64, f64),
) -> ((f64, f64), f64) {
    let proportion = area.1 / area.0;
    let (width, height) = (right - left, 2.0 * top);
    if height < proportion * width {
        return ((left, right), 0.5 * proportion * width);
    }
    let more = (height / proportion - width) / 2.0;
    ((left - more, right + more), top)
}

/// Round values inside a range, about six of them.
pub(crate) fn ticks(range: (f64, f64)) -> Vec<f64> {
    let raw = (range.1 - range.0) / 6.0;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .iter()
        .map(|m| m * power)
        .find(|s| *s >= raw)
        .unwrap_or(raw);
    let first = (range.0 / step).ceil() as i64;
    let last = (range.1 / step).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

/// A tick as short text.
fn short(value: f64) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(text, "{:.2}", value + 0.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".into()
    } else {
        text.into()
    }
}

/// Text inside SVG or HTML, also in quotes. Characters that XML does not allow are written out.
pub(crate) fn escape(text: &str) -> String {
    visible(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_text_in_a_drawing() {
        let name = "</text><script>alert('1')</script>\u{1b}[31m\"onload=\"x&";
        let frame = Frame::new((300.0, 200.0), name, (0.0, 1.0, name), (0.0, 1.0, name));
        let svg = frame.finish();
        assert!(
            !svg.contains("<script") && !svg.contains("\"onload"),
            "{svg}"
        );
        assert!(!svg.contains('\u{1b}'), "XML allows no such character");
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert!(svg.contains("&lt;script&gt;alert(&#39;1&#39;)"), "{svg}");
    }
}
