//! Do real photographs of ImageNet pass through, and how many in a second?
//!
//! They are not part of the project. With `nXXXXXXXX_name.JPEG` files in a folder `inet`:
//!
//! ```sh
//! TIMESTEP_PHOTOGRAPHS=/where/inet RAYON_NUM_THREADS=2 \
//!     cargo test --release -p timestep-data --test photographs -- --ignored --nocapture
//! ```

// The page's commands are for a shell.
#![cfg(unix)]

use std::io::{Write, stderr};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use timestep_data::{
    Augment, Batch, Dataset, Jitter, Loader, Normalise, OpenOptions, View, info, open, verify,
};

/// Runs the commands of the data set's page, once for each split, as a person would.
fn sorted(photographs: &Path, folder: &Path) {
    std::os::unix::fs::symlink(photographs, folder.join("inet")).unwrap();
    let page = info("image-folder").unwrap().page();
    let (_, rest) = page.split_once("```sh\n").unwrap();
    let (script, _) = rest.split_once("```").unwrap();
    assert!(script.starts_with("part=train\n"));
    for part in ["train", "val"] {
        let script = script.replace("part=train", &format!("part={part}"));
        let mut shell = Command::new("sh");
        let status = shell.args(["-euc", &script]).current_dir(folder).status();
        assert!(status.unwrap().success());
    }
}

fn epoch(set: &Dataset, augment: Option<Augment>) -> (Vec<Batch>, f64) {
    let normalise = Normalise::new(vec![0.485, 0.456, 0.406], vec![0.229, 0.224, 0.225]).unwrap();
    let mut loader = Loader::new(&set.train, 25, normalise).unwrap().shuffled(1);
    if let Some(augment) = augment {
        loader = loader.augmented(augment, 1).unwrap();
    }
    let start = Instant::now();
    let batches = loader.epoch(0, 0).collect::<Result<Vec<_>, _>>().unwrap();
    (batches, start.elapsed().as_secs_f64())
}

#[test]
#[ignore = "needs photographs (TIMESTEP_PHOTOGRAPHS), takes a few seconds"]
fn photographs_become_batches() {
    let Some(photographs) = std::env::var_os("TIMESTEP_PHOTOGRAPHS") else {
        panic!("set TIMESTEP_PHOTOGRAPHS to a folder of nXXXXXXXX_name.JPEG files");
    };
    let folder = tempfile::tempdir().unwrap();
    sorted(Path::new(&photographs), folder.path());
    let root = folder.path().join("sorted");
    let options = OpenOptions {
        size: Some(224),
        resize: Some(256),
        full: true,
        ..OpenOptions::in_dir(&root)
    };
    assert!(verify("image-folder", Some(&root)).unwrap().ok());
    let set = open("image-folder", &options).unwrap();
    assert_eq!(set.shape.to_string(), "3×224×224");
    assert_eq!(set.classes.len(), set.train.len());
    let scaled = Augment {
        view: View::SCALED,
        flip: true,
        ..Augment::default()
    };
    let coloured = Augment {
        jitter: Jitter {
            brightness: 0.4,
            contrast: 0.4,
            saturation: 0.4,
        },
        ..Augment::IMAGENET
    };
    for (name, augment) in [
        ("random-resized", Some(Augment::IMAGENET)),
        ("random-resized, jitter", Some(coloured)),
        ("scale", Some(scaled)),
        ("middle", None),
    ] {
        // The best of three: the first one also reads the files from the disk.
        let runs: Vec<_> = (0..3).map(|_| epoch(&set, augment)).collect();
        assert!(runs.iter().all(|run| run.0 == runs[0].0));
        let values = || runs[0].0.iter().flat_map(|batch| &batch.images);
        assert_eq!(values().count(), set.train.len() * set.shape.len());
        assert!(values().all(|v| v.is_finite() && v.abs() < 3.0));
        let seconds = runs.iter().fold(f64::INFINITY, |m, run| m.min(run.1));
        let rate = set.train.len() as f64 / seconds;
        let threads = rayon::current_num_threads();
        writeln!(stderr(), "{name}: {rate:.0} images/s, {threads} threads").unwrap();
    }
}
