//! `timestep config`: which settings hold, where do they come from, and how do two recipes differ?

use crate::args::{Config, ConfigAction, RecipeFlags};
use crate::failure::Failure;
use crate::settings;
use crate::ui::Ui;
use timestep_nets::{Home, Network, preset};
use timestep_study::codes::Code;
use timestep_study::compare::ChangedSetting;
use timestep_study::files::{RecipeText, SettingWithOrigin};
use timestep_study::json;
use timestep_train::network_config;
use timestep_train::recipe::{AnyResolved, Layers, Recipe, data_sets, diff, open};

/// Shows, compares or starts recipes.
pub(crate) fn run(args: &Config, ui: Ui) -> Result<u8, Failure> {
    match &args.action {
        ConfigAction::Show { recipe, flags } => show(recipe.as_deref(), flags, ui),
        ConfigAction::Diff { left, right } => {
            let one = resolve(open(Some(left))?)?;
            let other = resolve(open(Some(right))?)?;
            let differences = match (&one, &other) {
                (AnyResolved::Classify(one), AnyResolved::Classify(other)) => {
                    diff(&one.recipe, &other.recipe)
                }
                (AnyResolved::Restore(one), AnyResolved::Restore(other)) => {
                    diff(&one.recipe, &other.recipe)
                }
                _ => {
                    return Err(Failure::usage(
                        format!(
                            "`{left}` is a recipe of {}, `{right}` one of {}",
                            one.task().noun(),
                            other.task().noun()
                        ),
                        "give two recipes of one task; `timestep config show` shows each",
                    )
                    .coded(Code::OtherTask));
                }
            };
            if differences.is_empty() {
                ui.note("the two recipes are the same");
            }
            for difference in differences {
                ui.answer(&ChangedSetting::new(&difference));
            }
            Ok(0)
        }
        ConfigAction::New { recipe } => {
            let resolved = resolve(open(recipe.as_deref())?)?;
            ui.answer(&RecipeText {
                name: resolved.name().to_string(),
                recipe: resolved.to_commented_toml(),
            });
            Ok(0)
        }
    }
}

/// The settings, with the names in them looked up as training would: a misspelt network is refused
/// here too, not shown as if it could be trained.
fn resolve(layers: Layers) -> Result<AnyResolved, Failure> {
    let resolved = layers.resolve_any()?;
    if let AnyResolved::Classify(resolved) = &resolved {
        names(&resolved.recipe)?;
    }
    Ok(resolved)
}

/// Looks up the names in the recipe of a classifier; those of a restorer are checked with its values.
fn names(recipe: &Recipe) -> Result<(), Failure> {
    if !data_sets().any(|data| data == recipe.data.name) {
        timestep_data::info(&recipe.data.name)?;
    }
    let settings = &recipe.network;
    // Any image that the network can take will do to find out whether the names exist.
    let home = preset(&settings.preset).map_or(Home::Cifar, |preset| preset.home);
    Network::build(&network_config(
        settings,
        &recipe.noise,
        home.input().0,
        10,
    )?)?;
    Ok(())
}

fn show(recipe: Option<&str>, flags: &RecipeFlags, ui: Ui) -> Result<u8, Failure> {
    settings::check_data(recipe, flags)?;
    let resolved = resolve(settings::with_flags(
        settings::layers_for(recipe, flags)?,
        flags,
    )?)?;
    let rows = resolved.rows();
    let rows: Vec<SettingWithOrigin> = (rows.iter())
        .map(|row| SettingWithOrigin {
            path: row.path.to_owned(),
            value: json::value(&row.value),
            origin: row.origin.to_string(),
        })
        .collect();
    ui.answer(&rows);
    for warning in resolved.warnings() {
        ui.note(&format!("warning: {warning}"));
    }
    Ok(0)
}
