//! `timestep explain`: what is this thing, and when is it used?

use crate::args::Explain;
use crate::failure::Failure;
use crate::map::Place;
use crate::names::{NO_NOISE, Named, analyses, find, module_page, type_name};
use crate::recipes;
use crate::theory::Theory;
use crate::ui::Ui;
use serde_json::json;
use timestep_nets::{BlockFacts, Home, Network, Preset, Published};
use timestep_numerics::noise::{NoiseFacts, noise_facts};
use timestep_numerics::{SchemeFacts, page};
use timestep_train::optimisers::OptimiserFacts;
use timestep_train::recipe::{
    Setting, TaskKind, default_of, setting as find_setting, settings as all_settings,
};

/// Prints the page of a name: Markdown, as it was written.
pub(crate) fn run(args: &Explain, ui: Ui) -> Result<u8, Failure> {
    let named = find(&args.name)?;
    let mut measured = None;
    let (kind, name, text) = match &named {
        Named::Scheme(scheme) => {
            let theory = Theory::of(scheme, None);
            let text = format!("{}\n{}", scheme_page(scheme), theory.text());
            measured = Some(theory.json());
            ("scheme", scheme.key, text)
        }
        Named::Block(block) => ("block", block.key, block_page(block)),
        Named::Noise(noise) => ("noise", noise.key, noise_page(noise)),
        Named::NoNoise => (
            "noise",
            NO_NOISE,
            include_str!("../pages/none.md").to_owned(),
        ),
        Named::Optimiser(facts) => ("optimiser", facts.key, optimiser_page(facts)),
        Named::Method(method) => ("method", method.key, module_page(method.source)),
        Named::Network(preset) => ("network", preset.name, network_page(preset)?),
        Named::Data(data) => ("data set", data.key, data.page.clone()),
        Named::Setting(task, setting) => ("setting", setting.path, setting_page(*task, setting)),
        Named::Log(log) => {
            let when = if log.always {
                "written by every run"
            } else {
                "written with `--log`"
            };
            let text = format!(
                "{}.\nIn `{}` of the run folder, {when}.\n",
                log.about, log.file
            );
            ("log", log.key, text)
        }
        Named::Recipe(name) => ("recipe", name.as_str(), recipes::page(name)?),
        Named::Analysis(name) => ("analysis", name.as_str(), analysis_page(name)),
        Named::Error(code) => ("error", code.key(), code.source().to_owned()),
    };
    // A scheme and an analysis may have one name.
    let text = match analysis_page(name) {
        other if kind != "analysis" && !other.is_empty() => {
            format!("{}\n\n{name} (analysis)\n\n{other}", text.trim_end())
        }
        _ => text,
    };
    if ui.json {
        ui.object(json!({"kind": kind, "name": name, "page": text, "measured": measured}));
    } else {
        ui.data(&format!("{name} ({kind})\n\n{text}"));
    }
    Ok(0)
}

/// The scheme's own page and the heading of what follows.
fn scheme_page(scheme: &'static SchemeFacts) -> String {
    let names = match scheme.aliases {
        [] => String::new(),
        aliases => format!("Also called {}.\n\n", aliases.join(", ")),
    };
    format!(
        "{names}{}\n# Measured now, on the code that networks run",
        page(scheme)
    )
}

/// The block's own page, and that of the noise which has the same name.
fn block_page(block: &'static BlockFacts) -> String {
    let page = module_page(block.source);
    match noise_facts(block.key) {
        Some(noise) => format!("{page}\n{} (noise)\n\n{}", noise.key, noise_page(noise)),
        None => page,
    }
}

/// The page of a noise, and how it is asked for.
fn noise_page(noise: &'static NoiseFacts) -> String {
    let names = match noise.aliases {
        [] => String::new(),
        aliases => format!("Also called {}.\n\n", aliases.join(", ")),
    };
    let prefix = format!("{}:", noise.key);
    let both = "stochastic-depth and shake-shake:";
    let mut settings = String::new();
    for setting in all_settings(TaskKind::Classify)
        .iter()
        .filter(|s| s.path.starts_with("noise."))
    {
        let own = setting.about.starts_with(&prefix) || !setting.about.contains(": ");
        if own || setting.about.starts_with(both) {
            settings.push_str(&format!("`--set {}=…`  {}\n", setting.path, setting.about));
        }
    }
    format!(
        "{names}{}\n# Use it\n`timestep train --noise {}`, or `+{}` after the name of a recipe\n{settings}",
        module_page(noise.source),
        noise.key,
        noise.key
    )
}

/// The page of an optimiser, and what can be set on it.
fn optimiser_page(facts: &'static OptimiserFacts) -> String {
    let mut settings = vec![
        (
            "optimiser.lr",
            facts.lr.to_string(),
            "highest learning rate of the schedule",
        ),
        (
            "optimiser.weight_decay",
            facts.weight_decay.to_string(),
            "weight decay",
        ),
    ];
    settings
        .extend((facts.settings.iter()).map(|own| (own.path, own.default.to_string(), own.about)));
    let lines: String = settings
        .iter()
        .map(|(path, default, about)| format!("`--set {path}={default}`  {about}\n"))
        .collect();
    format!(
        "{}\n# Use it\n`timestep train --optimiser {}`, with these settings and defaults:\n{lines}",
        module_page(facts.source),
        facts.key
    )
}

/// What an analysis answers, and how it is asked; empty if there is none of this name.
fn analysis_page(name: &str) -> String {
    let Some(mut analysis) = analyses().find(|analysis| analysis.get_name() == name) else {
        return String::new();
    };
    let about = analysis
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default();
    let help = analysis.render_help().to_string();
    // The first lines of the help are the question again.
    let usage = help.find("Usage:").map_or("", |at| &help[at..]);
    format!("# Question\n{about}\n\n# Use it\n{usage}")
}

/// Type, default and meaning of a setting; of one that both tasks have, what it means for restorers too.
fn setting_page(task: TaskKind, setting: &Setting) -> String {
    let page = |task: TaskKind, setting: &Setting| {
        format!(
            "In a recipe of {}: {}\n\ntype     {}\ndefault  {}\n",
            task.noun(),
            setting.about,
            type_name(setting.kind),
            default_of(task, setting.path),
        )
    };
    let other = match task {
        TaskKind::Classify => find_setting(TaskKind::Restore, setting.path),
        TaskKind::Restore => None,
    };
    let other = other.map_or(String::new(), |other| {
        format!("\n{}", page(TaskKind::Restore, other))
    });
    format!(
        "{}{other}\nset it   `--set {}=…`, or in a recipe\n\
         where its value comes from: `timestep config show RECIPE`\n",
        page(task, setting),
        setting.path
    )
}

/// What a published network is made of, and its place in the table of equations and schemes.
fn network_page(preset: &Preset) -> Result<String, Failure> {
    let config = preset.at_home();
    let network = Network::build(&config)?;
    let mut published = String::new();
    for Published {
        data,
        error,
        source,
    } in preset.published
    {
        published.push_str(&format!(
            "Published test error on {data}: {error} % ({source}).\n"
        ));
    }
    let coefficients = match network.coefficient_count() {
        0 => "no learned coefficients".to_owned(),
        n => format!("{n} learned coefficients"),
    };
    let place = Place::of(&network);
    let input = config.input;
    let (name, scheme) = (preset.name, network.scheme());
    let recipe = match preset.home {
        Home::Cifar => format!("`timestep train cifar10/{name} --dry-run`, "),
        Home::Imagenet(_) => String::new(),
    };
    let steps: Vec<String> = config.steps.iter().map(ToString::to_string).collect();
    Ok(format!(
        "A stem, {} segments of {} steps, and a head; block `{}`, scheme `{}`.\n\
         {} trained numbers for {} classes of {}×{}×{} images, and {coefficients}.\n{published}\n\
         # As a differential equation\nIt is the equation {}, stepped by: {}.\n\
         u_next = {}; see `timestep explain {}`.\n\n\
         # Next\n`timestep summary {name}`, {recipe}`timestep cite {name}`\n",
        config.steps.len(),
        steps.join(", "),
        config.block,
        scheme.key,
        network.cost().parameters,
        config.classes,
        input.channels,
        input.height,
        input.width,
        place.equation,
        place.scheme,
        scheme.equation,
        scheme.key,
    ))
}
