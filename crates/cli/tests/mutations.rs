//! Does any file, however damaged, bring a reader down? Small good files are changed at random and read.
//!
//! Every change is a function of the seed, the reader and a number, so a failure can be repeated:
//! `TIMESTEP_MUTATIONS=N` sets how many inputs all readers get together (2,600 in a plain `cargo test`), and
//! `TIMESTEP_MUTATION=READER:NUMBER` reads that one input alone.

mod common;

use common::mutate::mutate;
use common::ok;
use image::{DynamicImage, ImageFormat, RgbaImage};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use timestep_data::{GreyFile, ImageShape, RecordLayout};
use timestep_nets::foreign::read_pytorch;
use timestep_nets::{Network, read_safetensors, write_arrays};
use timestep_picture::{self as picture, Memory};
use timestep_restore::csf::CsfModel;
use timestep_restore::methods::bundled;
use timestep_restore::trd::Model;
use timestep_train::recipe::{AnyResolved, Layers};
use timestep_train::{Trained, network_config};

/// Bytes that a picture may take.
const PICTURE: u64 = 64 << 20;

/// A run that all tests take their seeds from.
fn run_folder() -> &'static Path {
    static RUN: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = RUN.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let small = [
            "train", "--steps", "1,1", "--width", "4", "--epochs", "2", "--quiet", "--name", "a",
        ];
        ok(folder.path(), &small);
        folder
    });
    static NAME: OnceLock<PathBuf> = OnceLock::new();
    NAME.get_or_init(|| folder.path().join("runs/a"))
}

fn files(folder: &Path, names: &[&str]) -> Vec<Vec<u8>> {
    let read = |name: &&str| std::fs::read(folder.join(name)).expect("readable");
    names.iter().map(read).collect()
}

#[test]
fn weights() {
    let seeds = files(
        run_folder(),
        &["weights/last.safetensors", "state/state.safetensors"],
    );
    mutate("weights", &seeds, |bytes| drop(read_safetensors(bytes)));
}

/// The card is changed and the checksum made anew, so that what it claims is believed.
#[test]
fn cards() {
    let weights = files(run_folder(), &["weights/last.safetensors"]).remove(0);
    let file = read_safetensors(&weights).expect("as written");
    let arrays: Vec<_> = (file.arrays.iter())
        .map(|(name, (shape, values))| (name.as_str(), shape.as_slice(), values.clone()))
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("w.safetensors");
    mutate(
        "cards",
        &[file.metadata["card"].clone().into_bytes()],
        |bytes| {
            let card = String::from_utf8_lossy(bytes).into_owned();
            let metadata = [("card".to_owned(), card)].into_iter().collect();
            let sealed = write_arrays(&arrays, &metadata).expect("shapes fit");
            std::fs::write(&path, sealed).expect("written");
            if let Ok(trained) = Trained::load(&path) {
                drop(trained.card.recipe());
                let _ = trained.network.cost();
            }
        },
    );
}

#[test]
fn recipes() {
    let seeds = files(run_folder(), &["recipe.toml"]);
    mutate("recipes", &seeds, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Ok(AnyResolved::Classify(resolved)) = Layers::from_text(&text, "x").resolve_any()
        else {
            return;
        };
        drop(resolved.to_annotated_toml());
        let recipe = &resolved.recipe;
        let input = timestep_nets::InputShape {
            channels: 1,
            height: 8,
            width: 8,
        };
        if let Ok(config) = network_config(&recipe.network, &recipe.noise, input, 10) {
            drop(Network::build(&config));
        }
    });
}

/// A small picture with something in it.
fn pixels() -> RgbaImage {
    RgbaImage::from_fn(13, 9, |x, y| {
        image::Rgba([(20 * x) as u8, (28 * y) as u8, (x * y) as u8, 255 - x as u8])
    })
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, format).expect("encoded");
    out.into_inner()
}

/// The same picture in every kind of colours that a format holds.
fn pictures(format: ImageFormat) -> Vec<Vec<u8>> {
    let rgba = DynamicImage::ImageRgba8(pixels());
    let images = match format {
        ImageFormat::Png | ImageFormat::Tiff => vec![
            DynamicImage::ImageLuma8(rgba.to_luma8()),
            DynamicImage::ImageRgb8(rgba.to_rgb8()),
            DynamicImage::ImageLuma16(rgba.to_luma16()),
            DynamicImage::ImageRgba16(rgba.to_rgba16()),
            rgba,
        ],
        ImageFormat::Gif => vec![rgba],
        _ => vec![
            DynamicImage::ImageLuma8(rgba.to_luma8()),
            DynamicImage::ImageRgb8(rgba.to_rgb8()),
        ],
    };
    images.iter().map(|image| encoded(image, format)).collect()
}

/// Both readers of pictures: the one of data sets and the one of restorers.
fn read_pictures(name: &str, seeds: &[Vec<u8>]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("picture");
    let memory = Memory {
        allowed: PICTURE,
        beside: &|_, _| 0,
    };
    mutate(name, seeds, |bytes| {
        std::fs::write(&path, bytes).expect("written");
        if let Ok(picture) = picture::read(&path, &memory) {
            assert!(picture.bytes() <= PICTURE);
            drop(picture.planes_of(0, 0, 1, 1));
        }
        let shape = ImageShape::new(3, 8, 8);
        if let Ok(pixels) = timestep_data::load_image(&path, shape, GreyFile::AsRgb) {
            assert_eq!(pixels.len(), shape.len());
        }
        drop(timestep_data::load_image_resized(
            &path,
            shape,
            9,
            GreyFile::AsRgb,
        ));
    });
}

#[test]
fn png() {
    read_pictures("png", &pictures(ImageFormat::Png));
}

#[test]
fn tiff() {
    let mut seeds = pictures(ImageFormat::Tiff);
    // With the tags of a camera, a profile and compression, as this program writes them.
    let path = Path::new("a.png");
    let mut picture = picture::read_bytes(path, &pictures(ImageFormat::Png)[1]).expect("a picture");
    picture.meta.icc = Some(vec![7; 200]);
    picture.meta.xmp = Some(b"<x/>".to_vec());
    picture.meta.compressed = true;
    let mut out = Cursor::new(Vec::new());
    picture::encode(&mut out, &picture, picture::Format::Tiff, 90).expect("encoded");
    seeds.push(out.into_inner());
    read_pictures("tiff", &seeds);
}

#[test]
fn jpeg() {
    read_pictures("jpeg", &pictures(ImageFormat::Jpeg));
}

#[test]
fn gif_bmp_webp() {
    let mut seeds = pictures(ImageFormat::Gif);
    seeds.extend(pictures(ImageFormat::Bmp));
    seeds.push(encoded(
        &DynamicImage::ImageRgba8(pixels()),
        ImageFormat::WebP,
    ));
    read_pictures("gif_bmp_webp", &seeds);
}

#[test]
fn pnm() {
    let mut seeds = pictures(ImageFormat::Pnm);
    seeds.push(
        b"P3\n# a comment\n3 2\n255\n255 0 0  0 255 0  0 0 255\n1 2 3  4 5 6  7 8 9\n".to_vec(),
    );
    seeds.push(b"P2 3 2 65535 1 2 3 4 5 6".to_vec());
    seeds.push(b"P5 2 2 255\nabcd".to_vec());
    seeds.push(b"P6 0 0 255\n".to_vec());
    read_pictures("pnm", &seeds);
}

#[test]
fn cifar_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data_batch_1.bin");
    let layout = RecordLayout::CIFAR10;
    let seed = vec![vec![3; 2 * layout.bytes()]];
    mutate("cifar_records", &seed, |bytes| {
        std::fs::write(&path, bytes).expect("written");
        for layout in [RecordLayout::CIFAR10, RecordLayout::CIFAR100] {
            if let Ok((pixels, labels)) = timestep_data::read_records(&path, &layout, 2) {
                assert_eq!(pixels.len(), labels.len() * layout.shape.len());
            }
        }
    });
}

#[test]
fn checkpoints() {
    let folder = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/import"
    ));
    let seeds = files(
        folder,
        &[
            "plain.pth",
            "nested.pth",
            "types.pth",
            "views.pth",
            "protocol4.pth",
        ],
    );
    mutate("checkpoints", &seeds, |bytes| drop(read_pytorch(bytes)));
}

/// The records of a run: recipe, events, metrics, environment.
#[test]
fn runs() {
    let names = [
        "events.jsonl",
        "metrics.csv",
        "environment.json",
        "recipe.toml",
    ];
    let originals = files(run_folder(), &names);
    let folder = tempfile::tempdir().expect("a folder");
    // Each input takes the place of one of the files.
    mutate("runs", &originals, |bytes| {
        for (name, original) in names.iter().zip(&originals) {
            std::fs::write(folder.path().join(name), original).expect("written");
        }
        std::fs::write(folder.path().join(names[bytes.len() % names.len()]), bytes)
            .expect("written");
        drop(timestep_report::run::Record::read(folder.path()));
    });
}

#[test]
fn restorers() {
    let seeds = ["trd-5x5-s25", "csf-7x7-s25"].map(|name| bundled(name).expect("bundled").to_vec());
    mutate("restorers", &seeds, |bytes| {
        drop(Model::from_bytes(bytes));
        drop(CsfModel::from_bytes(bytes));
    });
}

/// The readers of pictures do read what is undamaged.
#[test]
fn seeds_are_good() {
    let formats = [
        ImageFormat::Png,
        ImageFormat::Tiff,
        ImageFormat::Jpeg,
        ImageFormat::Bmp,
    ];
    for format in formats {
        for bytes in pictures(format) {
            let read = picture::read_bytes(Path::new("a"), &bytes).expect("undamaged");
            assert_eq!((read.width(), read.height()), (13, 9));
        }
    }
}
