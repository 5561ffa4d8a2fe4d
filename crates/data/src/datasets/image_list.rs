//! A list of your own: a CSV file with the path and the label of each picture.
//!
//! # Images
//! Brought to one size and to grey or RGB as those of a folder are: see `image-folder`.
//!
//! # Files
//! A text file in UTF-8, a picture in each line:
//!
//! ```text
//! path,label,split
//! photos/0001.jpg,cat,train
//! photos/0002.jpg,dog,test
//! ```
//!
//! The first line may name the columns: `path` (or `file`, `filename`, `image`), `label` (or `class`) and `split`, in any order, among
//! others that are left out. Without such a line, the first column is the path, the second the label, the third the split. Paths are relative to
//! the folder of the list. Fields may stand in double quotes. Classes are numbered in the order of their names, or of their numbers if all are
//! numbers.
//!
//! # Split
//! As the column `split` says: `train`, and `test`, `val` or `valid`. Without one, a fifth of each class is held out, or the share
//! `data.held_out`: see `image-folder`.
//!
//! # Licence
//! Your own affair.
//!
//! # When to use / when not
//! For pictures that lie elsewhere than in a folder for each class: labels in a table, or one picture in several sets.
//!
//! # Reference
//! None.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use timestep_files::read_small_text;
use timestep_picture::is_image_name;
use timestep_registry::{Facts, Kind};

use crate::checks::{VerifyReport, Watch};
use crate::dataset::{Dataset, DatasetInfo, OpenOptions};
use crate::error::DataError;
use crate::folder;
use crate::hold_out::HoldOut;
use crate::scan::{Scan, check_classes};

const KEY: &str = "image-list";

pub(super) static FACTS: DatasetInfo = DatasetInfo {
    named: Facts::new(
        Kind::Data,
        KEY,
        "a CSV file with path and label of each image",
        include_str!("image_list.rs"),
    ),
    classes: None,
    shape: None,
    train: None,
    test: None,
    mirrors: true,
    needs_dir: true,
    resizes: true,
    licence: "that of the images",
    source_url: "",
    open,
    verify,
    archive: None,
};

/// Reads and checks the list and its images.
fn open(options: &OpenOptions, watch: Watch<'_>) -> Result<Dataset, DataError> {
    let list = FACTS.needed(options.dir.as_deref())?;
    folder::dataset(KEY, scan(list, options)?, options, watch)
}

/// Reports all that is wrong with them.
fn verify(dir: Option<&Path>, watch: Watch<'_>) -> Result<VerifyReport, DataError> {
    let list = FACTS.needed(dir)?;
    folder::verify(KEY, list, scan(list, &OpenOptions::default())?, watch)
}

/// A line of the list.
struct Row {
    path: PathBuf,
    label: String,
    test: Option<bool>,
}

/// Reads the list; its images are not opened.
fn scan(list: &Path, options: &OpenOptions) -> Result<Scan, DataError> {
    let text = read_small_text(list).map_err(|e| DataError::io("read", list, e))?;
    let rows = rows(list, &text)?;
    let names: BTreeSet<&str> = rows.iter().map(|row| row.label.as_str()).collect();
    let mut classes: Vec<String> = names.into_iter().map(str::to_owned).collect();
    let number = |name: &String| name.parse::<u32>().ok();
    if classes.iter().all(|name| number(name).is_some()) {
        classes.sort_by_key(number);
    }
    check_classes(
        list,
        &classes,
        "a list needs pictures of two classes at least",
    )?;
    // `check_classes` has made sure that all labels fit 16 bits.
    let label = |name: &str| classes.iter().position(|c| c == name).unwrap_or(0) as u16;
    let labels: Vec<u16> = rows.iter().map(|row| label(&row.label)).collect();
    let root = list.parent().unwrap_or(Path::new("")).to_owned();
    let files = rows.iter().zip(&labels);
    let files: Vec<(PathBuf, u16)> = files
        .map(|(row, label)| (row.path.clone(), *label))
        .collect();
    let (parts, held_out) = if rows.iter().any(|row| row.test.is_some()) {
        if options.splits() {
            return Err(DataError::OwnTest {
                what: format!("{} has a column `split`", list.display()),
            });
        }
        let mut parts = [Vec::new(), Vec::new()];
        for (row, file) in rows.iter().zip(files) {
            parts[usize::from(row.test == Some(true))].push(file);
        }
        if let Some(empty) = parts.iter().position(Vec::is_empty) {
            let problem = format!(
                "has no pictures of the split `{}`",
                ["train", "test"][empty]
            );
            return Err(layout(
                list,
                problem,
                "name pictures of both, or leave the column out",
            ));
        }
        (parts, None)
    } else {
        let rule = HoldOut::new(options)?;
        (rule.divide(list, &classes, files)?, Some(rule))
    };
    Ok(Scan {
        root,
        classes,
        parts,
        held_out,
        skipped: Vec::new(),
    })
}

fn layout(list: &Path, problem: String, hint: &str) -> DataError {
    DataError::Layout {
        path: list.to_owned(),
        problem,
        hint: hint.to_owned(),
    }
}

/// The lines of a list.
fn rows(list: &Path, text: &str) -> Result<Vec<Row>, DataError> {
    let hint = "write `path,label` in each line, as in `photos/0001.jpg,cat`";
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
        .peekable();
    let mut columns = [Some(0), Some(1), Some(2)];
    if let Some((number, first)) = lines.peek() {
        let names = fields(first).ok_or_else(|| {
            let problem = format!("line {number}: a quotation mark is not closed");
            layout(list, problem, hint)
        })?;
        let find = |known: &[&str]| {
            let known = |name: &String| known.contains(&name.to_lowercase().as_str());
            names.iter().position(known)
        };
        let path = find(&["path", "file", "filename", "image"]);
        let label = find(&["label", "class"]);
        if path.is_some() && label.is_some() {
            columns = [path, label, find(&["split"])];
            lines.next();
        } else if !names
            .first()
            .is_some_and(|name| is_image_name(Path::new(name)))
        {
            let problem = format!(
                "begins with the line `{first}`, which names no columns `path` and `label` and no image"
            );
            return Err(layout(list, problem, hint));
        }
    }
    let mut rows = Vec::new();
    let mut seen = BTreeSet::new();
    for (number, line) in lines {
        let wrong = |what: &str| layout(list, format!("line {number}: {what}"), hint);
        let fields = fields(line).ok_or_else(|| wrong("a quotation mark is not closed"))?;
        let field = |column: usize| {
            let text = columns[column].and_then(|at| fields.get(at));
            text.map(|text| text.trim()).filter(|text| !text.is_empty())
        };
        let path = PathBuf::from(field(0).ok_or_else(|| wrong("there is no path"))?);
        let label = field(1)
            .ok_or_else(|| wrong("there is no label"))?
            .to_owned();
        let test = match field(2).map(str::to_lowercase).as_deref() {
            None => None,
            Some("train" | "training") => Some(false),
            Some("test" | "val" | "valid" | "validation") => Some(true),
            Some(other) => {
                let what = format!("there is no split `{other}`: it is `train` or `test`");
                return Err(wrong(&what));
            }
        };
        if !seen.insert(path.clone()) {
            return Err(wrong(&format!("`{}` was listed before", path.display())));
        }
        rows.push(Row { path, label, test });
    }
    let split = rows.iter().filter(|row| row.test.is_some()).count();
    if split != 0 && split != rows.len() {
        let problem = format!(
            "says of {split} of {} pictures of which split they are",
            rows.len()
        );
        return Err(layout(list, problem, "say it of all, or of none"));
    }
    match rows.is_empty() {
        true => Err(layout(list, "lists no pictures".to_owned(), hint)),
        false => Ok(rows),
    }
}

/// The fields of a line; `None` if a quotation mark is not closed.
fn fields(line: &str) -> Option<Vec<String>> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        let last = fields.last_mut()?;
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                last.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => last.push(other),
        }
    }
    (!quoted).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String, Option<bool>)>, String> {
        let rows = rows(Path::new("l.csv"), text).map_err(|e| e.to_string())?;
        let one = |row: Row| (row.path.display().to_string(), row.label, row.test);
        Ok(rows.into_iter().map(one).collect())
    }

    #[test]
    fn columns_by_name_or_place_and_quotes() {
        let plain = read("a.png,cat\nb.png,dog\n").unwrap();
        assert_eq!(plain[1], ("b.png".into(), "dog".into(), None));
        let named = read("\u{FEFF}id,Label,Split,Filename\n7,cat,val,\"x, \"\"y\"\".png\"\r\n\n8,dog,train,z.png\n").unwrap();
        assert_eq!(named[0], ("x, \"y\".png".into(), "cat".into(), Some(true)));
        assert_eq!(named[1], ("z.png".into(), "dog".into(), Some(false)));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, says) in [
            ("", "lists no pictures"),
            ("path,label\n", "lists no pictures"),
            ("name,kind\na.png,cat\n", "names no columns"),
            ("a.png,cat\nb.png\n", "line 2: there is no label"),
            ("a.png,cat\n,dog\n", "line 2: there is no path"),
            (
                "a.png,cat\na.png,dog\n",
                "line 2: `a.png` was listed before",
            ),
            ("a.png,\"cat\n", "not closed"),
            ("a.png,cat,tset\n", "no split `tset`"),
            ("a.png,cat,test\nb.png,dog\n", "1 of 2 pictures"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(says), "{text:?}: {error}");
        }
    }
}
