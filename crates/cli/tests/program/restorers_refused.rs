//! Is what a restorer does not have refused, with what to use instead; and what only restorers have, elsewhere?

use crate::common::restorers::{RECIPE, folder, small};
use crate::common::{ok, refused};

#[test]
fn what_only_classifiers_have_is_refused_with_what_to_use() {
    let folder = folder();
    let at = folder.path();
    for (flag, value, hint) in [
        ("--epochs", "3", "train.greedy"),
        ("--batch", "8", "data.every"),
        ("--lr", "0.1", "L-BFGS"),
        ("--net", "resnet-20", "model.size"),
        ("--block", "preact", "model.size"),
        ("--noise", "gaussian", "model.sigma"),
        ("--width", "8", "model.size"),
        ("--data", "cifar10", "--data-dir"),
        ("--overfit", "2", "data.every"),
        ("--device", "gpu", "--threads"),
        ("--require", "top1>=0.9", "psnr>=28"),
        ("--set", "optimiser.lr=0.1", "L-BFGS"),
    ] {
        let text = refused(at, &small(&[flag, value]));
        assert!(
            text.contains("E0714") && text.contains(hint),
            "{flag}: {text}"
        );
    }
    for wrong in [&["--scheme", "rk4"][..], &["--log", "wandb"]] {
        refused(at, &small(wrong));
    }
    assert!(!at.join("runs").exists(), "nothing was begun");
    // And the other way round.
    for (flag, value, hint) in [
        ("--require", "psnr>=28", "top1>=0.9"),
        ("--set", "model.sigma=3", "denoising/"),
        ("--set", "train.greedy=3", "train.epochs"),
        ("--set", "data.every=3", "data.limit"),
        ("--set", "task.kind=restore", "list recipes"),
    ] {
        let text = refused(at, &["train", "digits/lm-resnet-20", flag, value]);
        assert!(
            text.contains("E0714") && text.contains(hint),
            "{flag}: {text}"
        );
    }
}

#[test]
fn commands_for_classifiers_refuse_restorers() {
    let folder = folder();
    let at = folder.path();
    ok(at, &small(&["--name", "own", "--quiet", "--no-report"]));
    let weights = "runs/own/weights/last.safetensors";
    for wrong in [
        &["lr-find", RECIPE][..],
        &["summary", RECIPE],
        &["summary", "runs/own"],
        &["summary", weights],
        &["eval", weights],
        &["eval", "runs/own"],
        &["predict", weights, "pictures/0.png"],
        &["export", "runs/own", "-o", "out.safetensors"],
        &["analyze", "momentum", weights],
        &["analyze", "trace", "runs/own"],
        &["analyze", "stability", "runs/own"],
    ] {
        let text = refused(at, wrong);
        assert!(text.contains("E0714"), "{wrong:?}: {text}");
    }
    let epochs = [
        "train",
        "--net",
        "resnet-20",
        "--steps",
        "1,1",
        "--width",
        "4",
        "--epochs",
        "1",
    ];
    ok(
        at,
        &[&epochs[..], &["--batch", "512", "--name", "net", "--quiet"]].concat(),
    );
    let mixed = refused(at, &["compare", "runs/own", "runs/net"]);
    assert!(mixed.contains("E0507"), "{mixed}");
    for wrong in [
        &["analyze", "diffusion", "runs/net"][..],
        &[
            "denoise",
            "pictures/0.png",
            "-o",
            "b.png",
            "--model",
            "runs/net",
        ],
    ] {
        refused(at, wrong);
    }
}

#[test]
fn mistakes_are_told() {
    let folder = folder();
    let at = folder.path();
    std::fs::write(at.join("text.safetensors"), "no weights").expect("written");
    let recipe = "denoising/trd-5x5-s25";
    for wrong in [
        &["train", recipe][..],
        &["train", recipe, "--data-dir", "nothing"],
        &[
            "train",
            recipe,
            "--data-dir",
            "pictures",
            "--set",
            "model.start=nothing",
        ],
        &[
            "train",
            recipe,
            "--data-dir",
            "pictures",
            "--set",
            "data.test_every=1",
        ],
        &["train", "--resume", "pictures"],
        &["analyze", "diffusion", "nothing"],
        &["analyze", "diffusion", "text.safetensors"],
        &[
            "denoise",
            "pictures/0.png",
            "-o",
            "b.png",
            "--model",
            "text.safetensors",
        ],
        &[
            "denoise",
            "pictures/0.png",
            "-o",
            "b.png",
            "--method",
            "trd",
            "--model",
            "csf-7x7",
        ],
        &[
            "denoise",
            "pictures/0.png",
            "-o",
            "b.png",
            "--method",
            "bm3d",
            "--quality",
            "80",
        ],
        &["report", "pictures"],
        &["compare", "pictures"],
    ] {
        refused(at, wrong);
    }
    // A model says which method it is of.
    ok(
        at,
        &[
            "denoise",
            "pictures/0.png",
            "-o",
            "b.png",
            "--model",
            "csf-7x7",
            "--sigma",
            "25",
        ],
    );
}
