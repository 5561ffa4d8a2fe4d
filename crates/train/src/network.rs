//! Which network does a recipe ask for, given its data?

use crate::TrainError;
use crate::recipe::{CoefficientKind, NetworkSettings};
use timestep_nets::{
    Granularity, InputShape, NetError, NetworkConfig, Shortcut, StrideAt, Transition, block, preset,
};
use timestep_numerics::facts;

/// The configuration of the network: the preset, if one is named, with what differs from it.
///
/// # Errors
/// [`TrainError::Net`] for unknown names and for noise, which no network here has yet.
pub fn network_config(
    settings: &NetworkSettings,
    input: InputShape,
    classes: usize,
) -> Result<NetworkConfig, TrainError> {
    if !matches!(settings.noise.as_str(), "" | "none") {
        return Err(NetError::Unknown {
            kind: "noise",
            name: settings.noise.clone(),
            near: vec!["none".into()],
            list: "timestep list noises",
        }
        .into());
    }
    let classes = if settings.classes == 0 {
        classes
    } else {
        settings.classes
    };
    let mut config = if settings.preset.is_empty() {
        NetworkConfig {
            name: String::new(),
            block: "preact".into(),
            scheme: "euler".into(),
            steps: vec![3, 3, 3],
            width: 16,
            classes,
            input,
            shortcut: Shortcut::Projection,
            transition: Transition::StridedStep,
            stride_at: StrideAt::Middle,
            coefficient: Granularity::Scalar,
        }
    } else {
        preset(&settings.preset)?.config(input, classes)
    };
    let published = config.clone();
    if !settings.block.is_empty() {
        config.block = block(&settings.block)?.0.key.to_owned();
    }
    if !settings.scheme.is_empty() {
        // An unknown name is reported by the network, with near names.
        config.scheme = facts(&settings.scheme).map_or(settings.scheme.clone(), |f| f.key.into());
    }
    if !settings.steps.is_empty() {
        config.steps.clone_from(&settings.steps);
    }
    if settings.width != 0 {
        config.width = settings.width;
    }
    match settings.coefficient {
        CoefficientKind::Preset => {}
        CoefficientKind::Scalar => config.coefficient = Granularity::Scalar,
        CoefficientKind::Channel => config.coefficient = Granularity::Channel,
    }
    if config != published || settings.preset.is_empty() {
        config.name = format!("{} x {}", config.block, config.scheme);
    }
    Ok(config)
}
