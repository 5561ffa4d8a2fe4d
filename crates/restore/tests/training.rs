//! Does a recipe become a run, and an interrupted run the same weights as one that was not?

use std::path::Path;
use timestep_restore::training::{
    Event, Outcome, RestoreRecipe, TrainingError, embedded_text, train,
};

/// Writes small pictures that differ.
fn pictures(folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder");
    for n in 0..3_u32 {
        let picture = image::GrayImage::from_fn(24, 20, |x, y| {
            image::Luma([(60 + 50 * ((x / (5 + n)) % 2) + 40 * ((y / 7) % 2) + 3 * n) as u8])
        });
        picture
            .save(folder.join(format!("{n}.png")))
            .expect("saved");
    }
}

fn recipe(name: &str, changes: &[(&str, &str)]) -> RestoreRecipe {
    let changes: Vec<(String, String)> = changes
        .iter()
        .map(|(k, v)| ((*k).into(), (*v).into()))
        .collect();
    RestoreRecipe::parse(embedded_text(name).expect("embedded"), &changes).expect("a recipe")
}

#[test]
fn an_interrupted_run_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("pictures");
    pictures(&data);
    let small = [
        ("model.size", "3"),
        ("model.steps", "2"),
        ("data.every", "1"),
        ("train.greedy", "3"),
    ];
    for (name, joint) in [
        ("denoising/lm-trd-5x5-s25", "4"),
        ("denoising/csf-7x7-s25", "0"),
    ] {
        let recipe = recipe(name, &[&small[..], &[("train.joint", joint)]].concat());
        let weights = |run: &str, stop_after: usize| {
            let run = folder.path().join(name.replace('/', "-")).join(run);
            let mut outcome = Outcome::Interrupted;
            let mut parts = 0;
            while outcome == Outcome::Interrupted {
                let mut left = stop_after;
                outcome = train(&recipe, &data, &run, &mut |event| {
                    if matches!(event, Event::Evaluated { .. }) {
                        left -= 1;
                    }
                    left > 0
                })
                .expect("trained");
                parts += 1;
                assert!(parts < 100, "it gets on");
            }
            assert!(!run.join("state").exists(), "a finished run needs no state");
            let rows = std::fs::read_to_string(run.join("metrics.csv")).expect("metrics");
            (
                std::fs::read(run.join("weights/last.safetensors")).expect("weights"),
                rows,
                parts,
            )
        };
        let (whole, rows, _) = weights("whole", usize::MAX);
        let (pieces, again, parts) = weights("pieces", 3);
        assert!(parts > 2, "{name}: it was interrupted");
        assert!(whole == pieces, "{name}: the weights differ");
        assert_eq!(rows, again, "{name}");
        // The loss falls over the run.
        let psnr = |row: &str| row.rsplit(',').next().and_then(|n| n.parse::<f64>().ok());
        let all: Vec<f64> = rows.lines().skip(1).filter_map(psnr).collect();
        assert!(all[all.len() - 1] > all[0], "{name}: {all:?}");
    }
}

#[test]
fn folders_without_pictures_and_weights_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("pictures");
    let run = folder.path().join("run");
    let recipe_25 = recipe("denoising/trd-5x5-s25", &[("train.greedy", "1")]);
    let go = |recipe: &RestoreRecipe| train(recipe, &data, &run, &mut |_| true);
    assert!(matches!(
        go(&recipe_25),
        Err(TrainingError::Pictures { .. })
    ));
    pictures(&data);
    std::fs::write(data.join("9.png"), b"no picture").expect("written");
    let all = recipe("denoising/trd-5x5-s25", &[("data.every", "1")]);
    let error = go(&all).expect_err("a bad picture").to_string();
    assert!(error.contains("9.png"), "{error}");
    std::fs::remove_file(data.join("9.png")).expect("removed");
    let other = recipe("denoising/trd-5x5-s25", &[("model.start", "trd-7x7-s25")]);
    assert!(matches!(go(&other), Err(TrainingError::Recipe(_))));
    let missing = recipe(
        "denoising/trd-5x5-s25",
        &[("model.start", "nothing.safetensors")],
    );
    assert!(matches!(go(&missing), Err(TrainingError::File { .. })));
}
