//! Do whole images become the documented batches, on demand, ahead of time and in any pool?

use std::fs;
use std::path::Path;

use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use tempfile::TempDir;
use timestep_data::{
    Augment, Batch, Cutout, DataError, Dataset, Draw, GreyFile, ImageShape, Jitter, Loader,
    Normalise, OpenOptions, RandAugment, Source, View, fill_batch, load_source, open,
};

fn photo(w: u32, h: u32, seed: u32) -> DynamicImage {
    RgbImage::from_fn(w, h, |x, y| {
        let wave = |a: u32, b: u32| ((x * a + y * b + seed * 31) % 200) as u8;
        Rgb([wave(3, 1), wave(1, 4), wave(2, 2)])
    })
    .into()
}

fn save(root: &Path, name: &str, image: &DynamicImage) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.save(path).unwrap();
}

/// Two classes with 17 training and 4 test images together, no two of one size.
fn photos() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..17 {
        let class = ["bee", "ant"][i as usize % 2];
        let name = format!("train/{class}/{i:02}.png");
        save(folder.path(), &name, &photo(20 + 3 * i, 50 - 2 * i, i));
    }
    for i in 0..4 {
        let class = ["bee", "ant"][i as usize % 2];
        let name = format!("val/{class}/{i}.png");
        save(folder.path(), &name, &photo(40 + i, 30, 100 + i));
    }
    folder
}

fn options(folder: &Path) -> OpenOptions {
    OpenOptions {
        size: Some(16),
        resize: Some(18),
        full: true,
        ..OpenOptions::in_dir(folder)
    }
}

fn whole(folder: &Path) -> Dataset {
    open("image-folder", &options(folder)).unwrap()
}

const RESIZED: Augment = Augment::IMAGENET;

fn scaled() -> Augment {
    Augment {
        view: View::Scaled { shorter: (18, 30) },
        flip: true,
        jitter: Jitter {
            brightness: 0.4,
            contrast: 0.4,
            saturation: 0.4,
        },
        ..Augment::default()
    }
}

fn loader<'a>(set: &'a Dataset, augment: Augment) -> Loader<'a> {
    let loader = Loader::new(&set.train, 5, Normalise::identity(3)).unwrap();
    loader.shuffled(7).augmented(augment, 7).unwrap()
}

fn epoch(loader: &Loader<'_>, first: usize) -> Vec<Batch> {
    loader.epoch(2, first).collect::<Result<_, _>>().unwrap()
}

#[test]
fn threads_and_prefetching_do_not_matter() {
    let folder = photos();
    let set = whole(folder.path());
    for augment in [RESIZED, scaled(), Augment::CIFAR] {
        let ahead = loader(&set, augment);
        let base = epoch(&ahead, 0);
        assert_eq!(
            base.iter().map(Batch::len).collect::<Vec<_>>(),
            [5, 5, 5, 2]
        );
        assert_eq!(base, epoch(&ahead.clone().prefetched(false), 0));
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            // Within a pool nothing is made ahead; a pool of one thread would wait for itself.
            assert_eq!(base, pool.install(|| epoch(&ahead, 0)));
        }
        // Half of an epoch in a pool, half outside.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let mut batches = ahead.epoch(2, 0);
        let mut got = vec![batches.next().unwrap().unwrap()];
        pool.unwrap()
            .install(|| got.push(batches.next().unwrap().unwrap()));
        got.extend(batches.map(Result::unwrap));
        assert_eq!(base, got);
    }
}

#[test]
fn an_epoch_resumes_in_the_middle() {
    let folder = photos();
    let set = whole(folder.path());
    for prefetch in [true, false] {
        let loader = loader(&set, RESIZED).prefetched(prefetch);
        let base = epoch(&loader, 0);
        for first in 0..=4 {
            assert_eq!(epoch(&loader, first), base[first..]);
        }
        let mut batches = loader.epoch(2, 1);
        assert_eq!(batches.next().unwrap().unwrap(), base[1]);
        // A position that a checkpoint stores counts what was used, not what was made.
        assert_eq!((batches.position(), batches.len()), (2, 2));
        assert_eq!(batches.next_indices().len(), 5);
        let copy: Vec<_> = batches.clone().map(Result::unwrap).collect();
        assert_eq!(copy, base[2..]);
        assert_eq!(batches.map(Result::unwrap).collect::<Vec<_>>(), base[2..]);
    }
    // In memory as well, where it is off at first.
    let digits = open("digits", &OpenOptions::default()).unwrap();
    let loader = Loader::new(&digits.train, 500, Normalise::identity(1)).unwrap();
    assert_eq!(
        epoch(&loader, 0),
        epoch(&loader.clone().prefetched(true), 0)
    );
}

#[test]
fn an_image_depends_on_seed_epoch_and_number_alone() {
    let folder = photos();
    let set = whole(folder.path());
    let identity = Normalise::identity(3);
    let all = Augment {
        rand_augment: RandAugment::USUAL,
        cutout: Cutout { size: 5 },
        ..scaled()
    };
    for augment in [RESIZED, scaled(), all] {
        let draw = |seed, epoch| Draw {
            augment: &augment,
            seed,
            epoch,
        };
        let fill = |indices: &[u32], draw| {
            fill_batch(&set.train, indices, Some(draw), &identity)
                .unwrap()
                .images
        };
        let n = 3 * 16 * 16;
        let alone = fill(&[9], draw(1, 1));
        assert_eq!(alone, fill(&[3, 9, 0], draw(1, 1))[n..2 * n]);
        assert_ne!(alone, fill(&[9], draw(2, 1)));
        assert_ne!(alone, fill(&[9], draw(1, 2)));
    }
}

#[test]
fn jitter_off_and_flips_by_the_window() {
    let folder = photos();
    let set = whole(folder.path());
    let identity = Normalise::identity(3);
    let pixels = |augment: &Augment, index| {
        let draw = Draw {
            augment,
            seed: 5,
            epoch: 0,
        };
        let batch = fill_batch(&set.train, &[index], Some(draw), &identity).unwrap();
        let window = draw.window(index, (20, 20), set.shape).unwrap();
        (batch.images, window.flip)
    };
    let plain = Augment {
        flip: false,
        ..RESIZED
    };
    let strong = Augment {
        jitter: scaled().jitter,
        ..plain
    };
    let mut flips = 0;
    for index in 0..17 {
        let (base, _) = pixels(&plain, index);
        let (mut turned, flip) = pixels(&RESIZED, index);
        if flip {
            flips += 1;
            turned.chunks_mut(16).for_each(<[f32]>::reverse);
        }
        assert_eq!(base, turned);
        assert_ne!(base, pixels(&strong, index).0);
    }
    assert!((1..17).contains(&flips));
}

#[test]
fn test_images_are_the_middle() {
    let folder = photos();
    let set = whole(folder.path());
    assert!(!set.train.in_memory() && !set.test.in_memory());
    // Unscaled where the shorter side is 30 already: 10 columns and 7 rows go on each side.
    let exact = OpenOptions {
        resize: Some(30),
        ..options(folder.path())
    };
    let unscaled = open("image-folder", &exact).unwrap();
    let image = photo(40, 30, 100).into_rgb8();
    // Classes are sorted, so the two of `ant` go first and 40×30 is number 2.
    let pixels = unscaled.test.pixels(2).unwrap();
    for (i, &v) in pixels.iter().enumerate() {
        let (c, y, x) = (i / 256, i % 256 / 16, i % 16);
        assert_eq!(v, image.get_pixel(x as u32 + 12, y as u32 + 7)[c]);
    }
    assert_ne!(set.fingerprint(), unscaled.fingerprint());
    // The same view in memory, and for a single file.
    let memory = OpenOptions {
        full: false,
        ..options(folder.path())
    };
    let memory = open("image-folder", &memory).unwrap();
    assert!(memory.test.in_memory());
    for index in 0..4 {
        let pixels = set.test.pixels(index).unwrap();
        assert_eq!(pixels, memory.test.pixels(index).unwrap());
    }
    let one = load_source(
        Source::File(&folder.path().join("val/bee/0.png")),
        set.shape,
        Some(18),
        GreyFile::Refused,
    )
    .unwrap();
    assert_eq!(one, set.test.pixels(2).unwrap().as_ref());
}

#[test]
fn small_grey_and_equal_images() {
    let folder = photos();
    let root = folder.path();
    save(root, "train/ant/small.png", &photo(5, 9, 1));
    let grey: DynamicImage = GrayImage::from_pixel(31, 44, Luma([90])).into();
    save(root, "train/ant/zgrey.png", &grey);
    let set = whole(root);
    let identity = Normalise::identity(3);
    for augment in [
        RESIZED,
        Augment {
            jitter: Jitter::OFF,
            ..scaled()
        },
    ] {
        let draw = Draw {
            augment: &augment,
            seed: 1,
            epoch: 0,
        };
        // `ant` has 8 numbered images, then these two.
        let batch = fill_batch(&set.train, &[8, 9], Some(draw), &identity).unwrap();
        let (small, grey) = batch.images.split_at(768);
        assert!(small.iter().any(|v| *v != small[0]));
        assert!(grey.iter().all(|v| *v == 90.0 / 255.0));
    }
    // Images of one size need no `size`.
    let equal = tempfile::tempdir().unwrap();
    for name in ["train/a/1.png", "train/b/1.png", "test/a/1.png"] {
        save(equal.path(), name, &photo(12, 10, 3));
    }
    let options = OpenOptions {
        full: true,
        ..OpenOptions::in_dir(equal.path())
    };
    let set = open("image-folder", &options).unwrap();
    assert_eq!(set.shape, ImageShape::new(3, 10, 12));
    let batches: Vec<_> = loader(&set, RESIZED).epoch(0, 0).collect();
    assert!(batches.len() == 1 && batches[0].is_ok());
}

#[test]
fn what_cannot_be_used_is_refused() {
    let folder = photos();
    let root = folder.path();
    let refused = |change: &dyn Fn(&mut OpenOptions), expected: &str| {
        let mut options = options(root);
        change(&mut options);
        let error = open("image-folder", &options).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    refused(&|o| o.resize = Some(15), "is 15, and must be between 16");
    refused(&|o| o.resize = Some(20_000), "and 16384 pixels");
    refused(&|o| o.size = None, "given together with a size");
    let fixed = OpenOptions {
        resize: Some(9),
        ..OpenOptions::default()
    };
    let error = open("digits", &fixed).unwrap_err();
    assert!(matches!(error, DataError::FixedSize { size: 9, .. }));
    // Windows of images that are in memory.
    let memory = OpenOptions {
        full: false,
        ..options(root)
    };
    let memory = open("image-folder", &memory).unwrap();
    let loader = Loader::new(&memory.train, 4, Normalise::identity(3)).unwrap();
    let error = loader.augmented(RESIZED, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the crop `random-resized` is cut from whole images, and this set holds its images in \
         memory, each 3×16×16"
    );
    assert!(error.hint().unwrap().contains("option `full`"));
    let draw = Draw {
        augment: &RESIZED,
        seed: 0,
        epoch: 0,
    };
    let error = fill_batch(&memory.train, &[0], Some(draw), &Normalise::identity(3));
    assert!(matches!(error, Err(DataError::NotWhole { .. })));
    let set = whole(root);
    let error = fill_batch(&set.train, &[17], Some(draw), &Normalise::identity(3));
    assert!(matches!(error, Err(DataError::IndexOutOfRange { .. })));
    let shorter = View::Scaled { shorter: (15, 30) };
    let augment = Augment {
        view: shorter,
        ..scaled()
    };
    let loader = Loader::new(&set.train, 4, Normalise::identity(3)).unwrap();
    let error = loader.augmented(augment, 0).unwrap_err();
    assert!(matches!(error, DataError::BadOption { .. }));
    let path = root.join("val/bee/0.png");
    let error =
        load_source(Source::File(&path), set.shape, Some(8), GreyFile::Refused).unwrap_err();
    assert!(matches!(error, DataError::BadOption { .. }));
}

#[test]
fn a_cut_photograph_is_named_in_its_batch_and_the_epoch_goes_on() {
    let folder = photos();
    let path = folder.path().join("train/bee/zz.jpg");
    photo(60, 40, 2).save(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 30]).unwrap();
    // Opening reads the heads only, and the head is whole.
    let set = whole(folder.path());
    for prefetch in [true, false] {
        let loader = loader(&set, RESIZED).prefetched(prefetch);
        let batches: Vec<_> = loader.epoch(0, 0).collect();
        let bad: Vec<_> = batches.iter().filter_map(|b| b.as_ref().err()).collect();
        assert_eq!((batches.len(), bad.len()), (4, 1));
        let text = bad[0].to_string();
        assert!(
            text.contains("zz.jpg: it is a JPEG that is damaged or cut short"),
            "{text}"
        );
        assert!(bad[0].hint().is_some());
    }
}

#[test]
fn exactly_one_batch_is_made_ahead() {
    let folder = photos();
    let set = whole(folder.path());
    let loader = loader(&set, RESIZED);
    let base = epoch(&loader, 0);
    let mut batches = loader.epoch(2, 0);
    assert_eq!(batches.next().unwrap().unwrap(), base[0]);
    // Plenty for five tiny images; then the files go, and only what was made ahead is there.
    std::thread::sleep(std::time::Duration::from_secs(1));
    fs::remove_dir_all(folder.path().join("train")).unwrap();
    assert_eq!(batches.next().unwrap().unwrap(), base[1]);
    let error = batches.next().unwrap().unwrap_err();
    assert!(error.to_string().contains("5 of 5 image files"), "{error}");
}
