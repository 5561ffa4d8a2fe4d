//! Are schemes and analyses what theory and literature say?
//!
//! One program: each would be linked anew with all libraries.

mod every_scheme;
mod known_analyses;
mod known_answers;
mod linear_laws;
mod spectra;
