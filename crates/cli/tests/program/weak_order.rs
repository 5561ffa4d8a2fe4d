//! Does `analyze weak-order` show what the theory says, the same for every number of threads, and refuse nonsense?

use crate::common::{objects, ok, refused, run};
use serde_json::Value;

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a finite number")
}

/// The objects of one part, of a setting whose name ends so.
fn part<'a>(all: &'a [Value], part: &str, setting: &str) -> Vec<&'a Value> {
    all.iter()
        .filter(|o| o["part"] == part)
        .filter(|o| o["setting"].as_str().is_none_or(|s| s.ends_with(setting)))
        .collect()
}

#[test]
fn the_order_falls_where_the_condition_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = [
        "analyze",
        "weak-order",
        "stochastic-depth",
        "shake-shake",
        "--paths",
        "600",
    ];
    let all = objects(folder.path(), &args);
    for (setting, low, high, holds) in [
        ("p = 0.5", 0.9, 1.1, true),
        ("p = 0.8", 0.44, 0.6, false),
        ("p = 0.9", 0.44, 0.6, false),
        ("sqrt(dt)", 0.9, 1.25, true),
        ("shake-shake", 0.9, 1.1, true),
    ] {
        let thirds: Vec<&Value> = (part(&all, "order", setting).into_iter())
            .filter(|o| o["moment"] == 3)
            .collect();
        assert_eq!(thirds.len(), 4, "{setting}");
        for third in thirds {
            let simulated = &third["simulated"];
            let (order, margin) = (number(&simulated["order"]), number(&simulated["margin"]));
            assert!(
                order > low - margin && order < high + margin && margin < 0.3,
                "{setting}: {simulated}"
            );
            if let Some(computed) = third["computed"]["order"].as_f64() {
                assert!(low < computed && computed < high, "{setting}: {computed}");
            }
        }
        for condition in part(&all, "condition", setting) {
            assert_eq!(condition["holds"], holds, "{setting}");
            for (measured, wanted) in [(0, 0.0), (1, 1.0), (2, number(&condition["third"]))] {
                let error = number(&condition["deviations"][measured]);
                let found = number(&condition["measured"][measured]);
                assert!((found - wanted).abs() <= 4.5 * error + 1e-12, "{condition}");
            }
        }
    }
    // The networks of the paper: 27 blocks down to 0.8, 54 down to 0.5.
    let blocks = part(&all, "network", "");
    assert_eq!(blocks.len(), 27 + 54);
    assert_eq!(
        (&blocks[0]["p"], &blocks[0]["bound"]),
        (&1.0.into(), &Value::Null)
    );
    assert!((number(&blocks[26]["third"]) + 1.5).abs() < 1e-9);
    assert!(number(&blocks[80]["bound"]) < 1e-9);
}

#[test]
fn text_names_equation_condition_and_verdict() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = [
        "analyze",
        "weak-order",
        "sd",
        "--scheme",
        "lm",
        "--k",
        "-0.5",
        "--keep",
        "0.7",
        "--blocks",
        "20",
        "--paths",
        "200",
        "--steps",
        "8,16,32",
    ];
    let text = ok(folder.path(), &args);
    for words in [
        "stochastic-depth with lm (k = -0.5)",
        "dX = p f(X) dt + sqrt(p (1-p)) f(X) [1, 0, ...] dB",
        "|E dW| + |E dW^3| + |E dW^2 - dt| <= K dt^2",
        "h = 0.500 dt",
        "A network of 20 blocks, the last kept with p = 0.7",
        "p = 0.5: the condition holds",
        "p = 0.7: the condition fails",
    ] {
        assert!(text.contains(words), "`{words}` is not in\n{text}");
    }
    let undamped = ok(
        folder.path(),
        &[
            "analyze",
            "weak-order",
            "gaussian",
            "--scheme",
            "leapfrog",
            "--paths",
            "100",
        ],
    );
    assert!(undamped.contains("keeps noise for ever"), "{undamped}");
    let stages = ok(
        folder.path(),
        &[
            "analyze",
            "weak-order",
            "gaussian",
            "--scheme",
            "heun",
            "--paths",
            "100",
        ],
    );
    assert!(stages.contains("in Stratonovich's sense"), "{stages}");
}

#[test]
fn files_are_whole_and_threads_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let written = |threads: &str| {
        let args = [
            "analyze",
            "weak-order",
            "stochastic-depth",
            "--paths",
            "300",
            "--steps",
            "8,16,32",
            "--seed",
            "3",
            "--svg",
            "w.svg",
            "--force",
            "--csv",
            "w.csv",
            "--threads",
            threads,
        ];
        let text = ok(at, &args);
        let read = |name: &str| std::fs::read_to_string(at.join(name)).expect("the file");
        (text, read("w.svg"), read("w.csv"))
    };
    let (text, svg, csv) = written("1");
    assert_eq!((text, svg.clone(), csv.clone()), written("2"));
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    // Four laws, four equations, three moments, three numbers of steps, and the head.
    assert_eq!(csv.lines().count(), 1 + 4 * 4 * 3 * 3);
    let columns = csv.lines().map(|line| line.split(',').count());
    assert!(
        columns.clone().all(|n| n == 16),
        "{:?}",
        columns.collect::<Vec<_>>()
    );
    let left = std::fs::read_dir(at).expect("a folder").count();
    assert_eq!(left, 2, "no temporary file stays behind");
}

/// Where the memory does not fade the limit is of second order, and the condition on the noise is the same.
#[test]
fn memory_that_does_not_fade_has_a_second_order_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let args = [
        "analyze",
        "weak-order",
        "stochastic-depth",
        "--damping",
        "1",
        "--steps",
        "64,128,256,512",
    ];
    let all = objects(
        at,
        &[&args[..], &["--svg", "d.svg", "--csv", "d.csv"]].concat(),
    );
    assert_eq!(part(&all, "noise", "")[0]["damping"], 1.0);
    for (setting, third) in [("p = 0.5", 1.0), ("p = 0.8", 0.5), ("p = 0.9", 0.5)] {
        let orders = part(&all, "order", setting);
        assert_eq!(orders.len(), 2 * 3, "two equations, three moments");
        for order in orders {
            assert!(order["simulated"].is_null(), "nothing is drawn");
            let wanted = if order["moment"] == 3 { third } else { 1.0 };
            let found = number(&order["computed"]["order"]);
            assert!((found - wanted).abs() < 0.1, "{setting}: {order}");
        }
    }
    let svg = std::fs::read_to_string(at.join("d.svg")).expect("a picture");
    assert!(svg.contains("-(1 - 1 dt)") && !svg.contains("NaN"));
    assert!(ok(at, &args).contains("dX = Y dt, dY = (-1 Y + a(X)) dt + b(X) dW"));
    for bad in [
        ["--damping", "-1"],
        ["--damping", "99"],
        ["--damping", "nan"],
    ] {
        let args = [&args[..3], &bad[..]].concat();
        assert!(refused(at, &args).contains("damping"), "{bad:?}");
    }
    let both = run(at, &[&args[..], &["--scheme", "euler"]].concat());
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn what_means_nothing_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let with = |more: &[&str]| {
        let args = [&["analyze", "weak-order"], more, &["--paths", "100"]].concat();
        refused(at, &args)
    };
    assert!(with(&["stochastic-dept"]).contains("did you mean `stochastic-depth`"));
    assert!(with(&["shake-shake", "--scheme", "eulr"]).contains("did you mean `euler`"));
    assert!(with(&["stochastic-depth", "--keep", "1.2"]).contains("--keep 1.2"));
    assert!(with(&["stochastic-depth", "--keep", "0.8,1"]).contains("no noise"));
    assert!(with(&["stochastic-depth", "--keep=-0.5"]).contains("between 0 and 1"));
    assert!(with(&["gaussian", "--steps", "8,8,16"]).contains("--steps has 2 different"));
    with(&["gaussian", "--scheme", "lm", "--k", "1.2"]);
    with(&["gaussian", "--k", "0.5"]);
    with(&["gaussian", "--svg", "missing/w.svg"]);
    for bad in [
        ["--paths", "1"],
        ["--steps", "1,4,8"],
        ["--seed", "-1"],
        ["--blocks", "1"],
    ] {
        let args = [&["analyze", "weak-order", "gaussian"], &bad[..]].concat();
        assert_eq!(run(at, &args).status.code(), Some(2), "{bad:?}");
    }
    assert_eq!(std::fs::read_dir(at).expect("a folder").count(), 0);
}
