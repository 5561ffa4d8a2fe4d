//! The networks that were published for 32×32 images.

use super::cifar_families::*;
use super::{Home, Preset, Published, counts, error, facts};
use crate::NetworkConfig;

const C10: &str = "CIFAR-10";
const C100: &str = "CIFAR-100";
const HE15: &str = "He et al. 2015";
const HE16: &str = "He et al. 2016";
const LU18: &str = "Lu et al. 2018";
const XIE17: &str = "Xie et al. 2017";
const ZAGORUYKO16: &str = "Zagoruyko, Komodakis 2016";
const GOMEZ17: &str = "Gomez et al. 2017";
const GASTALDI17: &str = "Gastaldi 2017";
const LARSSON17: &str = "Larsson et al. 2017";

/// A published network of the table below.
const fn preset(
    name: &'static str,
    make: fn(&'static str) -> NetworkConfig,
    counts: super::Counts,
    published: &'static [Published],
    references: &'static [&'static str],
) -> Preset {
    Preset {
        named: facts(name, references),
        home: Home::Cifar,
        make,
        counts,
        published,
    }
}

pub(super) static PRESETS: &[Preset] = &[
    preset(
        "resnet-20",
        resnet,
        counts(269_722, 0, 40.6),
        &[error(C10, 8.75, HE15)],
        &["he2016deep"],
    ),
    preset(
        "resnet-32",
        resnet,
        counts(464_154, 0, 68.9),
        &[error(C10, 7.51, HE15)],
        &["he2016deep"],
    ),
    preset(
        "resnet-44",
        resnet,
        counts(658_586, 0, 97.2),
        &[error(C10, 7.17, HE15)],
        &["he2016deep"],
    ),
    preset(
        "resnet-56",
        resnet,
        counts(853_018, 0, 125.5),
        &[error(C10, 6.97, HE15)],
        &["he2016deep"],
    ),
    preset(
        "resnet-110",
        resnet,
        counts(1_727_962, 0, 252.9),
        &[error(C10, 6.43, HE15)],
        &["he2016deep"],
    ),
    preset(
        "resnet-1202",
        resnet,
        counts(19_421_274, 0, 2829.0),
        &[error(C10, 7.93, HE15)],
        &["he2016deep"],
    ),
    preset(
        "preresnet-20",
        preresnet,
        counts(269_722, 0, 40.6),
        &[],
        &["he2016identity"],
    ),
    preset(
        "preresnet-32",
        preresnet,
        counts(464_154, 0, 68.9),
        &[],
        &["he2016identity"],
    ),
    preset(
        "preresnet-44",
        preresnet,
        counts(658_586, 0, 97.2),
        &[],
        &["he2016identity"],
    ),
    preset(
        "preresnet-56",
        preresnet,
        counts(853_018, 0, 125.5),
        &[],
        &["he2016identity"],
    ),
    preset(
        "preresnet-110",
        preresnet,
        counts(1_727_962, 0, 252.9),
        &[error(C10, 6.37, HE16)],
        &["he2016identity"],
    ),
    preset(
        "preresnet-164",
        deep_preresnet,
        counts(1_703_258, 0, 244.5),
        &[error(C10, 5.46, HE16), error(C100, 24.33, HE16)],
        &["he2016identity"],
    ),
    preset(
        "preresnet-1001",
        deep_preresnet,
        counts(10_327_706, 0, 1488.0),
        &[error(C10, 4.92, HE16), error(C100, 22.71, HE16)],
        &["he2016identity"],
    ),
    preset(
        "lm-resnet-20",
        lm_resnet,
        counts(272_378, 6, 0.0),
        &[error(C10, 8.33, LU18)],
        &["lu2018beyond"],
    ),
    preset(
        "lm-resnet-32",
        lm_resnet,
        counts(466_810, 12, 0.0),
        &[error(C10, 7.18, LU18)],
        &["lu2018beyond"],
    ),
    preset(
        "lm-resnet-44",
        lm_resnet,
        counts(661_242, 18, 0.0),
        &[error(C10, 6.66, LU18)],
        &["lu2018beyond"],
    ),
    preset(
        "lm-resnet-56",
        lm_resnet,
        counts(855_674, 24, 0.0),
        &[error(C10, 6.31, LU18)],
        &["lu2018beyond"],
    ),
    preset(
        "lm-resnet-110",
        lm_resnet,
        counts(1_730_618, 51, 0.0),
        &[error(C100, 25.87, LU18)],
        &["lu2018beyond"],
    ),
    preset(
        "lm-resnet-164",
        deep_lm_resnet,
        counts(1_703_674, 51, 0.0),
        &[error(C100, 22.9, LU18)],
        &["lu2018beyond"],
    ),
    preset(
        "em-resnet-40",
        |name| stepped(name, "midpoint", 4),
        counts(269_722, 0, 0.0),
        &[error(C10, 8.25, LU18)],
        &["lu2018beyond"],
    ),
    preset(
        "momentum-resnet-20",
        |name| stepped(name, "momentum", 2),
        counts(269_722, 6, 40.6),
        &[],
        &["sander2021momentum"],
    ),
    preset(
        "momentum-resnet-32",
        |name| stepped(name, "momentum", 2),
        counts(464_154, 12, 68.9),
        &[],
        &["sander2021momentum"],
    ),
    preset(
        "momentum-resnet-56",
        |name| stepped(name, "momentum", 2),
        counts(853_018, 24, 125.5),
        &[],
        &["sander2021momentum"],
    ),
    preset(
        "momentum-resnet-110",
        |name| stepped(name, "momentum", 2),
        counts(1_727_962, 51, 252.9),
        &[],
        &["sander2021momentum"],
    ),
    preset(
        "lm3-resnet-20",
        |name| stepped(name, "lm3", 2),
        counts(269_722, 9, 40.6),
        &[],
        &["lu2018beyond", "chen2022zerosnet"],
    ),
    preset(
        "zerosnet-20",
        |name| stepped(name, "zerosnet", 2),
        counts(269_722, 0, 40.6),
        &[],
        &["chen2022zerosnet"],
    ),
    preset(
        "dense-resnet-56",
        |name| stepped(name, "dense", 2),
        counts(853_018, 108, 125.5),
        &[],
        &["lu2018beyond"],
    ),
    preset(
        "polynet-20",
        |name| stepped(name, "poly2", 2),
        counts(269_722, 0, 0.0),
        &[],
        &["zhang2017polynet"],
    ),
    preset(
        "resnext-29-8x64d",
        resnext,
        counts(34_426_698, 0, 5390.0),
        &[error(C10, 3.65, XIE17), error(C100, 17.77, XIE17)],
        &["xie2017aggregated"],
    ),
    preset(
        "resnext-29-16x64d",
        resnext,
        counts(68_155_210, 0, 10690.0),
        &[error(C10, 3.58, XIE17), error(C100, 17.31, XIE17)],
        &["xie2017aggregated"],
    ),
    preset(
        "lm-resnext-29-8x64d",
        lm_resnext,
        counts(34_424_778, 6, 0.0),
        &[error(C100, 17.49, LU18)],
        &["lu2018beyond"],
    ),
    preset(
        "lm-resnext-29-16x64d",
        lm_resnext,
        counts(68_153_290, 6, 0.0),
        &[error(C100, 16.79, LU18)],
        &["lu2018beyond"],
    ),
    preset(
        "lm-resnext-29-8x64d-history",
        lm_resnext_history,
        counts(35_081_674, 8, 0.0),
        &[error(C100, 17.49, LU18)],
        &["lu2018beyond"],
    ),
    preset(
        "lm-resnext-29-16x64d-history",
        lm_resnext_history,
        counts(68_810_186, 8, 0.0),
        &[error(C100, 16.79, LU18)],
        &["lu2018beyond"],
    ),
    preset(
        "wrn-16-8",
        wide,
        counts(10_961_370, 0, 0.0),
        &[],
        &["zagoruyko2016wide"],
    ),
    preset(
        "wrn-28-10",
        wide,
        counts(36_479_194, 0, 5240.0),
        &[
            error(C10, 4.0, ZAGORUYKO16),
            error(C100, 19.25, ZAGORUYKO16),
        ],
        &["zagoruyko2016wide"],
    ),
    preset(
        "wrn-40-4",
        wide,
        counts(8_949_210, 0, 0.0),
        &[],
        &["zagoruyko2016wide"],
    ),
    preset(
        "wrn-40-10",
        wide,
        counts(55_841_754, 0, 0.0),
        &[],
        &["zagoruyko2016wide"],
    ),
    preset(
        "fractalnet-20",
        fractalnet,
        counts(33_734_922, 0, 0.0),
        &[error(C10, 5.22, LARSSON17), error(C100, 23.3, LARSSON17)],
        &["larsson2017fractalnet"],
    ),
    preset(
        "fractalnet-40",
        fractalnet,
        counts(76_128_714, 0, 0.0),
        &[error(C100, 22.49, LARSSON17)],
        &["larsson2017fractalnet"],
    ),
    preset(
        "parabolic-20",
        parabolic,
        counts(170_170, 0, 0.0),
        &[],
        &["ruthotto2020deep"],
    ),
    preset(
        "hamiltonian-38",
        hamiltonian,
        counts(262_826, 0, 0.0),
        &[],
        &["chang2018reversible"],
    ),
    preset(
        "transformer-6",
        transformer,
        counts(1_197_450, 0, 82.2),
        &[],
        &[
            "vaswani2017attention",
            "dosovitskiy2021image",
            "beyer2022better",
        ],
    ),
    preset(
        "macaron-6",
        macaron,
        counts(1_199_754, 0, 82.2),
        &[],
        &["lu2019understanding", "beyer2022better"],
    ),
    preset(
        "revnet-38",
        revnet,
        counts(464_890, 0, 0.0),
        &[error(C10, 7.24, GOMEZ17), error(C100, 28.96, GOMEZ17)],
        &["gomez2017reversible"],
    ),
    preset(
        "revnet-110",
        revnet,
        counts(1_729_194, 0, 0.0),
        &[error(C10, 5.76, GOMEZ17), error(C100, 25.4, GOMEZ17)],
        &["gomez2017reversible"],
    ),
    preset(
        "revnet-164",
        deep_revnet,
        counts(1_748_778, 0, 0.0),
        &[error(C10, 5.17, GOMEZ17), error(C100, 23.69, GOMEZ17)],
        &["gomez2017reversible"],
    ),
    preset(
        "shake-shake-26-2x32d",
        shake_shake,
        counts(2_923_162, 0, 0.0),
        &[error(C10, 3.55, GASTALDI17)],
        &["gastaldi2017shake"],
    ),
    preset(
        "shake-shake-26-2x64d",
        shake_shake,
        counts(11_653_978, 0, 0.0),
        &[error(C10, 2.98, GASTALDI17)],
        &["gastaldi2017shake"],
    ),
    preset(
        "shake-shake-26-2x96d",
        shake_shake,
        counts(26_192_922, 0, 0.0),
        &[error(C10, 2.86, GASTALDI17)],
        &["gastaldi2017shake"],
    ),
];
