//! Which images is a trained network looked at with? Those of its data set, or of another that fits.

use crate::spectrum::drawn;
use std::path::{Path, PathBuf};
use timestep_data::{Batch, DataError, Dataset, OpenOptions, Split, fill_batch, open};
use timestep_train::{Card, TrainError, Trained};

/// Shorter side that test photographs are scaled to before their centre is cut out, if the network was
/// trained so.
///
/// # Errors
/// [`TrainError::Recipe`] if the recipe in the weights cannot be read.
pub fn test_resize(card: &Card) -> Result<Option<usize>, TrainError> {
    let resize = card.recipe()?.data.resize;
    Ok((resize > 0).then_some(resize))
}

/// Opens a data set whose images a trained network takes; that of its training from where the run found it.
///
/// # Errors
/// [`TrainError::Data`] for a data set that is unknown or not there, [`TrainError::OtherColours`] and
/// [`TrainError::OtherImages`] for one of other images.
pub fn open_for(trained: &Trained, name: &str, dir: Option<&Path>) -> Result<Dataset, TrainError> {
    let card = &trained.card;
    let input = card.network.input;
    // Images of the training lie where the run found them.
    let own = name == card.data;
    let dir = dir.or(trained.data_dir.as_deref().filter(|_| own));
    // A folder has images of any size, which are brought to that of the network.
    let folder = timestep_data::info(name)?.resizes;
    let data = card.recipe()?.data;
    let mut options = OpenOptions {
        dir: dir.map(Path::to_owned),
        size: (folder && input.height == input.width).then_some(input.height),
        resize: test_resize(card)?.filter(|_| folder),
        held_out: (own && data.held_out > 0.0).then_some(data.held_out),
        split_seed: if own { data.split_seed as u64 } else { 0 },
        ..OpenOptions::default()
    };
    let opened = match open(name, &options) {
        // Another folder may say itself which are its test images.
        Err(DataError::OwnTest { .. }) => {
            (options.held_out, options.split_seed) = (None, 0);
            open(name, &options)
        }
        opened => opened,
    };
    let mut dataset = opened?;
    // A network of some of the classes is looked at with those.
    let known = |class: &String| dataset.classes.contains(class);
    if card.classes.len() > 1 && dataset.classes != card.classes && card.classes.iter().all(known) {
        dataset = dataset.of_classes(&card.classes)?;
    }
    let shape = dataset.shape;
    if shape.channels != input.channels {
        return Err(TrainError::OtherColours {
            what: "the weights are",
            wanted: input.channels,
            given: shape.channels,
        });
    }
    if (shape.height, shape.width) != (input.height, input.width) {
        let wanted = format!("{}×{}×{} images", input.channels, input.height, input.width);
        return Err(TrainError::OtherImages {
            wanted,
            given: shape.to_string(),
        });
    }
    Ok(dataset)
}

/// Which images are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Name of the data set; that of the training by default.
    pub data: Option<String>,
    /// Folder of the data set; that of the training by default.
    pub dir: Option<PathBuf>,
    /// Number of test images; as many as there are at most.
    pub images: usize,
    /// Seed with which they are drawn.
    pub seed: u64,
}

/// Test images drawn for an analysis.
pub struct Sample {
    /// Name of the data set.
    pub data: String,
    /// Names of its classes.
    pub classes: Vec<String>,
    /// The data set.
    dataset: Dataset,
    /// The drawn images, in order.
    drawn: Vec<u32>,
    /// What they are normalised with.
    card: Card,
}

impl Sample {
    /// Draws test images for a trained network.
    ///
    /// # Errors
    /// As [`open_for`].
    pub fn draw(trained: &Trained, wanted: &Wanted) -> Result<Self, TrainError> {
        let card = &trained.card;
        let data = wanted.data.clone().unwrap_or_else(|| card.data.clone());
        let dataset = open_for(trained, &data, wanted.dir.as_deref())?;
        let drawn = drawn(wanted.seed, dataset.test.len(), wanted.images);
        Ok(Self {
            data,
            classes: dataset.classes.clone(),
            dataset,
            drawn,
            card: card.clone(),
        })
    }

    /// Number of images.
    #[must_use]
    pub fn count(&self) -> usize {
        self.drawn.len()
    }

    /// The numbers of the images in the test split.
    #[must_use]
    pub fn numbers(&self) -> &[u32] {
        &self.drawn
    }

    /// The split that the images are of.
    #[must_use]
    pub fn split(&self) -> &Split {
        &self.dataset.test
    }

    /// The images in batches of at most `size`, normalised as the network was trained.
    pub fn batches(&self, size: usize) -> impl Iterator<Item = Result<Batch, TrainError>> {
        let chunks = self.drawn.chunks(size.max(1));
        chunks.map(|numbers| {
            let normalise = &self.card.normalise;
            Ok(fill_batch(&self.dataset.test, numbers, None, normalise)?)
        })
    }
}
