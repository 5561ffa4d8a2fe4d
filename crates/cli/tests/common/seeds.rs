//! Which good files do fuzzers begin with? Small ones of every kind, by the program itself where it writes that kind.

use super::readers::{NEXT_FILE, RUN, small};
use super::{ok, restorers};
use image::{DynamicImage, ImageFormat, RgbaImage};
use serde_json::{Map, Value, json};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;
use timestep_data::RecordLayout;
use timestep_picture::{self as picture, Density, DensityUnit, Format};
use timestep_restore::learned::Restorer;
use timestep_study::reproduce::Budget;
use timestep_train::recipe::embedded_text;

/// The seeds of a reader.
pub fn seeds(reader: &str) -> Vec<Vec<u8>> {
    match reader {
        "archives" => archives(),
        "arrays" => ["grey.npz", "rgb.npz", "split.npz"].map(numpy).to_vec(),
        "cards" => vec![card()],
        "checkpoints" => checkpoints(),
        "cifar_records" => [RecordLayout::CIFAR10, RecordLayout::CIFAR100]
            .map(|layout| vec![3; 2 * layout.bytes()])
            .to_vec(),
        "classifier_runs" => vec![records_of(classifier())],
        "images" => [
            encoded(ImageFormat::Gif),
            encoded(ImageFormat::Pnm),
            pictures(),
        ]
        .concat(),
        "lists" => [
            "1.pgm,a\n2.pgm,a\n3.pgm,b\n4.pgm,b\n",
            "split,label,path\ntrain,\"a, \"\"b\"\"\",1.pgm\ntest,c,2.pgm\ntrain,c,3.pgm\n",
        ]
        .map(|text| text.as_bytes().to_vec())
        .to_vec(),
        "pictures" => [pictures(), with_camera_data()].concat(),
        "recipes" => recipes(),
        "reports" => vec![records_of(classifier())],
        "restorer_runs" => vec![records_of(restorer())],
        "restorers" => models(),
        "schemes" => schemes(),
        "states" => states(),
        "tables" => vec![table()],
        other => panic!("there are no seeds for {other}"),
    }
}

/// A file that NumPy wrote.
fn numpy(name: &str) -> Vec<u8> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/npz");
    std::fs::read(golden.join(name)).expect("readable")
}

/// A run that is trained once.
fn trained(run: &'static OnceLock<(TempDir, PathBuf)>, train: fn(&Path)) -> &'static Path {
    let (_, path) = run.get_or_init(|| {
        let folder = restorers::folder();
        train(folder.path());
        let path = folder.path().join("runs/a");
        (folder, path)
    });
    path
}

/// A run of the network that the readers know.
fn classifier() -> &'static Path {
    static RUN: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    trained(&RUN, |folder| {
        let config = small().1.config();
        let (block, scheme, width) = (
            &config.block.name,
            &config.scheme.name,
            config.body.width.to_string(),
        );
        ok(
            folder,
            &[
                "train",
                "--block",
                block,
                "--scheme",
                scheme,
                "--steps",
                "1,1",
                "--width",
                &width,
                "--set",
                "train.ema=0.5",
                "--epochs",
                "2",
                "--quiet",
                "--name",
                "a",
            ],
        );
    })
}

fn restorer() -> &'static Path {
    static RUN: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    trained(&RUN, |folder| {
        ok(folder, &restorers::small(&["--name", "a", "--quiet"]));
    })
}

fn read(path: PathBuf) -> Vec<u8> {
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Parts one after the other.
fn joined(parts: &[Vec<u8>]) -> Vec<u8> {
    parts.join(&NEXT_FILE)
}

/// The files of a run that reports are made of; nothing of this machine is in them.
fn records_of(run: &Path) -> Vec<u8> {
    let machine = json!({
        "timestep": "0.1.0", "os": "linux", "cpu": "A & B", "cores": 2, "threads": 2,
        "command": ["timestep", "train", "--name", "a <b> `c`"],
    });
    joined(&RUN.map(|name| match name {
        "environment.json" => machine.to_string().into_bytes(),
        name => read(run.join(name)),
    }))
}

/// The head of a safetensors file, and the bytes of its arrays.
fn head(file: &[u8]) -> (Map<String, Value>, &[u8]) {
    let (length, rest) = file.split_at(8);
    let length = u64::from_le_bytes(length.try_into().expect("eight bytes")) as usize;
    let head = serde_json::from_slice(&rest[..length]).expect("JSON");
    (head, &rest[length..])
}

/// The text in the metadata of a safetensors file.
fn metadata(head: &Map<String, Value>) -> Map<String, Value> {
    let text = head["__metadata__"]["timestep"].as_str().expect("text");
    serde_json::from_str(text).expect("JSON")
}

/// The same file as version 0.1 wrote it, without a checksum: what is changed in it is believed.
fn unsealed(file: &[u8]) -> Vec<u8> {
    let (mut head, arrays) = head(file);
    let mut inner = metadata(&head);
    inner.remove("sha256").expect("it had a checksum");
    head["__metadata__"]["timestep"] = Value::String(Value::Object(inner).to_string());
    let mut head = Value::Object(head).to_string();
    while !head.len().is_multiple_of(8) {
        head.push(' ');
    }
    [&(head.len() as u64).to_le_bytes(), head.as_bytes(), arrays].concat()
}

fn with_unsealed(files: &[Vec<u8>]) -> Vec<Vec<u8>> {
    (files.iter())
        .flat_map(|file| [file.clone(), unsealed(file)])
        .collect()
}

fn states() -> Vec<Vec<u8>> {
    with_unsealed(&[
        read(classifier().join("weights/last.safetensors")),
        read(classifier().join("state/state.safetensors")),
    ])
}

fn card() -> Vec<u8> {
    let weights = read(classifier().join("weights/last.safetensors"));
    let metadata = metadata(&head(&weights).0);
    metadata["card"].as_str().expect("text").as_bytes().to_vec()
}

fn models() -> Vec<Vec<u8>> {
    let model = |scheme, size, steps| {
        let model = Restorer::start(scheme, size, steps, 25.0).expect("a model");
        model.to_bytes(&[("recipe", "x".into())]).expect("written")
    };
    with_unsealed(&[
        model(Some("lm"), 3, 2),
        model(Some("euler"), 3, 1),
        model(None, 3, 1),
    ])
}

fn checkpoints() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/import");
    ["plain", "nested", "types", "views", "protocol4"]
        .map(|name| read(Path::new(folder).join(format!("{name}.pth"))))
        .to_vec()
}

fn recipes() -> Vec<Vec<u8>> {
    let embedded = |name| embedded_text(name).expect("embedded").as_bytes().to_vec();
    let sets =
        b"network.steps=[2,3]\xFFoptimiser.name=adamw\xFFoptimiser.weight_decay=0.05".to_vec();
    vec![
        read(classifier().join("recipe.toml")),
        read(restorer().join("recipe.toml")),
        embedded("digits"),
        embedded(restorers::RECIPE),
        joined(&[b"base = \"digits\"\n".to_vec(), sets]),
        b"[network]\nblock = \"se-preact\"\nscheme = \"rk4\"\nnoise = \"stochastic-depth\"\n\n[noise]\nkeep = 0.8\n".to_vec(),
    ]
}

fn schemes() -> Vec<Vec<u8>> {
    [
        "name = \"my-kutta\"\norder = 3\n\n[tableau]\na = [[], [\"1/2\"], [-1, 2]]\nb = [\"1/6\", \"2/3\", \"1/6\"]\nc = [0, 0.5, 1]\n",
        "name = \"my-ab3\"\n[multistep]\nstates = [1]\nslopes = [\"23/12\", \"-16/12\", \"5/12\"]\nstart = \"heun\"\n",
        "{ name = \"my-lm\", multistep = { learned = true, states = [1.5, -0.5], init = [-0.1, 0], decay = 1 } }",
        "name = \"halves\"\n[composition]\nsteps = [{ scheme = \"heun\", h = \"1/2\" }, { scheme = \"rk4\", h = 0.5 }]\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

fn table() -> Vec<u8> {
    let budget = serde_json::to_vec(&Budget::quick()).expect("JSON");
    joined(&[budget, read(classifier().join("events.jsonl"))])
}

/// An entry of an archive: a head of 512 bytes, and the content in blocks of them.
fn entry(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
    let mut head = [0; 512];
    let mut put =
        |at: usize, text: &str| head[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644");
    put(124, &format!("{:011o}", content.len()));
    put(136, "00000000000");
    put(148, "        ");
    put(257, "ustar\u{0}00");
    head[156] = kind;
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut entry = [&head[..], content].concat();
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

fn archives() -> Vec<Vec<u8>> {
    let files = [
        entry("tiny/a.bin", b'0', b"four"),
        entry("tiny/b.bin", b'0', &[7; 3000]),
    ];
    let whole = [&files.concat()[..], &[0; 1024]].concat();
    let other = [
        entry("tiny", b'5', b""),
        entry("long", b'L', b"tiny/names.txt\0"),
        entry("x", b'0', b"cat\ndog\n"),
        entry("tiny/link", b'2', b""),
    ];
    let more = [&other.concat()[..], &whole].concat();
    let mut stored = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01".to_vec();
    let length = whole.len() as u16;
    stored.extend(length.to_le_bytes());
    stored.extend((!length).to_le_bytes());
    stored.extend(&whole);
    stored.extend(super::crc(&whole).to_le_bytes());
    stored.extend(u32::from(length).to_le_bytes());
    vec![whole, more, stored]
}

/// A small picture with something in it.
fn pixels() -> DynamicImage {
    DynamicImage::ImageRgba8(RgbaImage::from_fn(13, 9, |x, y| {
        image::Rgba([(20 * x) as u8, (28 * y) as u8, (x * y) as u8, 255 - x as u8])
    }))
}

/// The same picture in every kind of colours that a format holds.
fn encoded(format: ImageFormat) -> Vec<Vec<u8>> {
    let rgba = pixels();
    let grey = DynamicImage::ImageLuma8(rgba.to_luma8());
    let rgb = DynamicImage::ImageRgb8(rgba.to_rgb8());
    let images = match format {
        ImageFormat::Png | ImageFormat::Tiff => vec![
            grey,
            rgb,
            DynamicImage::ImageLuma16(rgba.to_luma16()),
            DynamicImage::ImageRgba16(rgba.to_rgba16()),
        ],
        ImageFormat::Gif | ImageFormat::WebP => vec![rgba],
        _ => vec![grey, rgb],
    };
    let file = |image: &DynamicImage| {
        let mut out = Cursor::new(Vec::new());
        image.write_to(&mut out, format).expect("encoded");
        out.into_inner()
    };
    images.iter().map(file).collect()
}

/// Pictures of every format that both readers know.
fn pictures() -> Vec<Vec<u8>> {
    let formats = [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Tiff,
        ImageFormat::Bmp,
        ImageFormat::WebP,
    ];
    let mut files: Vec<_> = formats.into_iter().flat_map(encoded).collect();
    files.push(
        b"P3\n# a comment\n3 2\n255\n255 0 0  0 255 0  0 0 255\n1 2 3  4 5 6  7 8 9\n".to_vec(),
    );
    files.push(b"P2 3 2 65535 1 2 3 4 5 6".to_vec());
    files.push(b"P5 2 2 255\nabcd".to_vec());
    files.push(b"P6 1 2 255\nabcdef".to_vec());
    files
}

/// Camera data: the maker, the orientation, and the time of exposure in a directory of its own.
const EXIF: &[u8] = b"II\x2a\0\x08\0\0\0\x03\0\
    \x0f\x01\x02\0\x04\0\0\0cam\0\
    \x12\x01\x03\0\x01\0\0\0\x06\0\0\0\
    \x69\x87\x04\0\x01\0\0\0\x32\0\0\0\
    \0\0\0\0\
    \x01\0\
    \x9a\x82\x05\0\x01\0\0\0\x44\0\0\0\
    \0\0\0\0\
    \x01\0\0\0\x3c\0\0\0";

/// Pictures with all that a file says beside its pixels, as this program writes them.
fn with_camera_data() -> Vec<Vec<u8>> {
    let grey = &encoded(ImageFormat::Png)[0];
    let mut picture = picture::read_bytes(Path::new("a.png"), grey).expect("a picture");
    let mut profile = vec![7; 200];
    profile[16..20].copy_from_slice(b"GRAY");
    picture.meta.icc = Some(profile);
    picture.meta.xmp = Some(b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>".to_vec());
    picture.meta.exif = Some(EXIF.to_vec());
    picture.meta.compressed = true;
    picture.meta.density = Some(Density {
        x: (300, 1),
        y: (300, 1),
        unit: DensityUnit::Inch,
    });
    let file = |format| {
        let mut out = Cursor::new(Vec::new());
        picture::encode(&mut out, &picture, format, 90).expect("encoded");
        out.into_inner()
    };
    [Format::Png, Format::Jpeg, Format::Tiff].map(file).to_vec()
}
