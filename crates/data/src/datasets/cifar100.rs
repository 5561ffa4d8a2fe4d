//! CIFAR-100: 60,000 colour photographs of a hundred kinds of things, in the original binary files.
//!
//! # Images
//! Colour, 32×32. A hundred classes in twenty groups of five; the class (*fine* label) is used,
//! the group (*coarse* label) is checked and left out.
//!
//! # Files
//! `train.bin` with 50,000 records and `test.bin` with 10,000, without a header; a record is the
//! coarse label (one byte, 0 to 19), the fine label (one byte, 0 to 99) and 3,072 pixel bytes, red
//! then green then blue, row by row: 3,074 bytes. `fine_label_names.txt` has the class names and
//! may be absent. The folder given holds them, or holds the folder `cifar-100-binary` of the
//! archive.
//!
//! # Split
//! 50,000 train (500 a class), 10,000 test (100 a class), as published.
//!
//! # Licence
//! None is stated. The authors ask that the technical report is cited; the photographs were
//! collected from the web. `timestep data fetch cifar100` downloads from the
//! authors' page.
//!
//! # When to use / when not
//! For the tables of the papers, and where CIFAR-10 no longer tells networks apart.
//!
//! # Reference
//! A. Krizhevsky, Learning multiple layers of features from tiny images, technical report,
//! University of Toronto, 2009.

use timestep_registry::{Facts, Kind};

use crate::cifar::{Cifar, RecordLayout, SHAPE};
use crate::dataset::DatasetInfo;

const FILES: Cifar = Cifar {
    layout: RecordLayout::CIFAR100,
    folder: "cifar-100-binary",
    train: &[("train.bin", 50_000)],
    test: ("test.bin", 10_000),
    names_file: "fine_label_names.txt",
    names: &NAMES,
    strangers: &["cifar-100-python", "cifar-100-matlab", "train", "train.mat"],
    attribution: "CIFAR-100, A. Krizhevsky, Learning multiple layers of features from tiny \
        images, 2009",
    citation: "krizhevsky2009learning",
};

/// In the order of the labels, which is alphabetical.
#[rustfmt::skip]
const NAMES: [&str; 100] = [
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle",
    "bottle", "bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle",
    "caterpillar", "cattle", "chair", "chimpanzee", "clock", "cloud", "cockroach", "couch",
    "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox",
    "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion",
    "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom",
    "oak_tree", "orange", "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree",
    "plain", "plate", "poppy", "porcupine", "possum", "rabbit", "raccoon", "ray", "road",
    "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk", "skyscraper", "snail", "snake",
    "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank", "telephone",
    "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale",
    "willow_tree", "wolf", "woman", "worm",
];

pub(super) static FACTS: DatasetInfo = DatasetInfo {
    named: Facts {
        references: &["krizhevsky2009learning"],
        ..Facts::new(
            Kind::Data,
            "cifar100",
            "colour photographs of a hundred classes",
            include_str!("cifar100.rs"),
        )
    },
    classes: Some(100),
    shape: Some(SHAPE),
    train: Some(50_000),
    test: Some(10_000),
    mirrors: true,
    needs_dir: true,
    resizes: false,
    licence: "none stated; the authors ask to cite the technical report",
    source_url: "https://www.cs.toronto.edu/~kriz/cifar.html",
    open: |options, _| FILES.open(&FACTS, options),
    verify: |dir, _| FILES.verify("cifar100", dir),
    archive: Some(|| {
        FILES.archive(
            "cifar100",
            "cifar-100-binary.tar.gz",
            "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        )
    }),
};

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_sorted() {
        assert!(super::NAMES.is_sorted());
    }
}
