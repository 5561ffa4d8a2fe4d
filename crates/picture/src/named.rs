//! Which pictures does a name mean? A file, all in a folder, or all that a pattern matches.

use crate::is_image_name;
use std::fs;
use std::path::{Component, Path, PathBuf};
use timestep_files::{Action, FileError};

/// Why a name means no picture.
#[derive(Debug, thiserror::Error)]
pub enum NoPictures {
    /// The folder holds none.
    #[error("`{}` holds no pictures", .0.display())]
    InFolder(PathBuf),
    /// The pattern matches none.
    #[error("`{}` matches no pictures", .0.display())]
    Matching(PathBuf),
    /// A folder cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The pictures that a name means: a folder stands for those in it and below it, in the order of their names; a name with `*`, `?` or
/// `[…]` that is no file for all that it matches; any other name for itself.
///
/// # Errors
/// [`NoPictures`] if there are none, or if a folder cannot be read.
pub fn expand(path: &Path) -> Result<Vec<PathBuf>, NoPictures> {
    if path.is_dir() {
        let found = below(path)?;
        return match found.is_empty() {
            true => Err(NoPictures::InFolder(path.to_owned())),
            false => Ok(found),
        };
    }
    if path.exists() || !is_pattern(path) {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for path in matching(path)? {
        match path.is_dir() {
            true => found.extend(below(&path)?),
            false => found.push(path),
        }
    }
    match found.is_empty() {
        true => Err(NoPictures::Matching(path.to_owned())),
        false => Ok(found),
    }
}

/// The entries of a folder in the order of their names, without hidden ones.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let fail = |e| FileError::new(Action::Read, folder, e);
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            all.push(entry.path());
        }
    }
    all.sort();
    Ok(all)
}

/// The pictures in a folder and below it; links to folders are not followed, for they may lead in circles.
fn below(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let (folders, files): (Vec<_>, Vec<_>) = entries(&folder)?
            .into_iter()
            .partition(|path| path.is_dir());
        found.extend(files.into_iter().filter(|path| is_image_name(path)));
        open.extend(folders.into_iter().filter(|path| !path.is_symlink()));
    }
    found.sort();
    Ok(found)
}

fn is_pattern(path: &Path) -> bool {
    path.to_str()
        .is_some_and(|text| text.contains(['*', '?', '[']))
}

/// The files and folders that a pattern matches, in the order of their names.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut found = vec![PathBuf::new()];
    for part in pattern.components() {
        let text = part.as_os_str().to_str().unwrap_or_default();
        let mut next = Vec::new();
        for base in found {
            if !matches!(part, Component::Normal(_)) || !is_pattern(Path::new(text)) {
                let path = base.join(part);
                if path.exists() {
                    next.push(path);
                }
                continue;
            }
            let folder = match base.as_os_str().is_empty() {
                true => Path::new("."),
                false => &base,
            };
            if !folder.is_dir() {
                continue;
            }
            let letters: Vec<char> = text.chars().collect();
            for path in entries(folder)? {
                let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                    continue;
                };
                let name_letters: Vec<char> = name.chars().collect();
                if fits(&letters, &name_letters) {
                    next.push(base.join(name));
                }
            }
        }
        found = next;
    }
    Ok(found)
}

/// Whether a name fits a pattern of `*` (any letters), `?` (one) and `[abc]`, `[a-z]`, `[!a]` (one of these).
fn fits(pattern: &[char], name: &[char]) -> bool {
    // The place after the last `*`, and the place in the name that it was tried with: no other has to be tried again.
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p + 1, n));
            p += 1;
        } else if let Some(next) = one(pattern, p, name[n]) {
            p = next;
            n += 1;
        } else if let Some((after, from)) = star {
            star = Some((after, from + 1));
            (p, n) = (after, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|letter| *letter == '*')
}

/// The place after the piece of a pattern at `p` that takes one letter, if it takes this one.
fn one(pattern: &[char], p: usize, letter: char) -> Option<usize> {
    match pattern.get(p)? {
        '?' => Some(p + 1),
        '[' => {
            // The first letter of a list may be its end sign.
            let negated = matches!(pattern.get(p + 1), Some('!' | '^'));
            let start = p + 1 + usize::from(negated);
            let Some(length) = pattern.get(start + 1..)?.iter().position(|c| *c == ']') else {
                return (letter == '[').then_some(p + 1);
            };
            let list = &pattern[start..=start + length];
            let mut inside = false;
            let mut i = 0;
            while i < list.len() {
                if i + 2 < list.len() && list[i + 1] == '-' {
                    inside |= (list[i]..=list[i + 2]).contains(&letter);
                    i += 3;
                } else {
                    inside |= list[i] == letter;
                    i += 1;
                }
            }
            (inside != negated).then_some(start + length + 2)
        }
        other => (*other == letter).then_some(p + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(pattern: &str, name: &str) -> bool {
        let of = |text: &str| text.chars().collect::<Vec<_>>();
        fits(&of(pattern), &of(name))
    }

    #[test]
    fn patterns_of_names() {
        for (pattern, name) in [
            ("*", ""),
            ("*.png", "a.png"),
            ("a*b*c", "a__b_bc"),
            ("?.png", "é.png"),
            ("[a-c]1", "b1"),
            ("[!a-c]1", "d1"),
            ("[]]x", "]x"),
            ("[ab", "[ab"),
            ("**", "x"),
        ] {
            assert!(fit(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.png", "a.jpg"),
            ("?", "ab"),
            ("[a-c]1", "d1"),
            ("[!a-c]1", "a1"),
            ("a*b", "a"),
            ("", "a"),
            ("[a]", ""),
        ] {
            assert!(!fit(pattern, name), "{pattern} {name}");
        }
        // No more than the product of both lengths.
        assert!(!fit(
            &"a*".repeat(40),
            &("a".repeat(4000) + "b").replace('a', "c")
        ));
    }

    #[test]
    fn folders_and_patterns_stand_for_pictures() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path();
        fs::create_dir_all(at.join("b/deeper")).expect("a folder");
        for name in [
            "b/2.png",
            "b/10.PNG",
            "b/deeper/a.jpg",
            "b/note.txt",
            "b/.hidden.png",
            "c.gif",
        ] {
            fs::write(at.join(name), "x").expect("written");
        }
        let names = |named: &str| {
            let all = expand(&at.join(named)).ok()?;
            let name = |path: &PathBuf| path.strip_prefix(at).expect("below").display().to_string();
            Some(all.iter().map(name).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(
            names("b").as_deref(),
            Some("b/10.PNG b/2.png b/deeper/a.jpg")
        );
        assert_eq!(names("?/*.png").as_deref(), Some("b/2.png"));
        assert_eq!(
            names("[bc]*").as_deref(),
            Some("b/10.PNG b/2.png b/deeper/a.jpg c.gif")
        );
        assert_eq!(names("missing.png").as_deref(), Some("missing.png"));
        assert_eq!((names("z*"), names("b/deeper/*.png")), (None, None));
    }
}
