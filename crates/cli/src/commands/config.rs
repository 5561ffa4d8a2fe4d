//! `timestep config`: which settings hold, where do they come from, and how do two recipes differ?

use crate::args::{Config, ConfigAction, RecipeFlags};
use crate::codes::Code;
use crate::failure::Failure;
use crate::settings;
use crate::ui::{Ui, table};
use serde_json::json;
use timestep_nets::{Home, Network, preset};
use timestep_train::network_config;
use timestep_train::recipe::{AnyResolved, Layers, Recipe, data_sets, diff};

/// Shows, compares or starts recipes.
pub(crate) fn run(args: &Config, ui: Ui) -> Result<u8, Failure> {
    match &args.action {
        ConfigAction::Show { recipe, flags } => show(recipe.as_deref(), flags, ui),
        ConfigAction::Diff { left, right } => {
            let one = resolve(settings::layers(Some(left))?)?;
            let other = resolve(settings::layers(Some(right))?)?;
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
                if ui.json {
                    ui.object(json!({
                        "path": difference.path,
                        "left": difference.left,
                        "right": difference.right,
                    }));
                } else {
                    ui.data(&difference.to_string());
                }
            }
            Ok(0)
        }
        ConfigAction::New { recipe } => {
            let resolved = resolve(settings::layers(recipe.as_deref())?)?;
            let text = resolved.to_commented_toml();
            if ui.json {
                ui.object(json!({"name": resolved.name(), "recipe": text}));
            } else {
                ui.data(&text);
            }
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
    let resolved = resolve(settings::with_flags(settings::layers(recipe)?, flags))?;
    let mut rows = vec![["setting", "value", "from"].map(String::from).to_vec()];
    for row in resolved.rows() {
        if ui.json {
            ui.object(json!({
                "path": row.path,
                "value": row.value,
                "origin": row.origin.to_string(),
            }));
        }
        rows.push(vec![
            row.path.to_owned(),
            row.value.to_string(),
            row.origin.to_string(),
        ]);
    }
    if !ui.json {
        ui.data(&table(&rows));
    }
    for warning in resolved.warnings() {
        ui.note(&format!("warning: {warning}"));
    }
    Ok(0)
}
