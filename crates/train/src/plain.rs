//! How is text from outside shown, so that it cannot do anything?
//!
//! Names of files and classes and the metadata of weights may hold anything: codes that move the cursor, change the
//! title of a terminal or turn a line around.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with everything that a terminal would obey written out as `\u001b`, which JSON reads as the character
/// itself; line breaks and tabs stay.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_hidden(c) {
            // Writing to a string cannot fail. None of these characters is beyond four digits.
            true => drop(write!(shown, "\\u{:04x}", u32::from(c))),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// As [`visible`], in one line: for comments and cells of tables.
#[must_use]
pub fn line(text: &str) -> String {
    visible(text)
        .replace('\n', "\\u000a")
        .replace('\t', "\\u0009")
}

/// Control characters, and those that change the direction of the text around them or break lines unseen.
fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => true,
        _ => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_a_terminal_obeys() {
        for (text, shown) in [
            (
                "a plain line\n\tand another, \u{e4}\u{4e2d}",
                "a plain line\n\tand another, \u{e4}\u{4e2d}",
            ),
            ("\u{1b}[31mred\u{7}", "\\u001b[31mred\\u0007"),
            ("\r\u{7f}\u{9b}0m", "\\u000d\\u007f\\u009b0m"),
            ("gnp.\u{202e}exe", "gnp.\\u202eexe"),
            ("\u{0}", "\\u0000"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn escaped_json_is_read_as_what_it_was() {
        let text = "\u{7f}\u{9b}31m\u{202e}\u{1b}\n";
        let json = serde_json::to_string(text).expect("text");
        let shown = visible(&json);
        assert!(!shown.contains(is_hidden) && shown.contains("u009b"));
        assert_eq!(
            serde_json::from_str::<String>(&shown).expect("still JSON"),
            text
        );
    }
}
