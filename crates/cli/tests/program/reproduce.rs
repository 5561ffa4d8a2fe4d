//! Does `reproduce` make tables row by row, go on where it was stopped, and keep budgets apart?

use crate::common::{objects, timestep};
use serde_json::Value;
use std::path::Path;

/// Two small rows at a budget of seconds.
const SMALL: [&str; 8] = [
    "reproduce",
    "momentum",
    "--epochs",
    "1",
    "--images",
    "192",
    "--rows",
    "lm-resnet-20,lm-resnet-32",
];

fn run(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = timestep(folder, args).output().expect("the program runs");
    (
        output.status.code().expect("no signal"),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn rows_are_kept_and_a_table_goes_on_where_it_was_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let first = [&SMALL[..7], &["lm-resnet-20"]].concat();
    let (code, table, said) = run(at, &first);
    assert_eq!(code, 0, "{said}");
    assert!(table.contains("192 training images"), "{table}");
    let row = |text: &str, layers: &str| {
        let start = format!("| LM-ResNet, pre-act | {layers} |");
        let line = text.lines().find(|line| line.starts_with(&start));
        line.expect("a row").to_owned()
    };
    assert!(row(&table, "32").contains("waiting"), "{table}");
    let measured = row(&table, "20");
    assert!(!measured.contains("waiting"), "{measured}");

    // The second row begins and is killed; what the first found stays, and nothing is trained twice.
    let events = at.join("reproduce/momentum-custom/cifar10-lm-resnet-20-s0/events.jsonl");
    let before = std::fs::read(&events).expect("events of the first row");
    let both = SMALL.to_vec();
    let half = at.join("reproduce/momentum-custom/cifar10-lm-resnet-32-s0");
    std::fs::create_dir_all(&half).expect("a run that was killed before it saved anything");
    std::fs::write(half.join("events.jsonl"), "{\"v\":1,\"event\":\"sta").expect("writes");
    let (code, table, said) = run(at, &both);
    assert_eq!(code, 0, "{said}");
    assert_eq!(std::fs::read(&events).expect("still there"), before);
    assert_eq!(row(&table, "20"), measured);
    assert!(!row(&table, "32").contains("waiting"), "{table}");
    let picture = std::fs::read_to_string(at.join("reproduce/momentum-custom/momentum.svg"));
    assert!(picture.expect("the plot").starts_with("<svg"));
    let written = std::fs::read_to_string(at.join("reproduce/momentum-custom/table.md"));
    assert_eq!(written.expect("the table").trim(), table.trim());

    // The table can be shown at any time, and its numbers are those of the runs.
    let shown = objects(at, &[&both[..], &["--render"]].concat());
    let lm20 = shown
        .iter()
        .find(|row| row["recipe"] == "cifar10/lm-resnet-20");
    let error = lm20.expect("the row")["error"].as_f64().expect("a number");
    let end: serde_json::Value = String::from_utf8(before)
        .expect("UTF-8")
        .lines()
        .last()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .expect("events");
    let top1 = end["test"]["top1"].as_f64().expect("top1");
    assert!((error - 100.0 * (1.0 - top1)).abs() < 1e-9);

    // Another budget would mix numbers that cannot be compared.
    let other = ["reproduce", "momentum", "--epochs", "2", "--images", "192"];
    let (code, _, said) = run(at, &other);
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("another budget") && said.contains("--out"),
        "{said}"
    );
}

/// Every kind of row: fixed steps, an equation to solve, steps from a tolerance. One seed tells nothing of differences; what was evaluated and how far
/// the network is an equation is told of each.
#[test]
fn the_field_tells_evaluations_and_distances() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let args = [
        "reproduce",
        "field",
        "--epochs",
        "1",
        "--images",
        "96",
        "--rows",
        "cifar10/preresnet-20",
    ];
    let (code, table, said) = run(at, &args);
    assert_eq!(code, 0, "{said}");
    let rows = objects(at, &[&args[..], &["--render"]].concat());
    let row = |name: &str| {
        let found = rows.iter().find(|row| row["network"] == name);
        found.unwrap_or_else(|| panic!("{name}: {table}"))
    };
    let number = |name: &str, field: &str| {
        let found = row(name)[field].as_f64();
        found.unwrap_or_else(|| panic!("{name} {field}: {table}"))
    };
    assert!(row("parabolic-20")["state"] == "waiting" && row("parabolic-20")["top1"].is_null());
    // Nine steps, of which two are those of transitions.
    assert_eq!(number("preresnet-20", "evaluations"), 9.0);
    assert!(row("preresnet-20")["backward_evaluations"].is_null());
    for name in ["implicit midpoint", "dopri5, continuous"] {
        assert!(number(name, "evaluations") > 12.0, "{table}");
        assert!(number(name, "backward_evaluations") > 12.0, "{table}");
        assert_eq!(row(name)["verdict"], "inconclusive");
        assert!(row(name)["interval"].is_null());
        assert_eq!(
            number(name, "parameters"),
            number("preresnet-20", "parameters")
        );
    }
    for row in rows.iter().filter(|row| row["state"] == "done") {
        let (half, twice) = (row["distance_half"].as_f64(), row["distance"].as_f64());
        assert!(half > Some(0.0) && twice > Some(0.0), "{row}");
        assert_eq!(row["images"], 360);
    }
    // Steps that follow from a tolerance hardly change when weights are given at more points.
    assert!(number("dopri5, continuous", "distance") < number("preresnet-20", "distance"));
    let csv = std::fs::read_to_string(at.join("reproduce/field-custom/field.csv"));
    let csv = csv.expect("the rows");
    assert_eq!(csv.lines().count(), 8, "{csv}");
    let columns = csv.lines().next().expect("a head").split(',').count();
    assert_eq!(columns, 21);
    let written = std::fs::read_to_string(at.join("reproduce/field-custom/table.md"));
    assert_eq!(written.expect("the table").trim(), table.trim());
}

#[test]
fn plans_are_shown_without_writing_and_unknown_rows_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    // Every network is timed, so that of the longest tables one row will do.
    for (table, only) in [
        ("table2", &["--rows", "lm-resnet-20"][..]),
        ("table3", &["--rows", "lm-resnet-50"]),
        ("table4", &[]),
        ("momentum", &[]),
        ("field", &[]),
    ] {
        let rows = objects(at, &[&["reproduce", table, "--dry-run"][..], only].concat());
        assert!(rows.iter().all(|row| row["epochs"] == 2), "{table}");
        let timed = |row: &Value| row["hours"].as_f64().is_some_and(|hours| hours > 0.0);
        assert!(rows.iter().all(timed), "{table}: {rows:?}");
        let args = ["reproduce", table, "--dry-run", "--budget", "full"];
        let full = objects(at, &[&args[..], only].concat());
        assert_eq!(rows.len(), full.len());
        // The published data is not here: the plan says so and is shown all the same.
        assert!(full.iter().all(|row| row["trouble"].is_string()), "{table}");
    }
    assert!(!at.join("reproduce").exists());
    let (code, _, said) = run(at, &["reproduce", "table2", "--rows", "vgg"]);
    assert_eq!(code, 2);
    assert!(said.contains("cifar10/lm-resnet-20"), "{said}");
}

#[test]
fn the_map_has_every_family_and_the_published_schemes() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = objects(folder.path(), &["reproduce", "table1"]);
    let (code, table, _) = run(folder.path(), &["reproduce", "table1", "--out", "deep/map"]);
    assert_eq!(code, 0);
    let written = std::fs::read_to_string(folder.path().join("deep/map/table.md"));
    assert_eq!(written.expect("the table").trim(), table.trim());
    let scheme = |family: &str| {
        let row = rows.iter().find(|row| row["family"] == family);
        row.unwrap_or_else(|| panic!("no {family}"))["scheme"]
            .as_str()
            .expect("text")
            .to_owned()
    };
    assert!(scheme("resnet").starts_with("forward Euler"));
    assert!(scheme("polynet").contains("backward Euler"));
    assert!(scheme("fractalnet").contains("Runge-Kutta"));
    assert!(scheme("revnet").contains("symplectic"));
    assert!(scheme("lm-resnet").contains("multistep"));
}
