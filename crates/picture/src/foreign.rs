//! Which files of cameras are no pictures yet, and what makes pictures of them?

use std::path::Path;

/// A kind of file that another program turns into a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// What it is called.
    pub kind: &'static str,
    /// The command that makes a picture of it, without the file.
    pub with: &'static str,
}

const HEIC: Foreign = Foreign {
    kind: "HEIC",
    with: "heif-convert -q 95 FILE photo.jpg",
};
const AVIF: Foreign = Foreign {
    kind: "AVIF",
    with: "avifdec FILE photo.png",
};
const RAW: Foreign = Foreign {
    kind: "raw",
    with: "darktable-cli FILE photo.tif` or `rawtherapee-cli -t -c FILE",
};

/// Endings of raw files that begin like TIFF files, in lower case.
const RAW_ENDINGS: [&str; 11] = [
    "3fr", "arw", "cr2", "dng", "erf", "kdc", "mef", "nef", "nrw", "pef", "srw",
];

/// What a file is that begins so and has this name, if it is of these kinds.
pub(crate) fn foreign(path: &Path, start: &[u8]) -> Option<Foreign> {
    match start {
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => {
            return match brand.get(..4)? {
                b"crx " => Some(RAW),
                b"avif" | b"avis" => Some(AVIF),
                b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1" => Some(HEIC),
                _ => None,
            };
        }
        [b'F', b'U', b'J', b'I', b'F', b'I', b'L', b'M', ..]
        | [b'I', b'I', b'U', 0, ..]
        | [b'I', b'I', b'R', b'O' | b'S', ..]
        | [b'F', b'O', b'V', b'b', ..] => return Some(RAW),
        _ => {}
    }
    let ending = path.extension()?.to_str()?.to_lowercase();
    let tiff = matches!(start, [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..]);
    (tiff && RAW_ENDINGS.contains(&ending.as_str())).then_some(RAW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_cameras_are_known_by_their_beginning_or_their_name() {
        let kind = |name: &str, start: &[u8]| foreign(Path::new(name), start).map(|f| f.kind);
        assert_eq!(kind("a", b"\0\0\0\x18ftypheic\0\0"), Some("HEIC"));
        assert_eq!(kind("a.jpg", b"\0\0\0\x18ftypmif1"), Some("HEIC"));
        assert_eq!(kind("a", b"\0\0\0\x18ftypavif"), Some("AVIF"));
        assert_eq!(kind("a.CR3", b"\0\0\0\x18ftypcrx "), Some("raw"));
        assert_eq!(kind("a.NEF", b"MM\0*1234"), Some("raw"));
        assert_eq!(kind("a.tif", b"II*\0"), None);
        assert_eq!(kind("a.raf", b"FUJIFILMCCD-RAW"), Some("raw"));
        assert_eq!(kind("a.mp4", b"\0\0\0\x18ftypisom"), None);
        assert_eq!(kind("a.png", b"\x89PNG"), None);
        assert_eq!(kind("a.nef", b"text"), None);
    }
}
