//! Which network does a recipe ask for, given its data?

use crate::TrainError;
use crate::recipe::{ActivationsKind, CoefficientKind, NetworkSettings};
use timestep_nets::{Activations, Granularity, InputShape, NetError, NetworkConfig, block, preset};
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
        NetworkConfig::new("preact", "euler", input, classes)
    } else {
        preset(&settings.preset)?.config(input, classes)
    };
    let published = config.clone();
    if !settings.block.is_empty() {
        config.block = block(&settings.block)?.key();
    }
    if !settings.scheme.is_empty() {
        // An unknown name is reported by the network, with near names.
        config.scheme = facts(&settings.scheme).map_or(settings.scheme.clone(), |f| f.key.into());
    }
    if !settings.steps.is_empty() {
        config.steps.clone_from(&settings.steps);
    }
    if settings.width != 0 {
        config = config.scaled_to(settings.width);
    }
    match settings.coefficient {
        CoefficientKind::Preset => {}
        CoefficientKind::Scalar => config.coefficient = Granularity::Scalar,
        CoefficientKind::Channel => config.coefficient = Granularity::Channel,
    }
    match settings.activations {
        ActivationsKind::Preset => {}
        ActivationsKind::Stored => config.activations = Activations::Stored,
        ActivationsKind::Reconstructed => config.activations = Activations::Reconstructed,
    }
    if settings.dropout >= 0.0 {
        config.dropout = settings.dropout;
    }
    if settings.drop_path >= 0.0 {
        config.drop_path = settings.drop_path;
    }
    if config.architecture() != published.architecture() || settings.preset.is_empty() {
        config.name = format!("{} x {}", config.block, config.scheme);
    }
    Ok(config)
}
