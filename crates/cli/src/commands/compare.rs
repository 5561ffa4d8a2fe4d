//! `timestep compare`: runs side by side, and what chance leaves of their differences.

use crate::args::{Compare, MetricArg};
use crate::codes::Code;
use crate::commands::analyze::number;
use crate::commands::{baselines, report, train_restorer};
use crate::failure::Failure;
use crate::ui::{Ui, table};
use serde_json::{Value, json};
use timestep_report::compare::{Comparison, Group, Metric, compare, verdict};
use timestep_report::document;
use timestep_report::run::Record;
use timestep_train::files;

/// Reads the runs, prints a row a group, writes what was asked for.
pub(crate) fn run(args: &Compare, ui: Ui) -> Result<u8, Failure> {
    let mut records = Vec::new();
    for run in &args.runs {
        if train_restorer::named(&run.to_string_lossy()).is_some() {
            return Err(Failure::usage(
                format!(
                    "`{}` is the run of a restorer; classifiers are compared",
                    run.display()
                ),
                "`timestep denoise … --reference CLEAN` measures a restorer",
            )
            .coded(Code::NotComparable));
        }
        records.push(Record::read(run)?);
    }
    let metric = match args.metric {
        MetricArg::Best => Metric::Best,
        MetricArg::Last => Metric::Last,
    };
    let comparison = compare(&records, metric).map_err(|why| {
        Failure::usage(
            why.0,
            "compare finished runs that were measured on the same images of the same data set",
        )
        .coded(Code::NotComparable)
    })?;
    for (record, why) in &comparison.left_out {
        if ui.json {
            ui.object(json!({
                "event": "left_out",
                "run": record.folder.display().to_string(),
                "status": report::status(&record.ending),
                "why": why,
            }));
        }
        ui.note(&format!("`{}` is left out: {why}", record.folder.display()));
    }
    if ui.json {
        comparison.groups.iter().for_each(|g| ui.object(object(g)));
    } else {
        ui.data(&text(&comparison));
    }
    if comparison.groups.len() > 2 {
        ui.note(
            "each interval holds with 95 % by itself: among many comparisons one in twenty errs by chance",
        );
    }
    if let Some(path) = &args.md {
        let text = document::markdown(&comparison.document());
        files::write_atomic(path, |out| out.write_all(text.as_bytes()))?;
        ui.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &args.svg {
        let picture = comparison.svg();
        files::write_atomic(path, |out| out.write_all(picture.as_bytes()))?;
        ui.note(&format!("wrote {}", path.display()));
    }
    if args.baselines {
        baselines::run(
            comparison.groups[0].runs[0],
            comparison.groups[0].runs.len(),
            ui,
        )?;
    }
    Ok(0)
}

/// A number with a unit that people read at a glance.
fn size(value: f64) -> String {
    match value {
        v if v >= 1e9 => format!("{:.2} G", v / 1e9),
        v if v >= 1e6 => format!("{:.2} M", v / 1e6),
        v if v >= 1e3 => format!("{:.1} k", v / 1e3),
        v => format!("{v:.0}"),
    }
}

/// The table.
fn text(comparison: &Comparison<'_>) -> String {
    let head = [
        "network",
        "n",
        "top-1 mean ± sd",
        "params",
        "madds",
        "s/epoch",
        "difference to the first",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    for group in &comparison.groups {
        let spread = group
            .sample
            .deviation
            .map_or("-".to_owned(), |d| format!("{d:.4}"));
        rows.push(vec![
            group.name.clone(),
            group.sample.n.to_string(),
            format!("{:.4} ± {spread}", group.sample.mean),
            size(group.parameters as f64),
            size(group.multiply_adds as f64),
            format!("{:.2}", group.seconds),
            group.difference.as_ref().map_or(String::new(), verdict),
        ]);
    }
    let mut text = format!(
        "{}, {} test images, {}\n{}",
        comparison.data,
        comparison.test_images,
        comparison.metric.words(),
        table(&rows)
    );
    for group in comparison.groups.iter().skip(1) {
        let settings: Vec<String> = group.settings.iter().map(ToString::to_string).collect();
        text.push_str(&format!("{}: {}\n", group.name, settings.join("; ")));
    }
    if comparison.groups.len() == 1 {
        let spread = match comparison.groups[0].sample.n {
            1 => "one run has no spread: any difference to it would be inconclusive",
            _ => "one recipe only: there is nothing to compare it with",
        };
        text.push_str(spread);
        text.push('\n');
    }
    text
}

/// A group for programs.
fn object(group: &Group<'_>) -> Value {
    let settings = group
        .settings
        .iter()
        .map(|s| json!({"path": s.path, "left": s.left, "right": s.right}));
    json!({
        "event": "group",
        "group": group.name,
        "runs": group.runs.iter().map(|r| r.folder.display().to_string()).collect::<Vec<_>>(),
        "seeds": group.runs.iter().map(|r| r.recipe.train.seed).collect::<Vec<_>>(),
        "n": group.sample.n,
        "top1": group.top1,
        "mean": number(group.sample.mean),
        "deviation": group.sample.deviation.map(number),
        "parameters": group.parameters,
        "multiply_adds": group.multiply_adds,
        "seconds_per_epoch": number(group.seconds),
        "difference": group.difference.map(|d| number(d.difference)),
        "interval": group.difference.and_then(|d| d.interval).map(|(l, h)| [number(l), number(h)]),
        "inconclusive": group.difference.map(|d| d.inconclusive()),
        "settings": settings.collect::<Vec<_>>(),
    })
}
