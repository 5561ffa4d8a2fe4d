//! What can go wrong while a picture is restored?

use timestep_picture::BadPlane;

/// Why a picture could not be restored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RestoreError {
    /// A plane without pixels, or whose number of pixels is not width times height.
    #[error(transparent)]
    BadPlane(#[from] BadPlane),
    /// Channels of different sizes, or not as many noise levels as channels.
    #[error("the channels of a picture do not fit together: {0}")]
    Mismatch(String),
    /// Pixels that are NaN or infinite.
    #[error("{count} of {total} pixels are not finite (NaN or infinity)")]
    NotFinite {
        /// How many.
        count: usize,
        /// Of how many.
        total: usize,
    },
    /// A noise level that no picture has.
    #[error("noise level {0} is not between 0 and 255 grey levels")]
    BadSigma(f64),
    /// No method has this name.
    #[error("there is no method `{0}`")]
    UnknownMethod(String),
    /// Training began where the loss is not a number.
    #[error("the loss of training is not finite at its start")]
    Diverged,
    /// A model that does not fit.
    #[error("the model does not fit: {0}")]
    BadModel(String),
}

impl RestoreError {
    /// One action that helps.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::BadPlane(_) => "give width × height numbers, at least one",
                Self::Mismatch(_) => "give channels of one size, and one noise level for each",
                Self::NotFinite { .. } => {
                    "replace these pixels first, for instance by the mean of their neighbours"
                }
                Self::BadSigma(_) => {
                    "sigma is the standard deviation of the noise in grey levels of 0..255; \
                     visible noise has 5 to 50"
                }
                Self::UnknownMethod(_) => "use one of those that `timestep list methods` shows",
                Self::Diverged => "start from other weights, or from the published start",
                Self::BadModel(_) => "leave the model out to use one of those in the program",
            }
            .to_owned(),
        )
    }
}
