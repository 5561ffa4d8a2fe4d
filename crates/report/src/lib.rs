//! Plots.
pub mod plots;
