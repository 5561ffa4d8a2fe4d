//! How does a report look as text? Markdown, for repositories and mails; drawings stay in the HTML file.

use super::{Block, Cell, Document, Inline, Table};
use std::fmt::Write;
use timestep_train::plain::visible;

/// The report as Markdown. Everything that comes from outside is escaped.
#[must_use]
pub fn markdown(document: &Document) -> String {
    let mut out = format!("# {}\n\n", escape(&document.title));
    push(&mut out, format_args!("{}\n\n", line(&document.lead)));
    if let Some(alert) = &document.alert {
        push(&mut out, format_args!("> **{}**\n\n", line(alert)));
    }
    for section in &document.sections {
        push(&mut out, format_args!("## {}\n\n", escape(&section.title)));
        blocks(&mut out, &section.blocks);
    }
    push(&mut out, format_args!("{}\n", escape(&document.footer)));
    out
}

/// Writing to a string cannot fail.
fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

fn blocks(out: &mut String, blocks: &[Block]) {
    for block in blocks {
        match block {
            Block::Paragraph(pieces) => push(out, format_args!("{}\n\n", line(pieces))),
            Block::List(items) => {
                for item in items {
                    push(out, format_args!("- {}\n", line(item)));
                }
                out.push('\n');
            }
            Block::Table(t) => table(out, t),
            Block::Figures(figures) => {
                for figure in figures {
                    push(
                        out,
                        format_args!(
                            "*{} (drawn in the HTML report)*\n\n",
                            escape(&figure.caption)
                        ),
                    );
                }
            }
            Block::Pictures(pictures) => {
                for picture in pictures {
                    push(out, format_args!("- {}\n", line(&picture.caption)));
                }
                out.push('\n');
            }
            Block::Code(code) => push(
                out,
                format_args!(
                    "{fence}\n{}\n{fence}\n\n",
                    visible(code.trim_end()),
                    fence = fence(code)
                ),
            ),
            Block::Details { summary, blocks } => {
                push(out, format_args!("### {}\n\n", escape(summary)));
                self::blocks(out, blocks);
            }
        }
    }
}

/// A fence that does not occur in the code.
fn fence(code: &str) -> String {
    let mut fence = "```".to_owned();
    while code.contains(&fence) {
        fence.push('`');
    }
    fence
}

fn table(out: &mut String, table: &Table) {
    let columns = table.rows.iter().map(Vec::len).max().unwrap_or(0);
    let columns = columns.max(table.head.len());
    let heads = (0..columns).map(|c| table.head.get(c).map_or(String::new(), |h| escape(h)));
    push(
        out,
        format_args!("| {} |\n", heads.collect::<Vec<_>>().join(" | ")),
    );
    push(out, format_args!("|{}\n", "---|".repeat(columns)));
    for row in &table.rows {
        let cells = row.iter().map(|cell: &Cell| line(&cell.content));
        push(
            out,
            format_args!("| {} |\n", cells.collect::<Vec<_>>().join(" | ")),
        );
    }
    out.push('\n');
}

fn line(pieces: &[Inline]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Inline::Text(text) => escape(text),
            Inline::Number(number) => escape(&number.text),
            Inline::Code(code) => inline_code(&bars(code)),
        })
        .collect()
}

/// Code in a line, between more back-ticks than stand together anywhere in it: the first run of as many would end it,
/// and what follows would be read as HTML.
fn inline_code(code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest + 1);
    match longest {
        0 => format!("`{code}`"),
        // A back-tick at an end would join those outside.
        _ => format!("{ticks} {code} {ticks}"),
    }
}

/// A bar would end the cell of a table, also inside code; a line break the line.
fn bars(text: &str) -> String {
    visible(&text.replace(['\n', '\r'], " ")).replace('|', "\\|")
}

/// Text that Markdown and the HTML in it leave alone.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in visible(&text.replace(['\n', '\r'], " ")).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '|' | '[' | ']' | '#' | '>' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}
