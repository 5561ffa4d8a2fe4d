//! A folder of your own: one folder of image files for each class.
//!
//! # Images
//! All of one size, or resized: with a size `n`, each image is scaled (Catmull-Rom) until its
//! shorter side is `n` and cut to the middle `n`×`n`. Grey if every file is grey. Otherwise red, green,
//! blue, and a grey file among them is shown in all three channels (ImageNet has a few such files);
//! where half of the files are grey, or more but not all, the folder is refused.
//! EXIF orientation is applied, an alpha channel is dropped, 16-bit values are scaled to 8. Of an
//! animation the first picture is taken.
//!
//! With `resize` as well (say 256 for a size of 224), the shorter side is scaled to that length
//! (bilinear, antialiased, the bytes of Pillow and so of `torchvision`) before the middle is cut.
//! With `full`, training may cut its windows from the whole images:
//! - `random-resized`: a rectangle of 8 % to 100 % of the area and of proportions 3:4 to 4:3 at a
//!   random place, scaled to the size; after ten tries that do not fit, the middle of the image;
//! - `scale`: the image scaled until its shorter side has 256 to 480 pixels, and a window of the
//!   size at a random place of it.
//!
//! Both may be flipped and may vary brightness, contrast and saturation. Images that are smaller
//! than the size are scaled up.
//!
//! # Files
//! `train/<class>/<image>` and `test/<class>/<image>` (or `val`; `test` goes first if it has
//! folders of classes). Images end in png, jpg, jpeg, bmp, tif, tiff, webp, gif, ppm or pgm, in any
//! case; the content decides the format. Other files, hidden ones and deeper folders are left out.
//! Classes are numbered by name. A file that is no image, or is damaged, empty or cut short, is an
//! error, never a grey or half image.
//!
//! Classes that are told by the names of the files only, as in the training images of ImageNet
//! (`n01443537_10007.JPEG`), are not read. This sorts such files into folders:
//!
//! ```sh
//! part=train
//! for file in inet/*_*.JPEG; do
//!   name=${file##*/}
//!   class=sorted/$part/${name%%_*}
//!   mkdir -p "$class" && cp "$file" "$class/"
//! done
//! ```
//!
//! # Split
//! As the folders say. Every class of the test split must be one of the train split.
//!
//! # Licence
//! Your own affair.
//!
//! # When to use / when not
//! For any images of your own, and for ImageNet with a size of 224, `resize` 256 and `full`. Sets
//! that need more memory than the limit (2 GiB by default, for decoded images), and all that are
//! opened with `full`, are decoded whenever a batch asks for them, on all threads and one batch
//! ahead. Give mean and deviation for such a set: computing them decodes all of it once.
//!
//! # Reference
//! None.

use std::path::Path;

use timestep_registry::{Facts, Kind};

use crate::dataset::{Dataset, DatasetInfo, OpenOptions};
use crate::error::DataError;
use crate::folder;
use crate::verify::VerifyReport;

const KEY: &str = "image-folder";

pub(super) static FACTS: DatasetInfo = DatasetInfo {
    named: Facts::new(
        Kind::Data,
        KEY,
        "a folder of images for each class",
        include_str!("image_folder.rs"),
    ),
    classes: None,
    shape: None,
    train: None,
    test: None,
    mirrors: true,
    needs_dir: true,
    licence: "that of the images",
    source_url: "",
    open,
    verify,
    archive: None,
};

/// Reads and checks the set.
fn open(options: &OpenOptions) -> Result<Dataset, DataError> {
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

/// Reports all that is wrong with it.
fn verify(dir: Option<&Path>) -> Result<VerifyReport, DataError> {
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
        let headers = folder::headers(&scan)?;
        match (folder::channels(&scan, &headers), folder::grey(&headers)) {
            (Err(mixed), _) => report.problems.push(mixed.to_string()),
            (Ok(3), grey @ 1..) => report.notes.push(format!(
                "grey images among those in colour: {grey}, shown in all three channels"
            )),
            _ => {}
        }
        let sizes = folder::sizes(&headers);
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

fn needed(dir: Option<&Path>) -> Result<&Path, DataError> {
    dir.ok_or(DataError::NeedsDirectory {
        name: KEY,
        can_fetch: false,
    })
}
