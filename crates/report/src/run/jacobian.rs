//! Do the trained steps lie where the scheme is stable? Their measured `hλ`, in the report of a run.

use super::paragraph;
use crate::document::{
    Block, Cell, Figure, Inline, Number, Table, count, prose, real, signed, text, words,
};
use crate::spectrum::{pictured, spectra};
use timestep_nets::{NetError, StepSpectrum, Verdict};
use timestep_study::evaluation::Spectra;
use timestep_study::spectrum::{MeasuredStep, segments, verdict, verdict_on_damped};
use timestep_train::TrainError;

/// What was measured, as a table and a drawing of each segment.
pub(super) fn blocks(spectra: &Spectra, epoch: usize) -> Result<Vec<Block>, TrainError> {
    let steps = match spectra {
        Ok(steps) => steps,
        Err(why) => return Ok(vec![paragraph(prose(why))]),
    };
    let mut blocks = vec![
        paragraph(introduction(steps, epoch)),
        Block::Table(table(steps)),
    ];
    let mut figures = Vec::new();
    for (segment, own) in segments(steps) {
        let svg = self::spectra(&[pictured(segment, &own)]).map_err(NetError::from)?;
        let damped = verdict_on_damped(&own).map_or(String::new(), |v| {
            format!("; what the equation damps is {}", v.name())
        });
        figures.push(Figure {
            key: format!("spectrum.{segment}"),
            svg,
            caption: format!(
                "Measured hλ of segment {segment} in the regions of its steps: {}{damped}",
                verdict(&own).name()
            ),
        });
    }
    blocks.push(Block::Figures(figures));
    Ok(blocks)
}

/// What the numbers are.
fn introduction(steps: &[MeasuredStep], epoch: usize) -> Vec<Inline> {
    let first = steps[0].first();
    let mut line = vec![
        text("The outer eigenvalues of each step ("),
        text(first.measured.equation()),
        text("), measured with the best weights, of epoch "),
        count("spectrum.epoch", epoch as u64),
        text(", at "),
        count("spectrum.images", steps[0].spectra.len() as u64),
        text(
            " test images. Growth is what the scheme multiplies the fastest mode with in a step, damped the same \
             for modes with Re hλ ≤ 0; modes with Re hλ > 0 grow by the equation itself, whatever the scheme.",
        ),
    ];
    if steps.iter().any(|s| s.rectified) {
        line.push(text(" The ReLU after each step is not part of it."));
    }
    if steps.iter().any(|s| s.first_of_several) {
        line.push(text(
            " The evaluations of a step have running statistics of their own; J_f is that of the first.",
        ));
    }
    line
}

/// A row per step.
fn table(steps: &[MeasuredStep]) -> Table {
    let head = [
        "step", "k", "|hλ|", "Re hλ", "Im hλ", "growth", "damped", "region",
    ];
    let rows = steps.iter().map(|step| {
        let first = step.first();
        let key = format!("spectrum.{}.{}", first.segment, first.step);
        let (low, high, top) = step.extent();
        let damped: Cell = match step.damped() {
            Some(growth) => vec![real(format!("{key}.damped"), growth, 3)].into(),
            None => words("·"),
        };
        vec![
            words(format!("{}.{}", first.segment, first.step)),
            words(step.k()),
            vec![real(
                format!("{key}.radius"),
                step.largest(StepSpectrum::radius),
                3,
            )]
            .into(),
            vec![
                signed(format!("{key}.left"), low, 3),
                text(" to "),
                signed(format!("{key}.right"), high, 3),
            ]
            .into(),
            vec![real(format!("{key}.top"), top, 3)].into(),
            vec![real(
                format!("{key}.growth"),
                step.largest(StepSpectrum::growth),
                3,
            )]
            .into(),
            damped,
            vec![judged(format!("{key}.verdict"), step.verdict())].into(),
        ]
    });
    Table {
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

/// A verdict under a name, so that a check of the report compares it too.
fn judged(key: String, verdict: Verdict) -> Inline {
    Inline::Number(Number {
        key,
        value: verdict.name().replace(' ', "-"),
        text: verdict.name().to_owned(),
    })
}
