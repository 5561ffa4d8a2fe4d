//! Does the table of settings describe a recipe?

use super::super::Recipe;
use super::*;

#[test]
fn the_table_lists_exactly_the_settings_of_a_recipe_in_order() {
    // The text keeps the order of the fields; a parsed table would not.
    let text = toml::to_string(&Recipe::default()).expect("the defaults are TOML");
    let mut section = String::new();
    let mut paths = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((key, _)) = line.split_once(" = ") {
            paths.push(format!("{section}.{key}"));
        }
    }
    let listed: Vec<&str> = SETTINGS.iter().map(|setting| setting.path).collect();
    assert_eq!(paths, listed);
}

#[test]
fn the_defaults_have_the_types() {
    let table = toml::Table::try_from(Recipe::default()).expect("the defaults are TOML");
    for setting in SETTINGS {
        let (section, key) = split(setting.path);
        assert!(setting.kind.fits(&table[section][key]), "{}", setting.path);
    }
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
}
