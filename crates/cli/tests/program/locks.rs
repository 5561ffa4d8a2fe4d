//! What happens when two processes want one run? The first has it, the second is told who that is.

use crate::common::live::{Live, wait_until};
use crate::common::{ok, refused, restorers, run, timestep};
use std::path::Path;

/// Asserts that a command is told that `holder` has the folder, by process id and host.
fn told(folder: &Path, args: &[&str], holder: &Live) {
    let text = refused(folder, args);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let who = format!("process {} on {}", holder.id(), host.trim());
    assert!(
        text.contains("error[E0508]") && text.contains(&who),
        "{text}"
    );
    assert!(text.contains(&format!("`kill {}`", holder.id())), "{text}");
}

#[test]
fn the_second_trainer_and_the_report_are_told_who_has_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let first = Live::training(at, "a");
    told(at, &["train", "--resume", "runs/a"], &first);
    told(at, &["report", "runs/a"], &first);
    told(at, &["report", "runs/a", "--check"], &first);
    // A new run of the same name is another run.
    let mut small = crate::common::runs::SMALL.to_vec();
    small.extend(["--name", "a", "--no-report"]);
    ok(at, &small);
    assert!(at.join("runs/a-2/weights/last.safetensors").is_file());
    first.signal("TERM");
    assert_eq!(first.end().status.code(), Some(130));
    // Nothing is damaged, and nobody holds it any more.
    ok(at, &["report", "runs/a"]);
    let events = std::fs::read_to_string(at.join("runs/a/events.jsonl")).expect("there");
    for line in events.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("whole lines");
    }
}

#[test]
fn of_two_that_continue_one_run_one_wins() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let first = Live::training(at, "a");
    first.signal("TERM");
    first.end();
    let args = ["train", "--resume", "runs/a", "--quiet", "--no-report"];
    let mut both = [0, 1].map(|_| Live::spawn(&mut timestep(at, &args)));
    wait_until(|| both.iter_mut().any(Live::has_ended));
    let loser = usize::from(!both[0].has_ended());
    let [one, other] = both;
    let (winner, loser) = match loser {
        0 => (other, one),
        _ => (one, other),
    };
    let out = loser.end();
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains(&winner.id()));
    winner.signal("TERM");
    assert_eq!(winner.end().status.code(), Some(130));
    ok(at, &["report", "runs/a"]);
}

#[test]
fn the_lock_of_a_killed_process_is_no_lock() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let first = Live::training(at, "a");
    let id = first.id();
    first.kill();
    let text = std::fs::read_to_string(at.join("runs/a/lock")).expect("it was locked");
    assert!(
        text.contains(&id),
        "the text of the killed process is still there: {text}"
    );
    let second = Live::spawn(&mut timestep(
        at,
        &["train", "--resume", "runs/a", "--quiet"],
    ));
    wait_until(|| {
        let text = std::fs::read_to_string(at.join("runs/a/lock")).unwrap_or_default();
        text.contains(&second.id())
    });
    told(at, &["train", "--resume", "runs/a"], &second);
}

#[test]
fn a_restorer_and_a_table_are_locked_too() {
    let folder = restorers::folder();
    let at = folder.path();
    let long = [
        "--name",
        "r",
        "--quiet",
        "--no-report",
        "--set",
        "train.joint=100000",
    ];
    let first = Live::spawn(&mut timestep(at, &restorers::small(&long)));
    crate::common::live::wait_for_step(&at.join("runs/r"));
    told(at, &["train", "--resume", "runs/r"], &first);
    told(at, &["report", "runs/r"], &first);
    first.kill();
    let table = [
        "reproduce",
        "table4",
        "--epochs",
        "500",
        "--rows",
        "resnet-56+",
        "--out",
        "t",
    ];
    let first = Live::spawn(&mut timestep(at, &table));
    wait_until(|| std::fs::read_to_string(at.join("t/lock")).is_ok_and(|text| !text.is_empty()));
    told(at, &table, &first);
    // What is there may be looked at.
    ok(at, &[&table[..], &["--render"]].concat());
}

#[test]
fn a_folder_that_is_removed_ends_the_run_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let live = Live::training(at, "a");
    std::fs::rename(at.join("runs/a"), at.join("moved")).expect("moved");
    let out = live.end();
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{text}");
    assert!(
        text.contains("error[E0509]") && text.contains("runs/a"),
        "{text}"
    );
    assert!(!at.join("runs/a").exists(), "nothing was written there");
    // What was saved before is whole: it goes on where it is now.
    let out = run(
        at,
        &[
            "train",
            "--resume",
            "moved",
            "--time",
            "1s",
            "--quiet",
            "--no-report",
        ],
    );
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
}
