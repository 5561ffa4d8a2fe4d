//! `timestep compare`: runs side by side, and what chance leaves of their differences.

use crate::args::{Compare, MetricArg};
use crate::codes::Code;
use crate::commands::baselines;
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::ui::{Ui, table};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use timestep_report::compare::{Compared, Comparison, Group, Metric, compare, verdict};
use timestep_report::document;
use timestep_report::restorer::RestorerRecord;
use timestep_report::run::Record;
use timestep_study::json::number;
use timestep_train::recipe::{TaskKind, TaskRecipe};
use timestep_train::{TrainError, run};

/// Reads the runs, which are all of one task.
pub(crate) fn run(args: &Compare, ui: Ui) -> Result<u8, Failure> {
    let inputs: Vec<&Path> = args.runs.iter().map(PathBuf::as_path).collect();
    let outputs = Outputs::check(
        &[args.md.as_deref(), args.svg.as_deref()],
        &inputs,
        args.overwrite.force,
    )?;
    let tasks: Result<Vec<TaskKind>, _> = args
        .runs
        .iter()
        .map(|r| run::layers(r).map(|l| l.task()))
        .collect();
    let tasks = tasks?;
    let other = tasks.iter().position(|task| *task != tasks[0]);
    if let Some(other) = other {
        return Err(Failure::usage(
            format!(
                "`{}` is the run of {}, `{}` that of {}",
                args.runs[0].display(),
                tasks[0].noun(),
                args.runs[other].display(),
                tasks[other].noun()
            ),
            "compare runs of one task: top-1 and PSNR have no common measure",
        )
        .coded(Code::NotComparable));
    }
    match tasks[0] {
        TaskKind::Classify => {
            let records = read(&args.runs, Record::read)?;
            let comparison = side_by_side(&records, args, &outputs, ui)?;
            if args.baselines {
                let group = &comparison.groups[0];
                baselines::run(group.runs[0], group.runs.len(), ui)?;
            }
        }
        TaskKind::Restore => {
            if args.baselines {
                return Err(Failure::usage(
                    "--baselines proposes networks, and these are runs of restorers",
                    "leave it out; `timestep list methods` shows other methods that remove noise",
                )
                .coded(Code::OtherTask));
            }
            let records = read(&args.runs, RestorerRecord::read)?;
            side_by_side(&records, args, &outputs, ui)?;
        }
    }
    Ok(0)
}

/// Reads all runs.
fn read<R>(
    runs: &[PathBuf],
    one: impl Fn(&Path) -> Result<R, TrainError>,
) -> Result<Vec<R>, Failure> {
    let all: Result<Vec<R>, TrainError> = runs.iter().map(|run| one(run)).collect();
    Ok(all?)
}

/// Prints a row a group, writes what was asked for.
fn side_by_side<'r, R: Compared>(
    records: &'r [R],
    args: &Compare,
    outputs: &Outputs,
    ui: Ui,
) -> Result<Comparison<'r, R>, Failure> {
    let metric = match args.metric {
        MetricArg::Best => Metric::Best,
        MetricArg::Last => Metric::Last,
    };
    let comparison = compare(records, metric).map_err(|why| {
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
                "run": record.folder().display().to_string(),
                "status": record.status(),
                "why": why,
            }));
        }
        ui.note(&format!(
            "`{}` is left out: {why}",
            record.folder().display()
        ));
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
        outputs.write(path, text.as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &args.svg {
        let picture = comparison.svg();
        outputs.write(path, picture.as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(comparison)
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
fn text<R: Compared>(comparison: &Comparison<'_, R>) -> String {
    let columns = comparison.groups.iter().take(1).flat_map(|g| &g.columns);
    let mut head = vec![
        R::SUBJECT.to_owned(),
        "n".to_owned(),
        format!("{} mean ± sd", R::MEASURE),
    ];
    head.extend(columns.map(|c| c.head.to_owned()));
    head.push("difference to the first".to_owned());
    let mut rows = vec![head];
    for group in &comparison.groups {
        let spread = group
            .sample
            .deviation
            .map_or("-".to_owned(), |d| format!("{d:.4}"));
        let mut row = vec![
            group.name.clone(),
            group.sample.n.to_string(),
            format!("{:.4} ± {spread}", group.sample.mean),
        ];
        row.extend(group.columns.iter().map(|c| match c.key {
            "parameters" | "multiply_adds" => size(c.value),
            _ => c.text.clone(),
        }));
        row.push(group.difference.as_ref().map_or(String::new(), verdict));
        rows.push(row);
    }
    let mut text = format!(
        "{}, {}\n{}",
        comparison.data,
        R::words(comparison.metric),
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
fn object<R: Compared>(group: &Group<'_, R>) -> Value {
    let settings = group
        .settings
        .iter()
        .map(|s| json!({"path": s.path, "left": s.left, "right": s.right}));
    let mut object = json!({
        "event": "group",
        "group": group.name,
        "runs": group.runs.iter().map(|r| r.folder().display().to_string()).collect::<Vec<_>>(),
        "seeds": group.runs.iter().map(|r| r.recipe().seed()).collect::<Vec<_>>(),
        "n": group.sample.n,
        R::KEY: group.values,
        "mean": number(group.sample.mean),
        "deviation": group.sample.deviation.map(number),
    });
    for column in &group.columns {
        object[column.key] = match column.whole {
            true => json!(column.value as u64),
            false => number(column.value),
        };
    }
    let rest = json!({
        "difference": group.difference.map(|d| number(d.difference)),
        "interval": group.difference.and_then(|d| d.interval).map(|(l, h)| [number(l), number(h)]),
        "inconclusive": group.difference.map(|d| d.inconclusive()),
        "settings": settings.collect::<Vec<_>>(),
    });
    for (key, value) in rest.as_object().into_iter().flatten() {
        object[key] = value.clone();
    }
    object
}
