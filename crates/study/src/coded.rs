//! Which code has an error? Matches without a wildcard: a new variant needs a decision here.

use crate::codes::Code;
use std::io;
use timestep_data::DataError;
use timestep_files::{Action, FileError, LockError};
use timestep_nets::NetError;
use timestep_nets::foreign::ForeignError;
use timestep_numerics::analysis::AnalysisError;
use timestep_numerics::{StepError, UnknownScheme};
use timestep_picture::PictureError;
use timestep_restore::RestoreError;
use timestep_restore::batch::BatchError;
use timestep_restore::job::JobError;
use timestep_train::TrainError;
use timestep_train::event::SinkError;
use timestep_train::recipe::{ProblemKind, RecipeError};
use timestep_train::sinks::OpenError;

/// An error whose every variant has a code.
pub trait Coded {
    /// Its code.
    fn code(&self) -> Code;
}

/// The code of a failed file operation; a full disk is one whatever was being done.
#[must_use]
pub fn of_file(error: &io::Error, reading: bool) -> Code {
    of_kind(error.kind(), reading)
}

fn of_kind(kind: io::ErrorKind, reading: bool) -> Code {
    match (kind, reading) {
        (io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded, _) => Code::DiskFull,
        (_, true) => Code::Unreadable,
        (_, false) => Code::Unwritable,
    }
}

impl Coded for TrainError {
    fn code(&self) -> Code {
        match self {
            Self::Recipe(error) => error.code(),
            Self::Cluster(_) => Code::Ranks,
            Self::Net(error) => error.code(),
            Self::Data(error) => error.code(),
            Self::Pictures(_) | Self::NeedsPictures | Self::NotHeldOut { .. } => {
                Code::TrainingPictures
            }
            Self::Restore(error) => error.code(),
            Self::Start { .. } => Code::OtherModel,
            Self::RestorerWeights(_) => Code::OtherTask,
            Self::File(error) => error.code(),
            Self::Sink(error) => error.code(),
            Self::Log(error) => error.code(),
            // Weights lie anywhere; the state of a run in its folder `state`, other records are no safetensors.
            Self::Damaged { path, .. } => {
                let state = path
                    .parent()
                    .is_some_and(|folder| folder.ends_with("state"));
                match path.extension().is_some_and(|e| e == "safetensors") && !state {
                    true => Code::WeightsDamaged,
                    false => Code::RunDamaged,
                }
            }
            Self::NotFinite { .. } => Code::WeightsNotFinite,
            Self::NotARun { .. } => Code::NotARun,
            Self::Lock(error) => error.code(),
            Self::Gone { .. } => Code::RunGone,
            Self::RunName { .. } => Code::RunName,
            Self::OtherSettings { .. } => Code::OtherSettings,
            Self::OtherBudget { .. } => Code::OtherBudget,
            Self::Optimiser(_) | Self::AllFrozen => Code::OutOfRange,
            Self::UnknownPart { .. } => Code::UnknownPart,
            Self::OtherStart { .. } => Code::OtherNetwork,
            Self::OtherData { .. } => Code::OtherData,
            Self::OtherColours { .. } => Code::Colours,
            Self::OtherImages { .. } => Code::OtherImages,
        }
    }
}

impl Coded for RecipeError {
    fn code(&self) -> Code {
        let [problem] = &self.problems[..] else {
            return Code::Problems;
        };
        match problem.kind {
            ProblemKind::UnknownSetting => Code::UnknownSetting,
            ProblemKind::UnknownName => Code::UnknownWord,
            ProblemKind::WrongType => Code::WrongType,
            ProblemKind::OutOfRange => Code::OutOfRange,
            ProblemKind::OtherTask => Code::OtherTask,
            ProblemKind::Syntax => Code::Syntax,
            ProblemKind::Unreadable => Code::RecipeUnreadable,
        }
    }
}

impl Coded for NetError {
    fn code(&self) -> Code {
        match self {
            Self::Unknown { .. } => Code::UnknownPart,
            Self::Incompatible(_) => Code::Incompatible,
            Self::TooLarge { .. } => Code::TooLarge,
            Self::Step { source, .. } => source.code(),
            Self::Corrupt(_) | Self::Weights(_) => Code::WeightsDamaged,
            Self::Mismatch { .. } => Code::OtherNetwork,
            Self::NotHalf(_) => Code::ArraysUnwritable,
            Self::Device(_) | Self::NoDevice(_) | Self::OnlyEvaluates(_) => Code::Device,
            Self::NotSampled(_) => Code::NotSampled,
            Self::Unmeasurable(_) | Self::Controlled(_) => Code::NoAnswer,
            Self::Analysis(error) => error.code(),
        }
    }
}

impl Coded for StepError {
    fn code(&self) -> Code {
        match self {
            Self::NoHalves { .. } => Code::Incompatible,
            Self::MissingCoefficients { .. }
            | Self::NotInvertible { .. }
            | Self::NoFixedPoint { .. }
            | Self::Uncontrolled(_)
            | Self::Rhs(_) => Code::Step,
        }
    }
}

impl Coded for ForeignError {
    fn code(&self) -> Code {
        match self {
            Self::NotPytorch(_)
            | Self::Legacy
            | Self::TorchScript
            | Self::Corrupt(_)
            | Self::NoWeights(_)
            | Self::Ambiguous(_) => Code::NoCheckpoint,
            Self::Refused(_) => Code::CheckpointRefused,
            Self::Write(_) => Code::ArraysUnwritable,
        }
    }
}

impl Coded for DataError {
    fn code(&self) -> Code {
        match self {
            Self::UnknownDataset { .. } => Code::UnknownData,
            Self::NeedsDirectory { .. }
            | Self::FolderMissing { .. }
            | Self::FilesMissing { .. } => Code::DataMissing,
            Self::FixedSize { .. }
            | Self::BadOption { .. }
            | Self::FolderUnused { .. }
            | Self::OwnTest { .. }
            | Self::PadTooLarge { .. }
            | Self::NotWhole { .. }
            | Self::BadNormalisation { .. } => Code::DataOption,
            Self::Io { action, cause, .. } => of_file(cause, matches!(*action, "open" | "read")),
            Self::WrongLength { .. }
            | Self::LabelOutOfRange { .. }
            | Self::WrongClassNames { .. }
            | Self::LabelWithoutClass { .. }
            | Self::SplitMismatch { .. } => Code::DataDamaged,
            Self::Layout { .. } => Code::Layout,
            Self::BadImages { .. } => Code::BadImages,
            Self::GreyImage { .. } | Self::MostlyGrey { .. } => Code::Colours,
            Self::IndexOutOfRange { .. } | Self::NoImages { .. } => Code::NoImages,
            Self::NotFetchable { .. } | Self::Download { .. } => Code::Download,
            Self::WrongChecksum { .. } | Self::BadArchive { .. } => Code::DownloadDamaged,
            Self::Occupied { .. } => Code::Occupied,
            Self::Embedded { .. } => Code::EmbeddedDamaged,
        }
    }
}

impl Coded for FileError {
    fn code(&self) -> Code {
        let reading = match self.action() {
            Action::Open | Action::Read => true,
            Action::CreateFolder
            | Action::Create
            | Action::Write
            | Action::Truncate
            | Action::Replace => false,
        };
        of_kind(self.kind(), reading)
    }
}

impl Coded for LockError {
    fn code(&self) -> Code {
        match self {
            Self::Held { .. } => Code::InUse,
            Self::File(error) => error.code(),
        }
    }
}

impl Coded for SinkError {
    fn code(&self) -> Code {
        match self.source.code() {
            Code::DiskFull => Code::DiskFull,
            _ => Code::Log,
        }
    }
}

impl Coded for OpenError {
    fn code(&self) -> Code {
        match self {
            Self::Unknown { .. } => Code::UnknownWord,
            Self::Sink(error) => error.code(),
        }
    }
}

impl Coded for RestoreError {
    fn code(&self) -> Code {
        match self {
            Self::BadPlane { .. } | Self::Mismatch(_) => Code::OtherPicture,
            Self::NotFinite { .. } => Code::NotFinite,
            Self::BadSigma(_) => Code::NoiseLevel,
            Self::UnknownMethod(_) => Code::UnknownMethod,
            Self::Diverged => Code::Diverged,
            Self::BadModel(_) => Code::OtherModel,
        }
    }
}

impl Coded for PictureError {
    fn code(&self) -> Code {
        match self {
            Self::Read { source, .. } => of_file(source, true),
            Self::Write { source, .. } => of_file(source, false),
            Self::Folder { .. }
            | Self::NoPicture { .. }
            | Self::Undeveloped { .. }
            | Self::Unsupported { .. } => Code::NoPicture,
            Self::Damaged { .. } => Code::PictureDamaged,
            Self::TooLarge { .. } => Code::Memory,
            Self::NotFinite { .. } => Code::NotFinite,
            Self::UnknownEnding { .. } | Self::CannotHold { .. } => Code::OutputKind,
        }
    }
}

impl Coded for JobError {
    fn code(&self) -> Code {
        match self {
            Self::Picture(error) => error.code(),
            Self::Restore(error) => error.code(),
            Self::OtherReference { .. } => Code::OtherPicture,
            Self::BadFactor { .. } => Code::NoiseLevel,
            Self::TooLarge { .. } => Code::Memory,
            Self::Interrupted => Code::Interrupted,
        }
    }
}

impl Coded for BatchError {
    fn code(&self) -> Code {
        match self {
            Self::NoOutput
            | Self::NotAFolder(_)
            | Self::Collision { .. }
            | Self::NoName(_)
            | Self::Stream
            | Self::OntoItself(_) => Code::OutputPlace,
        }
    }
}

impl Coded for UnknownScheme {
    fn code(&self) -> Code {
        Code::UnknownPart
    }
}

impl Coded for AnalysisError {
    fn code(&self) -> Code {
        match self {
            Self::UnknownScheme(error) => error.code(),
            Self::NoCoefficient { .. } | Self::NotFinite { .. } | Self::BadInput { .. } => {
                Code::AnalysisInput
            }
            Self::NotZeroStable { .. }
            | Self::NoTimeScale { .. }
            | Self::Inconsistent { .. }
            | Self::NoPolynomial { .. }
            | Self::NoRational { .. }
            | Self::NoSubsteps { .. }
            | Self::Eigenvalues { .. }
            | Self::NoAsymptoticRange { .. }
            | Self::NoSpectrum => Code::NoAnswer,
            Self::Step(error) => error.code(),
        }
    }
}
