//! `timestep config`: which settings hold, where do they come from, and how do two recipes differ?

use crate::args::{Config, ConfigAction, RecipeFlags};
use crate::commands::train_restorer;
use crate::failure::Failure;
use crate::settings;
use crate::ui::{Ui, table};
use serde_json::json;
use timestep_nets::{Home, Network, preset};
use timestep_train::network_config;
use timestep_train::recipe::{Layers, Resolved, data_sets, diff};

/// Shows, compares or starts recipes.
pub(crate) fn run(args: &Config, ui: Ui) -> Result<u8, Failure> {
    match &args.action {
        ConfigAction::Show { recipe, flags } => {
            match recipe.as_deref().and_then(train_restorer::named) {
                Some(text) => train_restorer::show(&text, flags, ui),
                None => show(recipe.as_deref(), flags, ui),
            }
        }
        ConfigAction::Diff { left, right } => {
            let left = resolve(settings::layers(Some(left))?)?.recipe;
            let right = resolve(settings::layers(Some(right))?)?.recipe;
            let differences = diff(&left, &right);
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
            if let Some(text) = recipe.as_deref().and_then(train_restorer::named) {
                ui.data(&text);
                return Ok(0);
            }
            let resolved = resolve(settings::layers(recipe.as_deref())?)?;
            let text = resolved.recipe.to_commented_toml();
            if ui.json {
                ui.object(json!({"name": resolved.name, "recipe": text}));
            } else {
                ui.data(&text);
            }
            Ok(0)
        }
    }
}

/// The settings, with the names in them looked up as training would: a misspelt network is refused
/// here too, not shown as if it could be trained.
fn resolve(layers: Layers) -> Result<Resolved, Failure> {
    let resolved = layers.resolve()?;
    let recipe = &resolved.recipe;
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
    Ok(resolved)
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
    for warning in &resolved.warnings {
        ui.note(&format!("warning: {warning}"));
    }
    Ok(0)
}
