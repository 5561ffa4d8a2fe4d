//! What does a name stand for? One look-up over all registries, for `explain` and `cite`.

use crate::failure::Failure;
use timestep_data::DatasetInfo;
use timestep_nets::{BlockFacts, Preset, blocks, near_names, presets};
use timestep_numerics::{SchemeFacts, facts, schemes};
use timestep_train::recipe::{SETTINGS, Setting, setting};
use timestep_train::sinks::{SINKS, SinkKind};

/// A registered thing.
pub(crate) enum Named {
    /// A scheme.
    Scheme(&'static SchemeFacts),
    /// A block.
    Block(&'static BlockFacts),
    /// A published network.
    Network(&'static Preset),
    /// A data set.
    Data(Box<DatasetInfo>),
    /// A setting of a recipe.
    Setting(&'static Setting),
    /// A kind of log.
    Log(&'static SinkKind),
}

/// Finds a name; published networks go before the aliases of schemes.
pub(crate) fn find(name: &str) -> Result<Named, Failure> {
    if let Some(preset) = presets().iter().find(|p| p.name == name) {
        return Ok(Named::Network(preset));
    }
    if let Ok(facts) = facts(name) {
        return Ok(Named::Scheme(facts));
    }
    if let Some(block) = blocks().find(|b| b.key == name || b.aliases.contains(&name)) {
        return Ok(Named::Block(block));
    }
    if let Some(data) = timestep_data::list().into_iter().find(|d| d.key == name) {
        return Ok(Named::Data(Box::new(data)));
    }
    if let Some(setting) = setting(name) {
        return Ok(Named::Setting(setting));
    }
    if let Some(log) = SINKS.iter().find(|s| s.key == name) {
        return Ok(Named::Log(log));
    }
    let data = timestep_data::list();
    let known = (presets().iter().map(|p| p.name))
        .chain(schemes().iter().map(|s| s.key))
        .chain(blocks().map(|b| b.key))
        .chain(data.iter().map(|d| d.key))
        .chain(SETTINGS.iter().map(|s| s.path))
        .chain(SINKS.iter().map(|s| s.key));
    let near: Vec<String> = near_names(name, known)
        .iter()
        .map(|n| format!("`{n}`"))
        .collect();
    let hint = if near.is_empty() {
        "`timestep list` shows what there is".to_owned()
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    Err(Failure::usage(format!("nothing is called `{name}`"), hint))
}

/// The module documentation of a source file: its `//!` lines as Markdown.
pub(crate) fn module_page(source: &str) -> String {
    let lines = source.lines().take_while(|l| l.starts_with("//!"));
    lines
        .map(|l| {
            l.trim_start_matches("//!")
                .trim_start_matches(' ')
                .to_owned()
                + "\n"
        })
        .collect()
}
