//! Can a run be watched: in a terminal, and on a page of this machine?

use crate::common::live::Live;
use crate::common::{object, ok, refused, run, timestep};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// A short training; two epochs unless told otherwise.
const SHORT: [&str; 10] = [
    "train",
    "--steps",
    "2,2",
    "--width",
    "8",
    "--epochs",
    "2",
    "--no-report",
    "--name",
    "a",
];

#[test]
fn a_run_is_watched_while_it_goes_on_and_afterwards() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let live = Live::training(at, "long");
    let folder = at.join("runs/long").display().to_string();
    let seen = object(&["watch", &folder, "--once"]);
    assert_eq!(
        (&seen["status"], &seen["of"]),
        (&"running".into(), &5000.into())
    );
    drop(live);
    // Killed without a word: nobody holds its lock.
    let seen = object(&["watch", &folder, "--once"]);
    assert_eq!(seen["status"], "stopped", "{seen}");
    assert_eq!(seen["eta"], serde_json::Value::Null);
    ok(at, &SHORT);
    let folder = at.join("runs/a").display().to_string();
    let seen = object(&["watch", &folder]);
    assert_eq!(
        (&seen["status"], &seen["done"]),
        (&"finished".into(), &2.into())
    );
    assert_eq!(seen["step"], seen["steps"]);
    let table = std::fs::read_to_string(at.join("runs/a/metrics.csv")).expect("metrics");
    let head: Vec<&str> = table.lines().next().expect("a head").split(',').collect();
    let column = head
        .iter()
        .position(|h| *h == "test_top1")
        .expect("a column");
    let scores: Vec<f64> = table
        .lines()
        .skip(1)
        .map(|row| {
            row.split(',')
                .nth(column)
                .expect("a cell")
                .parse()
                .expect("a number")
        })
        .collect();
    let shown: Vec<f64> = serde_json::from_value(seen["score"].clone()).expect("numbers");
    assert_eq!(shown, scores);
    let text = ok(at, &["watch", "runs/a"]);
    assert!(
        text.contains("finished") && text.contains("k_n of segment 2"),
        "{text}"
    );
}

#[test]
fn what_is_no_run_cannot_be_watched() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = refused(folder.path(), &["watch", "nowhere"]);
    assert!(text.contains("E0501"), "{text}");
    for (args, said) in [
        (&["watch", "nowhere", "--interval", "0"][..], "0.1 to 3600"),
        (&["train", "--live=70000"], "70000"),
    ] {
        let out = run(folder.path(), args);
        let text = String::from_utf8_lossy(&out.stderr);
        assert!(
            out.status.code() == Some(2) && text.contains(said),
            "{text}"
        );
    }
}

/// What a request for `path` with this `Host` is answered.
fn get(host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(host).expect("the page listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("a timeout");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    text
}

#[test]
fn the_live_page_sends_the_log_to_who_has_its_address_and_to_nobody_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let at: &Path = folder.path();
    let args = [&SHORT[..], &["--live", "--json"]].concat();
    let mut child = timestep(at, &args)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let first = lines.next().expect("a line").expect("read");
    let first: serde_json::Value = serde_json::from_str(&first).expect("JSON");
    let address = first["address"].as_str().expect("an address").to_owned();
    let (host, token) = address
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .expect("an address");
    assert!(
        host.starts_with("127.0.0.1:") && token.len() == 33,
        "{address}"
    );
    // Somebody who watches from the beginning gets everything, up to the end of the program.
    let (watched, path) = (host.to_owned(), format!("/{token}events"));
    let events = std::thread::spawn(move || get(&watched, &path));
    let page = get(host, &format!("/{token}"));
    assert!(
        page.starts_with("HTTP/1.1 200")
            && page.contains("Content-Security-Policy: default-src 'none'")
    );
    assert!(get(host, "/").starts_with("HTTP/1.1 404"));
    assert!(get(host, &format!("/{}/", "0".repeat(32))).starts_with("HTTP/1.1 404"));
    lines.for_each(drop);
    assert!(child.wait().expect("ends").success());
    let events = events.join().expect("an answer");
    let sent: Vec<&str> = events
        .lines()
        .filter_map(|line| line.strip_prefix("data: {\"v\""))
        .collect();
    let log = std::fs::read_to_string(at.join("runs/a/events.jsonl")).expect("a log");
    let logged: Vec<&str> = log
        .lines()
        .map(|line| line.strip_prefix("{\"v\"").expect("an event"))
        .collect();
    assert_eq!(sent, logged);
    assert!(events.ends_with("event: over\ndata: {}\n\n"), "{events}");
}
