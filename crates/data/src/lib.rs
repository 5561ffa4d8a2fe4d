//! Which images does a run train on, in which order, and how do they reach the network?
//!
//! A [`Dataset`] is opened by name from a registry ([`open`], [`list`]); its two [`Split`]s hold
//! 8-bit images, channels first, and one label each. [`Loader`] turns a split into shuffled,
//! augmented, normalised batches. Every random choice comes from a
//! [`Stream`](timestep_numerics::random::Stream), and the choices for an image depend only on (seed,
//! epoch, number of the image): a batch has the same bits for any number of threads, and a run can
//! be resumed in the middle of an epoch.
//!
//! Nothing here touches the network except [`fetch`], and nothing prints. Whatever a person can
//! cause is a [`DataError`]: one sentence with names, values and places, and mostly a
//! [`hint`](DataError::hint).
//!
//! ```
//! use timestep_data::{Augment, Loader, Normalise, OpenOptions, open};
//!
//! let digits = open("digits", &OpenOptions::default())?;
//! let loader = Loader::new(&digits.train, 128, Normalise::from_split(&digits.train)?)?
//!     .shuffled(7)
//!     .augmented(Augment { pad: 1, ..Augment::default() }, 7)?;
//! for batch in loader.epoch(0, 0) {
//!     let batch = batch?;
//!     assert_eq!(batch.images.len(), batch.len() * batch.shape.len());
//! }
//! # Ok::<(), timestep_data::DataError>(())
//! ```

#![forbid(unsafe_code)]

mod archive;
mod augment;
mod batch;
mod checks;
mod cifar;
mod classes;
mod dataset;
mod datasets;
mod degradation;
mod digest;
mod error;
mod fetch;
mod files;
mod folder;
mod hold_out;
mod image_file;
mod loader;
mod normalise;
mod npy;
mod prefetch;
mod preview;
mod resample;
mod scan;
mod shape;
mod split;
mod verify;
mod view;

pub use augment::{Augment, Crop, Cutout, Draw, Jitter, Mix, Mixup, PadMode, RandAugment};
pub use batch::{Batch, Share, fill_batch, shard};
pub use checks::{FileReport, VerifyReport, Watch};
pub use cifar::{RecordLayout, read_records};
pub use dataset::{Chosen, Dataset, DatasetInfo, OpenOptions};
pub use datasets::{DATA_HEADINGS, DATASETS, info, list, open, open_watched};
pub use degradation::{
    BadDegradation, Camera, DEGRADATION_HEADINGS, DEGRADATIONS, Degradation, DegradationFacts,
    Gaussian, Jpeg, add_noise, degradation,
};
pub use error::{BadImage, DataError};
#[doc(hidden)]
pub use fetch::unpack_any;
pub use fetch::{Fetched, Progress, fetch};
pub use image_file::{GreyFile, Source, load_grey, load_image, load_source};
pub use loader::{Batches, Loader, order};
pub use normalise::Normalise;
pub use preview::{preview, preview_png, preview_varied, sheet_png};
pub use shape::ImageShape;
pub use split::Split;
pub use verify::{verify, verify_watched};
pub use view::{Area, View, Window};
