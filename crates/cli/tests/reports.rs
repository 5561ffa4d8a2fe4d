//! Do reports show the numbers of the records, do comparisons say what chance leaves, does lr-find repeat itself?

mod common;

use common::{objects, ok, refused, run, timestep};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A run of about half a second.
const SMALL: [&str; 11] = [
    "train", "--steps", "2,2", "--width", "8", "--epochs", "2", "--batch", "128", "--quiet",
    "--json",
];

/// Runs that several tests read: `a` with seeds 0 and 1, and `b`, the same with a setting that a
/// one-cycle schedule does not use.
fn runs() -> &'static Path {
    static RUNS: OnceLock<tempfile::TempDir> = OnceLock::new();
    RUNS.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path();
        ok(at, &[&SMALL, &["--seeds", "2", "--name", "a"][..]].concat());
        let unused = [
            "--seeds",
            "2",
            "--name",
            "b",
            "--set",
            "schedule.gamma=0.2",
            "--no-report",
        ];
        ok(at, &[&SMALL, &unused[..]].concat());
        folder
    })
    .path()
}

/// Every `<data data-key=… value=…>` of a page: exact value and shown text by key.
fn numbers(page: &str) -> BTreeMap<String, (String, String)> {
    page.split("<data data-key=\"")
        .skip(1)
        .map(|rest| {
            let (key, rest) = rest.split_once("\" value=\"").expect("a value");
            let (value, rest) = rest.split_once("\">").expect("an end");
            let (text, _) = rest.split_once("</data>").expect("a text");
            (key.to_owned(), (value.to_owned(), text.to_owned()))
        })
        .collect()
}

fn value(numbers: &BTreeMap<String, (String, String)>, key: &str) -> f64 {
    let (value, _) = numbers.get(key).unwrap_or_else(|| panic!("no `{key}`"));
    value.parse().expect("a number")
}

/// Copies a run, so that a test may change it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("readable");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

fn read(path: PathBuf) -> String {
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn every_number_is_that_of_the_records() {
    let at = runs();
    let run = at.join("runs/a-s0");
    let page = read(run.join("report.html"));
    let shown = numbers(&page);
    let csv = read(run.join("metrics.csv"));
    let mut rows = csv.lines().map(|l| l.split(',').collect::<Vec<_>>());
    let head = rows.next().expect("a head");
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), 2);
    let mut best = 0;
    for (n, row) in rows.iter().enumerate() {
        for (column, cell) in head.iter().zip(row).skip(1) {
            let key = format!("epoch.{}.{column}", n + 1);
            let cell: f64 = cell.parse().expect("a number");
            assert_eq!(value(&shown, &key).to_bits(), cell.to_bits(), "{key}");
        }
        let top1 = |row: &[&str]| row[4].parse::<f64>().expect("a number");
        if top1(row) > top1(&rows[best]) {
            best = n;
        }
    }
    for (name, row) in [("last", &rows[1]), ("best", &rows[best])] {
        for (key, column) in [("epoch", 0), ("loss", 3), ("top1", 4), ("top5", 5)] {
            let cell: f64 = row[column].parse().expect("a number");
            assert_eq!(
                value(&shown, &format!("{name}.{key}")),
                cell,
                "{name}.{key}"
            );
        }
    }
    let events = read(run.join("events.jsonl"));
    let events: Vec<Value> = events
        .lines()
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect();
    let start = &events[0];
    assert_eq!(
        value(&shown, "parameters"),
        start["parameters"].as_f64().expect("a number")
    );
    assert_eq!(
        value(&shown, "multiply_adds"),
        start["multiply_adds"].as_f64().expect("a number")
    );
    let end = events.last().expect("an end");
    assert_eq!(
        value(&shown, "seconds"),
        end["seconds"].as_f64().expect("a number")
    );
    let epoch = events
        .iter()
        .rfind(|e| e["event"] == "epoch")
        .expect("an epoch");
    let k = epoch["memory_k"][1][1].as_f64().expect("a coefficient");
    assert_eq!(value(&shown, "segment.2.k.2"), k);
    assert_eq!(
        value(&shown, "segment.2.mean_k"),
        k,
        "the only one of its segment"
    );
    assert_eq!(value(&shown, "segment.2.effective_step"), 1.0 / (1.0 + k));
    let left: f64 = shown["segment.2.stable"]
        .0
        .split(' ')
        .next()
        .expect("a number")
        .parse()
        .expect("a number");
    assert!(
        (left + 2.0 * (1.0 - k)).abs() < 1e-6,
        "stable down to -2 (1 - k)"
    );

    // What was measured again is what was recorded.
    let sum = |diagonal: bool| -> f64 {
        let cells = shown.iter().filter_map(|(key, (value, _))| {
            let (i, j) = key.strip_prefix("confusion.")?.split_once('.')?;
            (!diagonal || i == j).then(|| value.parse::<f64>().expect("a number"))
        });
        cells.sum()
    };
    assert_eq!(sum(false), 360.0);
    assert_eq!(sum(true) / 360.0, value(&shown, "best.top1"));
    assert_eq!(value(&shown, "evaluation.top1"), value(&shown, "best.top1"));
    assert_eq!(value(&shown, "evaluation.loss"), value(&shown, "best.loss"));
    // A number is shown as it is, rounded.
    assert_eq!(
        shown["last.top1"].1,
        format!("{:.4}", value(&shown, "last.top1"))
    );

    let answer = objects(at, &["report", "runs/a-s0", "--check"]).remove(0);
    assert_eq!(
        (&answer["ok"], &answer["differences"]),
        (&true.into(), &serde_json::json!([]))
    );
    assert_eq!(answer["numbers"], page.matches("<data ").count());
    assert!(answer["figures"].as_u64() >= Some(7), "{answer}");
}

#[test]
fn a_report_is_complete_in_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    copy(&runs().join("runs/a-s1"), &at.join("run"));
    let answer = objects(at, &["report", "run", "-o", "page.html", "--md", "page.md"]).remove(0);
    assert_eq!(
        (&answer["status"], &answer["evaluated"]),
        (&"finished".into(), &true.into())
    );
    let (page, text) = (read(at.join("page.html")), read(at.join("page.md")));
    assert!(!page.contains("<script") && !page.contains("@import") && !page.contains("url("));
    for part in ["src=\"", "href=\""] {
        for target in page.split(part).skip(1) {
            assert!(
                target.starts_with("data:") || target.starts_with('#'),
                "{}",
                &target[..40]
            );
        }
    }
    assert!(
        page.contains("src=\"data:image/png;base64,iVBOR"),
        "the worst images are inside"
    );
    for section in [
        "Result",
        "Health",
        "Cost",
        "Curves",
        "Mistakes",
        "differential equation",
        "Recipe",
        "Environment",
        "Repeat",
        "Cite",
    ] {
        assert!(
            page.contains(section) && text.contains(section),
            "{section}"
        );
    }
    assert!(page.contains("prefers-color-scheme: dark"));
    assert!(
        page.contains("timestep train run/recipe.toml")
            && text.contains("timestep train run/recipe.toml")
    );
    assert!(
        page.contains("@inproceedings")
            && text.contains("`--width`")
            && text.contains("`train.batch`")
    );
    // A run has no other home than the folder in which it lies.
    assert!(!at.join("run/report.md").exists());
}

#[test]
fn a_changed_number_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    copy(&runs().join("runs/a-s0"), &at.join("run"));
    let html = at.join("run/report.html");
    let page = read(html.clone());
    let differs = |what: &str| {
        let out = run(at, &["report", "run", "--check", "--json"]);
        assert_eq!(out.status.code(), Some(1), "{what}");
        let text = String::from_utf8(out.stdout).expect("UTF-8");
        let answer: Value =
            serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
        assert_eq!(answer["ok"], false);
        answer["differences"].to_string()
    };
    let shown = &numbers(&page)["last.top1"];
    let right = format!("value=\"{}\">{}</data>", shown.0, shown.1);
    let write = |page: String| std::fs::write(&html, page).expect("written");
    write(page.replacen(&right, &format!("value=\"{}\">0.9999</data>", shown.0), 1));
    assert!(differs("what is shown").contains("last.top1"));
    write(page.replacen(&right, &format!("value=\"0.9999\">{}</data>", shown.1), 1));
    assert!(differs("its exact value").contains("last.top1"));
    let at_number = page
        .find("<data data-key=\"parameters\"")
        .expect("a number");
    let end = page[at_number..].find("</data>").expect("its end") + "</data>".len();
    write(format!(
        "{}{}",
        &page[..at_number],
        &page[at_number + end..]
    ));
    assert!(differs("a number taken out").contains("missing"));
    let curve = page.find("<polyline points=\"").expect("a curve") + 20;
    write(format!("{}7{}", &page[..curve], &page[curve..]));
    assert!(differs("a point of a curve").contains("drawing"));
    write(page.clone());
    ok(at, &["report", "run", "--check"]);
    let csv = read(at.join("run/metrics.csv"));
    let cell = csv
        .lines()
        .nth(1)
        .and_then(|l| l.split(',').nth(3))
        .expect("a cell");
    std::fs::write(at.join("run/metrics.csv"), csv.replacen(cell, "1.5", 1)).expect("written");
    let found = differs("a number of the records");
    assert!(
        found.contains("epoch.1.test_loss") && found.contains("events.jsonl"),
        "{found}"
    );
}

/// A folder of classes with a few small images each.
fn images(folder: &Path, classes: &[&str]) {
    for split in ["train", "test"] {
        for (c, class) in classes.iter().enumerate() {
            let inside = folder.join(split).join(class);
            std::fs::create_dir_all(&inside).expect("a folder");
            for n in 0..4_u8 {
                let pixel =
                    |x: u32, y: u32| image::Rgb([x as u8 * 20, y as u8 * 20, n + 50 * c as u8]);
                let picture = image::RgbImage::from_fn(12, 12, pixel);
                picture
                    .save(inside.join(format!("{n}.png")))
                    .expect("an image");
            }
        }
    }
}

#[test]
#[cfg(unix)]
fn odd_names_are_escaped_and_missing_images_are_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let name = "a<b>&\"c\"|d";
    images(&at.join("data"), &["<i>&\"x\"", "y|`z`"]);
    let args = [
        "train",
        "image-folder",
        "--data-dir",
        "data",
        "--epochs",
        "1",
        "--quiet",
        "--name",
        name,
        "--block",
        "preact",
        "--scheme",
        "euler",
        "--steps",
        "1",
        "--width",
        "4",
    ];
    ok(at, &args);
    let folder_name = format!("runs/{name}");
    ok(at, &["report", &folder_name]);
    let page = read(at.join(&folder_name).join("report.html"));
    assert!(
        !page.contains("<b>&") && !page.contains("<i>"),
        "markup of names"
    );
    assert!(
        page.contains("a&lt;b&gt;&amp;&quot;c&quot;|d"),
        "the name of the run"
    );
    assert!(
        page.contains("&lt;i&gt;&amp;&quot;x&quot;"),
        "the name of a class"
    );
    let text = read(at.join(&folder_name).join("report.md"));
    let widths: Vec<usize> = text
        .lines()
        .skip_while(|l| !l.starts_with("| true "))
        .take_while(|l| l.starts_with('|'))
        .map(|l| l.replace("\\|", "").matches('|').count())
        .collect();
    assert!(
        widths.len() == 4 && widths.iter().all(|w| *w == widths[0]),
        "{text}"
    );

    // Without the images there is a report all the same, and what it says of them can still be checked.
    std::fs::rename(at.join("data"), at.join("moved")).expect("moved");
    ok(at, &["report", &folder_name, "--check"]);
    let there = objects(at, &["report", &folder_name, "--data-dir", "moved"]).remove(0);
    assert_eq!(there["evaluated"], true);
    let gone = objects(at, &["report", &folder_name]).remove(0);
    assert_eq!(gone["evaluated"], false);
    assert!(read(at.join(&folder_name).join("report.html")).contains("could not be opened"));
    refused(at, &["report", &folder_name, "--data-dir", "nowhere"]);
    // Other images under the same names are not measured.
    images(&at.join("data"), &["<i>&\"x\"", "y|`z`"]);
    image::RgbImage::new(12, 12)
        .save(at.join("data/test/y|`z`/0.png"))
        .expect("an image");
    let other = objects(at, &["report", &folder_name]).remove(0);
    assert_eq!(other["evaluated"], false);
}

#[test]
#[cfg(unix)]
fn interrupted_and_diverged_runs_have_reports() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let args = [&SMALL[..], &["--epochs", "500", "--name", "cut"]].concat();
    // The last of two flags would be refused: the number of epochs is given once.
    let args: Vec<&str> = args
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != 5 && *i != 6)
        .map(|(_, a)| *a)
        .collect();
    let mut child = timestep(at, &args)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("starts");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    for line in lines.map_while(Result::ok) {
        if line.contains("\"event\":\"checkpoint\"") {
            let pid = child.id().to_string();
            std::process::Command::new("kill")
                .args(["-INT", &pid])
                .status()
                .expect("kill");
            break;
        }
    }
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    assert!(
        !at.join("runs/cut/report.html").exists(),
        "it has not ended"
    );
    let answer = objects(at, &["report", "runs/cut"]).remove(0);
    assert_eq!(
        (&answer["status"], &answer["evaluated"]),
        (&"interrupted".into(), &true.into())
    );
    assert!(
        read(at.join("runs/cut/report.html")).contains("role=\"alert\">The run was interrupted")
    );
    ok(at, &["report", "runs/cut", "--check"]);

    let boom = [
        "--lr",
        "1e30",
        "--set",
        "schedule.name=constant",
        "--name",
        "boom",
    ];
    assert_eq!(
        run(at, &[&SMALL, &boom[..]].concat()).status.code(),
        Some(1)
    );
    let answer = objects(at, &["report", "runs/boom"]).remove(0);
    assert_eq!(answer["status"], "diverged");
    let page = read(at.join("runs/boom/report.html"));
    assert!(
        page.contains("Training diverged in epoch") && !page.contains("NaN"),
        "{page}"
    );
    ok(at, &["report", "runs/boom", "--check"]);

    // Neither counts in a comparison.
    let text = refused(at, &["compare", "runs/cut", "runs/boom"]);
    assert!(
        text.contains("interrupted") && text.contains("diverged"),
        "{text}"
    );
    assert!(refused(at, &["report", "runs"]).contains("recipe.toml"));
    assert!(refused(at, &["report", "runs/missing"]).contains("missing"));
    std::fs::write(at.join("runs/cut/metrics.csv"), "a,b\n").expect("written");
    assert!(refused(at, &["report", "runs/cut"]).contains("metrics.csv"));
}

#[test]
fn identical_results_are_inconclusive() {
    let at = runs();
    let args = [
        "compare",
        "runs/a-s0",
        "runs/a-s1",
        "runs/b-s0",
        "runs/b-s1",
    ];
    let groups = objects(at, &args);
    assert_eq!(groups.len(), 2);
    let (a, b) = (&groups[0], &groups[1]);
    assert_eq!(
        (&a["n"], &a["seeds"]),
        (&2.into(), &serde_json::json!([0, 1]))
    );
    assert_eq!(
        (&a["top1"], &a["mean"], &a["deviation"]),
        (&b["top1"], &b["mean"], &b["deviation"])
    );
    let top1: Vec<f64> = serde_json::from_value(a["top1"].clone()).expect("numbers");
    assert_eq!(a["mean"].as_f64(), Some((top1[0] + top1[1]) / 2.0));
    let csv = read(at.join("runs/a-s0/metrics.csv"));
    let last = csv
        .lines()
        .last()
        .and_then(|l| l.split(',').nth(4))
        .expect("a cell");
    assert_eq!(last.parse(), Ok(top1[0]), "the last epoch counts");
    assert!(a["difference"].is_null());
    assert_eq!(
        (&b["difference"], &b["inconclusive"]),
        (&0.0.into(), &true.into())
    );
    assert_eq!(b["settings"][0]["path"], "schedule.gamma");
    let text = ok(at, &args);
    assert!(
        text.contains("inconclusive") && text.contains("schedule.gamma = 0.2"),
        "{text}"
    );
    // One run each has no spread; the same run twice says nothing more.
    let two = objects(
        at,
        &[
            "compare",
            "runs/a-s0",
            "runs/a-s0",
            "runs/b-s0",
            "--metric",
            "best",
        ],
    );
    assert_eq!(two[0]["event"], "left_out");
    assert_eq!(
        (&two[2]["n"], &two[2]["interval"], &two[2]["inconclusive"]),
        (&1.into(), &Value::Null, &true.into())
    );
    assert!(ok(at, &["compare", "runs/a-s0"]).contains("inconclusive"));
    let out = tempfile::tempdir().expect("a folder");
    let (md, svg) = (out.path().join("t.md"), out.path().join("t.svg"));
    let files = [
        "--md",
        md.to_str().expect("UTF-8"),
        "--svg",
        svg.to_str().expect("UTF-8"),
    ];
    ok(at, &[&args, &files[..]].concat());
    assert!(read(md).contains("inconclusive"));
    assert_eq!(read(svg).matches("<polyline").count(), 4, "a line a run");
}

#[test]
fn other_data_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    copy(&runs().join("runs/a-s0"), &at.join("digits"));
    ok(
        at,
        &[&SMALL, &["--overfit", "64", "--name", "few"][..]].concat(),
    );
    let text = refused(at, &["compare", "digits", "runs/few"]);
    assert!(text.contains("360 and 64 test images"), "{text}");
    let recipe = read(at.join("digits/recipe.toml"));
    copy(&at.join("digits"), &at.join("cifar"));
    let other = recipe.replace("name = \"digits\"", "name = \"cifar10\"");
    std::fs::write(at.join("cifar/recipe.toml"), other).expect("written");
    let text = refused(at, &["compare", "digits", "cifar"]);
    assert!(
        text.contains("`digits`") && text.contains("`cifar10`"),
        "{text}"
    );
}

#[test]
fn proposed_baselines_can_be_trained() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    ok(
        at,
        &[
            "train",
            "--epochs",
            "1",
            "--batch",
            "512",
            "--name",
            "lm",
            "--quiet",
            "--no-report",
        ],
    );
    assert!(!at.join("runs/lm/report.html").exists(), "--no-report");
    let all = objects(at, &["compare", "runs/lm", "--baselines"]);
    let baseline = |name: &str| {
        all.iter()
            .find(|o| o["event"] == "baseline" && o["network"] == name)
    };
    let plain = baseline("preresnet-20").expect("the plain network is a baseline");
    let ratio = plain["parameters_ratio"].as_f64().expect("a number");
    assert!((ratio - 1.0).abs() < 0.1 && plain["same_data"] == false);
    assert!(baseline("lm-resnet-20").is_none(), "not itself");
    assert!(baseline("resnet-110").is_none(), "not a larger one");
    let command = plain["command"].as_str().expect("a command");
    let words: Vec<&str> = command.split(' ').skip(1).chain(["--dry-run"]).collect();
    assert!(ok(at, &words).contains("preresnet-20"));
}

#[test]
fn a_learning_rate_is_found_and_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let args = [
        "lr-find",
        "--steps",
        "2,2",
        "--width",
        "8",
        "--iterations",
        "60",
    ];
    let first = objects(at, &args);
    assert_eq!(
        first,
        objects(at, &[&args, &["--threads", "1"][..]].concat()),
        "same seed, same answer"
    );
    assert_ne!(
        first,
        objects(at, &[&args, &["--seed", "1"][..]].concat()),
        "another seed"
    );
    assert!(
        std::fs::read_dir(at).expect("a folder").next().is_none(),
        "it writes nothing"
    );
    let found = first.last().expect("a suggestion");
    let number = |key: &str| found[key].as_f64().expect("a number");
    assert!((0.005..1.5).contains(&number("suggestion")), "{found}");
    assert!(
        number("minimum") > number("suggestion") && number("recipe") == 0.1,
        "{found}"
    );
    let steps: Vec<f64> = first.iter().filter_map(|o| o["lr"].as_f64()).collect();
    assert!(
        steps.len() > 20 && steps[0] == 1e-4 && steps.is_sorted(),
        "{steps:?}"
    );
    let text = ok(at, &[&args, &["--svg", "rate.svg"][..]].concat());
    assert!(
        text.contains("suggestion") && text.contains("second opinion"),
        "{text}"
    );
    assert_eq!(read(at.join("rate.svg")).matches("<polyline").count(), 2);
    for wrong in [
        ["--from", "0"],
        ["--from", "nan"],
        ["--to", "1e-5"],
        ["--to", "inf"],
    ] {
        refused(at, &[&args, &wrong[..]].concat());
    }
    refused(at, &["lr-find", "denoising/trd-5x5-s25"]);
    refused(at, &["lr-find", "digits/lm-resnt-20"]);
    // Rates that are all too small teach nothing, and noise is no answer.
    let small = [
        "lr-find",
        "--steps",
        "1",
        "--width",
        "4",
        "--from",
        "1e-12",
        "--to",
        "1e-11",
        "--iterations",
        "40",
    ];
    let out = run(at, &small);
    let text = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{text}");
    assert!(
        text.contains("never falls") && text.contains("hint:"),
        "{text}"
    );
}
