//! How do picture files become samples, and samples files? The one home of decoding and encoding.
//!
//! [`read`] keeps everything that a file says, for writing it again; [`load`] gives what a network looks at: 8 bits, turned
//! upright. What a file claims is checked against a budget of [`Memory`] before it is believed. Beside that: [`Plane`]s, the
//! channels that methods of restoration work on, colours, exact tiles, PSNR and SSIM, and the level of noise.

pub mod colour;
mod error;
mod exif;
mod foreign;
mod format;
mod jpeg;
mod load;
mod meta;
pub mod metrics;
pub mod named;
pub mod noise;
mod origin;
mod other;
mod picture;
mod plane;
mod png;
mod read;
pub mod sigma;
mod state;
mod tiff;
pub mod tiles;
mod turn;
mod write;

#[cfg(test)]
mod tests;

pub use error::{PictureError, allow, file_cause, file_hint, memory, size};
pub use foreign::Foreign;
pub use format::{Format, is_image_name, is_picture_name};
pub use image::{DynamicImage, GrayImage, RgbImage};
pub use load::{Header, decode, decode_bytes, header};
pub use meta::{Density, DensityUnit, Meta};
pub use origin::Memory;
pub use picture::{Depth, Picture, Samples};
pub use plane::{BadPlane, Plane};
pub use read::{read, read_bytes, read_within};
pub use write::{QUALITY, check_fits, encode, write};
