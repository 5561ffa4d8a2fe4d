//! Is a folder of classes read as documented, and everything wrong with it told?

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use tempfile::TempDir;
use timestep_data::{
    DataError, Dataset, GreyFile, ImageShape, Normalise, OpenOptions, load_image, open, verify,
    verify_watched,
};

/// Images that a folder has in both parts.
fn set_size(root: &Path) -> usize {
    let set = load(root).unwrap();
    set.train.len() + set.test.len()
}

fn rgb(w: u32, h: u32, seed: u32) -> DynamicImage {
    RgbImage::from_fn(w, h, |x, y| {
        Rgb([(seed * 40) as u8, (x * 9) as u8, (y * 9) as u8])
    })
    .into()
}

fn save(root: &Path, name: &str, image: &DynamicImage) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.save(path).unwrap();
}

/// Two classes, three images each in `train`, one each in `test`, all 12×10.
fn good() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (c, class) in ["cat", "ant"].iter().enumerate() {
        for i in 0..3 {
            save(
                folder.path(),
                &format!("train/{class}/{i}.png"),
                &rgb(12, 10, c as u32 + i),
            );
        }
        save(
            folder.path(),
            &format!("test/{class}/0.PNG"),
            &rgb(12, 10, 5),
        );
    }
    folder
}

fn load(folder: &Path) -> Result<Dataset, DataError> {
    open("image-folder", &OpenOptions::in_dir(folder))
}

#[track_caller]
fn refused(folder: &Path, expected: &str) -> DataError {
    let error = load(folder).unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
    assert!(error.hint().is_some(), "no hint: {error}");
    error
}

#[test]
fn classes_labels_pixels_and_order() {
    let folder = good();
    // Neither text, nor hidden files, nor deeper folders are images.
    fs::write(folder.path().join("train/cat/notes.txt"), "x").unwrap();
    fs::write(folder.path().join("train/cat/.hidden.png"), "x").unwrap();
    fs::create_dir(folder.path().join("train/cat/deeper.png")).unwrap();
    fs::create_dir(folder.path().join("train/.git")).unwrap();
    let set = load(folder.path()).unwrap();
    assert_eq!(set.classes, ["ant", "cat"]);
    assert_eq!(set.train.labels(), [0, 0, 0, 1, 1, 1]);
    assert_eq!(set.test.labels(), [0, 1]);
    assert_eq!(set.shape.to_string(), "3×10×12");
    let pixels = set.train.pixels(4).unwrap();
    assert_eq!((pixels[0], pixels[120 + 1], pixels[240 + 12]), (40, 9, 9));
}

#[test]
fn on_demand_equals_in_memory() {
    let folder = good();
    let options = OpenOptions {
        memory_limit: 100,
        ..OpenOptions::in_dir(folder.path())
    };
    let (memory, demand) = (
        load(folder.path()).unwrap(),
        open("image-folder", &options).unwrap(),
    );
    assert!(memory.train.in_memory() && !demand.train.in_memory());
    let all: Vec<u32> = (0..6).collect();
    assert_eq!(
        memory.train.fetch(&all).unwrap(),
        demand.train.fetch(&all).unwrap()
    );
    assert_eq!(
        memory.train.pixels(3).unwrap(),
        demand.train.pixels(3).unwrap()
    );
    let part = demand.train.subset(&[5, 0]).unwrap();
    assert_eq!(part.pixels(0).unwrap(), memory.train.pixels(5).unwrap());
    assert_eq!(part.labels(), [1, 0]);
    let statistics = Normalise::from_split(&memory.train).unwrap();
    assert_eq!(statistics, Normalise::from_split(&demand.train).unwrap());
    let before = demand.fingerprint();
    assert_eq!(
        before,
        open("image-folder", &options).unwrap().fingerprint()
    );
    assert_ne!(before, memory.fingerprint());
    // A file that goes bad later is named when it is asked for.
    fs::write(folder.path().join("train/ant/1.png"), "").unwrap();
    let error = demand.train.fetch(&all).unwrap_err();
    assert!(
        error.to_string().contains("ant/1.png: it is empty"),
        "{error}"
    );
    save(folder.path(), "train/ant/1.png", &rgb(12, 11, 0));
    let error = demand.train.pixels(1).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it is 12×11 now, and was 3×10×12"),
        "{error}"
    );
    assert_ne!(
        before,
        open(
            "image-folder",
            &OpenOptions {
                size: Some(8),
                ..options
            }
        )
        .unwrap()
        .fingerprint()
    );
}

#[test]
fn grey_if_all_are_and_in_colour_if_most_are() {
    let folder = tempfile::tempdir().unwrap();
    let grey: DynamicImage = GrayImage::from_pixel(6, 6, Luma([90])).into();
    for name in ["train/a/1.png", "train/b/1.jpg", "val/a/1.pgm"] {
        save(folder.path(), name, &grey);
    }
    let set = load(folder.path()).unwrap();
    assert_eq!(set.shape.to_string(), "1×6×6");
    assert_eq!(set.train.pixels(0).unwrap().as_ref(), [90; 36]);
    // As long as half are grey, nobody can tell what the folder is for.
    for n in 2..5 {
        save(folder.path(), &format!("train/a/{n}.png"), &rgb(6, 6, 1));
        let error = refused(folder.path(), "are grey");
        assert!(
            error.to_string().contains("train/a/1.png"),
            "names no example: {error}"
        );
        let report = verify("image-folder", Some(folder.path())).unwrap();
        assert!(report.problems[0].contains("are grey"));
    }
    save(folder.path(), "train/a/5.png", &rgb(6, 6, 1));
    assert_eq!(load(folder.path()).unwrap().shape.channels, 3);
    let counted = Mutex::new(Vec::new());
    let watch = |done, total| counted.lock().unwrap().push((done, total));
    let report = verify_watched("image-folder", Some(folder.path()), &watch).unwrap();
    assert!(report.ok() && report.notes[0].contains("in colour: 3"));
    // Every file is told of once, by whichever thread read it.
    let mut counted = counted.into_inner().unwrap();
    counted.sort_unstable();
    let files = set_size(folder.path());
    let all: Vec<(usize, usize)> = (1..=files).map(|done| (done, files)).collect();
    assert_eq!(counted, all);
}

#[test]
fn grey_file_for_a_network_of_colours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jpg");
    GrayImage::from_pixel(6, 6, Luma([90])).save(&path).unwrap();
    let shape = |channels| ImageShape::new(channels, 6, 6);
    let error = load_image(&path, shape(3), GreyFile::Refused).unwrap_err();
    assert!(matches!(error, DataError::GreyImage { .. }), "{error}");
    assert!(error.to_string().contains("x.jpg") && error.hint().is_some());
    let shown = load_image(&path, shape(3), GreyFile::AsRgb).unwrap();
    assert_eq!(shown, [90; 108]);
    let grey = load_image(&path, shape(1), GreyFile::Refused).unwrap();
    assert_eq!(grey, [90; 36]);
    // Equal channels are no grey file: whoever wrote it wanted RGB.
    let path = folder.path().join("y.png");
    RgbImage::from_pixel(6, 6, Rgb([7; 3])).save(&path).unwrap();
    assert!(load_image(&path, shape(3), GreyFile::Refused).is_ok());
}

#[test]
fn every_format_in_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let endings = [
        "png", "jpg", "jpeg", "bmp", "tif", "tiff", "webp", "gif", "ppm",
    ];
    for ending in endings {
        save(folder.path(), &format!("train/a/x.{ending}"), &rgb(9, 9, 2));
    }
    save(folder.path(), "train/b/x.png", &rgb(9, 9, 2));
    save(folder.path(), "test/b/x.png", &rgb(9, 9, 2));
    assert_eq!(load(folder.path()).unwrap().train.len(), endings.len() + 1);
}

#[test]
fn sizes_that_differ_are_made_one() {
    let folder = good();
    assert_eq!(load(folder.path()).unwrap().notes, [""; 0]);
    save(folder.path(), "test/cat/9.png", &rgb(50, 61, 1));
    let size_of = |folder: &Path| {
        let set = load(folder).unwrap();
        assert_eq!(set.chosen.size, Some(set.shape.width));
        assert!(set.notes[0].contains("--size"), "{:?}", set.notes);
        // Put into the options, it opens the same images.
        let options = OpenOptions {
            size: set.chosen.size,
            ..OpenOptions::in_dir(folder)
        };
        let again = open("image-folder", &options).unwrap();
        assert_eq!(again.fingerprint(), set.fingerprint());
        assert!(again.notes.is_empty() && again.chosen.size.is_none());
        set.shape.to_string()
    };
    assert_eq!(size_of(folder.path()), "3×32×32");
    let report = verify("image-folder", Some(folder.path())).unwrap();
    assert!(report.ok() && report.notes[0].contains("2 sizes"));
    let sized = |n| OpenOptions {
        size: Some(n),
        ..OpenOptions::in_dir(folder.path())
    };
    let set = open("image-folder", &sized(16)).unwrap();
    assert_eq!(set.shape.to_string(), "3×16×16");
    for size in [0, 20_000] {
        let error = open("image-folder", &sized(size)).unwrap_err();
        assert!(matches!(error, DataError::BadOption { .. }), "{error}");
    }
    // The smallest side decides, in eights and up to 64; images of one size keep it up to 128.
    for (sizes, shape) in [
        (&[(50, 47), (80, 90)][..], "3×40×40"),
        (&[(500, 375), (300, 301)], "3×64×64"),
        (&[(160, 160)], "3×64×64"),
        (&[(128, 100)], "3×100×128"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for (n, (w, h)) in sizes.iter().cycle().take(8).enumerate() {
            let class = ["a", "b"][(n % 2) ^ (n / 4)];
            save(folder.path(), &format!("{class}/{n}.png"), &rgb(*w, *h, 1));
        }
        assert_eq!(load(folder.path()).unwrap().shape.to_string(), shape);
    }
}

#[test]
fn layouts_that_are_wrong() {
    let folder = good();
    let root = folder.path();
    refused(&root.join("nowhere"), "nowhere does not exist");
    refused(&root.join("train/cat/0.png"), "0.png is not a folder");
    refused(&root.join("train/cat"), "holds no folders of classes");
    save(root, "test/zebra/1.png", &rgb(12, 10, 0));
    refused(root, "test has classes that `train` lacks: `zebra`");
    fs::rename(root.join("test"), root.join("val")).unwrap();
    refused(root, "val has classes that `train` lacks: `zebra`");
    fs::remove_dir_all(root.join("val")).unwrap();
    refused(
        root,
        "has no folder `test` or `val` with folders of classes",
    );
    // As in ImageNet: an unlabelled `test` beside `val`.
    save(root, "test/1.png", &rgb(12, 10, 0));
    save(root, "val/cat/1.png", &rgb(12, 10, 0));
    assert_eq!(load(root).unwrap().test.labels(), [1]);
    fs::create_dir(root.join("train/dog")).unwrap();
    fs::write(root.join("train/dog/readme.txt"), "x").unwrap();
    refused(root, "train has classes without images: `dog`");
    for class in ["cat", "ant"] {
        fs::remove_dir_all(root.join("train").join(class)).unwrap();
    }
    refused(root, "train holds one class only, `dog`");
    fs::create_dir(root.join("train/cat")).unwrap();
    refused(root, "train holds no images at all");
    fs::remove_dir_all(root.join("train")).unwrap();
    fs::create_dir(root.join("train")).unwrap();
    refused(root, "train holds no folders of classes");
}

#[test]
fn bad_files_are_gathered() {
    let folder = good();
    let root = folder.path();
    fs::write(root.join("train/cat/a.png"), "I am text").unwrap();
    fs::write(root.join("train/cat/b.jpg"), "").unwrap();
    let error = refused(root, "2 of 10 image files cannot be used: ");
    let text = error.to_string();
    assert!(text.contains("a.png: it is text"), "{text}");
    assert!(text.contains("b.jpg: it is empty (0 bytes)"), "{text}");
    let report = verify("image-folder", Some(root)).unwrap();
    assert_eq!(
        (report.problems.len(), &report.train_counts[..]),
        (2, &[3, 5][..])
    );
    for i in 0..20 {
        fs::write(root.join(format!("train/ant/bad{i}.png")), "text").unwrap();
    }
    match load(root) {
        Err(DataError::BadImages {
            total: 22,
            of: 30,
            bad,
        }) => assert_eq!(bad.len(), 10),
        other => panic!("{other:?}"),
    }
}

#[test]
fn cut_files_are_refused_not_half_grey() {
    for ending in ["jpg", "png"] {
        let folder = good();
        let path = folder.path().join(format!("train/cat/cut.{ending}"));
        rgb(12, 10, 3).save(&path).unwrap();
        assert!(load(folder.path()).is_ok());
        let bytes = fs::read(&path).unwrap();
        // The head is whole, so only decoding finds it out; in both splits at once.
        fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
        fs::copy(&path, folder.path().join(format!("test/ant/cut.{ending}"))).unwrap();
        let error = refused(folder.path(), "2 of 10 image files cannot be used");
        assert!(error.to_string().contains("cut short"), "{error}");
    }
}
