//! Plots of analyses and trained networks, as SVG text. Knows no terminal and writes no files.

mod contour;
pub mod plots;
mod svg;
