//! What happens to output that cannot be written, and to files that are there already?

use crate::common::{ok, refused, run, runs::runs, timestep};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A run that one command reads cannot be reported by another: these tests share one.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_is_lost_is_a_failure() {
    let _alone = alone();
    let at = runs();
    for args in [
        &["list"][..],
        &["list", "schemes"],
        &["list", "runs", "--json"],
        &["summary", "resnet-20"],
        &["eval", "runs/a-s0"],
        &["eval", "runs/a-s0", "--json"],
        &["explain", "lm"],
        &["cite", "lm"],
        &["completions", "bash"],
        &["config", "show"],
        &["config", "new"],
        &["data", "list"],
        &["analyze", "stability", "lm"],
        &["compare", "runs/a-s0", "runs/a-s1"],
        &["report", "runs/a-s0", "--check"],
        &["reproduce", "table1"],
        &["doctor"],
        &["--help"],
        &["--version"],
        &["train", "--help"],
    ] {
        let full = std::fs::File::create("/dev/full").expect("Linux has it");
        let out = timestep(at, args).stdout(full).output().expect("runs");
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{args:?}: {text}");
        assert!(
            text.contains("error[E0903]: cannot write standard output: the disk is full"),
            "{args:?}: {text}"
        );
    }
    // A run goes on to its end; then it says that its lines are lost.
    let full = std::fs::File::create("/dev/full").expect("Linux has it");
    let args = [
        &crate::common::runs::SMALL[..],
        &["--name", "full", "--no-report"],
    ]
    .concat();
    let out = timestep(at, &args).stdout(full).output().expect("runs");
    assert_eq!(out.status.code(), Some(2));
    assert!(at.join("runs/full/weights/last.safetensors").is_file());
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let _alone = alone();
    let at = runs();
    for args in [
        &["list", "networks"][..],
        &["--help"],
        &["eval", "runs/a-s0", "--json"],
    ] {
        let mut child = timestep(at, args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        drop(child.stdout.take());
        let out = child.wait_with_output().expect("ends");
        assert!(
            out.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&out.stderr)
        );
    }
}

/// Every command that writes a file which a person names; `OUT` is the file.
const WRITERS: &[&[&str]] = &[
    &["export", "runs/a-s0", "-o", "OUT"],
    &["export", "runs/a-s0", "--format", "npz", "-o", "OUT"],
    &[
        "import",
        "exported.safetensors",
        "--net",
        "lm-resnet-20",
        "--data",
        "digits",
        "-o",
        "OUT",
    ],
    &["report", "runs/a-s0", "-o", "OUT"],
    &["report", "runs/a-s0", "--md", "OUT"],
    &["compare", "runs/a-s0", "--svg", "OUT"],
    &["compare", "runs/a-s0", "--md", "OUT"],
    &["analyze", "stability", "lm", "--svg", "OUT"],
    &[
        "analyze",
        "stability",
        "runs/a-s0",
        "--images",
        "1",
        "--products",
        "4",
        "--svg",
        "OUT",
    ],
    &[
        "analyze",
        "stability",
        "runs/a-s0",
        "--images",
        "1",
        "--products",
        "4",
        "--npz",
        "OUT",
    ],
    &[
        "analyze",
        "trace",
        "runs/a-s0",
        "--images",
        "4",
        "--svg",
        "OUT",
    ],
    &[
        "analyze",
        "trace",
        "runs/a-s0",
        "--images",
        "4",
        "--npz",
        "OUT",
    ],
    &["analyze", "momentum", "runs/a-s0", "--svg", "OUT"],
    &["analyze", "momentum", "runs/a-s0", "--history", "OUT"],
    &["analyze", "diffusion", "trd-5x5-s25", "--svg", "OUT"],
    &[
        "analyze",
        "weak-order",
        "gaussian",
        "--paths",
        "8",
        "--steps",
        "4,8,16",
        "--svg",
        "OUT",
    ],
    &[
        "analyze",
        "weak-order",
        "gaussian",
        "--paths",
        "8",
        "--steps",
        "4,8,16",
        "--csv",
        "OUT",
    ],
    &[
        "lr-find",
        "--steps",
        "1,1",
        "--width",
        "4",
        "--iterations",
        "10",
        "--svg",
        "OUT",
    ],
    &["data", "preview", "digits", "--count", "4", "-o", "OUT"],
];

/// The ending of a writer's file, where the command asks for one.
fn ending(writer: &[&str]) -> &'static str {
    let has = |word: &str| writer.contains(&word);
    match () {
        () if has("--svg") => "svg",
        () if has("export") && has("npz") => "npz",
        () if has("export") => "safetensors",
        () => "bin",
    }
}

fn with<'a>(args: &[&'a str], out: &'a str) -> Vec<&'a str> {
    args.iter()
        .map(|a| if *a == "OUT" { out } else { a })
        .collect()
}

/// A file of weights that `import` takes.
fn exported(at: &Path) {
    ok(
        at,
        &[
            "train",
            "--epochs",
            "1",
            "--name",
            "published",
            "--no-report",
            "--quiet",
        ],
    );
    ok(
        at,
        &["export", "runs/published", "-o", "exported.safetensors"],
    );
}

#[test]
fn no_command_replaces_a_file_without_being_asked() {
    let _alone = alone();
    let at = runs();
    exported(at);
    for (n, writer) in WRITERS.iter().enumerate() {
        let name = format!("out-{n}.{}", ending(writer));
        let path = at.join(&name);
        std::fs::write(&path, "precious").expect("writable");
        let args = with(writer, &name);
        let text = refused(at, &args);
        assert!(
            text.contains("error[E0904]") && text.contains("--force"),
            "{args:?}: {text}"
        );
        assert_eq!(
            std::fs::read(&path).expect("there"),
            b"precious",
            "{args:?}"
        );
        let forced = [&args[..], &["--force"]].concat();
        // What a command found may be bad news; it is written all the same.
        assert!(
            matches!(run(at, &forced).status.code(), Some(0 | 1)),
            "{forced:?}"
        );
        assert_ne!(
            std::fs::read(&path).expect("there"),
            b"precious",
            "{args:?}"
        );
        std::fs::remove_file(&path).expect("removed");
        assert!(
            matches!(run(at, &args).status.code(), Some(0 | 1)),
            "{args:?}"
        );
        assert!(path.is_file(), "{args:?}");
    }
}

#[test]
fn no_command_replaces_what_it_reads() {
    let _alone = alone();
    let at = runs();
    let best = "runs/b-s0/weights/best.safetensors";
    let before = std::fs::read(at.join(best)).expect("there");
    for args in [
        &["export", "runs/b-s0", "-o", best, "--force"][..],
        &["export", best, "-o", best, "--force"],
        &[
            "report",
            "runs/b-s0",
            "-o",
            "runs/b-s0/events.jsonl",
            "--force",
        ],
        &[
            "report",
            "runs/b-s0",
            "--md",
            "runs/../runs/b-s0/recipe.toml",
            "--force",
        ],
        &[
            "compare",
            "runs/b-s0",
            "--svg",
            "runs/b-s0/metrics.csv",
            "--force",
        ],
        &["analyze", "momentum", best, "--svg", best, "--force"],
        &["analyze", "trace", best, "--npz", best, "--force"],
        &["report", "runs/b-s0", "-o", "same", "--md", "same"],
    ] {
        let text = refused(at, args);
        assert!(text.contains("error[E0904]"), "{args:?}: {text}");
    }
    assert!(std::fs::read(at.join(best)).expect("there") == before);
    assert!(!at.join("same").exists());
}

#[test]
fn force_without_an_output_is_refused() {
    let _alone = alone();
    let at = runs();
    for args in [
        &["report", "runs/a-s0", "--force"][..],
        &["report", "runs/a-s0", "--check", "--force"],
        &["compare", "runs/a-s0", "--force"],
        &["analyze", "stability", "lm", "--force"],
        &["analyze", "momentum", "runs/a-s0", "--force"],
        &["lr-find", "--force"],
    ] {
        assert!(refused(at, args).contains("--force"), "{args:?}");
    }
    // Names that the program chose itself are renewed.
    ok(at, &["report", "runs/a-s0"]);
    ok(at, &["report", "runs/a-s0"]);
}

#[test]
#[cfg(unix)]
fn in_place_keeps_permissions_owner_and_links() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let picture = image::GrayImage::from_fn(40, 30, |x, y| image::Luma([(x * 5 + y) as u8]));
    std::fs::create_dir(at.join("album")).expect("a folder");
    picture.save(at.join("album/real.png")).expect("saved");
    symlink("album/real.png", at.join("link.png")).expect("a link");
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(at.join("album/real.png"), mode).expect("ours");
    let given = chown(at.join("album/real.png"), Some(12345), Some(54321)).is_ok();
    let before = std::fs::read(at.join("album/real.png")).expect("there");
    ok(
        at,
        &[
            "denoise",
            "link.png",
            "--in-place",
            "--sigma",
            "25",
            "--quiet",
        ],
    );
    let link = std::fs::symlink_metadata(at.join("link.png")).expect("there");
    assert!(link.is_symlink(), "the link is still one");
    assert!(std::fs::read(at.join("album/real.png")).expect("there") != before);
    let now = std::fs::metadata(at.join("album/real.png")).expect("there");
    assert_eq!(now.mode() & 0o7777, 0o600);
    if given {
        assert_eq!((now.uid(), now.gid()), (12345, 54321));
    }
}

#[test]
#[cfg(unix)]
fn files_of_runs_have_ordinary_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = crate::common::restorers::folder();
    let at = folder.path();
    ok(
        at,
        &crate::common::restorers::small(&["--name", "r", "--quiet"]),
    );
    ok(
        at,
        &[&crate::common::runs::SMALL[..], &["--name", "c"]].concat(),
    );
    std::fs::write(at.join("plain"), "x").expect("writable");
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode();
    let ordinary = mode(&at.join("plain"));
    for file in crate::common::live::files_below(&at.join("runs")) {
        assert_eq!(mode(&file), ordinary, "{}", file.display());
    }
}

#[test]
fn pictures_of_steps_and_references_are_not_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let picture = image::GrayImage::from_fn(40, 30, |x, y| image::Luma([(x * 5 + y) as u8]));
    picture.save(at.join("a.png")).expect("saved");
    picture.save(at.join("clean.png")).expect("saved");
    let args = [
        "denoise",
        "a.png",
        "--sigma",
        "25",
        "--quiet",
        "--save-steps",
        "steps",
    ];
    ok(at, &[&args[..], &["-o", "one.png"]].concat());
    let out = run(at, &[&args[..], &["-o", "two.png"]].concat());
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(
        !out.status.success() && text.contains("error[E0904]"),
        "{text}"
    );
    assert!(!at.join("two.png").exists());
    ok(at, &[&args[..], &["-o", "two.png", "--force"]].concat());
    let onto = [
        "denoise",
        "a.png",
        "--reference",
        "clean.png",
        "-o",
        "clean.png",
        "--force",
    ];
    assert!(refused(at, &onto).contains("error[E0904]"));
}
