//! How wide is the screen?

use std::io::IsTerminal;
use std::sync::OnceLock;
use timestep_report::text::page::NARROWEST;

/// The width of a terminal that does not tell its own.
const USUAL: usize = 80;

/// Characters of a line of standard output: what `COLUMNS` says, else the terminal; what goes to a file or to another
/// program has lines as long as they are.
pub(crate) fn width() -> usize {
    static WIDTH: OnceLock<usize> = OnceLock::new();
    *WIDTH.get_or_init(|| {
        let asked = std::env::var("COLUMNS");
        let asked: Option<usize> = asked.ok().and_then(|columns| columns.trim().parse().ok());
        let known = asked.filter(|columns| *columns > 0).or_else(|| {
            let size = terminal_size::terminal_size_of(std::io::stdout());
            size.map(|(width, _)| usize::from(width.0))
                .filter(|w| *w > 0)
        });
        let fallback = match std::io::stdout().is_terminal() {
            true => USUAL,
            false => usize::MAX,
        };
        known.unwrap_or(fallback).max(NARROWEST)
    })
}
