use super::*;
use std::fs;

fn resolve(name: &str) -> Resolved {
    Layers::load(name)
        .resolve()
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn refuse(layers: &Layers) -> RecipeError {
    layers
        .clone()
        .resolve()
        .expect_err("there is something wrong")
}

#[test]
fn every_embedded_recipe_resolves_without_warnings() {
    assert_eq!(resolve(DEFAULT_RECIPE).recipe.data.name, "digits");
    for name in embedded().filter(|name| restorers().all(|other| other != *name)) {
        let resolved = resolve(name);
        assert!(
            resolved.warnings.is_empty(),
            "{name}: {:?}",
            resolved.warnings
        );
        let data = name.split('/').next().expect("never empty");
        // ImageNet is a folder like any other, with a protocol of its own.
        let folder = if data == "imagenet" {
            "image-folder"
        } else {
            data
        };
        assert_eq!(resolved.recipe.data.name, folder);
        let text = embedded_text(name).expect("listed");
        assert!(
            !text.contains("preset"),
            "{name}: the name says which network it is"
        );
    }
}

#[test]
fn the_protocols_of_the_papers() {
    let recipe = resolve("cifar10/lm-resnet-20").recipe;
    assert_eq!((recipe.train.batch, recipe.train.epochs), (128, 160));
    assert_eq!(
        (recipe.optimiser.lr, recipe.optimiser.own.number("momentum")),
        (0.1, 0.9)
    );
    assert_eq!(recipe.optimiser.weight_decay, 1e-4);
    assert!(recipe.optimiser.decay_norms && !recipe.optimiser.decay_coefficients);
    assert_eq!(recipe.schedule.name, "multi-step");
    assert_eq!(recipe.schedule.own.counts("milestones"), [80, 120]);
    assert_eq!((recipe.data.pad, recipe.data.pad_mode), (4, PadMode::Zero));
    assert!(recipe.data.flip);

    let recipe = resolve("cifar100/lm-resnet-110").recipe;
    assert_eq!(recipe.train.epochs, 300);
    assert_eq!(recipe.schedule.own.counts("milestones"), [150, 225]);
    assert_eq!(
        resolve("cifar10/resnet-110").recipe.schedule.warmup_epochs,
        1.0
    );
    assert_eq!(
        resolve("cifar10/lm-resnet-110")
            .recipe
            .schedule
            .warmup_epochs,
        0.0
    );
    assert_eq!(
        resolve("cifar100/lm-resnext-29-8x64d")
            .recipe
            .optimiser
            .weight_decay,
        5e-4
    );
}

#[test]
fn a_name_sets_network_and_noise() {
    let resolved = resolve("cifar10/lm-resnet-56+stochastic-depth");
    assert_eq!(resolved.recipe.network.preset, "lm-resnet-56");
    assert_eq!(resolved.recipe.network.noise, "stochastic-depth");
    let from = Origin::Recipe("cifar10/lm-resnet-56+stochastic-depth".into());
    assert_eq!(resolved.origin("network.preset"), from);
    assert_eq!(resolved.origin("network.noise"), from);
    // A special recipe also serves the network with noise.
    assert_eq!(
        resolve("cifar10/resnet-110+gaussian")
            .recipe
            .schedule
            .warmup_epochs,
        1.0
    );
    // A network that TOML would take for something else stays a name.
    assert_eq!(resolve("digits/20").recipe.network.preset, "20");
}

#[test]
fn layers_win_in_order_and_origins_tell() {
    let mut layers = Layers::load("cifar10/lm-resnet-20");
    layers
        .flag("--data", "data.name", "image-folder")
        .flag("--data-dir", "data.dir", "/a b");
    layers
        .flag("--epochs", "train.epochs", "7")
        .flag("--steps", "network.steps", "3,3,3");
    layers
        .set("train.epochs=5")
        .set("schedule.milestones = [2]")
        .set("train.time=30m");
    let resolved = layers.resolve().expect("valid");
    let recipe = &resolved.recipe;
    assert_eq!(
        (recipe.data.name.as_str(), recipe.data.dir.as_str()),
        ("image-folder", "/a b")
    );
    // The protocol is still that of CIFAR-10.
    assert_eq!(recipe.optimiser.lr, 0.1);
    assert_eq!(
        (recipe.train.epochs, &recipe.network.steps[..]),
        (5, &[3, 3, 3][..])
    );
    assert_eq!(recipe.time_limit(), Some(Duration::from_secs(1800)));
    assert_eq!(resolved.origin("train.epochs"), Origin::Set);
    assert_eq!(
        resolved.origin("network.steps"),
        Origin::Flag("--steps".into())
    );
    assert_eq!(resolved.origin("train.seed"), Origin::Default);
    let Origin::Recipe(place) = resolved.origin("optimiser.lr") else {
        panic!("from the recipe")
    };
    assert_eq!(place, "recipes/cifar10.toml:17");
    let rows = resolved.rows();
    assert_eq!(rows.len(), recipe.values().len());
    let row = rows
        .iter()
        .find(|row| row.path == "train.epochs")
        .expect("listed");
    assert_eq!(
        (row.value.to_string().as_str(), &row.origin),
        ("5", &Origin::Set)
    );
}

#[test]
fn all_problems_are_reported_at_once_with_origin_and_hint() {
    let text = "[train]\nepochs = 0\nbatch = \"many\"\n\n[optimiser]\nlr = nan\n\
                [data]\nmean = [0.5]\n[modell]\nx = 1\n[schedule]\nname = \"multistep\"\n";
    let mut layers = Layers::from_text(text, "my.toml");
    layers
        .set("train.epoch=10")
        .set("nonsense")
        .set("optimiser.momentum=1")
        .set("train.time=5");
    let error = refuse(&layers);
    let shown = error.to_string();
    for part in [
        "the recipe has 10 problems",
        "`nonsense` (from `--set`): is not of the form `section.key=value`",
        "`modell.x = 1` (my.toml:10): there is no such section",
        "sections: `task`, `data`, `network`, `noise`, `train`, `optimiser`, `schedule`",
        "`train.epoch = 10` (from `--set`): there is no such setting",
        "did you mean `train.epochs` (now 0, from my.toml:2)",
        "settings of `[train]`: `epochs`, `batch`",
        "`train.epochs = 0` (my.toml:2): must be at least 1",
        "`train.batch = \"many\"` (my.toml:3): expected a whole number, 0 or more",
        "`optimiser.lr = nan` (my.toml:6): must be finite and above 0",
        "`optimiser.momentum = 1` (from `--set`): must be at least 0 and below 1",
        "`data.std = []` (the default): `data.mean` has 1 and `data.std` has 0 channels",
        "`schedule.name = \"multistep\"` (my.toml:12): there is no such choice",
        "did you mean `multi-step`?",
        "`train.time = \"5\"` (from `--set`): `5` has no unit (s, m, h or d)",
    ] {
        assert!(shown.contains(part), "missing: {part}\nin: {shown}");
    }
}

#[test]
fn wrong_types_say_what_to_write() {
    let text = "[train]\nepochs = 5.0\nbatch = \"8\"\n[network]\npreset = 20\nsteps = 3\n\
                [data]\nflip = \"true\"\n[optimiser]\nlr = [0.1]\n[train.seed]\nx = 1\n[task]\n";
    let shown = refuse(&Layers::from_text(text, "my.toml")).to_string();
    for part in [
        "write `epochs = 5`",
        "write `batch = 8`",
        "write `preset = \"20\"`",
        "write `steps = [3]`",
        "write `flip = true`",
        "`optimiser.lr = [0.1]` (my.toml:10): expected a number",
        "`train.seed` is a single setting, not a section",
    ] {
        assert!(shown.contains(part), "missing: {part}\nin: {shown}");
    }
    let shown = refuse(&Layers::from_text("train = 5", "my.toml")).to_string();
    assert!(shown.contains("is a section, not a setting"), "{shown}");
    let shown = refuse(&Layers::from_text("[trian]\n", "my.toml")).to_string();
    assert!(shown.contains("`trian = {}` (my.toml:1)"), "{shown}");
}

#[test]
fn out_of_range_values_are_refused() {
    for assignment in [
        "train.epochs=0",
        "train.batch=0",
        "train.eval_batch=0",
        "train.label_smoothing=1",
        "train.clip_norm=-1",
        "train.clip_norm=nan",
        "train.lipschitz=-1",
        "train.lipschitz=inf",
        "train.accumulate=0",
        "train.accumulate=3",
        "train.shards=0",
        "train.shards=1000",
        "train.ema=1",
        "train.freeze=[1]",
        "optimiser.lr=0",
        "optimiser.lr=-1",
        "optimiser.lr=inf",
        "optimiser.momentum=-0.1",
        "optimiser.weight_decay=nan",
        "schedule.milestones=[3,2]",
        "schedule.milestones=[0]",
        "schedule.gamma=0",
        "schedule.warmup_epochs=-1",
        "schedule.warmup_factor=2",
        "schedule.final_factor=nan",
        "schedule.peak_at=1",
        "network.steps=[3,0]",
        "network.classes=1",
        "data.name=",
        "train.seed=-1",
        "train.seed=99999999999999999999",
    ] {
        let mut layers = Layers::load("digits/lm-resnet-20");
        let error = refuse(layers.set(assignment));
        let path = assignment.split('=').next().expect("has a path");
        // That it changes nothing beside this schedule may be a second one.
        let own = error.problems.iter().all(|problem| problem.path == path);
        assert!(own && error.problems.len() <= 2, "{assignment}: {error}");
    }
    let mut layers = Layers::load("digits/lm-resnet-20");
    layers
        .set("optimiser.momentum=0")
        .set("optimiser.nesterov=true");
    assert_eq!(refuse(&layers).problems[0].path, "optimiser.nesterov");
    let mut recipe = Recipe::default();
    recipe.train.epochs = 0;
    assert!(
        recipe
            .check()
            .is_err_and(|e| e.to_string().starts_with("`train.epochs = 0`"))
    );
}

#[test]
fn what_is_doubtful_is_a_warning() {
    let mut layers = Layers::load("cifar10/resnet-20");
    layers.flag("--epochs", "train.epochs", "100");
    let resolved = layers.resolve().expect("allowed");
    assert_eq!(resolved.warnings.len(), 1);
    let warning = resolved.warnings[0].to_string();
    assert!(
        warning.contains("[80, 120]` (recipes/cifar10.toml:26): 1 of 2 lie"),
        "{warning}"
    );
}

#[test]
fn unknown_names_have_near_ones() {
    let hint = |name: &str| refuse(&Layers::load(name)).to_string();
    assert!(hint("cifr10/resnet-20").contains("did you mean `cifar10/resnet-20`"));
    assert!(hint("resnet-20").contains("did you mean `digits/resnet-20`?"));
    assert!(hint("mnist/resnet-20").contains("`digits`, `cifar10`, `cifar100`, `image-folder`"));
    for name in ["cifar10/", "cifar10/a/b", "cifar10/a+", "cifar10/+b"] {
        assert!(
            hint(name).contains("is named `<data>/<network>`"),
            "{name}: {}",
            hint(name)
        );
    }
    assert!(hint("").contains("begins with the name of its data set"));
    // Problems of the command line are reported beside it.
    let mut layers = Layers::load("nowhere");
    assert_eq!(refuse(layers.set("train.batch=0")).problems.len(), 2);
}

#[test]
fn files_may_have_a_base() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("writable");
        path.display().to_string()
    };
    let a = write(
        "a.toml",
        "base = \"cifar10/lm-resnet-32\"\n[train]\nbatch = 64\n",
    );
    let b = write("b.toml", "base = \"a.toml\"\n[train]\nseed = 3\n");
    let resolved = resolve(&b);
    assert_eq!(resolved.name, "b");
    assert_eq!(resolved.recipe.network.preset, "lm-resnet-32");
    assert_eq!(
        (resolved.recipe.train.batch, resolved.recipe.train.seed),
        (64, 3)
    );
    assert_eq!(resolved.recipe.train.epochs, 160);
    assert_eq!(
        resolved.origin("train.batch"),
        Origin::Recipe(format!("{a}:3"))
    );

    let circle = write("c.toml", "base = \"c.toml\"\n");
    assert!(
        refuse(&Layers::load(&circle))
            .to_string()
            .contains("form a circle")
    );
    let wrong = write("d.toml", "base = 3\n");
    assert!(
        refuse(&Layers::load(&wrong))
            .to_string()
            .contains("expected a recipe in quotes")
    );
    let missing = folder.path().join("none.toml").display().to_string();
    let error = refuse(&Layers::load(&missing));
    assert_eq!(error.problems[0].kind, ProblemKind::Unreadable);
    assert!(error.to_string().contains("hint: "), "{error}");
}

#[test]
fn every_syntax_error_is_reported_with_its_line() {
    let error = refuse(&Layers::from_text(
        "[train]\nepochs = \nbatch = 3\nseed = ]\n",
        "my.toml",
    ));
    let shown = error.to_string();
    assert!(shown.contains("`my.toml:2`: not valid TOML"), "{shown}");
    assert!(shown.contains("`my.toml:4`: not valid TOML"), "{shown}");
}

#[test]
fn saved_recipes_read_back_equal() {
    let classifiers = embedded().filter(|name| restorers().all(|other| other != *name));
    for name in classifiers.chain(["cifar10/lm-resnet-56+stochastic-depth"]) {
        let mut layers = Layers::load(name);
        layers
            .set("data.mean=[0.1, 1e-300, 3]")
            .set("data.std=[1, 0.30000000000000004, 2]");
        layers.set("data.dir=\"a \\\"quoted\\\" \\\\ path\\n\"");
        let recipe = layers.resolve().expect("valid").recipe;
        let text = recipe.to_toml();
        let back: Recipe = text.parse().expect("its own output");
        assert_eq!(back, recipe);
        assert_eq!(back.to_toml(), text);
        assert_eq!(
            recipe
                .to_commented_toml()
                .parse::<Recipe>()
                .expect("its own output"),
            recipe
        );
    }
    let expected = "[task]\nkind = \"classify\"\n\n[data]\nname = \"digits\"\ndir = \"\"\nclasses = []\nlimit = 0\nsize = 0\n";
    assert!(Recipe::default().to_toml().starts_with(expected));
}

#[test]
fn a_continued_run_may_change_only_what_leaves_its_past_alone() {
    let saved = resolve("cifar10/lm-resnet-20").recipe;
    let mut layers = Layers::resume(&saved.to_toml(), "runs/a/recipe.toml");
    layers
        .set("train.time=1h")
        .set("train.eval_batch=500")
        .set("data.dir=/data");
    layers.set("train.epochs=200").set("optimiser.lr=0.05");
    let resolved = layers.resolve().expect("valid");
    assert_eq!(resolved.origin("train.batch"), Origin::Resume);
    let paths = |list: Vec<Difference>| list.iter().map(|d| d.path).collect::<Vec<_>>();
    let all = [
        "data.dir",
        "train.epochs",
        "train.eval_batch",
        "train.time",
        "optimiser.lr",
    ];
    assert_eq!(paths(diff(&saved, &resolved.recipe)), all);
    let refusals = resume_refusals(&saved, &resolved.recipe);
    assert_eq!(refusals[0].to_string(), "optimiser.lr: 0.1 → 0.05");
    assert_eq!(paths(refusals), ["optimiser.lr"]);
    let cosine = resolve("image-folder/resnet-20").recipe;
    assert!(!may_change_on_resume(&cosine, "train.epochs"));
    assert!(diff(&saved, &saved).is_empty());
}
