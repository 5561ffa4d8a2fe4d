//! How does a report look in a browser? One file: no scripts, no fonts, nothing from elsewhere.

use super::{Block, Cell, Document, Figure, Inline, Picture, Table};
use crate::svg::escape;
use std::fmt::Write;

/// All styling.
const STYLE: &str = include_str!("report.css");

/// What browsers may load for the page: nothing but itself.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// The report as a page of HTML. Everything that comes from outside is escaped.
#[must_use]
pub fn html(document: &Document) -> String {
    let title = escape(&document.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"lead\">{}</p>\n",
        line(&document.lead)
    );
    if let Some(alert) = &document.alert {
        push(
            &mut out,
            format_args!("<p class=\"alert\" role=\"alert\">{}</p>\n", line(alert)),
        );
    }
    out.push_str("<nav>");
    for section in &document.sections {
        push(
            &mut out,
            format_args!(
                "<a href=\"#{}\">{}</a> ",
                section.key,
                escape(&section.title)
            ),
        );
    }
    out.push_str("</nav>\n</header>\n<main>\n");
    for section in &document.sections {
        push(
            &mut out,
            format_args!(
                "<section id=\"{}\">\n<h2>{}</h2>\n",
                section.key,
                escape(&section.title)
            ),
        );
        section.blocks.iter().for_each(|b| block(&mut out, b));
        out.push_str("</section>\n");
    }
    push(
        &mut out,
        format_args!(
            "</main>\n<footer>{}</footer>\n</body>\n</html>\n",
            escape(&document.footer)
        ),
    );
    out
}

/// Writing to a string cannot fail.
fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

fn block(out: &mut String, block: &Block) {
    match block {
        Block::Paragraph(pieces) => push(out, format_args!("<p>{}</p>\n", line(pieces))),
        Block::List(items) => {
            out.push_str("<ul>\n");
            for item in items {
                push(out, format_args!("<li>{}</li>\n", line(item)));
            }
            out.push_str("</ul>\n");
        }
        Block::Table(t) => table(out, t),
        Block::Figures(all) => {
            out.push_str("<div class=\"figures\">\n");
            all.iter().for_each(|f| figure(out, f));
            out.push_str("</div>\n");
        }
        Block::Pictures(all) => {
            out.push_str("<div class=\"pictures\">\n");
            all.iter().for_each(|p| picture(out, p));
            out.push_str("</div>\n");
        }
        Block::Code(code) => push(
            out,
            format_args!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(code)),
        ),
        Block::Details { summary, blocks } => {
            push(
                out,
                format_args!("<details>\n<summary>{}</summary>\n", escape(summary)),
            );
            blocks.iter().for_each(|b| self::block(out, b));
            out.push_str("</details>\n");
        }
    }
}

/// A table in a box that scrolls by itself, so that the page never does sideways.
fn table(out: &mut String, table: &Table) {
    let matrix = table.rows.iter().flatten().any(|cell| cell.heat != 0.0);
    let class = match (matrix, table.head.is_empty()) {
        (true, _) => "matrix",
        (false, true) => "facts",
        (false, false) => "plain",
    };
    push(
        out,
        format_args!("<div class=\"scroll\" tabindex=\"0\"><table class=\"{class}\">\n"),
    );
    if !table.head.is_empty() {
        out.push_str("<thead><tr>");
        for head in &table.head {
            push(out, format_args!("<th scope=\"col\">{}</th>", escape(head)));
        }
        out.push_str("</tr></thead>\n");
    }
    out.push_str("<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (n, one) in row.iter().enumerate() {
            cell(out, n == 0, one);
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn cell(out: &mut String, names_row: bool, cell: &Cell) {
    if names_row {
        return push(
            out,
            format_args!("<th scope=\"row\">{}</th>", line(&cell.content)),
        );
    }
    let numbers = cell.content.iter().any(|c| matches!(c, Inline::Number(_)));
    let class = if numbers { " class=\"n\"" } else { "" };
    let heat = match cell.heat {
        h if h > 0.0 => format!(" style=\"--good:{:.0}%\"", 100.0 * h.min(1.0)),
        h if h < 0.0 => format!(" style=\"--bad:{:.0}%\"", -100.0 * h.max(-1.0)),
        _ => String::new(),
    };
    push(
        out,
        format_args!("<td{class}{heat}>{}</td>", line(&cell.content)),
    );
}

fn figure(out: &mut String, figure: &Figure) {
    push(
        out,
        format_args!(
            "<figure data-key=\"{}\">{}<figcaption>{}</figcaption></figure>\n",
            escape(&figure.key),
            embedded(figure),
            escape(&figure.caption)
        ),
    );
}

/// A drawing inside a page: it needs no name space there, but a name for those who cannot see it.
pub(super) fn embedded(figure: &Figure) -> String {
    let opening = format!(
        "<svg role=\"img\" aria-label=\"{}\"",
        escape(&figure.caption)
    );
    let bare = figure
        .svg
        .replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1);
    bare.trim_end().replacen("<svg", &opening, 1)
}

fn picture(out: &mut String, picture: &Picture) {
    push(
        out,
        format_args!(
            "<figure><img alt=\"{}\" src=\"data:image/png;base64,{}\"><figcaption>{}</figcaption></figure>\n",
            escape(&picture.alt),
            base64(&picture.png),
            line(&picture.caption)
        ),
    );
}

fn line(pieces: &[Inline]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            Inline::Text(text) => escape(text),
            Inline::Code(code) => format!("<code>{}</code>", breakable(&escape(code))),
            Inline::Number(n) => format!(
                "<data data-key=\"{}\" value=\"{}\">{}</data>",
                escape(&n.key),
                escape(&n.value),
                escape(&n.text)
            ),
        })
        .collect()
}

/// Escaped code that a narrow page may break after a point, slash or underscore; copied text stays the same.
fn breakable(code: &str) -> String {
    let mut text = String::new();
    for c in code.chars() {
        text.push(c);
        if matches!(c, '.' | '/' | '_') {
            text.push_str("<wbr>");
        }
    }
    text
}

/// Bytes as text (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            // Missing bytes of the last group are written as `=`.
            text.push(if i > group.len() {
                '='
            } else {
                char::from(LETTERS[(bits >> (18 - 6 * i) & 63) as usize])
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn bytes_as_text_as_in_the_standard() {
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in pairs {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }
}
