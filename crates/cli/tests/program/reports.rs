//! Do reports show the numbers of the records and of the weights, whatever happened to the run?

use crate::common::runs::{SMALL, copy, read, runs};
use crate::common::{images, objects, ok, refused, run, timestep};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

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
            // No average of the weights is kept.
            if column.starts_with("ema_") && cell.is_empty() {
                continue;
            }
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
    assert!(answer["figures"].as_u64() >= Some(9), "{answer}");
    spectra_are_those_of_the_analysis(at, &shown);
}

/// What a report says of Jacobians is what `analyze stability` finds for the same run.
fn spectra_are_those_of_the_analysis(at: &Path, shown: &BTreeMap<String, (String, String)>) {
    let found = objects(at, &["analyze", "stability", "runs/a-s0"]);
    let mut steps = 0;
    for segment in &found {
        for step in segment["steps"].as_array().expect("steps") {
            let key = format!("spectrum.{}.{}", segment["segment"], step["step"]);
            for (name, found) in [
                ("radius", &step["radius"]),
                ("left", &step["real"][0]),
                ("right", &step["real"][1]),
                ("top", &step["imaginary"]),
                ("growth", &step["growth"]),
            ] {
                let found = found.as_f64().expect("a number");
                let ours = value(shown, &format!("{key}.{name}"));
                // JSON is read to within a rounding error.
                assert!((ours - found).abs() <= 1e-14 * found.abs(), "{key}.{name}");
            }
            let verdict = &shown[&format!("{key}.verdict")].1;
            assert_eq!(step["verdict"], verdict.as_str());
            steps += 1;
        }
    }
    let all = shown.keys().filter(|key| key.ends_with(".radius"));
    assert_eq!(all.count(), steps);
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
