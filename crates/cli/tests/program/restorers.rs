//! Can a person train a restorer, continue it, look at it, compare and use it?

use crate::common::restorers::{RECIPE, folder, of, small};
use crate::common::{objects, ok, refused, run};

#[test]
fn a_restorer_is_trained_shown_and_used() {
    let folder = folder();
    let at = folder.path();
    let events = objects(at, &small(&["--name", "own", "--log", "tensorboard"]));
    assert_eq!(of(&events, "start")[0]["model"], "lm-trd-3x3");
    assert_eq!(of(&events, "start")[0]["test_pictures"], 2);
    assert_eq!(of(&events, "phase").len(), 3, "two steps, then both");
    let evaluations = of(&events, "evaluation");
    let end = of(&events, "end")[0];
    assert_eq!(end["reason"], "phases");
    assert_eq!(end["evaluation"], evaluations.len());
    assert!(end["psnr"].as_f64().expect("a number") > 20.0);
    assert!(end["test"]["psnr"].as_f64().expect("a number") > 20.0);
    let trained = of(&events, "trained")[0];
    assert_eq!(trained["psnr"], end["psnr"]);
    assert_eq!(trained["test_psnr"], end["test"]["psnr"]);
    for left in [
        "recipe.toml",
        "environment.json",
        "events.jsonl",
        "metrics.csv",
        "report.html",
        "weights/last.safetensors",
        "weights/best.safetensors",
        "tensorboard",
    ] {
        assert!(at.join("runs/own").join(left).exists(), "{left}");
    }
    assert!(!at.join("runs/own/state").exists(), "it is finished");
    let rows = std::fs::read_to_string(at.join("runs/own/metrics.csv")).expect("a table");
    assert_eq!(rows.lines().count(), 1 + evaluations.len());

    // A run folder stands for its weights.
    let steps = objects(at, &["analyze", "diffusion", "runs/own", "--svg", "f.svg"]);
    assert_eq!(steps.len(), 2);
    assert!(steps[0]["k"].is_null() && steps[1]["k"].is_number());
    assert!(at.join("f.svg").is_file());
    for model in ["runs/own", "runs/own/weights/last.safetensors"] {
        let clean = ["denoise", "pictures/0.png", "-o", "clean.png", "--force"];
        ok(
            at,
            &[&clean[..], &["--model", model, "--sigma", "25"]].concat(),
        );
    }
    let shown = objects(at, &["config", "show", "runs/own"]);
    let size = shown
        .iter()
        .find(|s| s["path"] == "model.size")
        .expect("shown");
    assert_eq!(size["value"], 3);
    let listed = objects(at, &["list", "runs"]);
    assert_eq!(listed[0]["model"], "lm-trd-3x3");
    assert_eq!(listed[0]["evaluations"], evaluations.len());
    assert!(ok(at, &["cite", "runs/own"]).contains("@"));
    // The saved recipe is one that can be run again, bit for bit.
    ok(
        at,
        &[
            "train",
            "runs/own/recipe.toml",
            "--name",
            "again",
            "--threads",
            "1",
            "--quiet",
        ],
    );
    let weights = |run: &str| {
        let path = at.join("runs").join(run).join("weights/last.safetensors");
        std::fs::read(path).expect("weights")
    };
    assert!(weights("own") == weights("again"));
}

#[test]
fn conditions_and_seeds_are_obeyed() {
    let folder = folder();
    let at = folder.path();
    let met = small(&["--seeds", "2", "--name", "a", "--require", "psnr>=15"]);
    let events = objects(at, &met);
    let seeds = of(&events, "seeds")[0];
    assert_eq!(seeds["psnr"].as_array().expect("a list").len(), 2);
    assert!(seeds["deviation"].as_f64().expect("a number") > 0.0);
    let seeds: Vec<u64> = of(&events, "start")
        .iter()
        .map(|e| e["seed"].as_u64().expect("a seed"))
        .collect();
    assert_eq!(seeds, [2001, 2002]);
    assert!(at.join("runs/a-s2001").is_dir() && at.join("runs/a-s2002").is_dir());
    let out = run(
        at,
        &small(&["--name", "b", "--require", "psnr>=99", "--seeds", "2"]),
    );
    assert_eq!(out.status.code(), Some(1));
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(text.contains("required psnr>=99, measured"), "{text}");
    assert!(
        !at.join("runs/b-s2002").exists(),
        "it stops at the first that fails"
    );

    // One group of two seeds, and another scheme beside it.
    ok(
        at,
        &small(&[
            "--seeds",
            "2",
            "--name",
            "c",
            "--scheme",
            "euler",
            "--quiet",
            "--no-report",
        ]),
    );
    assert!(!at.join("runs/c-s2001/report.html").exists());
    let runs = [
        "runs/a-s2001",
        "runs/a-s2002",
        "runs/c-s2001",
        "runs/c-s2002",
    ];
    let groups = objects(at, &[&["compare"], &runs[..]].concat());
    assert_eq!(groups.len(), 2);
    assert_eq!(groups[0]["group"], "lm-trd-3x3");
    assert_eq!(groups[1]["group"], "trd-3x3");
    assert_eq!(groups[0]["n"], 2);
    assert_eq!(groups[0]["psnr"].as_array().expect("a list").len(), 2);
    assert!(groups[0]["deviation"].is_number() && groups[1]["interval"].is_array());
    let files = [
        "--md",
        "table.md",
        "--svg",
        "curves.svg",
        "--metric",
        "best",
    ];
    let text = ok(at, &[&["compare"], &runs[..], &files[..]].concat());
    assert!(
        text.contains("PSNR mean ± sd") && text.contains("2 test pictures"),
        "{text}"
    );
    let table = std::fs::read_to_string(at.join("table.md")).expect("a table");
    assert!(
        table.contains("lm-trd-3x3") && table.contains("Welch"),
        "{table}"
    );
    assert!(at.join("curves.svg").is_file());
    let refusal = refused(at, &["compare", runs[0], runs[2], "--baselines"]);
    assert!(refusal.contains("E0714"), "{refusal}");

    // Its report says what the records say, and notices what was changed.
    let made = objects(at, &["report", runs[0]]);
    assert_eq!(made[0]["status"], "finished");
    ok(at, &["report", runs[0], "--check"]);
    let page = std::fs::read_to_string(at.join(runs[0]).join("report.html")).expect("a page");
    for part in [
        "PSNR on test pictures",
        "What it learned",
        "data-key=\"step.2.k\"",
        "Phases",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let other = page.replacen(
        "data-key=\"last.psnr\" value=\"",
        "data-key=\"last.psnr\" value=\"1",
        1,
    );
    std::fs::write(at.join(runs[0]).join("report.html"), other).expect("written");
    assert_eq!(
        run(at, &["report", runs[0], "--check"]).status.code(),
        Some(1)
    );
    let refusal = refused(at, &["report", runs[0], "--data-dir", "pictures"]);
    assert!(refusal.contains("E0714"), "{refusal}");
}

#[test]
fn time_ends_a_run_and_resume_goes_on() {
    let folder = folder();
    let at = folder.path();
    ok(at, &small(&["--name", "whole", "--quiet"]));
    ok(
        at,
        &small(&["--name", "part", "--time", "0.000001s", "--quiet"]),
    );
    let part = "runs/part";
    assert!(at.join(part).join("state").is_dir());
    let made = objects(at, &["report", part]);
    assert_eq!(made[0]["status"], "time");
    let refusal = refused(at, &["train", "--resume", part, "--set", "train.greedy=2"]);
    assert!(refusal.contains("E0502"), "{refusal}");
    let events = objects(
        at,
        &[
            "train",
            "--resume",
            part,
            "--time",
            "",
            "--require",
            "psnr>=15",
        ],
    );
    assert!(of(&events, "start")[0]["resumed"]["evaluation"].is_number());
    let read = |run: &str, file: &str| {
        std::fs::read(at.join("runs").join(run).join(file)).expect("a file")
    };
    for file in [
        "weights/last.safetensors",
        "weights/best.safetensors",
        "metrics.csv",
    ] {
        assert!(read("whole", file) == read("part", file), "{file}");
    }
    // A finished run has nothing left to do, and is measured as it was.
    ok(at, &["train", "--resume", part, "--quiet"]);
    let out = run(
        at,
        &[
            "train",
            "--resume",
            part,
            "--quiet",
            "--require",
            "psnr>=99",
        ],
    );
    assert_eq!(out.status.code(), Some(1));
}

#[test]
fn settings_have_layers_origins_and_near_names() {
    let folder = folder();
    let at = folder.path();
    let shown = objects(
        at,
        &[
            "config",
            "show",
            RECIPE,
            "--seed",
            "3",
            "--set",
            "model.sigma=15",
        ],
    );
    let origin = |path: &str| {
        let row = shown.iter().find(|s| s["path"] == path).expect("shown");
        row["origin"].as_str().expect("text").to_owned()
    };
    assert_eq!(origin("train.seed"), "`--seed`");
    assert_eq!(origin("model.sigma"), "`--set`");
    assert_eq!(origin("train.finish"), "default");
    assert!(origin("model.size").contains("recipes/denoising/lm-trd-5x5-s25.toml:"));
    let changed = objects(at, &["config", "diff", RECIPE, "denoising/trd-5x5-s25"]);
    assert!(
        changed
            .iter()
            .any(|d| d["path"] == "model.scheme" && d["left"] == "lm")
    );
    assert!(refused(at, &["config", "diff", RECIPE, "digits"]).contains("E0714"));
    let new = ok(at, &["config", "new", RECIPE]);
    std::fs::write(at.join("mine.toml"), new).expect("written");
    assert!(objects(at, &["config", "diff", RECIPE, "mine.toml"]).is_empty());
    let wrong = refused(
        at,
        &small(&[
            "--set",
            "model.sise=3",
            "--set",
            "model.sigma=-1",
            "--epochs",
            "2",
        ]),
    );
    for part in [
        "3 problems",
        "did you mean `model.size`",
        "must lie above 0",
        "train.greedy",
    ] {
        assert!(wrong.contains(part), "{part}: {wrong}");
    }
    assert!(refused(at, &["train", "denoising/trd-5x5-s52"]).contains("did you mean"));
    let dry = objects(at, &small(&["--dry-run", "--seeds", "3"]));
    assert_eq!(dry[0]["model"], "lm-trd-3x3");
    assert_eq!(
        (&dry[0]["train_pictures"], &dry[0]["test_pictures"]),
        (&2.into(), &2.into())
    );
    assert_eq!(dry[0]["seeds"], 3);
    assert!(!at.join("runs").exists(), "nothing was written");
    let page = ok(at, &["explain", "model.sigma"]);
    assert!(
        page.contains("a restorer") && page.contains("25.0"),
        "{page}"
    );
    let page = ok(at, &["explain", "data.dir"]);
    assert!(
        page.contains("a classifier") && page.contains("a restorer"),
        "{page}"
    );
    assert!(ok(at, &["explain", RECIPE]).contains("--data-dir PICTURES"));
}
