//! Plots of analyses and trained networks, as SVG text. Knows no terminal and writes no files.

pub mod plots;
mod svg;
