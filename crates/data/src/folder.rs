//! How do the files of a set of images become two splits of one shape?
//!
//! This is the machinery behind the data sets `image-folder` and `image-list`; the page of the first says what a person
//! sees.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::checks::{VerifyReport, Watch};
use crate::dataset::{Chosen, Dataset};
use crate::error::{BadImage, DataError};
use crate::files::{FileStore, Fit};
use crate::image_file::{self, check_resize, decode};
use crate::scan::Scan;
use crate::split::Split;
use crate::view::LONGEST;
use crate::{ImageShape, OpenOptions};
use timestep_picture::Header;

/// Images of one size keep it up to this many pixels a side.
const KEPT: u32 = 128;

/// The size of images that differ in size, or are large: their smallest side, in eights, from 32 to 64.
fn usual_size(smallest: u32) -> usize {
    (smallest / 8 * 8).clamp(32, 64) as usize
}

/// Opens the files of a scan as the data set `name`.
pub(crate) fn dataset(
    name: &'static str,
    mut scan: Scan,
    options: &OpenOptions,
    watch: Watch<'_>,
) -> Result<Dataset, DataError> {
    let given = fit(options.size, options.resize)?;
    let of = scan.len();
    let headers = headers(&mut scan)?;
    bearable(&scan.skipped, of)?;
    let channels = channels(&scan, &headers)?;
    let mut notes = Vec::new();
    let sizes = sizes(&headers);
    let (fit, shape, size) = match options.size {
        Some(n) => (given, ImageShape::new(channels, n, n), None),
        None => match kept_size(&sizes) {
            Some((w, h)) => (
                Fit::Exact,
                ImageShape::new(channels, h as usize, w as usize),
                None,
            ),
            None => {
                let smallest = sizes.keys().map(|(w, h)| *w.min(h)).min().unwrap_or(0);
                let n = usual_size(smallest);
                notes.push(format!(
                    "images of {} whose smallest side has {smallest} pixels: all are resized and cropped to {n}×{n} \
                     (`--size` sets another size)",
                    match sizes.len() {
                        1 => "one size".to_owned(),
                        many => format!("{many} sizes"),
                    }
                ));
                (Fit::Cover, ImageShape::new(channels, n, n), Some(n))
            }
        },
    };
    let grey = grey(&headers);
    if channels == 3 && grey > 0 {
        notes.push(format!(
            "grey images among those in colour: {grey}, shown in all three channels"
        ));
    }
    let stores = [0, 1].map(|p| {
        let files = scan.parts[p].iter().zip(&headers[p]);
        let files = files.map(|((path, _), h)| (path.clone(), h.bytes));
        FileStore::new(shape, fit, scan.root.clone(), files.collect())
    });
    let images = scan.len() as u64;
    let small = images.saturating_mul(shape.len() as u64) <= options.memory_limit;
    let [train_labels, test_labels] =
        (scan.parts.each_ref()).map(|files| files.iter().map(|f| f.1).collect::<Vec<_>>());
    let [train, test] = stores;
    let mut splits = [
        Split::from_files(train, train_labels),
        Split::from_files(test, test_labels),
    ];
    if small && !options.full {
        splits = load(&splits, &mut scan.skipped, watch)?;
        bearable(&scan.skipped, of)?;
    }
    if !scan.skipped.is_empty() {
        notes.push(left_out(&scan.skipped, of));
    }
    let [train, test] = splits;
    if let Some(rule) = scan.held_out {
        notes.insert(0, rule.note(train.len(), test.len()));
    }
    Dataset {
        name: name.to_owned(),
        classes: scan.classes,
        shape,
        train,
        test,
        attribution: format!("images in {}", scan.root.display()),
        citation: None,
        chosen: Chosen {
            size,
            held_out: scan.held_out.map(|rule| rule.share),
        },
        notes,
    }
    .checked()
}

/// Reports all that is wrong with the files of a scan.
pub(crate) fn verify(
    name: &'static str,
    folder: &Path,
    mut scan: Scan,
    watch: Watch<'_>,
) -> Result<VerifyReport, DataError> {
    let mut report = VerifyReport::new(name, Some(folder));
    let counts = scan.parts.each_ref().map(|files| {
        let mut counts = vec![0; scan.classes.len()];
        files
            .iter()
            .for_each(|(_, label)| counts[usize::from(*label)] += 1);
        counts
    });
    report.problems = all_bad(&scan, watch)
        .iter()
        .map(ToString::to_string)
        .collect();
    if report.problems.is_empty() {
        let headers = headers(&mut scan)?;
        match (channels(&scan, &headers), grey(&headers)) {
            (Err(mixed), _) => report.problems.push(mixed.to_string()),
            (Ok(3), grey @ 1..) => report.notes.push(format!(
                "grey images among those in colour: {grey}, shown in all three channels"
            )),
            _ => {}
        }
        let sizes = sizes(&headers);
        if sizes.len() > 1 {
            report.notes.push(format!(
                "the images have {} sizes and are made one: `--size` sets it",
                sizes.len()
            ));
        }
    }
    if let Some(rule) = scan.held_out {
        let [train, test] = scan.parts.each_ref().map(Vec::len);
        report.notes.push(rule.note(train, test));
    }
    let [train, test] = counts;
    for (class, _) in test.iter().enumerate().filter(|(_, n)| **n == 0) {
        let name = &scan.classes[class];
        report
            .notes
            .push(format!("class {class} ({name}) has no test images"));
    }
    [report.train_counts, report.test_counts] = [train, test];
    Ok(report)
}

/// Refuses a set of which a hundredth or more cannot be read.
fn bearable(skipped: &[BadImage], of: usize) -> Result<(), DataError> {
    if 100 * skipped.len() < of {
        return Ok(());
    }
    DataError::bad_images(skipped.to_vec(), of).map_or(Ok(()), Err)
}

/// What is said of files that are left out: every one is named.
fn left_out(skipped: &[BadImage], of: usize) -> String {
    let named: Vec<String> = skipped.iter().map(ToString::to_string).collect();
    format!(
        "{} of {of} image files cannot be used and are left out: {}",
        skipped.len(),
        named.join("; ")
    )
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

/// Decodes both splits into memory, but for files that cannot be read.
fn load(
    splits: &[Split; 2],
    skipped: &mut Vec<BadImage>,
    watch: Watch<'_>,
) -> Result<[Split; 2], DataError> {
    let all = splits.iter().map(Split::len).sum();
    let done = AtomicUsize::new(0);
    let next = || watch(1 + done.fetch_add(1, Ordering::Relaxed), all);
    let mut one = |split: &Split| {
        let (pixels, bad) = split.fetch_readable(&next)?;
        let good = |i: &usize| bad.binary_search_by_key(i, |(at, _)| *at).is_err();
        let kept: Vec<usize> = (0..split.len()).filter(good).collect();
        let labels = kept.iter().map(|&i| split.label(i)).collect();
        let name = |&i: &usize| split.name(i).map(Path::to_owned).unwrap_or_default();
        let names = kept.iter().map(name).collect();
        skipped.extend(bad.into_iter().map(|(_, bad)| bad));
        Ok(Split::from_pixels(split.shape(), pixels, labels)?.named(names))
    };
    Ok([one(&splits[0])?, one(&splits[1])?])
}

/// The heads of all files; those that have none are taken out of the scan and noted.
fn headers(scan: &mut Scan) -> Result<[Vec<Header>; 2], DataError> {
    let root = &scan.root;
    let mut bad = Vec::new();
    let heads = scan.parts.each_mut().map(|files| {
        let read: Vec<_> = files
            .par_iter()
            .map(|(path, _)| image_file::header(&root.join(path)))
            .collect();
        let mut good = Vec::with_capacity(files.len());
        let mut kept = Vec::with_capacity(files.len());
        for (head, file) in read.into_iter().zip(std::mem::take(files)) {
            match head {
                Ok(head) => {
                    good.push(head);
                    kept.push(file);
                }
                Err(b) => bad.push(b),
            }
        }
        *files = kept;
        good
    });
    scan.skipped.extend(bad);
    if scan.len() == 0 {
        let skipped = std::mem::take(&mut scan.skipped);
        let of = skipped.len();
        return DataError::bad_images(skipped, of).map_or(Ok(heads), Err);
    }
    Ok(heads)
}

/// Images that are grey.
fn grey(headers: &[Vec<Header>; 2]) -> usize {
    headers.iter().flatten().filter(|h| h.grey).count()
}

/// One channel if all images are grey, three if most are in colour: ImageNet has a few grey ones. If
/// grey ones are the majority or the half, nobody can tell which was meant.
fn channels(scan: &Scan, headers: &[Vec<Header>; 2]) -> Result<usize, DataError> {
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

/// The size of all images, if it is one and not large.
fn kept_size(sizes: &BTreeMap<(u32, u32), usize>) -> Option<(u32, u32)> {
    let (size, _) = sizes.first_key_value()?;
    (sizes.len() == 1 && size.0.max(size.1) <= KEPT).then_some(*size)
}

/// Images of each width × height, in order of size.
fn sizes(headers: &[Vec<Header>; 2]) -> BTreeMap<(u32, u32), usize> {
    let mut sizes = BTreeMap::new();
    for head in headers.iter().flatten() {
        *sizes.entry((head.width, head.height)).or_default() += 1;
    }
    sizes
}

/// Decodes every file without keeping it; all the bad ones.
fn all_bad(scan: &Scan, watch: Watch<'_>) -> Vec<BadImage> {
    let files: Vec<&PathBuf> = scan.files().map(|f| &f.0).collect();
    let done = AtomicUsize::new(0);
    let bad = |path: &&PathBuf| {
        let bad = decode(&scan.root.join(path)).err();
        watch(1 + done.fetch_add(1, Ordering::Relaxed), files.len());
        bad
    };
    files.par_iter().filter_map(bad).collect()
}
