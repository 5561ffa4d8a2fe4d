//! How does a picture file become a restored one? Read, restored, written complete or not at all.

use super::{DenoiseJob, JobError, Outcome};
use std::fs;
use std::path::{Path, PathBuf};
use timestep_picture::{self as picture, Memory, Picture, PictureError};

/// The files of one picture.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The picture.
    pub input: PathBuf,
    /// Its bytes, where they come from elsewhere; `input` is then for messages only.
    pub content: Option<Vec<u8>>,
    /// Where the result goes; its folder is made if it is missing. None: the caller takes it from the outcome.
    pub output: Option<PathBuf>,
    /// The clean picture, to measure against.
    pub reference: Option<PathBuf>,
    /// A folder for the picture after every step: `step-01` and so on with the ending of the output.
    pub steps: Option<PathBuf>,
    /// Quality of JPEG files, 1 to 100.
    pub quality: u8,
    /// The picture's number among those of the run (see [`DenoiseJob::run`]).
    pub number: u64,
}

/// Restores a picture file.
///
/// # Errors
/// [`JobError`]; the output is then as it was.
pub fn restore_file(
    job: &DenoiseJob<'_>,
    files: &Files,
    done: &mut dyn FnMut(f64) -> bool,
) -> Result<Outcome, JobError> {
    let steps = files.steps.is_some();
    // The reference is held beside the picture and has its size, perhaps with another depth.
    let allowed = job.memory.unwrap_or_else(timestep_kernels::memory_budget);
    let memory = Memory {
        allowed,
        beside: &|size, colours| job.needs(size, colours, steps),
    };
    let picture = match &files.content {
        None => picture::read(&files.input, &memory)?,
        Some(content) => picture::read_within(&files.input, content, &memory)?,
    };
    // A kind of file can hold what it held.
    let same = || Path::new("picture").with_extension(picture.format().ending());
    let output = files.output.clone().unwrap_or_else(same);
    // What cannot be written is said before hours of work.
    picture::check_fits(&output, &picture)?;
    let held = picture.bytes();
    let memory = Memory {
        allowed,
        beside: &|size, colours| held.saturating_add(job.needs(size, colours, steps)),
    };
    let reference = files.reference.as_deref();
    let reference = reference
        .map(|path| picture::read(path, &memory))
        .transpose()?;
    if files.output.is_some() {
        folder(output.parent())?;
    }
    let mut write_step = |n: usize, step: &Picture| -> Result<(), JobError> {
        let Some(to) = &files.steps else {
            return Ok(());
        };
        folder(Some(to))?;
        let ending = output.extension().unwrap_or_default();
        let path = to.join(format!("step-{n:02}")).with_extension(ending);
        Ok(picture::write(&path, step, files.quality)?)
    };
    let show: Option<super::ShowStep<'_>> = if steps { Some(&mut write_step) } else { None };
    let outcome = job.run(picture, files.number, reference.as_ref(), show, done)?;
    drop(reference);
    if files.output.is_some() {
        picture::write(&output, &outcome.picture, files.quality)?;
    }
    Ok(outcome)
}

/// Makes a folder that is missing.
fn folder(path: Option<&Path>) -> Result<(), PictureError> {
    match path {
        Some(path) if !path.as_os_str().is_empty() => {
            fs::create_dir_all(path).map_err(|source| PictureError::Write {
                path: path.to_owned(),
                source,
            })
        }
        _ => Ok(()),
    }
}
