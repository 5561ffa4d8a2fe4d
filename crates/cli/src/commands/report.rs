//! `timestep report`: everything that a run says, in one file; and whether it is still true.

use crate::args::Report;
use crate::commands::diffusion::weights_in;
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::progress::Waiting;
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use timestep_files::FolderLock;
use timestep_nets::device;
use timestep_report::document::{self, Document, Printed};
use timestep_report::names::cite;
use timestep_report::run::{Check, Sources, check, document};
use timestep_restore::learned::Restorer;
use timestep_study::codes::Code;
use timestep_study::evaluation::Evaluation;
use timestep_study::files::{CheckedReport, WrittenReport};
use timestep_study::runs::{Record, RestorerRecord};
use timestep_train::recipe::TaskKind;
use timestep_train::{Job, Setup, TrainError, files, run};

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
    match task {
        TaskKind::Classify => of_classifier(args, outputs.as_ref(), ui),
        TaskKind::Restore => of_restorer(args, outputs.as_ref(), ui),
    }
}

fn of_classifier(args: &Report, outputs: Option<&Outputs>, ui: Ui) -> Result<u8, Failure> {
    let record = Record::read(&args.run)?;
    let setup = open(args, &record)?;
    let document = assemble(&record, setup.as_ref().map_err(Clone::clone), ui)?;
    let Some(outputs) = outputs else {
        return told(&html_of(args), &args.run, ui, |printed| {
            check(printed, &document, &record)
        });
    };
    let evaluated = setup.is_ok() && evaluated(&document);
    written(
        args,
        &document,
        (record.ending.word(), Some(evaluated)),
        outputs,
        ui,
    )
}

fn of_restorer(args: &Report, outputs: Option<&Outputs>, ui: Ui) -> Result<u8, Failure> {
    if args.data_dir.is_some() {
        return Err(Failure::usage(
            "--data-dir finds the images of a classifier; the report of a restorer needs no pictures",
            "leave it out; `--set data.test_dir=DIR` measures on other pictures while a restorer is trained",
        )
        .coded(Code::OtherTask));
    }
    let (record, document) = restorer(&args.run)?;
    let Some(outputs) = outputs else {
        return told(&html_of(args), &args.run, ui, |printed| {
            timestep_report::restorer::check(printed, &document, &record)
        });
    };
    written(args, &document, (record.ending.word(), None), outputs, ui)
}

/// The records of a restorer and the report that they give.
fn restorer(folder: &Path) -> Result<(RestorerRecord, Document), Failure> {
    let record = RestorerRecord::read(folder)?;
    let weights = weights_in(folder);
    let model = match weights.is_file() {
        true => Some(Restorer::from_bytes(&timestep_train::read_bytes(
            &weights,
        )?)?),
        false => None,
    };
    let citations = cite::of_run(folder)?;
    let document = timestep_report::restorer::document(&record, model.as_ref(), &citations);
    Ok((record, document))
}

/// The HTML file that is written or checked.
fn html_of(args: &Report) -> PathBuf {
    args.out.clone().unwrap_or_else(|| args.run.join(HTML))
}

/// Writes both files and says where they are. Those in the run have names of ours and are renewed.
fn written(
    args: &Report,
    document: &Document,
    (status, evaluated): (&'static str, Option<bool>),
    outputs: &Outputs,
    ui: Ui,
) -> Result<u8, Failure> {
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
        status,
        html: html.display().to_string(),
        markdown: markdown.display().to_string(),
        numbers: document.numbers().len(),
        figures: document.figures().len(),
        evaluated,
    });
    Ok(0)
}

/// The report at the end of training. It never makes a run fail: what is wrong is only told.
pub(crate) fn after_training(job: &Job, folder: &Path, ui: Ui) {
    let html = folder.join(HTML);
    let document = match job {
        Job::Classify(setup) => Record::read(folder)
            .map_err(Failure::from)
            .and_then(|record| assemble(&record, Ok(setup), ui)),
        Job::Restore(_) => restorer(folder).map(|(_, document)| document),
    };
    match document.and_then(|document| write(&html, &document::html(&document))) {
        Ok(()) => ui.note(&format!("report in {}", html.display())),
        Err(failure) => ui.note(&format!(
            "warning: the report could not be written: {}",
            failure.message
        )),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    Ok(files::write_atomic(path, |out| {
        out.write_all(text.as_bytes())
    })?)
}

/// The data of a run, or a sentence that says why it cannot be shown.
fn open(args: &Report, record: &Record) -> Result<Result<Setup, String>, Failure> {
    let folder = args.run.as_path();
    if !best(folder).is_file() && args.data_dir.is_some() {
        return Err(Failure::usage(
            format!(
                "--data-dir finds images for the best weights, and `{}` has none yet",
                folder.display()
            ),
            "leave it out until an epoch is complete",
        ));
    }
    if !best(folder).is_file() {
        return Ok(Err(
            "The run has no best weights yet, so no mistakes can be shown.".into(),
        ));
    }
    let mut layers = run::layers(folder)?;
    if let Some(dir) = &args.data_dir {
        // Whatever the folder is called, it is text, and not TOML.
        layers.flag("--data-dir", "data.dir", &dir.to_string_lossy());
    }
    let setup = match Setup::new(layers.resolve()?) {
        Ok(setup) => setup,
        // A folder that was asked for must be right; the one of the run may be gone.
        Err(error) if args.data_dir.is_some() => return Err(error.into()),
        Err(error) => {
            return Ok(Err(format!(
                "The test images could not be opened ({error}), so mistakes are not shown. With the data at \
                 hand, `timestep report {} --data-dir DIR` shows them.",
                folder.display()
            )));
        }
    };
    let found = setup.dataset.fingerprint();
    if record
        .fingerprint
        .as_ref()
        .is_some_and(|known| *known != found)
    {
        return Ok(Err(format!(
            "The data set `{}` holds other images now than those that the run was trained on, so mistakes are \
             not shown.",
            record.recipe.data.name
        )));
    }
    Ok(Ok(setup))
}

/// The best weights of a run.
fn best(folder: &Path) -> PathBuf {
    folder.join("weights/best.safetensors")
}

/// Measures the best weights again if there are images, and puts the report together.
fn assemble(record: &Record, images: Result<&Setup, String>, ui: Ui) -> Result<Document, Failure> {
    let evaluation = match images {
        Ok(setup) => {
            let (folder, engine) = (&record.folder, device("cpu")?);
            let mut waiting = Waiting::new(ui, "images", setup.dataset.test.len());
            let done = |seen| waiting.at(seen);
            Ok(Evaluation::of_best(folder, setup, &*engine, done)?)
        }
        Err(why) => Err(why),
    };
    let citations = cite::of_run(&record.folder)?;
    Ok(document(&Sources {
        record,
        evaluation: evaluation.as_ref().map_err(Clone::clone),
        citations: &citations,
    })?)
}

/// Whether the report shows mistakes.
fn evaluated(document: &Document) -> bool {
    let numbers = document.numbers();
    numbers.iter().any(|n| n.key.starts_with("evaluation."))
}

/// Compares a written report with the records.
fn told(
    html: &Path,
    folder: &Path,
    ui: Ui,
    check: impl Fn(&Printed) -> Check,
) -> Result<u8, Failure> {
    let found = check(&document::read(&files::read_text(html)?));
    let (ok, count) = (found.differences.is_empty(), found.differences.len());
    ui.answer(&CheckedReport {
        report: html.display().to_string(),
        ok,
        numbers: found.numbers,
        figures: found.figures,
        differences: found.differences,
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
            folder.display()
        )),
    ))
}
