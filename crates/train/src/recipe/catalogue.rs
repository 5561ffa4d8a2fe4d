//! Which recipes can be named, and what does each of them say?

use super::{
    AnyResolved, Layers, Origin, RecipeError, data_sets, embedded, embedded_text, restorers,
};
use std::sync::LazyLock;
use timestep_data::info;
use timestep_nets::{Home, InputShape, Network, Preset, preset, presets};
use timestep_numerics::noise::noise_facts;

/// Every data set with every network, and the embedded recipes with settings of their own; found once.
pub fn recipes() -> &'static [String] {
    static ALL: LazyLock<Vec<String>> = LazyLock::new(|| {
        let mut all: Vec<String> = Vec::new();
        for data in data_sets() {
            let fits = fitting(data);
            let fitting = presets().iter().filter(|preset| fits(preset));
            all.extend(fitting.map(|preset| format!("{data}/{}", preset.key)));
        }
        // Embedded recipes may be for networks that do not exist yet.
        let special = embedded().filter(|name| {
            name.split_once('/')
                .is_some_and(|(_, net)| preset(net.split('+').next().unwrap_or(net)).is_ok())
        });
        all.extend(special.map(str::to_owned));
        all.extend(restorers().map(str::to_owned));
        all.sort();
        all.dedup();
        all
    });
    &ALL
}

/// Which published networks can be trained on a data set, with the images that they were published for?
pub fn fitting(data: &str) -> impl Fn(&Preset) -> bool {
    let shape = info(data).ok().and_then(|data| data.shape);
    // A folder has whatever its recipe says: images of some side, or of any.
    let recipe = Layers::load(data).resolve().ok();
    let side = recipe.map_or(0, |resolved| resolved.recipe.data.size);
    move |preset| {
        let home = preset.home.input().0;
        let Some(shape) = shape else {
            return side <= 2 * home.height;
        };
        let input = InputShape {
            channels: shape.channels,
            height: shape.height,
            width: shape.width,
        };
        preset.home == Home::Cifar && Network::build(&preset.config(input, 10)).is_ok()
    }
}

/// Is this the name of a recipe, or of the training protocol of a data set?
pub fn is_recipe(name: &str) -> bool {
    // Any recipe of a network can have any noise; those that were published have settings of their own.
    let plain = match name.split_once('+') {
        Some((plain, noise)) if noise_facts(noise).is_some() => plain,
        _ => name,
    };
    data_sets().any(|data| data == name)
        || recipes()
            .iter()
            .any(|recipe| recipe == plain || recipe == name)
}

/// A recipe by name, resolved.
///
/// # Errors
/// Everything that is wrong with it.
pub fn resolved(name: &str) -> Result<AnyResolved, RecipeError> {
    Layers::load(name).resolve_any()
}

/// The page of a recipe: what it says itself, then every setting that is no default.
///
/// # Errors
/// Everything that is wrong with it.
pub fn page(name: &str) -> Result<String, RecipeError> {
    let resolved = resolved(name)?;
    let (mut text, check) = match &resolved {
        AnyResolved::Classify(resolved) => {
            let recipe = &resolved.recipe;
            let text = format!(
                "Trains `{}` on `{}` for {} epochs, {} images per batch.\n",
                recipe.network.preset, recipe.data.name, recipe.train.epochs, recipe.train.batch
            );
            (text, format!("timestep train {name} --dry-run"))
        }
        AnyResolved::Restore(resolved) => {
            let recipe = &resolved.recipe;
            let text = format!(
                "Trains `{}` to remove noise of standard deviation {} from pictures of your own.\n",
                recipe.model_name(),
                recipe.model.sigma
            );
            (
                text,
                format!("timestep train {name} --data-dir PICTURES --dry-run"),
            )
        }
    };
    let data = name.split('/').next().unwrap_or(name);
    let mut files = vec![data];
    files.extend((data != name).then_some(name));
    for file in files {
        if let Some(comment) = embedded_text(file).map(comment).filter(|c| !c.is_empty()) {
            text.push_str(&format!("\n# recipes/{file}.toml\n{comment}"));
        }
    }
    text.push_str("\n# Settings that are not defaults\n");
    for row in resolved
        .rows()
        .iter()
        .filter(|row| row.origin != Origin::Default)
    {
        text.push_str(&format!(
            "{} = {}   ({})\n",
            row.path, row.value, row.origin
        ));
    }
    text.push_str(&format!(
        "\nAll settings: `timestep config show {name}`. Check it: `{check}`.\n"
    ));
    Ok(text)
}

/// The comment at the head of a recipe.
fn comment(text: &str) -> String {
    text.lines()
        .map_while(|line| line.strip_prefix('#'))
        .map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned() + "\n")
        .collect()
}
