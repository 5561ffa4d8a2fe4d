//! Are all inputs of the fuzzers still read without harm, and does every reader have a fuzzer?
//!
//! `UPDATE_CORPUS=1 cargo test --release --workspace --test corpus` writes the seeds anew, after a change of a kind of file.

mod common;

use common::mutate::watched;
use common::readers::READERS;
use common::{corpus, fuzz, seeds};
use std::collections::BTreeSet;
use std::path::Path;

/// Bytes of all inputs: they are in the repository.
const MOST: usize = 1 << 20;

/// Names in a folder without their endings.
fn stems(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let stem = |path: &Path| {
        path.file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    entries
        .map(|entry| stem(&entry.expect("readable").path()))
        .collect()
}

#[test]
fn every_reader_has_a_target_and_a_corpus() {
    let names: BTreeSet<String> = READERS.map(|(name, _)| name.to_owned()).into();
    assert_eq!(stems(&fuzz().join("fuzz_targets")), names);
    assert_eq!(stems(&fuzz().join("corpus")), names);
    let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).expect("readable");
    let page = fuzz().join("../docs/fuzzing.md");
    let page = std::fs::read_to_string(page).expect("readable");
    let mut bytes = 0;
    for (name, _) in READERS {
        let target = fuzz().join(format!("fuzz_targets/{name}.rs"));
        let target = std::fs::read_to_string(target).expect("readable");
        assert!(target.contains(&format!("readers::{name}(")), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        assert!(
            page.contains(&format!("`{name}`")),
            "{name} is not in docs/fuzzing.md"
        );
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name} has no corpus");
        bytes += corpus.iter().map(|(_, file)| file.len()).sum::<usize>();
    }
    assert!(bytes < MOST, "the corpus has {bytes} bytes");
}

#[test]
fn the_corpus_is_read_without_harm() {
    let mut failed = Vec::new();
    for (name, read) in READERS {
        let mut taken = 0;
        for (path, file) in corpus(name) {
            match watched(read, &file) {
                Ok(good) => taken += usize::from(good),
                Err(harm) => failed.push(format!("{} {harm}", path.display())),
            }
        }
        if taken == 0 {
            failed.push(format!(
                "{name} refuses its whole corpus: UPDATE_CORPUS=1 writes seeds"
            ));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn good_files_are_taken() {
    let update = std::env::var_os("UPDATE_CORPUS").is_some();
    for (name, read) in READERS {
        for (n, seed) in seeds::seeds(name).into_iter().enumerate() {
            assert!(read(&seed), "seed {n} of {name} is refused");
            if update {
                let folder = fuzz().join("corpus").join(name);
                std::fs::create_dir_all(&folder).expect("a folder");
                std::fs::write(folder.join(format!("seed-{n:02}")), seed).expect("written");
            }
        }
    }
}
