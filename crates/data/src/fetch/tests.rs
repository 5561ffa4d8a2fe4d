//! Does a download end in a whole folder or none, whatever the server does?

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use timestep_files::FolderLock;

use super::unpack::sweep;
use super::*;
use crate::digest::hex;

mod hostile;

/// What the server does with one request.
#[derive(Clone, Copy)]
enum Answer {
    /// As HTTP says, ranges included.
    Proper,
    /// Breaks the connection after this many bytes of the body.
    Cut(usize),
    /// Sends everything, whatever range was asked for.
    IgnoreRange,
    /// Sends a part, but not the one asked for.
    WrongPart,
    NotFound,
}

struct Server {
    base: String,
    /// The `Range` header of each request, in order.
    ranges: Arc<Mutex<Vec<Option<String>>>>,
}

/// Serves `body` on 127.0.0.1, one connection for each answer, then stops listening.
fn serve(body: Vec<u8>, answers: Vec<Answer>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/sets", listener.local_addr().unwrap());
    let ranges = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ranges);
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut range = None;
            let mut first = String::new();
            for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                let line = line.unwrap();
                if line.is_empty() {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("range: ") {
                    range = Some(value.to_owned());
                }
                if first.is_empty() {
                    first = line;
                }
            }
            assert_eq!(first, "GET /sets/tiny.tar.gz HTTP/1.1");
            let start = range
                .as_ref()
                .and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-'));
            let start: usize = start.map_or(0, |s| s.parse().unwrap());
            seen.lock().unwrap().push(range.clone());
            let n = body.len();
            let close = "Connection: close\r\n\r\n";
            let (head, part) = match answer {
                Answer::NotFound => (
                    "404 Not Found\r\nContent-Length: 4\r\n".to_owned(),
                    &b"gone"[..],
                ),
                Answer::WrongPart => {
                    let head = format!("206 Partial Content\r\nContent-Range: bytes 0-9/{n}\r\n");
                    (head, &body[..10])
                }
                Answer::Proper | Answer::Cut(_) if range.is_some() && start >= n => {
                    let head =
                        format!("416 Range Not Satisfiable\r\nContent-Range: bytes */{n}\r\n");
                    (head + "Content-Length: 0\r\n", &[][..])
                }
                Answer::Proper | Answer::Cut(_) if range.is_some() => {
                    let (last, length) = (n - 1, n - start);
                    let head = format!(
                        "206 Partial Content\r\nContent-Range: bytes {start}-{last}/{n}\r\n\
                         Content-Length: {length}\r\n"
                    );
                    (head, &body[start..])
                }
                _ => (format!("200 OK\r\nContent-Length: {n}\r\n"), &body[..]),
            };
            let part = match answer {
                Answer::Cut(after) => &part[..after.min(part.len())],
                _ => part,
            };
            stream
                .write_all(format!("HTTP/1.1 {head}{close}").as_bytes())
                .unwrap();
            stream.write_all(part).unwrap();
        }
    });
    Server { base, ranges }
}

fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *content).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// 4,000 bytes that do not compress well, so that a download can be cut in the middle.
fn noise() -> Vec<u8> {
    let step = |s: &mut u32| {
        *s = s.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((*s >> 24) as u8)
    };
    std::iter::successors(Some(1u32), |_| None)
        .flat_map(|s| std::iter::repeat(()).scan(s, move |s, ()| step(s)))
        .take(4000)
        .collect()
}

fn good_archive() -> Vec<u8> {
    tar_gz(&[
        ("tiny/a.bin", &noise()),
        ("tiny/names.txt", b"cat\ndog\n"),
        ("elsewhere/b.bin", b"not of the set"),
    ])
}

fn spec(server: &Server, content: &[u8]) -> Archive {
    Archive {
        name: "tiny",
        base: server.base.clone(),
        file: "tiny.tar.gz",
        sha256: hex(&Sha256::digest(content)),
        folder: "tiny",
        files: vec![("a.bin", 4000)],
    }
}

fn run(archive: &Archive, dir: &Path) -> Result<Fetched, DataError> {
    // No proxy, whatever the environment says: the server is on this machine.
    let agent: ureq::Agent = download::config().proxy(None).build().into();
    fetch_archive(archive, dir, &agent, &mut |_| {})
}

/// Names in a folder, sorted.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn full_download_then_nothing_to_do() {
    let (dir, content) = (tempfile::tempdir().unwrap(), good_archive());
    let server = serve(content.clone(), vec![Answer::Proper]);
    let archive = spec(&server, &content);
    let agent: ureq::Agent = download::config().proxy(None).build().into();
    let mut seen = Vec::new();
    let target = dir.path().join("deep/er");
    let fetched = fetch_archive(&archive, &target, &agent, &mut |p| seen.push(p)).unwrap();
    assert_eq!((fetched.already, fetched.resumed_from), (false, 0));
    assert_eq!(names(&target), ["tiny"]);
    assert_eq!(names(&fetched.folder), [SUMS_FILE, "a.bin", "names.txt"]);
    assert_eq!(fs::read(fetched.folder.join("a.bin")).unwrap(), noise());
    let total = Some(content.len() as u64);
    assert_eq!(seen[0], Progress::Download { received: 0, total });
    assert_eq!(seen[seen.len() - 2..], [Progress::Check, Progress::Unpack]);
    let last = Progress::Download {
        received: content.len() as u64,
        total,
    };
    assert_eq!(seen[seen.len() - 3], last);
    let sums = fs::read_to_string(fetched.folder.join(SUMS_FILE)).unwrap();
    assert!(sums.contains(&fetched.archive_sha256.unwrap()), "{sums}");
    // The server is gone, so this does not ask it.
    assert!(run(&archive, &target).unwrap().already);
    // A set that lost a part of a file is not taken for one.
    fs::write(target.join("tiny/a.bin"), b"short").unwrap();
    let error = run(&archive, &target).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("a.bin has 5 bytes instead of 4000"),
        "{error}"
    );
}

#[test]
fn verify_compares_with_what_was_recorded() {
    let (dir, content) = (tempfile::tempdir().unwrap(), good_archive());
    let server = serve(content.clone(), vec![Answer::Proper]);
    let folder = run(&spec(&server, &content), dir.path()).unwrap().folder;
    let check = || {
        let mut report = crate::VerifyReport::new("tiny", Some(&folder));
        crate::checks::compare_checksums(&mut report, &folder, &["a.bin", "names.txt"]).unwrap();
        report
    };
    let report = check();
    assert!(report.ok() && report.notes.is_empty());
    assert!(report.files.iter().all(|f| f.as_recorded == Some(true)));
    fs::write(folder.join("names.txt"), "cat\ncow\n").unwrap();
    assert!(check().problems[0].contains("had another when it was fetched"));
    fs::remove_file(folder.join("names.txt")).unwrap();
    assert!(check().problems[0].ends_with("names.txt was fetched and is missing"));
    fs::remove_file(folder.join(SUMS_FILE)).unwrap();
    assert_eq!((check().problems.len(), check().notes.len()), (0, 1));
}

#[test]
fn a_cut_connection_is_taken_up_again() {
    let (dir, content) = (tempfile::tempdir().unwrap(), good_archive());
    let server = serve(
        content.clone(),
        vec![Answer::Cut(1000), Answer::Cut(500), Answer::Proper],
    );
    let fetched = run(&spec(&server, &content), dir.path()).unwrap();
    assert_eq!(fs::read(fetched.folder.join("a.bin")).unwrap(), noise());
    let ranges = server.ranges.lock().unwrap().clone();
    assert_eq!(
        ranges,
        [
            None,
            Some("bytes=1000-".to_owned()),
            Some("bytes=1500-".to_owned())
        ]
    );
}

#[test]
fn a_later_call_resumes_and_the_error_before_says_so() {
    let (dir, content) = (tempfile::tempdir().unwrap(), good_archive());
    // The second answer brings nothing, so the call gives up.
    let server = serve(
        content.clone(),
        vec![Answer::Cut(1000), Answer::Cut(0), Answer::Proper],
    );
    let archive = spec(&server, &content);
    let error = run(&archive, dir.path()).unwrap_err();
    assert!(
        matches!(error, DataError::Download { kept: 1000, .. }),
        "{error}"
    );
    assert!(
        error
            .hint()
            .unwrap()
            .contains("goes on after the 1000 bytes")
    );
    assert_eq!(names(dir.path()), ["tiny.tar.gz.part"]);
    let fetched = run(&archive, dir.path()).unwrap();
    assert_eq!(fetched.resumed_from, 1000);
    assert_eq!(names(dir.path()), ["tiny"]);
}

#[test]
fn a_complete_part_needs_no_bytes_and_a_longer_one_starts_anew() {
    for (extra, requests) in [(0, 1), (7, 2)] {
        let (dir, content) = (tempfile::tempdir().unwrap(), good_archive());
        let server = serve(content.clone(), vec![Answer::Proper; requests]);
        let mut part = content.clone();
        part.extend(vec![0; extra]);
        fs::write(dir.path().join("tiny.tar.gz.part"), part).unwrap();
        run(&spec(&server, &content), dir.path()).unwrap();
        assert_eq!(server.ranges.lock().unwrap().len(), requests);
    }
}

#[test]
fn a_server_that_ignores_or_mistakes_the_range() {
    let (dir, content) = (tempfile::tempdir().unwrap(), good_archive());
    let part = dir.path().join("tiny.tar.gz.part");
    // What is there is not the beginning of the archive: only starting anew can succeed.
    fs::write(&part, [7; 300]).unwrap();
    let server = serve(content.clone(), vec![Answer::IgnoreRange]);
    assert_eq!(
        run(&spec(&server, &content), dir.path())
            .unwrap()
            .resumed_from,
        0
    );

    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("tiny.tar.gz.part"), &content[..300]).unwrap();
    let server = serve(content.clone(), vec![Answer::WrongPart, Answer::Proper]);
    assert_eq!(
        run(&spec(&server, &content), dir.path())
            .unwrap()
            .resumed_from,
        0
    );
    assert_eq!(server.ranges.lock().unwrap()[1], None);
}

#[test]
fn wrong_checksum_is_explained_and_leaves_nothing() {
    let (dir, content) = (tempfile::tempdir().unwrap(), good_archive());
    let server = serve(content.clone(), vec![Answer::Proper]);
    let archive = Archive {
        sha256: "0".repeat(64),
        ..spec(&server, &content)
    };
    let error = run(&archive, dir.path()).unwrap_err();
    let text = error.to_string();
    let sha256 = hex(&Sha256::digest(&content));
    assert!(
        text.contains(&sha256) && text.contains(&"0".repeat(64)),
        "{text}"
    );
    assert!(
        text.contains(&format!("{} bytes were deleted", content.len())),
        "{text}"
    );
    assert!(names(dir.path()).is_empty());
}

#[test]
fn not_found_and_no_server() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(Vec::new(), vec![Answer::NotFound]);
    let archive = spec(&server, b"");
    let error = run(&archive, dir.path()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.ends_with("/sets/tiny.tar.gz: the server answered 404 Not Found"),
        "{text}"
    );
    assert!(matches!(
        run(&archive, dir.path()),
        Err(DataError::Download { .. })
    ));
}

#[test]
fn archives_that_cannot_be_used_leave_no_folder() {
    let cut = good_archive()[..2000].to_vec();
    let lacking = tar_gz(&[("tiny/names.txt", b"cat\n")]);
    let short = tar_gz(&[("tiny/a.bin", b"too short")]);
    let cases = [
        (cut, ""),
        (b"<html>not an archive</html>".to_vec(), ""),
        (lacking, "a.bin is missing"),
        (short, "a.bin has 9 bytes instead of 4000"),
    ];
    for (content, expected) in cases {
        let dir = tempfile::tempdir().unwrap();
        let server = serve(content.clone(), vec![Answer::Proper]);
        let error = run(&spec(&server, &content), dir.path()).unwrap_err();
        assert!(matches!(error, DataError::BadArchive { .. }), "{error}");
        assert!(error.to_string().ends_with(expected), "{error}");
        assert_eq!(names(dir.path()), ["tiny.tar.gz.part"]);
    }
}

#[test]
fn an_archive_put_there_by_hand_is_used_and_kept() {
    let (dir, content) = (tempfile::tempdir().unwrap(), good_archive());
    let server = serve(Vec::new(), Vec::new());
    let archive = spec(&server, &content);
    let by_hand = dir.path().join("tiny.tar.gz");
    fs::write(&by_hand, b"something else").unwrap();
    assert!(matches!(
        run(&archive, dir.path()),
        Err(DataError::BadArchive { .. })
    ));
    fs::write(&by_hand, &content).unwrap();
    run(&archive, dir.path()).unwrap();
    assert_eq!(names(dir.path()), ["tiny", "tiny.tar.gz"]);
}

#[test]
fn what_a_killed_process_was_unpacking_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let (left, live) = (
        dir.path().join(".unpacking-killed"),
        dir.path().join(".unpacking-live"),
    );
    fs::create_dir(&left).unwrap();
    fs::write(left.join("half"), "x").unwrap();
    fs::create_dir(&live).unwrap();
    let working = FolderLock::take(&live, "an archive that is unpacked").unwrap();
    sweep(dir.path());
    assert!(!left.exists() && live.exists());
    drop(working);
    sweep(dir.path());
    assert!(!live.exists());
}

#[test]
fn sets_without_an_archive() {
    let error = fetch("digits", Path::new("unused"), &mut |_| {}).unwrap_err();
    assert_eq!(
        error.hint().unwrap(),
        "it is part of the program and needs no files"
    );
    let archive = datasets::info("cifar100").unwrap().archive.unwrap()();
    assert_eq!(
        archive.url(),
        "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
    );
    assert_eq!(
        archive.files,
        [("train.bin", 153_700_000), ("test.bin", 30_740_000)]
    );
}
