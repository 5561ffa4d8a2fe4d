//! What does `timestep denoise` do beside files of pictures? Streams, a sheet of strengths, a drawing of the noise.

use super::report::Report;
use super::{QUALITY, interrupted, stop_on_interrupt};
use crate::args::Denoise;
use crate::failure::Failure;
use crate::outputs::{Outputs, check_drawing, is_standard_output};
use crate::ui::Ui;
use std::io::{Cursor, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use timestep_picture::{Format, Memory, Picture, PictureError, Samples};
use timestep_report::noise::noise_chart;
use timestep_restore::batch::{Item, is_stream};
use timestep_restore::job::{DenoiseJob, JobError, Outcome, STRENGTHS, Sigma, sheet};
use timestep_study::codes::Code;
use timestep_study::pictures::PreviewedPicture;

/// Outputs beside the pictures.
pub(crate) struct Extra {
    plot: Option<PathBuf>,
    outputs: Outputs,
    ui: Ui,
}

impl Extra {
    /// Checks them.
    pub(crate) fn check(args: &Denoise, job: &DenoiseJob<'_>, ui: Ui) -> Result<Self, Failure> {
        if let (Some(_), Sigma::Given(sigma)) = (&args.plot, job.sigma) {
            return Err(Failure::usage(
                format!("--plot draws noise that is measured, and sigma {sigma} is given"),
                "leave --plot out, or say --sigma auto",
            ));
        }
        let paths = [args.plot.as_deref(), args.preview.as_deref()];
        let inputs: Vec<&Path> = args
            .inputs
            .iter()
            .chain(&args.model)
            .chain(&args.reference)
            .map(PathBuf::as_path)
            .collect();
        // The pictures are outputs too, so that --force alone is not in vain.
        let force = args.force && paths.iter().any(Option::is_some);
        let outputs = Outputs::check(&paths, &inputs, force)?;
        check_drawing(args.plot.as_deref())?;
        if let Some(path) = args.preview.as_deref().filter(|p| !is_standard_output(p)) {
            timestep_picture::check_fits(path, &white_pixel()).map_err(JobError::from)?;
        }
        Ok(Self {
            plot: args.plot.clone(),
            outputs,
            ui,
        })
    }

    /// One drawing is of one picture.
    pub(crate) fn check_one(&self, args: &Denoise, several: bool) -> Result<(), Failure> {
        let to_stream = args.out.as_deref().is_some_and(is_stream);
        match &self.plot {
            Some(_) if several => Err(Failure::usage(
                "--plot draws the noise of one picture, but several are restored",
                "restore that picture alone",
            )),
            Some(path) if to_stream && is_standard_output(path) => Err(Failure::usage(
                "two outputs are standard output",
                "name a file for one of them",
            )
            .coded(Code::OutputExists)),
            _ => Ok(()),
        }
    }

    /// Draws the noise of a picture, if it was asked for.
    pub(crate) fn plot(&self, input: &Path, outcome: &Outcome) -> Result<(), Failure> {
        let (Some(path), Some(noise)) = (&self.plot, &outcome.noise) else {
            return Ok(());
        };
        let drawing = noise_chart(&format!("Noise of {}", input.display()), noise);
        self.outputs.write(path, drawing.as_bytes())?;
        self.ui.note(&format!("wrote {}", path.display()));
        Ok(())
    }
}

/// What comes from standard input, if the input is that.
pub(crate) fn content(input: &Path) -> Result<Option<Vec<u8>>, Failure> {
    if !is_stream(input) {
        return Ok(None);
    }
    let from = std::io::stdin();
    if from.is_terminal() {
        return Err(Failure::usage(
            "`-` is a picture on standard input, which is the terminal",
            "send a file: `timestep denoise - < photo.jpg > clean.jpg`; a file of this name is `./-`",
        )
        .coded(Code::Unreadable));
    }
    let most = Memory::of_machine().allowed / 2;
    let mut content = Vec::new();
    let read = from.lock().take(most + 1).read_to_end(&mut content);
    read.map_err(|e| {
        let hint = "is what comes before `|` still running?";
        Failure::usage(format!("cannot read standard input: {e}"), hint).coded(Code::Unreadable)
    })?;
    if content.len() as u64 > most {
        return Err(Failure::usage(
            "what comes from standard input is larger than half of the memory",
            "give a file",
        )
        .coded(Code::Memory));
    }
    Ok(Some(content))
}

/// Writes a result to standard output, if it goes there, as the kind of file that the picture was.
pub(crate) fn give(item: &Item, outcome: &Outcome, args: &Denoise) -> Result<(), Failure> {
    if is_stream(&item.output) {
        let picture = &outcome.picture;
        let format = picture.format();
        Ui::bytes(&encoded(&item.output, picture, format, args.quality)?);
    }
    Ok(())
}

/// The bytes of the file that goes to `path`.
fn encoded(
    path: &Path,
    picture: &Picture,
    format: Format,
    quality: Option<u8>,
) -> Result<Vec<u8>, Failure> {
    let mut file = Cursor::new(Vec::new());
    match timestep_picture::encode(&mut file, picture, format, quality.unwrap_or(QUALITY)) {
        Ok(()) => Ok(file.into_inner()),
        Err(source) => {
            let path = path.to_owned();
            Err(JobError::from(PictureError::Write { path, source }).into())
        }
    }
}

fn white_pixel() -> Picture {
    Picture::new((1, 1), 1, false, Samples::U8(vec![255]), Format::Png)
        .unwrap_or_else(|| unreachable!("one sample for one pixel"))
}

/// Writes a sheet of strengths of one picture.
pub(crate) fn preview(
    args: &Denoise,
    job: &DenoiseJob<'_>,
    to: &Path,
    method: &str,
    extra: &Extra,
    ui: Ui,
) -> Result<u8, Failure> {
    let unused = [
        ("--out", args.out.is_some()),
        ("--reference", args.reference.is_some()),
        ("--in-place", args.in_place),
        ("--save-steps", args.save_steps.is_some()),
        ("--require", !args.require.is_empty()),
    ];
    if let Some((flag, _)) = unused.into_iter().find(|(_, given)| *given) {
        return Err(Failure::usage(
            format!("--preview writes a sheet and no picture, so that {flag} changes nothing"),
            format!("leave out {flag}, or --preview"),
        ));
    }
    let [input] = args.inputs.as_slice() else {
        return Err(one_picture("several were given"));
    };
    if input.is_dir() {
        return Err(one_picture(&format!("`{}` is a folder", input.display())));
    }
    let format = match is_standard_output(to) {
        true => Format::Png,
        // It was checked that the ending names one.
        false => Format::of_name(to).unwrap_or(Format::Png),
    };
    if let Some(quality) = args.quality.filter(|_| format != Format::Jpeg) {
        return Err(Failure::usage(
            format!("--quality {quality} is for JPEG files, and none is written"),
            "leave it out, or give the sheet the ending .jpg",
        ));
    }
    let allowed = job.memory.unwrap_or(Memory::of_machine().allowed);
    let memory = Memory {
        allowed,
        beside: &|size, colours| job.needs(size, colours, false),
    };
    let picture = match content(input)? {
        None => timestep_picture::read(input, &memory),
        Some(content) => timestep_picture::read_within(input, &content, &memory),
    };
    let picture = picture.map_err(JobError::from)?;
    let stop = stop_on_interrupt(ui);
    let mut report = Report::new(ui, method, 1);
    report.begin(input, 1);
    let made = sheet(job, &picture, &mut |share| {
        report.progress(0, share);
        !stop.load(Ordering::SeqCst)
    });
    report.clear();
    let (sheet, outcome) = made.map_err(|error| match error {
        JobError::Interrupted => interrupted(format!("interrupted at `{}`", input.display())),
        error => Failure::from(error),
    })?;
    extra.plot(input, &outcome)?;
    extra
        .outputs
        .write(to, &encoded(to, &sheet, format, args.quality)?)?;
    let strengths: Vec<f64> = STRENGTHS.iter().map(|f| f * job.strength).collect();
    ui.event(&PreviewedPicture::new(
        input, to, method, &strengths, &outcome,
    ));
    if !ui.json {
        let strengths: Vec<String> = strengths.iter().map(f64::to_string).collect();
        ui.data(&format!(
            "{} → {}: from the left the picture, strength {}; below them their middle",
            input.display(),
            to.display(),
            strengths.join(", ")
        ));
    }
    Ok(0)
}

fn one_picture(what: &str) -> Failure {
    Failure::usage(
        format!("--preview shows one picture, but {what}"),
        "name one picture; the strength that suits it is given with --strength",
    )
}
