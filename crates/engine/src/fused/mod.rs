//! The engine that networks train with: `f32` on the CPU, on the kernels of this project.
//!
//! A norm and a ReLU are noted and applied by whoever reads the features next; a convolution is computed when it is
//! used, together with the scheme's step that uses it; gradients are deposited as terms of a sum and added up where
//! they are read. The tape is a list of nodes in the order of recording, walked in reverse.

mod arrays;
mod back;
mod channels;
mod combine;
mod conv;
mod images;
mod norm;
mod pool;
mod splice;
mod stored;
mod tape;
mod value;

pub use tape::Fused;
