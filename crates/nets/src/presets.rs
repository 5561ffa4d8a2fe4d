//! Which published networks are there by name, and what are they made of?

use crate::{
    Granularity, InputShape, NetError, NetworkConfig, Shortcut, StrideAt, Transition, near_names,
};

/// A published network.
#[derive(Debug)]
pub struct Preset {
    /// Name as published: `lm-resnet-20`.
    pub name: &'static str,
    /// Layers as published.
    pub depth: usize,
    /// Block.
    pub block: &'static str,
    /// Scheme.
    pub scheme: &'static str,
    /// Shortcut of its transitions.
    pub shortcut: Shortcut,
    /// Where a bottleneck has its stride.
    pub stride_at: StrideAt,
    /// Trained numbers without coefficients, for 10 classes of 3×32×32 images.
    pub parameters: usize,
    /// Learned coefficients.
    pub coefficients: usize,
    /// Published CIFAR-10 test error in percent, with its source.
    pub published: Option<(f64, &'static str)>,
    /// BibTeX keys.
    pub references: &'static [&'static str],
}

impl Preset {
    /// Steps of each of its three segments.
    #[must_use]
    pub fn steps(&self) -> usize {
        let convolutions = if self.block.ends_with("bottleneck") {
            9
        } else {
            6
        };
        (self.depth - 2) / convolutions
    }

    /// Its configuration for images and classes.
    #[must_use]
    pub fn config(&self, input: InputShape, classes: usize) -> NetworkConfig {
        NetworkConfig {
            name: self.name.to_string(),
            block: self.block.to_string(),
            scheme: self.scheme.to_string(),
            steps: vec![self.steps(); 3],
            width: 16,
            classes,
            input,
            shortcut: self.shortcut,
            transition: Transition::StridedStep,
            stride_at: self.stride_at,
            coefficient: Granularity::Scalar,
        }
    }
}

/// Post-activation ResNet (He et al. 2015, section 4.2).
const fn resnet(
    name: &'static str,
    depth: usize,
    parameters: usize,
    published: Option<(f64, &'static str)>,
) -> Preset {
    Preset {
        name,
        depth,
        block: "postact",
        scheme: "euler",
        shortcut: Shortcut::OptionA,
        stride_at: StrideAt::First,
        parameters,
        coefficients: 0,
        published,
        references: &["he2016deep"],
    }
}

/// Pre-activation ResNet (He et al. 2016): basic blocks, or bottlenecks from depth 164.
const fn preresnet(
    name: &'static str,
    depth: usize,
    parameters: usize,
    published: Option<(f64, &'static str)>,
) -> Preset {
    let bottleneck = depth == 164 || depth == 1001;
    Preset {
        name,
        depth,
        block: if bottleneck {
            "preact-bottleneck"
        } else {
            "preact"
        },
        scheme: "euler",
        shortcut: if bottleneck {
            Shortcut::SharedProjection
        } else {
            Shortcut::OptionA
        },
        stride_at: StrideAt::First,
        parameters,
        coefficients: 0,
        published,
        references: &["he2016identity"],
    }
}

/// LM-ResNet (Lu et al. 2018): separate projections, one coefficient a step but at restarts.
const fn lm_resnet(
    name: &'static str,
    depth: usize,
    parameters: usize,
    coefficients: usize,
    published: Option<(f64, &'static str)>,
) -> Preset {
    let bottleneck = depth == 164;
    Preset {
        name,
        depth,
        block: if bottleneck {
            "preact-bottleneck"
        } else {
            "preact"
        },
        scheme: "lm",
        shortcut: Shortcut::Projection,
        stride_at: StrideAt::Middle,
        parameters,
        coefficients,
        published,
        references: &["lu2018beyond"],
    }
}

const HE15: &str = "He et al. 2015";
const HE16: &str = "He et al. 2016";
const LU18: &str = "Lu et al. 2018";

static PRESETS: &[Preset] = &[
    resnet("resnet-20", 20, 269_722, Some((8.75, HE15))),
    resnet("resnet-32", 32, 464_154, Some((7.51, HE15))),
    resnet("resnet-44", 44, 658_586, Some((7.17, HE15))),
    resnet("resnet-56", 56, 853_018, Some((6.97, HE15))),
    resnet("resnet-110", 110, 1_727_962, Some((6.43, HE15))),
    resnet("resnet-1202", 1202, 19_421_274, Some((7.93, HE15))),
    preresnet("preresnet-20", 20, 269_722, None),
    preresnet("preresnet-32", 32, 464_154, None),
    preresnet("preresnet-44", 44, 658_586, None),
    preresnet("preresnet-56", 56, 853_018, None),
    preresnet("preresnet-110", 110, 1_727_962, Some((6.37, HE16))),
    preresnet("preresnet-164", 164, 1_703_258, Some((5.46, HE16))),
    preresnet("preresnet-1001", 1001, 10_327_706, Some((4.92, HE16))),
    lm_resnet("lm-resnet-20", 20, 272_378, 6, Some((8.33, LU18))),
    lm_resnet("lm-resnet-32", 32, 466_810, 12, Some((7.18, LU18))),
    lm_resnet("lm-resnet-44", 44, 661_242, 18, Some((6.66, LU18))),
    lm_resnet("lm-resnet-56", 56, 855_674, 24, Some((6.31, LU18))),
    lm_resnet("lm-resnet-110", 110, 1_730_618, 51, None),
    lm_resnet("lm-resnet-164", 164, 1_703_674, 51, None),
];

/// Every published network, in registry order.
#[must_use]
pub fn presets() -> &'static [Preset] {
    PRESETS
}

/// A published network by name.
///
/// # Errors
/// [`NetError::Unknown`] with near names.
pub fn preset(name: &str) -> Result<&'static Preset, NetError> {
    PRESETS
        .iter()
        .find(|p| p.name == name)
        .ok_or_else(|| NetError::Unknown {
            kind: "network",
            name: name.to_string(),
            near: near_names(name, PRESETS.iter().map(|p| p.name)),
            list: "timestep list networks",
        })
}
