//! What can be wrong with a picture file, and what helps?

use crate::{Foreign, Format};
use std::io;
use std::path::PathBuf;

/// Why a picture file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The file cannot be opened or read.
    #[error("cannot read `{}`: {}", .path.display(), file_cause(.source))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder where a file is wanted.
    #[error("`{}` is a folder, not a picture", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// No picture at all: empty, text, something else.
    #[error("`{}` is no picture: {what}", .path.display())]
    NoPicture {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: String,
    },
    /// A file of a camera that another program makes a picture of.
    #[error("`{}` is a {} file, which is not read here", .path.display(), .foreign.kind)]
    Undeveloped {
        /// The file.
        path: PathBuf,
        /// What it is.
        foreign: Foreign,
    },
    /// Cut short or corrupt.
    #[error("`{}` is a {} that is damaged or cut short: {reason}", .path.display(), .format.name())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it began like.
        format: Format,
        /// What the decoder said.
        reason: String,
    },
    /// A kind that is not read.
    #[error("`{}` is a {} of a kind that is not supported: {what}", .path.display(), .format.name())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it is.
        format: Format,
        /// Which kind.
        what: String,
    },
    /// It does not fit into the memory allowed.
    #[error("`{}` needs {}, more than the {} allowed", .path.display(), memory(*.needs), size(*.allowed))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes that would do; `u64::MAX` if that is no number.
        needs: u64,
        /// Bytes allowed.
        allowed: u64,
    },
    /// NaN or infinite samples.
    #[error("{count} of {total} samples in `{}` are not finite (NaN or infinity)", .path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// How many.
        count: usize,
        /// Of how many colour samples.
        total: usize,
    },
    /// The name does not say which kind of file to write.
    #[error("the ending of `{}` names no kind of picture", .path.display())]
    UnknownEnding {
        /// The output.
        path: PathBuf,
    },
    /// The kind of file cannot hold the picture.
    #[error("`{}`: {} cannot hold {what}", .path.display(), .format.name())]
    CannotHold {
        /// The output.
        path: PathBuf,
        /// Its kind.
        format: Format,
        /// What it cannot hold.
        what: String,
    },
    /// The output cannot be written.
    #[error("cannot write `{}`: {}", .path.display(), file_cause(.source))]
    Write {
        /// The output.
        path: PathBuf,
        /// What the system or the encoder said.
        source: io::Error,
    },
}

impl PictureError {
    /// What is wrong, said of a file that was named before: `it is empty (0 bytes)`.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Read { source, .. } => format!("it cannot be read ({})", file_cause(source)),
            Self::Folder { .. } => "it is a folder".to_owned(),
            Self::NoPicture { what, .. } => what.clone(),
            Self::Undeveloped { foreign, .. } => {
                format!("it is a {} file, which is not read here", foreign.kind)
            }
            Self::Damaged { format, reason, .. } => {
                format!(
                    "it is a {} that is damaged or cut short ({reason})",
                    format.name()
                )
            }
            Self::Unsupported { format, what, .. } => {
                format!(
                    "it is a {} of a kind that is not supported ({what})",
                    format.name()
                )
            }
            Self::TooLarge { needs, allowed, .. } => {
                format!("it needs {}, more than {}", memory(*needs), size(*allowed))
            }
            Self::NotFinite { count, .. } => {
                format!("{count} of its samples are not finite (NaN or infinity)")
            }
            Self::UnknownEnding { .. } => "its ending names no kind of picture".to_owned(),
            Self::CannotHold { format, what, .. } => {
                format!("{} cannot hold {what}", format.name())
            }
            Self::Write { source, .. } => format!("it cannot be written ({})", file_cause(source)),
        }
    }

    /// One action that helps.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { path, source } | Self::Write { path, source } => {
                return file_hint(path, source);
            }
            Self::Folder { .. } => {
                "give a folder as input and another as output to restore all pictures in it".into()
            }
            Self::Undeveloped { path, foreign } => {
                let file = path.display().to_string();
                format!(
                    "make a picture of it first: `{}`",
                    foreign.with.replace("FILE", &file)
                )
            }
            Self::NoPicture { .. } | Self::Unsupported { .. } => {
                "give a PNG, JPEG or TIFF (8 bit, 16 bit or float; grey or RGB), BMP, WebP or PNM"
                    .into()
            }
            Self::Damaged { .. } => {
                "open it in a viewer, or copy it again from where it came".into()
            }
            Self::TooLarge { needs, .. } => allow(*needs),
            Self::NotFinite { .. } => {
                "replace these pixels first, for instance by the mean of their neighbours".into()
            }
            Self::UnknownEnding { .. } => "let its name end in .png, .jpg or .tif".into(),
            Self::CannotHold { .. } => {
                "PNG holds 8 and 16 bit with alpha, TIFF floats as well; choose such an ending"
                    .into()
            }
        })
    }
}

/// The cause of a failed file operation in words: common ones plainly, the rest as reported.
#[must_use]
pub fn file_cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "the disk quota is used up".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        _ => error.to_string(),
    }
}

/// What helps against the cause of a failed file operation on `path`.
#[must_use]
pub fn file_hint(path: &std::path::Path, error: &io::Error) -> Option<String> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.display().to_string(),
        _ => ".".to_owned(),
    };
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(format!(
            "free some space on the disk that holds `{folder}`, or write somewhere else"
        )),
        io::ErrorKind::PermissionDenied => Some(format!(
            "check the permissions with `ls -ld {folder}`, or choose a folder of your own"
        )),
        io::ErrorKind::ReadOnlyFilesystem => Some(format!(
            "`{folder}` is on a read-only file system; choose another folder"
        )),
        io::ErrorKind::NotFound => Some(format!("see what is there with `ls {folder}`")),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            Some("a part of the path is a file; choose another folder".to_owned())
        }
        io::ErrorKind::IsADirectory => Some("that is a folder; give the path of a file".to_owned()),
        _ => None,
    }
}

/// A number of bytes in words.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1 << 10)),
        _ => format!("{} MiB", bytes.div_ceil(1 << 20)),
    }
}

/// Memory that is needed, in words.
#[must_use]
pub fn memory(needs: u64) -> String {
    match needs {
        u64::MAX => "more memory than can be counted".to_owned(),
        needs => format!("{} of memory", size(needs)),
    }
}

/// How memory that is needed is allowed.
#[must_use]
pub fn allow(needs: u64) -> String {
    // No machine has 64 TiB: the file is damaged, or was made to do damage.
    if needs > 1 << 46 {
        return "the sizes in its head are wrong; copy it again from where it came".to_owned();
    }
    let mib = needs.div_ceil(1 << 20);
    format!("allow it with --memory {mib}M, or cut the picture into parts")
}
