//! Plots of analyses and trained networks as SVG, reports of runs as HTML and Markdown, runs side
//! by side. Knows no terminal and writes no files.

pub mod compare;
mod contour;
pub mod convergence;
pub mod diffusion;
pub mod document;
pub mod folder;
pub mod line;
pub mod live;
pub mod lr_find;
pub mod momentum;
pub mod names;
pub mod noise;
pub mod order;
pub mod order_star;
pub mod portrait;
pub mod restorer;
pub mod run;
pub mod spectrum;
pub mod stability;
mod svg;
pub mod tables;
pub mod text;
pub mod weak_order;
