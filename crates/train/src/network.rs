//! Which network does a recipe ask for, given its data?

use crate::TrainError;
use crate::recipe::{ActivationsKind, BetweenKind, CoefficientKind, NetworkSettings, NoiseSection};
use timestep_nets::{
    Activations, Between, ControlConfig, Granularity, InputShape, NetError, NetworkConfig, block,
    body, preset,
};
use timestep_numerics::noise::{ActsOn, NOISES, noise_facts};
use timestep_numerics::{NoiseSettings, facts};

/// The configuration of the network: the preset, if one is named, with what differs from it.
///
/// # Errors
/// [`TrainError::Net`] for unknown names; what does not fit together is found when the network is built.
pub fn network_config(
    settings: &NetworkSettings,
    section: &NoiseSection,
    input: InputShape,
    classes: usize,
) -> Result<NetworkConfig, TrainError> {
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
    if !settings.body.is_empty() {
        config.body.name = body(&settings.body)?.key.to_owned();
    }
    if !settings.block.is_empty() {
        config.block.name = block(&settings.block)?.key();
    }
    if !settings.scheme.is_empty() {
        // An unknown name is reported by the network, with near names.
        config.scheme.name =
            facts(&settings.scheme).map_or(settings.scheme.clone(), |f| f.written().into());
    }
    if !settings.steps.is_empty() {
        config.body.steps.clone_from(&settings.steps);
    }
    if !settings.h.is_empty() {
        config.scheme.h.clone_from(&settings.h);
    } else if config.scheme.h.is_empty() && body(&config.body.name).is_ok_and(|b| b.uniform) {
        config.scheme.h = NetworkConfig::usual_h(&config.scheme.name);
    }
    if settings.rtol > 0.0 {
        config.scheme.control = Some(control(settings));
    }
    if settings.width != 0 {
        config = config.scaled_to(settings.width);
    }
    match settings.coefficient {
        CoefficientKind::Preset => {}
        CoefficientKind::Scalar => config.scheme.coefficient = Granularity::Scalar,
        CoefficientKind::Channel => config.scheme.coefficient = Granularity::Channel,
    }
    match settings.activations {
        ActivationsKind::Preset => {}
        ActivationsKind::Stored => config.body.activations = Activations::Stored,
        ActivationsKind::Reconstructed => config.body.activations = Activations::Reconstructed,
    }
    if settings.dropout >= 0.0 {
        config.block.dropout = settings.dropout;
    }
    if settings.drop_path >= 0.0 {
        config.body.drop_path = settings.drop_path;
    }
    noise(&mut config, settings, section)?;
    if config.architecture() != published.architecture() || settings.preset.is_empty() {
        let scheme = facts(&config.scheme.name).map_or(config.scheme.name.as_str(), |f| f.key);
        config.name = format!("{} x {scheme}", config.block.name);
    }
    Ok(config)
}

/// How sizes of steps follow from a tolerance.
fn control(settings: &NetworkSettings) -> ControlConfig {
    let usual = ControlConfig::new(settings.rtol);
    ControlConfig {
        rtol: settings.rtol,
        atol: match settings.atol > 0.0 {
            true => settings.atol,
            false => usual.atol,
        },
        evaluations: match settings.evaluations {
            0 => usual.evaluations,
            n => n,
        },
        between: match settings.between {
            BetweenKind::Usual | BetweenKind::Linear => Between::Linear,
            BetweenKind::Constant => Between::Constant,
        },
    }
}

/// Gives the network the noise that is asked for, or keeps that of the preset with other settings.
fn noise(
    config: &mut NetworkConfig,
    settings: &NetworkSettings,
    section: &NoiseSection,
) -> Result<(), TrainError> {
    let asked = settings.noise.as_str();
    let facts = match asked {
        "" | "none" => None,
        name => Some(noise_facts(name).ok_or_else(|| NetError::Unknown {
            kind: "noise",
            name: name.to_owned(),
            near: NOISES.near(name).into_iter().map(str::to_owned).collect(),
            list: "timestep list noises",
        })?),
    };
    let joins = facts.filter(|facts| facts.acts_on == ActsOn::Joins);
    if joins.is_some() && settings.drop_path < 0.0 {
        config.body.drop_path = section.own.number("share");
    }
    if asked == "none" && settings.drop_path < 0.0 {
        config.body.drop_path = 0.0;
    }
    let branches = block(&config.block.name).is_ok_and(|kind| kind.facts.two_branches);
    let name = match facts {
        // Drop-path is a share of its own, beside which nothing else is random.
        Some(_) if joins.is_some() => String::new(),
        Some(facts) => facts.key.to_owned(),
        None if asked == "none" => String::new(),
        // Another block than the published one may have no branches to mix.
        None if !branches => String::new(),
        None => config.noise.name.clone(),
    };
    config.noise = NoiseSettings {
        name,
        per: section.per,
        own: section.own.clone(),
    };
    Ok(())
}
