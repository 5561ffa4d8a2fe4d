//! Which rows have the tables of Lu, Zhong, Li and Dong, and which recipe is each of them?
//!
//! Published errors are in percent. The slides and the paper differ in places, and some rows were printed
//! with parameter counts that are none; the notes say so. Rows without a recipe are of networks that are
//! not part of this project and stand here to complete the table.

mod deterministic;
mod field;
mod schemes;
mod stochastic;

pub use deterministic::{TABLE2, TABLE3};
pub use field::FIELD;
pub use schemes::SCHEMES;
pub use stochastic::{MOMENTUM, TABLE4};

/// One row of a published table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedRow {
    /// The network, as the table calls it.
    pub label: &'static str,
    /// Its layers, as printed.
    pub layers: &'static str,
    /// Data set of the published number.
    pub data: &'static str,
    /// Recipe that trains it here.
    pub recipe: Option<&'static str>,
    /// Settings on top of the recipe, as `--set` takes them.
    pub sets: &'static [&'static str],
    /// Published top-1 test error in percent, where there is one.
    pub error: Option<f64>,
    /// Published top-5 test error in percent.
    pub top5: Option<f64>,
    /// What a reader should know about the number.
    pub note: &'static str,
}

/// One published table that is made by training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PublishedTable {
    /// Name on the command line.
    pub key: &'static str,
    /// What it compares.
    pub title: &'static str,
    /// Its rows, in order.
    pub rows: &'static [PublishedRow],
}

/// A row trained by a recipe.
const fn row(
    label: &'static str,
    layers: &'static str,
    data: &'static str,
    recipe: &'static str,
    error: f64,
    note: &'static str,
) -> PublishedRow {
    PublishedRow {
        label,
        layers,
        data,
        recipe: Some(recipe),
        sets: &[],
        error: Some(error),
        top5: None,
        note,
    }
}

/// A row of a network that is not here.
const fn other(
    label: &'static str,
    layers: &'static str,
    data: &'static str,
    error: f64,
) -> PublishedRow {
    PublishedRow {
        label,
        layers,
        data,
        recipe: None,
        sets: &[],
        error: Some(error),
        top5: None,
        note: "not part of this project",
    }
}

/// A row that was not published, with settings on top of a recipe.
const fn ours(
    label: &'static str,
    layers: &'static str,
    recipe: &'static str,
    sets: &'static [&'static str],
    note: &'static str,
) -> PublishedRow {
    PublishedRow {
        error: None,
        sets,
        ..row(label, layers, C10, recipe, 0.0, note)
    }
}

/// A row of ImageNet, with its top-5 error.
const fn imagenet(
    label: &'static str,
    layers: &'static str,
    recipe: &'static str,
    error: f64,
    top5: f64,
    note: &'static str,
) -> PublishedRow {
    PublishedRow {
        top5: Some(top5),
        ..row(label, layers, "ImageNet", recipe, error, note)
    }
}

const C10: &str = "CIFAR-10";
const C100: &str = "CIFAR-100";

/// The tables that are made by training: those of the talk in their order, then our own.
pub const TABLES: [&PublishedTable; 6] = [&TABLE2, &TABLE3, &TABLE4, &MOMENTUM, &SCHEMES, &FIELD];

#[cfg(test)]
mod tests {
    use super::*;
    use timestep_nets::{Home, Network, preset};
    use timestep_train::network_config;
    use timestep_train::recipe::Layers;

    #[test]
    fn every_recipe_resolves_without_warning_to_a_network_that_builds() {
        for table in TABLES {
            for (row, recipe) in table.rows.iter().filter_map(|row| Some((row, row.recipe?))) {
                let mut layers = Layers::load(recipe);
                for set in row.sets {
                    layers.set(set);
                }
                let resolved = layers.resolve();
                let resolved = resolved.unwrap_or_else(|e| panic!("{recipe}: {e}"));
                assert!(
                    resolved.warnings.is_empty(),
                    "{recipe}: {:?}",
                    resolved.warnings
                );
                let settings = &resolved.recipe.network;
                let home = preset(&settings.preset).map_or(Home::Cifar, |p| p.home);
                let (input, classes) = home.input();
                let config = network_config(settings, &resolved.recipe.noise, input, classes);
                let config = config.unwrap_or_else(|e| panic!("{recipe}: {e}"));
                Network::build(&config).unwrap_or_else(|e| panic!("{recipe}: {e}"));
                let noisy = recipe.contains('+');
                assert_eq!(!config.noise.name.is_empty(), noisy, "{recipe}");
            }
        }
    }

    #[test]
    fn published_settings_of_the_papers() {
        let recipe = |name: &str| Layers::load(name).resolve().expect(name).recipe;
        let lm = recipe("cifar10/lm-resnet-56+stochastic-depth");
        assert_eq!((lm.noise.own.number("keep"), lm.train.epochs), (0.8, 500));
        assert_eq!(lm.schedule.own.counts("milestones"), [250, 375]);
        assert_eq!(
            recipe("cifar10/lm-resnet-110+stochastic-depth")
                .noise
                .own
                .number("keep"),
            0.5
        );
        let plain = recipe("cifar10/lm-resnet-20");
        assert_eq!((plain.train.epochs, plain.train.batch), (160, 128));
        assert_eq!(plain.schedule.own.counts("milestones"), [80, 120]);
        let hundred = recipe("cifar100/lm-resnext-29-16x64d");
        assert_eq!(
            (hundred.train.epochs, hundred.optimiser.weight_decay),
            (300, 5e-4)
        );
    }
}
