//! `timestep config`: which settings hold, where do they come from, and how do two recipes differ?

use crate::args::{Config, ConfigAction, RecipeFlags};
use crate::failure::Failure;
use crate::settings;
use crate::ui::{Ui, table};
use serde_json::json;
use timestep_train::recipe::diff;

/// Shows, compares or starts recipes.
pub(crate) fn run(args: &Config, ui: Ui) -> Result<u8, Failure> {
    match &args.action {
        ConfigAction::Show { recipe, flags } => show(recipe.as_deref(), flags, ui),
        ConfigAction::Diff { left, right } => {
            let left = settings::layers(Some(left))?.resolve()?.recipe;
            let right = settings::layers(Some(right))?.resolve()?.recipe;
            for difference in diff(&left, &right) {
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
            let resolved = settings::layers(recipe.as_deref())?.resolve()?;
            ui.data(&resolved.recipe.to_commented_toml());
            Ok(0)
        }
    }
}

fn show(recipe: Option<&str>, flags: &RecipeFlags, ui: Ui) -> Result<u8, Failure> {
    let resolved = settings::with_flags(settings::layers(recipe)?, flags).resolve()?;
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
