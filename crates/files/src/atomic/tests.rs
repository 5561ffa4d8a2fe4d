use super::*;
use crate::read_text;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("the folder exists")
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn replaces_the_contents() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.txt");
    write_atomic(&path, |w| w.write_all(b"old")).expect("first write");
    write_atomic(&path, |w| w.write_all(b"new")).expect("second write");
    assert_eq!(read_text(&path).expect("readable"), "new");
    assert_eq!(names(folder.path()), ["a.txt"]);
}

#[test]
fn a_failure_inside_leaves_the_old_file_and_no_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.txt");
    write_atomic(&path, |w| w.write_all(b"old")).expect("first write");
    let error = write_atomic(&path, |w| {
        w.write_all(&[0; 100_000])?;
        Err(io::Error::from(io::ErrorKind::StorageFull))
    })
    .expect_err("the closure fails");
    assert_eq!(error.action(), Action::Write);
    assert!(
        error.to_string().contains("a.txt`: the disk is full"),
        "{error}"
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("free some space"))
    );
    assert_eq!(read_text(&path).expect("readable"), "old");
    assert_eq!(names(folder.path()), ["a.txt"]);
}

#[test]
fn a_panic_inside_leaves_no_temporary_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.txt");
    let result = std::panic::catch_unwind(|| write_atomic(&path, |_| panic!("on purpose")));
    assert!(result.is_err());
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_missing_folder_is_named_with_a_hint() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("no").join("a.txt");
    let error = write_atomic(&path, |_| Ok(())).expect_err("no such folder");
    assert!(error.to_string().starts_with("cannot create `"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("mkdir -p")));
}

#[test]
fn a_folder_in_the_way_is_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = write_atomic(folder.path(), |_| Ok(())).expect_err("the target is a folder");
    assert_eq!(error.action(), Action::Replace);
    let error = write_atomic(Path::new("/"), |_| Ok(())).expect_err("no file name");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[cfg(unix)]
#[test]
fn the_result_has_ordinary_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plain = folder.path().join("plain");
    let atomic = folder.path().join("atomic");
    fs::write(&plain, "x").expect("writable");
    write_atomic(&atomic, |_| Ok(())).expect("writable");
    let mode = |path: &Path| fs::metadata(path).expect("exists").permissions().mode();
    assert_eq!(mode(&plain), mode(&atomic));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_to_be_full() {
    // `/dev/full` fails every write as a full disk does, and stays what it is.
    let full = Path::new("/dev/full");
    let error = write_atomic(full, |out| out.write_all(b"x")).expect_err("always full");
    assert!(!fs::metadata(full).expect("Linux has it").is_file());
    assert_eq!(error.action(), Action::Write);
    assert!(error.to_string().ends_with("the disk is full"), "{error}");
}

#[test]
fn what_exists_is_kept_where_nothing_is_to_be_replaced() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.txt");
    write_new(&path, |w| w.write_all(b"first")).expect("nothing is there");
    let error = write_new(&path, |w| w.write_all(b"second")).expect_err("it exists");
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    // Another program is faster.
    let other = folder.path().join("b.txt");
    let error = write_new(&other, |w| {
        fs::write(&other, "theirs")?;
        w.write_all(b"ours")
    })
    .expect_err("it appeared");
    assert_eq!(error.action(), Action::Replace);
    assert_eq!(read_text(&path).expect("readable"), "first");
    assert_eq!(read_text(&other).expect("readable"), "theirs");
    assert_eq!(names(folder.path()), ["a.txt", "b.txt"]);
}

#[cfg(unix)]
#[test]
fn permissions_and_owner_of_a_replaced_file_are_kept() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.txt");
    for mode in [0o600, 0o640, 0o444, 0o755] {
        fs::write(&path, "old").expect("writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
        // Only root may give a file away.
        let given = chown(&path, Some(12345), Some(54321)).is_ok();
        write_atomic(&path, |w| w.write_all(b"new")).expect("written");
        let now = fs::metadata(&path).expect("there");
        assert_eq!(now.mode() & 0o7777, mode);
        if given {
            assert_eq!((now.uid(), now.gid()), (12345, 54321));
        }
        fs::remove_file(&path).expect("ours");
    }
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("inside")).expect("a folder");
    fs::write(at("inside/real.txt"), "old").expect("writable");
    symlink("inside/real.txt", at("one")).expect("a link");
    symlink("one", at("two")).expect("a link to a link");
    symlink("inside/new.txt", at("dangling")).expect("a link to nothing");
    write_atomic(&at("two"), |w| w.write_all(b"new")).expect("written");
    write_atomic(&at("dangling"), |w| w.write_all(b"made")).expect("written");
    assert_eq!(read_text(&at("inside/real.txt")).expect("there"), "new");
    assert_eq!(read_text(&at("inside/new.txt")).expect("there"), "made");
    for link in ["one", "two", "dangling"] {
        assert!(fs::symlink_metadata(at(link)).expect("there").is_symlink());
    }
    let error = write_new(&at("two"), |w| w.write_all(b"no")).expect_err("it exists");
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    // Links in a circle end somewhere.
    symlink("b", at("a")).expect("a link");
    symlink("a", at("b")).expect("a link");
    write_atomic(&at("a"), |w| w.write_all(b"x")).ok();
    assert_eq!(names(&at("inside")), ["new.txt", "real.txt"]);
}

#[test]
fn a_name_as_long_as_names_may_be_is_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["a".repeat(255), "ä".repeat(127)] {
        let path = folder.path().join(&name);
        write_atomic(&path, |w| w.write_all(b"x")).expect("written");
        assert_eq!(read_text(&path).expect("readable"), "x");
    }
}

#[test]
fn sweeping_removes_what_killed_processes_left_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name);
    let keep = [".a.txt.Xy12Ab.tmp", ".hidden", "a.timestep-tmp", "a.txt"];
    for name in keep {
        fs::write(at(name), "x").expect("writable");
    }
    fs::create_dir(at(".folder.timestep-tmp")).expect("a folder");
    fs::write(at(".b.png.Xy12Ab.timestep-tmp"), "half").expect("writable");
    write_atomic(&at("new"), |w| {
        w.write_all(b"new")?;
        // While a file is written, somebody sweeps.
        assert_eq!(sweep(folder.path()), 1);
        Ok(())
    })
    .expect("its temporary file is still there");
    assert_eq!(sweep(folder.path()), 0);
    let mut left = vec![".folder.timestep-tmp", "new"];
    left.extend(keep);
    left.sort_unstable();
    assert_eq!(names(folder.path()), left);
}

#[cfg(unix)]
#[test]
fn a_pipe_gets_everything_although_encoders_go_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo is there");
    let reader = std::thread::spawn({
        let path = path.clone();
        move || fs::read(path)
    });
    write_atomic(&path, |w| {
        w.write_all(b"....")?;
        w.rewind()?;
        w.write_all(b"ab")
    })
    .expect("written");
    assert_eq!(reader.join().expect("reads").expect("readable"), b"ab..");
}
