//! How do parts of an expression fit together? With parentheses where they are needed, and nowhere else.

use timestep_engine::Window;

/// Marks of a number of channels, so that steps that differ in it alone are seen to be the same.
pub(super) const MARKS: [char; 2] = ['\u{2039}', '\u{203a}'];

/// A number of channels in a text.
pub(super) fn channels(n: usize) -> String {
    match n {
        0 => "0".to_owned(),
        n => format!("{}{n}{}", MARKS[0], MARKS[1]),
    }
}

/// One number where both are the same.
pub(super) fn tuple([a, b]: [usize; 2]) -> String {
    match a == b {
        true => a.to_string(),
        false => format!("({a}, {b})"),
    }
}

/// How tightly an expression holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Bond {
    Sum,
    Product,
    Atom,
}

/// An expression.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) text: String,
    pub(super) bond: Bond,
}

impl Expression {
    pub(super) fn atom(text: String) -> Self {
        Self {
            text,
            bond: Bond::Atom,
        }
    }

    /// The text, in parentheses unless it holds at least so tightly.
    pub(super) fn at_least(&self, bond: Bond) -> String {
        match self.bond >= bond {
            true => self.text.clone(),
            false => format!("({})", self.text),
        }
    }
}

/// A method of what an expression gives.
pub(super) fn method(object: Expression, call: &str) -> Expression {
    Expression::atom(format!("{}.{call}", object.at_least(Bond::Atom)))
}

/// Zero pixels above and left, and zero channels before and after.
pub(super) fn pad(input: &str, pixels: usize, [before, after]: [usize; 2]) -> String {
    match before + after {
        0 => format!("F.pad({input}, ({pixels}, 0, {pixels}, 0))"),
        _ => format!(
            "F.pad({input}, ({pixels}, 0, {pixels}, 0, {}, {}))",
            channels(before),
            channels(after)
        ),
    }
}

/// A window that slides over features.
pub(super) fn pool(function: &str, input: &str, window: Window, more: &str) -> String {
    let Window {
        kernel,
        stride,
        padding,
    } = window;
    match padding {
        0 => format!("F.{function}({input}, {kernel}, {stride}{more})"),
        _ => format!("F.{function}({input}, {kernel}, {stride}, {padding}{more})"),
    }
}

/// `factor · input + offset`, as a person writes it.
pub(super) fn affine(input: &Expression, factor: f64, offset: f64) -> Expression {
    let product = |f: f64| match f {
        1.0 => input.text.clone(),
        f => format!("{f:?} * {}", input.at_least(Bond::Product)),
    };
    let minus = |f: f64| match f {
        1.0 => input.at_least(Bond::Product),
        f => format!("{f:?} * {}", input.at_least(Bond::Product)),
    };
    let text = match (factor < 0.0, offset) {
        (true, 0.0) => format!("-{}", minus(-factor)),
        (true, offset) => format!("{offset:?} - {}", minus(-factor)),
        (false, 0.0) => product(factor),
        (false, offset) if offset < 0.0 => format!("{} - {:?}", product(factor), -offset),
        (false, offset) => format!("{} + {offset:?}", product(factor)),
    };
    Expression {
        text,
        bond: Bond::Sum,
    }
}
