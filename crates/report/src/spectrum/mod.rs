//! Where do the `hλ` of a trained network lie? Measured at real images ([`measured`]) and drawn into the
//! stability regions of its steps ([`spectra`]).

pub mod measured;
mod picture;

pub use picture::{SegmentPoints, StepPoints, spectra};
