//! Does the table of settings describe a recipe?

use super::super::{Recipe, RestoreRecipe, TaskRecipe};
use super::*;
use crate::optimisers::optimisers;
use toml::Value;

/// The settings of a recipe in the order of its fields; what is not set is not listed.
fn paths<R: TaskRecipe>() -> Vec<String> {
    let recipe = serde_json::to_value(R::default()).expect("the defaults are values");
    let section = |(name, value): (&String, &serde_json::Value)| {
        let settings = value.as_object().expect("a section").iter();
        settings
            .filter(|(_, value)| !value.is_null())
            .map(|(key, _)| format!("{name}.{key}"))
            .collect::<Vec<_>>()
    };
    recipe
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(section)
        .collect()
}

#[test]
fn the_table_lists_exactly_the_settings_of_a_recipe() {
    let recipe = Recipe::default().values();
    let listed: Vec<&str> = recipe.iter().map(|(path, _)| *path).collect();
    // What things declare is in the order of their files there, and in that of the alphabet here.
    let sorted = |mut paths: Vec<String>| {
        paths.sort();
        paths
    };
    let known = listed.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(sorted(paths::<Recipe>()), sorted(known));
    // What it lacks are settings of other optimisers.
    for setting in SETTINGS.iter().filter(|row| !listed.contains(&row.path)) {
        let mut others = optimisers().into_iter().skip(1);
        let own = others.any(|facts| facts.settings.iter().any(|own| own.path == setting.path));
        assert!(own, "{}", setting.path);
    }
    let restorer = settings(TaskKind::Restore).iter();
    let listed: Vec<&str> = restorer.map(|row| row.path).collect();
    assert_eq!(paths::<RestoreRecipe>(), listed);
}

/// The defaults have the types that the table says.
fn check_types<R: TaskRecipe>() {
    let table = toml::Table::try_from(R::default()).expect("the defaults are TOML");
    for (path, _) in R::default().values() {
        let (section, key) = split(path);
        let kind = setting(R::TASK, path).expect("listed").kind;
        assert!(kind.fits(&table[section][key]), "{path}");
    }
}

#[test]
fn the_defaults_have_the_types() {
    check_types::<Recipe>();
    check_types::<RestoreRecipe>();
}

#[test]
fn text_of_the_command_line_is_read_by_type() {
    assert_eq!(Kind::Count.read("5"), Value::Integer(5));
    assert_eq!(Kind::Count.read("five"), Value::String("five".into()));
    assert_eq!(Kind::Text.read("20"), Value::String("20".into()));
    assert_eq!(Kind::Text.read("\"a b\""), Value::String("a b".into()));
    assert_eq!(Kind::Text.read("30m"), Value::String("30m".into()));
    assert_eq!(Kind::Number.read("1e-4"), Value::Float(1e-4));
    let list = Value::Array(vec![Value::Integer(3), Value::Integer(4)]);
    assert_eq!(Kind::Counts.read("3,4"), list);
    assert_eq!(Kind::Counts.read("[3, 4]"), list);
    assert_eq!(
        Kind::Counts.read("3"),
        Value::Array(vec![Value::Integer(3)])
    );
    assert_eq!(Kind::Counts.read(""), Value::Array(vec![]));
    assert!(Kind::Counts.read("a,b").is_str());
    let names = Value::Array(vec![
        Value::String("stem".into()),
        Value::String("layer1".into()),
    ]);
    assert_eq!(Kind::Names.read("stem, layer1"), names);
    assert_eq!(Kind::Names.read("[\"stem\", \"layer1\"]"), names);
    assert_eq!(Kind::Names.read(""), Value::Array(vec![]));
}
