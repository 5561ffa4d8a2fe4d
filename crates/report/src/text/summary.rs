//! What a network is made of, in words: a tree by segment and group of steps, and lines of theory.

use super::page::{Page, head};
use super::{Answer, intervals};
use timestep_study::summary::{EndOfNetwork, SegmentOfNetwork, SummaryOfNetwork};

impl Answer for SummaryOfNetwork {
    fn text(&self, page: &mut Page) {
        page.line(format!("{}: block `{}`", self.network, self.block));
        let mut rows = head([
            "part",
            "steps",
            "f",
            "shape",
            "parameters",
            "k's",
            "M mult-adds",
            "activations",
        ]);
        let images = vec!["images".into(), String::new(), String::new()];
        rows.push([images, vec![shape(self.input)]].concat());
        rows.push(end("stem", shape(self.first_state), &self.stem));
        for segment in &self.segments {
            rows.push(whole(segment));
            rows.extend(groups(segment));
        }
        let classes = format!("{} classes", self.classes);
        rows.push(end("head", classes, &self.head));
        rows.push(vec![
            "total".into(),
            self.steps.to_string(),
            self.block_evaluations.to_string(),
            String::new(),
            self.parameters.to_string(),
            self.coefficients.to_string(),
            millions(self.multiply_adds),
            megabytes(self.activation_bytes),
        ]);
        page.table(&rows);
        page.blank();
        theory(self, page);
    }
}

/// A shape as people write it.
fn shape([channels, height, width]: [usize; 3]) -> String {
    format!("{channels}×{height}×{width}")
}

/// The row of what comes before the segments, or after them.
fn end(name: &str, shape: String, of: &EndOfNetwork) -> Vec<String> {
    vec![
        name.into(),
        String::new(),
        String::new(),
        shape,
        of.parameters.to_string(),
        String::new(),
        millions(of.multiply_adds),
        megabytes(of.activation_bytes),
    ]
}

/// The row of a segment.
fn whole(s: &SegmentOfNetwork) -> Vec<String> {
    vec![
        format!("segment {}", s.name),
        s.steps.to_string(),
        s.block_evaluations.to_string(),
        shape([s.channels, s.height, s.width]),
        s.parameters.to_string(),
        s.coefficients.to_string(),
        millions(s.multiply_adds),
        megabytes(s.activation_bytes),
    ]
}

/// A row for each group of alike steps.
fn groups(segment: &SegmentOfNetwork) -> impl Iterator<Item = Vec<String>> {
    let last = segment.groups.len();
    segment.groups.iter().enumerate().map(move |(i, group)| {
        let branch = if i + 1 == last { "└" } else { "├" };
        vec![
            format!("{branch} {}", group.what),
            String::new(),
            group.block_evaluations.to_string(),
            String::new(),
            group.parameters.to_string(),
            group.coefficients.to_string(),
        ]
    })
}

/// What the network is as a differential equation.
fn theory(found: &SummaryOfNetwork, page: &mut Page) {
    let (scheme, map) = (&found.scheme, &found.map);
    page.line(format!(
        "on the map: {}, stepped by {}",
        map.equation, map.scheme
    ));
    page.line(format!(
        "scheme `{}`: u_next = {}",
        scheme.key, scheme.equation
    ));
    let mut text = format!("order {}", scheme.order);
    match scheme.k {
        Some(k) => {
            let which = match scheme.learned {
                true => "the learned mean",
                false => "for example",
            };
            text.push_str(&format!("; at k = {k:.3} ({which})"));
        }
        None => text.push(','),
    }
    if let (Some([left, _]), Some(top)) = (scheme.real_interval, scheme.imaginary_interval) {
        text.push_str(&format!(" stable for {}", intervals(left, top)));
    }
    if let Some(equation) = &scheme.follows {
        text.push_str(&format!(", follows {equation}"));
    }
    page.line(text);
    match &found.h[..] {
        [] => {}
        [h] => page.line(format!("step size {h}")),
        all => {
            let sizes: Vec<String> = all.iter().map(|h| format!("{h:.4}")).collect();
            page.line(format!("step sizes {}", sizes.join(", ")));
        }
    }
    if let Some(noise) = &found.noise {
        page.line(format!(
            "noise `{}` in training: u_next = {}",
            noise.key, noise.equation
        ));
        page.line(format!("in Itô form: {}", noise.ito));
    }
}

/// Millions, with two digits.
fn millions(count: usize) -> String {
    format!("{:.2}", count as f64 / 1e6)
}

/// Megabytes, with two digits.
fn megabytes(bytes: usize) -> String {
    format!("{:.2} MB", bytes as f64 / 1e6)
}
