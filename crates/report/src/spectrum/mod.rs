//! Where do the `hλ` of a trained network lie? Drawn into the stability regions of its steps ([`spectra`]).

mod picture;

pub use picture::{SegmentPoints, StepPoints, pictured, spectra};
