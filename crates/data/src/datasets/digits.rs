//! 1,797 handwritten digits, 8×8 grey, part of the program.
//!
//! # Images
//! Grey, 8×8. The 17 values 0..16 of the source are stretched to 0..255 by `round(255 v / 16)`.
//! Ten classes of about 180 images each.
//!
//! # Files
//! None: the set is compiled in and needs no folder. The source has 64 values and the label on
//! each line.
//!
//! # Split
//! 1,437 train, 360 test, always the same: sort the images by class, keeping the order of the
//! source within a class; every fifth one, beginning with the first, is a test image. Each class
//! so gives a fifth of its images, to within one. Within a split the order is that of the source.
//!
//! # Licence
//! CC BY 4.0. E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI
//! Machine Learning Repository; this is its test part.
//!
//! # When to use / when not
//! To see a network learn in seconds, and in tests. A test image is 0.28 percentage points:
//! differences below one point say little. Published tables do not use this split.
//!
//! # Reference
//! E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
//! Repository, 1998.

use std::path::Path;

use timestep_registry::{Facts, Kind};

use crate::ImageShape;
use crate::checks::{VerifyReport, Watch};
use crate::dataset::{Chosen, Dataset, DatasetInfo, OpenOptions};
use crate::error::DataError;
use crate::split::Split;

const SOURCE: &str = include_str!("../../assets/optdigits.csv");
const SHAPE: ImageShape = ImageShape::new(1, 8, 8);
const TRAIN: usize = 1437;
const TEST: usize = 360;

pub(super) static FACTS: DatasetInfo = DatasetInfo {
    named: Facts {
        references: &["alpaydin1998optical"],
        ..Facts::new(
            Kind::Data,
            "digits",
            "handwritten digits, embedded",
            include_str!("digits.rs"),
        )
    },
    classes: Some(10),
    shape: Some(SHAPE),
    train: Some(TRAIN),
    test: Some(TEST),
    mirrors: false,
    needs_dir: false,
    resizes: false,
    licence: "CC BY 4.0",
    source_url: "https://archive.ics.uci.edu/dataset/80/",
    open,
    verify,
    archive: None,
};

/// Reads and checks the set.
fn open(options: &OpenOptions, _watch: Watch<'_>) -> Result<Dataset, DataError> {
    if let Some(size) = options.size.or(options.resize) {
        return Err(DataError::FixedSize {
            name: "digits",
            shape: SHAPE,
            size,
        });
    }
    let all = parse(SOURCE)?;
    let [train, test] = split(all.labels());
    Dataset {
        name: "digits".to_owned(),
        classes: (0..10).map(|digit| digit.to_string()).collect(),
        shape: SHAPE,
        train: all.subset(&train)?,
        test: all.subset(&test)?,
        attribution: "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak \
            (1998), UCI Machine Learning Repository, CC BY 4.0"
            .to_owned(),
        citation: Some("alpaydin1998optical".to_owned()),
        chosen: Chosen::default(),
        notes: Vec::new(),
    }
    .checked()
}

/// Reports all that is wrong with it.
fn verify(_dir: Option<&Path>, _watch: Watch<'_>) -> Result<VerifyReport, DataError> {
    let set = open(&OpenOptions::default(), &|_, _| ())?;
    let mut report = VerifyReport::new("digits", None);
    report.train_counts = set.train.class_counts(10);
    report.test_counts = set.test.class_counts(10);
    report
        .notes
        .push("the set is part of the program".to_owned());
    Ok(report)
}

/// Reads the lines of 64 values 0..16 and a label 0..9.
fn parse(source: &str) -> Result<Split, DataError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for (number, line) in source.lines().enumerate() {
        let fail = |what: &str| DataError::Embedded {
            name: "digits",
            problem: format!("line {}: {what}", number + 1),
        };
        let values: Vec<u16> = line
            .split(',')
            .map(|v| {
                v.trim()
                    .parse()
                    .map_err(|_| fail("something is not a number"))
            })
            .collect::<Result<_, _>>()?;
        match values.split_last() {
            Some((&label @ 0..=9, grey)) if grey.len() == 64 && grey.iter().all(|&v| v <= 16) => {
                // Adding half of the divisor rounds; 255·16 fits 16 bits, 255 fits 8.
                pixels.extend(grey.iter().map(|&v| ((v * 255 + 8) / 16) as u8));
                labels.push(label);
            }
            _ => return Err(fail("not 64 values of 0 to 16 and a label of 0 to 9")),
        }
    }
    Split::from_pixels(SHAPE, pixels, labels)
}

/// Numbers of the train and of the test images, by the rule of the page.
fn split(labels: &[u16]) -> [Vec<u32>; 2] {
    let mut by_class: Vec<u32> = (0..labels.len() as u32).collect();
    // The sort is stable: within a class the order of the source stays.
    by_class.sort_by_key(|&i| labels[i as usize]);
    let (test, train): (Vec<_>, Vec<_>) = by_class
        .into_iter()
        .enumerate()
        .partition(|(place, _)| place % 5 == 0);
    [train, test].map(|part| {
        let mut numbers: Vec<u32> = part.into_iter().map(|(_, number)| number).collect();
        numbers.sort_unstable();
        numbers
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_balance_and_scaling() {
        let set = open(&OpenOptions::default(), &|_, _| ()).unwrap();
        assert_eq!((set.train.len(), set.test.len()), (TRAIN, TEST));
        let whole = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];
        let train = set.train.class_counts(10);
        for (class, test) in set.test.class_counts(10).into_iter().enumerate() {
            assert_eq!(train[class] + test, whole[class]);
            assert!((test as f64 - whole[class] as f64 / 5.0).abs() < 1.0);
        }
        // The first zero is the first image by class, hence the first test image:
        // 0,0,5,13,9,1,0,0 in the source.
        assert_eq!(set.test.label(0), 0);
        assert_eq!(
            set.test.pixels(0).unwrap()[..8],
            [0, 0, 80, 207, 143, 16, 0, 0]
        );
        assert_eq!(
            parse(&format!("{}3", "16,".repeat(64)))
                .unwrap()
                .pixels(0)
                .unwrap()[0],
            255
        );
    }

    #[test]
    fn no_image_is_in_both_splits() {
        let [train, test] = split(parse(SOURCE).unwrap().labels());
        let mut all = [train, test].concat();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..1797));
    }

    #[test]
    fn damage_and_size_are_refused() {
        for line in ["1,2,3", "x", &format!("{}3", "17,".repeat(64))] {
            assert!(matches!(parse(line), Err(DataError::Embedded { .. })));
        }
        let options = OpenOptions {
            size: Some(32),
            ..OpenOptions::default()
        };
        let error = open(&options, &|_, _| ()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the images of `digits` are always 1×8×8, so the size 32 cannot be used"
        );
    }
}
