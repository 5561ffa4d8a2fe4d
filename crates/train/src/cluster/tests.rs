use super::tree::{Node, own};
use super::*;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// Ranks that are threads of one process: what a rank says goes to all others.
#[derive(Debug)]
pub(super) struct Threads {
    rank: usize,
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Mutex<Receiver<Vec<u8>>>>,
}

impl Threads {
    /// So many of them.
    pub(super) fn new(size: usize) -> Vec<Arc<Self>> {
        let mut ranks: Vec<Self> = (0..size)
            .map(|rank| Self {
                rank,
                to: Vec::new(),
                from: Vec::new(),
            })
            .collect();
        for from in 0..size {
            for to in 0..size {
                let (give, take) = channel();
                ranks[from].to.push(give);
                ranks[to].from.push(Mutex::new(take));
            }
        }
        ranks.into_iter().map(Arc::new).collect()
    }

    fn send_each(&self, own: impl Fn(usize) -> Vec<u8>) -> Vec<Vec<u8>> {
        for (rank, to) in self.to.iter().enumerate() {
            to.send(own(rank)).expect("the other rank is there");
        }
        let take = |from: &Mutex<Receiver<Vec<u8>>>| from.lock().expect("one thread").recv();
        let all = self.from.iter().map(take);
        all.map(|said| said.expect("the other rank is there"))
            .collect()
    }
}

fn to_bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn to_values(bytes: &[u8]) -> Vec<f32> {
    let values = bytes.as_chunks::<4>().0.iter();
    values.map(|value| f32::from_le_bytes(*value)).collect()
}

impl Communicator for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn gather(&self, own: Vec<u8>) -> Result<Vec<Vec<u8>>, ClusterError> {
        Ok(self.send_each(|_| own.clone()))
    }

    fn meet(&self, own: Vec<u8>) -> Result<Vec<Vec<u8>>, ClusterError> {
        self.gather(own)
    }

    fn numbers(&self, own: u64) -> Result<Vec<u64>, ClusterError> {
        let all = self.send_each(|_| own.to_le_bytes().to_vec());
        let number = |bytes: &Vec<u8>| u64::from_le_bytes(bytes[..].try_into().expect("eight"));
        Ok(all.iter().map(number).collect())
    }

    fn exchange(
        &self,
        values: Vec<f32>,
        to: &[Range<usize>],
        from: &[usize],
    ) -> Result<[Vec<f32>; 2], ClusterError> {
        let all = self.send_each(|rank| to_bytes(&values[to[rank].clone()]));
        for (said, length) in all.iter().zip(from) {
            assert_eq!(said.len(), 4 * length, "what comes is what is expected");
        }
        Ok([values, to_values(&all.concat())])
    }

    fn join(&self, own: Vec<f32>, lengths: &[usize]) -> Result<Vec<f32>, ClusterError> {
        assert_eq!(own.len(), lengths[self.rank]);
        Ok(to_values(&self.send_each(|_| to_bytes(&own)).concat()))
    }

    fn traffic(&self) -> Traffic {
        Traffic::default()
    }

    fn finish(&self) {}

    fn abort(&self, _code: u8) {}
}

/// Numbers whose sum depends on the order of additions.
fn shard(number: usize, n: usize) -> Vec<f32> {
    let value = |i: usize| {
        ((i * 31 + number * 17) as f32 * 0.7).sin() * 10f32.powi((i + number) as i32 % 7)
    };
    (0..n).map(value).collect()
}

/// The sum of a node as it is defined.
fn defined(node: Node, n: usize) -> Vec<f32> {
    match node.halves() {
        None => shard(node.first, n),
        Some([left, right]) => {
            let pairs = defined(left, n).into_iter().zip(defined(right, n));
            pairs.map(|(a, b)| a + b).collect()
        }
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn any_number_of_ranks_finds_the_bits_of_the_definition() {
    for shards in 1..=9 {
        for n in [0, 1, 5, 1000] {
            let wanted = bits(&defined(Node::root(shards), n));
            for size in 1..=shards {
                let ranks = Threads::new(size);
                let found: Vec<Vec<f32>> = std::thread::scope(|scope| {
                    let threads: Vec<_> = ranks
                        .iter()
                        .map(|rank| {
                            scope.spawn(move || {
                                let nodes =
                                    Node::root(shards).within(&own(shards, rank.rank(), size));
                                let sums = nodes.iter().map(|node| defined(*node, n)).collect();
                                sum::sum(&**rank, shards, sums).expect("all speak")
                            })
                        })
                        .collect();
                    threads
                        .into_iter()
                        .map(|t| t.join().expect("no panic"))
                        .collect()
                });
                for found in found {
                    assert_eq!(
                        bits(&found),
                        wanted,
                        "{shards} shards, {size} ranks, {n} numbers"
                    );
                }
            }
        }
    }
}

#[test]
fn the_order_of_the_tree_matters_and_is_pinned() {
    let n = 1000;
    let in_sequence = (1..6).fold(shard(0, n), |mut sum, number| {
        sum::add(&mut sum, &shard(number, n));
        sum
    });
    assert_ne!(bits(&in_sequence), bits(&defined(Node::root(6), n)));
    let node = |first, shards| Node { first, shards };
    assert_eq!(Node::root(6).halves(), Some([node(0, 4), node(4, 2)]));
    assert_eq!(
        Node::root(7).within(&(1..7)),
        [node(1, 1), node(2, 2), node(4, 3)]
    );
    assert_eq!(node(4, 1).halves(), None);
}

#[test]
fn ranks_have_all_shards_and_nearly_the_same_number() {
    for shards in 1..20 {
        for size in 1..=shards {
            let all: Vec<Range<usize>> = (0..size).map(|rank| own(shards, rank, size)).collect();
            assert_eq!(
                all.iter().cloned().flatten().collect::<Vec<_>>(),
                (0..shards).collect::<Vec<_>>()
            );
            let lengths = all.iter().map(ExactSizeIterator::len);
            assert!(lengths.clone().max().expect("some") - lengths.min().expect("some") <= 1);
        }
    }
}

#[test]
fn what_differs_is_named() {
    let ranks = Threads::new(3);
    let errors: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = ranks
            .iter()
            .map(|rank| {
                scope.spawn(move || {
                    let data = if rank.rank() == 2 { "other" } else { "one" };
                    let facts = [
                        ("the program", "1".to_owned()),
                        ("the data", data.to_owned()),
                    ];
                    gather::check_same(&**rank, &facts)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|t| t.join().expect("no panic"))
            .collect()
    });
    for error in errors {
        let error = error.expect_err("rank 2 has other data");
        assert_eq!(error.to_string(), "the data of rank 2 and rank 0 differ");
    }
}
