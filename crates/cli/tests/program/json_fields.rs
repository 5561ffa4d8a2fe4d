//! Do programs get the fields that they got before? The names and types of every field of every answer, as a file.
//!
//! To write it anew, after a field was added on purpose:
//!
//! ```sh
//! UPDATE_SNAPSHOTS=1 cargo test --release --workspace --test program json_fields
//! ```

use crate::common::{images, timestep};
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use timestep_study::catalogue::{Printed, printed};

/// Where the fields are written down.
fn snapshot() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/json_fields.txt")
}

/// The commands that are run, in a folder with two runs of small networks and a folder of images.
const COMMANDS: [&str; 55] = [
    "analyze adaptive dopri5",
    "analyze order lm",
    "analyze order strang",
    "analyze order-star rk4",
    "analyze stability lm --k -0.5",
    "analyze stability rk4",
    "analyze stability runs/lm-s0 --images 2 --products 8",
    "analyze stability runs/euler --images 1 --products 8",
    "analyze modified-equation lm",
    "analyze momentum runs/lm-s0 runs/euler",
    "analyze trace runs/lm-s0 --images 4",
    "analyze convergence runs/lm-s0 runs/euler --images 20 --times 1,2",
    "resample runs/lm-s0 --steps 4,3 -o finer.safetensors",
    "analyze weak-order stochastic-depth shake-shake --paths 2000 --steps 4,8,16 --blocks 4",
    "analyze weak-order stochastic-depth --damping 1 --steps 16,32,64",
    "analyze diffusion trd-5x5-s25",
    "compare runs/lm-s0 runs/lm-s1 runs/euler runs/lm-s0 --baselines",
    "summary lm-resnet-20",
    "summary digits/lm-resnet-20",
    "summary runs/lm-s0",
    "doctor",
    "lr-find --steps 2,2 --width 8 --iterations 12",
    "eval runs/lm-s0 --data digits",
    "predict runs/lm-s0 data/test/a/0.png --top 2",
    "reproduce table1",
    "reproduce momentum --dry-run",
    "reproduce momentum --render",
    "reproduce field --render",
    "list kinds",
    "list schemes",
    "list blocks",
    "list networks",
    "list noises",
    "list optimisers",
    "list data",
    "list methods",
    "list weights",
    "list runs",
    "explain lm",
    "explain E0601",
    "cite lm",
    "config show digits/lm-resnet-20",
    "config diff cifar10/lm-resnet-20 cifar10/lm-resnet-56+stochastic-depth",
    "config new digits/lm-resnet-20",
    "data verify digits",
    "data preview digits --count 4 --out sheet.png",
    "export runs/lm-s0 --out lm.safetensors",
    "import lm.safetensors --net lm-resnet-20 --out other.safetensors",
    "denoise data -o clean --sigma 25 --method bm3d",
    "denoise data -o clean --sigma 25 --method bm3d",
    "completions bash",
    "train --dry-run",
    "report runs/lm-s0",
    "report runs/lm-s0 --check",
    "watch runs/lm-s0",
];

/// The fields of an object by their paths, each with the types that it was seen with.
type Rows = Vec<(String, Vec<&'static str>)>;

/// The type of a value that is no list and no object.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "flag",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "empty list",
        Value::Object(_) => "empty object",
    }
}

/// Adds what lies at `path` and below to the rows, in the order in which fields were first seen.
fn note(path: &str, value: &Value, rows: &mut Rows) {
    // What a machine says of itself is not the same on every machine.
    let open = path == "environment";
    match value {
        Value::Object(fields) if !fields.is_empty() && !open => {
            for (name, value) in fields {
                let inner = match path {
                    "" => name.clone(),
                    _ => format!("{path}.{name}"),
                };
                note(&inner, value, rows);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                note(&format!("{path}[]"), item, rows);
            }
        }
        _ => {
            let at = rows.iter().position(|(known, _)| known == path);
            let at = at.unwrap_or_else(|| {
                rows.push((path.to_owned(), Vec::new()));
                rows.len() - 1
            });
            let kind = if open { "object" } else { kind(value) };
            if !rows[at].1.contains(&kind) {
                rows[at].1.push(kind);
                rows[at].1.sort_unstable();
            }
        }
    }
}

/// The fields of the objects of one answer, those of each `event` or `part` by themselves.
fn fields(text: &str) -> String {
    let mut sorts: Vec<(String, Rows)> = Vec::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        let sort = ["event", "part"].iter().find_map(|key| value[key].as_str());
        let sort = sort.unwrap_or_default().to_owned();
        let at = sorts.iter().position(|(known, _)| *known == sort);
        let at = at.unwrap_or_else(|| {
            sorts.push((sort, Vec::new()));
            sorts.len() - 1
        });
        note("", &value, &mut sorts[at].1);
    }
    let mut text = String::new();
    for (sort, rows) in sorts {
        if !sort.is_empty() {
            let _ = writeln!(text, "  [{sort}]");
        }
        for (path, kinds) in rows {
            let _ = writeln!(text, "  {path}: {}", kinds.join(" or "));
        }
    }
    text
}

#[test]
fn json_fields_are_what_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let train = "train --steps 2,2 --width 8 --epochs 1 --batch 128 --quiet --no-report";
    let (lm, euler) = ("--seeds 2 --name lm", "--scheme euler --name euler");
    for more in [lm, euler] {
        let line = format!("{train} {more}");
        let args: Vec<&str> = line.split_whitespace().collect();
        crate::common::ok(at, &args);
    }
    images(&at.join("data"), &["a", "b"]);
    grey(&at.join("data/test/a/0.png"));
    let mut text = String::new();
    for line in COMMANDS {
        let mut args: Vec<&str> = line.split_whitespace().collect();
        args.push("--json");
        let out = timestep(at, &args).output().expect("the program runs");
        let said = String::from_utf8_lossy(&out.stderr);
        // Those that refuse say so in an object too.
        assert!(out.status.code() <= Some(2), "{line}: {said}");
        let answer = String::from_utf8(out.stdout).expect("UTF-8");
        let found = fields(&answer);
        check_documented(line, &found);
        let _ = writeln!(text, "{line}\n{found}");
    }
    let path = snapshot();
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &text).expect("written");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    for (now, before) in text.lines().zip(known.lines()) {
        assert_eq!(now, before, "a field is another than before");
    }
    assert_eq!(text, known);
}

/// What is documented of a command: the one of the catalogue that its line begins with, the longest first.
fn documented(line: &str) -> Option<Printed> {
    let with = |name: &str| match name {
        "analyze stability WEIGHTS" => line.starts_with("analyze stability runs/"),
        "analyze stability SCHEME" => {
            line.starts_with("analyze stability ") && !line.contains("runs/")
        }
        "compare --baselines" => false,
        "reproduce TABLE --dry-run" => line.starts_with("reproduce") && line.ends_with("--dry-run"),
        "reproduce TABLE" => line.starts_with("reproduce momentum") && line.ends_with("--render"),
        "reproduce field" => line.starts_with("reproduce field") && line.ends_with("--render"),
        name => line.starts_with(&format!("{name} ")) || line == name,
    };
    printed().into_iter().find(|one| with(one.command))
}

/// Every field that is printed is documented, and the other way round, if there was something to print in it.
fn check_documented(line: &str, fields: &str) {
    let Some(known) = documented(line) else {
        return;
    };
    let paths: Vec<String> = (known.lines.iter())
        .flat_map(|line| line.paths())
        .map(|(path, _)| path)
        .collect();
    let plain = |path: &str| path.trim_end_matches("[]").to_owned();
    let shown: Vec<String> = (fields.lines())
        .filter_map(|row| row.trim().split_once(": "))
        .map(|(path, _)| plain(path))
        .filter(|path| path != "v")
        .collect();
    for path in &shown {
        assert!(paths.contains(path), "{line}: `{path}` is not documented");
    }
    // A list may be empty, and a null has no fields: only the fields of the object itself are always there.
    let always = known.lines.len() == 1;
    for path in paths.iter().filter(|path| always && !path.contains('.')) {
        let there = |shown: &String| {
            shown == path
                || shown.starts_with(&format!("{path}."))
                || shown.starts_with(&format!("{path}[]"))
        };
        assert!(shown.iter().any(there), "{line}: `{path}` is not printed");
    }
}

/// An image as the digits are: eight by eight, grey.
fn grey(path: &Path) {
    let picture = image::GrayImage::from_fn(8, 8, |x, y| image::Luma([(x * y * 4) as u8]));
    picture.save(path).expect("an image");
}
