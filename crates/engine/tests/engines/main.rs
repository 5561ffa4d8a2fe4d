//! Do all engines compute the same, forward and backward? Every operation has cases; every engine of the registry runs
//! all of them and is compared with `exact`, and `exact` with finite differences.

mod case;
mod cases;
mod compare;
mod coverage;
mod ends;
mod evaluation;
mod int8;
mod memory;
mod pass;
mod present;
mod quotients;
mod special;
mod splice;
mod threads;
mod training;
