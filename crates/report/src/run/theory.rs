//! What does the trained network say as a differential equation?

use super::curves::SIZE;
use super::{jacobian, paragraph};
use crate::document::{
    Block, Cell, Figure, Inline, Number, Section, Table, count, prose, real, signed, text, words,
};
use crate::line::{Axis, Chart, Line};
use crate::stability::{imaginary_axis, real_axis, stability as region};
use timestep_nets::{NetError, SegmentEquation, equations_of};
use timestep_study::evaluation::Evaluation;
use timestep_study::runs::Record;
use timestep_train::TrainError;

/// Derivatives shown in modified equations.
const TERMS: usize = 3;

/// The equations after the last completed epoch, from the coefficients in the log; none if no epoch was
/// completed, or if the scheme has more coefficients than the log holds and the weights are gone.
fn equations(record: &Record) -> Result<Vec<SegmentEquation>, NetError> {
    let Some((_, logged)) = record.coefficients.last() else {
        return Ok(Vec::new());
    };
    let single: Vec<Vec<Vec<f64>>> = logged
        .iter()
        .map(|steps| steps.iter().map(|k| k.iter().copied().collect()).collect())
        .collect();
    if record.scheme.memory > 1 && record.all.is_none() {
        return Ok(Vec::new());
    }
    equations_of(record.scheme, record.all.as_ref().unwrap_or(&single), TERMS)
}

/// Segments whose learned sequence amplifies errors.
pub(super) fn unstable(record: &Record) -> Result<Vec<usize>, TrainError> {
    let grows = |s: &SegmentEquation| s.zero_stability.as_ref().is_some_and(|z| !z.zero_stable);
    let all = equations(record)?;
    Ok(all.iter().filter(|s| grows(s)).map(|s| s.segment).collect())
}

/// Coefficients, stable intervals, modified equations and, where the images are there, measured spectra.
pub(super) fn section(
    record: &Record,
    measured: Option<&Evaluation>,
) -> Result<Section, TrainError> {
    let scheme = record.scheme;
    let mut blocks = vec![paragraph(prose(&format!(
        "Scheme `{}`: `{}`.",
        scheme.key, scheme.equation
    )))];
    if scheme.coefficient.is_none() {
        fixed(record, &mut blocks)?;
    } else {
        learned(record, &mut blocks)?;
    }
    if let Some(evaluation) = measured {
        blocks.extend(jacobian::blocks(&evaluation.spectra, evaluation.epoch)?);
    }
    Ok(Section {
        key: "equation",
        title: "As a differential equation".into(),
        blocks,
    })
}

/// A scheme without coefficients says the same of every segment.
fn fixed(record: &Record, blocks: &mut Vec<Block>) -> Result<(), TrainError> {
    // One step without a coefficient stands for all.
    let all = equations_of(record.scheme, &[vec![Vec::new()]], TERMS)?;
    if let Some(one) = all.first() {
        blocks.push(Block::Table(Table {
            head: Vec::new(),
            rows: vec![
                vec![
                    words("stable for hλ in"),
                    vec![stable_to(one, "scheme")].into(),
                ],
                vec![
                    words("modified equation"),
                    vec![equation(one, "scheme")].into(),
                ],
            ],
        }));
    }
    blocks.extend(
        pictures(
            record,
            None,
            "scheme",
            &format!("Scheme {}", record.scheme.key),
        )
        .map(|figure| Block::Figures(vec![figure])),
    );
    Ok(())
}

/// A scheme with learned coefficients, segment by segment.
fn learned(record: &Record, blocks: &mut Vec<Block>) -> Result<(), TrainError> {
    let Some((epoch, _)) = record.coefficients.last() else {
        blocks.push(paragraph(vec![text(
            "No epoch was completed, so no coefficient was recorded.",
        )]));
        return Ok(());
    };
    let all = equations(record)?;
    blocks.push(paragraph(vec![
        text("Learned coefficients k after epoch "),
        count("equation.epoch", *epoch as u64),
        text(
            ". A dot is a restart: a forward Euler step, which uses no k. The momentum is -k; the effective step \
             says how many times as fast as in u' = f(u) time runs (for lm, 1/(1+k)).",
        ),
    ]));
    blocks.push(Block::Table(coefficients(record)));
    if all.is_empty() {
        blocks.push(paragraph(vec![text(
            "The scheme has several coefficients per step, and the weights that hold them are not those of \
             the last recorded epoch: no equation can be given.",
        )]));
    } else {
        blocks.push(Block::Table(meaning(&all)));
        blocks.push(paragraph(vec![text(
            "The equation that each segment solves (modified equation, on average over its steps):",
        )]));
        let row = |s: &SegmentEquation| -> Vec<Cell> {
            let key = format!("segment.{}", s.segment);
            vec![
                words(format!("segment {}", s.segment)),
                vec![equation(s, &key)].into(),
            ]
        };
        blocks.push(Block::Table(Table {
            head: Vec::new(),
            rows: all.iter().map(row).collect(),
        }));
    }
    blocks.push(Block::Figures(vec![
        against_step(record),
        over_training(record),
    ]));
    let regions: Vec<Figure> = all
        .iter()
        .filter(|_| record.scheme.memory <= 1)
        .filter_map(|s| {
            let (key, title) = (
                format!("segment.{}", s.segment),
                format!("Segment {}", s.segment),
            );
            pictures(record, Some(s.mean_k.unwrap_or(0.0)), &key, &title)
        })
        .collect();
    if !regions.is_empty() {
        blocks.push(paragraph(vec![text(
            "Where the scheme is stable, at the mean k of each segment: a block whose Jacobian has all \
             hλ in the shaded region does not amplify small changes without bound.",
        )]));
        blocks.push(Block::Figures(regions));
    }
    Ok(())
}

/// The learned numbers, a row per segment.
fn coefficients(record: &Record) -> Table {
    let logged = record.coefficients.last().map(|(_, k)| k.as_slice());
    let logged = logged.unwrap_or_default();
    let steps = logged.iter().map(Vec::len).max().unwrap_or(0);
    let mut head = vec!["segment".to_owned()];
    head.extend((1..=steps).map(|n| format!("step {n}")));
    let rows = logged.iter().enumerate().map(|(i, steps)| {
        let segment = i + 1;
        let mut row: Vec<Cell> = vec![words(segment.to_string())];
        row.extend(steps.iter().enumerate().map(|(n, k)| match k {
            Some(k) => vec![signed(format!("segment.{segment}.k.{}", n + 1), *k, 3)].into(),
            None => words("·"),
        }));
        row
    });
    Table {
        head,
        rows: rows.collect(),
    }
}

/// What they mean, a row per segment.
fn meaning(all: &[SegmentEquation]) -> Table {
    let head = [
        "segment",
        "mean k",
        "effective step",
        "stable hλ",
        "zero-stable",
    ];
    let rows = all.iter().map(|s| {
        let key = format!("segment.{}", s.segment);
        let maybe = |name: &str, value: Option<f64>| match value {
            Some(value) if name == "mean_k" => {
                vec![signed(format!("{key}.{name}"), value, 4)].into()
            }
            Some(value) => vec![real(format!("{key}.{name}"), value, 4)].into(),
            None => words("-"),
        };
        let zero = match &s.zero_stability {
            Some(zero) if zero.zero_stable => words("yes"),
            Some(_) => words("no"),
            None => words("-"),
        };
        vec![
            words(s.segment.to_string()),
            maybe("mean_k", s.mean_k),
            maybe("effective_step", s.effective_step),
            vec![stable_to(s, &key)].into(),
            zero,
        ]
    });
    Table {
        head: head.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

/// The stable intervals on both axes.
fn stable_to(segment: &SegmentEquation, key: &str) -> Inline {
    let Some(stability) = &segment.stability else {
        return text("-");
    };
    let (left, top) = (
        stability.real_interval.0 + 0.0,
        stability.imaginary_interval,
    );
    let mut shown = real_axis(left);
    if top > 0.0 {
        shown = format!("{shown} and {}", imaginary_axis(top));
    }
    Inline::Number(Number {
        key: format!("{key}.stable"),
        value: format!("{left} {top}"),
        text: shown,
    })
}

/// The modified equation.
fn equation(segment: &SegmentEquation, key: &str) -> Inline {
    let Some(equation) = &segment.equation else {
        return text("none: the scheme is not zero-stable");
    };
    let exact: Vec<String> = equation
        .coefficients
        .iter()
        .map(ToString::to_string)
        .collect();
    Inline::Number(Number {
        key: format!("{key}.equation"),
        value: exact.join(" "),
        text: equation.to_string(),
    })
}

/// The stability region at a coefficient; none where the analysis has no answer.
fn pictures(record: &Record, k: Option<f64>, key: &str, title: &str) -> Option<Figure> {
    let (scheme, written) = (record.scheme.key, record.scheme.written());
    let caption = k.map_or(format!("Stability region of {scheme}"), |k| {
        format!("Stability region of {scheme} at the segment's mean k = {k:.4}")
    });
    let svg = region(written, k, title).ok()?;
    Some(Figure {
        key: format!("{key}.region"),
        svg,
        caption,
    })
}

/// `k_n` against the step over the whole depth, after the first and the last epoch.
fn against_step(record: &Record) -> Figure {
    let first = record.coefficients.first();
    let last = record.coefficients.last();
    let mut lines = Vec::new();
    let mut marks = Vec::new();
    for (which, dashed) in [(first, true), (last, false)] {
        let Some((epoch, segments)) = which else {
            continue;
        };
        let mut n = 0.0;
        for (i, steps) in segments.iter().enumerate() {
            if dashed {
                marks.push((n + 0.5, format!("seg. {}", i + 1)));
            }
            let points = steps
                .iter()
                .enumerate()
                .map(|(s, k)| (n + s as f64 + 1.0, k.unwrap_or(f64::NAN)))
                .collect();
            n += steps.len() as f64;
            lines.push(Line {
                // The legend names each epoch once.
                label: if i == 0 {
                    format!("after epoch {epoch}")
                } else {
                    String::new()
                },
                points,
                colour: usize::from(dashed),
                dashed,
                dots: !dashed,
            });
        }
    }
    let chart = Chart {
        title: "Coefficient of each step".into(),
        x: Axis::count("step n, over the whole network"),
        y: Axis::linear("k"),
        lines,
        // Words for more than four segments would run into each other.
        marks: if marks.len() <= 4 { marks } else { Vec::new() },
    };
    Figure {
        key: "k.steps".into(),
        svg: chart.svg(SIZE),
        caption: "Learned k of each step; a line ends where history does".into(),
    }
}

/// `k_n` of every step against the epochs.
fn over_training(record: &Record) -> Figure {
    let mut lines: Vec<Line> = Vec::new();
    let segments = record.coefficients.last().map_or(0, |(_, k)| k.len());
    for segment in 0..segments {
        let steps = record
            .coefficients
            .last()
            .map_or(0, |(_, k)| k[segment].len());
        let mut labelled = false;
        for step in 0..steps {
            let at = |k: &Vec<Vec<Option<f64>>>| *k.get(segment)?.get(step)?;
            let points: Vec<(f64, f64)> = record
                .coefficients
                .iter()
                .filter_map(|(epoch, k)| Some((*epoch as f64, at(k)?)))
                .collect();
            if points.is_empty() {
                continue;
            }
            lines.push(Line {
                label: if labelled {
                    String::new()
                } else {
                    format!("segment {}", segment + 1)
                },
                points,
                colour: segment,
                ..Line::default()
            });
            labelled = true;
        }
    }
    let chart = Chart {
        title: "Coefficients over training".into(),
        x: Axis::count("epoch"),
        y: Axis::linear("k"),
        lines,
        marks: Vec::new(),
    };
    Figure {
        key: "k.epochs".into(),
        svg: chart.svg(SIZE),
        caption: "Learned k after each epoch, a line per step".into(),
    }
}
