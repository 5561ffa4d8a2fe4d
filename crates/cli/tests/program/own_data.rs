//! Does a folder of one's own pictures become a measured classifier, and is each misuse on the way told?

use crate::common::{objects, ok, refused, run, wrong};
use image::{GrayImage, Luma, Rgb, RgbImage};
use std::path::Path;
use std::sync::OnceLock;

/// Pictures of three classes that can be told apart, of mixed sizes and kinds: 14 in each of three folders.
fn pictures(folder: &Path) {
    for (c, class) in ["ash", "birch", "cedar"].iter().enumerate() {
        let inside = folder.join(class);
        std::fs::create_dir_all(&inside).expect("a folder");
        for n in 0..14_u32 {
            let (w, h) = (36 + 5 * (n % 4), 33 + 7 * (n % 3));
            let value = |x: u32, y: u32| match c {
                0 => x * 255 / w,
                1 => y * 255 / h,
                _ => ((x / 4 + y / 4) % 2) * 255,
            };
            let path = inside.join(format!("{n}.{}", if n % 5 == 0 { "jpg" } else { "png" }));
            if n == 7 {
                let grey = GrayImage::from_fn(w, h, |x, y| Luma([value(x, y) as u8]));
                grey.save(&path).expect("an image");
                continue;
            }
            let picture = RgbImage::from_fn(w, h, |x, y| {
                let v = value(x, y) as u8;
                Rgb([v, v / 2 + n as u8, 255 - v])
            });
            picture.save(&path).expect("an image");
        }
    }
}

/// A folder with `trees/` and a run on it.
fn trained() -> &'static Path {
    static DONE: OnceLock<tempfile::TempDir> = OnceLock::new();
    DONE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path();
        pictures(&at.join("trees"));
        let small = [
            "--steps", "1,1,1", "--width", "8", "--epochs", "4", "--name", "trees",
        ];
        let out = run(at, &[&["train", "trees"][..], &small].concat());
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "{said}");
        assert!(
            said.contains("9 of 42 were held out") && said.contains("resized and cropped to 32×32"),
            "{said}"
        );
        assert!(
            said.contains("grey images among those in colour: 3"),
            "{said}"
        );
        folder
    })
    .path()
}

#[test]
fn a_folder_is_trained_and_found_again_from_everywhere() {
    let at = trained();
    let recipe = std::fs::read_to_string(at.join("runs/trees/recipe.toml")).expect("readable");
    for line in [
        "size = 32",
        "held_out = 0.2",
        "split_seed = 0",
        "chosen for this data",
    ] {
        assert!(recipe.contains(line), "{line}: {recipe}");
    }
    let whole = &objects(at, &["eval", "runs/trees", "--device", "cpu-int8"])[0];
    assert_eq!(whole["device"], "cpu-int8");
    let found = &objects(at, &["eval", "runs/trees"])[0];
    assert_eq!(found["device"], "cpu");
    assert_eq!(found["images"], 9);
    assert_eq!(found["classes"].as_array().map(Vec::len), Some(3));
    assert_eq!(found["classes"][0]["class"], "ash");
    let confusion = found["confusion"].as_array().expect("a matrix");
    let total: u64 = (confusion.iter())
        .flat_map(|row| row.as_array().expect("a row"))
        .filter_map(|n| n.as_u64())
        .sum();
    assert_eq!(total, 9);
    let saved = std::fs::read_to_string(at.join("runs/trees/evaluation.json")).expect("saved");
    let saved: serde_json::Value = serde_json::from_str(&saved).expect("JSON");
    assert_eq!(saved["confusion"], found["confusion"]);
    for worst in found["worst"].as_array().expect("a list") {
        let file = worst["file"].as_str().expect("a file");
        assert!(at.join("trees").join(file).is_file(), "{file}");
    }
    // From another folder too: the run says where it was started.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let run_folder = at.join("runs/trees").display().to_string();
    for command in [
        &["eval", run_folder.as_str()][..],
        &["analyze", "stability", run_folder.as_str(), "--images", "2"],
        &[
            "report",
            run_folder.as_str(),
            "-o",
            "r.html",
            "--md",
            "r.md",
        ],
        &["compare", run_folder.as_str(), run_folder.as_str()],
        &["train", "--resume", run_folder.as_str(), "--quiet"],
    ] {
        let out = run(elsewhere.path(), command);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(
            out.status.success() || command[0] == "compare",
            "{command:?}: {said}"
        );
        assert!(
            !said.contains("needs the folder") && !said.contains("does not exist"),
            "{command:?}: {said}"
        );
    }
    // The weights alone do not know where the images are, and say what is needed.
    let weights = elsewhere.path().join("w.safetensors");
    std::fs::copy(at.join("runs/trees/weights/best.safetensors"), &weights).expect("copied");
    refused(elsewhere.path(), &["eval", "w.safetensors"]);
    let trees = at.join("trees").display().to_string();
    let same = &objects(
        elsewhere.path(),
        &["eval", "w.safetensors", "--data-dir", &trees],
    )[0];
    assert_eq!(same["confusion"], found["confusion"]);
}

#[test]
fn text_of_an_evaluation_has_classes_matrix_and_worst_images() {
    let text = ok(trained(), &["eval", "runs/trees"]);
    for part in ["calibration error", "precision", "F1", "1 ash", "3 cedar"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn predictions_of_folders_patterns_and_standard_input() {
    let at = trained();
    let all = objects(at, &["predict", "runs/trees", "trees"]);
    assert_eq!(all.len(), 42);
    assert_eq!(all[0]["top"].as_array().map(Vec::len), Some(3));
    let some = objects(
        at,
        &["predict", "runs/trees", "trees/*/1.png", "--top", "1"],
    );
    let images: Vec<_> = some
        .iter()
        .filter_map(|one| one["image"].as_str())
        .collect();
    assert_eq!(
        images,
        ["trees/ash/1.png", "trees/birch/1.png", "trees/cedar/1.png"]
    );
    // Together or alone, an image gets the same answer, but for the last bits.
    let same = |one: &serde_json::Value, other: &serde_json::Value| {
        let sure = |of: &serde_json::Value| of["probability"].as_f64().expect("a number");
        assert_eq!(one["class"], other["class"]);
        assert!((sure(one) - sure(other)).abs() < 1e-5, "{one} {other}");
    };
    let found = all.iter().find(|one| one["image"] == "trees/birch/1.png");
    same(&found.expect("it is there")["top"][0], &some[1]["top"][0]);
    // On standard input too.
    let file = std::fs::File::open(at.join("trees/birch/1.png")).expect("a file");
    let out = crate::common::timestep(at, &["predict", "runs/trees", "-", "--json", "--top", "1"])
        .stdin(file)
        .output()
        .expect("the binary");
    let line: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(line["image"], "-");
    same(&line["top"][0], &some[1]["top"][0]);
    // As tables.
    ok(
        at,
        &["predict", "runs/trees", "trees/*/1.png", "-o", "p.csv"],
    );
    let csv = std::fs::read_to_string(at.join("p.csv")).expect("written");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(
        lines[0],
        "image,class1,probability1,class2,probability2,class3,probability3"
    );
    assert!(lines[1].starts_with("trees/ash/1.png,"), "{csv}");
    ok(
        at,
        &["predict", "runs/trees", "trees/*/1.png", "-o", "p.json"],
    );
    let json = std::fs::read_to_string(at.join("p.json")).expect("written");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json[1]["top"][0], some[1]["top"][0]);
    // Averaged over views: probabilities still, and others.
    let views = objects(at, &["predict", "runs/trees", "trees/*/1.png", "--tta"]);
    let sum: f64 = (views[0]["top"].as_array().expect("a list").iter())
        .filter_map(|p| p["probability"].as_f64())
        .sum();
    assert!((sum - 1.0).abs() < 1e-9);
    assert_ne!(views[1]["top"], all[0]["top"]);
}

#[test]
fn misuses_are_told() {
    let at = trained();
    let text = wrong(at, &["train", "trees", "--size", "0x"]);
    assert!(
        text.contains("data.size") && text.contains("a whole number"),
        "{text}"
    );
    std::fs::create_dir_all(at.join("nothing")).expect("a folder");
    std::fs::create_dir_all(at.join("one/only")).expect("a folder");
    std::fs::copy(at.join("trees/ash/1.png"), at.join("one/only/1.png")).expect("copied");
    for (wrong, says) in [
        (
            &["train", "digits/lm-resnet-20", "--data-dir", "trees"][..],
            "timestep train trees",
        ),
        (
            &["train", "--data", "digits", "--data-dir", "trees"],
            "timestep train trees",
        ),
        (&["train", "trees", "--data-dir", "other"], "is the data"),
        (&["train", "trees", "--data", "cifar10"], "is the data"),
        (&["train", "--size", "16"], "always 1×8×8"),
        (
            &["train", "--set", "data.held_out=0.3"],
            "test images of `digits` are given",
        ),
        (
            &["train", "trees", "--set", "data.held_out=1.5"],
            "share from 0 to below 1",
        ),
        (&["train", "nothing"], "holds no folders of classes"),
        (&["train", "one"], "one class only"),
        (&["train", "./tree"], "no such file or folder"),
        (&["train", "pictures.csv"], "no such file or folder"),
        (&["train", "lm-resnet-2O"], "`digits/lm-resnet-20`"),
        (
            &["train", "trees", "--set", "data.scale=0.1,1"],
            "changes nothing",
        ),
        (
            &[
                "train",
                "trees",
                "--set",
                "data.crop=scale",
                "--set",
                "data.pad=4",
            ],
            "changes nothing",
        ),
        (
            &[
                "train",
                "trees",
                "--overfit",
                "4",
                "--set",
                "data.flip=true",
            ],
            "by heart",
        ),
        (&["train", "--set", "schedule.gamma=0.2"], "changes nothing"),
        (
            &["predict", "runs/trees", "trees", "-o", "p.txt"],
            ".csv, .json or .jsonl",
        ),
        (&["predict", "runs/trees", "nothing"], "holds no pictures"),
        (
            &["predict", "runs/trees", "trees/*/*.bmp"],
            "matches no pictures",
        ),
        (
            &["eval", "runs/trees", "-o", "trees/ash/1.png"],
            "exists already",
        ),
    ] {
        let text = refused(at, wrong);
        assert!(text.contains(says), "{wrong:?}: {text}");
    }
    assert!(
        !at.join("runs")
            .read_dir()
            .expect("a folder")
            .flatten()
            .any(|run| run.file_name() != "trees")
    );
}

#[test]
fn data_dir_alone_is_the_folder_and_a_list_and_arrays_are_data_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    pictures(&at.join("trees"));
    let small = [
        "--steps",
        "1,1",
        "--width",
        "4",
        "--epochs",
        "1",
        "--quiet",
        "--no-report",
    ];
    ok(
        at,
        &[
            &["train", "--data-dir", "trees", "--size", "16"][..],
            &small,
        ]
        .concat(),
    );
    let recipe = std::fs::read_to_string(at.join("runs/trees-preact-lm-s0/recipe.toml"));
    let recipe = recipe.expect("the run is called by its folder");
    assert!(
        recipe.contains("name = \"image-folder\"") && recipe.contains("size = 16"),
        "{recipe}"
    );
    let mut list = "path,label\n".to_owned();
    for class in ["ash", "cedar"] {
        (1..5).for_each(|n| list += &format!("trees/{class}/{n}.png,{class}\n"));
    }
    std::fs::write(at.join("list.csv"), list).expect("written");
    ok(
        at,
        &[&["train", "list.csv", "--name", "l"][..], &small].concat(),
    );
    assert_eq!(objects(at, &["eval", "runs/l"])[0]["images"], 2);
    let npz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/npz/rgb.npz");
    std::fs::copy(npz, at.join("a.npz")).expect("copied");
    ok(
        at,
        &[
            &["train", "a.npz", "--name", "n", "--set", "data.pad=1"][..],
            &small,
        ]
        .concat(),
    );
    let found = &objects(at, &["eval", "runs/n"])[0];
    assert_eq!(
        (&found["images"], &found["classes"][2]["class"]),
        (&3.into(), &"größe".into())
    );
    assert!(
        found["worst"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|worst| worst["file"].is_null())
    );
}

#[test]
fn what_overfits_says_so_everywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let args = [
        "train",
        "--overfit",
        "16",
        "--steps",
        "1,1",
        "--width",
        "4",
        "--epochs",
        "1",
        "--name",
        "o",
    ];
    let out = run(at, &args);
    let (said, data) = (
        String::from_utf8_lossy(&out.stderr),
        String::from_utf8_lossy(&out.stdout),
    );
    assert!(out.status.success(), "{said}");
    assert!(
        said.contains("16 images to learn by heart; the 16 test images are the same"),
        "{said}"
    );
    assert!(
        said.contains("the same again") && !said.contains("  test 0"),
        "{said}"
    );
    assert!(
        data.contains("the test images are the 16 training images"),
        "{data}"
    );
    let events = std::fs::read_to_string(at.join("runs/o/events.jsonl")).expect("readable");
    assert!(
        events
            .lines()
            .next()
            .is_some_and(|start| start.contains("\"overfit\":true")),
        "{events}"
    );
    let report = ["report", "runs/o", "-o", "r.html", "--md", "r.md"];
    ok(at, &report);
    let report = std::fs::read_to_string(at.join("r.md")).expect("written");
    assert!(
        report.contains("test images are the 16 training images"),
        "{report}"
    );
    let dry = run(at, &[&args[..9], &["--dry-run"]].concat());
    assert!(
        String::from_utf8_lossy(&dry.stderr).contains("test images are the 16 training images")
    );
    assert_eq!(objects(at, &["eval", "runs/o"])[0]["learned_by_heart"], 16);
    assert!(ok(at, &["eval", "runs/o"]).contains("learned 16 training images by heart"));
}
