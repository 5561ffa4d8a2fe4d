//! Are the folders, lists and arrays that people have read as they are, and is what cannot be read named?

use std::fs;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba};
use tempfile::TempDir;
use timestep_data::{DataError, Dataset, OpenOptions, open, verify};

fn picture(seed: u32) -> RgbImage {
    RgbImage::from_fn(12, 10, |x, y| {
        Rgb([(seed * 7) as u8, (x * 9) as u8, (y * 9) as u8])
    })
}

fn save(path: &Path, image: &DynamicImage) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.save(path).unwrap();
}

/// `n` pictures in each of three folders, and nothing else.
fn classes(n: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (c, class) in ["ant", "bee", "cat"].iter().enumerate() {
        for i in 0..n {
            let path = folder.path().join(format!("{class}/{i}.png"));
            save(&path, &picture(i + 31 * c as u32).into());
        }
    }
    folder
}

fn names(set: &Dataset, test: bool) -> Vec<PathBuf> {
    let split = if test { &set.test } else { &set.train };
    let name = |i| split.name(i).unwrap().to_owned();
    (0..split.len()).map(name).collect()
}

fn message(name: &str, options: &OpenOptions) -> String {
    let error = open(name, options).unwrap_err();
    assert!(error.hint().is_some(), "no hint: {error}");
    error.to_string()
}

#[test]
fn a_folder_of_classes_is_divided_by_a_rule_that_is_told() {
    let folder = classes(10);
    let options = OpenOptions::in_dir(folder.path());
    let set = open("image-folder", &options).unwrap();
    assert_eq!(set.train.class_counts(3), [8, 8, 8]);
    assert_eq!(set.test.class_counts(3), [2, 2, 2]);
    assert_eq!(set.chosen.held_out, Some(0.2));
    assert!(
        set.notes[0].contains("6 of 30 were held out"),
        "{:?}",
        set.notes
    );
    let held = names(&set, true);
    assert!(names(&set, false).iter().all(|name| !held.contains(name)));
    // Again, on demand, and with the share said: the same images. With another seed: others.
    let demand = OpenOptions {
        memory_limit: 100,
        held_out: Some(0.2),
        ..options.clone()
    };
    assert_eq!(names(&open("image-folder", &demand).unwrap(), true), held);
    let other = OpenOptions {
        split_seed: 1,
        ..options.clone()
    };
    assert_ne!(names(&open("image-folder", &other).unwrap(), true), held);
    // What the folder says itself is not to be chosen.
    for class in ["ant", "bee", "cat"] {
        for part in ["train", "test"] {
            let path = folder.path().join(format!("new/{part}/{class}/1.png"));
            save(&path, &picture(1).into());
        }
    }
    let own = OpenOptions {
        split_seed: 1,
        ..OpenOptions::in_dir(folder.path().join("new"))
    };
    assert!(message("image-folder", &own).contains("has a folder `test`"));
    let digits = OpenOptions {
        held_out: Some(0.1),
        ..OpenOptions::default()
    };
    assert!(message("digits", &digits).contains("test images of `digits` are given"));
    let report = verify("image-folder", Some(folder.path())).unwrap();
    assert!(
        report.ok() && report.train_counts == [8, 8, 8],
        "{report:?}"
    );
}

#[test]
fn a_few_damaged_files_are_named_and_left_out_and_many_are_refused() {
    let folder = classes(40);
    let root = folder.path();
    fs::write(root.join("ant/text.png"), "no picture").unwrap();
    let options = OpenOptions::in_dir(root);
    let set = open("image-folder", &options).unwrap();
    assert_eq!(set.train.len() + set.test.len(), 120);
    assert!(
        set.notes
            .iter()
            .any(|n| n.contains("1 of 121") && n.contains("ant/text.png: it is text"))
    );
    // One that only decoding shows, in whichever part it is: the others keep pixels and labels.
    fs::remove_file(root.join("ant/text.png")).unwrap();
    let whole = open("image-folder", &options).unwrap();
    let cut = root.join("bee/7.png");
    let bytes = fs::read(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() - 20]).unwrap();
    let set = open("image-folder", &options).unwrap();
    assert_eq!(set.train.len() + set.test.len(), 119);
    for test in [false, true] {
        let (was, is) = (names(&whole, test), names(&set, test));
        let split = |set: &Dataset| {
            if test {
                set.test.clone()
            } else {
                set.train.clone()
            }
        };
        for (i, name) in is.iter().enumerate() {
            assert_ne!(name, Path::new("bee/7.png"));
            let before = was.iter().position(|n| n == name).unwrap();
            let (was, is) = (split(&whole), split(&set));
            assert_eq!(is.pixels(i).unwrap(), was.pixels(before).unwrap());
            assert_eq!(is.label(i), was.label(before));
        }
    }
    fs::write(root.join("cat/3.png"), "").unwrap();
    let error = open("image-folder", &options).unwrap_err();
    assert!(
        matches!(
            error,
            DataError::BadImages {
                total: 2,
                of: 120,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn grey_palette_sixteen_bits_and_alpha() {
    let folder = classes(9);
    let root = folder.path();
    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> =
        ImageBuffer::from_pixel(12, 10, Rgb([257 * 200, 257 * 100, 257 * 50]));
    save(&root.join("ant/deep.png"), &deep.into());
    let alpha = ImageBuffer::from_pixel(12, 10, Rgba([9_u8, 8, 7, 128]));
    save(&root.join("ant/alpha.png"), &alpha.into());
    let grey: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::from_pixel(12, 10, Luma([257 * 33]));
    save(&root.join("bee/grey.png"), &grey.into());
    // A palette of two colours, as GIF has it.
    let two = RgbImage::from_fn(12, 10, |x, _| {
        Rgb(if x < 6 { [255, 0, 0] } else { [0, 0, 255] })
    });
    save(&root.join("cat/two.gif"), &two.into());
    let set = open("image-folder", &OpenOptions::in_dir(root)).unwrap();
    assert_eq!(set.shape.to_string(), "3×10×12");
    let pixel = |wanted: &str| {
        for test in [false, true] {
            let found = names(&set, test);
            if let Some(i) = found.iter().position(|name| name == Path::new(wanted)) {
                let split = if test { &set.test } else { &set.train };
                let pixels = split.pixels(i).unwrap();
                return [0, 120, 240].map(|at| pixels[at]);
            }
        }
        panic!("{wanted} is in no split");
    };
    assert_eq!(pixel("ant/deep.png"), [200, 100, 50]);
    assert_eq!(pixel("ant/alpha.png"), [9, 8, 7]);
    assert_eq!(pixel("bee/grey.png"), [33; 3]);
    assert_eq!(pixel("cat/two.gif"), [255, 0, 0]);
    assert!(
        set.notes
            .iter()
            .any(|n| n.contains("grey images among those in colour: 1"))
    );
}

#[test]
fn a_list_names_pictures_anywhere() {
    let folder = classes(5);
    let root = folder.path();
    let mut text = "label,path\n".to_owned();
    for class in ["ant", "bee"] {
        (0..5).for_each(|i| {
            text += &format!(
                "{},{class}/{i}.png\n",
                10 * class.len() + class.len() * usize::from(class == "ant")
            )
        });
    }
    let text = text.replace("33,", "9,").replace("30,", "10,");
    fs::write(root.join("l.csv"), text).unwrap();
    let list = OpenOptions::in_dir(root.join("l.csv"));
    let set = open("image-list", &list).unwrap();
    // In the order of numbers, not of letters.
    assert_eq!(set.classes, ["9", "10"]);
    assert_eq!((set.train.len(), set.test.len()), (8, 2));
    let named = names(&set, true);
    assert!(
        named[0].starts_with("ant") && named[1].starts_with("bee"),
        "{named:?}"
    );
    assert!(verify("image-list", list.dir.as_deref()).unwrap().ok());
    // With a column that says it.
    fs::write(
        root.join("s.csv"),
        "path,label,split\nant/1.png,a,train\nbee/1.png,b,train\nbee/2.png,b,test\n",
    )
    .unwrap();
    let said = OpenOptions::in_dir(root.join("s.csv"));
    let set = open("image-list", &said).unwrap();
    assert_eq!(
        (names(&set, true), set.chosen.held_out),
        (vec![PathBuf::from("bee/2.png")], None)
    );
    let chosen = OpenOptions {
        held_out: Some(0.5),
        ..said
    };
    assert!(message("image-list", &chosen).contains("has a column `split`"));
    fs::write(
        root.join("m.csv"),
        "gone.png,a\nant/1.png,a\nbee/1.png,b\nbee/2.png,b\n",
    )
    .unwrap();
    let missing = message("image-list", &OpenOptions::in_dir(root.join("m.csv")));
    assert!(
        missing.contains("1 of 4") && missing.contains("gone.png"),
        "{missing}"
    );
    assert!(open("image-list", &OpenOptions::in_dir(root.join("none.csv"))).is_err());
}

fn golden(name: &str) -> OpenOptions {
    OpenOptions::in_dir(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/golden/npz")
            .join(name),
    )
}

#[test]
fn arrays_of_numpy() {
    let set = open("npz", &golden("grey.npz")).unwrap();
    assert_eq!(
        (set.shape.to_string(), set.classes.join(",")),
        ("1×6×5".into(), "0,1,2".into())
    );
    assert_eq!((set.train.len(), set.test.len()), (9, 3));
    assert_eq!(set.chosen.held_out, Some(0.2));
    // Image i is of class i mod 3 and begins with 10 i.
    for i in 0..9 {
        let pixels = set.train.pixels(i).unwrap();
        assert_eq!(u16::from(pixels[0] / 10) % 3, set.train.label(i));
        assert_eq!(pixels[5 + 1] - pixels[0], 3);
    }
    let packed = open("npz", &golden("rgb.npz")).unwrap();
    assert_eq!(packed.classes, ["ant", "bee", "größe"]);
    assert_eq!(packed.shape.to_string(), "3×6×5");
    let pixels = packed.train.pixels(0).unwrap();
    assert_eq!(
        [
            pixels[30] - pixels[0],
            pixels[60] - pixels[0],
            pixels[31] - pixels[30]
        ],
        [50, 100, 1]
    );
    // The channels may come first, and the file may say what is for testing.
    let split = open("npz", &golden("split.npz")).unwrap();
    assert_eq!(
        (split.train.len(), split.test.len(), split.chosen.held_out),
        (9, 3, None)
    );
    let pixels = split.test.pixels(0).unwrap();
    assert_eq!([pixels[0], pixels[30], pixels[60]], [90, 140, 190]);
    let report = verify("npz", golden("split.npz").dir.as_deref()).unwrap();
    assert_eq!(
        (report.train_counts, report.test_counts),
        (vec![3; 3], vec![1; 3])
    );
}

#[test]
fn arrays_that_are_no_images_are_refused() {
    for (name, says) in [
        ("floats.npz", "`images` of type `f8`, not `u1`"),
        ("negative.npz", "`labels` with the label -1"),
        ("columns.npz", "stored column by column"),
        ("short.npz", "holds 12 images and 5 labels"),
        ("make.py", "is no `.npz`"),
    ] {
        let error = message("npz", &golden(name));
        assert!(error.contains(says), "{name}: {error}");
    }
    let small = OpenOptions {
        memory_limit: 100,
        ..golden("grey.npz")
    };
    assert!(message("npz", &small).contains("for which there are 0 MiB"));
    let size = OpenOptions {
        size: Some(8),
        ..golden("grey.npz")
    };
    assert!(message("npz", &size).contains("always 1×6×5"));
    assert!(open("npz", &golden("none.npz")).is_err());
}
