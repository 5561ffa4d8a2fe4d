//! Do files that claim too much, never end or are none leave the program standing, within its memory?

use crate::common::{crc, images, ok, refused, run, timestep};
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// A grey PNG whose head claims a size and whose pixels are these compressed bytes.
fn png(width: u32, height: u32, compressed: &[u8]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend([8, 0, 0, 0, 0]);
    for (name, data) in [(b"IHDR", &head[..]), (b"IDAT", compressed), (b"IEND", &[])] {
        let chunk = [&name[..], data].concat();
        file.extend((data.len() as u32).to_be_bytes());
        file.extend(&chunk);
        file.extend(crc(&chunk).to_be_bytes());
    }
    file
}

/// A compressed nothing.
const NOTHING: [u8; 8] = [0x78, 0x9C, 0x03, 0, 0, 0, 0, 1];

/// A grey TIFF without compression: a size, further entries (tag, kind, count, value) and the pixels.
fn tiff((width, height): (u32, u32), more: &[(u16, u16, u32, u32)], pixels: &[u8]) -> Vec<u8> {
    let length = pixels.len() as u32;
    let mut entries = vec![
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 0),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, 1, length),
    ];
    entries.extend(more);
    entries.sort_unstable();
    let data = 8 + 2 + 12 * entries.len() as u32 + 4;
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        let value = if tag == 273 { data } else { value };
        file.extend(u16::to_le_bytes(tag));
        file.extend(u16::to_le_bytes(kind));
        file.extend(count.to_le_bytes());
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file.extend(pixels);
    file
}

/// A GIF of one picture that is as large as can be, of 35 bytes.
fn gif(screen: [u8; 4]) -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    file.extend(screen);
    file.extend([0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
    file.extend(b",\0\0\0\0\xff\xff\xff\xff\0\x02\x02\x4c\x01\0;");
    file
}

/// Runs it with so many MiB of address space, in which threads and libraries take some two hundred.
fn limited(folder: &Path, mebibytes: u32, args: &[&str]) -> Output {
    let script = format!(
        "ulimit -v {}; exec \"$0\" \"$@\"",
        u64::from(mebibytes) << 10
    );
    Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_timestep")])
        .args(args)
        .args(["--threads", "2"])
        // The limit must not be known to the program: it is what the test holds against it.
        .env("TIMESTEP_MEMORY", "64G")
        .env_remove("RUST_BACKTRACE")
        .current_dir(folder)
        .output()
        .expect("a shell")
}

/// What it said, if it ended as it should: by itself, with an error code or none.
fn said(what: &str, out: &Output) -> String {
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    let code = out.status.code();
    assert!(matches!(code, Some(0..=2)), "{what}: {code:?}: {text}");
    assert!(
        code == Some(0) || text.contains("error[E0"),
        "{what}: {text}"
    );
    text
}

/// A folder with a small trained network in `runs/a`.
fn with_run() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let small = [
        "train", "--steps", "1,1", "--width", "4", "--epochs", "1", "--quiet", "--name", "a",
    ];
    ok(folder.path(), &small);
    folder
}

#[test]
fn pictures_without_pixels() {
    let folder = with_run();
    let at = folder.path();
    for name in ["zero.ppm", "other.ppm"] {
        std::fs::write(at.join(name), "P6 0 0 255\n").expect("written");
    }
    GrayImage::new(8, 8)
        .save(at.join("good.png"))
        .expect("saved");
    // The pictures after it are reached.
    let out = run(
        at,
        &["predict", "runs/a", "zero.ppm", "good.png", "other.ppm"],
    );
    assert!(
        String::from_utf8_lossy(&out.stdout).contains("good.png:"),
        "{out:?}"
    );
    assert!(said("predict", &out).contains("2 of 3 images"), "{out:?}");
    let out = run(at, &["denoise", "zero.ppm", "good.png", "-o", "clean"]);
    assert!(at.join("clean/good.png").is_file(), "{out:?}");
    assert!(said("denoise", &out).contains("no pixels"), "{out:?}");
    images(&at.join("set"), &["cat", "dog"]);
    std::fs::copy(at.join("zero.ppm"), at.join("set/train/cat/zero.ppm")).expect("copied");
    let train = [
        "train",
        "image-folder/lm-resnet-20",
        "--data-dir",
        "set",
        "--epochs",
        "1",
    ];
    assert!(refused(at, &train).contains("zero.ppm"));
    let out = run(at, &["data", "verify", "image-folder", "--dir", "set"]);
    let all = format!(
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    assert!(!out.status.success() && all.contains("zero.ppm"), "{all}");
}

#[test]
fn heads_that_claim_enormous_sizes() {
    let folder = with_run();
    let at = folder.path();
    let all = [
        ("most.png", png(i32::MAX as u32, i32::MAX as u32, &NOTHING)),
        ("large.png", png(60_000, 60_000, &NOTHING)),
        ("most.tif", tiff((u32::MAX, u32::MAX), &[], &[0; 16])),
        ("large.tif", tiff((60_000, 60_000), &[], &[0; 16])),
        ("screen.gif", gif([255; 4])),
        ("frame.gif", gif([1, 0, 1, 0])),
        ("large.ppm", b"P6 60000 60000 255\n123".to_vec()),
        ("large.pgm", b"P2 60000 60000 255\n1 2 3".to_vec()),
    ];
    for (name, bytes) in &all {
        std::fs::write(at.join(name), bytes).expect("written");
        let began = Instant::now();
        let out = limited(at, 1500, &["predict", "runs/a", name]);
        assert_eq!(out.status.code(), Some(2), "{name}: {}", said(name, &out));
        said(name, &out);
        if !name.ends_with("gif") {
            let out = limited(
                at,
                1500,
                &["denoise", name, "-o", "x.png", "--memory", "512M"],
            );
            assert_eq!(out.status.code(), Some(1), "{name}: {}", said(name, &out));
            said(name, &out);
        }
        // 58 seconds and more before.
        assert!(
            began.elapsed() < Duration::from_secs(15),
            "{name}: {:?}",
            began.elapsed()
        );
    }
}

/// Writes a grey picture as PGM.
fn pgm(path: &Path, (width, height): (u32, u32), grey: impl Fn(u32) -> u8) {
    let mut file = format!("P5 {width} {height} 255\n").into_bytes();
    file.extend((0..width * height).map(grey));
    std::fs::write(path, file).expect("written");
}

#[test]
fn long_thin_pictures_keep_to_the_memory() {
    let folder = with_run();
    let at = folder.path();
    pgm(&at.join("wide.pgm"), (30_000_000, 1), |n| (n % 251) as u8);
    // `cover` asked for a gigabyte and a half of floats.
    let out = limited(at, 700, &["predict", "runs/a", "wide.pgm"]);
    assert!(out.status.success(), "{}", said("wide", &out));
    pgm(&at.join("tall.pgm"), (1, 3_000_000), |n| {
        (n * 7919 % 256) as u8
    });
    let out = limited(at, 500, &["predict", "runs/a", "tall.pgm"]);
    assert!(out.status.success(), "{}", said("tall", &out));
    // Short tiles fit; what a method without tiles adds around a picture is most of one that is a pixel wide.
    for (method, fits) in [
        ("trd", true),
        ("bm3d", true),
        ("csf", false),
        ("wnnm", false),
    ] {
        let args = [
            "denoise", "tall.pgm", "-o", "out.pgm", "--force", "--memory", "120M", "--method",
            method, "--sigma", "0",
        ];
        let out = limited(at, 700, &args);
        let text = said(method, &out);
        assert_eq!(out.status.success(), fits, "{method}: {text}");
        assert!(
            fits || text.contains("of memory, more than the 120 MiB allowed"),
            "{method}: {text}"
        );
    }
}

#[test]
fn values_of_a_tiff_are_no_longer_than_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for tag in [270, 34675, 339, 282] {
        for kind in [2, 7] {
            let bytes = tiff((30, 30), &[(tag, kind, 2_000_000_000, 8)], &[7; 900]);
            std::fs::write(at.join("a.tif"), bytes).expect("written");
            let args = [
                "denoise", "a.tif", "-o", "b.tif", "--force", "--memory", "64M", "--sigma", "0",
            ];
            said(
                &format!("tag {tag} of kind {kind}"),
                &limited(at, 700, &args),
            );
        }
    }
}

#[test]
fn a_photograph_of_24_million_pixels_works_by_default() {
    let folder = with_run();
    let at = folder.path();
    let photo = RgbImage::from_fn(6000, 4000, |x, y| {
        image::Rgb([x as u8, y as u8, (x / 16 + y / 16) as u8])
    });
    DynamicImage::ImageRgb8(photo)
        .save_with_format(at.join("photo.jpg"), ImageFormat::Jpeg)
        .expect("saved");
    let out = run(
        at,
        &["denoise", "photo.jpg", "-o", "clean.jpg", "--sigma", "0"],
    );
    assert!(out.status.success(), "{}", said("denoise", &out));
    let out = run(at, &["predict", "runs/a", "photo.jpg"]);
    // It is in colour and the network takes grey images: it is read, and shown as grey.
    assert!(out.status.success(), "{}", said("predict", &out));
}

/// Makes a pipe.
fn pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().expect("mkfifo");
    assert!(made.success());
}

#[test]
fn pipes_and_devices_are_not_read() {
    let folder = with_run();
    let at = folder.path();
    images(&at.join("set"), &["cat", "dog"]);
    let train = [
        "train",
        "image-folder/lm-resnet-20",
        "--data-dir",
        "set",
        "--epochs",
        "1",
    ];
    let class = at.join("set/train/cat");
    pipe(&class.join("pipe.png"));
    assert!(refused(at, &train).contains("a pipe, not a file"));
    std::fs::remove_file(class.join("pipe.png")).expect("removed");
    std::os::unix::fs::symlink("/dev/zero", class.join("zero.png")).expect("a link");
    assert!(refused(at, &train).contains("a device, not a file"));
    assert!(refused(at, &["predict", "runs/a", "set/train/cat/zero.png"]).contains("a device"));
    // A folder of pictures is restored without them.
    let pictures = at.join("pictures");
    std::fs::create_dir(&pictures).expect("a folder");
    GrayImage::new(8, 8)
        .save(pictures.join("good.png"))
        .expect("saved");
    pipe(&pictures.join("pipe.png"));
    std::os::unix::fs::symlink("/dev/zero", pictures.join("zero.png")).expect("a link");
    ok(at, &["denoise", "pictures", "-o", "clean", "--sigma", "0"]);
    assert!(at.join("clean/good.png").is_file());
    let out = run(at, &["denoise", "pictures/pipe.png", "-o", "x.png"]);
    assert!(said("denoise", &out).contains("a pipe"), "{out:?}");
    for args in [
        ["eval", "/dev/zero"],
        ["train", "/dev/zero"],
        ["summary", "/dev/zero"],
        ["cite", "/dev/zero"],
    ] {
        let out = limited(at, 1500, &args);
        assert_eq!(
            out.status.code(),
            Some(2),
            "{args:?}: {}",
            said(args[0], &out)
        );
    }
    let model = [
        "denoise",
        "pictures/good.png",
        "-o",
        "x.png",
        "--model",
        "/dev/zero",
    ];
    assert_eq!(limited(at, 1500, &model).status.code(), Some(2));
}

#[test]
fn folders_of_classes_have_names_of_text() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    images(&at.join("set"), &["cat", "dog"]);
    let name = std::ffi::OsStr::from_bytes(b"k\xe4tzchen");
    std::fs::create_dir(at.join("set/train").join(name)).expect("a folder");
    let train = [
        "train",
        "image-folder/lm-resnet-20",
        "--data-dir",
        "set",
        "--epochs",
        "1",
    ];
    let text = refused(at, &train);
    assert!(
        text.contains("not UTF-8") && text.contains("rename it"),
        "{text}"
    );
}

#[test]
fn one_signal_ends_a_tile_that_lasts() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    // One column takes as long as many, and is one tile.
    pgm(&at.join("tall.pgm"), (1, 4_000_000), |n| {
        (n * 7919 % 256) as u8
    });
    let mut child = timestep(
        at,
        &["denoise", "tall.pgm", "-o", "out.pgm", "--sigma", "25"],
    )
    .stderr(std::process::Stdio::piped())
    .spawn()
    .expect("started");
    std::thread::sleep(Duration::from_secs(2));
    assert!(child.try_wait().expect("a child").is_none(), "it is busy");
    let began = Instant::now();
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .expect("kill")
            .success()
    );
    let status = child.wait().expect("a child");
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(status.code(), Some(130));
    assert!(!at.join("out.pgm").exists());
}
