//! Are recipes of restorers read, checked and told apart from those of classifiers?

use super::super::{AnyResolved, Layers, Origin, Problem, ProblemKind, restorers, setting};
use super::*;

fn layers(sets: &[&str]) -> Layers {
    let mut layers = Layers::load("denoising/trd-5x5-s25");
    layers.set("train.drawn=0");
    for set in sets {
        layers.set(set);
    }
    layers
}

fn problems(layers: Layers) -> Vec<Problem> {
    layers.resolve_any().expect_err("a problem").problems
}

#[test]
fn the_table_lists_exactly_the_settings_in_order() {
    let recipe = serde_json::to_value(RestoreRecipe::default()).expect("the defaults are values");
    let mut paths = Vec::new();
    for (name, section) in recipe.as_object().expect("sections") {
        for (key, value) in section.as_object().expect("settings") {
            if !value.is_null() {
                paths.push(format!("{name}.{key}"));
            }
        }
    }
    let listed: Vec<&str> = SETTINGS.iter().map(|setting| setting.path).collect();
    assert_eq!(paths, listed);
    for (path, value) in RestoreRecipe::default().values() {
        let setting = setting(TaskKind::Restore, path).expect("listed");
        assert!(setting.kind.fits(&value), "{path}");
    }
    assert!(RestoreRecipe::default().check().is_ok());
}

#[test]
fn every_embedded_recipe_resolves_and_reads_back_equal() {
    assert!(restorers().count() >= 8);
    for name in restorers() {
        let AnyResolved::Restore(resolved) = Layers::load(name).resolve_any().expect(name) else {
            panic!("{name} is of a restorer");
        };
        assert!(resolved.warnings.is_empty(), "{name}");
        let recipe = &resolved.recipe;
        let model = recipe.model_name();
        assert_eq!(name, format!("denoising/{model}-s{}", recipe.model.sigma));
        let text = resolved.to_annotated_toml();
        assert_eq!(
            &text.parse::<RestoreRecipe>().expect("its own text"),
            recipe
        );
        let again: RestoreRecipe = recipe.to_commented_toml().parse().expect("its own text");
        assert_eq!(&again, recipe);
    }
}

#[test]
fn layers_tell_where_values_come_from() {
    let mut layers = layers(&["model.sigma=15"]);
    layers.flag("--seed", "train.seed", "7");
    let resolved = layers.resolve_restorer().expect("a recipe");
    assert_eq!(
        (resolved.recipe.model.sigma, resolved.recipe.train.seed),
        (15.0, 7)
    );
    assert_eq!(resolved.origin("model.sigma"), Origin::Set);
    assert_eq!(resolved.origin("train.seed"), Origin::Flag("--seed".into()));
    assert_eq!(resolved.origin("train.finish"), Origin::Default);
    let Origin::Recipe(place) = resolved.origin("model.size") else {
        panic!("from the recipe");
    };
    assert!(
        place.starts_with("recipes/denoising/trd-5x5-s25.toml:"),
        "{place}"
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let found = problems(layers(&[
        "model.size=4",
        "data.every=0",
        "model.sise=5",
        "modle.size=5",
        "model.scheme=lm33",
        "train.time=5",
        "nonsense",
    ]));
    let paths: Vec<&str> = found.iter().map(|p| p.path.as_str()).collect();
    for path in [
        "model.size",
        "data.every",
        "model.sise",
        "modle.size",
        "model.scheme",
        "train.time",
        "nonsense",
    ] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
    let hint = |path: &str| {
        let problem = found.iter().find(|p| p.path == path).expect("told");
        problem.hint.clone().unwrap_or_default()
    };
    assert!(hint("model.sise").contains("did you mean `model.size`"));
    assert!(
        hint("model.scheme").contains("did you mean `lm"),
        "{}",
        hint("model.scheme")
    );
}

#[test]
fn values_that_do_not_fit_together_are_refused() {
    for sets in [
        &["model.scheme=rk4"][..],
        &["model.scheme=reversible"],
        &["model.method=csf", "train.joint=0", "model.scheme=lm"],
        &["model.method=csf", "model.scheme="],
        &["train.greedy=0", "train.joint=0"],
        &["data.test_every=4", "train.finish=3"],
        &["data.test_every=4", "train.drawn=3"],
        &["train.drawn_batch=3"],
        &["train.drawn_lr=0.1"],
        &["train.drawn=3", "train.drawn_lr=0"],
        &["train.drawn=3", "train.drawn_batch=0"],
        &["data.test_skip=1"],
        &["model.sigma=0"],
        &["model.steps=65"],
        &["model.method=bm3d"],
        &["data.noise=gaussian:sigma=25"],
        &["data.noise=15"],
        &["data.noise=camera:izo=3"],
        &["data.noise=kamera"],
    ] {
        assert_eq!(problems(layers(sets)).len(), 1, "{sets:?}");
    }
    // A cascade has no scheme, and says so in no recipe.
    let csf = Layers::load("denoising/csf-7x7-s25")
        .resolve_restorer()
        .expect("a recipe");
    assert_eq!(csf.recipe.scheme(), None);
    let named = layers(&["model.scheme=forward-euler"]).resolve_restorer();
    if let Ok(named) = named {
        assert_eq!(
            named.recipe.scheme(),
            Some("euler"),
            "an alias is the same scheme"
        );
    }
}

#[test]
fn settings_and_recipes_of_the_other_task_are_refused_with_what_to_use() {
    let mut restorer = layers(&["optimiser.lr=0.1", "network.scheme=lm"]);
    restorer.flag("--epochs", "train.epochs", "3");
    let found = problems(restorer);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|p| p.kind == ProblemKind::OtherTask));
    let epochs = found
        .iter()
        .find(|p| p.path == "train.epochs")
        .expect("told");
    assert!(
        epochs
            .to_string()
            .contains("(from `--epochs`): is a setting of a classifier")
    );
    assert!(
        epochs
            .hint
            .as_ref()
            .is_some_and(|h| h.contains("train.greedy"))
    );

    let mut classifier = Layers::load("digits/lm-resnet-20");
    classifier.set("model.sigma=3").set("task.kind=restore");
    let found = problems(classifier);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|p| p.kind == ProblemKind::OtherTask));

    let error = Layers::load("denoising/trd-5x5-s25")
        .resolve()
        .expect_err("not a classifier");
    let text = error.to_string();
    assert!(
        text.contains("is a recipe of a restorer, not of a classifier"),
        "{text}"
    );
    let error = Layers::load("digits")
        .resolve_restorer()
        .expect_err("not a restorer");
    assert!(error.to_string().contains("denoising/trd-5x5-s25"));
}

#[test]
fn unknown_recipes_have_near_ones() {
    let text = |name: &str| {
        let error = Layers::load(name).resolve_any().expect_err("no recipe");
        error.to_string()
    };
    let near = text("denoising/trd-5x5-s52");
    assert!(near.contains("there is no such recipe") && near.contains("`denoising/trd-5x5-s"));
    assert!(text("denoising/q").contains("recipes of restorers: "));
}
