//! A folder of your own: one folder of image files for each class.
//!
//! # Images
//! All of one size, or resized: with a size `n`, each image is scaled (Catmull-Rom) until its
//! shorter side is `n` and cut to the middle `n`×`n`. Grey if every file is grey, otherwise red,
//! green, blue. EXIF orientation is applied, an alpha channel is dropped, 16-bit values are scaled
//! to 8. Of an animation the first picture is taken.
//!
//! # Files
//! `train/<class>/<image>` and `test/<class>/<image>` (or `val`; `test` goes first if it has
//! folders of classes). Images end in png, jpg, jpeg, bmp, tif, tiff, webp, gif, ppm or pgm, in any
//! case; the content decides the format. Other files, hidden ones and deeper folders are left out.
//! Classes are numbered by name. A file that is no image, or is damaged, empty or cut short, is an
//! error, never a grey or half image.
//!
//! # Split
//! As the folders say. Every class of the test split must be one of the train split.
//!
//! # Licence
//! Your own affair.
//!
//! # When to use / when not
//! For any images of your own, and for ImageNet with a size. Sets that need more memory than the
//! limit (2 GiB by default, for decoded images) are decoded whenever a batch asks for them.
//!
//! # Reference
//! None.

use std::path::Path;

use super::{Source, page};
use crate::dataset::{Dataset, DatasetInfo, OpenOptions};
use crate::error::DataError;
use crate::folder;
use crate::verify::VerifyReport;

pub(super) const SET: ImageFolder = ImageFolder;

pub(super) struct ImageFolder;

const KEY: &str = "image-folder";

impl Source for ImageFolder {
    fn info(&self) -> DatasetInfo {
        DatasetInfo {
            key: KEY,
            title: "a folder of images for each class",
            classes: None,
            shape: None,
            train: None,
            test: None,
            needs_dir: true,
            can_fetch: false,
            licence: "that of the images",
            source_url: "",
            page: page(include_str!("image_folder.rs")),
            bibtex: None,
        }
    }

    fn open(&self, options: &OpenOptions) -> Result<Dataset, DataError> {
        let scan = folder::scan(needed(options.dir.as_deref())?)?;
        let [train, test] = folder::open(&scan, options)?;
        Dataset {
            name: KEY.to_owned(),
            classes: scan.classes,
            shape: train.shape(),
            train,
            test,
            attribution: format!("images in {}", scan.root.display()),
            citation: None,
        }
        .checked()
    }

    fn verify(&self, dir: Option<&Path>) -> Result<VerifyReport, DataError> {
        let scan = folder::scan(needed(dir)?)?;
        let mut report = VerifyReport::new(KEY, Some(&scan.root));
        let [train, test] = scan.parts.each_ref().map(|files| {
            let mut counts = vec![0; scan.classes.len()];
            files
                .iter()
                .for_each(|(_, label)| counts[usize::from(*label)] += 1);
            counts
        });
        report.problems = folder::all_bad(&scan)
            .iter()
            .map(ToString::to_string)
            .collect();
        if report.problems.is_empty() {
            let sizes = folder::sizes(&folder::headers(&scan)?);
            if sizes.len() > 1 {
                let note = format!("the images have {} sizes, so a size is needed", sizes.len());
                report.notes.push(note);
            }
        }
        for (class, _) in test.iter().enumerate().filter(|(_, n)| **n == 0) {
            let name = &scan.classes[class];
            report
                .notes
                .push(format!("class {class} ({name}) has no test images"));
        }
        [report.train_counts, report.test_counts] = [train, test];
        Ok(report)
    }
}

fn needed(dir: Option<&Path>) -> Result<&Path, DataError> {
    dir.ok_or(DataError::NeedsDirectory {
        name: KEY,
        can_fetch: false,
    })
}
