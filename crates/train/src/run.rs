//! What does a run leave on the disk? A folder with everything that repeats and explains it.

use crate::TrainError;
use crate::files::{self, Action, FileError};
use crate::plain;
use crate::recipe::{Layers, Recipe, Resolved, RestoreRecipe, TaskRecipe};
use serde_json::json;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use timestep_files::FolderLock;

/// Name of the recipe inside the folder of a run.
pub const RECIPE: &str = "recipe.toml";

/// Which weights of a run: those of its best epoch or phase, of its last, or their running average.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Of the best.
    Best,
    /// Of the last.
    Last,
    /// The running average (`train.ema`).
    Average,
}

/// The file of some weights in the folder of a run.
#[must_use]
pub fn weights(folder: &Path, which: Which) -> PathBuf {
    folder.join("weights").join(match which {
        Which::Best => "best.safetensors",
        Which::Last => "last.safetensors",
        Which::Average => "ema.safetensors",
    })
}

/// The weights that a path stands for: those of a run folder are its best, or its last if it has no best; a file is itself.
#[must_use]
pub fn weights_at(path: &Path) -> PathBuf {
    let inside = [Which::Best, Which::Last].map(|which| weights(path, which));
    let found = inside.into_iter().find(|file| file.is_file());
    found.unwrap_or_else(|| path.to_owned())
}

/// Makes a new folder `<out>/<name>`, or `<name>-2`, `<name>-3`, … if it is taken: a run never
/// overwrites another.
///
/// # Errors
/// [`TrainError::RunName`] if the name is not that of one folder inside `out`, [`TrainError::File`] if the folder
/// cannot be made.
pub fn create(out: &Path, name: &str) -> Result<PathBuf, TrainError> {
    check_name(name)?;
    files::create_folder(out)?;
    for attempt in 1.. {
        let folder = match attempt {
            1 => out.join(name),
            n => out.join(format!("{name}-{n}")),
        };
        match std::fs::create_dir(&folder) {
            Ok(()) => {
                for inside in ["weights", "state"] {
                    files::create_folder(&folder.join(inside))?;
                }
                return Ok(folder);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(FileError::new(Action::CreateFolder, folder, error).into()),
        }
    }
    unreachable!("the numbers do not end")
}

/// As many bytes a name may have: file systems take 255, and a number may follow.
const LONGEST: usize = 200;

/// Checks that a name is that of one folder, which people and shells can write.
///
/// # Errors
/// [`TrainError::RunName`] says what is wrong.
pub fn check_name(name: &str) -> Result<(), TrainError> {
    let what = if name.is_empty() {
        "it is empty"
    } else if matches!(name, "." | "..") {
        "it is a folder that exists already"
    } else if name.contains(['/', '\\']) {
        "it leads to another folder"
    } else if plain::line(name) != name {
        "it has characters that cannot be seen"
    } else if name.len() > LONGEST {
        "it is too long"
    } else {
        return Ok(());
    };
    Err(TrainError::RunName {
        name: name.to_owned(),
        what,
    })
}

/// What others are told about a process that trains.
const TRAINING: &str = "a training";

/// Takes the folder of a run for this process alone, and removes the temporary files that killed ones left there.
///
/// # Errors
/// [`TrainError::Lock`] if another process works in it.
pub fn lock(folder: &Path) -> Result<FolderLock, TrainError> {
    let lock = FolderLock::take(folder, TRAINING)?;
    for inside in ["", "weights", "state"] {
        files::sweep(&folder.join(inside));
    }
    Ok(lock)
}

/// The name of a run of a classifier: its data, its network and noise, its seed.
pub(crate) fn default_name(network: &str, noise: &str, data: &str, seed: u64) -> String {
    let plus = if noise.is_empty() { "" } else { "+" };
    format!(
        "{data}-{}{plus}{noise}-s{seed}",
        network.replace(" x ", "-")
    )
}

/// Writes the resolved recipe and the environment of a run.
///
/// # Errors
/// [`TrainError::File`] if the disk refuses.
pub fn describe<R: TaskRecipe>(
    run: &Path,
    resolved: &Resolved<R>,
    threads: usize,
    ranks: usize,
) -> Result<(), TrainError> {
    write_recipe(run, resolved)?;
    let mut environment = environment(threads);
    environment["ranks"] = ranks.into();
    let environment = serde_json::to_string_pretty(&environment)
        .expect("text and numbers are representable as JSON");
    let path = run.join("environment.json");
    files::write_atomic(&path, |out| out.write_all(environment.as_bytes()))?;
    Ok(())
}

/// Writes the resolved recipe of a run.
///
/// # Errors
/// [`TrainError::File`] if the disk refuses.
pub fn write_recipe<R: TaskRecipe>(run: &Path, resolved: &Resolved<R>) -> Result<(), TrainError> {
    let header = format!(
        "# {}: re-run with `timestep train {}`\n",
        plain::line(&resolved.name),
        plain::line(&run.join(RECIPE).display().to_string())
    );
    let text = header + &resolved.to_annotated_toml();
    files::write_atomic(&run.join(RECIPE), |out| out.write_all(text.as_bytes()))?;
    Ok(())
}

/// This machine and program, as far as they bear on speed and on bits.
#[must_use]
pub fn environment(threads: usize) -> serde_json::Value {
    let cpu = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|l| l.starts_with("model name"))?;
            Some(line.split(':').nth(1)?.trim().to_owned())
        });
    json!({
        "timestep": env!("CARGO_PKG_VERSION"),
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "cpu": cpu,
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "threads": threads,
        "folder": std::env::current_dir().ok().map(|folder| folder.display().to_string()),
        "command": std::env::args().collect::<Vec<_>>(),
    })
}

/// The recipe of the run of a classifier.
///
/// # Errors
/// [`TrainError::NotARun`] if there is none, [`TrainError::Recipe`] if it is not readable or of another task.
pub fn recipe(run: &Path) -> Result<Recipe, TrainError> {
    Ok(layers(run)?.resolve()?.recipe)
}

/// The recipe of the run of a restorer.
///
/// # Errors
/// As [`recipe`].
pub fn restore_recipe(run: &Path) -> Result<RestoreRecipe, TrainError> {
    Ok(layers(run)?.resolve_restorer()?.recipe)
}

/// The saved settings of a run as a layer that flags may be put on.
///
/// # Errors
/// [`TrainError::NotARun`] if the folder holds no recipe.
pub fn layers(run: &Path) -> Result<Layers, TrainError> {
    let path = run.join(RECIPE);
    if !path.is_file() {
        let what = format!("it has no `{RECIPE}`");
        return Err(TrainError::NotARun {
            path: run.to_owned(),
            what,
        });
    }
    let text = files::read_text(&path)?;
    let mut layers = Layers::resume(&text, &path.display().to_string());
    if let Some(folder) = started_in(run) {
        layers.relocate(&folder);
    }
    Ok(layers)
}

/// The folder in which a run was started, to which paths in its recipe are relative.
fn started_in(run: &Path) -> Option<PathBuf> {
    let text = files::read_text(&run.join("environment.json")).ok()?;
    let environment: serde_json::Value = serde_json::from_str(&text).ok()?;
    environment["folder"].as_str().map(PathBuf::from)
}

/// Where the run with these weights found its images: `path` is its folder, or a file of weights in it. `None` for weights that lie elsewhere,
/// and for data that is part of the program.
#[must_use]
pub fn data_of(path: &Path) -> Option<PathBuf> {
    let run = match path.is_dir() {
        true => path,
        false => path.parent()?.parent()?,
    };
    layers(run).ok()?.data_dir()
}
