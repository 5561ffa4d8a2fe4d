//! Which networks stand for what came after the linear multistep ones? One of each idea, under one protocol.
//!
//! A row is added by a line here: everything else follows from its runs.

use super::{PublishedTable, ours};

/// Our own table: implicit, adaptive, parabolic, Hamiltonian and split networks beside those they are compared with.
pub const FIELD: PublishedTable = PublishedTable {
    key: "field",
    title: "Newer schemes and blocks, and how far each is a differential equation",
    rows: &[
        ours(
            "preresnet-20",
            "20",
            "cifar10/preresnet-20",
            &[],
            "forward Euler: what the others are compared with",
        ),
        ours(
            "lm-resnet-20",
            "20",
            "cifar10/lm-resnet-20",
            &[],
            "two steps of memory",
        ),
        ours(
            "parabolic-20",
            "20",
            "cifar10/parabolic-20",
            &[],
            "-Kᵀ σ(K u), Euler",
        ),
        ours(
            "hamiltonian-38",
            "38",
            "cifar10/hamiltonian-38",
            &["optimiser.lr=0.1"],
            "pairs, symplectic Euler; trained as revnet-38",
        ),
        ours(
            "implicit midpoint",
            "20",
            "cifar10/preresnet-20",
            &["network.scheme=implicit-midpoint"],
            "steps of size 0.1, solved by iteration",
        ),
        ours(
            "dopri5, continuous",
            "20",
            "cifar10/preresnet-20",
            &["network.scheme=dopri5", "network.rtol=0.1"],
            "weights linear in time, steps from a tolerance of 0.1",
        ),
        ours(
            "macaron-6",
            "6",
            "cifar10/macaron-6",
            &[
                "optimiser.name=adamw",
                "optimiser.lr=0.001",
                "optimiser.weight_decay=0.05",
            ],
            "transformer on patches, Strang splitting, AdamW",
        ),
    ],
};
