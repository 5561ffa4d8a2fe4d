//! `timestep data`: which data sets are there, are their files in order, what do they look like?

use crate::args::{Data, DataAction};
use crate::failure::{Failure, NEGATIVE};
use crate::outputs::Outputs;
use crate::progress::watched;
use crate::ui::Ui;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use timestep_data::{
    OpenOptions, Progress, fetch, open, order, preview_png, preview_varied, sheet_png,
    verify_watched,
};
use timestep_registry::Kind;
use timestep_study::codes::Code;
use timestep_study::files::{FetchedData, PreviewOfData, VerifiedData};
use timestep_study::json;
use timestep_train::recipe::{Layers, data_at};
use timestep_train::{Setup, TrainError};

/// Lists, fetches, checks or shows data sets.
pub(crate) fn run(args: &Data, ui: Ui) -> Result<u8, Failure> {
    match &args.action {
        DataAction::List => {
            super::list::things(Kind::Data, ui)?;
            Ok(0)
        }
        DataAction::Fetch { name, dir } => get(name, dir, ui),
        DataAction::Verify { name, dir } => {
            let (name, dir) = meant(name, dir.as_ref())?;
            check(&name, dir.as_deref(), ui)
        }
        DataAction::Preview {
            name,
            dir,
            count,
            augmented,
            sets,
            out,
            overwrite,
        } => {
            let (name, dir) = &meant(name, dir.as_ref())?;
            let inputs: Vec<&Path> = dir.iter().map(PathBuf::as_path).collect();
            let outputs = Outputs::check(&[Some(out)], &inputs, overwrite.force)?;
            let options = OpenOptions {
                dir: dir.clone(),
                ..OpenOptions::default()
            };
            let shuffled = |images: usize| {
                // So that the sheet shows every class.
                let mut indices = order(0, 0, images);
                indices.truncate(*count as usize);
                indices
            };
            let (indices, png) = match augmented {
                None => {
                    let set = open(name, &options)?;
                    set.notes.iter().for_each(|note| ui.note(note));
                    let indices = shuffled(set.train.len());
                    let png = preview_png(&set.train, &indices)?;
                    (indices, png)
                }
                Some(epochs) => {
                    let setup = setup(name, dir.as_deref(), sets)?;
                    setup.dataset.notes.iter().for_each(|note| ui.note(note));
                    let train = &setup.dataset.train;
                    let indices = shuffled(train.len());
                    let seed = setup.recipe().train.seed;
                    let sheet = preview_varied(train, &indices, &setup.augment(), seed, *epochs)?;
                    (indices, sheet_png(&sheet)?)
                }
            };
            outputs.write(out, &png)?;
            ui.event(&PreviewOfData {
                name: name.clone(),
                picture: out.display().to_string(),
                images: indices.len(),
            });
            ui.note(&format!(
                "wrote {} with {} images",
                out.display(),
                indices.len()
            ));
            Ok(0)
        }
    }
}

/// The data set and its folder: a path is the folder of what it holds.
fn meant(name: &str, dir: Option<&PathBuf>) -> Result<(String, Option<PathBuf>), Failure> {
    match (data_at(name), dir) {
        (Some(_), Some(dir)) => Err(Failure::usage(
            format!(
                "`{name}` is the data, and --dir names other data, `{}`",
                dir.display()
            ),
            "write one of them",
        )
        .coded(Code::DataOption)),
        (Some(set), None) => Ok((set.to_owned(), Some(PathBuf::from(name)))),
        (None, dir) => Ok((name.to_owned(), dir.cloned())),
    }
}

/// The training that the recipe of a data set would be.
fn setup(name: &str, dir: Option<&Path>, sets: &[String]) -> Result<Setup, Failure> {
    let mut layers = Layers::load(name);
    if let Some(dir) = dir {
        layers.flag("--dir", "data.dir", &dir.to_string_lossy());
    }
    sets.iter().for_each(|set| {
        layers.set(set);
    });
    Ok(Setup::new(layers.resolve().map_err(TrainError::from)?)?)
}

/// The progress bar of a download.
const BAR: &str = "{msg} {bar:30} {bytes}/{total_bytes}  {bytes_per_sec}  ETA {eta}";

fn get(name: &str, dir: &Path, ui: Ui) -> Result<u8, Failure> {
    let bar = if ui.live() {
        let bar = ProgressBar::no_length();
        // The template is a constant; with a wrong one the bar would keep its plain style.
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        bar
    } else {
        ProgressBar::hidden()
    };
    // Said once, when the download begins: not for a name that is refused or a set that is there.
    let mut said = ui.live();
    let fetched = fetch(name, dir, &mut |progress| match progress {
        Progress::Download { received, total } => {
            if !said {
                ui.note(&format!("fetching {name} into {}", dir.display()));
                said = true;
            }
            if let Some(total) = total {
                bar.set_length(total);
            }
            bar.set_position(received);
            bar.set_message("receiving");
        }
        Progress::Check => bar.set_message("checking"),
        Progress::Unpack => bar.set_message("unpacking"),
    });
    bar.finish_and_clear();
    let fetched = fetched?;
    ui.answer(&FetchedData {
        fetched: json::value(&fetched),
    });
    Ok(0)
}

fn check(name: &str, dir: Option<&Path>, ui: Ui) -> Result<u8, Failure> {
    let report = watched(ui, "files", |watch| verify_watched(name, dir, watch))?;
    ui.answer(&VerifiedData {
        ok: report.ok(),
        report: json::value(&report),
    });
    Ok(if report.ok() { 0 } else { NEGATIVE })
}
