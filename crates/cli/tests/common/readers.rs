//! What do tests and fuzzers give to the program? Bytes, to everything that reads files, the way the commands do.
//!
//! The targets in `fuzz/` include this file, so that `tests/corpus.rs`, which reads their corpus again, and
//! `tests/mutations.rs`, which changes it at random, run the same code. A reader may refuse whatever it likes; it must
//! not panic, think for long or take more memory than its file deserves. It returns whether it took the bytes, so that
//! a corpus which nothing understands any more is noticed.

#![allow(dead_code, unreachable_pub)] // Each fuzz target uses a part.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use timestep_data::{GreyFile, ImageShape, OpenOptions, RecordLayout, Source};
use timestep_nets::foreign::{Target, map_names, read_pytorch};
use timestep_nets::{InputShape, Network, Role, device, read_safetensors, to_safetensors};
use timestep_numerics::{Memory as History, StageId, StepCtx, StepError};
use timestep_picture::{self as picture, Format, Memory, Picture, Plane};
use timestep_report::document::{self, Document};
use timestep_report::restorer;
use timestep_report::run::{self, Sources};
use timestep_report::tables;
use timestep_restore::learned::Restorer;
use timestep_study::reproduce::{Budget, ReproducedTable, Reproduction};
use timestep_study::runs::{Record, RestorerRecord};
use timestep_study::tables::TABLES;
use timestep_train::recipe::{AnyResolved, Layers, Recipe};
use timestep_train::{Learner, Trained, checkpoint, network_config};

/// Reads bytes; whether they were taken.
pub type Reader = fn(&[u8]) -> bool;

/// Every reader, by the name of its fuzz target.
pub const READERS: [(&str, Reader); 16] = [
    ("archives", archives),
    ("arrays", arrays),
    ("cards", cards),
    ("checkpoints", checkpoints),
    ("cifar_records", cifar_records),
    ("classifier_runs", classifier_runs),
    ("images", images),
    ("lists", lists),
    ("pictures", pictures),
    ("recipes", recipes),
    ("reports", reports),
    ("restorer_runs", restorer_runs),
    ("restorers", restorers),
    ("schemes", schemes),
    ("states", states),
    ("tables", tables),
];

/// Between the files of a reader that takes several: a byte that no text has.
pub const NEXT_FILE: u8 = 0xFF;

/// Bytes that a picture may take.
const PICTURE: u64 = 64 << 20;

/// A folder with these files, the parts of `bytes`.
fn folder_of(names: &[&str], bytes: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let parts = bytes.split(|byte| *byte == NEXT_FILE);
    for (name, part) in names.iter().zip(parts) {
        put(folder.path(), name, part);
    }
    folder
}

/// Writes a file, with its folder.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    let parent = path.parent().expect("it lies in the folder");
    std::fs::create_dir_all(parent).expect("a folder");
    std::fs::write(&path, bytes).expect("written");
    path
}

/// The recipe and the network that weights and states are for.
pub fn small() -> &'static (Recipe, Network) {
    static SMALL: OnceLock<(Recipe, Network)> = OnceLock::new();
    SMALL.get_or_init(|| {
        let mut layers = Layers::defaults();
        for set in [
            "network.scheme=lm",
            "network.block=preact",
            "network.steps=[1,1]",
            "network.width=2",
            "train.ema=0.5",
        ] {
            layers.set(set);
        }
        let recipe = layers.resolve().expect("a recipe").recipe;
        let network = network(&recipe).expect("it can be built");
        (recipe, network)
    })
}

/// The network of a recipe, for small grey images.
fn network(recipe: &Recipe) -> Option<Network> {
    let input = InputShape {
        channels: 1,
        height: 8,
        width: 8,
    };
    let config = network_config(&recipe.network, &recipe.noise, input, 10).ok()?;
    Network::build(&config).ok()
}

/// The archive of a data set, compressed or not: nothing of it lies outside its folder.
pub fn archives(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let into = folder.path().join("into");
    std::fs::create_dir(&into).expect("a folder");
    let taken = timestep_data::unpack_any(bytes, &into);
    let beside = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(beside, 1, "something lies beside the folder");
    for entry in std::fs::read_dir(&into).expect("a folder") {
        let kind = entry.expect("readable").file_type().expect("a kind");
        assert!(kind.is_file(), "something else than a file was unpacked");
    }
    taken.is_ok()
}

/// The description of a network beside small weights that fit the network of [`small`]; the checksum is right.
pub fn cards(bytes: &[u8]) -> bool {
    let parameters = small().1.init(3);
    let card = String::from_utf8_lossy(bytes).into_owned();
    let metadata = [("card".to_owned(), card)].into_iter().collect();
    let sealed = to_safetensors(&parameters, &metadata).expect("shapes fit");
    let folder = tempfile::tempdir().expect("a folder");
    let path = put(folder.path(), "w.safetensors", &sealed);
    let Ok(trained) = Trained::load(&path) else {
        return false;
    };
    drop(trained.card.recipe());
    drop(trained.card.to_metadata());
    let _ = trained.network.cost();
    true
}

/// A checkpoint of PyTorch and its way to a network of ours.
pub fn checkpoints(bytes: &[u8]) -> bool {
    let Ok(file) = read_pytorch(bytes) else {
        return false;
    };
    let targets: Vec<Target> = (small().1.specs().iter())
        .map(|spec| Target {
            name: spec.name.clone(),
            shape: spec.shape.clone(),
            is_buffer: spec.role == Role::Buffer,
            is_coefficient: spec.role == Role::Coefficient,
        })
        .collect();
    drop(map_names(&file, &targets));
    true
}

/// Records of CIFAR-10 and CIFAR-100.
pub fn cifar_records(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let path = put(folder.path(), "data_batch_1.bin", bytes);
    let mut taken = false;
    for layout in [RecordLayout::CIFAR10, RecordLayout::CIFAR100] {
        let records = bytes.len() / layout.bytes();
        if let Ok((pixels, labels)) = timestep_data::read_records(&path, &layout, records) {
            assert_eq!(pixels.len(), labels.len() * layout.shape.len());
            taken |= records > 0;
        }
    }
    taken
}

/// A file of NumPy with images and labels, as data.
pub fn arrays(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let path = put(folder.path(), "a.npz", bytes);
    let options = OpenOptions {
        memory_limit: PICTURE,
        ..OpenOptions::in_dir(path)
    };
    let Ok(set) = timestep_data::open("npz", &options) else {
        return false;
    };
    let classes = set.classes.len();
    for split in [&set.train, &set.test] {
        assert!(
            split
                .labels()
                .iter()
                .all(|label| usize::from(*label) < classes)
        );
    }
    true
}

/// A list of images with their labels; four of them are there.
pub fn lists(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["1.pgm", "2.pgm", "3.pgm", "4.pgm"] {
        put(folder.path(), name, b"P5 2 2 255\nabcd");
    }
    let path = put(folder.path(), "list.csv", bytes);
    timestep_data::open("image-list", &OpenOptions::in_dir(path)).is_ok()
}

/// The folder of a run of a classifier: recipe, metrics, events, environment.
pub fn classifier_runs(bytes: &[u8]) -> bool {
    Record::read(folder_of(&RUN, bytes).path()).is_ok()
}

/// The same folder up to its report, whose drawings of stability take longer than all reading.
pub fn reports(bytes: &[u8]) -> bool {
    let folder = folder_of(&RUN, bytes);
    let Ok(record) = Record::read(folder.path()) else {
        return false;
    };
    let report = run::document(&Sources {
        record: &record,
        evaluation: Err("there are no images".into()),
        citations: &[],
    });
    let Ok(report) = report else { return false };
    let page = shown(&report);
    drop(run::check(&document::read(&page), &report, &record));
    true
}

/// The files of a run that reports are made of.
pub const RUN: [&str; 4] = [
    "recipe.toml",
    "metrics.csv",
    "events.jsonl",
    "environment.json",
];

/// Both forms of a report; the page is returned.
fn shown(report: &Document) -> String {
    drop(document::markdown(report));
    let page = document::html(report);
    for tag in ["<script", "<iframe", "<img onerror"] {
        assert!(!page.contains(tag), "{tag} came into a report");
    }
    page
}

/// An image for a network.
pub fn images(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let path = put(folder.path(), "image", bytes);
    let shape = ImageShape::new(3, 8, 8);
    let whole = timestep_data::load_image(&path, shape, GreyFile::AsRgb);
    let resized = timestep_data::load_source(Source::File(&path), shape, Some(9), GreyFile::AsRgb);
    drop(timestep_data::load_grey(&path));
    for pixels in [&whole, &resized].into_iter().flatten() {
        assert_eq!(pixels.len(), shape.len());
    }
    whole.is_ok() && resized.is_ok()
}

/// A picture that is restored: it can be written as what it was, with its camera data, and is then read again.
pub fn pictures(bytes: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(picture) = picture_in(&put(folder.path(), "picture", bytes)) else {
        return false;
    };
    assert!(picture.bytes() <= PICTURE);
    drop(picture.planes_of(0, 0, 1, 1));
    // Encoding is slow; what large pictures say beside their pixels is nothing else.
    if picture.bytes() > 1 << 16 {
        return true;
    }
    for name in ["a.png", "a.jpg", "a.tif", "a.bmp", "a.webp", "a.pnm"] {
        let path = folder.path().join(name);
        if picture::write(&path, &picture, 90).is_err() {
            continue;
        }
        let again = picture_in(&path).expect("what was written is read");
        let size = |p: &Picture| (p.width(), p.height());
        assert_eq!(size(&again), size(&picture), "{name}");
        let same = picture.channels() == again.channels() && again.format() != Format::Jpeg;
        if same && again.samples().depth() == picture.samples().depth() {
            assert!(again.samples() == picture.samples(), "{name} lost pixels");
        }
        // JPEG keeps profiles of its colours only, and no large ones.
        if matches!(again.format(), Format::Png | Format::Tiff) {
            assert!(again.meta.icc == picture.meta.icc, "{name} lost a profile");
        }
        if again.format() == Format::Png {
            assert!(
                again.meta.exif == picture.meta.exif,
                "{name} lost camera data"
            );
        }
    }
    true
}

fn picture_in(path: &Path) -> Option<Picture> {
    let memory = Memory {
        allowed: PICTURE,
        beside: &|_, _| 0,
    };
    picture::read(path, &memory).ok()
}

/// A recipe, and settings on top of it as `--set` takes them. What is written of it is a recipe again.
pub fn recipes(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split('\u{FFFD}');
    let mut layers = Layers::from_text(parts.next().unwrap_or_default(), "x");
    for set in parts {
        layers.set(set);
    }
    let Ok(resolved) = layers.resolve_any() else {
        return false;
    };
    drop(resolved.rows());
    let (written, built) = match &resolved {
        AnyResolved::Classify(resolved) => (
            resolved.to_annotated_toml(),
            network(&resolved.recipe).is_some(),
        ),
        AnyResolved::Restore(resolved) => {
            let model = &resolved.recipe.model;
            let scheme = resolved.recipe.scheme();
            let start = Restorer::start(scheme, model.size, model.steps, model.sigma);
            (resolved.to_annotated_toml(), start.is_ok())
        }
    };
    for text in [written, resolved.to_commented_toml()] {
        if let Err(error) = Layers::from_text(&text, "y").resolve_any() {
            panic!("what was written is no recipe: {error}\n{text}");
        }
    }
    built
}

/// The folder of a run of a restorer and its report.
pub fn restorer_runs(bytes: &[u8]) -> bool {
    let folder = folder_of(&RUN, bytes);
    let Ok(record) = RestorerRecord::read(folder.path()) else {
        return false;
    };
    let report = restorer::document(&record, None, &[]);
    let page = shown(&report);
    drop(restorer::check(&document::read(&page), &report, &record));
    true
}

/// Weights of a restorer, and a small picture that they restore.
pub fn restorers(bytes: &[u8]) -> bool {
    let Ok(model) = Restorer::from_bytes(bytes) else {
        return false;
    };
    drop(model.shape());
    let Ok(method) = model.method() else {
        return false;
    };
    let pixels = (0..9 * 7).map(|n| (37 * n % 256) as f32).collect();
    let plane = Plane::new(9, 7, pixels).expect("a plane");
    drop(method.denoise(&[plane], &[model.sigma()]));
    model.to_bytes(&[]).is_ok()
}

/// A safetensors file: as weights with their card, and as the state of a run.
pub fn states(bytes: &[u8]) -> bool {
    drop(read_safetensors(bytes));
    let folder = tempfile::tempdir().expect("a folder");
    let path = put(folder.path(), checkpoint::STATE, bytes);
    if let Ok(trained) = Trained::load_finite(&path) {
        drop(trained.card.recipe());
        return true;
    }
    let (recipe, network) = small();
    let engine = device("exact").expect("always there");
    let mut learner = Learner::of(engine, recipe, network).expect("nothing is frozen");
    checkpoint::load_state(folder.path(), network, &mut learner).is_ok()
}

/// The folder of a table: its budget, and the events and the refusal of its first run.
pub fn tables(bytes: &[u8]) -> bool {
    let table = TABLES[0];
    let open = |folder: &Path| Reproduction::open(table, Budget::quick(), folder);
    let none = open(Path::new("/nowhere")).expect("there is nothing to read");
    let task = none.tasks().into_iter().next().expect("the table has rows");
    let inside = task.folder.strip_prefix("/nowhere").expect("inside");
    let file = |name: &str| inside.join(name).to_string_lossy().into_owned();
    let names = [
        "budget.json".to_owned(),
        file("events.jsonl"),
        file("refused.txt"),
    ];
    let folder = folder_of(&names.each_ref().map(String::as_str), bytes);
    let Ok(reproduction) = open(folder.path()) else {
        return false;
    };
    drop(tables::reproduced(&ReproducedTable::of(&reproduction)));
    true
}

/// A scheme from a file, up to a step of it and to the network that it steps. The line that recipes keep says the same.
pub fn schemes(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(parsed) = timestep_numerics::Definition::parse(text) else {
        return false;
    };
    let again = timestep_numerics::Definition::parse(parsed.text()).expect("its own line");
    assert_eq!(parsed, again, "the line says something else");
    let name = parsed.text();
    let scheme = timestep_numerics::scheme::<f64>(name).expect("it was parsed");
    let mut f = |_: StageId, u: &f64| Ok::<_, StepError>(-u);
    let (mut u, mut memory) = (1.0, History::new());
    for step in 0..3 {
        let ctx = StepCtx::new(step, 0.1).with_coefs(vec![0.0; 16]);
        u = scheme.step(&mut f, &u, &mut memory, &ctx).expect("steps");
    }
    let input = InputShape {
        channels: 1,
        height: 8,
        width: 8,
    };
    let config =
        timestep_nets::NetworkConfig::new("preact", name, input, 10).with_segments(&[3], 2);
    Network::build(&config).is_ok()
}
