//! How does a command get its weights? With a word about files that hold no checksum.

use crate::failure::Failure;
use crate::ui::Ui;
use std::path::Path;
use timestep_train::Trained;

/// Whether weights that are NaN or infinite are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NonFinite {
    /// As `--allow-non-finite` says, or because the answer shows where they are.
    Allowed,
    /// Everything that is computed with them would be NaN.
    Refused,
}

impl NonFinite {
    /// What `--allow-non-finite` means.
    pub(crate) fn flag(allowed: bool) -> Self {
        if allowed {
            Self::Allowed
        } else {
            Self::Refused
        }
    }
}

/// Reads a weights file, or the best weights of a run folder.
pub(crate) fn load(path: &Path, non_finite: NonFinite, ui: Ui) -> Result<Trained, Failure> {
    let trained = match non_finite {
        NonFinite::Allowed => Trained::load(path)?,
        NonFinite::Refused => Trained::load_finite(path)?,
    };
    if !trained.checked {
        unchecked(path, ui);
    }
    Ok(trained)
}

/// Says that a file holds no checksum.
pub(crate) fn unchecked(path: &Path, ui: Ui) {
    ui.note(&format!(
        "`{}` was written by version 0.1, without a checksum: damage to its numbers would not be noticed",
        path.display()
    ));
}
