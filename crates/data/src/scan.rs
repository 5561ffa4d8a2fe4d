//! Which image files does a data set have, of which class is each, and which are for testing?
//!
//! Folders of classes are listed here, files that a list names in [`image_list`](crate::datasets); no image is opened yet.

use std::fs;
use std::path::{Path, PathBuf};

use crate::OpenOptions;
use crate::error::{BadImage, DataError};
use crate::hold_out::HoldOut;
use timestep_picture::is_image_name;

/// The files of a set of images, before any is opened.
#[derive(Debug)]
pub(crate) struct Scan {
    /// What the paths are relative to.
    pub(crate) root: PathBuf,
    pub(crate) classes: Vec<String>,
    /// Train and test; path below the root and label of each file.
    pub(crate) parts: [Vec<(PathBuf, u16)>; 2],
    /// How test images were chosen, where the data does not say which they are.
    pub(crate) held_out: Option<HoldOut>,
    /// Files that cannot be read and are left out.
    pub(crate) skipped: Vec<BadImage>,
}

impl Scan {
    /// All files, those of the test split last.
    pub(crate) fn files(&self) -> impl Iterator<Item = &(PathBuf, u16)> {
        self.parts.iter().flatten()
    }

    /// Number of files, without those that were left out.
    pub(crate) fn len(&self) -> usize {
        self.parts.iter().map(Vec::len).sum()
    }
}

fn layout(path: &Path, problem: String, hint: &str) -> DataError {
    DataError::Layout {
        path: path.to_owned(),
        problem,
        hint: hint.to_owned(),
    }
}

/// Lists the files of a folder; the layout is checked, the contents are not.
pub(crate) fn scan(root: &Path, options: &OpenOptions) -> Result<Scan, DataError> {
    if !root.is_dir() {
        return Err(DataError::FolderMissing {
            path: root.to_owned(),
            exists: root.exists(),
        });
    }
    if root.join("train").is_dir() {
        return divided(root, options);
    }
    let below = subfolders(root)?;
    let classes: Vec<String> = (below.iter())
        .filter(|name| holds_images(&root.join(name)))
        .cloned()
        .collect();
    let hint = "put the images of each class in a folder of its own, named like the class";
    check_classes(root, &classes, hint)?;
    if let Some(held) = ["test", "val"]
        .iter()
        .find(|n| classes.iter().any(|c| c == *n))
    {
        let problem = format!("has a folder `{held}` of images beside folders of classes");
        let hint = "move the images to `train/<class>` and `test/<class>`, or the folder away";
        return Err(layout(root, problem, hint));
    }
    let all = list(root, "", &classes, &classes)?;
    let rule = HoldOut::new(options)?;
    let parts = rule.divide(root, &classes, all)?;
    Ok(Scan {
        root: root.to_owned(),
        classes,
        parts,
        held_out: Some(rule),
        skipped: Vec::new(),
    })
}

/// Refuses too few classes, and more than labels can number.
pub(crate) fn check_classes(at: &Path, classes: &[String], hint: &str) -> Result<(), DataError> {
    let problem = match classes {
        [] => "holds no folders of classes".to_owned(),
        [only] => format!("holds one class only, `{only}`"),
        many if many.len() > usize::from(u16::MAX) + 1 => {
            let problem = format!("holds {} classes, and 65536 are the most", many.len());
            return Err(layout(at, problem, "merge classes"));
        }
        _ => return Ok(()),
    };
    Err(layout(at, problem, hint))
}

/// A folder that says itself which images are for testing.
fn divided(root: &Path, options: &OpenOptions) -> Result<Scan, DataError> {
    let train = root.join("train");
    let classes = subfolders(&train)?;
    let hint = "put the images of each class in a folder of its own";
    check_classes(&train, &classes, hint)?;
    // ImageNet has an unlabelled `test` beside the labelled `val`.
    let labelled = |name: &&str| subfolders(&root.join(name)).is_ok_and(|c| !c.is_empty());
    let Some(held) = ["test", "val"].iter().find(|n| labelled(n)) else {
        let problem = "has no folder `test` or `val` with folders of classes".to_owned();
        let hint = "give the folder `train` itself: a fifth of each class is then held out to measure with";
        return Err(layout(root, problem, hint));
    };
    if options.splits() {
        return Err(DataError::OwnTest {
            what: format!("{} has a folder `{held}`", root.display()),
        });
    }
    let test_classes = subfolders(&root.join(held))?;
    let unknown: Vec<String> = test_classes
        .iter()
        .filter(|c| classes.binary_search(c).is_err())
        .cloned()
        .collect();
    if !unknown.is_empty() {
        let problem = format!("has classes that `train` lacks: {}", few(&unknown));
        let hint = "a class must have images to learn from";
        return Err(layout(&root.join(held), problem, hint));
    }
    let train_files = list(root, "train", &classes, &classes)?;
    let test_files = list(root, held, &test_classes, &classes)?;
    Ok(Scan {
        root: root.to_owned(),
        classes,
        parts: [train_files, test_files],
        held_out: None,
        skipped: Vec::new(),
    })
}

/// Whether there are image files directly in a folder.
fn holds_images(folder: &Path) -> bool {
    entries(folder).is_ok_and(|all| all.iter().any(|path| is_image_name(path) && !path.is_dir()))
}

/// The images of each class folder, sorted by name; an empty class is an error.
fn list(
    root: &Path,
    part: &str,
    folders: &[String],
    classes: &[String],
) -> Result<Vec<(PathBuf, u16)>, DataError> {
    let mut files = Vec::new();
    let mut empty = Vec::new();
    for class in folders {
        let place = Path::new(part).join(class);
        let mut names: Vec<PathBuf> = entries(&root.join(&place))?
            .into_iter()
            .filter(|path| is_image_name(path) && !path.is_dir())
            .filter_map(|path| path.file_name().map(|name| place.join(name)))
            .collect();
        names.sort();
        if names.is_empty() {
            empty.push(class.clone());
        }
        // `scan` has checked that the class exists and that all labels fit 16 bits.
        let label = classes.binary_search(class).unwrap_or_default() as u16;
        files.extend(names.into_iter().map(|name| (name, label)));
    }
    if empty.is_empty() {
        return Ok(files);
    }
    let problem = if files.is_empty() {
        "holds no images at all".to_owned()
    } else {
        format!("has classes without images: {}", few(&empty))
    };
    Err(DataError::Layout {
        path: root.join(part),
        problem,
        hint: "images end in png, jpg, jpeg, bmp, tif, tiff, webp, gif, ppm or pgm and lie \
            directly in the folder of their class"
            .to_owned(),
    })
}

/// Names of the folders in a folder, sorted; hidden ones are left out.
fn subfolders(folder: &Path) -> Result<Vec<String>, DataError> {
    let mut names = Vec::new();
    for path in entries(folder)?.iter().filter(|path| path.is_dir()) {
        let Some(name) = path.file_name() else {
            continue;
        };
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // Names of classes are written into weights and tables, as text.
        let Some(text) = name.to_str() else {
            return Err(DataError::Layout {
                path: folder.to_owned(),
                problem: format!("has a folder whose name is not UTF-8: {name:?}"),
                hint: "rename it: the name of a class is text".to_owned(),
            });
        };
        names.push(text.to_owned());
    }
    names.sort();
    Ok(names)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let fail = |e| DataError::io("read", folder, e);
    let read = fs::read_dir(folder).map_err(fail)?;
    read.map(|entry| entry.map(|e| e.path()).map_err(fail))
        .collect()
}

/// The first names of a list, quoted.
fn few(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|n| format!("`{n}`")).collect();
    let rest = names.len() - shown.len();
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    shown.join(", ") + &more
}
