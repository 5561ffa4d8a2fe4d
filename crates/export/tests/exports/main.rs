//! Do exported networks compute the same, and is what is written what the formats say?
//!
//! One program: each would be linked anew with all libraries.

mod interpreter;
mod onnx;
mod reader;
mod subject;
mod text;
mod tokens;
