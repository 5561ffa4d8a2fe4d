//! How do flags become settings of a recipe?

use crate::args::RecipeFlags;
use crate::failure::Failure;
use crate::schemes;
use timestep_study::codes::Code;
use timestep_train::TrainError;
use timestep_train::recipe::{Layers, TaskKind, data_at, open};

/// Refuses data that is named twice: one of both would be ignored.
pub(crate) fn check_data(recipe: Option<&str>, flags: &RecipeFlags) -> Result<(), Failure> {
    let Some(word) = recipe.filter(|word| data_at(word).is_some()) else {
        return Ok(());
    };
    for (flag, value) in [("--data-dir", &flags.data_dir), ("--data", &flags.data)] {
        if let Some(value) = value {
            return Err(Failure::usage(
                format!("`{word}` is the data, and {flag} names other data, `{value}`"),
                format!("write one of them: `timestep train {word}`"),
            )
            .coded(Code::DataOption));
        }
    }
    Ok(())
}

/// The layers below the flags of `train`: a folder of data that is given without a recipe is trained on.
pub(crate) fn layers_for(recipe: Option<&str>, flags: &RecipeFlags) -> Result<Layers, TrainError> {
    match (recipe, &flags.data, &flags.data_dir) {
        (None, None, Some(folder)) => open(Some(data_at(folder).unwrap_or("image-folder"))),
        _ => open(recipe),
    }
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
        ("--size", "data.size", &flags.size),
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
