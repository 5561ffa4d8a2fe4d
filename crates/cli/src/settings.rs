//! How do flags become settings of a recipe?

use crate::args::RecipeFlags;
use crate::failure::Failure;
use crate::schemes;
use std::path::Path;
use timestep_train::TrainError;
use timestep_train::recipe::{DEFAULT_RECIPE, Layers, TaskKind};
use timestep_train::run;

/// The layers below the flags: an embedded recipe, a file, or a run folder.
pub(crate) fn layers(recipe: Option<&str>) -> Result<Layers, TrainError> {
    let recipe = recipe.unwrap_or(DEFAULT_RECIPE);
    let path = Path::new(recipe);
    if path.join(run::RECIPE).is_file() {
        return run::layers(path);
    }
    Ok(Layers::load(recipe))
}

/// Puts flags on top of layers. A flag that recipes of this task do not have keeps the path of the other task: it is refused, with
/// what to use instead, when the layers are resolved.
///
/// # Errors
/// [`Failure`] if the file of a scheme cannot be read.
pub(crate) fn with_flags(mut layers: Layers, flags: &RecipeFlags) -> Result<Layers, Failure> {
    let (scheme, steps) = match layers.task() {
        TaskKind::Classify => ("network.scheme", "network.steps"),
        TaskKind::Restore => ("model.scheme", "model.steps"),
    };
    let named = [
        ("--seed", "train.seed", &flags.seed),
        ("--epochs", "train.epochs", &flags.epochs),
        ("--batch", "train.batch", &flags.batch),
        ("--lr", "optimiser.lr", &flags.lr),
        ("--net", "network.preset", &flags.net),
        ("--block", "network.block", &flags.block),
        ("--scheme", scheme, &flags.scheme),
        ("--noise", "network.noise", &flags.noise),
        ("--optimiser", "optimiser.name", &flags.optimiser),
        ("--steps", steps, &flags.steps),
        ("--width", "network.width", &flags.width),
        ("--data", "data.name", &flags.data),
        ("--data-dir", "data.dir", &flags.data_dir),
        ("--overfit", "train.overfit", &flags.overfit),
        ("--time", "train.time", &flags.time),
        ("--init", "train.init", &flags.init),
        ("--freeze", "train.freeze", &flags.freeze),
    ];
    for (flag, path, value) in named {
        if let Some(value) = value {
            layers.flag(flag, path, value);
        }
    }
    if let Some(file) = &flags.scheme_file {
        layers.flag("--scheme-file", scheme, schemes::read(file)?.written());
    }
    for assignment in &flags.sets {
        layers.set(assignment);
    }
    Ok(layers)
}
