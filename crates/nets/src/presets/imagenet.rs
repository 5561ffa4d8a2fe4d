//! The networks that were published for ImageNet.

use super::{Home, Preset, Published, counts, error, facts, named};
use crate::{Activations, NetworkConfig, Shortcut, StemKind, StrideAt, Transition};

const DATA: &str = "ImageNet";
const HE15: &str = "He et al. 2015";
const LU18: &str = "Lu et al. 2018";
const XIE17: &str = "Xie et al. 2017";
const HU18: &str = "Hu et al. 2018";
const SZEGEDY17: &str = "Szegedy et al. 2017";
const ZHANG17: &str = "Zhang et al. 2017";
const GOMEZ17: &str = "Gomez et al. 2017";

/// Side of the images.
const SIDE: usize = 224;

/// Steps of each segment by depth.
fn steps(name: &str) -> Vec<usize> {
    match super::number(name, 0) {
        18 => vec![2, 2, 2, 2],
        101 => vec![3, 4, 23, 3],
        152 => vec![3, 8, 36, 3],
        _ => vec![3, 4, 6, 3],
    }
}

/// Four segments of blocks after a 7×7 stem.
fn segments(name: &'static str, block: &str, scheme: &str) -> NetworkConfig {
    let mut network = named(name, Home::Imagenet(SIDE), block, scheme);
    network.stem.kind = StemKind::Imagenet;
    network.body.steps = steps(name);
    network.body.width = 64;
    network
}

/// Four segments of basic blocks after a 7×7 stem.
fn basic(name: &'static str) -> NetworkConfig {
    segments(name, "postact", "euler")
}

/// The same with pre-activation.
fn basic_preresnet(name: &'static str) -> NetworkConfig {
    let mut network = preresnet(name);
    network.block.name = "preact".into();
    network
}

/// The same as a linear multistep method.
fn basic_lm_resnet(name: &'static str) -> NetworkConfig {
    segments(name, "preact", "lm")
}

/// ResNet with the stride on the 3×3 convolution (version 1.5, as in torchvision).
fn resnet(name: &'static str) -> NetworkConfig {
    segments(name, "bottleneck", "euler")
}

/// ResNet with the stride on the first 1×1 convolution, as published.
fn resnet_v1(name: &'static str) -> NetworkConfig {
    let mut network = resnet(name);
    network.block.stride_at = StrideAt::First;
    network
}

/// Pre-activation ResNet (He et al. 2016).
fn preresnet(name: &'static str) -> NetworkConfig {
    let mut network = segments(name, "preact-bottleneck", "euler");
    network.body.shortcut = Shortcut::SharedProjection;
    network
}

/// LM-ResNet (Lu et al. 2018).
fn lm_resnet(name: &'static str) -> NetworkConfig {
    segments(name, "preact-bottleneck", "lm")
}

/// ResNeXt 32×4d.
fn resnext(name: &'static str) -> NetworkConfig {
    let mut network = segments(name, "resnext", "euler");
    network.block.inner_width = 128;
    network.block.groups = 32;
    network
}

/// ResNet with squeeze-and-excitation, stride on the 3×3 convolution.
fn se_resnet(name: &'static str) -> NetworkConfig {
    segments(name, "se-bottleneck", "euler")
}

/// RevNet of bottlenecks (Gomez et al. 2017, Table 1); a step is two blocks.
fn revnet(name: &'static str) -> NetworkConfig {
    let mut network = named(
        name,
        Home::Imagenet(SIDE),
        "preact-bottleneck",
        "reversible",
    );
    network.stem.kind = StemKind::ImagenetNormed;
    network.body.steps = vec![2, 2, if super::number(name, 0) == 104 { 11 } else { 3 }, 2];
    network.body.width = 128;
    network.body.widths = vec![128, 256, 512, 832];
    network.body.transition = Transition::ReversibleStep;
    network.body.shortcut = Shortcut::PlainProjection;
    network.body.activations = Activations::Reconstructed;
    network.block.stride_at = StrideAt::First;
    network
}

/// Inception-ResNet-v2.
fn inception_resnet(name: &'static str) -> NetworkConfig {
    let mut network = named(name, Home::Imagenet(299), "inception-a", "euler");
    network.body.name = "inception-resnet".into();
    network.body.steps = vec![10, 20, 10];
    network.body.width = 320;
    network.body.widths = vec![320, 1088, 2080];
    network
}

/// Very Deep PolyNet.
fn polynet(name: &'static str) -> NetworkConfig {
    let mut network = named(name, Home::Imagenet(331), "inception-a", "poly3");
    network.body.name = "polynet".into();
    network.body.steps = vec![10, 20, 10];
    network.body.width = 384;
    network.body.widths = vec![384, 1152, 2048];
    network.block.dropout = 0.2;
    network
}

/// A published network of the table below.
const fn preset(
    name: &'static str,
    home: usize,
    make: fn(&'static str) -> NetworkConfig,
    counts: super::Counts,
    published: &'static [Published],
    references: &'static [&'static str],
) -> Preset {
    Preset {
        named: facts(name, references),
        home: Home::Imagenet(home),
        make,
        counts,
        published,
    }
}

pub(super) static PRESETS: &[Preset] = &[
    preset(
        "resnet-18",
        SIDE,
        basic,
        counts(11_689_512, 0, 1814.0),
        &[],
        &["he2016deep"],
    ),
    preset(
        "resnet-34",
        SIDE,
        basic,
        counts(21_797_672, 0, 3664.0),
        &[],
        &["he2016deep"],
    ),
    preset(
        "preresnet-18",
        SIDE,
        basic_preresnet,
        counts(11_687_848, 0, 0.0),
        &[],
        &["he2016identity"],
    ),
    preset(
        "preresnet-34",
        SIDE,
        basic_preresnet,
        counts(21_796_008, 0, 0.0),
        &[],
        &["he2016identity"],
    ),
    preset(
        "lm-resnet-18",
        SIDE,
        basic_lm_resnet,
        counts(11_688_744, 4, 0.0),
        &[],
        &["lu2018beyond"],
    ),
    preset(
        "lm-resnet-34",
        SIDE,
        basic_lm_resnet,
        counts(21_796_904, 12, 0.0),
        &[],
        &["lu2018beyond"],
    ),
    preset(
        "resnet-50",
        SIDE,
        resnet,
        counts(25_557_032, 0, 4090.0),
        &[error(DATA, 24.7, HE15)],
        &["he2016deep"],
    ),
    preset(
        "resnet-101",
        SIDE,
        resnet,
        counts(44_549_160, 0, 7800.0),
        &[error(DATA, 23.6, HE15)],
        &["he2016deep"],
    ),
    preset(
        "resnet-152",
        SIDE,
        resnet,
        counts(60_192_808, 0, 11510.0),
        &[error(DATA, 23.0, HE15)],
        &["he2016deep"],
    ),
    preset(
        "resnet-50-v1",
        SIDE,
        resnet_v1,
        counts(25_557_032, 0, 3860.0),
        &[error(DATA, 24.7, HE15)],
        &["he2016deep"],
    ),
    preset(
        "resnet-101-v1",
        SIDE,
        resnet_v1,
        counts(44_549_160, 0, 7570.0),
        &[error(DATA, 23.6, HE15)],
        &["he2016deep"],
    ),
    preset(
        "resnet-152-v1",
        SIDE,
        resnet_v1,
        counts(60_192_808, 0, 11280.0),
        &[error(DATA, 23.0, HE15)],
        &["he2016deep"],
    ),
    preset(
        "preresnet-50",
        SIDE,
        preresnet,
        counts(25_549_480, 0, 0.0),
        &[],
        &["he2016identity"],
    ),
    preset(
        "preresnet-101",
        SIDE,
        preresnet,
        counts(44_541_608, 0, 0.0),
        &[],
        &["he2016identity"],
    ),
    preset(
        "preresnet-152",
        SIDE,
        preresnet,
        counts(60_185_256, 0, 0.0),
        &[],
        &["he2016identity"],
    ),
    preset(
        "lm-resnet-50",
        SIDE,
        lm_resnet,
        counts(25_553_192, 12, 0.0),
        &[error(DATA, 23.8, LU18)],
        &["lu2018beyond"],
    ),
    preset(
        "lm-resnet-101",
        SIDE,
        lm_resnet,
        counts(44_545_320, 29, 0.0),
        &[error(DATA, 22.6, LU18)],
        &["lu2018beyond"],
    ),
    preset(
        "resnext-50-32x4d",
        SIDE,
        resnext,
        counts(25_028_904, 0, 0.0),
        &[error(DATA, 22.2, XIE17)],
        &["xie2017aggregated"],
    ),
    preset(
        "resnext-101-32x4d",
        SIDE,
        resnext,
        counts(44_177_704, 0, 0.0),
        &[error(DATA, 21.2, XIE17)],
        &["xie2017aggregated"],
    ),
    preset(
        "se-resnet-50",
        SIDE,
        se_resnet,
        counts(28_088_024, 0, 0.0),
        &[error(DATA, 22.37, HU18)],
        &["hu2018squeeze"],
    ),
    preset(
        "se-resnet-101",
        SIDE,
        se_resnet,
        counts(49_326_872, 0, 0.0),
        &[error(DATA, 21.75, HU18)],
        &["hu2018squeeze"],
    ),
    preset(
        "se-resnet-152",
        SIDE,
        se_resnet,
        counts(66_821_848, 0, 0.0),
        &[error(DATA, 21.34, HU18)],
        &["hu2018squeeze"],
    ),
    preset(
        "revnet-56",
        SIDE,
        revnet,
        counts(27_553_128, 0, 0.0),
        &[],
        &["gomez2017reversible"],
    ),
    preset(
        "revnet-104",
        SIDE,
        revnet,
        counts(45_428_072, 0, 0.0),
        &[error(DATA, 23.1, GOMEZ17)],
        &["gomez2017reversible"],
    ),
    preset(
        "inception-resnet-v2",
        299,
        inception_resnet,
        counts(55_843_464, 0, 0.0),
        &[error(DATA, 19.9, SZEGEDY17)],
        &["szegedy2017inception"],
    ),
    preset(
        "very-deep-polynet",
        331,
        polynet,
        counts(95_366_600, 0, 0.0),
        &[error(DATA, 18.71, ZHANG17)],
        &["zhang2017polynet"],
    ),
];
