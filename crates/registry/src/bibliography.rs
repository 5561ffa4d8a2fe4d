//! How is a publication cited? The one file of BibTeX that all registries refer to.

/// Every publication that a registered thing refers to.
const REFERENCES: &str = include_str!("references.bib");

/// The entry with this key, from its `@` to the next.
#[must_use]
pub fn bibtex(key: &str) -> Option<String> {
    let head = format!("{{{key},");
    let mut entries = REFERENCES.split("\n@");
    let found = entries.find(|entry| entry.contains(&head))?;
    Some(format!("@{}\n", found.trim_start_matches('@').trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_by_its_key_and_whole() {
        let heads = REFERENCES.lines().filter_map(|line| line.strip_prefix('@'));
        let keys: Vec<&str> = heads
            .map(|head| head.split_once('{').expect("a key").1.trim_end_matches(','))
            .collect();
        assert!(keys.len() > 30);
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "`{key}` is there twice");
            let entry = bibtex(key).expect("an entry");
            assert!(entry.starts_with('@') && entry.ends_with("}\n"), "{entry}");
            for field in ["title", "author", "year"] {
                let mut lines = entry.lines().map(|line| line.replace(' ', ""));
                let found = lines.any(|line| line.starts_with(&format!("{field}={{")));
                assert!(found, "{key}: {field}");
            }
            assert_eq!(entry.matches("\n@").count(), 0, "{entry}");
            assert_eq!(
                entry.matches('{').count(),
                entry.matches('}').count(),
                "{key}"
            );
        }
        assert_eq!(bibtex("nobody2000nothing"), None);
    }
}
