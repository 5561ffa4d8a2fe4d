//! Which numbers does a written report show? Read back from its HTML.

use super::html::embedded;
use super::{Figure, Number};

/// What a file of HTML shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Printed {
    /// Every number, in the order of the page.
    pub numbers: Vec<Number>,
    page: String,
}

impl Printed {
    /// Is this drawing in the page, line for line?
    #[must_use]
    pub fn shows(&self, figure: &Figure) -> bool {
        self.page.contains(&embedded(figure))
    }
}

/// Reads what [`html`](super::html()) wrote.
#[must_use]
pub fn read(page: &str) -> Printed {
    let mut numbers = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find(OPENING) {
        rest = &rest[at + OPENING.len()..];
        let Some(number) = number(rest) else { continue };
        numbers.push(number);
    }
    Printed {
        numbers,
        page: page.to_owned(),
    }
}

const OPENING: &str = "<data data-key=\"";

/// The element that the text begins with, after its opening.
fn number(text: &str) -> Option<Number> {
    let (key, rest) = text.split_once("\" value=\"")?;
    let (value, rest) = rest.split_once("\">")?;
    let (shown, _) = rest.split_once("</data>")?;
    Some(Number {
        key: plain(key),
        value: plain(value),
        text: plain(shown),
    })
}

/// Undoes the escaping.
fn plain(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&gt;", ">")
        .replace("&lt;", "<")
        .replace("&amp;", "&")
}
