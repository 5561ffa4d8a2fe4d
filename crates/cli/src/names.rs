//! What does a name stand for? One look-up over all registries, for `explain` and `cite`.

use crate::args::Cli;
use crate::codes::Code;
use crate::failure::Failure;
use crate::recipes::{is_recipe, recipes};
use clap::CommandFactory;
use timestep_data::DatasetInfo;
use timestep_nets::{BlockFacts, Preset, blocks, near_names, presets, squeeze_excite};
use timestep_numerics::noise::{NoiseFacts, noise_facts, noises};
use timestep_numerics::{SchemeFacts, facts, schemes};
use timestep_restore::MethodFacts;
use timestep_restore::methods::METHODS;
use timestep_train::optimisers::{OptimiserFacts, optimiser_facts, optimisers};
use timestep_train::recipe::{Setting, TaskKind, setting, settings};
use timestep_train::sinks::{SINKS, SinkKind};

/// The name of no noise.
pub(crate) const NO_NOISE: &str = "none";

/// A registered thing.
pub(crate) enum Named {
    /// A scheme.
    Scheme(&'static SchemeFacts),
    /// A block.
    Block(&'static BlockFacts),
    /// What stands where there is no noise.
    NoNoise,
    /// A law of noise.
    Noise(&'static NoiseFacts),
    /// A rule that moves the weights.
    Optimiser(&'static OptimiserFacts),
    /// A published network.
    Network(&'static Preset),
    /// A method that removes noise from pictures.
    Method(&'static MethodFacts),
    /// A data set.
    Data(Box<DatasetInfo>),
    /// A setting of a recipe, with the task that it belongs to; one that both have is shown as that of classifiers.
    Setting(TaskKind, &'static Setting),
    /// A kind of log.
    Log(&'static SinkKind),
    /// A recipe, by its name.
    Recipe(String),
    /// A kind of failure.
    Error(Code),
    /// An analysis, by its name.
    Analysis(String),
}

/// Finds a name; published networks go before the aliases of schemes, data sets before their
/// recipes.
pub(crate) fn find(name: &str) -> Result<Named, Failure> {
    if let Some(preset) = presets().iter().copied().find(|p| p.name == name) {
        return Ok(Named::Network(preset));
    }
    if let Ok(facts) = facts(name) {
        return Ok(Named::Scheme(facts));
    }
    let mut all = blocks().chain([squeeze_excite()]);
    if let Some(block) = all.find(|b| b.key == name || b.aliases.contains(&name)) {
        return Ok(Named::Block(block));
    }
    if name == NO_NOISE {
        return Ok(Named::NoNoise);
    }
    if let Some(noise) = noise_facts(name) {
        return Ok(Named::Noise(noise));
    }
    if let Some(optimiser) = optimiser_facts(name) {
        return Ok(Named::Optimiser(optimiser));
    }
    if let Some(method) = METHODS.iter().find(|m| m.facts.key == name) {
        return Ok(Named::Method(method.facts));
    }
    if let Some(data) = timestep_data::list().into_iter().find(|d| d.key == name) {
        return Ok(Named::Data(Box::new(data)));
    }
    for task in [TaskKind::Classify, TaskKind::Restore] {
        if let Some(setting) = setting(task, name) {
            return Ok(Named::Setting(task, setting));
        }
    }
    if let Some(log) = SINKS.iter().find(|s| s.key == name) {
        return Ok(Named::Log(log));
    }
    if is_recipe(name) {
        return Ok(Named::Recipe(name.to_owned()));
    }
    if let Some(code) = Code::find(name) {
        return Ok(Named::Error(code));
    }
    if analyses().any(|analysis| analysis.get_name() == name) {
        return Ok(Named::Analysis(name.to_owned()));
    }
    Err(unknown(name))
}

/// The analyses: the commands below `analyze`, which say themselves what they are.
pub(crate) fn analyses() -> impl Iterator<Item = clap::Command> {
    let mut command = Cli::command();
    // Only a command that is built knows the line that calls it.
    command.build();
    let analyze = command.find_subcommand("analyze").cloned();
    analyze
        .into_iter()
        .flat_map(|analyze| analyze.get_subcommands().cloned().collect::<Vec<_>>())
        .filter(|analysis| analysis.get_name() != "help")
}

/// Nothing has this name: the nearest ones of all registries, or where to look.
fn unknown(name: &str) -> Failure {
    // `train.lr` means `optimiser.lr`, and so does `lr`: the last part of a setting says most.
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    let all = || {
        let restorers = settings(TaskKind::Restore).iter();
        let own = restorers.filter(|s| setting(TaskKind::Classify, s.path).is_none());
        settings(TaskKind::Classify).iter().chain(own)
    };
    let mut near: Vec<String> = all()
        .filter(|s| last(s.path) == last(name))
        .map(|s| s.path.to_owned())
        .collect();
    if near.is_empty() {
        let data = timestep_data::list();
        let recipes = recipes();
        let analyses: Vec<clap::Command> = analyses().collect();
        let aliases = schemes()
            .iter()
            .flat_map(|s| s.aliases)
            .chain(blocks().flat_map(|b| b.aliases));
        let known = (presets().iter().map(|p| p.name))
            .chain(schemes().iter().map(|s| s.key))
            .chain(blocks().map(|b| b.key))
            .chain([NO_NOISE])
            .chain(noises().iter().map(|n| n.key))
            .chain(optimisers().iter().map(|o| o.key))
            .chain(aliases.copied())
            .chain(METHODS.iter().map(|m| m.facts.key))
            .chain(data.iter().map(|d| d.key))
            .chain(all().map(|s| s.path))
            .chain(SINKS.iter().map(|s| s.key))
            .chain(analyses.iter().map(clap::Command::get_name))
            .chain(Code::ALL.iter().map(|code| code.key()))
            // Recipes are long and alike: they only answer to names that look like one.
            .chain(
                recipes
                    .iter()
                    .map(String::as_str)
                    .filter(|_| name.contains('/')),
            );
        near = near_names(name, known);
    }
    let near: Vec<String> = near.iter().map(|n| format!("`{n}`")).collect();
    let hint = if near.is_empty() {
        "`timestep list` shows what there is".to_owned()
    } else {
        format!("did you mean {}?", near.join(" or "))
    };
    Failure::usage(format!("nothing is called `{name}`"), hint).coded(Code::UnknownName)
}

/// The module documentation of a source file: its `//!` lines as Markdown.
pub(crate) fn module_page(source: &str) -> String {
    source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n")
        .collect()
}

/// The type of a setting, for tables.
pub(crate) fn type_name(kind: timestep_train::recipe::Kind) -> String {
    use timestep_train::recipe::Kind;
    match kind {
        Kind::Text => "text".into(),
        // An empty word stands for "as the preset says".
        Kind::Word(words) => words
            .iter()
            .map(|w| if w.is_empty() { "\"\"" } else { w })
            .collect::<Vec<_>>()
            .join("|"),
        Kind::Count => "count".into(),
        Kind::Number => "number".into(),
        Kind::Switch => "true|false".into(),
        Kind::Counts => "counts".into(),
        Kind::Numbers => "numbers".into(),
        Kind::Names => "names".into(),
    }
}
