//! How does an answer fit on a screen? Sentences are broken between words; tables are narrowed, then folded.
//!
//! A table that is too wide first breaks its cells between words, the widest column first. If that is not enough, it
//! is folded: the columns that do not fit follow below, beside the first column again.

use std::fmt::Write;

/// Sentences are no longer than this, however wide the screen is.
const SENTENCE: usize = 110;
/// Columns stand this far apart.
const GAP: usize = 2;
/// No line is asked to be narrower than this.
pub const NARROWEST: usize = 20;

/// Text that is made for lines of a width.
pub struct Page {
    width: usize,
    text: String,
}

impl Page {
    /// An empty page.
    pub fn new(width: usize) -> Self {
        let text = String::new();
        Self { width, text }
    }

    /// Characters of its lines.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// What was written.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// A line, broken between words if it is too long. What follows a break is indented as the line is.
    pub fn line(&mut self, line: impl AsRef<str>) {
        let line = line.as_ref();
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        let room = self.width.min(SENTENCE).saturating_sub(indent.len());
        for part in wrapped(line.trim_start_matches(' '), room.max(1)) {
            // Writing to a string cannot fail.
            let _ = writeln!(self.text, "{indent}{part}");
        }
    }

    /// Names and what they are, a line each, aligned; what follows a break stands below its beginning.
    pub fn facts(&mut self, facts: &[(&str, String)]) {
        let name = facts.iter().map(|(name, _)| length(name)).max();
        let name = name.unwrap_or(0) + GAP;
        let room = self.width.min(SENTENCE).saturating_sub(name).max(NARROWEST);
        for (head, what) in facts {
            let parts = wrapped(what, room);
            for (n, part) in parts.iter().enumerate() {
                let head = if n == 0 { head } else { "" };
                let _ = writeln!(self.text, "{}{part}", padded(head, name));
            }
        }
    }

    /// An empty line.
    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Markdown, as it is: its lines are a file's.
    pub fn markdown(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Rows in columns; the first row is the head.
    pub fn table(&mut self, rows: &[Vec<String>]) {
        self.text.push_str(&table(rows, self.width));
    }
}

/// Rows of a table, of which the first is the head, from what can be shown.
pub fn head<const N: usize>(names: [&str; N]) -> Vec<Vec<String>> {
    vec![names.map(str::to_owned).to_vec()]
}

/// Characters of a text.
fn length(text: &str) -> usize {
    text.chars().count()
}

/// A text with spaces behind it.
fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(length(text));
    format!("{text}{}", " ".repeat(missing))
}

/// A text in lines of at most `width` characters, broken between words; a longer word is cut.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    if length(text) <= width {
        return vec![text.to_owned()];
    }
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split(' ') {
        let mut word = word.to_owned();
        if !line.is_empty() && length(&line) + 1 + length(&word) > width {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        while length(&word) > width {
            let cut: String = word.chars().take(width).collect();
            word = word.chars().skip(width).collect();
            lines.push(cut);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

/// Rows in columns two spaces apart, at most `width` characters wide; the first row is the head.
pub fn table(rows: &[Vec<String>], width: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize, of: fn(&str) -> usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| of(cell)).max().unwrap_or(0)
    };
    let longest_word = |cell: &str| cell.split(' ').map(length).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..columns).map(|c| widest(c, length)).collect();
    let least: Vec<usize> = (0..columns).map(|c| widest(c, longest_word)).collect();
    let total = |widths: &[usize]| widths.iter().sum::<usize>() + GAP * widths.len().max(1) - GAP;
    while total(&widths) > width {
        let loose = (0..columns).filter(|c| widths[*c] > least[*c]);
        let Some(column) = loose.max_by_key(|c| (widths[*c], usize::MAX - c)) else {
            break;
        };
        widths[column] -= 1;
    }
    if columns > 1 && total(&widths) > width {
        // It stands beside every other column: half of the page is theirs.
        widths[0] = widths[0].min(width / 2);
    }
    // Words seldom fill a column to its last character.
    for (column, own) in widths.iter_mut().enumerate() {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let parts = cells.flat_map(|cell| wrapped(cell, (*own).max(1)));
        *own = parts.map(|part| length(&part)).max().unwrap_or(0);
    }
    let mut text = String::new();
    let mut rest: Vec<usize> = (0..columns).collect();
    while !rest.is_empty() {
        // Beside the first column again: what a row is about.
        let mut shown = match rest[0] {
            0 => Vec::new(),
            _ => vec![0],
        };
        let free = rest.len();
        while let Some(next) = rest.first().copied() {
            let with = [&shown[..], &[next]].concat();
            let taken: Vec<usize> = with.iter().map(|c| widths[*c]).collect();
            // At least one further column, though it has to be cut.
            if total(&taken) > width && rest.len() < free {
                break;
            }
            shown = with;
            rest.remove(0);
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let last = shown.len() - 1;
        let room: usize = shown[..last].iter().map(|c| widths[*c] + GAP).sum();
        let cut = width.saturating_sub(room).max(1);
        widths[shown[last]] = widths[shown[last]].min(cut);
        band(rows, &shown, &widths, &mut text);
    }
    text
}

/// Some of the columns of a table.
fn band(rows: &[Vec<String>], shown: &[usize], widths: &[usize], text: &mut String) {
    let nothing = String::new();
    for row in rows {
        let cells: Vec<Vec<String>> = (shown.iter())
            .map(|c| wrapped(row.get(*c).unwrap_or(&nothing), widths[*c].max(1)))
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..height {
            let mut line = String::new();
            for (cell, column) in cells.iter().zip(shown) {
                let part = cell.get(at).map_or("", String::as_str);
                line.push_str(&padded(part, widths[*column] + GAP));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(cells: &[&[&str]]) -> Vec<Vec<String>> {
        let row = |row: &&[&str]| row.iter().map(|cell| (*cell).to_owned()).collect();
        cells.iter().map(row).collect()
    }

    #[test]
    fn a_table_that_fits_is_left_alone() {
        let rows = rows(&[&["h", "error"], &["0.5", "1e-3"]]);
        assert_eq!(table(&rows, usize::MAX), "h    error\n0.5  1e-3\n");
        assert_eq!(table(&rows, 10), "h    error\n0.5  1e-3\n");
    }

    #[test]
    fn cells_are_broken_between_words_before_a_table_is_folded() {
        let rows = rows(&[
            &["name", "what it is", "n"],
            &["lm", "a two step method", "3"],
        ]);
        let narrow = table(&rows, 20);
        assert_eq!(
            narrow,
            "name  what it is  n\nlm    a two step  3\n      method\n"
        );
    }

    #[test]
    fn a_table_of_many_numbers_is_folded() {
        let rows = rows(&[
            &["run", "aaaaaa", "bbbbbb", "cccccc"],
            &["r1", "1", "2", "3"],
        ]);
        let folded = table(&rows, 20);
        assert_eq!(
            folded,
            "run  aaaaaa  bbbbbb\nr1   1       2\n\nrun  cccccc\nr1   3\n"
        );
    }

    #[test]
    fn nothing_is_wider_than_the_page() {
        let long = "x".repeat(100);
        let rows = rows(&[
            &["name", "path", "k_n"],
            &[&long, &long, "+0.1 +0.2 +0.3 +0.4 +0.5 +0.6"],
        ]);
        for width in [NARROWEST, 40, 80] {
            let text = table(&rows, width);
            let widest = text.lines().map(length).max();
            assert!(widest <= Some(width), "{width}: {text}");
            // Nothing is lost on the way: both cells are there, the first beside each part of the table.
            let found = text.matches('x').count();
            assert!(found >= 200 && found.is_multiple_of(100), "{width}: {text}");
        }
    }

    #[test]
    fn sentences_are_broken_between_words() {
        let mut page = Page::new(24);
        page.line("  what follows a break is indented");
        page.facts(&[("data", "found in the folder of the data".into())]);
        let expected =
            "  what follows a break\n  is indented\ndata  found in the folder\n      of the data\n";
        let text = page.into_text();
        assert!(
            text.starts_with("  what follows a break\n  is indented\n"),
            "{text}"
        );
        assert!(
            text.lines().all(|line| length(line) <= 26),
            "{expected}{text}"
        );
    }
}
