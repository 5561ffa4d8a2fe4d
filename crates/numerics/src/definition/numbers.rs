//! Which numbers does a definition hold, as values and as they were typed?

use super::table::{Fallible, MOST_NAME, wrong};
use toml::Value;

/// Larger numbers are no coefficients of a method that is of any use.
const LARGEST: f64 = 1e6;

/// How far sums of typed numbers may be off.
pub(super) const TYPED: f64 = 1e-10;

/// A number with the text that it was given in.
#[derive(Clone, Debug)]
pub(super) struct Number {
    pub(super) value: f64,
    pub(super) text: String,
    /// Was it a string, such as `"1/3"`?
    quoted: bool,
}

impl Number {
    /// As it stands in a definition.
    pub(super) fn written(&self) -> String {
        match self.quoted {
            true => format!("\"{}\"", self.text),
            false => self.text.clone(),
        }
    }
}

pub(super) fn number(value: &Value, what: &str) -> Fallible<Number> {
    const HINT: &str = "write a number, or a fraction in quotes: \"1/3\"";
    let (parsed, text, quoted) = match value {
        Value::Integer(n) => (Some(*n as f64), n.to_string(), false),
        Value::Float(x) => (Some(*x), value.to_string(), false),
        Value::String(text) => (fraction(text), text.clone(), true),
        _ => (None, String::new(), false),
    };
    let shown: String = text.chars().take(MOST_NAME).collect();
    match parsed {
        Some(value) if value.is_finite() && value.abs() <= LARGEST => Ok(Number {
            value,
            text,
            quoted,
        }),
        Some(value) if value.is_finite() => wrong(
            format!("{what} has {value:e}, whose size is above {LARGEST}"),
            "coefficients of a scheme are of the size of 1",
        ),
        Some(_) => wrong(format!("{what} has a number that is not finite"), HINT),
        None => wrong(
            format!("{what} has `{}`, which is no number", shown.escape_debug()),
            HINT,
        ),
    }
}

/// `1/3`, `-2`, `0.5`, `5.5/3`.
fn fraction(text: &str) -> Option<f64> {
    let part = |part: &str| {
        let part = part.trim();
        // No `inf` and no `nan` by name.
        let plain = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
        (part.chars().all(plain)).then(|| part.parse::<f64>().ok())?
    };
    match text.split_once('/') {
        None => part(text),
        Some((over, under)) => {
            let under = part(under).filter(|under| *under != 0.0)?;
            Some(part(over)? / under)
        }
    }
}

pub(super) fn numbers(value: Option<&Value>, what: &str, most: usize) -> Fallible<Vec<Number>> {
    let Some(Value::Array(all)) = value else {
        return wrong(
            match value {
                None => format!("{what} is missing"),
                Some(_) => format!("{what} is no list"),
            },
            "write a list of numbers: [\"1/6\", \"2/3\", \"1/6\"]",
        );
    };
    if all.len() > most {
        return wrong(
            format!("{what} has {} numbers, more than {most}", all.len()),
            "methods of practice have fewer",
        );
    }
    all.iter().map(|value| number(value, what)).collect()
}

pub(super) fn values(numbers: &[Number]) -> Vec<f64> {
    numbers.iter().map(|n| n.value).collect()
}

pub(super) fn list(numbers: &[Number]) -> String {
    let all: Vec<String> = numbers.iter().map(Number::written).collect();
    format!("[{}]", all.join(", "))
}

/// `1/2 s1 + s2 - 1/3 s3`: numbers as they were typed, zeros left out.
pub(super) fn sum(numbers: &[Number], names: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for (i, n) in numbers.iter().enumerate().filter(|(_, n)| n.value != 0.0) {
        let size = n.text.trim_start_matches(['-', '+']);
        let negative = n.text.starts_with('-');
        text.push_str(match (text.is_empty(), negative) {
            (true, true) => "-",
            (true, false) => "",
            (false, true) => " - ",
            (false, false) => " + ",
        });
        if !matches!(size, "1" | "1.0") {
            text.push_str(size);
            text.push(' ');
        }
        text.push_str(&names(i));
    }
    text
}
