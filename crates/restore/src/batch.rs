//! Which files become which? A plan of inputs and outputs, made before anything is written.

mod together;

pub use together::together;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use timestep_picture::is_picture_name;

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Files and folders.
    pub inputs: &'a [PathBuf],
    /// A file for one file, otherwise a folder; without one, results go beside what they are of: `photo.jpg` becomes
    /// `photo.clean.jpg`, the pictures of `holiday` go to `holiday.clean`.
    pub output: Option<&'a Path>,
    /// Replace outputs that exist.
    pub force: bool,
    /// Allow an output that is its own input; without an output, all are then.
    pub in_place: bool,
}

/// One picture of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The picture.
    pub input: PathBuf,
    /// Where its result goes.
    pub output: PathBuf,
    /// Its path below the input that it was found in (its name, for a file).
    pub relative: PathBuf,
    /// Its number among all pictures of the plan, those that are skipped included.
    pub number: u64,
}

/// What is to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// Pictures, in order.
    pub items: Vec<Item>,
    /// Pictures whose output is there already.
    pub skipped: Vec<Item>,
    /// Files in folders whose names are not those of pictures.
    pub ignored: usize,
    /// Inputs that are missing, and folders that cannot be read, with the cause.
    pub failed: Vec<(PathBuf, io::Error)>,
    /// Whether the output is a folder.
    pub to_folder: bool,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// No output was given, and the input has no name that one could be made of.
    #[error("it is not said where the result goes")]
    NoOutput,
    /// Several pictures cannot go to one file.
    #[error("several pictures cannot be written to the one file `{}`", .0.display())]
    NotAFolder(PathBuf),
    /// Two pictures would be written to one file.
    #[error("`{}` and `{}` would both be written to `{}`", .first.display(), .second.display(), .output.display())]
    Collision {
        /// A picture.
        first: PathBuf,
        /// Another.
        second: PathBuf,
        /// Where both would go.
        output: PathBuf,
    },
    /// What comes from standard input has no name in a folder.
    #[error("what comes from standard input has no name in the folder `{}`", .0.display())]
    NoName(PathBuf),
    /// A stream holds one picture.
    #[error("`-` stands for one picture, but there are several")]
    Stream,
    /// A picture would be replaced by its result.
    #[error("`{}` would be replaced by its own result", .0.display())]
    OntoItself(PathBuf),
}

impl BatchError {
    /// One action that helps.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoOutput => {
                "give a file or folder with -o OUT, or --in-place to replace the input"
            }
            Self::NotAFolder(_) => "give a folder with -o",
            Self::Collision { .. } => "run them one after the other, with a folder for each",
            Self::NoName(_) => "give a file with -o",
            Self::Stream => "give `-` as the only input, or a folder with -o",
            Self::OntoItself(_) => "choose another output, or allow it with --in-place",
        }
        .to_owned()
    }
}

/// Whether a path stands for standard input or output.
#[must_use]
pub fn is_stream(path: &Path) -> bool {
    path == Path::new("-")
}

/// Where the result of an input goes when nothing says: beside it, with `clean` in its name.
fn beside(input: &Path, is_folder: bool) -> Option<PathBuf> {
    let whole = match input.file_name() {
        Some(_) => input.to_owned(),
        // `.` and `..` have a name in their folder.
        None => input.canonicalize().ok()?,
    };
    let mut name = whole.file_name()?.to_owned();
    if is_folder {
        name.push(".clean");
        return Some(whole.with_file_name(name));
    }
    let mut name = whole.file_stem()?.to_owned();
    name.push(".clean");
    if let Some(ending) = whole.extension() {
        name.push(".");
        name.push(ending);
    }
    Some(whole.with_file_name(name))
}

/// Makes a plan. Folders are searched with all folders below them, and keep their structure; hidden files,
/// links to folders and the output itself are left out. Everything is in the order of names.
///
/// # Errors
/// [`BatchError`] for what is wrong as a whole; single inputs that are missing are in [`Plan::failed`].
pub fn plan(request: &Request<'_>) -> Result<Plan, BatchError> {
    let mut plan = Plan::default();
    let out = request.output;
    let several = request.inputs.len() > 1 || request.inputs.iter().any(|i| i.is_dir());
    if several
        && request
            .inputs
            .iter()
            .map(PathBuf::as_path)
            .chain(out)
            .any(is_stream)
    {
        return Err(BatchError::Stream);
    }
    plan.to_folder =
        out.is_some_and(|o| several || !is_stream(o) && (o.is_dir() || ends_with_slash(o)));
    if let Some(out) = out.filter(|o| plan.to_folder && o.exists() && !o.is_dir()) {
        return Err(BatchError::NotAFolder(out.to_owned()));
    }
    let mut found = Vec::new();
    for input in request.inputs {
        if is_stream(input) {
            let output = match out {
                Some(out) if plan.to_folder => return Err(BatchError::NoName(out.to_owned())),
                out => out.unwrap_or(input).to_owned(),
            };
            found.push((input.clone(), input.clone(), output));
            continue;
        }
        match fs::metadata(input) {
            Err(error) => plan.failed.push((input.clone(), error)),
            Ok(data) if data.is_dir() => {
                let own = match (out, request.in_place) {
                    (None, false) => Some(beside(input, true).ok_or(BatchError::NoOutput)?),
                    (out, _) => out.map(Path::to_owned),
                };
                let avoid = own.as_ref().and_then(|o| o.canonicalize().ok());
                let mut below = Vec::new();
                search(
                    input,
                    Path::new(""),
                    avoid.as_deref(),
                    &mut below,
                    &mut plan,
                );
                found.extend(below.into_iter().map(|r| {
                    let output = own.as_ref().map_or(input.join(&r), |own| own.join(&r));
                    (input.join(&r), r, output)
                }));
            }
            Ok(_) => {
                let name = PathBuf::from(input.file_name().unwrap_or(OsStr::new("")));
                let output = match (out, request.in_place) {
                    (Some(out), _) if plan.to_folder => out.join(&name),
                    (Some(out), _) => out.to_owned(),
                    (None, true) => input.clone(),
                    (None, false) => beside(input, false).ok_or(BatchError::NoOutput)?,
                };
                found.push((input.clone(), name, output));
            }
        }
    }
    let mut outputs: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for (number, (input, relative, output)) in (0..).zip(found) {
        let same = !is_stream(&output) && is_same(&input, &output);
        if same && !request.in_place {
            return Err(BatchError::OntoItself(input));
        }
        if let Some(first) = outputs.insert(real(&output), input.clone()) {
            return Err(BatchError::Collision {
                first,
                second: input,
                output,
            });
        }
        let there = !is_stream(&output) && output.exists() && !output.is_dir();
        let skip = !same && !request.force && there;
        let item = Item {
            input,
            output,
            relative,
            number,
        };
        if skip {
            plan.skipped.push(item);
        } else {
            plan.items.push(item);
        }
    }
    Ok(plan)
}

/// Whether a path was written as a folder's.
fn ends_with_slash(path: &Path) -> bool {
    let text = path.as_os_str().as_encoded_bytes();
    text.last()
        .is_some_and(|b| std::path::is_separator(char::from(*b)))
}

/// The pictures below `root/below`, as paths below `root`, in the order of names.
fn search(
    root: &Path,
    below: &Path,
    avoid: Option<&Path>,
    found: &mut Vec<PathBuf>,
    plan: &mut Plan,
) {
    let folder = root.join(below);
    let mut entries = match fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>)
    {
        Ok(entries) => entries,
        Err(error) => return plan.failed.push((folder, error)),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = below.join(&name);
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            // Results of an earlier run are no inputs.
            let is_output = avoid.is_some() && entry.path().canonicalize().ok().as_deref() == avoid;
            if !is_output {
                search(root, &path, avoid, found, plan);
            }
        } else if !is_picture_name(&path) {
            plan.ignored += 1;
        } else if kind.is_file() || entry.path().is_file() {
            found.push(path);
        }
    }
}

/// A path without links and dots as far as it exists, so that two names of a file compare equal.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match (parent.canonicalize(), path.file_name()) {
        (Ok(parent), Some(name)) => parent.join(name),
        _ => path.to_owned(),
    }
}

fn is_same(input: &Path, output: &Path) -> bool {
    output.exists() && real(input) == real(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().expect("below a folder")).expect("a folder");
        fs::write(path, "x").expect("written");
    }

    fn request<'a>(inputs: &'a [PathBuf], output: Option<&'a Path>) -> Request<'a> {
        Request {
            inputs,
            output,
            force: false,
            in_place: false,
        }
    }

    #[test]
    fn a_stream_is_one_picture() {
        let plan = |inputs: &[&str], output: Option<&str>| {
            let inputs: Vec<PathBuf> = inputs.iter().map(PathBuf::from).collect();
            let plan = plan(&request(&inputs, output.map(Path::new)))?;
            Ok(plan.items.iter().map(|i| i.output.clone()).collect())
        };
        let to = |name: &str| Ok::<_, BatchError>(vec![PathBuf::from(name)]);
        assert_eq!(plan(&["-"], None), to("-"));
        assert_eq!(plan(&["-"], Some("-")), to("-"));
        assert_eq!(plan(&["-"], Some("new.png")), to("new.png"));
        let folder = tempfile::tempdir().expect("a folder");
        let picture = folder.path().join("a.png");
        touch(&picture);
        let picture = picture.to_str().expect("UTF-8");
        assert_eq!(plan(&[picture], Some("-")), to("-"));
        assert_eq!(plan(&[picture, "-"], None), Err(BatchError::Stream));
        assert_eq!(
            plan(&[picture, picture], Some("-")),
            Err(BatchError::Stream)
        );
        let place = folder.path().to_str().expect("UTF-8");
        let nameless = Err(BatchError::NoName(folder.path().to_owned()));
        assert_eq!(plan(&["-"], Some(place)), nameless);
    }

    #[test]
    fn folders_keep_their_structure() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("in");
        for name in [
            "b.png",
            "a/z.JPG",
            "a/c/y.tif",
            "a/notes.txt",
            ".hidden.png",
            ".git/x.png",
        ] {
            touch(&root.join(name));
        }
        let out = root.join("out");
        touch(&out.join("a/z.JPG"));
        let inputs = [root.clone()];
        let plan = plan(&request(&inputs, Some(&out))).expect("a plan");
        let items: Vec<_> = plan
            .items
            .iter()
            .map(|i| (i.number, i.relative.clone()))
            .collect();
        assert_eq!(items, [(0, "a/c/y.tif".into()), (2, "b.png".into())]);
        assert_eq!(plan.items[0].output, out.join("a/c/y.tif"));
        assert_eq!(plan.skipped.len(), 1);
        assert_eq!((plan.skipped[0].number, plan.ignored), (1, 1));
        let force = Request {
            force: true,
            ..request(&inputs, Some(&out))
        };
        assert_eq!(super::plan(&force).expect("a plan").items.len(), 3);
    }

    #[test]
    fn a_file_goes_to_a_file_or_into_a_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        touch(&at("a.png"));
        touch(&at("b/a.png"));
        let output = |inputs: &[PathBuf], out: &Path| {
            plan(&request(inputs, Some(out)))
                .map(|p| p.items.into_iter().map(|i| i.output).collect::<Vec<_>>())
        };
        let one = [at("a.png")];
        assert_eq!(output(&one, &at("c.jpg")), Ok(vec![at("c.jpg")]));
        assert_eq!(output(&one, &at("new/")), Ok(vec![at("new/a.png")]));
        fs::create_dir(at("there")).expect("a folder");
        assert_eq!(output(&one, &at("there")), Ok(vec![at("there/a.png")]));
        let two = [at("a.png"), at("b/a.png")];
        assert!(matches!(
            output(&two, &at("new")),
            Err(BatchError::Collision { .. })
        ));
        let both = [at("a.png"), at("b")];
        assert!(matches!(
            output(&both, &at("a.png")),
            Err(BatchError::NotAFolder(_))
        ));
    }

    #[test]
    fn nothing_replaces_its_input_unasked() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        touch(&at("a.png"));
        fs::create_dir(at("b")).expect("a folder");
        let inputs = [at("a.png")];
        for out in [at("a.png"), at("b/../a.png"), at("")] {
            let made = plan(&request(&inputs, Some(&out)));
            assert_eq!(
                made.err(),
                Some(BatchError::OntoItself(at("a.png"))),
                "{out:?}"
            );
        }
        let made = plan(&request(&inputs, None)).expect("a plan");
        assert_eq!(made.items[0].output, at("a.clean.png"));
        touch(&at("c/d/e.jpg"));
        touch(&at("c.clean/d/old.jpg"));
        let folder = [at("c")];
        let made = plan(&request(&folder, None)).expect("a plan");
        assert_eq!(made.items.len(), 1);
        assert_eq!(made.items[0].output, at("c.clean/d/e.jpg"));
        let root = [PathBuf::from("/")];
        let made = plan(&request(&root[..1], None));
        assert_eq!(made.err(), Some(BatchError::NoOutput));
        let in_place = Request {
            in_place: true,
            ..request(&inputs, None)
        };
        let made = plan(&in_place).expect("a plan");
        assert_eq!(made.items[0].output, at("a.png"));
    }

    #[test]
    fn missing_inputs_do_not_stop_the_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        touch(&at("a.png"));
        let inputs = [at("none.png"), at("a.png"), at("nowhere")];
        let plan = plan(&request(&inputs, Some(&at("out")))).expect("a plan");
        assert_eq!(plan.items.len(), 1);
        let failed: Vec<_> = plan.failed.iter().map(|(p, _)| p.clone()).collect();
        assert_eq!(failed, [at("none.png"), at("nowhere")]);
    }
}
