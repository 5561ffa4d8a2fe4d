//! Does an archive or a server that means harm get anything but an error?

use super::*;
use flate2::read::GzDecoder;

/// An archive whose entries have any name and kind, which the library would refuse to write.
fn raw_tar_gz(entries: &[(&str, tar::EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, kind, link, content) in entries {
        let mut header = tar::Header::new_gnu();
        let field = &mut header.as_gnu_mut().unwrap().name;
        field[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o777);
        if !link.is_empty() {
            header.set_link_name(link).unwrap();
        }
        header.set_cksum();
        tar.append(&header, *content).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// Puts an archive beside its folder, so that no server is asked.
fn by_hand(dir: &Path, content: &[u8]) -> Result<Fetched, DataError> {
    fs::write(dir.join("tiny.tar.gz"), content).unwrap();
    let nobody = Server {
        base: "http://127.0.0.1:9".into(),
        ranges: Arc::default(),
    };
    run(&spec(&nobody, content), dir)
}

#[test]
fn nothing_of_an_archive_leaves_its_folder() {
    use tar::EntryType as Kind;
    let outside = tempfile::tempdir().unwrap();
    let dir = outside.path().join("data");
    fs::create_dir(&dir).unwrap();
    let target = outside.path().join("stolen");
    let absolute = target.to_string_lossy().into_owned();
    let content = raw_tar_gz(&[
        (&absolute, Kind::Regular, "", b"absolute"),
        ("../stolen", Kind::Regular, "", b"above"),
        (
            "tiny/../../stolen",
            Kind::Regular,
            "",
            b"above, from inside",
        ),
        (
            "tiny/x/../../../stolen",
            Kind::Regular,
            "",
            b"further above",
        ),
        ("tiny/..", Kind::Regular, "", b"a folder's name"),
        ("tiny", Kind::Symlink, &absolute, b""),
        ("tiny/a.bin", Kind::Symlink, &absolute, b""),
        ("tiny/b.bin", Kind::Link, &absolute, b""),
        ("tiny/pipe", Kind::Fifo, "", b""),
        ("tiny/zero", Kind::Char, "", b""),
        ("tiny/a.bin", Kind::Regular, "", &noise()),
    ]);
    let fetched = by_hand(&dir, &content).expect("the one good file is enough");
    assert_eq!(names(&fetched.folder), [SUMS_FILE, "a.bin"]);
    assert_eq!(fs::read(fetched.folder.join("a.bin")).unwrap(), noise());
    assert_eq!(names(outside.path()), ["data"]);
    assert_eq!(names(&dir), ["tiny", "tiny.tar.gz"]);
}

#[test]
fn bombs_are_not_unpacked() {
    let dir = tempfile::tempdir().unwrap();
    let zeros = vec![0; 64 << 20];
    // In a file of the set, in one beside them, and in one that is not taken at all.
    for name in ["tiny/a.bin", "tiny/readme.html", "elsewhere/x"] {
        let content = tar_gz(&[(name, &zeros), ("tiny/a.bin", &noise())]);
        assert!(content.len() < 1 << 20);
        let error = by_hand(dir.path(), &content).expect_err(name);
        assert!(matches!(error, DataError::BadArchive { .. }), "{error}");
        assert_eq!(names(dir.path()), ["tiny.tar.gz"]);
    }
}

#[test]
fn only_encrypted_connections_are_made() {
    let dir = tempfile::tempdir().unwrap();
    let content = good_archive();
    // It would answer if it were asked.
    let server = serve(content.clone(), vec![Answer::Proper]);
    let archive = spec(&server, &content);
    let error = fetch_archive(&archive, dir.path(), &download::agent(), &mut |_| {});
    assert!(
        matches!(error, Err(DataError::Download { .. })),
        "{error:?}"
    );
    assert!(server.ranges.lock().unwrap().is_empty(), "nobody was asked");
}

/// Archives that are changed at random, inside and outside of the compression: a set or an error, and nothing beside.
#[test]
fn damaged_archives_are_refused() {
    use std::io::Read as _;
    use timestep_numerics::random::Stream;
    let good = good_archive();
    let mut plain = Vec::new();
    GzDecoder::new(&good[..]).read_to_end(&mut plain).unwrap();
    let count = std::env::var("TIMESTEP_MUTATIONS").ok();
    let count = count.and_then(|n| n.parse::<u64>().ok()).unwrap_or(2600) / 13;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    for case in 0..count {
        let stream = &mut Stream::new(16, "archives", 0, case);
        let inside = stream.below(4) > 0;
        let mut bytes = if inside { plain.clone() } else { good.clone() };
        for _ in 0..1 + stream.below(6) {
            // Headers are short, files long.
            let part = if inside {
                512 * stream.below(plain.len() / 512)
            } else {
                0
            };
            let at = (part + stream.below(512)).min(bytes.len() - 1);
            bytes[at] = match stream.below(3) {
                0 => bytes[at] ^ 1 << stream.below(8),
                1 => b'0' + stream.below(8) as u8,
                _ => stream.next_u32() as u8,
            };
        }
        if inside {
            let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
            gz.write_all(&bytes).unwrap();
            bytes = gz.finish().unwrap();
        }
        fs::create_dir(&dir).unwrap();
        match by_hand(&dir, &bytes) {
            Ok(fetched) => assert_eq!(
                fs::metadata(fetched.folder.join("a.bin")).unwrap().len(),
                4000
            ),
            Err(_) => assert_eq!(names(&dir), ["tiny.tar.gz"], "case {case}"),
        }
        assert_eq!(names(parent.path()), ["data"], "case {case}");
        fs::remove_dir_all(&dir).unwrap();
    }
}
