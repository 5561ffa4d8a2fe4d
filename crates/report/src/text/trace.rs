//! The way of images through a trained network, in words.

use super::Answer;
use super::page::{Page, head};
use timestep_study::trace::WayThroughSegment;

impl Answer for Vec<WayThroughSegment> {
    fn text(&self, page: &mut Page) {
        let Some(first) = self.first() else {
            return;
        };
        page.line(format!(
            "{} ({}, epoch {})",
            first.weights, first.network, first.epoch
        ));
        page.line("root mean squares over elements and images");
        page.blank();
        let mut rows = head([
            "segment",
            "step",
            "|u|",
            "|u - u_prev|",
            "|h f|",
            "cosine",
            "turn",
        ]);
        let value = |v: Option<f64>| v.map_or("·".to_owned(), |v| format!("{v:.4}"));
        for segment in self {
            for (i, row) in segment.states.iter().enumerate() {
                let turn = row.cosine.map(|c| c.clamp(-1.0, 1.0).acos().to_degrees());
                rows.push(vec![
                    match i {
                        0 => segment.segment.to_string(),
                        _ => String::new(),
                    },
                    row.step.to_string(),
                    format!("{:.4}", row.state),
                    value(row.increment),
                    value(row.slope),
                    row.cosine.map_or("·".into(), |c| format!("{c:+.3}")),
                    turn.map_or("·".into(), |t| format!("{t:.0}°")),
                ]);
            }
        }
        page.table(&rows);
        page.blank();
        for segment in self {
            let straight = segment.straightness;
            let shares = segment.shares.iter();
            let shares: Vec<String> = shares.map(|s| format!("{:.0} %", 100.0 * s)).collect();
            page.line(format!(
                "segment {}: straightness {}; its portrait shows {} of the spread",
                segment.segment,
                straight.map_or("·".to_owned(), |s| format!("{s:.3}")),
                shares.join(" + ")
            ));
        }
        page.blank();
        page.line(
            "|u - u_prev| is the increment of a step, |h f| what its block added; a multistep scheme adds its history too.",
        );
        page.line(
            "cosine: of the angle between an increment and the one before; near 1 the way is smooth, a curve of an equation.",
        );
        page.line(
            "straightness: distance from the first state to the last as a part of the length of the way; 1 is a line.",
        );
    }
}
