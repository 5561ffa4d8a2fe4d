//! Of what types are settings, and how does text on the command line become a value?

use toml::Value;

/// The type of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any string.
    Text,
    /// One of these strings.
    Word(&'static [&'static str]),
    /// A whole number, 0 or more.
    Count,
    /// A real number.
    Number,
    /// `true` or `false`.
    Switch,
    /// A list of whole numbers.
    Counts,
    /// A list of real numbers.
    Numbers,
    /// A list of names.
    Names,
}

impl Kind {
    /// What the setting expects, for a sentence.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Kind::Text => "a string in quotes",
            Kind::Word(_) => "a word in quotes",
            Kind::Count => "a whole number, 0 or more",
            Kind::Number => "a number",
            Kind::Switch => "`true` or `false`",
            Kind::Counts => "a list of whole numbers such as `[3, 3, 3]`",
            Kind::Numbers => "a list of numbers such as `[0.5, 0.5, 0.5]`",
            Kind::Names => "a list of names such as `[\"stem\", \"layer1\"]`",
        }
    }

    /// Whether a value has the type; words are looked up elsewhere, for a better message.
    pub(super) fn fits(self, value: &Value) -> bool {
        let count = |value: &Value| value.as_integer().is_some_and(|n| n >= 0);
        let number = |value: &Value| value.is_float() || value.is_integer();
        match self {
            Kind::Text | Kind::Word(_) => value.is_str(),
            Kind::Count => count(value),
            Kind::Number => number(value),
            Kind::Switch => value.is_bool(),
            Kind::Counts => value.as_array().is_some_and(|list| list.iter().all(count)),
            Kind::Numbers => value.as_array().is_some_and(|list| list.iter().all(number)),
            Kind::Names => value
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_str)),
        }
    }

    /// The value that text on the command line stands for: TOML where it is TOML, else a string.
    /// Quotes around strings and brackets around lists may be left out.
    pub(super) fn read(self, text: &str) -> Value {
        let text = text.trim();
        let parsed = parse(text);
        match (self, parsed) {
            (Kind::Text | Kind::Word(_), Some(value @ Value::String(_))) => value,
            // A name may look like a number or a date.
            (Kind::Text | Kind::Word(_), _) => Value::String(text.to_owned()),
            (Kind::Counts | Kind::Numbers | Kind::Names, Some(value @ Value::Array(_))) => value,
            (Kind::Counts | Kind::Numbers, _) => {
                parse(&format!("[{text}]")).unwrap_or_else(|| Value::String(text.to_owned()))
            }
            (Kind::Names, _) => {
                let names = text
                    .split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty());
                Value::Array(names.map(|name| Value::String(name.to_owned())).collect())
            }
            (_, Some(value)) => value,
            (_, None) => Value::String(text.to_owned()),
        }
    }
}

/// A single TOML value, or nothing if `text` is not one.
pub(super) fn parse(text: &str) -> Option<Value> {
    // Parsed as a document of one key, which a line break could smuggle another one into.
    if text.contains('\n') {
        return None;
    }
    let mut table: toml::Table = toml::from_str(&format!("value = {text}")).ok()?;
    table.remove("value")
}
