//! The networks that were published for 32×32 images.

use super::{Home, Preset, Published, counts, error, named, number};
use crate::{Activations, Body, History, NetworkConfig, Shortcut, StemKind, StrideAt, Transition};

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

/// Three segments of `n` steps, where a basic block has two convolutions and a bottleneck three.
fn thirds(name: &str, per_step: usize) -> Vec<usize> {
    vec![(number(name, 0) - 2) / (3 * per_step); 3]
}

/// Post-activation ResNet (He et al. 2015, section 4.2).
fn resnet(name: &'static str) -> NetworkConfig {
    NetworkConfig {
        steps: thirds(name, 2),
        shortcut: Shortcut::OptionA,
        stride_at: StrideAt::First,
        ..named(name, Home::Cifar, "postact", "euler")
    }
}

/// Pre-activation ResNet of basic blocks (He et al. 2016).
fn preresnet(name: &'static str) -> NetworkConfig {
    NetworkConfig {
        steps: thirds(name, 2),
        shortcut: Shortcut::OptionA,
        stride_at: StrideAt::First,
        ..named(name, Home::Cifar, "preact", "euler")
    }
}

/// Pre-activation ResNet of bottlenecks (He et al. 2016).
fn deep_preresnet(name: &'static str) -> NetworkConfig {
    NetworkConfig {
        steps: thirds(name, 3),
        shortcut: Shortcut::SharedProjection,
        stride_at: StrideAt::First,
        ..named(name, Home::Cifar, "preact-bottleneck", "euler")
    }
}

/// LM-ResNet (Lu et al. 2018): separate projections, one coefficient a step but at restarts.
fn lm_resnet(name: &'static str) -> NetworkConfig {
    NetworkConfig {
        steps: thirds(name, 2),
        ..named(name, Home::Cifar, "preact", "lm")
    }
}

/// LM-ResNet of bottlenecks.
fn deep_lm_resnet(name: &'static str) -> NetworkConfig {
    NetworkConfig {
        steps: thirds(name, 3),
        ..named(name, Home::Cifar, "preact-bottleneck", "lm")
    }
}

/// The same as ResNet-20 to -110 with another scheme; the steps keep their number.
fn stepped(name: &'static str, scheme: &str, layers_per_step: usize) -> NetworkConfig {
    // The depth is the last part of a name such as `lm3-resnet-20`.
    let depth = name.rsplit('-').next().unwrap_or(name);
    NetworkConfig {
        steps: thirds(depth, layers_per_step),
        shortcut: Shortcut::OptionA,
        stride_at: StrideAt::First,
        ..named(name, Home::Cifar, "preact", scheme)
    }
}

/// Groups and width of the inner convolution from a name such as `resnext-29-8x64d`.
fn grouped(name: &'static str, block: &str, scheme: &str) -> NetworkConfig {
    let groups = number(name, 1);
    NetworkConfig {
        steps: thirds(name, 3),
        width: 64,
        inner_width: groups * number(name, 2),
        groups,
        ..named(name, Home::Cifar, block, scheme)
    }
}

/// ResNeXt-29 (Xie et al. 2017, appendix A): post-activation.
fn resnext(name: &'static str) -> NetworkConfig {
    grouped(name, "resnext", "euler")
}

/// LM-ResNeXt-29 (Lu et al. 2018): pre-activation, forward Euler at transitions.
fn lm_resnext(name: &'static str) -> NetworkConfig {
    grouped(name, "preact-resnext", "lm")
}

/// The same with history through the transitions, as the published parameter counts have it.
fn lm_resnext_history(name: &'static str) -> NetworkConfig {
    NetworkConfig {
        history: History::Projected,
        ..lm_resnext(name)
    }
}

/// Wide ResNet (Zagoruyko, Komodakis 2016): depth `6n + 4`, `k` times as wide.
fn wide(name: &'static str) -> NetworkConfig {
    NetworkConfig {
        steps: vec![(number(name, 0) - 4) / 6; 3],
        width: 16 * number(name, 1),
        stem_width: 16,
        shortcut: Shortcut::SharedProjection,
        ..named(name, Home::Cifar, "preact", "euler")
    }
}

/// Shake-Shake 26 (Gastaldi 2017): four blocks of two branches in each segment.
fn shake_shake(name: &'static str) -> NetworkConfig {
    NetworkConfig {
        steps: vec![4; 3],
        width: number(name, 2),
        stem: StemKind::CifarLinear,
        stem_width: 16,
        shortcut: Shortcut::ShiftedPaths,
        ..named(name, Home::Cifar, "shake-shake", "euler")
    }
}

/// RevNet of basic blocks (Gomez et al. 2017, Table 1); a step is two blocks.
fn revnet(name: &'static str) -> NetworkConfig {
    let steps = (number(name, 0) - 2) / 12;
    NetworkConfig {
        steps: vec![steps; 3],
        width: 32,
        widths: vec![32, 64, if steps == 3 { 112 } else { 128 }],
        stem: StemKind::CifarNormed,
        shortcut: Shortcut::PooledOptionA,
        transition: Transition::ReversibleStep,
        stride_at: StrideAt::First,
        activations: Activations::Reconstructed,
        ..named(name, Home::Cifar, "preact", "reversible")
    }
}

/// RevNet of bottlenecks.
fn deep_revnet(name: &'static str) -> NetworkConfig {
    NetworkConfig {
        steps: vec![(number(name, 0) - 2) / 18; 3],
        shortcut: Shortcut::PlainProjection,
        block: "preact-bottleneck".into(),
        widths: vec![32, 64, 128],
        ..revnet(name)
    }
}

/// FractalNet (Larsson et al. 2017): five blocks; 20 layers with three columns, 40 with four.
fn fractalnet(name: &'static str) -> NetworkConfig {
    let scheme = if number(name, 0) == 40 {
        "fractal4"
    } else {
        "fractal3"
    };
    NetworkConfig {
        body: Body::Fractal,
        steps: vec![1; 5],
        width: 64,
        widths: vec![64, 128, 256, 512, 512],
        drop_path: 0.15,
        dropout: 0.4,
        ..named(name, Home::Cifar, "conv-norm-relu", scheme)
    }
}

/// A published network of the table below.
const fn preset(
    name: &'static str,
    make: fn(&'static str) -> NetworkConfig,
    counts: super::Counts,
    published: &'static [Published],
    references: &'static [&'static str],
) -> Preset {
    Preset {
        name,
        home: Home::Cifar,
        make,
        counts,
        published,
        references,
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
        "dense-resnet-20",
        |name| stepped(name, "dense", 2),
        counts(269_722, 9, 40.6),
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
