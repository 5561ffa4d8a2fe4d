//! `timestep compare`: runs side by side, and what chance leaves of their differences.

use crate::args::{Compare, MetricArg};
use crate::failure::Failure;
use crate::outputs::{Outputs, check_drawing};
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use timestep_report::{compare as shown, document};
use timestep_study::baselines::{Baselines, WITHIN, baselines};
use timestep_study::codes::Code;
use timestep_study::compare::{Compared, Comparison, Interval, Metric, compare};
use timestep_study::runs::{Record, RestorerRecord};
use timestep_train::recipe::TaskKind;
use timestep_train::recipe::catalogue::fitting;
use timestep_train::{TrainError, run};

/// Reads the runs, which are all of one task.
pub(crate) fn run(args: &Compare, ui: Ui) -> Result<u8, Failure> {
    let inputs: Vec<&Path> = args.runs.iter().map(PathBuf::as_path).collect();
    let outputs = Outputs::check(
        &[args.md.as_deref(), args.svg.as_deref()],
        &inputs,
        args.overwrite.force,
    )?;
    check_drawing(args.svg.as_deref())?;
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
                propose(group.runs[0], group.runs.len(), ui);
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
    let interval = match args.paired {
        true => Interval::Paired,
        false => Interval::Welch,
    };
    let comparison = compare(records, metric, interval).map_err(|why| {
        let hint = match args.paired {
            true => "compare finished runs on the same data; with --paired each group needs the same seeds, without it any",
            false => "compare finished runs that were measured on the same images of the same data set",
        };
        Failure::usage(why.0, hint).coded(Code::NotComparable)
    })?;
    let answer = comparison.answer();
    for out in &answer.left_out {
        ui.note(&format!("`{}` is left out: {}", out.run, out.why));
    }
    ui.answer(&answer);
    if comparison.groups.len() > 2 {
        ui.note(
            "each interval holds with 95 % by itself: among many comparisons one in twenty errs by chance",
        );
    }
    outputs.save(args.md.as_deref(), ui, || {
        Ok(document::markdown(&shown::document(&comparison)))
    })?;
    outputs.save(args.svg.as_deref(), ui, || Ok(shown::svg(&comparison)))?;
    Ok(comparison)
}

/// Lists the networks that are as large or as costly as the one of a run.
fn propose(record: &Record, seeds: usize, ui: Ui) {
    let data = &record.recipe.data.name;
    let found = match baselines(record, seeds, fitting(data)) {
        Baselines::Found(found) => found,
        Baselines::NeverBegan => {
            ui.note("the run never began, so it has no size that a baseline could match");
            return;
        }
        Baselines::UnknownImages => {
            ui.note("the run has no weights, so the size of its images is not known: no baselines");
            return;
        }
    };
    if found.is_empty() {
        ui.note(&format!(
            "no other published network has parameters or multiply-adds within {:.0} %",
            100.0 * WITHIN
        ));
    } else if !found.iter().any(|b| b.same_data) {
        ui.note(&format!(
            "no network that was published for `{data}` has this size; these were published for other data"
        ));
    }
    ui.answer(&found);
}
