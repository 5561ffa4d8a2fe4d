//! Which scheme does a text define, and what is wrong with it?

use super::multistep::multistep;
use super::runge_kutta::{composition, tableau};
use super::table::{Fallible, MOST_NAME, Read, only, wrong};
use super::{Definition, DefinitionError};
use crate::schemes;
use timestep_registry::quoted;
use toml::{Table, Value};

/// Largest text, in bytes: room for the largest tableau with long fractions.
const LONGEST: usize = 64 << 10;
/// Most characters of a title.
const MOST_TITLE: usize = 120;

pub(super) fn definition(text: &str) -> Fallible<Definition> {
    if text.len() > LONGEST {
        return wrong(
            format!("it has {} bytes, more than {LONGEST}", text.len()),
            "a scheme is a handful of numbers: is it another file?",
        );
    }
    let table = table_of(text)?;
    only(
        &table,
        "",
        &[
            "name",
            "title",
            "order",
            "tableau",
            "multistep",
            "composition",
        ],
    )?;
    let name = name(&table)?;
    let given: Vec<&str> = ["tableau", "multistep", "composition"]
        .into_iter()
        .filter(|key| table.contains_key(*key))
        .collect();
    let [kind] = given[..] else {
        return wrong(
            match given.len() {
                0 => "it has no numbers".to_owned(),
                _ => format!("it is {} at once", quoted(&given, " and ")),
            },
            "give one of the tables `tableau`, `multistep` and `composition`",
        );
    };
    let Some(Value::Table(own)) = table.get(kind) else {
        return wrong(
            format!("`{kind}` is no table"),
            format!("write [{kind}] on a line of its own, and its keys below"),
        );
    };
    let read = match kind {
        "tableau" => tableau(own)?,
        "multistep" => multistep(own)?,
        _ => composition(own)?,
    };
    let title = title(&table, &read)?;
    let order = claimed(&table, &read)?;
    let claim = match table.contains_key("order") {
        true => format!("order = {order}, "),
        false => String::new(),
    };
    Ok(Definition {
        text: format!(
            "{{ name = \"{name}\", title = {}, {claim}{kind} = {{ {} }} }}",
            Value::String(title.clone()),
            read.text
        ),
        name,
        title,
        method: read.method,
        sharing: read.sharing,
        order,
        equation: read.equation,
    })
}

/// A text in the form of a file or, in braces, of a line.
fn table_of(text: &str) -> Fallible<Table> {
    let trimmed = text.trim_start();
    let inline = trimmed.starts_with('{');
    let syntax = |error: toml::de::Error| {
        // Its first line says where, in a text that a person may not have written so.
        let message = error.message().lines().next().unwrap_or("").to_owned();
        DefinitionError::new(
            format!("it is no TOML: {message}"),
            "see the example in `docs/guides/bring-a-scheme.md`",
        )
    };
    if !inline {
        return text.parse::<Table>().map_err(syntax);
    }
    let mut outer = format!("scheme = {trimmed}")
        .parse::<Table>()
        .map_err(syntax)?;
    match (outer.remove("scheme"), outer.is_empty()) {
        (Some(Value::Table(table)), true) => Ok(table),
        _ => wrong("it is no table", "write { name = \"…\", … }"),
    }
}

fn name(table: &Table) -> Fallible<String> {
    const HINT: &str =
        "write name = \"my-scheme\": a letter, then small letters, digits and hyphens";
    let Some(Value::String(name)) = table.get("name") else {
        return wrong("it has no name", HINT);
    };
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty()
        || name.len() > MOST_NAME
        || !name.chars().all(fits)
        || !name.starts_with(|c: char| c.is_ascii_lowercase())
    {
        let shown: String = name.chars().take(MOST_NAME).collect();
        return wrong(
            format!("`{}` is no name for a scheme", shown.escape_debug()),
            HINT,
        );
    }
    if let Some(other) = schemes::registered(name) {
        return wrong(
            format!(
                "the name `{name}` is that of the registered scheme `{}`",
                other.key
            ),
            "give it a name of its own, so that results can be told apart",
        );
    }
    Ok(name.clone())
}

fn title(table: &Table, read: &Read) -> Fallible<String> {
    match table.get("title") {
        None => Ok(read.title.clone()),
        Some(Value::String(title))
            if !title.is_empty()
                && title.chars().count() <= MOST_TITLE
                && !title.chars().any(char::is_control) =>
        {
            Ok(title.clone())
        }
        Some(_) => wrong(
            format!("`title` is no line of at most {MOST_TITLE} characters"),
            "leave it out, or say in a few words what the scheme is",
        ),
    }
}

/// The order: what is claimed, if that is not more than what is found.
fn claimed(table: &Table, read: &Read) -> Fallible<u32> {
    let (found, highest) = (read.order, read.highest);
    let Some(value) = table.get("order") else {
        return Ok(found);
    };
    let claim = match value {
        Value::Integer(claim) => u32::try_from(*claim).ok().filter(|p| (1..=16).contains(p)),
        _ => None,
    };
    let Some(claim) = claim else {
        return wrong(
            "`order` is no number from 1 to 16",
            "leave it out: it is found",
        );
    };
    // Conditions above `highest` are not known here; `analyze order` measures what is claimed.
    if claim > found && !(claim > highest && found == highest) {
        return wrong(
            format!("it claims order {claim}, but its numbers give {found}"),
            "is a number mistyped? Write fractions as \"1/3\", not as 0.333; or leave `order` out: it is found",
        );
    }
    Ok(claim)
}
