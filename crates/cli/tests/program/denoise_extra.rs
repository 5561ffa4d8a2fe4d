//! Does `denoise` show what it would do, take streams, and clean small pictures side by side?

use crate::common::{objects, ok, refused, run, timestep};
use image::{GrayImage, Luma, Rgb, RgbImage};
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

/// Waves with noise of about 20 grey levels.
fn noisy(path: &Path, size: (u32, u32), colours: bool) {
    let mut state = 7_u32;
    let mut noise = || {
        let mut sum = 0.0;
        for _ in 0..12 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            sum += f64::from(state >> 8) / f64::from(1 << 24) - 0.5;
        }
        20.0 * sum
    };
    let mut at = |x: u32, y: u32| {
        let wave = 128.0 + 50.0 * (f64::from(x) / 19.0).sin() * (f64::from(y) / 23.0).cos();
        (wave + noise()).clamp(0.0, 255.0) as u8
    };
    if colours {
        RgbImage::from_fn(size.0, size.1, |x, y| Rgb([at(x, y), at(x, y), at(x, y)])).save(path)
    } else {
        GrayImage::from_fn(size.0, size.1, |x, y| Luma([at(x, y)])).save(path)
    }
    .expect("a picture");
}

/// Runs it with bytes on standard input.
fn fed(at: &Path, args: &[&str], bytes: &[u8]) -> Output {
    let mut command = timestep(at, args);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary was built for this test");
    let mut to = child.stdin.take().expect("piped");
    let bytes = bytes.to_vec();
    // What is refused is not read to its end.
    let feeding = std::thread::spawn(move || drop(to.write_all(&bytes)));
    let out = child.wait_with_output().expect("it ends");
    feeding.join().expect("no panic");
    out
}

#[test]
fn a_picture_goes_through_standard_input_and_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    noisy(&at.join("a.png"), (60, 50), false);
    ok(at, &["denoise", "a.png", "-o", "b.png"]);
    let (a, b) = (
        std::fs::read(at.join("a.png")).expect("there"),
        std::fs::read(at.join("b.png")).expect("written"),
    );
    for args in [&["denoise", "-"][..], &["denoise", "-", "-o", "-"]] {
        let out = fed(at, args, &a);
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{said}");
        assert!(out.stdout == b, "{args:?}: other bytes than in the file");
        assert!(said.contains("- → -: 60×50 grey"), "{said}");
    }
    let out = run(at, &["denoise", "a.png", "-o", "-", "--json"]);
    assert!(out.status.success() && out.stdout == b);
    assert!(String::from_utf8_lossy(&out.stderr).contains("\"event\":\"picture\""));
    let out = fed(at, &["denoise", "-", "-o", "c.png"], &a);
    assert!(out.status.success());
    assert!(std::fs::read(at.join("c.png")).expect("written") == b);
    assert!(!at.join("-").exists());
    // What is no picture, cut short, or several.
    let out = fed(at, &["denoise", "-"], b"text");
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(text.contains("`-`") && out.stdout.is_empty(), "{text}");
    let out = fed(at, &["denoise", "-"], &a[..a.len() / 2]);
    assert_eq!((out.status.code(), out.stdout.len()), (Some(1), 0));
    let text = refused(at, &["denoise", "-", "a.png", "-o", "new"]);
    assert!(text.contains("`-` stands for one picture"), "{text}");
}

#[test]
fn a_sheet_shows_three_strengths_and_writes_no_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    noisy(&at.join("a.png"), (520, 120), true);
    let line = ok(at, &["denoise", "a.png", "--preview", "sheet.png"]);
    assert!(line.contains("strength 0.5, 1, 1.5"), "{line}");
    let sheet = image::open(at.join("sheet.png"))
        .expect("a sheet")
        .into_rgb8();
    let noisy = image::open(at.join("a.png"))
        .expect("a picture")
        .into_rgb8();
    // Four columns of 480, 8 apart: the whole, of 111 rows, and the middle as it is.
    assert_eq!(sheet.dimensions(), (4 * 488 + 8, 8 + 111 + 8 + 120 + 8));
    let spread = |column: u32| {
        let pixels = (0..100).map(|i| f64::from(sheet.get_pixel(8 + 488 * column + i, 150)[1]));
        let pixels: Vec<f64> = pixels.collect();
        pixels.windows(2).map(|w| (w[1] - w[0]).abs()).sum::<f64>()
    };
    assert_eq!(
        sheet.get_pixel(8 + 30, 127 + 5),
        noisy.get_pixel(20 + 30, 5)
    );
    assert!(
        spread(1) < 0.9 * spread(0) && spread(2) < 0.6 * spread(1),
        "{}",
        spread(1)
    );
    assert!(!at.join("a.clean.png").exists());
    let found = objects(
        at,
        &["denoise", "a.png", "--preview", "b.jpg", "--strength", "2"],
    );
    assert_eq!(found[0]["event"], "preview");
    assert_eq!(found[0]["strengths"], serde_json::json!([1.0, 2.0, 3.0]));
    let text = refused(at, &["denoise", "a.png", "--preview", "sheet.png"]);
    assert!(
        text.contains("exists already") && text.contains("--force"),
        "{text}"
    );
    ok(
        at,
        &["denoise", "a.png", "--preview", "sheet.png", "--force"],
    );
    for (args, part) in [
        (
            &["denoise", "a.png", "--preview", "sheet.gif"][..],
            "no kind of picture",
        ),
        (&["denoise", ".", "--preview", "c.png"], "a folder"),
        (
            &["denoise", "a.png", "a.png", "--preview", "c.png"],
            "several",
        ),
        (
            &["denoise", "a.png", "--preview", "a.png", "--force"],
            "read by this command",
        ),
        (
            &["denoise", "a.png", "--preview", "c.png", "-o", "d.png"],
            "--out changes nothing",
        ),
    ] {
        let text = refused(at, args);
        assert!(text.contains(part), "{args:?}: {text}");
    }
}

#[test]
fn the_measured_noise_is_drawn() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    noisy(&at.join("a.png"), (120, 90), true);
    ok(at, &["denoise", "a.png", "--plot", "noise.svg"]);
    let drawing = std::fs::read_to_string(at.join("noise.svg")).expect("drawn");
    for text in [
        "Noise of a.png",
        "brightness, half the resolution",
        "colours, a quarter",
    ] {
        assert!(drawing.contains(text), "{text}");
    }
    assert!(at.join("a.clean.png").is_file());
    for (args, part) in [
        (
            &["denoise", "a.png", "--plot", "noise.png", "--force"][..],
            "drawings are SVG",
        ),
        (
            &["denoise", "a.png", "--plot", "noise.svg"],
            "exists already",
        ),
        (
            &[
                "denoise", "a.png", "--plot", "n.svg", "--sigma", "10", "--force",
            ],
            "sigma 10 is given",
        ),
        (
            &["denoise", "a.png", "a.clean.png", "--plot", "n.svg"],
            "one picture",
        ),
    ] {
        let text = refused(at, args);
        assert!(text.contains(part), "{args:?}: {text}");
    }
}

#[test]
fn small_pictures_are_cleaned_side_by_side_in_order_as_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::create_dir(at.join("in")).expect("a folder");
    for n in 0..5 {
        noisy(&at.join(format!("in/{n}.png")), (40 + n, 30), n % 2 == 1);
    }
    std::fs::write(at.join("in/2.png"), "no picture").expect("written");
    let run_with = |threads: &str, to: &str| {
        let mut command = timestep(at, &["denoise", "in", "-o", to, "--json"]);
        let out = command
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .expect("runs");
        assert_eq!(out.status.code(), Some(1), "one is no picture");
        let lines = String::from_utf8(out.stdout).expect("UTF-8");
        let lines = lines
            .lines()
            .map(|l| serde_json::from_str(l).expect("JSON"));
        lines.collect::<Vec<serde_json::Value>>()
    };
    let (one, three) = (run_with("1", "one"), run_with("3", "three"));
    let names = |all: &[serde_json::Value]| -> Vec<String> {
        all.iter()
            .map(|v| format!("{} {}", v["event"], v["input"]))
            .collect()
    };
    assert_eq!(names(&one), names(&three));
    // Five pictures, their summary, and the error.
    assert_eq!(one.len(), 7);
    for n in [0, 1, 3, 4] {
        let file = |to: &str| std::fs::read(at.join(format!("{to}/{n}.png"))).expect("written");
        assert!(file("one") == file("three"), "{n}");
    }
}
