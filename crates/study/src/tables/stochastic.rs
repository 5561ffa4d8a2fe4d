//! Which rows have table 4, of stochastic training, and the plot of the momentum?

use super::{C10, C100, PublishedTable, row};

/// Table 4: CIFAR-10, stochastic training.
pub const TABLE4: PublishedTable = PublishedTable {
    key: "table4",
    title: "Stochastic training strategies on CIFAR-10",
    rows: &[
        row(
            "ResNet",
            "110",
            C10,
            "cifar10/resnet-110",
            6.61,
            "by He et al. 2015",
        ),
        row(
            "ResNet, pre-act",
            "110",
            C10,
            "cifar10/preresnet-110",
            6.37,
            "by He et al. 2016",
        ),
        row(
            "ResNet + stochastic depth",
            "56",
            C10,
            "cifar10/resnet-56+stochastic-depth",
            5.66,
            "by Huang et al. 2016",
        ),
        row(
            "ResNet, pre-act + stochastic depth",
            "56",
            C10,
            "cifar10/preresnet-56+stochastic-depth",
            5.55,
            "p_L is not printed",
        ),
        row(
            "ResNet + stochastic depth",
            "110",
            C10,
            "cifar10/resnet-110+stochastic-depth",
            5.25,
            "by Huang et al. 2016",
        ),
        row(
            "ResNet + stochastic depth",
            "1202",
            C10,
            "cifar10/resnet-1202+stochastic-depth",
            4.91,
            "by Huang et al. 2016",
        ),
        row(
            "ResNet, pre-act + Gaussian noise 0.001",
            "110",
            C10,
            "cifar10/preresnet-110+gaussian",
            5.52,
            "",
        ),
        row(
            "LM-ResNet, pre-act + stochastic depth",
            "56",
            C10,
            "cifar10/lm-resnet-56+stochastic-depth",
            5.14,
            "p_L = 0.8",
        ),
        row(
            "LM-ResNet, pre-act + stochastic depth",
            "110",
            C10,
            "cifar10/lm-resnet-110+stochastic-depth",
            4.80,
            "p_L = 0.5",
        ),
    ],
};

/// The networks whose learned momentum is plotted.
pub const MOMENTUM: PublishedTable = PublishedTable {
    key: "momentum",
    title: "The learned momentum of LM-ResNets",
    rows: &[
        row(
            "LM-ResNet, pre-act",
            "20",
            C10,
            "cifar10/lm-resnet-20",
            8.33,
            "",
        ),
        row(
            "LM-ResNet, pre-act",
            "32",
            C10,
            "cifar10/lm-resnet-32",
            7.18,
            "",
        ),
        row(
            "LM-ResNet, pre-act",
            "44",
            C10,
            "cifar10/lm-resnet-44",
            6.66,
            "",
        ),
        row(
            "LM-ResNet, pre-act",
            "56",
            C10,
            "cifar10/lm-resnet-56",
            6.31,
            "",
        ),
        row(
            "LM-ResNet, pre-act",
            "110",
            C100,
            "cifar100/lm-resnet-110",
            26.84,
            "",
        ),
        row(
            "LM-ResNet, pre-act",
            "164",
            C100,
            "cifar100/lm-resnet-164",
            23.26,
            "",
        ),
    ],
};
