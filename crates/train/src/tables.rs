//! Which rows have the tables of Lu, Zhong, Li and Dong, and which recipe is each of them?
//!
//! Published errors are in percent. The slides and the paper differ in places, and some rows were printed
//! with parameter counts that are none; the notes say so. Rows without a recipe are of networks that are
//! not part of this project and stand here to complete the table.

/// One row of a published table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedRow {
    /// The network, as the table calls it.
    pub label: &'static str,
    /// Its layers, as printed.
    pub layers: &'static str,
    /// Data set of the published number.
    pub data: &'static str,
    /// Recipe that trains it here.
    pub recipe: Option<&'static str>,
    /// Published top-1 test error in percent.
    pub error: f64,
    /// Published top-5 test error in percent.
    pub top5: Option<f64>,
    /// What a reader should know about the number.
    pub note: &'static str,
}

/// One published table that is made by training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedTable {
    /// Name on the command line.
    pub key: &'static str,
    /// What it compares.
    pub title: &'static str,
    /// Its rows, in order.
    pub rows: &'static [PublishedRow],
}

/// A row trained by a recipe.
const fn row(
    label: &'static str,
    layers: &'static str,
    data: &'static str,
    recipe: &'static str,
    error: f64,
    note: &'static str,
) -> PublishedRow {
    PublishedRow {
        label,
        layers,
        data,
        recipe: Some(recipe),
        error,
        top5: None,
        note,
    }
}

/// A row of a network that is not here.
const fn other(
    label: &'static str,
    layers: &'static str,
    data: &'static str,
    error: f64,
) -> PublishedRow {
    PublishedRow {
        label,
        layers,
        data,
        recipe: None,
        error,
        top5: None,
        note: "not part of this project",
    }
}

/// A row of ImageNet, with its top-5 error.
const fn imagenet(
    label: &'static str,
    layers: &'static str,
    recipe: &'static str,
    error: f64,
    top5: f64,
    note: &'static str,
) -> PublishedRow {
    PublishedRow {
        top5: Some(top5),
        ..row(label, layers, "ImageNet", recipe, error, note)
    }
}

const C10: &str = "CIFAR-10";
const C100: &str = "CIFAR-100";
const SPLIT: &str = "published with a 45k/5k split";

/// Table 2: CIFAR, deterministic training.
pub const TABLE2: PublishedTable = PublishedTable {
    key: "table2",
    title: "LM-ResNet and LM-ResNeXt against ResNets on CIFAR",
    rows: &[
        row("ResNet", "20", C10, "cifar10/resnet-20", 8.75, SPLIT),
        row("ResNet", "32", C10, "cifar10/resnet-32", 7.51, SPLIT),
        row("ResNet", "44", C10, "cifar10/resnet-44", 7.17, SPLIT),
        row("ResNet", "56", C10, "cifar10/resnet-56", 6.97, SPLIT),
        row(
            "ResNet, pre-act",
            "110",
            C10,
            "cifar10/preresnet-110",
            6.37,
            "",
        ),
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
            "another slide has 7.02",
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
            "EM-ResNet",
            "40",
            C10,
            "cifar10/em-resnet-40",
            8.25,
            "explicit midpoint is a reading of the slide",
        ),
        row(
            "ResNet",
            "110",
            C100,
            "cifar100/resnet-110",
            27.76,
            "by Huang et al. 2016",
        ),
        row(
            "ResNet, pre-act",
            "164",
            C100,
            "cifar100/preresnet-164",
            24.33,
            "printed as 2.55M, has 1.73M",
        ),
        row(
            "ResNet, pre-act",
            "1001",
            C100,
            "cifar100/preresnet-1001",
            22.71,
            "printed as 1202 and 18.88M, has 10.35M",
        ),
        row(
            "FractalNet",
            "20",
            C100,
            "cifar100/fractalnet-20",
            23.30,
            "",
        ),
        row(
            "FractalNet",
            "40",
            C100,
            "cifar100/fractalnet-40",
            22.49,
            "",
        ),
        other("DenseNet", "100", C100, 19.25),
        other("DenseNet-BC", "190", C100, 17.18),
        row(
            "ResNeXt",
            "29 (8x64d)",
            C100,
            "cifar100/resnext-29-8x64d",
            17.77,
            "",
        ),
        row(
            "ResNeXt",
            "29 (16x64d)",
            C100,
            "cifar100/resnext-29-16x64d",
            17.31,
            "",
        ),
        row(
            "LM-ResNet, pre-act",
            "110",
            C100,
            "cifar100/lm-resnet-110",
            26.84,
            "25.87 in the paper",
        ),
        row(
            "LM-ResNet, pre-act",
            "164",
            C100,
            "cifar100/lm-resnet-164",
            23.26,
            "22.90 in the paper",
        ),
        row(
            "LM-ResNeXt, pre-act",
            "29 (8x64d)",
            C100,
            "cifar100/lm-resnext-29-8x64d",
            17.49,
            "",
        ),
        row(
            "LM-ResNeXt, pre-act",
            "29 (16x64d)",
            C100,
            "cifar100/lm-resnext-29-16x64d",
            16.79,
            "",
        ),
    ],
};

/// Table 3: ImageNet, one crop.
pub const TABLE3: PublishedTable = PublishedTable {
    key: "table3",
    title: "LM-ResNet against ResNet on ImageNet, one crop",
    rows: &[
        imagenet("ResNet", "50", "imagenet/resnet-50", 24.7, 7.8, ""),
        imagenet(
            "ResNet",
            "101",
            "imagenet/resnet-101",
            23.6,
            7.1,
            "22.0 with the later recipe of ResNeXt's authors",
        ),
        imagenet("ResNet", "152", "imagenet/resnet-152", 23.0, 6.7, ""),
        imagenet(
            "LM-ResNet, pre-act",
            "50",
            "imagenet/lm-resnet-50",
            23.8,
            7.0,
            "",
        ),
        imagenet(
            "LM-ResNet, pre-act",
            "101",
            "imagenet/lm-resnet-101",
            22.6,
            6.4,
            "",
        ),
    ],
};

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

/// The tables that are made by training, in the order of the talk.
pub const TABLES: [&PublishedTable; 4] = [&TABLE2, &TABLE3, &TABLE4, &MOMENTUM];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_config;
    use crate::recipe::Layers;
    use timestep_nets::{Home, Network, preset};

    #[test]
    fn every_recipe_resolves_without_warning_to_a_network_that_builds() {
        for table in TABLES {
            for recipe in table.rows.iter().filter_map(|row| row.recipe) {
                let resolved = Layers::load(recipe).resolve();
                let resolved = resolved.unwrap_or_else(|e| panic!("{recipe}: {e}"));
                assert!(
                    resolved.warnings.is_empty(),
                    "{recipe}: {:?}",
                    resolved.warnings
                );
                let settings = &resolved.recipe.network;
                let home = preset(&settings.preset).map_or(Home::Cifar, |p| p.home);
                let (input, classes) = home.input();
                let config = network_config(settings, &resolved.recipe.noise, input, classes);
                let config = config.unwrap_or_else(|e| panic!("{recipe}: {e}"));
                Network::build(&config).unwrap_or_else(|e| panic!("{recipe}: {e}"));
                let noisy = recipe.contains('+');
                assert_eq!(!config.noise.name.is_empty(), noisy, "{recipe}");
            }
        }
    }

    #[test]
    fn published_settings_of_the_papers() {
        let recipe = |name: &str| Layers::load(name).resolve().expect(name).recipe;
        let lm = recipe("cifar10/lm-resnet-56+stochastic-depth");
        assert_eq!((lm.noise.keep, lm.train.epochs), (0.8, 500));
        assert_eq!(lm.schedule.milestones, [250, 375]);
        assert_eq!(
            recipe("cifar10/lm-resnet-110+stochastic-depth").noise.keep,
            0.5
        );
        let plain = recipe("cifar10/lm-resnet-20");
        assert_eq!((plain.train.epochs, plain.train.batch), (160, 128));
        assert_eq!(plain.schedule.milestones, [80, 120]);
        let hundred = recipe("cifar100/lm-resnext-29-16x64d");
        assert_eq!(
            (hundred.train.epochs, hundred.optimiser.weight_decay),
            (300, 5e-4)
        );
    }
}
