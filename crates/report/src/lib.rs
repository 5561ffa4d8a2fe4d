//! Plots of analyses and trained networks, as SVG text. Knows no terminal and writes no files.

mod contour;
pub mod diffusion;
pub mod momentum;
pub mod plots;
pub mod portrait;
pub mod spectrum;
mod svg;
