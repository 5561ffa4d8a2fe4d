//! Which archive on a server holds a data set, and how large may what is in it be?

/// An archive on a server.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    pub(crate) name: &'static str,
    /// Address of the folder on the server, without a slash at the end.
    pub(crate) base: String,
    pub(crate) file: &'static str,
    /// The SHA-256 of the archive, 64 hexadecimal digits. Its authors publish an MD5, which does not keep a forger out.
    pub(crate) sha256: String,
    /// The folder in the archive, which becomes the folder on disk.
    pub(crate) folder: &'static str,
    /// Names and lengths of the files without which the set is not complete.
    pub(crate) files: Vec<(&'static str, u64)>,
}

/// Bytes of a file that the set does not need, such as a list of names.
const MOST_OTHER: u64 = 1 << 20;

/// Bytes around the files of a set: other files, headers, padding.
const MOST_AROUND: u64 = 16 << 20;

impl Archive {
    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("{}/{}", self.base, self.file)
    }

    /// Bytes that a file of this name may have: those it should have, or little.
    pub(crate) fn most(&self, name: &str) -> u64 {
        let known = self.files.iter().find(|(file, _)| *file == name);
        known.map_or(MOST_OTHER, |(_, bytes)| *bytes)
    }

    /// Bytes that the whole archive may have, unpacked.
    pub(crate) fn most_unpacked(&self) -> u64 {
        let files: u64 = self.files.iter().map(|(_, bytes)| *bytes).sum();
        files + MOST_AROUND
    }
}
