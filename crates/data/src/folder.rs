//! How is a folder of classes scanned, checked and turned into two splits?
//!
//! This is the machinery behind the data set `image-folder`; its page says what a person sees.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::error::{BadImage, DataError};
use crate::files::{FileStore, Fit};
use crate::image_file::{self, check_resize, decode};
use crate::split::Split;
use crate::view::LONGEST;
use crate::{ImageShape, OpenOptions};
use timestep_picture::{Header, is_image_name};

/// The files of a folder of classes, before any is opened.
pub(crate) struct Scan {
    pub(crate) root: PathBuf,
    pub(crate) classes: Vec<String>,
    /// Train and test; path below the root and label of each file.
    pub(crate) parts: [Vec<(PathBuf, u16)>; 2],
}

/// Lists the files; the layout is checked, the contents are not.
pub(crate) fn scan(root: &Path) -> Result<Scan, DataError> {
    if !root.is_dir() {
        return Err(DataError::FolderMissing {
            path: root.to_owned(),
            exists: root.exists(),
        });
    }
    let layout = |path: &Path, problem: String, hint: &str| DataError::Layout {
        path: path.to_owned(),
        problem,
        hint: hint.to_owned(),
    };
    let below = subfolders(root)?;
    let train = root.join("train");
    if !train.is_dir() {
        let found = if below.is_empty() {
            String::new()
        } else {
            format!(", only {}", few(&below))
        };
        let hint = "the folder must hold `train/<class>/<image>` and `test/<class>/<image>`";
        return Err(layout(root, format!("has no folder `train`{found}"), hint));
    }
    let classes = subfolders(&train)?;
    if classes.len() < 2 {
        let problem = match classes.first() {
            Some(only) => format!("holds one class only, `{only}`"),
            None => "holds no folders of classes".to_owned(),
        };
        return Err(layout(
            &train,
            problem,
            "put the images of each class in a folder of its own",
        ));
    }
    if classes.len() > usize::from(u16::MAX) + 1 {
        let problem = format!("holds {} classes, and 65536 are the most", classes.len());
        return Err(layout(&train, problem, "merge classes"));
    }
    // ImageNet has an unlabelled `test` beside the labelled `val`.
    let labelled = |name: &&str| subfolders(&root.join(name)).is_ok_and(|c| !c.is_empty());
    let Some(held) = ["test", "val"].iter().find(|n| labelled(n)) else {
        let problem = "has no folder `test` or `val` with folders of classes".to_owned();
        let hint = "move a part of each class from `train` to `test`, say every fifth image";
        return Err(layout(root, problem, hint));
    };
    let test_classes = subfolders(&root.join(held))?;
    let unknown: Vec<String> = test_classes
        .iter()
        .filter(|c| classes.binary_search(c).is_err())
        .cloned()
        .collect();
    if !unknown.is_empty() {
        let problem = format!("has classes that `train` lacks: {}", few(&unknown));
        return Err(layout(
            &root.join(held),
            problem,
            "a class must have images to learn from",
        ));
    }
    let train_files = list(root, "train", &classes, &classes)?;
    let test_files = list(root, held, &test_classes, &classes)?;
    Ok(Scan {
        root: root.to_owned(),
        classes,
        parts: [train_files, test_files],
    })
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

/// Reads the heads of all files and agrees on one shape.
pub(crate) fn open(scan: &Scan, options: &OpenOptions) -> Result<[Split; 2], DataError> {
    let fit = fit(options.size, options.resize)?;
    let headers = headers(scan)?;
    let channels = channels(scan, &headers)?;
    let shape = match options.size {
        Some(n) => ImageShape::new(channels, n, n),
        None => common_size(scan, &headers, channels)?,
    };
    let stores = [0, 1].map(|p| {
        let files = scan.parts[p].iter().zip(&headers[p]);
        let files = files.map(|((path, _), h)| (path.clone(), h.bytes));
        FileStore::new(shape, fit, scan.root.clone(), files.collect())
    });
    let labels = scan
        .parts
        .each_ref()
        .map(|files| files.iter().map(|f| f.1).collect::<Vec<_>>());
    let images = labels.iter().map(|l| l.len() as u64).sum::<u64>();
    let small = images.saturating_mul(shape.len() as u64) <= options.memory_limit;
    let [train, test] = stores;
    let [train_labels, test_labels] = labels;
    let train = Split::from_files(train, train_labels);
    let test = Split::from_files(test, test_labels);
    if small && !options.full {
        load([train, test], images as usize)
    } else {
        Ok([train, test])
    }
}

/// How images come to the size of the network's input, once the options are in range.
fn fit(size: Option<usize>, resize: Option<usize>) -> Result<Fit, DataError> {
    let bad = |option, value: usize, expected: &str| DataError::BadOption {
        option,
        value: value.to_string(),
        expected: expected.to_owned(),
    };
    match (size, resize) {
        (Some(n), _) if !(1..=LONGEST).contains(&n) => {
            Err(bad("the size", n, "between 1 and 16384 pixels"))
        }
        (None, Some(shorter)) => Err(bad(
            "the shorter side to resize to",
            shorter,
            "given together with a size, which is cut from the resized image",
        )),
        (None, None) => Ok(Fit::Exact),
        (Some(_), None) => Ok(Fit::Cover),
        (Some(n), Some(shorter)) => {
            check_resize(shorter, n)?;
            Ok(Fit::Shorter(shorter))
        }
    }
}

/// Decodes both splits into memory; all bad files of both are gathered in one error.
fn load(splits: [Split; 2], images: usize) -> Result<[Split; 2], DataError> {
    let mut bad = Vec::new();
    let mut total = 0;
    let mut loaded = Vec::with_capacity(2);
    for split in &splits {
        let all: Vec<u32> = (0..split.len() as u32).collect();
        match split.fetch(&all) {
            Ok(pixels) => {
                loaded.push(Split::from_pixels(
                    split.shape(),
                    pixels,
                    split.labels().to_vec(),
                )?);
            }
            Err(DataError::BadImages {
                total: n, bad: b, ..
            }) => {
                total += n;
                bad.extend(b);
            }
            Err(other) => return Err(other),
        }
    }
    bad.truncate(DataError::SHOWN);
    <[Split; 2]>::try_from(loaded).map_err(|_| DataError::BadImages {
        total,
        of: images,
        bad,
    })
}

pub(crate) fn headers(scan: &Scan) -> Result<[Vec<Header>; 2], DataError> {
    let mut bad = Vec::new();
    let heads = scan.parts.each_ref().map(|files| {
        let read = files
            .par_iter()
            .map(|(path, _)| image_file::header(&scan.root.join(path)));
        let mut good = Vec::with_capacity(files.len());
        for head in read.collect::<Vec<_>>() {
            match head {
                Ok(head) => good.push(head),
                Err(b) => bad.push(b),
            }
        }
        good
    });
    let of = scan.parts.iter().map(Vec::len).sum();
    DataError::bad_images(bad, of).map_or(Ok(heads), Err)
}

/// Images that are grey.
pub(crate) fn grey(headers: &[Vec<Header>; 2]) -> usize {
    headers.iter().flatten().filter(|h| h.grey).count()
}

/// One channel if all images are grey, three if most are in colour: ImageNet has a few grey ones. If
/// grey ones are the majority or the half, nobody can tell which was meant.
pub(crate) fn channels(scan: &Scan, headers: &[Vec<Header>; 2]) -> Result<usize, DataError> {
    let of = headers.iter().map(Vec::len).sum();
    let grey = grey(headers);
    if grey == of {
        return Ok(1);
    }
    if 2 * grey < of {
        return Ok(3);
    }
    let mut all = scan.parts.iter().flatten().zip(headers.iter().flatten());
    let example = all.find(|(_, head)| head.grey);
    Err(DataError::MostlyGrey {
        folder: scan.root.clone(),
        grey,
        of,
        example: example.map_or_else(PathBuf::new, |(file, _)| file.0.clone()),
    })
}

/// The one size of all images, or the error that names two files.
fn common_size(
    scan: &Scan,
    headers: &[Vec<Header>; 2],
    channels: usize,
) -> Result<ImageShape, DataError> {
    let mut all = scan.parts.iter().flatten().zip(headers.iter().flatten());
    // `scan` refuses a folder without images.
    let Some(first) = all.next() else {
        return Err(DataError::NoImages { purpose: "open" });
    };
    let name = |(file, head): (&(PathBuf, u16), &Header)| {
        (scan.root.join(&file.0), head.width, head.height)
    };
    let other = all.find(|x| (x.1.width, x.1.height) != (first.1.width, first.1.height));
    match other {
        Some(other) => Err(DataError::MixedSizes {
            first: name(first),
            second: name(other),
        }),
        None => Ok(ImageShape::new(
            channels,
            first.1.height as usize,
            first.1.width as usize,
        )),
    }
}

/// Images of each width × height, in order of size.
pub(crate) fn sizes(headers: &[Vec<Header>; 2]) -> BTreeMap<(u32, u32), usize> {
    let mut sizes = BTreeMap::new();
    for head in headers.iter().flatten() {
        *sizes.entry((head.width, head.height)).or_default() += 1;
    }
    sizes
}

/// Decodes every file without keeping it; all the bad ones.
pub(crate) fn all_bad(scan: &Scan) -> Vec<BadImage> {
    let files: Vec<&PathBuf> = scan.parts.iter().flatten().map(|f| &f.0).collect();
    files
        .par_iter()
        .filter_map(|path| decode(&scan.root.join(path)).err())
        .collect()
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
