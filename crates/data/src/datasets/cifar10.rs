//! CIFAR-10: 60,000 colour photographs of ten kinds of things, in the original binary files.
//!
//! # Images
//! Colour, 32×32. Ten classes: airplane, automobile, bird, cat, deer, dog, frog, horse, ship,
//! truck.
//!
//! # Files
//! `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, 10,000 records each, without a
//! header; a record is the label (one byte, 0 to 9) and 3,072 pixel bytes, red then green then
//! blue, row by row: 3,073 bytes. `batches.meta.txt` has the class names and may be absent. The
//! folder given holds them, or holds the folder `cifar-10-batches-bin` of the archive.
//!
//! # Split
//! 50,000 train (5,000 a class), 10,000 test (1,000 a class), as published.
//!
//! # Licence
//! None is stated. The authors ask that the technical report is cited; the photographs were
//! collected from the web. `timestep data fetch cifar10` downloads from the
//! authors' page.
//!
//! # When to use / when not
//! For the tables of the papers. Re-encoded copies (JPEG, PNG of a JPEG) are not this set: error
//! rates on them do not compare with published ones.
//!
//! # Reference
//! A. Krizhevsky, Learning multiple layers of features from tiny images, technical report,
//! University of Toronto, 2009.

use timestep_registry::{Facts, Kind};

use crate::cifar::{Cifar, RecordLayout, SHAPE};
use crate::dataset::DatasetInfo;

const FILES: Cifar = Cifar {
    layout: RecordLayout::CIFAR10,
    folder: "cifar-10-batches-bin",
    train: &[
        ("data_batch_1.bin", 10_000),
        ("data_batch_2.bin", 10_000),
        ("data_batch_3.bin", 10_000),
        ("data_batch_4.bin", 10_000),
        ("data_batch_5.bin", 10_000),
    ],
    test: ("test_batch.bin", 10_000),
    names_file: "batches.meta.txt",
    names: &[
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ],
    strangers: &[
        "data_batch_1",
        "cifar-10-batches-py",
        "data_batch_1.mat",
        "cifar-10-batches-mat",
    ],
    attribution: "CIFAR-10, A. Krizhevsky, Learning multiple layers of features from tiny images, \
        2009",
    citation: "krizhevsky2009learning",
};

pub(super) static FACTS: DatasetInfo = DatasetInfo {
    named: Facts {
        references: &["krizhevsky2009learning"],
        ..Facts::new(
            Kind::Data,
            "cifar10",
            "colour photographs of ten classes",
            include_str!("cifar10.rs"),
        )
    },
    classes: Some(10),
    shape: Some(SHAPE),
    train: Some(50_000),
    test: Some(10_000),
    mirrors: true,
    needs_dir: true,
    resizes: false,
    licence: "none stated; the authors ask to cite the technical report",
    source_url: "https://www.cs.toronto.edu/~kriz/cifar.html",
    open: |options, _| FILES.open(&FACTS, options),
    verify: |dir, _| FILES.verify("cifar10", dir),
    archive: Some(|| {
        FILES.archive(
            "cifar10",
            "cifar-10-binary.tar.gz",
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        )
    }),
};
