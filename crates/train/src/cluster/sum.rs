//! How are the gradients of all ranks added? Each rank adds a part of the numbers, along the tree.
//!
//! Every rank sends each other one the part that this one adds, and gets back what it added: with `M` numbers and `N` ranks
//! each of them sends `2 M (N - 1) / N` numbers, as few as any sum can. The order of additions is that of the
//! [tree](super::tree), not that of the ranks.

use super::tree::{self, Node};
use super::{ClusterError, Communicator};
use crate::optimisers::CHUNK;
use rayon::prelude::*;
use std::ops::Range;

/// Numbers that are added in one go: MPI counts bytes in 31 bits, and what is received needs memory.
const BLOCK: usize = 1 << 24;

/// Adds numbers to others, each to its own.
pub(crate) fn add(into: &mut [f32], more: &[f32]) {
    into.par_chunks_mut(CHUNK)
        .zip(more.par_chunks(CHUNK))
        .for_each(|(into, more)| into.iter_mut().zip(more).for_each(|(a, b)| *a += b));
}

/// The sum over all shards, on every rank. `own` are the sums of the nodes of this rank, in order.
///
/// # Errors
/// [`ClusterError::Silent`] if a rank says nothing for too long.
///
/// # Panics
/// If these are not the nodes of this rank, or not of one length.
pub fn sum(
    ranks: &dyn Communicator,
    shards: usize,
    mut own: Vec<Vec<f32>>,
) -> Result<Vec<f32>, ClusterError> {
    let size = ranks.size();
    let nodes: Vec<Vec<Node>> = (0..size)
        .map(|rank| Node::root(shards).within(&tree::own(shards, rank, size)))
        .collect();
    assert_eq!(nodes[ranks.rank()].len(), own.len(), "nodes of this rank");
    if size == 1 {
        return Ok(own.swap_remove(0));
    }
    let total = own[0].len();
    let mut all = Vec::with_capacity(total);
    for start in (0..total).step_by(BLOCK) {
        let block = start..total.min(start + BLOCK);
        all.extend(sum_block(ranks, shards, &nodes, &mut own, &block)?);
    }
    Ok(all)
}

/// The sum of some of the numbers.
fn sum_block(
    ranks: &dyn Communicator,
    shards: usize,
    nodes: &[Vec<Node>],
    own: &mut [Vec<f32>],
    block: &Range<usize>,
) -> Result<Vec<f32>, ClusterError> {
    let (rank, size) = (ranks.rank(), ranks.size());
    let segment = |rank: usize| {
        let start = |rank: usize| block.start + block.len() * rank / size;
        start(rank)..start(rank + 1)
    };
    let mine = segment(rank).len();
    // Of every node the part that this rank adds, as (node, its numbers).
    let mut parts: Vec<(Node, Vec<f32>)> = Vec::new();
    let rounds = nodes.iter().map(Vec::len).max().unwrap_or(0);
    for round in 0..rounds {
        let values = own.get_mut(round).map(std::mem::take).unwrap_or_default();
        let to: Vec<Range<usize>> = match values.is_empty() {
            false => (0..size).map(segment).collect(),
            true => vec![0..0; size],
        };
        let has = |rank: &Vec<Node>| rank.get(round).copied();
        let from: Vec<usize> = nodes
            .iter()
            .map(|rank| has(rank).map_or(0, |_| mine))
            .collect();
        let [values, received] = ranks.exchange(values, &to, &from)?;
        if let Some(kept) = own.get_mut(round) {
            *kept = values;
        }
        let senders = nodes.iter().filter_map(has);
        let pieces = received.chunks_exact(mine.max(1));
        match mine {
            0 => parts.extend(senders.map(|node| (node, Vec::new()))),
            _ => parts.extend(senders.zip(pieces.map(<[f32]>::to_vec))),
        }
    }
    parts.sort_by_key(|(node, _)| node.first);
    let sum = reduce(Node::root(shards), &mut parts.into_iter());
    let lengths: Vec<usize> = (0..size).map(|rank| segment(rank).len()).collect();
    ranks.join(sum, &lengths)
}

/// The sum of a node from those of the nodes below it that come next.
fn reduce(node: Node, parts: &mut std::vec::IntoIter<(Node, Vec<f32>)>) -> Vec<f32> {
    if parts
        .as_slice()
        .first()
        .is_some_and(|(next, _)| *next == node)
    {
        return parts.next().map(|(_, values)| values).unwrap_or_default();
    }
    let Some([left, right]) = node.halves() else {
        unreachable!("every shard is below a node of its rank");
    };
    let mut sum = reduce(left, parts);
    let more = reduce(right, parts);
    add(&mut sum, &more);
    sum
}
