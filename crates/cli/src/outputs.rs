//! Where may a command write? One rule for every file that a person names.
//!
//! A file that exists is not replaced unless `--force` says so; a file that the same command reads never is; two
//! outputs are two files. It is checked before any work, and again when the file is put in its place. Files that the
//! program names itself, such as `report.html` in the folder of a run, are renewed without being asked.

use crate::failure::Failure;
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use timestep_files as files;
use timestep_study::codes::Code;
use timestep_train::run::RECIPE;

/// Outputs that were checked.
#[derive(Debug)]
pub(crate) struct Outputs {
    force: bool,
}

/// What a run keeps of itself, in its folder: an output that lands on it would damage the run.
const RECORDS: [&str; 5] = [
    RECIPE,
    "events.jsonl",
    "metrics.csv",
    "environment.json",
    files::LOCK,
];
/// Folders of a run of which the same is true.
const FOLDERS: [&str; 3] = ["weights", "state", "tensorboard"];

impl Outputs {
    /// Checks the outputs of a command that reads `inputs`: files, folders of runs and of data, or words that are no
    /// paths at all.
    pub(crate) fn check(
        outputs: &[Option<&Path>],
        inputs: &[&Path],
        force: bool,
    ) -> Result<Self, Failure> {
        let named: Vec<&Path> = outputs.iter().flatten().copied().collect();
        if force && named.is_empty() {
            return Err(Failure::usage(
                "--force replaces outputs, and none is named",
                "leave it out, or name a file to write",
            ));
        }
        for (n, output) in named.iter().enumerate() {
            if is_standard_output(output) {
                if named[..n].iter().any(|other| is_standard_output(other)) {
                    return Err(Failure::usage(
                        "two outputs are standard output",
                        "name a file for one of them",
                    )
                    .coded(Code::OutputExists));
                }
                // What the command would say there goes to standard error.
                Ui::give_up_standard_output();
                continue;
            }
            if is_special(output) {
                continue;
            }
            let place = real(output);
            if named[..n].iter().any(|other| real(other) == place) {
                return Err(Failure::usage(
                    format!("`{}` is named for two outputs", output.display()),
                    "give each of them a file of its own",
                )
                .coded(Code::OutputExists));
            }
            check_not_read(output, inputs)?;
            if place.is_file() && !force {
                return Err(exists(output));
            }
        }
        Ok(Self { force })
    }

    /// Makes an output and writes it, if it was asked for, and says so.
    pub(crate) fn save<T: AsRef<[u8]>>(
        &self,
        path: Option<&Path>,
        ui: Ui,
        make: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<(), Failure> {
        if let Some(path) = path {
            self.write(path, make()?.as_ref())?;
            ui.note(&format!("wrote {}", path.display()));
        }
        Ok(())
    }

    /// Writes an output.
    pub(crate) fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        if is_standard_output(path) {
            Ui::bytes(bytes);
            return Ok(());
        }
        if let Some(folder) = files::real_target(path).parent() {
            files::sweep(match folder.as_os_str().is_empty() {
                true => Path::new("."),
                false => folder,
            });
        }
        if self.force {
            return Ok(files::write_atomic(path, |out| out.write_all(bytes))?);
        }
        files::write_new(path, |out| out.write_all(bytes)).map_err(|error| match error.kind() {
            // It appeared since it was checked.
            std::io::ErrorKind::AlreadyExists => exists(path),
            _ => error.into(),
        })
    }
}

/// Is an output standard output?
pub(crate) fn is_standard_output(path: &Path) -> bool {
    path == Path::new("-")
}

/// Refuses a name for a drawing that says that it is something else. Drawings are SVG.
pub(crate) fn check_drawing(path: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = path.filter(|path| !is_special(path)) else {
        return Ok(());
    };
    let Some(ending) = path.extension().map(|e| e.to_string_lossy().to_lowercase()) else {
        return Ok(());
    };
    let svg = path.with_extension("svg");
    let hint = match ending.as_str() {
        "svg" => return Ok(()),
        "png" | "pdf" => format!(
            "write `{0}` and turn it into the other: `rsvg-convert -f {ending} -o {1} {0}`, or with Inkscape or a browser",
            svg.display(),
            path.display()
        ),
        _ => format!("name it `{}`, or `-` for standard output", svg.display()),
    };
    Err(Failure::usage(
        format!(
            "`{}` does not end in .svg, and drawings are SVG",
            path.display()
        ),
        hint,
    )
    .coded(Code::OutputKind))
}

/// Refuses an output that the same command reads.
pub(crate) fn check_not_read(output: &Path, inputs: &[&Path]) -> Result<(), Failure> {
    let place = real(output);
    match inputs.iter().any(|input| reads(&real(input), &place)) {
        false => Ok(()),
        true => Err(Failure::usage(
            format!("`{}` is read by this command", output.display()),
            "name another file: what is read is not replaced, not even with --force",
        )
        .coded(Code::OutputExists)),
    }
}

/// The failure of an output that is there already.
pub(crate) fn exists(output: &Path) -> Failure {
    Failure::usage(
        format!("`{}` exists already", output.display()),
        "name another file, or replace it with --force",
    )
    .coded(Code::OutputExists)
}

/// Whether a path is a device or a pipe, which keeps nothing that could be lost. `/dev/stdout` may lead to a file, which the
/// shell has emptied already.
fn is_special(path: &Path) -> bool {
    path.starts_with("/dev")
        || std::fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir())
}

/// A path without links and dots as far as it exists, so that two names of a file compare equal.
fn real(path: &Path) -> PathBuf {
    let target = files::real_target(path);
    if let Ok(real) = target.canonicalize() {
        return real;
    }
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match (folder.canonicalize(), target.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => target,
    }
}

/// Whether a command that reads `input` depends on the file `output`.
fn reads(input: &Path, output: &Path) -> bool {
    if !input.is_dir() {
        return input == output;
    }
    let Ok(inside) = output.strip_prefix(input) else {
        return false;
    };
    if !input.join(RECIPE).is_file() {
        // A folder of data: all of it.
        return output.exists();
    }
    let first = inside.components().next();
    let is = |name: &&str| first.is_some_and(|first| first.as_os_str() == *name);
    RECORDS.iter().any(|name| inside == Path::new(name)) || FOLDERS.iter().any(is)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn code(outputs: &[&Path], inputs: &[&Path], force: bool) -> Result<(), Code> {
        let outputs: Vec<Option<&Path>> = outputs.iter().map(|o| Some(*o)).collect();
        Outputs::check(&outputs, inputs, force)
            .map(drop)
            .map_err(|failure| failure.error)
    }

    #[test]
    fn what_exists_needs_force_and_what_is_read_never_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("run/weights")).expect("a folder");
        fs::create_dir_all(at("data")).expect("a folder");
        for file in [
            "run/recipe.toml",
            "run/weights/best.safetensors",
            "run/report.html",
            "data/a.png",
            "there",
        ] {
            fs::write(at(file), "x").expect("writable");
        }
        let exists = Err(Code::OutputExists);
        assert_eq!(code(&[&at("new")], &[&at("there")], false), Ok(()));
        assert_eq!(code(&[&at("there")], &[], false), exists);
        assert_eq!(code(&[&at("there")], &[], true), Ok(()));
        assert_eq!(code(&[&at("there")], &[&at("there")], true), exists);
        assert_eq!(code(&[&at("run/../there")], &[&at("there")], true), exists);
        for (inside, expected) in [
            ("recipe.toml", exists),
            ("weights/best.safetensors", exists),
            ("weights/new.safetensors", exists),
            ("lock", exists),
            ("report.html", Ok(())),
            ("figure.svg", Ok(())),
        ] {
            assert_eq!(
                code(&[&at("run").join(inside)], &[&at("run")], true),
                expected,
                "{inside}"
            );
        }
        assert_eq!(code(&[&at("data/a.png")], &[&at("data")], true), exists);
        assert_eq!(
            code(&[&at("data/sheet.png")], &[&at("data")], false),
            Ok(())
        );
        assert_eq!(code(&[&at("one"), &at("one")], &[], true), exists);
        assert_eq!(code(&[], &[], true), Err(Code::Usage));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("there", at("link")).expect("a link");
            assert_eq!(code(&[&at("link")], &[], false), exists);
            assert_eq!(code(&[&at("link")], &[&at("there")], true), exists);
            assert_eq!(
                code(
                    &[Path::new("/dev/stdout"), Path::new("/dev/stdout")],
                    &[],
                    false
                ),
                Ok(())
            );
        }
    }

    #[test]
    fn drawings_end_like_what_they_are() {
        let of = |name: &str| check_drawing(Some(Path::new(name))).map_err(|f| (f.error, f.hint));
        for name in ["k.svg", "K.SVG", "plot", "-", "/dev/stdout"] {
            assert_eq!(of(name), Ok(()), "{name}");
        }
        for (name, expected) in [
            ("k.png", "rsvg-convert -f png -o k.png k.svg"),
            ("k.pdf", "rsvg-convert -f pdf"),
            ("k.txt", "`k.svg`"),
        ] {
            let (error, hint) = of(name).expect_err("another kind of file");
            assert_eq!(error, Code::OutputKind);
            assert!(hint.is_some_and(|hint| hint.contains(expected)), "{name}");
        }
        let streams = [Path::new("-"), Path::new("-")];
        assert_eq!(code(&streams, &[], false), Err(Code::OutputExists));
    }

    #[test]
    fn a_file_that_appears_in_between_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.svg");
        let outputs = Outputs::check(&[Some(&path)], &[], false).expect("nothing there");
        fs::write(&path, "theirs").expect("writable");
        let failure = outputs.write(&path, b"ours").expect_err("it appeared");
        assert_eq!(failure.error, Code::OutputExists);
        assert_eq!(fs::read_to_string(&path).expect("readable"), "theirs");
    }
}
