//! Do the analyses, settings, data checks and the self-test answer as documented, for programs too?

use crate::common::{object, ok, refused, run, wrong};
use serde_json::Value;
use std::path::Path;

/// A number of an answer.
fn number(value: &Value) -> f64 {
    value.as_f64().expect("a finite number")
}

/// Every object of a `--json` answer, each checked for the version.
fn objects(folder: &Path, args: &[&str]) -> Vec<Value> {
    ok(folder, &[args, &["--json"]].concat())
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(value["v"], 1, "{line}");
            value
        })
        .collect()
}

/// The keys of an object.
fn keys(value: &Value) -> Vec<&str> {
    let fields = value.as_object().expect("an object");
    fields.keys().map(String::as_str).collect()
}

#[test]
fn stability_of_lm_and_rk4() {
    let lm = object(&["analyze", "stability", "lm", "--k", "-0.5"]);
    assert!((number(&lm["real_interval"][0]) + 3.0).abs() < 1e-3);
    assert_eq!(number(&lm["real_interval"][1]), 0.0);
    assert_eq!(lm["zero_stable"], true);
    assert_eq!((&lm["scheme"], number(&lm["k"])), (&"lm".into(), -0.5));
    assert!(lm["polynomial"].is_null(), "lm has memory");

    let unstable = object(&["analyze", "stability", "lm", "--k", "1.2"]);
    assert_eq!(unstable["zero_stable"], false);

    let rk4 = object(&["analyze", "stability", "rk4"]);
    assert!((number(&rk4["imaginary_interval"]) - 8_f64.sqrt()).abs() < 1e-4);
    let polynomial = rk4["polynomial"].as_array().expect("a one-step scheme");
    let taylor = [1.0, 1.0, 1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0];
    assert_eq!(polynomial.len(), taylor.len());
    for (found, expected) in polynomial.iter().zip(taylor) {
        assert!((number(found) - expected).abs() < 1e-12, "{polynomial:?}");
    }
}

#[test]
fn modified_equation_of_lm() {
    let found = object(&["analyze", "modified-equation", "lm", "--k", "-0.5"]);
    // (1 + k) u' + (1 - k)/2 h u'' at k = -0.5.
    assert!((number(&found["coefficients"][0]) - 0.5).abs() < 1e-9);
    assert!((number(&found["coefficients"][1]) - 0.75).abs() < 1e-9);
    let words = found["equation"].as_str().expect("text");
    assert!(words.starts_with("0.5 u' + 0.75 h u''"), "{words}");
    let short = object(&["analyze", "modified-equation", "lm", "--terms", "2"]);
    assert_eq!(short["coefficients"].as_array().map(Vec::len), Some(2));
}

#[test]
fn every_scheme_has_the_order_of_its_theory() {
    for scheme in timestep_numerics::schemes() {
        let found = object(&["analyze", "order", scheme.key]);
        let (order, theory) = (number(&found["order"]), number(&found["theory"]));
        assert_eq!(theory, f64::from(scheme.order), "{}", scheme.key);
        assert!((order - theory).abs() < 0.1, "{}: {order}", scheme.key);
        let expected = [
            "v",
            "scheme",
            "k",
            "order",
            "theory",
            "time_scale",
            "problem",
            "equation",
            "samples",
            "splitting",
        ];
        assert_eq!(keys(&found), expected);
    }
}

#[test]
fn no_answer_shows_minus_zero() {
    let folder = tempfile::tempdir().expect("a folder");
    for scheme in timestep_numerics::schemes() {
        for what in ["stability", "modified-equation"] {
            for json in [None, Some("--json")] {
                let args: Vec<&str> = ["analyze", what, scheme.key]
                    .into_iter()
                    .chain(json)
                    .collect();
                let text = ok(folder.path(), &args);
                let minus_zero = text
                    .split(|c: char| !(c.is_ascii_digit() || "+-.e".contains(c)))
                    .filter_map(|word| word.parse::<f64>().ok())
                    .any(|x| x == 0.0 && x.is_sign_negative());
                assert!(!minus_zero, "{args:?}: {text}");
            }
        }
    }
}

#[test]
fn a_misspelt_scheme_is_answered_with_near_names() {
    let folder = tempfile::tempdir().expect("a folder");
    for what in ["order", "stability", "modified-equation"] {
        let text = refused(folder.path(), &["analyze", what, "leapfrogg"]);
        assert!(text.contains("did you mean `leapfrog`"), "{text}");
    }
    let out = run(folder.path(), &["analyze", "order", "eulr", "--json"]);
    assert_eq!(out.status.code(), Some(2));
    let error: Value = serde_json::from_slice(&out.stdout).expect("the failure as JSON");
    assert_eq!(
        (&error["event"], &error["code"]),
        (&"error".into(), &2.into())
    );
}

#[test]
fn a_coefficient_that_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for args in [
        ["analyze", "stability", "euler", "--k", "0.5"],
        ["analyze", "order", "lm", "--k", "nan"],
        ["analyze", "modified-equation", "lm", "--k", "inf"],
        ["analyze", "order", "lm", "--k", "1.2"],
    ] {
        let out = run(folder.path(), &args);
        let text = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{args:?}: {text}");
        assert!(text.contains("error[E0") && !text.contains("panicked"));
    }
}

#[test]
fn a_stability_region_is_written_as_a_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    ok(
        at,
        &[
            "analyze",
            "stability",
            "lm",
            "--k",
            "-0.5",
            "--svg",
            "lm.svg",
        ],
    );
    let svg = std::fs::read_to_string(at.join("lm.svg")).expect("the picture");
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    assert!(svg.contains("lm (k = -0.5)"), "the title says what it is");
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    let left: Vec<_> = std::fs::read_dir(at).expect("a folder").collect();
    assert_eq!(left.len(), 1, "no temporary file stays behind");
    refused(
        at,
        &["analyze", "stability", "rk4", "--svg", "missing/rk4.svg"],
    );
}

#[test]
fn settings_are_rows_with_their_origin() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let rows = objects(at, &["config", "show", "--lr", "0.05"]);
    let row = |path: &str| {
        rows.iter()
            .find(|row| row["path"] == path)
            .unwrap_or_else(|| panic!("no row `{path}`"))
    };
    for row in &rows {
        assert_eq!(keys(row), ["v", "path", "value", "origin"]);
    }
    assert_eq!(number(&row("optimiser.lr")["value"]), 0.05);
    assert!(
        row("optimiser.lr")["origin"]
            .as_str()
            .expect("text")
            .contains("--lr")
    );
    assert_eq!(row("data.name")["value"], "digits");

    let (left, right) = ("cifar10/resnet-20", "cifar10/lm-resnet-20");
    let differences = objects(at, &["config", "diff", left, right]);
    assert_eq!(differences.len(), 1);
    assert_eq!(differences[0]["path"], "network.preset");
    assert_eq!(differences[0]["right"], "lm-resnet-20");
    assert!(objects(at, &["config", "diff", left, left]).is_empty());

    // A recipe to start from is one that can be started from.
    let text = ok(at, &["config", "new", left]);
    std::fs::write(at.join("mine.toml"), text).expect("written");
    assert!(objects(at, &["config", "diff", left, "mine.toml"]).is_empty());
    assert!(refused(at, &["config", "show", "cifar10/resnet-21"]).contains("`resnet-20`"));
    assert!(refused(at, &["config", "show", "--scheme", "eulr"]).contains("`euler`"));
    assert!(refused(at, &["config", "show", "--data", "digts"]).contains("`digits`"));
    refused(at, &["config", "diff", left, "cifar10/lm-resnt-20"]);
}

#[test]
fn every_listed_recipe_can_be_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let listed = objects(folder.path(), &["list", "recipes"]);
    assert!(!listed.is_empty());
    for recipe in &listed {
        let name = recipe["recipe"].as_str().expect("a name");
        assert!(!objects(folder.path(), &["config", "show", name]).is_empty());
    }
}

#[test]
fn the_self_test_passes_and_describes_the_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let found = objects(folder.path(), &["doctor"]).remove(0);
    assert_eq!(
        (&found["ok"], &found["writable"]),
        (&true.into(), &true.into())
    );
    assert!((number(&found["euler_order"]) - 1.0).abs() < 0.1);
    assert!((number(&found["rk4_order"]) - 4.0).abs() < 0.1);
    assert!(number(&found["gradient_error"]) < 1e-5);
    assert!(number(&found["step_seconds"]) > 0.0);
    assert!(found["instruction_sets"].is_array());
    #[cfg(target_os = "linux")]
    assert!(number(&found["memory_gb"]) > 0.1);
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .collect();
    assert!(left.is_empty(), "it leaves nothing behind");
}

#[test]
fn data_sets_are_listed_verified_and_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    assert!(
        objects(at, &["data", "list"])
            .iter()
            .any(|set| set["name"] == "digits")
    );
    let found = objects(at, &["data", "verify", "digits"]).remove(0);
    assert_eq!(found["ok"], true);
    let counts = found["report"]["train_counts"].as_array().expect("classes");
    assert_eq!(counts.iter().filter_map(Value::as_u64).sum::<u64>(), 1437);
    assert!(refused(at, &["data", "verify", "digit"]).contains("`digits`"));
    // A set that cannot be fetched is refused before anything is said to be under way.
    assert!(!refused(at, &["data", "fetch", "image-folder"]).contains("fetching"));
    ok(
        at,
        &[
            "data",
            "preview",
            "digits",
            "--count",
            "16",
            "--out",
            "sheet.png",
        ],
    );
    let sheet = image::open(at.join("sheet.png")).expect("a picture");
    assert!(sheet.width() > 8 && sheet.height() > 8);
}

#[test]
fn a_damaged_data_set_is_a_negative_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for split in ["train", "test"] {
        for class in ["a", "b"] {
            let inside = at.join(split).join(class);
            std::fs::create_dir_all(&inside).expect("a folder");
            let picture = image::RgbImage::from_pixel(12, 12, image::Rgb([9, 9, 9]));
            picture.save(inside.join("0.png")).expect("an image");
        }
    }
    let args = ["data", "verify", "image-folder", "--dir", "."];
    assert!(ok(at, &args).contains("in order"));
    std::fs::write(at.join("train/a/1.png"), b"no picture").expect("written");
    let out = run(at, &args);
    let text = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(1), "{text}");
    assert!(
        text.contains("NOT in order") && text.contains("1.png"),
        "{text}"
    );
}

#[test]
fn a_pair_controls_its_error_and_says_what_it_cost() {
    let found = object(&["analyze", "adaptive", "dopri5", "--problem", "brusselator"]);
    let count = |key: &str| found[key].as_u64().expect("a count") as usize;
    let steps = found["steps"].as_array().expect("steps");
    assert_eq!(count("taken"), steps.len());
    // Two to begin, six for every step that was taken or refused.
    assert_eq!(
        count("evaluations"),
        2 + 6 * (count("taken") + count("refused"))
    );
    assert!(number(&found["error"]) < 1e-5);
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    ok(
        at,
        &[
            "analyze",
            "adaptive",
            "heun-euler",
            "bosh3",
            "--csv",
            "steps.csv",
        ],
    );
    let table = std::fs::read_to_string(at.join("steps.csv")).expect("written");
    assert!(
        table.starts_with("pair,problem,time,h,estimate\n")
            && table.contains("\nbosh3,lotka-volterra,")
    );
    for (wrong, says) in [
        (&["--rtol", "0"][..], "tolerances"),
        (&["--evaluations", "20"], "lead to time"),
    ] {
        let text = refused(at, &[&["analyze", "adaptive", "bosh3"][..], wrong].concat());
        assert!(text.contains(says), "{wrong:?}: {text}");
    }
}

#[test]
fn orders_are_drawn_and_written_for_any_problem() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let text = wrong(at, &["analyze", "adaptive", "bosh3", "--problem", "lorenz"]);
    assert!(text.contains("possible values: linear"), "{text}");
    for problem in timestep_numerics::problems::problems() {
        let args = [
            "analyze",
            "order",
            "rk4",
            "ab3",
            "--problem",
            problem.key,
            "--json",
        ];
        for line in ok(at, &args).lines() {
            let found: serde_json::Value = serde_json::from_str(line).expect("JSON");
            // A stiff problem is only near its order at the step sizes of the plot.
            let tolerance = if problem.key == "van-der-pol" {
                0.4
            } else {
                0.25
            };
            let (order, theory) = (number(&found["order"]), number(&found["theory"]));
            assert!(
                (order - theory).abs() < tolerance,
                "{}: {order}",
                problem.key
            );
        }
    }
    let args = [
        "analyze",
        "order",
        "euler",
        "rk4",
        "--problem",
        "pendulum",
        "--svg",
        "o.svg",
        "--csv",
        "o.csv",
    ];
    ok(at, &args);
    let picture = std::fs::read_to_string(at.join("o.svg")).expect("written");
    assert!(picture.contains("evaluations of f") && picture.contains("pendulum"));
    let table = std::fs::read_to_string(at.join("o.csv")).expect("written");
    // A line for each of ten step sizes, and the head.
    assert_eq!(table.lines().count(), 21);
    assert!(table.contains("\nrk4,,pendulum,0.0625,64,"));
    let text = refused(
        at,
        &["analyze", "order", "reversible", "--problem", "brusselator"],
    );
    assert!(text.contains("halves"), "{text}");
    ok(at, &["analyze", "order", "verlet", "--problem", "pendulum"]);
}
