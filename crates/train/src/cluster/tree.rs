//! In which order are shards added? Along a binary tree that is the same for any number of ranks.
//!
//! A node stands for consecutive shards. Its left half has as many as the largest power of two below their number,
//! its right half the rest; its sum is that of the left half plus that of the right. A rank computes consecutive shards
//! and adds what lies below one node by itself; what is left to add is the top of the tree.

use std::ops::Range;

/// Consecutive shards that are added before anything else is added to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// The first shard.
    pub first: usize,
    /// How many there are, at least 1.
    pub shards: usize,
}

impl Node {
    /// All shards of a batch.
    #[must_use]
    pub fn root(shards: usize) -> Self {
        let shards = shards.max(1);
        Self { first: 0, shards }
    }

    /// Both halves; `None` for a single shard.
    #[must_use]
    pub fn halves(self) -> Option<[Self; 2]> {
        if self.shards < 2 {
            return None;
        }
        let left = self.shards.next_power_of_two() / 2;
        let half = |first, shards| Self { first, shards };
        Some([
            half(self.first, left),
            half(self.first + left, self.shards - left),
        ])
    }

    /// The largest nodes below this one that hold no shards but these, in order.
    #[must_use]
    pub fn within(self, own: &Range<usize>) -> Vec<Self> {
        let end = self.first + self.shards;
        if own.end <= self.first || end <= own.start {
            return Vec::new();
        }
        if own.start <= self.first && end <= own.end {
            return vec![self];
        }
        let halves = self.halves().into_iter().flatten();
        halves.flat_map(|half| half.within(own)).collect()
    }
}

/// The shards of a rank: consecutive ones, as many for each rank as for any other, or one more.
#[must_use]
pub fn own(shards: usize, rank: usize, size: usize) -> Range<usize> {
    shards * rank / size..shards * (rank + 1) / size
}
