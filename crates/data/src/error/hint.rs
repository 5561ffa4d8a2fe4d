//! Which one action helps against an error?

use std::io;

use super::DataError;

impl DataError {
    /// One action that helps, as a sentence without a full stop; `None` where there is none.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::UnknownDataset {
                near: Some(near), ..
            } => format!("did you mean `{near}`?"),
            Self::UnknownDataset { near: None, .. } => "`timestep data list` describes them".into(),
            Self::NeedsDirectory {
                can_fetch: true,
                name,
            } => {
                format!("download it with `timestep data fetch {name}`, then give its folder")
            }
            Self::NeedsDirectory { name, .. } => match *name {
                "npz" => "name the file: `timestep train pictures.npz`".into(),
                "image-list" => "name the file: `timestep train pictures.csv`".into(),
                _ => "name the folder that holds a folder of images for each class: `timestep train FOLDER`".into(),
            },
            Self::OwnTest { .. } => "leave out `data.held_out` and `data.split_seed`".into(),
            Self::FixedSize { .. } => "leave the size out".into(),
            Self::Io { cause, .. } => match cause.kind() {
                io::ErrorKind::StorageFull => "make room on the disk and try again".into(),
                io::ErrorKind::PermissionDenied => "check who may read and write it".into(),
                _ => return None,
            },
            Self::FolderMissing { .. } => "check the spelling; relative paths start at the \
                current folder"
                .into(),
            Self::FilesMissing {
                instead: Some(instead),
                ..
            } => {
                format!("this looks like {instead}; the binary version is needed")
            }
            Self::FilesMissing { name, .. } => {
                format!("`timestep data fetch {name}` downloads the complete set")
            }
            Self::WrongLength { .. } | Self::LabelOutOfRange { .. } => {
                "the file is damaged or another file by this name; fetch the set again".into()
            }
            Self::WrongClassNames { .. } => {
                "delete the file to use the built-in names, or fetch the set again".into()
            }
            Self::Layout { hint, .. } => hint.clone(),
            Self::BadImages { .. } => "replace or delete these files".into(),
            Self::GreyImage { .. } => "`--grey-as-rgb` shows it in all three channels; a network \
                trained on grey images takes it as it is"
                .into(),
            Self::MostlyGrey { .. } => "make them all grey or all RGB; a few grey images among \
                many in colour are shown in all three channels"
                .into(),
            Self::PadTooLarge { .. } => "an eighth of the side is usual: 4 for 32×32".into(),
            Self::NotWhole { .. } => {
                "open a folder of images with the option `full`; for the other \
                sets the crop is `pad`"
                    .into()
            }
            Self::BadNormalisation { .. } => {
                "leave it out to have it computed from the training images".into()
            }
            Self::NotFetchable { embedded: true, .. } => {
                "it is part of the program and needs no files".into()
            }
            Self::NotFetchable { .. } => "it is any folder of your own".into(),
            Self::Download { kept: 0, .. } => "check the connection and try again".into(),
            Self::Download { kept, .. } => {
                format!("try again: the download goes on after the {kept} bytes already here")
            }
            Self::WrongChecksum { .. } => "try again; if it repeats, a proxy or the server sends \
                another file"
                .into(),
            Self::BadArchive { .. } => "delete the archive and fetch it again".into(),
            Self::Occupied { .. } => "move the folder away or delete it, then fetch again".into(),
            Self::Embedded { .. } => "reinstall the program and report this".into(),
            Self::FolderUnused { folder, .. } => format!(
                "leave the folder out, or train on its pictures: `timestep train {}`",
                folder.display()
            ),
            Self::BadOption { .. }
            | Self::LabelWithoutClass { .. }
            | Self::SplitMismatch { .. }
            | Self::IndexOutOfRange { .. }
            | Self::NoImages { .. } => return None,
        };
        Some(text)
    }
}
