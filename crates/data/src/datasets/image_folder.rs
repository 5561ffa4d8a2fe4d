//! A folder of your own: one folder of image files for each class.
//!
//! # Images
//! Of one size, or brought to one: each image is scaled (Catmull-Rom) until its shorter side is `n` and cut to the middle
//! `n`×`n`. `n` is `--size`; if that is not given, images of one size of at most 128×128 pixels keep it, and for others
//! `n` is the smallest side of all images, rounded down to a multiple of 8, but at least 32 and at most 64. It is said when a run begins, and
//! stands in its recipe. Grey if every file is grey. Otherwise red, green,
//! blue, and a grey file among them is shown in all three channels (ImageNet has a few such files);
//! where half of the files are grey, or more but not all, the folder is refused.
//! EXIF orientation is applied, an alpha channel is dropped, 16-bit values are scaled to 8, palettes are
//! looked up. Of an animation the first picture is taken.
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
//! `<class>/<image>`, or `train/<class>/<image>` and `test/<class>/<image>` (or `val`; `test` goes first if it has
//! folders of classes). Images end in png, jpg, jpeg, bmp, tif, tiff, webp, gif, ppm or pgm, in any
//! case; the content decides the format. Other files, hidden ones, folders without images and deeper ones are left out.
//! Classes are numbered by name. A file that is no image, or is damaged, empty or cut short, is
//! never a grey or half image: where such files are less than a hundredth of all, they are named once and left out; where they are more,
//! the folder is refused. Of a set that is decoded on demand, only the heads of files are looked at before training begins.
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
//! As the folders `train` and `test` say; every class of the test split must be one of the train split. Where there are none, a fifth of
//! each class is held out, to the nearest image and at least one, or the share `data.held_out`: the images whose SHA-256 of seed (`data.split_seed`, 8 bytes, the
//! lowest first) and path (`class/name.jpg`) comes first. So the same files are split in the same way on every machine, and a file more or less
//! moves few others. Share and seed stand in the recipe of the run.
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

use crate::checks::{VerifyReport, Watch};
use crate::dataset::{Dataset, DatasetInfo, OpenOptions};
use crate::error::DataError;
use crate::folder;
use crate::scan::scan;

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
    resizes: true,
    licence: "that of the images",
    source_url: "",
    open,
    verify,
    archive: None,
};

/// Reads and checks the set.
fn open(options: &OpenOptions, watch: Watch<'_>) -> Result<Dataset, DataError> {
    let root = FACTS.needed(options.dir.as_deref())?;
    folder::dataset(KEY, scan(root, options)?, options, watch)
}

/// Reports all that is wrong with it.
fn verify(dir: Option<&Path>, watch: Watch<'_>) -> Result<VerifyReport, DataError> {
    let root = FACTS.needed(dir)?;
    folder::verify(KEY, root, scan(root, &OpenOptions::default())?, watch)
}
