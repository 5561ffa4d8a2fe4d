//! Why could a run not start, go on or be used?

use crate::cluster::ClusterError;
use crate::event::SinkError;
use crate::files::FileError;
use crate::optimisers::OptimiserError;
use crate::recipe::{Difference, RecipeError};
use crate::sinks::OpenError;
use std::path::PathBuf;
use timestep_data::DataError;
use timestep_files::LockError;
use timestep_nets::NetError;
use timestep_restore::RestoreError;
use timestep_restore::learned::PicturesError;

/// What can go wrong with a run. The text is one sentence; [`hint`](TrainError::hint) helps.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The recipe is wrong.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// Several processes cannot train together.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The network cannot be built, or weights do not fit it.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The data cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Pictures of a restorer cannot be used.
    #[error(transparent)]
    Pictures(#[from] PicturesError),
    /// A restorer cannot be made or measured.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// A restorer has no pictures to train on.
    #[error("the pictures to train on are not named: `data.dir` is empty")]
    NeedsPictures,
    /// A picture is trained on and measured on.
    #[error("`{}` is trained on and measured on", .picture.display())]
    NotHeldOut {
        /// The picture.
        picture: PathBuf,
    },
    /// A restorer cannot start from these weights.
    #[error("`model.start = \"{start}\"` cannot be started from: {source}")]
    Start {
        /// What was named.
        start: String,
        /// The reason.
        source: RestoreError,
    },
    /// Weights of a restorer, where those of a classifier are needed.
    #[error("`{}` holds a restorer, not a classifier", .0.display())]
    RestorerWeights(PathBuf),
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// A log failed.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// A log cannot be opened.
    #[error(transparent)]
    Log(#[from] OpenError),
    /// A file of a run or of weights is damaged.
    #[error("`{}`: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Weights that are NaN or infinite.
    #[error(
        "`{}` holds numbers that are not finite (NaN or infinity): {count} in `{name}`", .path.display()
    )]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The first array that holds some.
        name: String,
        /// How many it holds.
        count: usize,
    },
    /// A folder is no run, or a run without saved state.
    #[error("`{}` is not the folder of a run: {what}", .path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        what: String,
    },
    /// Another process works in the folder of a run or a table.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The folder of a run was removed while it was trained.
    #[error("the folder of the run `{}` was removed or replaced while it was trained", .run.display())]
    Gone {
        /// Folder of the run.
        run: PathBuf,
    },
    /// A name that no run can have.
    #[error("`{}` cannot be the name of a run: {what}", name.escape_debug())]
    RunName {
        /// What was asked for.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A run was asked to continue as something else.
    #[error(
        "the run `{}` cannot continue with other settings: {}", .run.display(),
        .differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    OtherSettings {
        /// Folder of the run.
        run: PathBuf,
        /// Settings that differ.
        differences: Vec<Difference>,
    },
    /// A folder of a table holds runs of another budget.
    #[error(
        "`{}` holds runs of another budget\n  there: {saved}\n  asked: {asked}",
        .folder.display()
    )]
    OtherBudget {
        /// Folder of the table.
        folder: PathBuf,
        /// The budget in the folder, in words.
        saved: String,
        /// The budget that was asked for.
        asked: String,
    },
    /// The optimiser of a recipe that was not checked.
    #[error(transparent)]
    Optimiser(#[from] OptimiserError),
    /// A part that is to be frozen is not there.
    #[error("the network has no part `{name}`")]
    UnknownPart {
        /// What was asked for.
        name: String,
        /// The parts that there are.
        parts: Vec<String>,
    },
    /// Nothing is left to be trained.
    #[error("all parts of the network are frozen, so nothing would be learned")]
    AllFrozen,
    /// Weights to start from are those of another network.
    #[error(
        "the weights `{}` are not those of a `{network}` like this one: {}", .path.display(),
        few(.differences)
    )]
    OtherStart {
        /// The weights.
        path: PathBuf,
        /// Name of the network that is trained.
        network: String,
        /// In what they differ.
        differences: Vec<String>,
    },
    /// A run was asked to continue on other data.
    #[error("the run `{}` was started on other data than `{data}` holds now", .run.display())]
    OtherData {
        /// Folder of the run.
        run: PathBuf,
        /// Name of the data set.
        data: String,
    },
    /// Grey images where colours are expected, or the other way round.
    #[error("{what} for {}, and the data holds {}", colours(*.wanted), colours(*.given))]
    OtherColours {
        /// The start of the sentence: `the weights are`.
        what: &'static str,
        /// Channels expected.
        wanted: usize,
        /// Channels of the images.
        given: usize,
    },
    /// The network does not take the images of the data set.
    #[error("the weights are for {wanted}, the data has {given}")]
    OtherImages {
        /// What the network was trained for.
        wanted: String,
        /// What the data holds.
        given: String,
    },
}

/// The first of many differences, and how many there are.
fn few(differences: &[String]) -> String {
    const SHOWN: usize = 6;
    let mut shown = differences[..differences.len().min(SHOWN)].join("; ");
    if differences.len() > SHOWN {
        shown.push_str(&format!("; and {} more", differences.len() - SHOWN));
    }
    shown
}

/// Images of so many channels, in words.
fn colours(channels: usize) -> &'static str {
    match channels {
        1 => "grey images only",
        _ => "RGB images",
    }
}

impl TrainError {
    /// One action that helps, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            // The recipe's own text carries a hint for each problem.
            TrainError::Recipe(_) => None,
            TrainError::Cluster(error) => Some(error.hint()),
            TrainError::Net(error) => error.hint(),
            TrainError::Data(error) => error.hint(),
            TrainError::Pictures(error) => error.hint(),
            TrainError::Restore(error) => error.hint(),
            TrainError::NeedsPictures => Some(
                "give their folder with `--data-dir`, for instance the 400 crops of BSDS500 that denoisers are \
                 trained on"
                    .into(),
            ),
            TrainError::NotHeldOut { .. } => Some(
                "choose others with `data.test_every` and `data.test_skip`, or another folder with `data.test_dir`"
                    .into(),
            ),
            TrainError::Start { .. } => Some(
                "leave `model.start` empty for the published start, or name weights of the same method, size, \
                 scheme and number of steps"
                    .into(),
            ),
            TrainError::RestorerWeights(path) => Some(format!(
                "`timestep denoise PICTURE -o OUT --model {0}` cleans pictures with it, `timestep analyze diffusion \
                 {0}` shows what it learned",
                path.display()
            )),
            TrainError::File(error) => error.hint(),
            TrainError::Sink(error) => error.hint(),
            TrainError::Log(error) => error.hint(),
            TrainError::Lock(error) => error.hint(),
            TrainError::Gone { .. } => Some(
                "nothing of it is left there; train again, and move a run only when it has ended".into(),
            ),
            TrainError::RunName { .. } => Some(
                "give the name of one folder, such as `lm-wide`; `--out` says in which folder it is made".into(),
            ),
            TrainError::Damaged { .. } => {
                Some("restore the file from a copy, or train again".to_owned())
            }
            TrainError::NotFinite { .. } => Some(
                "use weights that were saved before training diverged; `eval`, `predict`, `import` and `export` take \
                 these nevertheless with `--allow-non-finite`"
                    .to_owned(),
            ),
            TrainError::NotARun { .. } => Some(
                "give the folder that `train` printed, for instance `runs/lm-resnet-20-s0`".into(),
            ),
            // The steps that were taken would have had other rates.
            TrainError::OtherSettings { differences, .. }
                if differences.iter().any(|d| d.path == "train.epochs") =>
            {
                Some(
                    "with a cosine or one-cycle schedule the rate of every step depends on the number of epochs; \
                     start a new run from these weights with `--init`, or use `schedule.name = \"constant\"` or \
                     `\"multi-step\"` for runs that may become longer"
                        .into(),
                )
            }
            TrainError::OtherSettings { .. } => Some(
                "only the time budget, `train.keep` and `data.dir` may change, of a classifier also `train.patience`, \
                 `train.eval_batch` and, with a constant or multi-step schedule, `train.epochs`; start a new run for \
                 anything else"
                    .into(),
            ),
            TrainError::Optimiser(_) => {
                Some("`timestep list optimisers` shows every name, `timestep explain NAME` its settings".into())
            }
            TrainError::UnknownPart { parts, .. } => {
                let parts: Vec<String> = parts.iter().map(|part| format!("`{part}`")).collect();
                Some(format!("its parts are {}", parts.join(", ")))
            }
            TrainError::AllFrozen => {
                Some("leave one out of `train.freeze`, usually `head`".into())
            }
            TrainError::OtherStart { .. } => Some(
                "`timestep summary FILE` shows the network of the weights; `--init` takes over one that differs in \
                 nothing but its classes"
                    .into(),
            ),
            TrainError::OtherBudget { .. } => {
                Some("name another folder with `--out`, or repeat the flags that it was made with".into())
            }
            TrainError::OtherData { .. } => {
                Some("point `--data-dir` at the data that the run was started with".into())
            }
            TrainError::OtherColours { given: 1, .. } => Some(
                "use images in colour, or save these as RGB files, with three equal channels, if that \
                 is what the network should see"
                    .into(),
            ),
            TrainError::OtherColours { .. } => {
                Some("use grey images, or save these as grey files".into())
            }
            TrainError::OtherImages { .. } => {
                Some("`data.size` resizes the images of a folder".into())
            }
        }
    }
}
