//! Does any file, however damaged, bring a reader down? The small files of the fuzzers are changed at random and read.
//!
//! Every change is a function of the seed, the reader, its corpus and a number, so a failure can be repeated:
//! `TIMESTEP_MUTATIONS=N` sets how many inputs all readers get together (2,600 in a plain `cargo test`), and
//! `TIMESTEP_MUTATION=READER:NUMBER` reads that one input alone.

mod common;

use common::corpus;
use common::mutate::mutate;
use common::readers::READERS;

/// A test for each reader, with its part of the inputs: pictures have more formats than anything else.
macro_rules! tests {
    ($($reader:ident: $part:literal,)*) => {
        const PARTS: &[(&str, u32)] = &[$((stringify!($reader), $part)),*];
        $(
            #[test]
            fn $reader() {
                changed(stringify!($reader), $part);
            }
        )*
    };
}

tests! {
    archives: 1,
    arrays: 1,
    cards: 1,
    checkpoints: 1,
    cifar_records: 1,
    classifier_runs: 1,
    images: 3,
    lists: 1,
    pictures: 5,
    recipes: 1,
    reports: 1,
    restorer_runs: 1,
    restorers: 1,
    states: 1,
    tables: 1,
}

fn changed(reader: &str, part: u32) {
    let all: u32 = PARTS.iter().map(|(_, part)| part).sum();
    let found = READERS.iter().find(|(name, _)| *name == reader);
    let (_, read) = found.expect("a reader");
    let files: Vec<_> = corpus(reader).into_iter().map(|(_, file)| file).collect();
    mutate(reader, f64::from(part) / f64::from(all), &files, *read);
}

#[test]
fn every_reader_has_its_test() {
    let tested: Vec<_> = PARTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(tested, READERS.map(|(name, _)| name));
}
