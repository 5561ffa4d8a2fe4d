//! What did a restorer learn? The numbers of each step, its coefficients and its filters.

use crate::diffusion::{DrawnStep, SHOWN, diffusion};
use crate::document::{Block, Cell, Figure, Section, Table, count, real, signed, text, words};
use crate::run::paragraph;
use timestep_restore::learned::Restorer;
use timestep_restore::trd::Model;
use timestep_study::diffusion::steps;

/// Steps, coefficients and filters of a learned diffusion; a cascade has no picture of its own.
pub(super) fn section(model: &Restorer) -> Option<Section> {
    let Restorer::Trd(model) = model else {
        return None;
    };
    let steps = steps(model);
    let mut head = vec!["step", "λ", "largest |φ|", "slope at 0"];
    let learns = steps.iter().any(|(step, _)| step.k.is_some());
    if learns {
        head.extend(["k", "step size 1/(1+k)"]);
    }
    let rows = steps.iter().enumerate().map(|(t, (step, _))| {
        let key = |name: &str| format!("step.{}.{name}", t + 1);
        let mut row: Vec<Cell> = vec![
            vec![count(key("number"), t as u64 + 1)].into(),
            match t {
                0 => words("·"),
                _ => vec![real(key("lambda"), step.lambda, 4)].into(),
            },
            vec![real(key("largest"), step.largest_influence, 3)].into(),
            vec![real(key("slope"), step.mean_slope, 5)].into(),
        ];
        if learns {
            row.push(
                step.k
                    .map_or(words("·"), |k| vec![signed(key("k"), k, 4)].into()),
            );
            let h = step.step_size.unwrap_or(1.0);
            row.push(vec![real(key("h"), h, 4)].into());
        }
        row
    });
    let table = Table {
        rows: rows.collect(),
        head: head.into_iter().map(str::to_owned).collect(),
    };
    let mut blocks = vec![paragraph(vec![text(sentence(model))]), Block::Table(table)];
    let drawn = steps.into_iter();
    let drawn: Vec<DrawnStep> = drawn
        .map(|(step, all)| DrawnStep::new(&step, all))
        .collect();
    blocks.push(Block::Figures(vec![Figure {
        key: "filters".into(),
        svg: diffusion(&drawn, "Filters and influence functions"),
        caption: format!(
            "The {SHOWN} strongest filters of each step above their influence functions, of the best weights"
        ),
    }]));
    Some(Section {
        key: "learned",
        title: "What it learned".into(),
        blocks,
    })
}

/// What is shown.
fn sentence(model: &Model) -> String {
    format!(
        "A reaction-diffusion with {0}×{0} filters, {1} steps of `{2}`: each step takes the noisy picture with weight λ and \
         lets {3} filters act through influence functions φ. At the first step the state is the noisy picture, so \
         its λ does nothing.",
        model.size,
        model.stages.len(),
        model.scheme,
        model.filters()
    )
}
