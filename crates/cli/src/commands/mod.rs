//! Which commands are there? One file each.

pub(crate) mod analyze;
pub(crate) mod cite;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod data;
pub(crate) mod denoise;
pub(crate) mod denoise_report;
pub(crate) mod diffusion;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod lr_find;
pub(crate) mod momentum;
pub(crate) mod predict;
pub(crate) mod report;
pub(crate) mod reproduce;
pub(crate) mod spectrum;
pub(crate) mod summary;
pub(crate) mod trace;
pub(crate) mod train;
pub(crate) mod watch;
pub(crate) mod weak_order;
