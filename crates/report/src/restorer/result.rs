//! How good is the restorer, can one trust that, how did training go, and what did it cost?

use crate::document::{
    Block, Cell, Figure, Inline, Section, Table, count, prose, real, shown, text, words,
};
use crate::line::{Axis, Chart, Line};
use crate::run::{SIZE, paragraph};
use timestep_numerics::analysis::zero_stability_of_steps;
use timestep_restore::learned::Restorer;
use timestep_study::runs::{PhaseRow, RestorerEnding, RestorerRecord, duration};
use timestep_train::event::EndReason;

/// The result in a sentence.
pub(super) fn lead(record: &RestorerRecord) -> Vec<Inline> {
    let mut line = vec![text("Run "), Inline::Code(record.name()), text(": ")];
    let Some(last) = record.last() else {
        match record.unlogged() {
            None => line.push(text("no phase was completed.")),
            Some(best) => line.extend([
                real("unlogged.psnr", best.psnr, 3),
                text(" dB on the training pictures at best in phase "),
                count("unlogged.phase", best.phase as u64),
                text(", the last in its table; it has no log that could say more."),
            ]),
        }
        return line;
    };
    line.extend([
        real("last.psnr", last.psnr, 3),
        text(" dB on the training pictures after phase "),
        count("last.phase", last.phase as u64),
    ]);
    match last.test {
        Some(test) => line.extend([
            text(", "),
            real("last.test_psnr", test.psnr, 3),
            text(" dB on the test pictures."),
        ]),
        None => line.push(text("; no test pictures were given.")),
    }
    line
}

/// What a reader must know first if the run did not end well.
pub(super) fn alert(record: &RestorerRecord) -> Option<Vec<Inline>> {
    Some(vec![text(match &record.ending {
        RestorerEnding::Finished { .. } => return None,
        // Runs of version 0.1 have no log that could say how they ended.
        RestorerEnding::Open if record.logged.is_empty() && !record.evaluations.is_empty() => {
            return None;
        }
        RestorerEnding::Interrupted(at) => format!(
            "The run was interrupted in {at}. Its state is saved; this report describes the phases that were \
             completed."
        ),
        RestorerEnding::Diverged { at, what } => {
            format!("Training diverged in {at}: {what} is the first that is not finite.")
        }
        RestorerEnding::Open => format!(
            "The run has not ended: it is still training, or it was killed. {} evaluations are recorded.",
            record.evaluations.len()
        ),
    })])
}

/// Last and best phase.
pub(super) fn result(record: &RestorerRecord) -> Section {
    let mut blocks = Vec::new();
    match record.last() {
        None => blocks.push(paragraph(vec![text(match record.unlogged() {
            None => "No phase was completed.",
            Some(_) => "The run has a table of its evaluations and no log: what its phases reached is not known.",
        })])),
        Some(last) => {
            let mut rows = vec![
                vec![
                    words("PSNR on training pictures"),
                    vec![real("last.psnr", last.psnr, 3), text(" dB")].into(),
                ],
                vec![
                    words("loss"),
                    vec![shown("last.loss", last.loss, format!("{:.4}", last.loss))].into(),
                ],
            ];
            if let Some(test) = last.test {
                rows.insert(
                    0,
                    vec![
                        words("PSNR on test pictures"),
                        vec![real("last.test_psnr", test.psnr, 3), text(" dB")].into(),
                    ],
                );
            }
            if let (Some(_), Some(best)) = (last.test, record.best()) {
                rows.push(vec![
                    words("best on test pictures"),
                    vec![
                        real("best.psnr", best.psnr, 3),
                        text(" dB, after phase "),
                        count("best.phase", best.phase as u64),
                    ]
                    .into(),
                ]);
            }
            blocks.push(Block::Table(Table {
                head: Vec::new(),
                rows,
            }));
            let measured = record.start.as_ref().map_or(0, |start| start.test_pictures);
            if last.test.is_some() {
                let mut line = vec![
                    text("Measured on "),
                    count("test.pictures", measured as u64),
                    text(
                        " test pictures that were not trained on, as the mean of their PSNR, neither rounded nor \
                         clipped. The best phase was chosen on these same pictures, so it flatters. ",
                    ),
                ];
                line.extend(prose(
                    "The spread between seeds comes on top: `timestep compare` shows it.",
                ));
                blocks.push(paragraph(line));
            } else {
                blocks.push(paragraph(prose(
                    "The PSNR is that of the training pictures, so it flatters: `--set data.test_dir=DIR` measures on \
                     others.",
                )));
            }
        }
    }
    Section {
        key: "result",
        title: "Result".into(),
        blocks,
    }
}

/// Whether the result can be trusted.
pub(super) fn health(record: &RestorerRecord, model: Option<&Restorer>) -> Section {
    let mut items = vec![vec![text(match &record.ending {
        RestorerEnding::Finished {
            reason: EndReason::Time,
            ..
        } => "The time budget ended the run before all phases of the recipe.",
        RestorerEnding::Finished { .. } => "All phases of the recipe were run.",
        RestorerEnding::Interrupted(_) => "The run was interrupted.",
        RestorerEnding::Diverged { .. } => "Training diverged.",
        RestorerEnding::Open if record.logged.is_empty() => "The run has no log.",
        RestorerEnding::Open => "The run has not ended.",
    })]];
    if let Some(last) = record.last()
        && let Some(test) = last.test
    {
        items.push(vec![
            text("PSNR on training pictures "),
            real("train.psnr", last.psnr, 3),
            text(" dB, on test pictures "),
            real("test.psnr", test.psnr, 3),
            text(" dB: other pictures, so the two need not be alike, but a large gap tells of too few."),
        ]);
    }
    if let Some(at) = record.resumed {
        items.push(vec![text(format!(
            "Continued after an interruption in {}: the numbers are those of a run without it.",
            at.under_way()
        ))]);
    }
    if let Some(Restorer::Trd(model)) = model
        && model.coefficients.iter().any(|c| !c.is_empty())
        && let Ok(found) = zero_stability_of_steps(&model.scheme, &model.coefficients[1..])
    {
        let word = match found.zero_stable {
            true => "The learned sequence of k is zero-stable: an error of the history grows to ",
            false => {
                "Warning: the learned sequence of k is not zero-stable: an error of the history grows to "
            }
        };
        items.push(vec![
            text(word),
            real("growth", found.growth, 3),
            text(" times its size at most."),
        ]);
    }
    if record.warnings.is_empty() {
        items.push(vec![text("No warnings.")]);
    }
    items.extend(
        record
            .warnings
            .iter()
            .map(|w| vec![text(format!("Warning: {w}"))]),
    );
    Section {
        key: "health",
        title: "Health".into(),
        blocks: vec![Block::List(items)],
    }
}

/// Parameters, pictures and time.
pub(super) fn cost(record: &RestorerRecord) -> Section {
    let mut rows = Vec::new();
    let mut row = |name: &str, cell: Cell| rows.push(vec![words(name), cell]);
    if let Some(start) = &record.start {
        row(
            "parameters",
            vec![count("parameters", start.parameters as u64)].into(),
        );
        row(
            "training pictures",
            vec![
                count("train.pictures", start.train_pictures as u64),
                text(" of "),
                count("train.pixels", start.train_pixels as u64),
                text(" pixels together"),
            ]
            .into(),
        );
    }
    let evaluations = record.evaluations.len();
    row(
        "evaluations of the loss",
        vec![count("evaluations", evaluations as u64)].into(),
    );
    if let RestorerEnding::Finished { seconds, .. } = &record.ending {
        row(
            "time",
            vec![shown("seconds", *seconds, duration(*seconds))].into(),
        );
        if evaluations > 0 {
            let each = seconds / evaluations as f64;
            row(
                "an evaluation",
                vec![shown("evaluation.seconds", each, duration(each))].into(),
            );
        }
    }
    Section {
        key: "cost",
        title: "Cost".into(),
        blocks: vec![Block::Table(Table {
            head: Vec::new(),
            rows,
        })],
    }
}

/// The learning curve, with a mark where each phase begins, and the table behind it.
pub(super) fn curves(record: &RestorerRecord) -> Option<Section> {
    let all = &record.evaluations;
    let last = all.last()?;
    let mut lines = Vec::new();
    let mut marks = Vec::new();
    for phase in 1..=last.phase {
        let own: Vec<(f64, f64)> = all
            .iter()
            .filter(|e| e.phase == phase)
            .map(|e| (e.evaluation as f64, e.psnr))
            .collect();
        if let Some((first, _)) = own.first() {
            marks.push((*first, format!("{phase}")));
        }
        lines.push(Line {
            label: if phase == 1 {
                "training".into()
            } else {
                String::new()
            },
            points: own,
            ..Line::default()
        });
    }
    let test: Vec<(f64, f64)> = record
        .phases
        .iter()
        .filter_map(|p| p.end)
        .filter_map(|end| Some((end.evaluation as f64, end.test?.psnr)))
        .collect();
    if !test.is_empty() {
        lines.push(Line {
            label: "test".into(),
            points: test,
            colour: 1,
            dots: true,
            ..Line::default()
        });
    }
    let figure = Figure {
        key: "psnr".into(),
        svg: Chart {
            title: "PSNR over evaluations; numbers are phases".into(),
            x: Axis::count("evaluation"),
            y: Axis::linear("dB"),
            lines,
            marks,
        }
        .svg(SIZE),
        caption: "PSNR that the loss stands for on the training pictures; on test pictures after each phase".into(),
    };
    let rows = all
        .iter()
        .map(|e| {
            let n = e.evaluation;
            vec![
                vec![count(format!("evaluation.{n}"), n as u64)].into(),
                vec![count(format!("evaluation.{n}.phase"), e.phase as u64)].into(),
                vec![shown(
                    format!("evaluation.{n}.loss"),
                    e.loss,
                    format!("{:.5}", e.loss),
                )]
                .into(),
                vec![real(format!("evaluation.{n}.psnr"), e.psnr, 4)].into(),
            ]
        })
        .collect();
    Some(Section {
        key: "curves",
        title: "Curves".into(),
        blocks: vec![
            Block::Figures(vec![figure]),
            Block::Details {
                summary: "Every evaluation as a table (metrics.csv)".into(),
                blocks: vec![Block::Table(Table {
                    head: ["evaluation", "phase", "loss", "PSNR"]
                        .map(str::to_owned)
                        .to_vec(),
                    rows,
                })],
            },
        ],
    })
}

/// The phases; nothing if no log tells of them.
pub(super) fn phases(record: &RestorerRecord) -> Option<Section> {
    if record.phases.is_empty() {
        return None;
    }
    let row = |phase: &PhaseRow| -> Vec<Cell> {
        let n = phase.phase;
        let steps = match phase.steps {
            (first, last) if first == last => format!("step {first}"),
            (first, last) => format!("steps {first} to {last} together"),
        };
        let made = record.evaluations.iter().filter(|e| e.phase == n).count();
        let psnr = |key: &str, value: Option<f64>| -> Cell {
            value.map_or(words("-"), |v| {
                vec![real(format!("phase.{n}.{key}"), v, 3)].into()
            })
        };
        vec![
            vec![count(format!("phase.{n}"), n as u64)].into(),
            words(steps),
            vec![count(
                format!("phase.{n}.parameters"),
                phase.parameters as u64,
            )]
            .into(),
            vec![count(format!("phase.{n}.pictures"), phase.pictures as u64)].into(),
            vec![count(
                format!("phase.{n}.iterations"),
                phase.iterations as u64,
            )]
            .into(),
            vec![count(format!("phase.{n}.evaluations"), made as u64)].into(),
            psnr("psnr", phase.end.map(|end| end.psnr)),
            psnr(
                "test_psnr",
                phase.end.and_then(|end| end.test).map(|t| t.psnr),
            ),
        ]
    };
    let head = [
        "phase",
        "trained",
        "parameters",
        "pictures",
        "iterations at most",
        "evaluations",
        "PSNR, training",
        "PSNR, test",
    ];
    Some(Section {
        key: "phases",
        title: "Phases".into(),
        blocks: vec![Block::Table(Table {
            head: head.map(str::to_owned).to_vec(),
            rows: record.phases.iter().map(row).collect(),
        })],
    })
}
