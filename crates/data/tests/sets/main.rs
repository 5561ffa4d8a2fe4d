//! Do data sets, loaders and augmentation keep their promises?
//!
//! One program: each would be linked anew with all libraries.

mod augment;
mod cifar;
mod folder;
mod loader;
mod own;
mod whole;
