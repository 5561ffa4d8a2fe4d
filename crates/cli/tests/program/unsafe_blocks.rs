//! Is every `unsafe` of the workspace listed in docs/unsafe.md, with its reason?

use std::collections::BTreeMap;
use std::path::Path;

/// Blocks, functions, and implementations (or traits) in a file.
type Counts = [usize; 3];

#[test]
fn every_unsafe_is_listed_with_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = root.join("docs/unsafe.md");
    let text = std::fs::read_to_string(&page).expect("the page is there");
    let mut found = BTreeMap::new();
    count_below(&root.join("crates"), &root.join("crates"), &mut found);
    let mut reasons = BTreeMap::new();
    let mut listed = BTreeMap::new();
    for row in text.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [file, counts @ .., reason] = &cells[..] else {
            panic!("{row}");
        };
        let file = file.trim_matches('`').to_owned();
        let counts: Vec<usize> = counts.iter().map(|n| n.parse().expect(row)).collect();
        let counts: Counts = counts.try_into().expect(row);
        assert!(
            listed.insert(file.clone(), counts).is_none(),
            "{file} is listed twice"
        );
        reasons.insert(file, (*reason).to_owned());
    }
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() && listed != found {
        let head: String = text
            .lines()
            .take_while(|l| !l.starts_with("| `"))
            .map(|l| format!("{l}\n"))
            .collect();
        let rows = found.iter().map(|(file, [blocks, functions, others])| {
            let reason = reasons.get(file).map_or("", String::as_str);
            format!("| `{file}` | {blocks} | {functions} | {others} | {reason} |\n")
        });
        std::fs::write(&page, head + &rows.collect::<String>()).expect("written");
    }
    assert_eq!(
        listed, found,
        "docs/unsafe.md is out of date: UPDATE_SNAPSHOTS=1 writes the numbers"
    );
    for (file, reason) in reasons {
        assert!(reason.split(' ').count() > 2, "`{file}` has no reason");
    }
}

/// Counts in all sources below a folder but this one.
fn count_below(folder: &Path, crates: &Path, found: &mut BTreeMap<String, Counts>) {
    for entry in std::fs::read_dir(folder).expect("the sources are there in tests") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            count_below(&path, crates, found);
        } else if path.extension().is_some_and(|e| e == "rs")
            && !path.ends_with("program/unsafe_blocks.rs")
        {
            let counts = count(&std::fs::read_to_string(&path).expect("readable"));
            if counts != [0; 3] {
                let name = path.strip_prefix(crates).expect("below").to_string_lossy();
                found.insert(name.replace('\\', "/"), counts);
            }
        }
    }
}

fn count(source: &str) -> Counts {
    let mut counts = [0; 3];
    for line in source.lines() {
        let code = line.split("//").next().unwrap_or_default();
        for (at, _) in code.match_indices("unsafe ") {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let rest = &code[at + "unsafe ".len()..];
            let starts = |words: &[&str]| words.iter().any(|word| rest.starts_with(word));
            if starts(&["{"]) {
                counts[0] += 1;
            } else if starts(&["fn "]) {
                counts[1] += 1;
            } else if starts(&["impl", "trait", "extern"]) {
                counts[2] += 1;
            }
        }
    }
    counts
}

#[test]
fn words_in_comments_and_names_do_not_count() {
    let source = "unsafe { a() } // unsafe { b() }\n/// unsafe fn\nunsafe fn c() {}\nlet very_unsafe = 1;\nunsafe impl D for E {}";
    assert_eq!(count(source), [1, 1, 1]);
}
