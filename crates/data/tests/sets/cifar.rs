//! Are files in the format of CIFAR read exactly, and wrong ones refused with their place?

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use timestep_data::{DataError, OpenOptions, RecordLayout, open, read_records, verify};

/// Records whose pixel `j` of record `i` is `7i + j mod 256`.
fn records(layout: &RecordLayout, labels: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (i, label) in labels.iter().enumerate() {
        bytes.extend_from_slice(label);
        bytes.extend((0..3072usize).map(|j| (7 * i + j) as u8));
    }
    assert_eq!(bytes.len(), labels.len() * layout.bytes());
    bytes
}

fn write(folder: &Path, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join("batch.bin");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn records_of_both_sets_are_read_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let ten = RecordLayout::CIFAR10;
    assert_eq!((ten.bytes(), RecordLayout::CIFAR100.bytes()), (3073, 3074));
    let path = write(folder.path(), &records(&ten, &[&[9], &[0], &[3]]));
    let (pixels, labels) = read_records(&path, &ten, 3).unwrap();
    assert_eq!(labels, [9, 0, 3]);
    assert_eq!(pixels.len(), 3 * 3072);
    assert_eq!(pixels[3072..3075], [7, 8, 9]);
    // The fine label is used.
    let hundred = RecordLayout::CIFAR100;
    let path = write(folder.path(), &records(&hundred, &[&[19, 99], &[0, 5]]));
    let (pixels, labels) = read_records(&path, &hundred, 2).unwrap();
    assert_eq!((labels, pixels[3072]), (vec![99, 5], 7));
}

#[test]
fn wrong_lengths_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let layout = RecordLayout::CIFAR10;
    let good = records(&layout, &[&[1], &[2], &[3]]);
    let message = |bytes: &[u8]| {
        let error = read_records(&write(folder.path(), bytes), &layout, 3).unwrap_err();
        assert!(matches!(
            error,
            DataError::WrongLength { expected: 9219, .. }
        ));
        assert!(error.hint().is_some());
        error.to_string()
    };
    let text = message(&good[..9218]);
    assert!(
        text.ends_with(
            "batch.bin holds 9218 bytes, and 3 records of 3073 bytes make 9219: \
             1 byte is missing from record 2 on"
        ),
        "{text}"
    );
    assert!(message(&good[..3072]).ends_with("6147 bytes are missing from record 0 on"));
    assert!(message(&[]).ends_with("it is empty"));
    assert!(message(&[&good[..], &[0, 0]].concat()).ends_with("2 bytes are too many"));
    let missing = read_records(&folder.path().join("none"), &layout, 3).unwrap_err();
    assert!(missing.to_string().starts_with("cannot open "), "{missing}");
}

#[test]
fn wrong_labels_have_a_place() {
    let folder = tempfile::tempdir().unwrap();
    let layout = RecordLayout::CIFAR10;
    let path = write(folder.path(), &records(&layout, &[&[1], &[10], &[3]]));
    let text = read_records(&path, &layout, 3).unwrap_err().to_string();
    let expected = "record 1 (byte 3073) has the label 10, and the labels are 0 to 9";
    assert!(text.ends_with(expected), "{text}");
    let layout = RecordLayout::CIFAR100;
    let path = write(folder.path(), &records(&layout, &[&[20, 0]]));
    let text = read_records(&path, &layout, 1).unwrap_err().to_string();
    assert!(
        text.ends_with("record 0 (byte 0) has the coarse label 20, and the labels are 0 to 19")
    );
    let path = write(folder.path(), &records(&layout, &[&[0, 0], &[19, 100]]));
    let text = read_records(&path, &layout, 2).unwrap_err().to_string();
    let expected = "record 1 (byte 3075) has the fine label 100, and the labels are 0 to 99";
    assert!(text.ends_with(expected), "{text}");
}

/// A file of the real length, sparse on disk, with the labels that `label` gives.
fn sparse(path: &Path, records: u64, record: u64, label: impl Fn(u64) -> (u64, u8)) {
    let mut file = File::create(path).unwrap();
    file.set_len(records * record).unwrap();
    for i in 0..records {
        let (at, value) = label(i);
        if value != 0 {
            file.seek(SeekFrom::Start(i * record + at)).unwrap();
            file.write_all(&[value]).unwrap();
        }
    }
}

fn write_cifar100(folder: &Path) {
    for (name, records) in [("train.bin", 50_000), ("test.bin", 10_000)] {
        sparse(&folder.join(name), records, 3074, |i| (1, (i % 100) as u8));
    }
}

#[test]
fn a_set_of_the_real_size_opens_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("cifar-100-binary");
    fs::create_dir(&inner).unwrap();
    write_cifar100(&inner);
    let set = open("cifar100", &OpenOptions::in_dir(folder.path())).unwrap();
    assert_eq!(
        (set.train.len(), set.test.len(), set.classes.len()),
        (50_000, 10_000, 100)
    );
    assert_eq!(
        (set.classes[0].as_str(), set.classes[99].as_str()),
        ("apple", "worm")
    );
    assert_eq!(
        (set.train.label(7), set.shape.to_string()),
        (7, "3×32×32".to_owned())
    );
    assert!(set.train.in_memory());

    let report = verify("cifar100", Some(&inner)).unwrap();
    assert!(report.ok(), "{:?}", report.problems);
    assert_eq!(report.train_counts, [500; 100]);
    assert_eq!(report.files.len(), 2);
    assert_eq!(report.notes.len(), 1);

    // One label changed: opens, but the balance is noticed; the fingerprint differs.
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(inner.join("test.bin"))
        .unwrap();
    file.seek(SeekFrom::Start(1)).unwrap();
    file.write_all(&[42]).unwrap();
    let other = open("cifar100", &OpenOptions::in_dir(&inner)).unwrap();
    assert_ne!(set.fingerprint(), other.fingerprint());
    let report = verify("cifar100", Some(&inner)).unwrap();
    assert_eq!(
        report.problems,
        [
            "class 0 (apple) has 99 test images, and the real set has 100",
            "class 42 (leopard) has 101 test images, and the real set has 100",
        ]
    );

    fs::write(inner.join("fine_label_names.txt"), "one\ntwo\n").unwrap();
    let error = open("cifar100", &OpenOptions::in_dir(&inner)).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("names 2 classes, and the set has 100"),
        "{error}"
    );
}

#[test]
fn cifar10_reads_its_batches_in_order_with_names() {
    let folder = tempfile::tempdir().unwrap();
    for batch in 1..=5 {
        let path = folder.path().join(format!("data_batch_{batch}.bin"));
        sparse(&path, 10_000, 3073, |i| (0, if i == 0 { batch } else { 0 }));
    }
    sparse(&folder.path().join("test_batch.bin"), 10_000, 3073, |_| {
        (0, 0)
    });
    let names = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n";
    fs::write(folder.path().join("batches.meta.txt"), names).unwrap();
    let set = open("cifar10", &OpenOptions::in_dir(folder.path())).unwrap();
    let firsts: Vec<u16> = (0..5).map(|b| set.train.label(b * 10_000)).collect();
    assert_eq!(firsts, [1, 2, 3, 4, 5]);
    assert_eq!(set.classes.concat(), "abcdefghij");
    // Damage to one file is found by `verify` with its name.
    let path = folder.path().join("data_batch_3.bin");
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(100)
        .unwrap();
    let report = verify("cifar10", Some(folder.path())).unwrap();
    assert_eq!(report.problems.len(), 1);
    assert!(report.problems[0].contains("data_batch_3.bin holds 100 bytes"));
}

#[test]
fn missing_folders_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let error = |dir: &Path| open("cifar10", &OpenOptions::in_dir(dir)).unwrap_err();
    let none = error(&folder.path().join("none"));
    assert!(none.to_string().ends_with("none does not exist"), "{none}");
    let empty = error(folder.path());
    assert!(
        empty
            .to_string()
            .contains("lacks 6 of the 6 files of `cifar10`: data_batch_1.bin")
    );
    assert_eq!(
        empty.hint().unwrap(),
        "`timestep data fetch cifar10` downloads the complete set"
    );
    fs::write(folder.path().join("data_batch_1"), "pickle").unwrap();
    assert!(error(folder.path()).hint().unwrap().contains("Python"));
    fs::write(folder.path().join("data_batch_1.bin"), "").unwrap();
    let file = error(&folder.path().join("data_batch_1.bin"));
    assert!(file.to_string().ends_with("is not a folder"), "{file}");
    let options = OpenOptions {
        size: Some(64),
        ..OpenOptions::in_dir(folder.path())
    };
    assert!(matches!(
        open("cifar10", &options),
        Err(DataError::FixedSize { size: 64, .. })
    ));
}
