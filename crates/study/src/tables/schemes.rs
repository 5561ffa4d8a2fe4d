//! Which networks are compared to see what a scheme is worth? The same block at about the same depth.
//!
//! Most of these rows were never published under one protocol; that is why they are here.

use super::{C10, PublishedTable, ours, row};

/// Our own table: one block, one protocol, many schemes.
pub const SCHEMES: PublishedTable = PublishedTable {
    key: "schemes",
    title: "Schemes with the pre-activation block at depth 20, under one protocol",
    rows: &[
        ours(
            "ResNet, pre-act",
            "20",
            "cifar10/preresnet-20",
            &[],
            "forward Euler: the baseline",
        ),
        row(
            "LM-ResNet, pre-act",
            "20",
            C10,
            "cifar10/lm-resnet-20",
            8.33,
            "160 epochs",
        ),
        ours(
            "LM-ResNet, pre-act + stochastic depth",
            "20",
            "cifar10/lm-resnet-20+stochastic-depth",
            &["noise.keep=0.8"],
            "p_L = 0.8",
        ),
        row(
            "EM-ResNet",
            "40",
            C10,
            "cifar10/em-resnet-40",
            8.25,
            "160 epochs; twice the work, the same weights",
        ),
        ours(
            "Momentum ResNet",
            "20",
            "cifar10/momentum-resnet-20",
            &[],
            "",
        ),
        ours(
            "PolyNet poly-2",
            "20",
            "cifar10/polynet-20",
            &[],
            "twice the work, the same weights",
        ),
        ours(
            "fractal, 2 columns",
            "20",
            "cifar10/preresnet-20",
            &["network.scheme=fractal2"],
            "three blocks a step: 3 times the weights",
        ),
        ours(
            "RevNet",
            "38",
            "cifar10/revnet-38",
            &["optimiser.lr=0.1"],
            "",
        ),
    ],
};
