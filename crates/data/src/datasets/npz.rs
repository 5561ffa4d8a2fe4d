//! Pictures in NumPy's `.npz`: an array of images and an array of labels.
//!
//! # Images
//! Of type `uint8`, all of one size, at which they are used: `N×H×W` grey, `N×H×W×1`, `N×H×W×3` (RGB, as Pillow and
//! `matplotlib` have it) or `N×3×H×W` (as PyTorch has it).
//!
//! # Files
//! One file, written by `numpy.savez` or `savez_compressed`. It holds `images` and `labels`, or `train_images`, `train_labels`,
//! `test_images` and `test_labels` (as MedMNIST has them), or `x_train`, `y_train`, `x_test` and `y_test` (as Keras has them).
//! Labels are whole numbers from 0, `N` of them or `N×1`. An array `classes` of text names the classes; without it they are called by
//! their numbers. Other arrays are left out. The arrays may take 2 GiB.
//!
//! ```sh
//! python3 -c "import numpy as np; np.savez('shapes.npz', images=images, labels=labels)"
//! timestep train shapes.npz
//! ```
//!
//! # Split
//! As the arrays say. Where there are `images` and `labels` only, a fifth of each class is held out as test images, or the share
//! `data.held_out`: those whose SHA-256 of seed (`data.split_seed`) and place in the array, written in digits, comes first.
//!
//! # Licence
//! Your own affair.
//!
//! # When to use / when not
//! For images that a program made, and for published sets in this form. Photographs of several sizes belong in a folder
//! (`image-folder`).
//!
//! # Reference
//! None.

use std::path::Path;

use timestep_registry::{Facts, Kind};

use crate::ImageShape;
use crate::checks::{VerifyReport, Watch};
use crate::dataset::{Chosen, Dataset, DatasetInfo, OpenOptions};
use crate::error::DataError;
use crate::hold_out::HoldOut;
use crate::npy::{Archive, Array, damaged};
use crate::scan::check_classes;
use crate::split::Split;

const KEY: &str = "npz";

/// Names of images and labels to learn from, and to measure with.
const NAMES: [([&str; 2], Option<[&str; 2]>); 3] = [
    (["images", "labels"], None),
    (
        ["train_images", "train_labels"],
        Some(["test_images", "test_labels"]),
    ),
    (["x_train", "y_train"], Some(["x_test", "y_test"])),
];

pub(super) static FACTS: DatasetInfo = DatasetInfo {
    named: Facts::new(
        Kind::Data,
        KEY,
        "images and labels in a file of NumPy",
        include_str!("npz.rs"),
    ),
    classes: None,
    shape: None,
    train: None,
    test: None,
    mirrors: true,
    needs_dir: true,
    resizes: false,
    licence: "that of the images",
    source_url: "",
    open,
    verify,
    archive: None,
};

/// Reads and checks the file.
fn open(options: &OpenOptions, _watch: Watch<'_>) -> Result<Dataset, DataError> {
    let path = FACTS.needed(options.dir.as_deref())?;
    let mut archive = Archive::open(path, options.memory_limit)?;
    let found = archive.names();
    let has = |names: &[&str; 2]| names.iter().all(|name| found.iter().any(|f| f == name));
    let Some((train, test)) = NAMES.iter().find(|(train, _)| has(train)) else {
        return Err(damaged(
            path,
            format!("holds no `images` and `labels`, only {}", shown(&found)),
        ));
    };
    let whole = pair(&mut archive, path, train)?;
    if let Some(size) = options.size.or(options.resize) {
        return Err(DataError::FixedSize {
            name: KEY,
            shape: whole.shape(),
            size,
        });
    }
    let test = match test {
        Some(names) if has(names) => Some(pair(&mut archive, path, names)?),
        _ => None,
    };
    if test
        .as_ref()
        .is_some_and(|test| test.shape() != whole.shape())
    {
        return Err(damaged(path, "has test images of another size".into()));
    }
    let named = match archive.array("classes")? {
        Some(array) => Some(
            array
                .texts()
                .ok_or_else(|| damaged(path, "has an array `classes` that is no text".into()))?,
        ),
        None => None,
    };
    let labels = whole.labels().iter();
    let labels = labels.chain(test.iter().flat_map(|test| test.labels()));
    let most = labels.max().map_or(0, |most| usize::from(*most) + 1);
    let classes = match named {
        Some(names) if names.len() < most => {
            let problem = format!("names {} classes, and there are {most}", names.len());
            return Err(damaged(path, problem));
        }
        Some(names) => names,
        None => (0..most).map(|class| class.to_string()).collect(),
    };
    check_classes(path, &classes, "there must be at least two classes")?;
    let (train, test, chosen, notes) = match test {
        Some(_) if options.splits() => {
            return Err(DataError::OwnTest {
                what: format!("{} has test images", path.display()),
            });
        }
        Some(test) => (whole, test, Chosen::default(), Vec::new()),
        None => {
            let rule = HoldOut::new(options)?;
            let held = rule.choose(path, &classes, whole.labels(), |i| i.to_string())?;
            let part = |wanted| {
                let numbers = (0_u32..).zip(&held).filter(|(_, held)| **held == wanted);
                whole.subset(&numbers.map(|(i, _)| i).collect::<Vec<_>>())
            };
            let (train, test) = (part(false)?, part(true)?);
            let notes = vec![rule.note(train.len(), test.len())];
            let chosen = Chosen {
                held_out: Some(rule.share),
                size: None,
            };
            (train, test, chosen, notes)
        }
    };
    Dataset {
        name: KEY.to_owned(),
        classes,
        shape: train.shape(),
        train,
        test,
        attribution: format!("images in {}", path.display()),
        citation: None,
        chosen,
        notes,
    }
    .checked()
}

/// Reports what is wrong with it.
fn verify(dir: Option<&Path>, _watch: Watch<'_>) -> Result<VerifyReport, DataError> {
    let path = FACTS.needed(dir)?;
    let set = open(&OpenOptions::in_dir(path), &|_, _| ())?;
    let mut report = VerifyReport::new(KEY, Some(path));
    report.train_counts = set.train.class_counts(set.classes.len());
    report.test_counts = set.test.class_counts(set.classes.len());
    report.notes = set.notes;
    Ok(report)
}

/// Images and their labels.
fn pair(archive: &mut Archive, path: &Path, names: &[&str; 2]) -> Result<Split, DataError> {
    let mut array = |name: &str| {
        let missing = || damaged(path, format!("holds no `{name}`"));
        archive.array(name)?.ok_or_else(missing)
    };
    let (images, labels) = (array(names[0])?, array(names[1])?);
    let wrong =
        |i: usize, what: String| damaged(path, format!("has an array `{}` {what}", names[i]));
    let numbers = labels
        .whole()
        .ok_or_else(|| wrong(1, format!("of type `{}`", labels.kind)))?;
    if !matches!(labels.shape[..], [_] | [_, 1]) {
        return Err(wrong(1, format!("of {:?}", labels.shape)));
    }
    let label = |number: &i64| u16::try_from(*number).map_err(|_| *number);
    let numbers: Result<Vec<u16>, i64> = numbers.iter().map(label).collect();
    let numbers = numbers.map_err(|n| wrong(1, format!("with the label {n}")))?;
    if images.kind != "u1" {
        return Err(wrong(
            0,
            format!("of type `{}`, not `u1` (uint8)", images.kind),
        ));
    }
    let shape = images.shape.clone();
    let (count, shape, pixels) = planar(images).ok_or_else(|| wrong(0, format!("of {shape:?}")))?;
    if count != numbers.len() || count == 0 {
        let problem = format!("holds {count} images and {} labels", numbers.len());
        return Err(damaged(path, problem));
    }
    Split::from_pixels(shape, pixels, numbers)
}

/// Images channel by channel; `None` for arrays that are no images.
fn planar(images: Array) -> Option<(usize, ImageShape, Vec<u8>)> {
    let (count, shape, interleaved) = match images.shape[..] {
        [n, h, w] | [n, h, w, 1] => (n, ImageShape::new(1, h, w), false),
        [n, h, w, 3] => (n, ImageShape::new(3, h, w), true),
        [n, c @ (1 | 3), h, w] => (n, ImageShape::new(c, h, w), false),
        _ => return None,
    };
    let plane = shape.plane();
    if plane == 0 {
        return None;
    }
    if !interleaved {
        return Some((count, shape, images.bytes));
    }
    let mut pixels = vec![0; images.bytes.len()];
    for (to, from) in pixels
        .chunks_exact_mut(3 * plane)
        .zip(images.bytes.chunks_exact(3 * plane))
    {
        for (i, rgb) in from.chunks_exact(3).enumerate() {
            (0..3).for_each(|c| to[c * plane + i] = rgb[c]);
        }
    }
    Some((count, shape, pixels))
}

/// The first of some names, in quotes.
fn shown(names: &[String]) -> String {
    let first: Vec<String> = names.iter().take(8).map(|n| format!("`{n}`")).collect();
    match (first.is_empty(), names.len() > first.len()) {
        (true, _) => "nothing".to_owned(),
        (_, true) => first.join(", ") + ", …",
        _ => first.join(", "),
    }
}
