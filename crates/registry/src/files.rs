//! Is every file of a folder registered? What the tests of registries share, and the first line of a page.

use std::path::Path;

/// The source files of `folder` that are neither registered nor helpers of those that are, for a test that none is left out.
///
/// # Panics
/// If there is no such folder, or its names are no text.
#[must_use]
pub fn unregistered(folder: &str, registered: &[&str], helpers: &[&str]) -> Vec<String> {
    let entries =
        std::fs::read_dir(Path::new(folder)).expect("the source folder is there in tests");
    let names = entries.map(|entry| {
        let path = entry.expect("readable").path();
        path.file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned()
    });
    let known = |name: &str| name == "mod" || registered.contains(&name) || helpers.contains(&name);
    names.filter(|name| !known(name)).collect()
}

/// The first line of a text, for the title of a page.
#[must_use]
pub const fn first_line(text: &'static str) -> &'static str {
    let mut at = 0;
    while at < text.len() && text.as_bytes()[at] != b'\n' {
        at += 1;
    }
    text.split_at(at).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_left_out_is_named() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
        let all = [
            "lib",
            "bibliography",
            "facts",
            "files",
            "macros",
            "near",
            "registry",
        ];
        assert_eq!(
            unregistered(folder, &all, &["references", "words"]),
            ["settings"]
        );
        assert_eq!(first_line("a b\nc"), "a b");
        assert_eq!(first_line("über"), "über");
    }
}
