//! Does the program do what it says? Every file asks one question.
//!
//! One program: each would be linked anew with all libraries.

#[path = "../common/mod.rs"]
mod common;

mod analyses;
mod claims;
#[cfg(unix)] // The examples of the pages are lines for a shell.
mod codes;
mod comparisons;
mod denoise;
mod denoise_extra;
#[cfg(target_os = "linux")]
mod disk_full;
mod dynamics;
mod errors;
mod examples;
#[cfg(target_os = "linux")] // Limits of memory, pipes and devices are those of Linux.
mod hostile_files;
mod json_fields;
#[cfg(unix)]
mod kills;
#[cfg(unix)]
mod locks;
mod lookups;
mod lr_find;
#[cfg(unix)]
mod names;
mod outputs;
mod own_data;
mod own_schemes;
mod pages;
mod reports;
mod reproduce;
mod resample;
mod restorers;
mod restorers_refused;
mod trained_weights;
mod training;
mod transformers;
mod unsafe_blocks;
mod unused_flags;
#[cfg(unix)]
mod watching;
mod weak_order;
mod weights;
mod widths;
