//! Do recipes have the settings of their optimiser, and of no other?

use super::super::{
    DEFAULT_RECIPE, Layers, Recipe, Resolved, TaskKind, TaskRecipe as _, diff, resume_refusals,
    setting,
};
use super::default_of;
use crate::optimisers::optimisers;

fn digits(sets: &[&str]) -> Layers {
    let mut layers = Layers::load(DEFAULT_RECIPE);
    for set in sets {
        layers.set(set);
    }
    layers
}

fn resolved(layers: Layers) -> Resolved {
    layers.resolve().expect("nothing is wrong")
}

fn refused(layers: Layers) -> String {
    layers
        .resolve()
        .expect_err("something is wrong")
        .to_string()
}

#[test]
fn another_optimiser_starts_from_its_own_defaults() {
    for facts in optimisers() {
        let set = format!("optimiser.name={}", facts.key);
        let recipe = resolved(digits(&[&set])).recipe;
        let settings = &recipe.optimiser;
        assert_eq!(settings.name, facts.key);
        assert_eq!(
            (settings.lr, settings.weight_decay),
            (facts.lr, facts.weight_decay)
        );
        assert_eq!(settings.own, facts.defaults());
        assert_eq!(settings.make().expect("sensible").facts().key, facts.key);
        // What belongs to no optimiser stays: `decay_norms` and the schedule are the recipe's.
        assert_eq!(recipe.schedule, resolved(digits(&[])).recipe.schedule);
        let back: Recipe = recipe.to_toml().parse().expect("its own output");
        assert_eq!(back, recipe);
    }
}

#[test]
fn what_is_said_on_the_command_line_stays_in_any_order() {
    let one = digits(&[
        "optimiser.lr=0.005",
        "optimiser.name=adamw",
        "optimiser.eps=1e-6",
    ]);
    let one = resolved(one).recipe.optimiser;
    assert_eq!((one.lr, one.own.number("eps")), (0.005, 1e-6));
    let mut flags = digits(&[]);
    flags.flag("--lr", "optimiser.lr", "0.005");
    flags.flag("--optimiser", "optimiser.name", "adamw");
    flags.set("optimiser.eps=1e-6");
    assert_eq!(resolved(flags).recipe.optimiser, one);
}

#[test]
fn settings_of_another_optimiser_are_refused() {
    let wanted = "`optimiser.beta1 = 0.8` (from `--set`): is a setting of `adamw` and `lion`, and the \
                  optimiser is `sgd`";
    let error = refused(digits(&["optimiser.beta1=0.8"]));
    assert!(error.contains(wanted), "{error}");
    assert!(
        error.contains("settings of `sgd`: `optimiser.momentum`, `optimiser.nesterov`"),
        "{error}"
    );
    for sets in [
        ["optimiser.momentum=0.9", "optimiser.name=adamw"],
        ["optimiser.name=adamw", "optimiser.momentum=0.9"],
    ] {
        let error = refused(digits(&sets));
        assert!(error.contains("and the optimiser is `adamw`"), "{error}");
    }
    let text = "[optimiser]\nname = \"lion\"\nbeta1 = 0.95\nnesterov = true\n";
    let error = refused(Layers::from_text(text, "my.toml"));
    assert!(
        error.contains("`optimiser.nesterov = true` (my.toml:4)"),
        "{error}"
    );
    // Which settings a misspelt optimiser has cannot be judged.
    let error = refused(digits(&["optimiser.name=adamv", "optimiser.beta1=0.8"]));
    assert!(
        !error.contains("beta1") && error.contains("did you mean `adamw`?"),
        "{error}"
    );
}

#[test]
fn own_settings_are_checked() {
    let error = refused(digits(&[
        "optimiser.name=adamw",
        "optimiser.beta2=1",
        "optimiser.eps=0",
    ]));
    assert!(
        error.contains("`optimiser.beta2 = 1` (from `--set`): must be at least 0 and below 1"),
        "{error}"
    );
    assert!(
        error.contains("`optimiser.eps = 0` (from `--set`): must be finite and above 0"),
        "{error}"
    );
    let error = refused(digits(&["optimiser.name=adamw", "optimiser.beta2=true"]));
    assert!(error.contains("expected a number"), "{error}");
    let doubtful = resolved(digits(&["optimiser.name=adamw", "optimiser.lr=0.1"]));
    assert_eq!(doubtful.warnings[0].path, "optimiser.lr");
}

#[test]
fn every_setting_has_a_default_and_says_whose_it_is() {
    assert_eq!(
        default_of(TaskKind::Classify, "optimiser.momentum").to_string(),
        "0.9"
    );
    assert_eq!(
        default_of(TaskKind::Classify, "optimiser.nesterov").to_string(),
        "false"
    );
    assert_eq!(
        default_of(TaskKind::Classify, "optimiser.beta1").to_string(),
        "0.9"
    );
    let both = default_of(TaskKind::Classify, "optimiser.beta2").to_string();
    assert_eq!(both, "\"0.999 (adamw), 0.99 (lion)\"");
    assert_eq!(
        default_of(TaskKind::Classify, "train.accumulate").to_string(),
        "1"
    );
    let about = setting(TaskKind::Classify, "optimiser.beta1")
        .expect("a setting")
        .about;
    assert!(
        about.starts_with("adamw: how slowly") && about.contains("; lion: "),
        "{about}"
    );
}

#[test]
fn recipes_with_different_optimisers_differ_in_their_settings() {
    let sgd = resolved(digits(&[])).recipe;
    let lion = resolved(digits(&["optimiser.name=lion"])).recipe;
    let shown: Vec<String> = diff(&sgd, &lion).iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "optimiser.name: \"sgd\" → \"lion\"",
            "optimiser.lr: 0.1 → 0.0003",
            "optimiser.momentum: 0.9 → none",
            "optimiser.nesterov: false → none",
            "optimiser.beta1: none → 0.9",
            "optimiser.beta2: none → 0.99",
            "optimiser.weight_decay: 0.0001 → 0.1",
        ]
    );
    assert_eq!(resume_refusals(&sgd, &lion).len(), shown.len());
    // A continued run that is given another optimiser is told so, not that its momentum is foreign.
    let mut layers = Layers::resume(&sgd.to_toml(), "run/recipe.toml");
    layers.set("optimiser.name=lion");
    assert_eq!(resolved(layers).recipe, lion);
}
