//! How is a step of a learned reaction-diffusion equation computed? Filter, function, filter back, tile by tile.
//!
//! A bank of `n` filters `k_i` with functions `φ_i` makes of a plane `u`
//!
//! ```text
//! g = Σ_i k̄_i * φ_i(k_i ⋆ ũ)        (Chen, Yu, Pock 2015)
//! ```
//!
//! `⋆` is correlation, `k̄` the filter turned by 180°, `ũ` the plane extended beyond its border by [`Border`]. Both
//! filterings of a tile happen while it is in the cache. Every pixel is the same sum in the same order wherever tiles
//! are cut, so results do not depend on tiles or threads.

mod backward;
mod bank;
mod forward;
mod micro;
pub mod reference;
mod tables;
mod tile;

pub use backward::BankGrads;
pub use bank::Bank;
pub(crate) use tables::LAST;
pub use tables::{PIECES, RANGE, WIDTH, hermite, piece_of};
pub use tile::Border;
