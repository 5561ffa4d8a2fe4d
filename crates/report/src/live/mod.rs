//! A page that shows a run while it goes on: complete in itself, it draws what comes from `events`, line by line of the log.

mod server;

pub use server::Live;

/// The page, in which scripts and styles run by this nonce only (`Content-Security-Policy`).
#[must_use]
pub fn page(nonce: &str) -> String {
    include_str!("live.html").replace("NONCE", nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_loads_nothing_from_elsewhere() {
        let page = page("abc");
        assert!(page.contains("<script nonce=\"abc\">") && page.contains("<style nonce=\"abc\">"));
        for outside in ["http://", "https://", "src=", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
