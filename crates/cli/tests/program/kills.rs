//! What is left of a run that was killed? Everything it needs to end with the same bytes.

use crate::common::live::{Live, files_below, temporary_below, wait_until};
use crate::common::{ok, refused, restorers, run, timestep};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// How often the test kills, unless `TIMESTEP_KILLS` says another number.
const KILLS: u64 = 8;

/// A run of about a second.
const SMALL: [&str; 12] = [
    "train",
    "--steps",
    "3,3",
    "--width",
    "8",
    "--batch",
    "32",
    "--epochs",
    "4",
    "--quiet",
    "--set",
    "train.keep=2",
];

fn kills() -> u64 {
    let asked = std::env::var("TIMESTEP_KILLS").ok();
    asked.map_or(KILLS, |n| n.parse().expect("TIMESTEP_KILLS is a number"))
}

/// Milliseconds up to `most`, of the n-th kill.
fn moment(n: u64, most: Duration) -> Duration {
    // The steps of a well-known generator: scattered, and the same in every run of the test.
    let scattered = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    most.mul_f64(scattered as f64 / f64::from(1 << 24))
}

/// The weights of a run by their names, and the text of its recipe.
fn left(run: &Path) -> Vec<(String, Vec<u8>)> {
    let weights = files_below(&run.join("weights"));
    assert!(!weights.is_empty(), "{}", run.display());
    let name = |path: &Path| {
        path.file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    };
    let read = |path: &Path| std::fs::read(path).expect("readable");
    weights
        .iter()
        .map(|path| (name(path), read(path)))
        .collect()
}

/// Columns of the table that are the same in every run.
fn rows(run: &Path, columns: usize) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(run.join("metrics.csv")).expect("a table");
    let cells = |row: &str| row.split(',').take(columns).map(str::to_owned).collect();
    text.lines().map(cells).collect()
}

#[test]
fn killed_at_any_moment_and_continued_equals_uninterrupted() {
    let folder = restorers::folder();
    let at = folder.path();
    let restorer = restorers::small(&["--quiet", "--set", "train.joint=12"]);
    let kinds: [(&[&str], usize); 2] = [(&SMALL, 7), (&restorer, 4)];
    let mut whole = Vec::new();
    for (kind, (args, _)) in kinds.iter().enumerate() {
        let name = format!("whole-{kind}");
        let began = Instant::now();
        ok(at, &[args, &["--no-report", "--name", &name][..]].concat());
        whole.push((at.join("runs").join(name), began.elapsed()));
    }
    let (mut killed, mut rounds, mut resumed) = (0, 0, 0);
    while killed < kills() {
        let kind = rounds % 2;
        let (args, columns) = kinds[kind];
        let (expected, duration) = &whole[kind];
        let name = format!("parts-{rounds}");
        let place = format!("runs/{name}");
        let run_folder = at.join(&place);
        rounds += 1;
        for part in 0.. {
            let continued = run_folder.join("recipe.toml").is_file();
            if !continued && run_folder.exists() {
                // Killed in the instant between the folder and its recipe.
                std::fs::remove_dir_all(&run_folder).expect("removed");
            }
            let args = match continued {
                true => vec!["train", "--resume", &place, "--quiet", "--no-report"],
                false => [args, &["--no-report", "--name", &name][..]].concat(),
            };
            // At most four kills a run, and then it may end.
            if part == 4 || killed == kills() {
                ok(at, &args);
                break;
            }
            resumed += u64::from(continued);
            let mut live = Live::spawn(&mut timestep(at, &args));
            let (began, moment) = (Instant::now(), moment(killed, *duration));
            while began.elapsed() < moment && !live.has_ended() {
                std::thread::sleep(Duration::from_millis(1));
            }
            if live.has_ended() {
                let out = live.end();
                let text = String::from_utf8_lossy(&out.stderr).into_owned();
                assert!(out.status.success(), "{args:?}: {text}");
                break;
            }
            live.kill();
            killed += 1;
        }
        assert!(left(&run_folder) == left(expected), "{name}: other weights");
        assert_eq!(
            rows(&run_folder, columns),
            rows(expected, columns),
            "{name}"
        );
        assert_eq!(temporary_below(&run_folder), [] as [std::path::PathBuf; 0]);
    }
    assert!(
        resumed > 0,
        "none of the kills came before the end of a run"
    );
}

#[test]
fn kept_weights_are_those_of_their_epoch() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    ok(at, &[&SMALL[..], &["--name", "a", "--no-report"]].concat());
    let names: Vec<String> = left(&at.join("runs/a"))
        .into_iter()
        .map(|(n, _)| n)
        .collect();
    let expected = ["best", "epoch-0002", "epoch-0004", "last"];
    assert_eq!(names, expected.map(|name| format!("{name}.safetensors")));
    let bytes = |name: &str| std::fs::read(at.join(format!("runs/a/weights/{name}.safetensors")));
    assert_eq!(
        bytes("epoch-0004").expect("kept"),
        bytes("last").expect("there")
    );
    assert_ne!(
        bytes("epoch-0002").expect("kept"),
        bytes("last").expect("there")
    );
    // Which weights are kept changes no step: a run may go on with another number.
    ok(
        at,
        &[
            "train",
            "--resume",
            "runs/a",
            "--set",
            "train.keep=1",
            "--no-report",
            "--quiet",
        ],
    );
}

#[test]
fn a_run_can_be_continued_from_its_first_seconds() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let slow = [
        "train",
        "--steps",
        "3,3",
        "--epochs",
        "1",
        "--quiet",
        "--no-report",
        "--device",
        "exact",
        "--name",
        "a",
    ];
    let live = Live::spawn(&mut timestep(at, &slow));
    wait_until(|| at.join("runs/a/state/state.safetensors").is_file());
    let done = std::fs::read_to_string(at.join("runs/a/metrics.csv")).expect("there");
    assert_eq!(done.lines().count(), 1, "no epoch is complete");
    live.kill();
    ok(
        at,
        &[
            "train",
            "--resume",
            "runs/a",
            "--time",
            "1s",
            "--quiet",
            "--no-report",
        ],
    );
}

#[test]
fn what_killed_processes_left_is_swept() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    ok(at, &[&SMALL[..], &["--name", "a", "--no-report"]].concat());
    for left in ["", "weights/", "state/"] {
        let name = format!("runs/a/{left}.x.safetensors.Ab12Cd.timestep-tmp");
        std::fs::write(at.join(name), "half").expect("writable");
    }
    std::fs::write(at.join(".lm.svg.Ab12Cd.timestep-tmp"), "half").expect("writable");
    ok(
        at,
        &["train", "--resume", "runs/a", "--quiet", "--no-report"],
    );
    assert!(temporary_below(&at.join("runs")).is_empty());
    ok(at, &["analyze", "stability", "lm", "--svg", "lm.svg"]);
    assert!(temporary_below(at).is_empty());
}

#[test]
fn a_killed_folder_of_pictures_has_no_half_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::create_dir(at.join("in")).expect("a folder");
    for n in 0..8_u32 {
        let picture = image::RgbImage::from_fn(96, 80, |x, y| {
            image::Rgb([(x * 3 + n) as u8, (y * 5) as u8, (x * y + 7 * n) as u8])
        });
        picture.save(at.join(format!("in/{n}.png"))).expect("saved");
    }
    let args = ["denoise", "in", "--sigma", "15", "--quiet", "-o"];
    let began = Instant::now();
    ok(at, &[&args[..], &["whole"]].concat());
    let duration = began.elapsed();
    for round in 0..kills().min(20) {
        let live = Live::spawn(&mut timestep(at, &[&args[..], &["out"]].concat()));
        std::thread::sleep(moment(round, duration));
        live.kill();
        let files = files_below(&at.join("out"));
        for file in files
            .iter()
            .filter(|f| f.extension().is_some_and(|e| e == "png"))
        {
            let whole = at.join("whole").join(file.file_name().expect("a name"));
            assert!(
                std::fs::read(file).expect("there") == std::fs::read(whole).expect("there"),
                "{} is half a picture",
                file.display()
            );
        }
    }
    ok(at, &[&args[..], &["out"]].concat());
    let names = |folder: &str| -> Vec<String> {
        let files = files_below(&at.join(folder));
        let name = |f: &std::path::PathBuf| {
            f.file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        };
        files.iter().map(name).collect()
    };
    assert_eq!(names("out"), names("whole"), "temporary files are swept");
}

#[test]
fn sigterm_and_sighup_save_as_ctrl_c_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    for signal in ["INT", "TERM", "HUP"] {
        let live = Live::training(at, signal);
        live.signal(signal);
        let out = live.end();
        assert_eq!(out.status.code(), Some(130), "{signal}");
        let events = std::fs::read_to_string(at.join(format!("runs/{signal}/events.jsonl")));
        assert!(
            events.expect("there").contains("\"event\":\"interrupted\""),
            "{signal}"
        );
    }
    // What is to go on without a terminal does.
    let mut nohup = Command::new("nohup");
    nohup
        .arg(env!("CARGO_BIN_EXE_timestep"))
        .args(crate::common::live::LONG)
        .arg("nohup");
    let mut live = Live::spawn(nohup.current_dir(at));
    crate::common::live::wait_for_step(&at.join("runs/nohup"));
    live.signal("HUP");
    std::thread::sleep(Duration::from_millis(500));
    assert!(!live.has_ended(), "`nohup` asks to ignore SIGHUP");
    live.signal("TERM");
    assert_eq!(live.end().status.code(), Some(130));
}

/// The program under a limit of the shell.
fn limited(folder: &Path, limit: &str, args: &[&str]) -> std::process::Output {
    let script = format!("ulimit {limit}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, env!("CARGO_BIN_EXE_timestep")])
        .args(args);
    command.current_dir(folder).output().expect("sh is there")
}

#[test]
fn limits_of_the_shell_are_failures_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    ok(
        at,
        &[&SMALL[..], &["--name", "whole", "--no-report"]].concat(),
    );
    // 24 blocks of 512 bytes: enough for the logs, not for weights.
    let out = limited(
        at,
        "-f 24",
        &[&SMALL[..], &["--name", "a", "--no-report"]].concat(),
    );
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{text}");
    assert!(
        text.contains("larger than files may be") && text.contains("ulimit -f"),
        "{text}"
    );
    assert!(temporary_below(at).is_empty(), "nothing is left over");
    // The state of a run survives such a failure: it goes on as if nothing had been.
    let live = Live::spawn(&mut timestep(
        at,
        &[&SMALL[..], &["--name", "b", "--no-report"]].concat(),
    ));
    crate::common::live::wait_for_step(&at.join("runs/b"));
    live.kill();
    let resume = ["train", "--resume", "runs/b", "--quiet", "--no-report"];
    assert_eq!(limited(at, "-f 24", &resume).status.code(), Some(2));
    ok(at, &resume);
    assert!(left(&at.join("runs/b")) == left(&at.join("runs/whole")));

    for files in 4..9 {
        let out = limited(
            at,
            &format!("-n {files}"),
            &["train", "--resume", "runs/whole", "--quiet"],
        );
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(
            matches!(out.status.code(), Some(0 | 2 | 127)),
            "{files}: {text}"
        );
        assert!(!text.contains("panicked"), "{files}: {text}");
    }
    assert!(
        run(at, &["train", "--resume", "runs/whole", "--quiet"])
            .status
            .success()
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_said_to_be_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    // What the kernel makes: nobody can write there, not even root.
    let text = refused(
        at,
        &[
            "train",
            "--epochs",
            "1",
            "--out",
            "/proc/self/net",
            "--quiet",
        ],
    );
    assert!(text.contains("/proc/self/net"), "{text}");
    let text = refused(
        at,
        &["analyze", "stability", "lm", "--svg", "/proc/self/lm.svg"],
    );
    assert!(text.contains("/proc/self/lm.svg"), "{text}");
    std::fs::write(at.join("file"), "x").expect("writable");
    let text = refused(at, &["train", "--epochs", "1", "--out", "file", "--quiet"]);
    assert!(text.contains("`file`"), "{text}");
}

/// A clock that is set back must not end a run nor make its seconds negative: durations are those of `Instant`, and the
/// time of day is asked for in one place, where a log of TensorBoard stamps its events.
#[test]
fn the_time_of_day_is_asked_for_in_one_place() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for file in crate::common::live::files_below(&crates) {
        let path = file.to_string_lossy().replace('\\', "/");
        let is_source = path.contains("/src/") && path.ends_with(".rs");
        if is_source
            && std::fs::read_to_string(&file)
                .expect("text")
                .contains("SystemTime::now")
        {
            found.push(path);
        }
    }
    assert!(
        matches!(&found[..], [one] if one.ends_with("train/src/sinks/tensorboard/mod.rs")),
        "{found:?}"
    );
}
