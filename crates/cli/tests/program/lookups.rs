//! Do the commands that look things up say what the theory and the papers say?

use crate::common::{object, ok, refused, run, runs::runs, timestep};
use serde_json::Value;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

fn count(args: &[&str], key: &str) -> u64 {
    object(args)[key]
        .as_u64()
        .unwrap_or_else(|| panic!("{args:?} has no `{key}`"))
}

#[test]
fn published_parameter_counts() {
    for (name, classes, parameters, coefficients) in [
        ("resnet-20", "10", 269_722, 0),
        ("preresnet-20", "10", 269_722, 0),
        ("resnet-56", "10", 853_018, 0),
        ("resnet-110", "10", 1_727_962, 0),
        ("resnet-1202", "10", 19_421_274, 0),
        ("lm-resnet-20", "10", 272_378, 6),
        ("lm-resnet-56", "10", 855_674, 24),
        ("lm-resnet-110", "10", 1_730_618, 51),
        ("lm-resnet-110", "100", 1_736_468, 51),
        ("preresnet-164", "10", 1_703_258, 0),
        ("preresnet-1001", "10", 10_327_706, 0),
    ] {
        let args = ["summary", name, "--classes", classes];
        assert_eq!(count(&args, "parameters"), parameters, "{name}");
        assert_eq!(count(&args, "coefficients"), coefficients, "{name}");
        let summary = object(&args);
        assert_eq!(summary["segments"].as_array().map(Vec::len), Some(3));
        assert!(summary["multiply_adds"].is_u64() && summary["block_evaluations"].is_u64());
    }
}

#[test]
fn order_of_every_scheme() {
    for scheme in timestep_numerics::schemes() {
        let found = object(&["analyze", "order", scheme.key]);
        let order = found["order"].as_f64().expect("a number");
        assert!(
            (order - f64::from(scheme.order)).abs() < 0.1,
            "{}: {order}",
            scheme.key
        );
    }
}

#[test]
fn stability_and_modified_equation() {
    let lm = object(&["analyze", "stability", "lm", "--k", "-0.5"]);
    assert!((lm["real_interval"][0].as_f64().expect("a number") + 3.0).abs() < 1e-3);
    assert_eq!(lm["real_interval"][1], 0.0);
    assert_eq!(lm["zero_stable"], true);
    assert_eq!(
        object(&["analyze", "stability", "lm", "--k", "1.2"])["zero_stable"],
        false
    );
    let rk4 = object(&["analyze", "stability", "rk4"]);
    assert!((rk4["imaginary_interval"].as_f64().expect("a number") - 2.8284).abs() < 1e-3);
    let equation = object(&["analyze", "modified-equation", "lm", "--k", "-0.5"]);
    assert!((equation["coefficients"][0].as_f64().expect("a number") - 0.5).abs() < 1e-9);
    assert!((equation["coefficients"][1].as_f64().expect("a number") - 0.75).abs() < 1e-9);
}

#[test]
fn every_command_helps_and_every_list_is_json() {
    let folder = tempfile::tempdir().expect("a folder");
    for command in [
        "train",
        "eval",
        "predict",
        "denoise",
        "summary",
        "analyze",
        "report",
        "compare",
        "lr-find",
        "list",
        "explain",
        "cite",
        "data",
        "config",
        "doctor",
        "completions",
    ] {
        assert!(
            ok(folder.path(), &[command, "--help"]).contains("Usage:"),
            "{command}"
        );
    }
    for kind in [
        "kinds", "networks", "schemes", "blocks", "noises", "methods", "data", "recipes",
        "settings", "analyses", "logs",
    ] {
        let text = ok(folder.path(), &["list", kind, "--json"]);
        assert!(!text.is_empty());
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(value["v"], 1, "{line}");
        }
    }
}

#[test]
fn everything_registered_is_explained_and_cited() {
    let folder = tempfile::tempdir().expect("a folder");
    for scheme in timestep_numerics::schemes() {
        assert!(ok(folder.path(), &["explain", scheme.key]).contains("# Equation"));
        assert!(
            ok(folder.path(), &["cite", scheme.key]).contains('@'),
            "{}",
            scheme.key
        );
    }
    for name in [
        "preact",
        "lm-resnet-20",
        "cifar10",
        "digits",
        "train.epochs",
        "tensorboard",
    ] {
        assert!(ok(folder.path(), &["explain", name]).len() > 20, "{name}");
    }
    assert!(refused(folder.path(), &["explain", "eulr"]).contains("`euler`"));
}

#[test]
fn settings_show_their_origin_and_doctor_is_content() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = ok(
        folder.path(),
        &["config", "show", "--lr", "0.05", "--set", "train.seed=3"],
    );
    let row = |path: &str| {
        text.lines()
            .find(|l| l.starts_with(path))
            .expect("a row")
            .to_owned()
    };
    assert!(
        row("optimiser.lr").contains("--lr") && row("train.seed").contains("--set"),
        "{text}"
    );
    assert!(row("data.pad ").contains("recipes/digits.toml"), "{text}");
    assert!(ok(folder.path(), &["doctor"]).contains("all in order"));
    assert!(ok(folder.path(), &["data", "verify", "digits"]).contains("in order"));
    assert!(ok(folder.path(), &["completions", "bash"]).contains("timestep"));
    ok(
        folder.path(),
        &["data", "preview", "digits", "--out", "sheet.png"],
    );
    assert!(folder.path().join("sheet.png").is_file());
}

/// Runs a command with `--json` and reads every line of standard output.
fn objects(folder: &Path, args: &[&str]) -> Vec<Value> {
    let text = ok(folder, &[args, &["--json"]].concat());
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{args:?}: {e}: {line}")))
        .collect();
    for line in &lines {
        let first = line.as_object().and_then(|o| o.keys().next());
        assert_eq!(
            (first.map(String::as_str), &line["v"]),
            (Some("v"), &Value::from(1)),
            "{args:?}"
        );
    }
    lines
}

#[test]
fn every_look_up_speaks_json() {
    let folder = tempfile::tempdir().expect("a folder");
    for args in [
        &["summary", "--block", "preact", "--scheme", "rk4"] as &[&str],
        &["summary", "digits"],
        &["analyze", "order", "leapfrog"],
        &["analyze", "stability", "reversible"],
        &[
            "analyze",
            "modified-equation",
            "lm",
            "--k",
            "-1",
            "--terms",
            "8",
        ],
        &["explain", "cifar10/resnet-110"],
        &["explain", "optimiser.lr"],
        &["cite", "lm-resnet-20"],
        &["cite", "cifar10/lm-resnet-20"],
        &["data", "list"],
        &["data", "verify", "digits"],
        &["data", "preview", "digits", "--count", "9"],
        &["config", "show", "cifar10/lm-resnet-20", "--lr", "0.2"],
        &["config", "diff", "cifar10/resnet-20", "cifar100/resnet-20"],
        &["config", "new"],
        &["completions", "fish"],
        &["doctor"],
    ] {
        assert!(!objects(folder.path(), args).is_empty(), "{args:?}");
    }
    assert!(objects(folder.path(), &["list", "runs"]).is_empty());
}

#[test]
fn weights_of_the_program_and_of_a_folder_are_listed() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::create_dir(at.join("weights")).expect("a folder");
    let best = runs().join("runs/a-s0/weights/best.safetensors");
    std::fs::copy(best, at.join("weights/a.safetensors")).expect("a run has weights");
    std::fs::write(at.join("weights/b.safetensors"), "text").expect("written");
    let listed = objects(at, &["list", "weights"]);
    let find = |name: &str| {
        let found = listed.iter().find(|one| one["weights"] == name);
        found.unwrap_or_else(|| panic!("{name} is not listed"))
    };
    let trd = find("trd-5x5-s25");
    assert_eq!(
        (&trd["of"], &trd["sigma"]),
        (&Value::from("trd"), &Value::from(25.0))
    );
    // Every command that is named is one: of the program, or of its sources.
    for one in &listed {
        let Some(command) = one["trained_by"].as_str() else {
            continue;
        };
        if let Some(recipe) = command.strip_prefix("timestep train ") {
            assert!(!objects(at, &["explain", recipe]).is_empty());
            continue;
        }
        let example = command.strip_prefix("cargo run --release --example ");
        let example = example.and_then(|rest| rest.split(' ').next());
        let example = example.unwrap_or_else(|| panic!("{command}"));
        let file = format!("../train/examples/{example}.rs");
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(file).exists());
    }
    assert_eq!(find("dncnn-17x64")["of"], "dncnn");
    let own = find("weights/a.safetensors");
    assert_eq!(own["data"], "digits");
    assert!(own["top1"].is_number(), "{own}");
    // Its steps are its own: it is no published network.
    assert!(own["of"].as_str().is_some_and(|of| !of.is_empty()), "{own}");
    let broken = find("weights/b.safetensors");
    assert!(
        broken["of"]
            .as_str()
            .is_some_and(|of| of.contains("safetensors"))
    );
}

#[test]
fn lists_say_what_can_be_chosen() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = |kind: &str| objects(folder.path(), &["list", kind]);
    let lm = list("networks")
        .into_iter()
        .find(|n| n["network"] == "lm-resnet-20");
    let lm = lm.expect("it is listed");
    assert_eq!(lm["published"], "CIFAR-10 8.33 % (Lu et al. 2018)");
    assert_eq!(lm["input"], "3x32x32");
    assert_eq!(
        (&lm["depth"], &lm["cifar10_error"]),
        (&Value::from(20), &Value::from(8.33))
    );
    let noises: Vec<Value> = list("noises").iter().map(|n| n["noise"].clone()).collect();
    assert_eq!(noises.len(), 1 + timestep_numerics::noise::noises().len());
    assert!(noises.contains(&"none".into()) && noises.contains(&"stochastic-depth".into()));
    let rate = list("settings")
        .into_iter()
        .find(|s| s["setting"] == "optimiser.lr");
    assert!(rate.expect("it is listed")["default"].is_f64());
    // Recipes of networks that do not exist yet are not offered; those offered exist.
    let recipes = list("recipes");
    assert!(recipes.iter().any(|r| r["recipe"] == "digits/lm-resnet-20"));
    for recipe in recipes {
        let name = recipe["recipe"].as_str().expect("a name").to_owned();
        let (data, network) = name.split_once('/').expect("data/network");
        let network = network.split('+').next().expect("the part before a plus");
        assert!(data == "denoising" || timestep_nets::preset(network).is_ok());
    }
}

#[test]
fn explanations_carry_what_was_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = objects(folder.path(), &["explain", "lm"]).remove(0);
    let measured = &page["measured"];
    assert!((measured["order"].as_f64().expect("a number") - 1.0).abs() < 0.1);
    assert!((measured["real_interval"][0].as_f64().expect("a number") + 3.0).abs() < 1e-6);
    assert!(page["page"].as_str().expect("text").contains("# Equation"));
    let leapfrog = ok(folder.path(), &["explain", "leapfrog"]);
    assert!(!leapfrog.contains("-0.0"), "{leapfrog}");
}

#[test]
fn a_folder_with_the_name_of_a_data_set_does_not_hide_it() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("cifar10")).expect("a folder");
    assert!(ok(folder.path(), &["cite", "cifar10"]).contains("krizhevsky2009learning"));
    // A run that was begun but has no weights yet.
    let run = folder.path().join("begun");
    std::fs::create_dir(&run).expect("a folder");
    let recipe = ok(folder.path(), &["config", "new", "cifar10/lm-resnet-56"]);
    std::fs::write(run.join("recipe.toml"), recipe).expect("written");
    let cited = ok(folder.path(), &["cite", "begun"]);
    assert!(
        cited.contains("lu2018beyond") && cited.contains("krizhevsky2009learning"),
        "{cited}"
    );
    let summary = objects(folder.path(), &["summary", "begun"]).remove(0);
    assert_eq!(summary["parameters"], 855_674);
    let listed = objects(folder.path(), &["summary", "begun", "--width", "8"]).remove(0);
    assert!(listed["parameters"].as_u64() < Some(855_674));
}

#[test]
fn unknown_names_of_look_ups_have_near_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    assert!(refused(at, &["explain", "train.lr"]).contains("`optimiser.lr`"));
    assert!(refused(at, &["explain", "cifar10/lm-resnt-20"]).contains("`cifar10/lm-resnet-20`"));
    assert!(refused(at, &["cite", "preactt"]).contains("`preact`"));
    assert!(refused(at, &["data", "verify", "digts"]).contains("`digits`"));
    assert!(refused(at, &["data", "fetch", "cifar"]).contains("cifar10"));
    assert!(refused(at, &["config", "show", "cifar/resnet-20"]).contains("`cifar10/resnet-20`"));
    assert!(refused(at, &["analyze", "stability", "leapfrg"]).contains("`leapfrog`"));
    assert!(refused(at, &["analyze", "modified-equation", "momentm"]).contains("`momentum`"));
    refused(
        at,
        &[
            "summary", "--block", "preact", "--scheme", "euler", "--steps", "3,x",
        ],
    );
    refused(at, &["summary", "resnet-20", "--input", "32"]);
    refused(at, &["summary", "nothing.safetensors"]);
    assert_eq!(run(at, &["list", "everything"]).status.code(), Some(2));
}

#[test]
fn a_picture_marks_the_stable_intervals() {
    let folder = tempfile::tempdir().expect("a folder");
    ok(
        folder.path(),
        &["analyze", "stability", "rk4", "--svg", "rk4.svg"],
    );
    let svg = std::fs::read_to_string(folder.path().join("rk4.svg")).expect("a picture");
    assert!(svg.contains("[-2.785, 0] and ±2.828i") && svg.contains("font-family=\"sans-serif\""));
    refused(
        folder.path(),
        &["analyze", "stability", "rk4", "--svg", "nowhere/rk4.svg"],
    );
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let folder = tempfile::tempdir().expect("a folder");
    for args in [
        &["completions", "bash"] as &[&str],
        &["list", "recipes", "--json"],
    ] {
        let mut child = timestep(folder.path(), args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        // The reader goes away at once, as `head -0` does.
        drop(child.stdout.take());
        let mut said = String::new();
        let mut stderr = child.stderr.take().expect("piped");
        stderr.read_to_string(&mut said).expect("UTF-8");
        child.wait().expect("ends");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
    }
}
