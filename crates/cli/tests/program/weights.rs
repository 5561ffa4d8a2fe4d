//! Do weights travel between this program and others, and is what cannot travel refused?

use crate::common::{ok, refused, run};
use std::path::{Path, PathBuf};
use timestep_nets::{Metadata, Network, preset, read_safetensors, to_safetensors};

/// Weights of a published network as another program would write them.
fn foreign(folder: &Path, name: &str) -> PathBuf {
    let network = Network::build(&preset(name).expect("registered").at_home()).expect("builds");
    let parameters = network.init(3);
    let path = folder.join(format!("{name}.safetensors"));
    let bytes = to_safetensors(&parameters, &Metadata::new()).expect("weights");
    std::fs::write(&path, bytes).expect("written");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn weights_come_in_and_go_out_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let theirs = foreign(at, "lm-resnet-20");
    let (ours, back) = (at.join("ours.safetensors"), at.join("back.safetensors"));
    let report = ok(
        at,
        &[
            "import",
            text(&theirs),
            "--net",
            "lm-resnet-20",
            "-o",
            text(&ours),
        ],
    );
    assert!(report.contains("arrays match by name"), "{report}");
    let summary = ok(at, &["summary", text(&ours), "--json"]);
    assert!(
        summary.contains("\"network\":\"lm-resnet-20\""),
        "{summary}"
    );
    ok(at, &["export", text(&ours), "-o", text(&back)]);
    let read = |path: &Path| {
        read_safetensors(&std::fs::read(path).expect("written"))
            .expect("readable")
            .arrays
    };
    assert_eq!(read(&theirs), read(&back));
    let npz = at.join("out.npz");
    ok(
        at,
        &["export", text(&ours), "--format", "npz", "-o", text(&npz)],
    );
    assert!(std::fs::read(&npz).expect("written").starts_with(b"PK"));
    // Pixels of a picture go through.
    let picture = at.join("grey.png");
    image::GrayImage::from_pixel(40, 50, image::Luma([90]))
        .save(&picture)
        .expect("saved");
    // CIFAR-10 has colours only: whether a grey picture is meant is asked.
    let error = refused(at, &["predict", text(&ours), text(&picture)]);
    assert!(
        error.contains("grey.png is a grey image") && error.contains("--grey-as-rgb"),
        "{error}"
    );
    let asked = ["predict", text(&ours), text(&picture), "--grey-as-rgb"];
    let found = ok(at, &asked);
    assert!(found.contains("class "), "{found}");
}

#[test]
fn half_precision_keeps_the_card_and_three_digits() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let ours = imported(at, "lm-resnet-20");
    ok(
        at,
        &[
            "export",
            text(&ours),
            "--format",
            "half",
            "-o",
            "small.safetensors",
        ],
    );
    let (whole, small) = (
        std::fs::read(&ours).expect("written"),
        std::fs::read(at.join("small.safetensors")).expect("written"),
    );
    assert!(small.len() < whole.len() * 6 / 10);
    let (whole, small) = (
        read_safetensors(&whole).expect("readable"),
        read_safetensors(&small).expect("readable"),
    );
    assert!(small.checked);
    assert_eq!(small.metadata, whole.metadata);
    for (name, (shape, values)) in &whole.arrays {
        let (same, halves) = &small.arrays[name];
        assert_eq!(shape, same);
        let near = |(v, h): (&f32, &f32)| (v - h).abs() <= v.abs() / 2048.0 + 3e-8;
        assert!(values.iter().zip(halves).all(near), "{name}");
    }
    let summary = ok(at, &["summary", "small.safetensors", "--json"]);
    assert!(
        summary.contains("\"network\":\"lm-resnet-20\""),
        "{summary}"
    );
    let error = refused(at, &["export", text(&ours), "--format", "half", "-o", "x"]);
    assert!(error.contains("name it `x.safetensors`"), "{error}");
}

/// Weights of ours of a network that is published for other images than digits.
fn imported(at: &Path, name: &str) -> PathBuf {
    let ours = at.join(format!("{name}-ours.safetensors"));
    let theirs = foreign(at, name);
    ok(
        at,
        &["import", text(&theirs), "--net", name, "-o", text(&ours)],
    );
    ours
}

#[test]
fn a_network_is_written_in_the_format_that_its_name_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let ours = imported(at, "lm-resnet-20");
    let file = |name: &str| std::fs::read(at.join(name)).expect("written");
    ok(at, &["export", text(&ours), "-o", "net.onnx"]);
    ok(
        at,
        &[
            "export",
            text(&ours),
            "-o",
            "whole.onnx",
            "--with-preprocessing",
        ],
    );
    let has = |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|w| w == word.as_bytes());
    assert!(has(&file("net.onnx"), "logits") && !has(&file("net.onnx"), "Softmax"));
    assert!(has(&file("whole.onnx"), "probabilities") && has(&file("whole.onnx"), "Softmax"));
    // A file in a pipe is the same, and nothing else is there.
    let piped = run(at, &["export", text(&ours), "-o", "-", "--format", "onnx"]);
    assert_eq!(piped.status.code(), Some(0));
    assert!(piped.stdout == file("net.onnx"));
    // A module brings its weights along, under its own name or in a folder.
    let said = ok(at, &["export", text(&ours), "-o", "net.py", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).expect("one object");
    assert_eq!(said["format"], "pytorch");
    assert_eq!(said["files"][1], "net.safetensors");
    let python = String::from_utf8(file("net.py")).expect("text");
    assert!(python.contains("WEIGHTS = \"net.safetensors\""), "{python}");
    ok(
        at,
        &["export", text(&ours), "-o", "folder", "--format", "pytorch"],
    );
    let python = String::from_utf8(file("folder/model.py")).expect("text");
    assert!(
        python.contains("WEIGHTS = \"weights.safetensors\""),
        "{python}"
    );
    assert!(file("folder/weights.safetensors") == file("net.safetensors"));
    // timm has one of the two.
    let error = refused(
        at,
        &["export", text(&ours), "-o", "timm", "--format", "timm"],
    );
    assert!(error.contains("E0409") && error.contains(".py"), "{error}");
    assert!(!at.join("timm").exists());
    let resnet = imported(at, "resnet-18");
    ok(
        at,
        &["export", text(&resnet), "-o", "timm.18", "--format", "timm"],
    );
    let config: serde_json::Value =
        serde_json::from_slice(&file("timm.18/config.json")).expect("JSON");
    assert_eq!(config["architecture"], "resnet18");
    assert_eq!(config["num_classes"], 1000);
    let theirs = read_safetensors(&file("resnet-18.safetensors")).expect("readable");
    let timm = read_safetensors(&file("timm.18/model.safetensors")).expect("readable");
    assert_eq!(theirs.arrays, timm.arrays);
}

#[test]
fn names_that_contradict_the_format_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    // The name is judged before the weights are read.
    let export = |args: &[&str]| {
        let text = refused(at, &[&["export", "runs/none"], args].concat());
        assert!(
            std::fs::read_dir(at).expect("a folder").next().is_none(),
            "{args:?}"
        );
        text
    };
    for (args, expected) in [
        (&["-o", "net.pt"][..], "`net.py` reads its weights itself"),
        (&["-o", "net.txt"], "names no format"),
        (&["-o", "net.txt", "--format", "onnx"], "names no format"),
        (&["-o", "net"], "has no ending"),
        (&["-o", "net", "--format", "onnx"], "name it `net.onnx`"),
        (&["-o", "net.onnx", "--format", "npz"], "ends like onnx"),
        (&["-o", "net.npz", "--format", "timm"], "ends like npz"),
        (&["-o", "-"], "has no ending"),
        (&["-o", "-", "--format", "timm"], "name a folder"),
        (&["-o", "-", "--format", "pytorch"], "name a folder"),
    ] {
        let text = export(args);
        assert!(
            text.contains("error[E0408]") && text.contains(expected),
            "{args:?}: {text}"
        );
    }
    for (name, expected) in [("net.py", "`predict`"), ("net.npz", ".onnx")] {
        let text = export(&["-o", name, "--with-preprocessing"]);
        assert!(
            text.contains("--with-preprocessing") && text.contains(expected),
            "{text}"
        );
    }
}

#[test]
fn a_drawing_goes_where_its_name_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let piped = run(
        at,
        &["analyze", "stability", "lm", "--k", "-0.5", "--svg", "-"],
    );
    assert_eq!(piped.status.code(), Some(0));
    let svg = String::from_utf8(piped.stdout).expect("text");
    assert!(
        svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"),
        "{svg}"
    );
    let said = String::from_utf8_lossy(&piped.stderr).into_owned();
    assert!(
        said.contains("lm"),
        "the answer is on standard error: {said}"
    );
    for (name, expected) in [
        ("a.png", "rsvg-convert"),
        ("a.pdf", "rsvg-convert"),
        ("a.jpg", "`a.svg`"),
    ] {
        let text = refused(at, &["analyze", "stability", "lm", "--svg", name]);
        assert!(
            text.contains("error[E0705]") && text.contains(expected),
            "{text}"
        );
        assert!(!at.join(name).exists());
    }
}

#[test]
fn what_does_not_fit_is_said_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let theirs = foreign(at, "resnet-20");
    let out = at.join("out.safetensors");
    let import = |net: &str, more: &[&str]| {
        let mut args = vec!["import", text(&theirs), "--net", net, "-o", text(&out)];
        args.extend(more);
        refused(at, &args)
    };
    let error = import("resnet-20", &["--data", "cifar100"]);
    assert!(error.contains("--classes 10"), "{error}");
    let error = import("resnet-32", &[]);
    assert!(
        error.contains("missing") && error.contains("nothing was written"),
        "{error}"
    );
    assert!(import("resnet20", &[]).contains("`resnet-20`"));
    assert!(!out.exists());
    // And ours are told apart from others.
    let error = refused(at, &["eval", text(&theirs)]);
    assert!(error.contains("does not say of which network"), "{error}");
}

#[test]
fn dangerous_and_damaged_checkpoints_are_refused() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/import");
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out.safetensors");
    for (file, expected) in [
        ("malicious.pth", "system"),
        ("whole-module.pth", "__main__.Net"),
        ("truncated.pth", "truncated.pth"),
        ("text.pth", "zip"),
        ("empty.pth", "empty.pth"),
        ("legacy.pth", "legacy.pth"),
        ("missing.pth", "missing.pth"),
    ] {
        let file = fixtures.join(file);
        let args = [
            "import",
            text(&file),
            "--net",
            "resnet-20",
            "-o",
            text(&out),
        ];
        let error = refused(folder.path(), &args);
        assert!(error.contains(expected), "{}: {error}", file.display());
        assert!(!out.exists());
    }
}

#[test]
fn networks_that_cannot_be_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for (args, expected) in [
        (
            &["--net", "revnet-38", "--width", "7"][..],
            "cannot be halved",
        ),
        (
            &["--net", "revnet-38", "--scheme", "lm"],
            "cannot be undone",
        ),
        (&["--net", "inception-resnet-v2"], "too small"),
        (&["--net", "fractalnet-20"], "too small"),
        (&["--net", "fractalnet-20", "--scheme", "lm"], "fractal3"),
        (
            &[
                "--block",
                "postact",
                "--scheme",
                "reversible",
                "--set",
                "network.activations=reconstructed",
            ],
            "ReLU",
        ),
        (&["--set", "network.drop_path=0.1"], "joins of FractalNet"),
        (&["--set", "network.dropout=1"], "share"),
        (&["--set", "data.jitter=0.1,0.2"], "three numbers"),
        (&["--block", "se-postactt"], "`se-postact`"),
    ] {
        let error = refused(
            at,
            &[&["train", "digits/lm-resnet-20", "--dry-run"], args].concat(),
        );
        assert!(error.contains(expected), "{args:?}: {error}");
    }
    let summary = run(at, &["summary", "resnext-50-32x4d", "--width", "5"]);
    assert_eq!(
        summary.status.code(),
        Some(2),
        "groups of a fraction of a channel"
    );
}
