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
    let asked = ["predict", text(&ours), text(&picture), "--grey-as-rgb"];
    let found = ok(at, &asked);
    assert!(found.contains("class "), "{found}");
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
