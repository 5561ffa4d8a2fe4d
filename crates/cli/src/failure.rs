//! How does a failure leave the program? As a sentence with an error code, a hint and an exit code.

use std::fmt;
use timestep_data::DataError;
use timestep_export::{ExportError, FormatError};
use timestep_files::FileError;
use timestep_nets::NetError;
use timestep_nets::foreign::ForeignError;
use timestep_numerics::UnknownScheme;
use timestep_numerics::analysis::AnalysisError;
use timestep_picture::named::NoPictures;
use timestep_report::names::UnknownName;
use timestep_report::names::cite::CiteError;
use timestep_restore::RestoreError;
use timestep_restore::batch::BatchError;
use timestep_restore::job::JobError;
use timestep_study::coded::Coded;
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

/// Failures of errors of the library, by the hint that they have; or of what they become on the way.
macro_rules! from {
    ($($error:ty => |$own:ident| $hint:expr;)*) => {
        $(impl From<$error> for Failure {
            fn from($own: $error) -> Self {
                Self::of(&$own, $hint)
            }
        })*
    };
    ($($error:ty),*; through $other:ty) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                <$other>::from(error).into()
            }
        })*
    };
}

from! {
    TrainError => |error| error.hint();
    ForeignError => |error| error.hint();
    RestoreError => |error| error.hint();
    JobError => |error| error.hint();
    BatchError => |error| Some(error.hint());
    UnknownScheme => |error| Some(error.hint());
}

from! { RecipeError, FileError, DataError, NetError; through TrainError }

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

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Net(error) => error.into(),
            error @ ExportError::Implicit { .. } => Self::usage(
                error.to_string(),
                "export the weights alone (.safetensors, .npz), or train it with an explicit scheme of fixed steps, such as `rk4`",
            )
            .coded(Code::NotInLibrary),
            ExportError::Arrays(error) => error.into(),
            error @ ExportError::NotThere { .. } => Self::usage(
                error.to_string(),
                "let the output end in .py: that module needs only PyTorch",
            )
            .coded(Code::NotInLibrary),
            error @ ExportError::TooLarge { .. } => Self::usage(
                error.to_string(),
                "export as safetensors, which has no limit",
            )
            .coded(Code::ArraysUnwritable),
        }
    }
}

impl From<NoPictures> for Failure {
    fn from(error: NoPictures) -> Self {
        match error {
            NoPictures::File(error) => error.into(),
            error => Self::usage(
                error.to_string(),
                "pictures end in png, jpg, jpeg, bmp, tif, tiff, webp, gif, ppm or pgm",
            )
            .coded(Code::NoImages),
        }
    }
}

impl From<FormatError> for Failure {
    fn from(error: FormatError) -> Self {
        Self::usage(error.to_string(), error.hint()).coded(Code::ExportFormat)
    }
}

impl From<AnalysisError> for Failure {
    fn from(error: AnalysisError) -> Self {
        match error {
            AnalysisError::UnknownScheme(unknown) => unknown.into(),
            AnalysisError::NoRational { .. } => Self::of(
                &error,
                Some(
                    "`timestep analyze stability` shows the region of every scheme; Runge-Kutta methods and one-step implicit schemes have an order star"
                        .to_owned(),
                ),
            ),
            error => Self::of(&error, Some(ANALYSIS.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_code_is_used() {
        let mut all = String::new();
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        for folder in [own.join("src"), own.with_file_name("study").join("src")] {
            sources(&folder, &mut all);
        }
        for code in Code::ALL {
            let used = format!("Code::{code:?}");
            let mut found = all.split(&used).skip(1);
            let whole = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric());
            assert!(found.any(whole), "no failure has {}", code.key());
        }
    }

    /// The text of all source files.
    fn sources(folder: &Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).expect("the source folder is there in tests") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|e| e == "rs") {
                all.push_str(&std::fs::read_to_string(&path).expect("readable"));
            }
        }
    }
}
