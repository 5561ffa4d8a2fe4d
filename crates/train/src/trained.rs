//! What does a weights file need to be used alone? Architecture, classes and normalisation.

use crate::TrainError;
use crate::checkpoint::read_weights;
use crate::recipe::Recipe;
use crate::run::{Which, weights};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use timestep_data::Normalise;
use timestep_nets::{Metadata, Network, NetworkConfig, Parameters, WeightsFile};

/// What is stored beside the numbers of a trained network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The architecture.
    pub network: NetworkConfig,
    /// Names of the classes, in the order of the logits.
    pub classes: Vec<String>,
    /// What the pixels were normalised with.
    pub normalise: Normalise,
    /// The data set.
    pub data: String,
    /// Everything that repeats the run, as TOML.
    pub recipe: String,
    /// Epochs trained.
    pub epoch: usize,
    /// Accuracy on the test images then.
    pub top1: f64,
}

/// Metadata key of the card.
const KEY: &str = "card";

impl Card {
    /// The card as metadata of a weights file.
    #[must_use]
    pub fn to_metadata(&self) -> Metadata {
        // A card holds only text, numbers and lists of them: JSON can say it.
        let text = serde_json::to_string(self).expect("a card is representable as JSON");
        Metadata::from([(KEY.to_owned(), text)])
    }

    /// The recipe of the run.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] if the text is no recipe of this version.
    pub fn recipe(&self) -> Result<Recipe, TrainError> {
        let layers = crate::recipe::Layers::from_text(&self.recipe, "the recipe of the weights");
        Ok(layers.resolve()?.recipe)
    }
}

/// The weights file that is meant: the best weights, if `path` is the folder of a run.
pub(crate) fn weights_path(path: &Path) -> PathBuf {
    if path.is_dir() {
        weights(path, Which::Best)
    } else {
        path.to_owned()
    }
}

/// A weights file, and the card inside.
///
/// # Errors
/// [`TrainError::File`] and [`TrainError::Damaged`] for files that are no weights of ours.
pub(crate) fn card_of(path: &Path) -> Result<(WeightsFile, Card), TrainError> {
    let file = read_weights(path)?;
    let damaged = |what: String| TrainError::Damaged {
        path: path.to_owned(),
        what,
    };
    if is_restorer(&file) {
        return Err(TrainError::RestorerWeights(path.to_owned()));
    }
    let text = file.metadata.get(KEY).ok_or_else(|| {
        damaged("it holds numbers but does not say of which network: it was not written by `timestep train`".into())
    })?;
    let card: Card = serde_json::from_str(text)
        .map_err(|e| damaged(format!("the description of the network is unreadable: {e}")))?;
    Ok((file, card))
}

/// Whether a file holds weights of a restorer.
fn is_restorer(file: &WeightsFile) -> bool {
    let format = file.metadata.get("format");
    format.is_some_and(|f| timestep_restore::methods::method_of_format(f).is_some())
}

/// A trained network: architecture, numbers and card.
#[derive(Debug)]
pub struct Trained {
    /// The architecture.
    pub network: Network,
    /// The numbers.
    pub parameters: Parameters,
    /// What was stored beside them.
    pub card: Card,
    /// Whether the file held a checksum, which was right; files of version 0.1 hold none, so that damage to their
    /// numbers is not noticed.
    pub checked: bool,
    /// Where the run that they lie in found its images; `None` for weights that lie elsewhere.
    pub data_dir: Option<PathBuf>,
}

/// Refuses weights that hold NaN or infinity; `path` is for the message.
///
/// # Errors
/// [`TrainError::NotFinite`] with the first array that does.
pub fn check_finite(path: &Path, file: &WeightsFile) -> Result<(), TrainError> {
    match file.not_finite() {
        None => Ok(()),
        Some((name, count)) => Err(TrainError::NotFinite {
            path: path.to_owned(),
            name: name.to_owned(),
            count,
        }),
    }
}

impl Trained {
    /// Reads a weights file, or the best weights of a run folder.
    ///
    /// # Errors
    /// [`TrainError::File`] and [`TrainError::Damaged`] for files that are no weights of ours.
    pub fn load(path: &Path) -> Result<Self, TrainError> {
        Self::of(card_of(&weights_path(path))?, path)
    }

    /// The same for weights that something is computed with: refused if they are not all finite.
    ///
    /// # Errors
    /// As [`load`](Self::load), and [`TrainError::NotFinite`].
    pub fn load_finite(path: &Path) -> Result<Self, TrainError> {
        let file_path = weights_path(path);
        let (file, card) = card_of(&file_path)?;
        check_finite(&file_path, &file)?;
        Self::of((file, card), path)
    }

    fn of((file, card): (WeightsFile, Card), path: &Path) -> Result<Self, TrainError> {
        let network = Network::build(&card.network)?;
        let parameters = network.load(&file)?;
        Ok(Self {
            network,
            parameters,
            card,
            checked: file.checked,
            data_dir: crate::run::data_of(path),
        })
    }
}
