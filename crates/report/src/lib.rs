//! Plots of analyses and trained networks, as SVG text. Knows no terminal and writes no files.

mod contour;
pub mod diffusion;
pub mod plots;
mod svg;
pub mod weak_order;
