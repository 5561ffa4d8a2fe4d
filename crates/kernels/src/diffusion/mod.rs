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
//!
//! There are two ways to the same sums. Training takes them as they are defined (`direct`, `backward`). A picture is diffused
//! with fewer multiplications: columns of taps at points (`toom`), rows of taps directly (`passes`), in an order of pixels in
//! which a row's neighbours lie in other vectors, not in other lanes (`comb`), group by group of rows down a strip (`stream`).

mod backward;
mod bank;
mod comb;
mod cubic;
mod direct;
mod forward;
mod micro;
mod passes;
pub mod reference;
mod step;
mod stream;
mod tables;
mod tile;
mod toom;

pub use backward::BankGrads;
pub use bank::Bank;
pub(crate) use tables::{FIRST_PLACE, LAST, LAST_PLACE, piece_at};
pub use tables::{PIECES, RANGE, WIDTH, hermite, piece_of};
pub use tile::Border;
pub use toom::GROUP;
