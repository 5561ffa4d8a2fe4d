//! `timestep denoise`: how do noisy picture files become clean ones?

mod extra;
mod report;

use crate::args::Denoise;
use crate::failure::{Failure, INTERRUPTED, USAGE};
use crate::outputs::{check_not_read, exists};
use crate::signals::stop_flag;
use crate::trained::unchecked;
use crate::ui::Ui;
use extra::{Extra, content, give, preview};
use report::Report;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use timestep_data::{Degradation, degradation};
use timestep_files::sweep;
use timestep_restore::batch::{self, Item, Plan, Request, is_stream};
use timestep_restore::job::{AddNoise, DenoiseJob, Files, JobError, Outcome, Sigma, restore_file};
use timestep_restore::methods::{MethodOptions, is_checked, make, method_named, read_weights};
use timestep_study::codes::Code;
use timestep_study::conditions as required;
use timestep_train::run::weights_at;

/// What `--require` can ask for.
pub(crate) const MEASURES: [&str; 2] = ["psnr", "ssim"];

/// Quality of JPEG files when nothing says another.
pub(crate) const QUALITY: u8 = 95;

/// Whether a file becomes a JPEG by its ending.
fn is_jpeg(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str());
    ending.is_some_and(|e| e.eq_ignore_ascii_case("jpg") || e.eq_ignore_ascii_case("jpeg"))
}

/// The method that is used when nothing says another: for noise that is measured, and for noise of a known level.
const DEFAULT: [&str; 2] = ["blind", "trd"];

/// Restores every picture; one that fails does not stop the others.
pub(crate) fn run(args: &Denoise, ui: Ui) -> Result<u8, Failure> {
    let conditions = required::parse_for(&args.require, &MEASURES, "psnr>=28")?;
    if !conditions.is_empty() && args.reference.is_none() && args.add_noise.is_none() {
        return Err(Failure::usage(
            "--require needs a clean picture to measure against",
            "name it with --reference CLEAN, or make one noisy with --add-noise N",
        ));
    }
    let added: Option<Arc<dyn Degradation>> = args
        .add_noise
        .as_deref()
        .map(|text| {
            degradation(text).map_err(|bad| {
                Failure::usage(format!("--add-noise: {bad}"), bad.hint).coded(Code::NoiseLevel)
            })
        })
        .transpose()?
        .map(Arc::from);
    let sigma = sigma(args, added.as_deref())?;
    let options = MethodOptions {
        model: args.model.as_deref().map(weights_at),
    };
    let key = match (&args.method, options.model.as_deref()) {
        (Some(key), _) => key.as_str(),
        (None, Some(model)) => method_named(model).unwrap_or(DEFAULT[1]),
        (None, None) => DEFAULT[usize::from(sigma != Sigma::Auto)],
    };
    let method = make(key, &options)?;
    if let Some(path) = options.model.as_deref().filter(|path| path.is_file())
        && read_weights(path).is_ok_and(|bytes| !is_checked(&bytes))
    {
        unchecked(path, ui);
    }
    let job = DenoiseJob {
        method: method.as_ref(),
        sigma,
        strength: args.strength,
        luma: args.luma,
        chroma: args.chroma,
        memory: args.memory.as_deref().map(memory_size).transpose()?,
        add_noise: added.map(|what| AddNoise {
            what,
            seed: args.seed,
        }),
    };
    job.check()?;
    let extra = Extra::check(args, &job, ui)?;
    if let Some(sheet) = &args.preview {
        return preview(args, &job, sheet, key, &extra, ui);
    }
    let (plan, several) = planned(args, &extra)?;
    let mut report = Report::new(ui, key, plan.items.len());
    report.planned(&plan);
    if plan.items.is_empty() && !plan.failed.is_empty() {
        return Err(report.failure(USAGE));
    }
    if plan.items.is_empty() && plan.skipped.is_empty() {
        return Err(Failure::usage(
            "there is no picture in what was given",
            "pictures are files that end in .png, .jpg, .tif, .bmp, .webp, .pgm or .ppm",
        )
        .coded(Code::NoPicture));
    }
    let stop = stop_on_interrupt(ui);
    sweep_all(&plan.items);
    for items in batch::together(&plan.items, job.memory.is_some()) {
        report.begin(&items[0].input, items.len());
        let done = |n: usize, share: f64| {
            report.progress(n, share);
            !stop.load(Ordering::SeqCst)
        };
        for (item, result) in items
            .iter()
            .zip(restored(&job, args, items, several, &done))
        {
            match result {
                Ok(outcome) => {
                    extra.plot(&item.input, &outcome)?;
                    give(item, &outcome, args)?;
                    report.restored(item, &outcome);
                }
                Err(Problem::Job(JobError::Interrupted)) => {
                    report.clear();
                    let place = format!("interrupted at `{}`", item.input.display());
                    return Err(interrupted(place));
                }
                Err(Problem::Job(error)) => report.failed(&item.input, Failure::from(error)),
                Err(Problem::Other(failure)) => report.failed(&item.input, failure),
            }
        }
    }
    report.conclude(&conditions)
}

/// What becomes of which picture, checked against the other flags; and whether there are several.
fn planned(args: &Denoise, extra: &Extra) -> Result<(Plan, bool), Failure> {
    let plan = batch::plan(&Request {
        inputs: &args.inputs,
        output: args.out.as_deref(),
        force: args.force,
        in_place: args.in_place,
    })?;
    let several = plan.items.len() + plan.skipped.len() > 1;
    check_reference(args.reference.as_deref(), several)?;
    extra.check_one(args, several)?;
    if plan.items.iter().any(|item| is_stream(&item.output)) {
        Ui::give_up_standard_output();
    }
    let mut outputs = plan.items.iter().map(|item| &item.output);
    if let Some(quality) = args.quality
        && !plan.items.is_empty()
        && !outputs.any(|output| is_jpeg(output) || is_stream(output))
    {
        return Err(Failure::usage(
            format!("--quality {quality} is for JPEG files, and none is written"),
            "leave it out, or give the output the ending .jpg",
        ));
    }
    let beside: Vec<&Path> = args
        .model
        .iter()
        .chain(&args.reference)
        .map(PathBuf::as_path)
        .collect();
    for item in &plan.items {
        check_not_read(&item.output, &beside)?;
    }
    Ok((plan, several))
}

/// Sweeps away what a killed run left where results go.
fn sweep_all(items: &[Item]) {
    let mut swept = BTreeSet::new();
    for item in items.iter().filter(|item| !is_stream(&item.output)) {
        if let Some(folder) = item.output.parent()
            && swept.insert(folder)
        {
            sweep(folder);
        }
    }
}

/// Why a picture was not restored.
enum Problem {
    Job(JobError),
    Other(Failure),
}

/// Restores pictures at the same time; `done` hears the number of the picture among them and the share of it that is done.
fn restored(
    job: &DenoiseJob<'_>,
    args: &Denoise,
    items: &[Item],
    several: bool,
    done: &(dyn Fn(usize, f64) -> bool + Sync),
) -> Vec<Result<Outcome, Problem>> {
    let one = |n: usize| {
        let files = files(args, &items[n], several).map_err(Problem::Other)?;
        if let Some(there) = step_there(&files).filter(|_| !args.force) {
            return Err(Problem::Other(exists(&there)));
        }
        restore_file(job, &files, &mut |share| done(n, share)).map_err(Problem::Job)
    };
    if items.len() == 1 {
        return vec![one(0)];
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..items.len())
            .map(|n| scope.spawn(move || one(n)))
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined
            .map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// A picture of a step that is there already where those of this picture go.
fn step_there(files: &Files) -> Option<PathBuf> {
    let entries = std::fs::read_dir(files.steps.as_ref()?).ok()?;
    let mut steps: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"step-"))
        .map(|entry| entry.path())
        .collect();
    steps.sort();
    steps.into_iter().next()
}

/// Which files a picture needs.
fn files(args: &Denoise, item: &Item, several: bool) -> Result<Files, Failure> {
    // A folder of the same structure, or the one clean picture.
    let clean = |path: &PathBuf| {
        if path.is_dir() {
            path.join(&item.relative)
        } else {
            path.clone()
        }
    };
    let steps = |folder: &PathBuf| {
        if several {
            folder.join(item.relative.with_extension(""))
        } else {
            folder.clone()
        }
    };
    Ok(Files {
        input: item.input.clone(),
        content: content(&item.input)?,
        output: Some(item.output.clone()).filter(|output| !is_stream(output)),
        reference: args.reference.as_ref().map(clean),
        steps: args.save_steps.as_ref().map(steps),
        quality: args.quality.unwrap_or(QUALITY),
        number: item.number,
    })
}

/// The noise level that is given, added or estimated.
fn sigma(args: &Denoise, added: Option<&dyn Degradation>) -> Result<Sigma, Failure> {
    let Some(text) = &args.sigma else {
        let known = added.and_then(|added| added.sigma());
        return Ok(known.map_or(Sigma::Auto, Sigma::Given));
    };
    if text == "auto" {
        return Ok(Sigma::Auto);
    }
    text.parse().map(Sigma::Given).map_err(|_| {
        Failure::usage(
            format!("--sigma {text} is neither a number nor auto"),
            "give the standard deviation of the noise in grey levels of 0..255, such as 25",
        )
        .coded(Code::NoiseLevel)
    })
}

/// Reads `512M`, `2G`, `1.5GiB` or a number of bytes.
fn memory_size(text: &str) -> Result<u64, Failure> {
    let wrong = || {
        Failure::usage(
            format!("--memory {text} is no size"),
            "write for instance 512M or 2G",
        )
    };
    timestep_engine::parse_size(text).ok_or_else(wrong)
}

/// One clean picture cannot be that of several.
fn check_reference(reference: Option<&Path>, several: bool) -> Result<(), Failure> {
    match reference {
        Some(path) if !path.exists() => Err(Failure::usage(
            format!("there is no reference `{}`", path.display()),
            "give the clean picture, or a folder with the same names as the pictures",
        )
        .coded(Code::Unreadable)),
        Some(path) if several && !path.is_dir() => Err(Failure::usage(
            format!(
                "`{}` is one picture, but several are restored",
                path.display()
            ),
            "give a folder with the same names as the pictures",
        )
        .coded(Code::OtherPicture)),
        _ => Ok(()),
    }
}

/// How long the work under way may take to notice that it should stop.
const GRACE: Duration = Duration::from_secs(3);

/// A flag that Ctrl-C (or SIGTERM, SIGHUP) sets: the picture under way is given up and nothing of it is written.
/// Decoding and single tiles do not look at the flag; if they last, the program ends without them. A second signal ends
/// it at once.
pub(crate) fn stop_on_interrupt(ui: Ui) -> Arc<AtomicBool> {
    let stop = stop_flag();
    let flag = stop.clone();
    std::thread::spawn(move || {
        while !flag.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(50));
        }
        std::thread::sleep(GRACE);
        ui.failure(&interrupted("interrupted".to_owned()));
        end();
    });
    stop
}

/// Ends the program from another thread than the one that works.
#[allow(clippy::exit)] // The thread that works cannot be asked: it is inside a library.
fn end() -> ! {
    std::process::exit(i32::from(INTERRUPTED))
}

pub(crate) fn interrupted(message: String) -> Failure {
    Failure {
        code: INTERRUPTED,
        error: Code::Interrupted,
        message,
        hint: JobError::Interrupted.hint(),
    }
}
