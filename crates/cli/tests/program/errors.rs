//! Is every mistake a person can make answered by a clear error, a hint and exit code 2?

use crate::common::{images, ok, refused, run};

fn train_on(dir: &str) -> Vec<&str> {
    vec![
        "train",
        "image-folder/lm-resnet-20",
        "--data-dir",
        dir,
        "--epochs",
        "1",
        "--quiet",
    ]
}

#[test]
fn misspelt_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    assert!(refused(at, &["train", "digits/lm-resnt-20"]).contains("`lm-resnet-20`"));
    assert!(refused(at, &["train", "digts/lm-resnet-20"]).contains("`digits"));
    assert!(refused(at, &["train", "--scheme", "eulr"]).contains("`euler`"));
    assert!(refused(at, &["train", "--block", "preactt"]).contains("`preact`"));
    assert!(refused(at, &["summary", "resnet20"]).contains("`resnet-20`"));
    assert!(refused(at, &["analyze", "order", "rk5"]).contains("rk4"));
    let text = refused(
        at,
        &[
            "train",
            "--epochs",
            "0",
            "--set",
            "trian.batch=3",
            "--lr",
            "-1",
        ],
    );
    assert!(
        text.contains("3 problems") && text.contains("train.batch"),
        "{text}"
    );
    refused(
        at,
        &["train", "--set", "network.noise=shake", "--epochs", "1"],
    );
    assert!(!at.join("runs").exists(), "nothing was begun");
}

#[test]
fn damaged_cifar_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let record = 3073;
    let good = vec![0_u8; 10_000 * record];
    for n in 1..=5 {
        std::fs::write(at.join(format!("data_batch_{n}.bin")), &good).expect("written");
    }
    let test = at.join("test_batch.bin");
    let args = ["train", "cifar10/lm-resnet-20", "--data-dir", "."];
    std::fs::write(&test, &good[1..]).expect("written");
    assert!(refused(at, &args).contains("test_batch.bin"));
    std::fs::write(&test, []).expect("written");
    assert!(refused(at, &args).contains("test_batch.bin"));
    let mut wrong = good;
    wrong[7 * record] = 10;
    std::fs::write(&test, &wrong).expect("written");
    let text = refused(at, &args);
    assert!(
        text.contains("10") && text.contains("test_batch.bin"),
        "{text}"
    );
    refused(at, &["train", "cifar10/lm-resnet-20"]);
}

#[test]
fn unusable_folders_of_images() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    images(&at.join("one"), &["cat"]);
    refused(at, &train_on("one"));
    std::fs::create_dir_all(at.join("none/train/cat")).expect("a folder");
    std::fs::create_dir_all(at.join("none/train/dog")).expect("a folder");
    refused(at, &train_on("none"));
    refused(at, &train_on("missing"));
    images(&at.join("text"), &["cat", "dog"]);
    std::fs::write(at.join("text/train/cat/note.png"), "hello").expect("written");
    assert!(refused(at, &train_on("text")).contains("note.png"));
    images(&at.join("cut"), &["cat", "dog"]);
    let whole = at.join("cut/train/dog/whole.jpg");
    image::RgbImage::new(12, 12).save(&whole).expect("a JPEG");
    let bytes = std::fs::read(&whole).expect("readable");
    std::fs::write(&whole, &bytes[..bytes.len() - 20]).expect("written");
    assert!(refused(at, &train_on("cut")).contains("whole.jpg"));
    images(&at.join("good"), &["cat", "dog"]);
    ok(at, &train_on("good"));
}

#[test]
fn weights_that_do_not_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let small = [
        "train", "--steps", "1,1", "--width", "4", "--epochs", "1", "--quiet", "--name", "a",
    ];
    ok(at, &small);
    let weights = at.join("runs/a/weights/last.safetensors");
    let good = std::fs::read(&weights).expect("readable");
    // A corrupt header, a truncated file, an empty file, no file.
    let mut bytes = good.clone();
    bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    for damage in [bytes, good[..good.len() / 2].to_vec(), Vec::new()] {
        std::fs::write(at.join("bad.safetensors"), damage).expect("written");
        refused(at, &["eval", "bad.safetensors"]);
    }
    refused(at, &["eval", "missing.safetensors"]);
    // Digits weights on other images.
    images(&at.join("good"), &["cat", "dog"]);
    refused(
        at,
        &[
            "eval",
            "runs/a",
            "--data",
            "image-folder",
            "--data-dir",
            "good",
        ],
    );
    // Another network under this network's card: the parameters disagree with it.
    ok(
        at,
        &[
            "train", "--steps", "2,1", "--width", "4", "--epochs", "1", "--quiet", "--name", "b",
        ],
    );
    let other = std::fs::read(at.join("runs/b/state/state.safetensors")).expect("readable");
    std::fs::write(at.join("runs/a/state/state.safetensors"), other).expect("written");
    refused(at, &["train", "--resume", "runs/a"]);
    // Resuming as something else, or what is no run.
    refused(
        at,
        &["train", "--resume", "runs/b", "--net", "preresnet-20"],
    );
    refused(at, &["train", "--resume", "runs/b", "--scheme", "euler"]);
    refused(at, &["train", "--resume", "."]);
    // An image that is none.
    std::fs::write(at.join("note.png"), "hello").expect("written");
    let error = refused(at, &["predict", "runs/b", "note.png"]);
    assert_eq!(error.matches("note.png").count(), 1, "{error}");
    // One that is none does not stop the others, and is told of once.
    image::GrayImage::new(9, 9)
        .save(at.join("good.png"))
        .expect("an image");
    let out = run(at, &["predict", "runs/b", "note.png", "no.png", "good.png"]);
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{error}");
    assert!(String::from_utf8_lossy(&out.stdout).starts_with("good.png: "));
    assert!(error.contains("2 of 3 images"), "{error}");
    for name in ["note.png", "no.png"] {
        let told = error.split([' ', ':']).filter(|word| *word == name);
        assert_eq!(told.count(), 1, "{error}");
    }
}

#[test]
fn grey_images_for_a_network_of_colours() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let grey = |name: &str, value: u8| {
        let path = at.join(name);
        let inside = path.parent().expect("a folder");
        std::fs::create_dir_all(inside).expect("a folder");
        image::GrayImage::from_pixel(12, 12, image::Luma([value]))
            .save(path)
            .expect("an image");
    };
    images(&at.join("colours"), &["cat", "dog"]);
    grey("colours/train/cat/grey.png", 90);
    let mut train = train_on("colours");
    train.extend(["--steps", "1,1", "--width", "4", "--name", "rgb"]);
    // A few grey ones among many in colour are shown in all three channels.
    ok(at, &train);
    grey("one.png", 90);
    // So is one that comes later.
    let shown = ok(at, &["predict", "runs/rgb", "one.png"]);
    assert!(shown.starts_with("one.png: "), "{shown}");
    // Folders: all grey for the weights or for a recipe of colours, and neither one nor the other.
    for place in ["train/cat", "train/dog", "test/cat", "test/dog"] {
        for n in 0..3 {
            grey(&format!("grey/{place}/{n}.png"), 40 * n);
        }
    }
    let error = refused(at, &["eval", "runs/rgb", "--data-dir", "grey"]);
    assert!(error.contains("RGB images"), "{error}");
    let recipe = ["train", "imagenet/resnet-50", "--data-dir", "grey"];
    let error = refused(at, &recipe);
    assert!(error.contains("RGB images, and the data"), "{error}");
    images(&at.join("grey"), &["horse"]);
    let error = refused(at, &train_on("grey"));
    assert!(error.contains("12 of the 20 images"), "{error}");
}

#[test]
fn what_cannot_be_drawn_is_refused_before_the_run_begins() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let text = refused(at, &["train", "--set", "data.pad=9"]);
    assert!(text.contains("pad"), "{text}");
    assert!(!at.join("runs").exists(), "no folder is left behind");
}

#[test]
fn unwritable_output() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), "x").expect("written");
    refused(
        folder.path(),
        &["train", "--out", "file/runs", "--epochs", "1"],
    );
    refused(
        folder.path(),
        &["train", "--out", "/proc/none", "--epochs", "1"],
    );
}

#[test]
fn instruction_set_that_does_not_exist() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |isa: &str| {
        crate::common::timestep(folder.path(), &["list", "schemes"])
            .env("TIMESTEP_ISA", isa)
            .output()
            .expect("the binary was built for this test")
    };
    let out = run("avx1024");
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{text}");
    assert!(
        text.contains("TIMESTEP_ISA=avx1024") && text.contains("hint:"),
        "{text}"
    );
    assert!(run("portable").status.success());
}
