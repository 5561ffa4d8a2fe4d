//! What is a report made of? Sections of text, numbers, tables and pictures, written as HTML or Markdown.
//!
//! A number carries its exact value beside what is shown, under a name. HTML keeps both
//! (`<data data-key="last.top1" value="0.9805555555555555">0.9806</data>`), so that programs read exact
//! values, and a report can be compared with the records that it was made from.

mod html;
mod markdown;
mod read;

pub use html::html;
pub use markdown::markdown;
pub use read::{Printed, read};

/// A whole report.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The title.
    pub title: String,
    /// What comes first: the result in a sentence or two.
    pub lead: Vec<Inline>,
    /// Something that a reader must not miss, such as that the run did not end well.
    pub alert: Option<Vec<Inline>>,
    /// The sections.
    pub sections: Vec<Section>,
    /// Last line.
    pub footer: String,
}

/// A section.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Short name for links.
    pub key: &'static str,
    /// The heading.
    pub title: String,
    /// What it holds.
    pub blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Running text.
    Paragraph(Vec<Inline>),
    /// Points.
    List(Vec<Vec<Inline>>),
    /// Rows and columns.
    Table(Table),
    /// Line art side by side.
    Figures(Vec<Figure>),
    /// Photographs side by side.
    Pictures(Vec<Picture>),
    /// Text to be copied, such as a command.
    Code(String),
    /// Something long that is shown on demand.
    Details {
        /// What it is.
        summary: String,
        /// The long thing.
        blocks: Vec<Block>,
    },
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Inline {
    /// Words.
    Text(String),
    /// A number with its name and exact value.
    Number(Number),
    /// Something to be typed.
    Code(String),
}

/// A number of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// Name, the same in every report: `last.top1`.
    pub key: String,
    /// Exact value, as text that reads back as the same number (several of them with spaces between).
    pub value: String,
    /// What is shown.
    pub text: String,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Heads of the columns; empty for a table of names and values.
    pub head: Vec<String>,
    /// The rows; the first cell names the row.
    pub rows: Vec<Vec<Cell>>,
}

/// A cell of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// What it says.
    pub content: Vec<Inline>,
    /// Colour of the ground, from 0 (none) to 1 (full); negative in the second colour.
    pub heat: f64,
}

/// A drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Name, the same in every report.
    pub key: String,
    /// The drawing, as SVG.
    pub svg: String,
    /// What it shows.
    pub caption: String,
}

/// A photograph.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The bytes of a PNG file.
    pub png: Vec<u8>,
    /// What it shows, for those who cannot see it.
    pub alt: String,
    /// What is written below.
    pub caption: Vec<Inline>,
}

impl From<Vec<Inline>> for Cell {
    fn from(content: Vec<Inline>) -> Self {
        Self { content, heat: 0.0 }
    }
}

/// Words.
pub(crate) fn text(words: impl Into<String>) -> Inline {
    Inline::Text(words.into())
}

/// A sentence of ours, with what is to be typed between back-ticks.
pub(crate) fn prose(sentence: &str) -> Vec<Inline> {
    let pieces = sentence.split('`').enumerate();
    pieces
        .map(|(n, piece)| match n % 2 {
            0 => text(piece),
            _ => Inline::Code(piece.to_owned()),
        })
        .collect()
}

/// A cell of words.
pub(crate) fn words(words: impl Into<String>) -> Cell {
    vec![text(words)].into()
}

/// A real number with a fixed number of decimals.
pub(crate) fn real(key: impl Into<String>, value: f64, decimals: usize) -> Inline {
    // `+ 0.0` turns -0 into 0.
    let value = value + 0.0;
    Inline::Number(Number {
        key: key.into(),
        value: value.to_string(),
        text: if value.is_finite() {
            format!("{value:.decimals$}")
        } else {
            value.to_string()
        },
    })
}

/// A real number with its sign.
pub(crate) fn signed(key: impl Into<String>, value: f64, decimals: usize) -> Inline {
    Inline::Number(Number {
        key: key.into(),
        value: (value + 0.0).to_string(),
        text: format!("{:+.decimals$}", value + 0.0),
    })
}

/// A whole number, thousands apart.
pub(crate) fn count(key: impl Into<String>, value: u64) -> Inline {
    Inline::Number(Number {
        key: key.into(),
        value: value.to_string(),
        text: grouped(value),
    })
}

/// A number shown in words of its own.
pub(crate) fn shown(key: impl Into<String>, value: f64, text: impl Into<String>) -> Inline {
    Inline::Number(Number {
        key: key.into(),
        value: (value + 0.0).to_string(),
        text: text.into(),
    })
}

/// Digits in groups of three: `272,096`.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Document {
    /// Every number, in the order in which it is shown.
    #[must_use]
    pub fn numbers(&self) -> Vec<&Number> {
        let mut all = Vec::new();
        let lines = std::iter::once(&self.lead).chain(&self.alert);
        lines.for_each(|line| of_line(line, &mut all));
        for section in &self.sections {
            of_blocks(&section.blocks, &mut all);
        }
        all
    }

    /// Every drawing.
    #[must_use]
    pub fn figures(&self) -> Vec<&Figure> {
        fn of<'a>(blocks: &'a [Block], all: &mut Vec<&'a Figure>) {
            for block in blocks {
                match block {
                    Block::Figures(figures) => all.extend(figures),
                    Block::Details { blocks, .. } => of(blocks, all),
                    _ => {}
                }
            }
        }
        let mut all = Vec::new();
        self.sections.iter().for_each(|s| of(&s.blocks, &mut all));
        all
    }
}

fn of_line<'a>(line: &'a [Inline], all: &mut Vec<&'a Number>) {
    all.extend(line.iter().filter_map(|piece| match piece {
        Inline::Number(number) => Some(number),
        _ => None,
    }));
}

fn of_blocks<'a>(blocks: &'a [Block], all: &mut Vec<&'a Number>) {
    for block in blocks {
        match block {
            Block::Paragraph(line) => of_line(line, all),
            Block::List(lines) => lines.iter().for_each(|line| of_line(line, all)),
            Block::Table(table) => {
                let cells = table.rows.iter().flatten();
                cells.for_each(|cell| of_line(&cell.content, all));
            }
            Block::Pictures(pictures) => {
                pictures.iter().for_each(|p| of_line(&p.caption, all));
            }
            Block::Details { blocks, .. } => of_blocks(blocks, all),
            Block::Figures(_) | Block::Code(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
