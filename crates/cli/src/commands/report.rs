//! `timestep report`: everything that a run says, in one file; and whether it is still true.

use crate::args::Report;
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::progress::Waiting;
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use timestep_files::FolderLock;
use timestep_report::document;
use timestep_report::folder::{FolderReport, of_job};
use timestep_study::codes::Code;
use timestep_study::files::{CheckedReport, WrittenReport};
use timestep_train::recipe::TaskKind;
use timestep_train::run::Which;
use timestep_train::{Job, TrainError, files, run};

/// Name of the report inside the folder of a run.
const HTML: &str = "report.html";
/// The same as text.
const MARKDOWN: &str = "report.md";

/// Writes the report of a run, or checks the one that is there.
pub(crate) fn run(args: &Report, ui: Ui) -> Result<u8, Failure> {
    let task = run::layers(&args.run)?.task();
    if args.check && args.overwrite.force {
        return Err(Failure::usage(
            "--force replaces files, and --check writes none",
            "leave one of them out",
        ));
    }
    let outputs = match args.check {
        true => None,
        false => Some(Outputs::check(
            &[args.out.as_deref(), args.md.as_deref()],
            &[&args.run],
            args.overwrite.force,
        )?),
    };
    // Records that are written at the same time contradict one another.
    let _lock = FolderLock::take_to_read(&args.run, "a report that is written")
        .map_err(TrainError::from)?;
    let found = match task {
        TaskKind::Classify => classifier(args, ui)?,
        TaskKind::Restore => restorer(args)?,
    };
    match &outputs {
        Some(outputs) => written(args, &found, outputs, ui),
        None => told(args, &found, ui),
    }
}

/// The report of a classifier.
fn classifier(args: &Report, ui: Ui) -> Result<FolderReport, Failure> {
    if args.data_dir.is_some() && !run::weights(&args.run, Which::Best).is_file() {
        return Err(Failure::usage(
            format!(
                "--data-dir finds images for the best weights, and `{}` has none yet",
                args.run.display()
            ),
            "leave it out until an epoch is complete",
        ));
    }
    let mut waiting = Waiting::new(ui, "images", 0);
    Ok(FolderReport::of_classifier(
        &args.run,
        args.data_dir.as_deref(),
        &mut |what, done, total| waiting.now(what, done, total),
    )?)
}

/// The report of a restorer.
fn restorer(args: &Report) -> Result<FolderReport, Failure> {
    if args.data_dir.is_some() {
        return Err(Failure::usage(
            "--data-dir finds the images of a classifier; the report of a restorer needs no pictures",
            "leave it out; `--set data.test_dir=DIR` measures on other pictures while a restorer is trained",
        )
        .coded(Code::OtherTask));
    }
    Ok(FolderReport::of_restorer(&args.run)?)
}

/// The HTML file that is written or checked.
fn html_of(args: &Report) -> PathBuf {
    args.out.clone().unwrap_or_else(|| args.run.join(HTML))
}

/// Writes both files and says where they are. Those in the run have names of ours and are renewed.
fn written(args: &Report, found: &FolderReport, outputs: &Outputs, ui: Ui) -> Result<u8, Failure> {
    let document = &found.document;
    let html = html_of(args);
    let markdown = args.md.clone().unwrap_or_else(|| args.run.join(MARKDOWN));
    for (path, named, text) in [
        (&html, &args.out, document::html(document)),
        (&markdown, &args.md, document::markdown(document)),
    ] {
        match named {
            Some(_) => outputs.write(path, text.as_bytes())?,
            None => write(path, &text)?,
        }
    }
    ui.answer(&WrittenReport {
        run: args.run.display().to_string(),
        status: found.status,
        html: html.display().to_string(),
        markdown: markdown.display().to_string(),
        numbers: document.numbers().len(),
        figures: document.figures().len(),
        evaluated: found.evaluated,
    });
    Ok(0)
}

/// The report at the end of training. It never makes a run fail: what is wrong is only told.
pub(crate) fn after_training(job: &Job, folder: &Path, ui: Ui) {
    let html = folder.join(HTML);
    let mut waiting = Waiting::new(ui, "images", 0);
    let document = of_job(job, folder, &mut |what, done, total| {
        waiting.now(what, done, total)
    });
    drop(waiting);
    match document.and_then(|document| write(&html, &document::html(&document))) {
        Ok(()) => ui.note(&format!("report in {}", html.display())),
        Err(error) => ui.note(&format!(
            "warning: the report could not be written: {error}"
        )),
    }
}

fn write(path: &Path, text: &str) -> Result<(), TrainError> {
    Ok(files::write_atomic(path, |out| {
        out.write_all(text.as_bytes())
    })?)
}

/// Compares a written report with the records.
fn told(args: &Report, found: &FolderReport, ui: Ui) -> Result<u8, Failure> {
    let html = html_of(args);
    let check = found.check(&document::read(&files::read_text(&html)?));
    let (ok, count) = (check.differences.is_empty(), check.differences.len());
    ui.answer(&CheckedReport {
        report: html.display().to_string(),
        ok,
        numbers: check.numbers,
        figures: check.figures,
        differences: check.differences,
    });
    if ok {
        return Ok(0);
    }
    Err(Failure::negative(
        format!(
            "`{}` and the records of the run differ in {} places",
            html.display(),
            count
        ),
        Some(format!(
            "`timestep report {}` writes it anew from metrics.csv and events.jsonl",
            args.run.display()
        )),
    ))
}
