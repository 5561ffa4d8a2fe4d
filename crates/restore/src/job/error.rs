//! Why was a picture not restored, and what helps?

use crate::RestoreError;
use timestep_picture::{PictureError, allow, memory, size};

/// Why a picture was not restored.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Its file, or that of the result.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The method.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The reference is another picture.
    #[error("the picture is {picture}, its reference is {reference}")]
    OtherReference {
        /// The picture in words.
        picture: String,
        /// The reference in words.
        reference: String,
    },
    /// A factor of the noise level that makes no sense.
    #[error("{name} {value} is not between 0 and 100")]
    BadFactor {
        /// Its name.
        name: &'static str,
        /// What was given.
        value: f64,
    },
    /// It does not fit into the memory allowed.
    #[error("the picture needs {}, more than the {} allowed", memory(*.needs), size(*.allowed))]
    TooLarge {
        /// Bytes that would do.
        needs: u64,
        /// Bytes allowed.
        allowed: u64,
    },
    /// Stopped from outside.
    #[error("interrupted")]
    Interrupted,
}

impl JobError {
    /// One action that helps.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Picture(error) => error.hint(),
            Self::Restore(error) => error.hint(),
            Self::OtherReference { .. } => {
                Some("the reference must have the same size and colours".into())
            }
            Self::BadFactor { .. } => {
                Some("1 restores as the noise level says, less keeps more of the grain".into())
            }
            Self::TooLarge { needs, .. } => Some(allow(*needs)),
            Self::Interrupted => Some("pictures that are done are skipped next time".into()),
        }
    }
}
