//! How does a failure leave the program? As a sentence, a hint and an exit code.

use timestep_data::DataError;
use timestep_nets::NetError;
use timestep_nets::foreign::ForeignError;
use timestep_numerics::UnknownScheme;
use timestep_numerics::analysis::AnalysisError;
use timestep_restore::RestoreError;
use timestep_restore::batch::BatchError;
use timestep_restore::job::JobError;
use timestep_train::TrainError;
use timestep_train::files::FileError;
use timestep_train::recipe::RecipeError;

/// It ran, but the outcome is negative: diverged, or a `--require` not met.
pub(crate) const NEGATIVE: u8 = 1;
/// Wrong usage, recipe, data or file.
pub(crate) const USAGE: u8 = 2;
/// What helps where a scheme has no answer at a coefficient.
const ANALYSIS: &str = "coefficients between -1 and 1 are zero-stable for `lm` and `momentum`; `timestep list \
                        schemes` shows which schemes have one";
/// Interrupted with the state saved.
pub(crate) const INTERRUPTED: u8 = 130;

/// What a command returns instead of a result.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Exit code.
    pub(crate) code: u8,
    /// What failed, in one sentence (recipes: one line a problem).
    pub(crate) message: String,
    /// What helps.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// Something a person can put right.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: USAGE,
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// The program did what it should, and the answer is no.
    pub(crate) fn negative(message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            code: NEGATIVE,
            message: message.into(),
            hint,
        }
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        Self {
            code: USAGE,
            hint: error.hint(),
            message: error.to_string(),
        }
    }
}

impl From<RecipeError> for Failure {
    fn from(error: RecipeError) -> Self {
        TrainError::from(error).into()
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        TrainError::from(error).into()
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        TrainError::from(error).into()
    }
}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        TrainError::from(error).into()
    }
}

impl From<ForeignError> for Failure {
    fn from(error: ForeignError) -> Self {
        Self {
            code: USAGE,
            hint: error.hint(),
            message: error.to_string(),
        }
    }
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Self {
        Self {
            code: USAGE,
            hint: error.hint(),
            message: error.to_string(),
        }
    }
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        Self {
            code: USAGE,
            hint: error.hint(),
            message: error.to_string(),
        }
    }
}

impl From<BatchError> for Failure {
    fn from(error: BatchError) -> Self {
        Self {
            code: USAGE,
            hint: Some(error.hint()),
            message: error.to_string(),
        }
    }
}

impl From<UnknownScheme> for Failure {
    fn from(error: UnknownScheme) -> Self {
        Self {
            code: USAGE,
            message: error.to_string(),
            hint: Some(error.hint()),
        }
    }
}

impl From<AnalysisError> for Failure {
    fn from(error: AnalysisError) -> Self {
        if let AnalysisError::UnknownScheme(unknown) = error {
            return unknown.into();
        }
        Self {
            code: USAGE,
            message: error.to_string(),
            hint: Some(ANALYSIS.to_owned()),
        }
    }
}
