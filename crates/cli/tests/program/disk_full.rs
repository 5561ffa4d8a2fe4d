//! What does a full disk cost? The write that failed, and nothing that was saved before.

use crate::common::{ok, run};
use std::path::Path;
use std::process::Command;

/// A small file system in memory, unmounted with the test.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    fn mount(at: &'a Path, kilobytes: usize) -> Self {
        std::fs::create_dir_all(at).expect("a folder");
        let size = format!("size={kilobytes}k");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(at)
            .status();
        assert!(
            mounted.expect("mount is there").success(),
            "this test needs root"
        );
        Self(at)
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.0).status());
    }
}

#[test]
#[ignore = "mounts a file system, which needs root"]
fn a_disk_that_fills_at_any_write_costs_only_that_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let train = [
        "train",
        "--steps",
        "2,2",
        "--width",
        "8",
        "--batch",
        "128",
        "--epochs",
        "3",
        "--quiet",
        "--no-report",
    ];
    ok(at, &[&train[..], &["--name", "whole"]].concat());
    let whole = std::fs::read(at.join("runs/whole/weights/last.safetensors")).expect("there");
    let mut full = 0;
    // From too small for anything to large enough for everything.
    for kilobytes in (8..400).step_by(8) {
        let disk = at.join("disk");
        let mounted = Small::mount(&disk, kilobytes);
        let out = run(
            at,
            &[&train[..], &["--out", "disk", "--name", "a"]].concat(),
        );
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        if out.status.code() == Some(2) {
            assert!(text.contains("error[E0903]"), "{kilobytes} kB: {text}");
            full += 1;
            // The disk grows, and the run goes on if anything of it was saved.
            let grown = Command::new("mount")
                .args(["-o", "remount,size=4m"])
                .arg(&disk)
                .status();
            assert!(grown.expect("mount").success());
            if !disk.join("a/state/state.safetensors").is_file() {
                continue;
            }
            ok(
                at,
                &["train", "--resume", "disk/a", "--quiet", "--no-report"],
            );
        } else {
            assert!(out.status.success(), "{kilobytes} kB: {text}");
        }
        let last = std::fs::read(disk.join("a/weights/last.safetensors")).expect("there");
        assert!(last == whole, "{kilobytes} kB: other weights");
        drop(mounted);
    }
    assert!(full > 5, "the disk was never full: {full}");
}
