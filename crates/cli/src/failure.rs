//! How does a failure leave the program? As a sentence with an error code, a hint and an exit code.

use crate::coded::Coded;
use std::fmt;
use timestep_data::DataError;
use timestep_export::ExportError;
use timestep_files::FileError;
use timestep_nets::NetError;
use timestep_nets::foreign::ForeignError;
use timestep_numerics::UnknownScheme;
use timestep_numerics::analysis::AnalysisError;
use timestep_report::names::UnknownName;
use timestep_report::names::cite::CiteError;
use timestep_restore::RestoreError;
use timestep_restore::batch::BatchError;
use timestep_restore::job::JobError;
use timestep_study::codes::Code;
use timestep_study::conditions::{ConditionError, NotMet};
use timestep_train::TrainError;
use timestep_train::recipe::RecipeError;

/// It ran, but the outcome is negative: diverged, or a `--require` not met.
pub(crate) const NEGATIVE: u8 = 1;
/// Wrong usage, recipe, data or file.
pub(crate) const USAGE: u8 = 2;
/// What helps where a scheme has no answer at a coefficient.
const ANALYSIS: &str = "coefficients between -1 and 1 are zero-stable for `lm` and `momentum`; `timestep list \
                        schemes` shows which schemes have one";
/// A fault of the program itself.
pub(crate) const INTERNAL: u8 = 3;
/// Interrupted with the state saved.
pub(crate) const INTERRUPTED: u8 = 130;

/// What a command returns instead of a result.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Exit code.
    pub(crate) code: u8,
    /// Which kind of failure it is: `timestep explain` has a page on each.
    pub(crate) error: Code,
    /// What failed, in one sentence (recipes: one line per problem).
    pub(crate) message: String,
    /// What helps.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// Something a person can put right: wrong usage, unless [`coded`](Self::coded) says more.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code: USAGE,
            error: Code::Usage,
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// The program did what it should, and the answer is no.
    pub(crate) fn negative(message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            code: NEGATIVE,
            error: Code::NotMet,
            message: message.into(),
            hint,
        }
    }

    /// The same failure with a code of its own.
    pub(crate) fn coded(self, error: Code) -> Self {
        Self { error, ..self }
    }

    /// An error of the library, which has words, a code and perhaps a hint.
    pub(crate) fn of(error: &(impl fmt::Display + Coded), hint: Option<String>) -> Self {
        Self {
            code: USAGE,
            error: error.code(),
            message: error.to_string(),
            hint,
        }
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        Self::of(&error, error.hint())
    }
}

impl From<UnknownName> for Failure {
    fn from(error: UnknownName) -> Self {
        Self::usage(error.to_string(), error.hint).coded(Code::UnknownName)
    }
}

impl From<CiteError> for Failure {
    fn from(error: CiteError) -> Self {
        match error {
            CiteError::Unknown(unknown) => unknown.into(),
            CiteError::Unreadable(error) => error.into(),
        }
    }
}

impl From<ConditionError> for Failure {
    fn from(error: ConditionError) -> Self {
        let failure = Self::usage(error.to_string(), error.hint());
        match error {
            ConditionError::Unreadable { .. } => failure,
            ConditionError::OtherTask { .. } => failure.coded(Code::OtherTask),
        }
    }
}

impl From<NotMet> for Failure {
    fn from(error: NotMet) -> Self {
        Self::negative(error.to_string(), None)
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
        Self::of(&error, error.hint())
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Net(error) => error.into(),
            error => {
                let hint = match error {
                    ExportError::Implicit { .. } => {
                        "export the weights alone (.safetensors, .npz), or train it with an explicit scheme such as `rk4`"
                    }
                    ExportError::NotThere { .. } => {
                        "let the output end in .py: that module needs only PyTorch, for every network"
                    }
                    _ => "export as safetensors, which has no limit",
                };
                Self::of(&error, Some(hint.to_owned()))
            }
        }
    }
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Self {
        Self::of(&error, error.hint())
    }
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        Self::of(&error, error.hint())
    }
}

impl From<BatchError> for Failure {
    fn from(error: BatchError) -> Self {
        Self::of(&error, Some(error.hint()))
    }
}

impl From<UnknownScheme> for Failure {
    fn from(error: UnknownScheme) -> Self {
        Self::of(&error, Some(error.hint()))
    }
}

impl From<AnalysisError> for Failure {
    fn from(error: AnalysisError) -> Self {
        match error {
            AnalysisError::UnknownScheme(unknown) => unknown.into(),
            error => Self::of(&error, Some(ANALYSIS.to_owned())),
        }
    }
}
