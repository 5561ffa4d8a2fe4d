//! Which images is a trained network looked at with? Those of its data set, or of another that fits.

use crate::args::Images;
use crate::commands::eval::test_resize;
use crate::failure::Failure;
use std::path::Path;
use timestep_data::{Batch, Dataset, OpenOptions, Split, fill_batch, open};
use timestep_report::spectrum::measured::drawn;
use timestep_train::{Card, TrainError};

/// Opens a data set whose images the network of `card` takes.
pub(crate) fn open_for(card: &Card, name: &str, dir: Option<&Path>) -> Result<Dataset, Failure> {
    let input = card.network.input;
    // A folder has images of any size, which are brought to that of the network.
    let folder = timestep_data::info(name)?.shape.is_none();
    let options = OpenOptions {
        dir: dir.map(Path::to_owned),
        size: (folder && input.height == input.width).then_some(input.height),
        resize: test_resize(card)?.filter(|_| folder),
        ..OpenOptions::default()
    };
    let mut dataset = open(name, &options)?;
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
        }
        .into());
    }
    if (shape.height, shape.width) != (input.height, input.width) {
        let wanted = format!("{}×{}×{} images", input.channels, input.height, input.width);
        return Err(TrainError::OtherImages {
            wanted,
            given: shape.to_string(),
        }
        .into());
    }
    Ok(dataset)
}

/// Test images drawn for an analysis.
pub(crate) struct Sample {
    /// Name of the data set.
    pub(crate) data: String,
    /// Names of its classes.
    pub(crate) classes: Vec<String>,
    /// The data set.
    dataset: Dataset,
    /// The drawn images, in order.
    drawn: Vec<u32>,
    /// What they are normalised with.
    card: Card,
}

impl Sample {
    /// Draws test images as asked for, `default` of them if no number was given, as many as there are
    /// at most.
    pub(crate) fn draw(card: &Card, args: &Images, default: usize) -> Result<Self, Failure> {
        let data = args.data.clone().unwrap_or_else(|| card.data.clone());
        let mut dir = args.data_dir.clone();
        if dir.is_none() && data == card.data {
            // The run says where its images were.
            let trained_on = card.recipe()?.data.dir;
            dir = (!trained_on.is_empty()).then(|| trained_on.into());
        }
        let dataset = open_for(card, &data, dir.as_deref())?;
        let count = args.images.map_or(default, |n| n as usize);
        let drawn = drawn(args.seed.unwrap_or(0), dataset.test.len(), count);
        Ok(Self {
            data,
            classes: dataset.classes.clone(),
            dataset,
            drawn,
            card: card.clone(),
        })
    }

    /// Number of images.
    pub(crate) fn len(&self) -> usize {
        self.drawn.len()
    }

    /// The numbers of the images in the test split.
    pub(crate) fn numbers(&self) -> &[u32] {
        &self.drawn
    }

    /// The split that the images are of.
    pub(crate) fn split(&self) -> &Split {
        &self.dataset.test
    }

    /// The images in batches of at most `size`, normalised as the network was trained.
    pub(crate) fn batches(&self, size: usize) -> impl Iterator<Item = Result<Batch, Failure>> {
        let chunks = self.drawn.chunks(size.max(1));
        chunks.map(|numbers| {
            let normalise = &self.card.normalise;
            Ok(fill_batch(&self.dataset.test, numbers, None, normalise)?)
        })
    }
}
