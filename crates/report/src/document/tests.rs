//! Does a report survive names that look like markup, and is what it shows what it was given?

use super::*;

const NASTY: &str = "a<b>&\"c\"</data><script>alert(1)</script>|`*_[x](y)";

fn document() -> Document {
    Document {
        title: NASTY.into(),
        lead: vec![text(NASTY), real("last.top1", 0.1 + 0.2, 4)],
        alert: Some(vec![text(NASTY)]),
        sections: vec![Section {
            key: "one",
            title: NASTY.into(),
            blocks: vec![
                Block::Paragraph(vec![Inline::Code(NASTY.into()), count("n", 1_234_567)]),
                Block::List(vec![vec![signed("k", -0.5, 3)]]),
                Block::Table(Table {
                    head: vec![NASTY.into(), "b".into()],
                    rows: vec![vec![
                        words(NASTY),
                        Cell {
                            content: vec![shown("odd<key", f64::NAN, NASTY)],
                            heat: -0.25,
                        },
                    ]],
                }),
                Block::Details {
                    summary: NASTY.into(),
                    blocks: vec![
                        Block::Figures(vec![Figure {
                            key: "f".into(),
                            svg: "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\">\n</svg>\n"
                                .into(),
                            caption: NASTY.into(),
                        }]),
                        Block::Pictures(vec![Picture {
                            png: vec![1, 2, 3],
                            alt: NASTY.into(),
                            caption: vec![text(NASTY), real("p", -0.0, 2)],
                        }]),
                        Block::Code(NASTY.into()),
                    ],
                },
            ],
        }],
        footer: NASTY.into(),
    }
}

#[test]
fn names_never_become_markup() {
    let page = html(&document());
    assert!(
        !page.contains("<script") && !page.contains("a<b>"),
        "{page}"
    );
    for tag in [
        "p", "td", "table", "section", "figure", "details", "data", "svg", "th",
    ] {
        let opened =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        let closed = page.matches(&format!("</{tag}>")).count();
        assert_eq!(opened, closed, "{tag}");
    }
    assert!(
        !page.contains("http:") && !page.contains("https:"),
        "nothing from elsewhere"
    );
    let text = markdown(&document());
    // Code is taken as it is; everything around it is escaped.
    let outside: String = text.split("```").step_by(2).collect();
    let outside: String = outside.split("``").step_by(2).collect();
    assert!(
        outside.contains("\\[x\\]") && !outside.contains("[x]("),
        "{outside}"
    );
    let row = text
        .lines()
        .find(|l| l.contains("odd") || l.contains("alert") && l.starts_with("| "));
    let row = row.expect("a row of the table").replace("\\|", "");
    assert_eq!(
        row.matches('|').count(),
        3,
        "a bar in a name starts no column: {row}"
    );
}

#[test]
fn back_ticks_in_code_end_nothing() {
    // Two in a name, and between them what a browser would run.
    for name in [
        "a``<img src=x onerror=alert(1)>``b",
        "`",
        "``",
        "x```<b>```",
        "```\n<script>``",
        "\u{1b}]0;title\u{7}",
    ] {
        let text = markdown(&Document {
            title: "t".into(),
            lead: vec![Inline::Code(name.into())],
            alert: None,
            sections: vec![],
            footer: String::new(),
        });
        let line = text.lines().nth(2).expect("the lead");
        let ticks = line.len() - line.trim_start_matches('`').len();
        let fence = "`".repeat(ticks);
        let inside = line
            .strip_prefix(&fence)
            .and_then(|l| l.strip_suffix(&fence));
        let inside = inside.unwrap_or_else(|| panic!("{line}"));
        let longest = inside.split(|c| c != '`').map(str::len).max();
        assert!(longest < Some(ticks), "{name:?}: {line}");
        assert!(!inside.starts_with('`') && !inside.ends_with('`'), "{line}");
        assert!(
            !line.contains('\u{1b}') && !line.contains('\u{7}'),
            "{line}"
        );
    }
}

#[test]
fn numbers_and_drawings_are_read_back() {
    let document = document();
    let printed = read(&html(&document));
    let shown: Vec<&Number> = printed.numbers.iter().collect();
    assert_eq!(shown, document.numbers());
    assert_eq!(document.numbers().len(), 5);
    assert_eq!(printed.numbers[0].value.parse(), Ok(0.1 + 0.2));
    assert_eq!(printed.numbers[0].text, "0.3000");
    assert_eq!(printed.numbers[1].text, "1,234,567");
    assert_eq!(printed.numbers[4].text, "0.00", "no minus zero");
    let mut figure = document.figures()[0].clone();
    assert!(printed.shows(&figure));
    figure.svg = figure.svg.replace("0 0 1 1", "0 0 1 2");
    assert!(!printed.shows(&figure));
}
