//! Which recipe does a name or a path stand for?

use super::{Layers, Source};
use crate::files;
use crate::recipe::embedded::{RESTORERS, data_sets, embedded, embedded_text, restorers};
use crate::recipe::problem::{Origin, Problem, ProblemKind};
use std::path::Path;
use timestep_registry::{near, quoted};
use toml::Value;

impl Layers {
    /// Takes a recipe by name or path.
    pub(super) fn apply(&mut self, recipe: &str, folder: Option<&Path>, depth: usize) {
        if Path::new(recipe)
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let path = match folder {
                Some(folder) => folder.join(recipe),
                None => Path::new(recipe).to_owned(),
            };
            self.apply_file(&path, depth);
        } else {
            self.apply_name(recipe, depth);
        }
    }

    fn apply_file(&mut self, path: &Path, depth: usize) {
        let place = path.display().to_string();
        match files::read_text(path) {
            Ok(text) => {
                let folder = Some(path.parent().unwrap_or(Path::new("")));
                self.apply_text(
                    &text,
                    Source {
                        place: &place,
                        folder,
                        saved: false,
                        depth,
                    },
                );
                self.name = path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
            }
            Err(error) => {
                let hint = error.hint();
                let message = format!("cannot be read: {}", error.cause());
                let problem = Problem::new(ProblemKind::Unreadable, &place, message);
                self.problems.push(Problem { hint, ..problem });
            }
        }
    }

    fn apply_name(&mut self, name: &str, depth: usize) {
        let (data, rest) = match name.split_once('/') {
            Some((data, rest)) => (data, Some(rest)),
            None => (name, None),
        };
        if data == RESTORERS {
            self.apply_restorer(name, depth);
            return;
        }
        let Some(text) = embedded_text(data) else {
            self.problems.push(unknown_data(name, data, rest));
            return;
        };
        let (network, noise) = match rest.map(|rest| rest.split_once('+').unwrap_or((rest, ""))) {
            Some((network, noise)) => (Some(network), noise),
            None => (None, ""),
        };
        let malformed = network.is_some_and(|network| network.is_empty() || network.contains('/'));
        if malformed || (name.contains('+') && noise.is_empty()) {
            let message = "a recipe is named `<data>/<network>` or `<data>/<network>+<noise>`";
            let problem = Problem::new(ProblemKind::Syntax, name, message);
            self.problems
                .push(problem.hint(format!("for instance `{data}/lm-resnet-20`")));
            return;
        }

        let mut apply = |key: &str, text: &str| {
            let place = format!("recipes/{key}.toml");
            self.apply_text(
                text,
                Source {
                    place: &place,
                    folder: None,
                    saved: false,
                    depth,
                },
            );
        };
        apply(data, text);
        if let Some(network) = network {
            // From the general to the special: network, then network with this noise.
            for key in [
                format!("{data}/{network}"),
                format!("{data}/{network}+{noise}"),
            ] {
                if let Some(text) = embedded_text(&key) {
                    apply(&key, text);
                }
            }
            let origin = Origin::Recipe(name.to_owned());
            self.give("network.preset", &as_string(network), origin.clone());
            if !noise.is_empty() {
                self.give("network.noise", &as_string(noise), origin);
            }
        }
        self.name = name.to_owned();
    }

    /// A recipe of a restorer stands by itself.
    fn apply_restorer(&mut self, name: &str, depth: usize) {
        self.name = name.to_owned();
        let Some(text) = embedded_text(name) else {
            let close = near(name, restorers());
            let hint = if close.is_empty() {
                let all: Vec<&str> = restorers().collect();
                format!("recipes of restorers: {}", quoted(&all, ", "))
            } else {
                format!("did you mean {}?", quoted(&close, " or "))
            };
            let problem = Problem::new(ProblemKind::UnknownName, name, "there is no such recipe");
            self.problems.push(problem.hint(hint));
            return;
        };
        let place = format!("recipes/{name}.toml");
        self.apply_text(
            text,
            Source {
                place: &place,
                folder: None,
                saved: false,
                depth,
            },
        );
    }
}

/// A TOML string that reads back as `text`.
fn as_string(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// The networks that have a name.
fn networks() -> impl Iterator<Item = &'static str> {
    timestep_nets::presets().iter().map(|preset| preset.key)
}

/// Whether a name is rather a path than that of a recipe.
fn looks_like_a_file(name: &str) -> bool {
    let path = Path::new(name);
    let ends = |end: &&str| {
        path.extension()
            .is_some_and(|e| e.eq_ignore_ascii_case(end))
    };
    path.is_absolute()
        || name.starts_with('.')
        || name.ends_with('/')
        || ["csv", "npz"].iter().any(ends)
}

/// There is no data set of this name; perhaps it is another one, or a network.
fn unknown_data(name: &str, data: &str, network: Option<&str>) -> Problem {
    let known: Vec<&str> = data_sets().collect();
    let close = near(data, known.iter().copied());
    let hint = if !close.is_empty() {
        let rest = network
            .map(|network| format!("/{network}"))
            .unwrap_or_default();
        let names: Vec<String> = close.iter().map(|close| format!("{close}{rest}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("did you mean {}?", quoted(&names, " or "))
    } else if network.is_none()
        && let [network, ..] = near(data, networks())[..]
    {
        // It is a network, or nearly one, without its data set.
        format!("did you mean `digits/{network}`? A recipe begins with its data set")
    } else if looks_like_a_file(name) {
        "check the spelling of the path; a folder of pictures, a list ending in `.csv` and a file ending in `.npz` can be trained on"
            .to_owned()
    } else if network.is_none() && !data.is_empty() {
        format!("a recipe begins with its data set, for instance `digits/{data}`")
    } else {
        format!("data sets with a recipe: {}", quoted(&known, ", "))
    };
    let message = if looks_like_a_file(name) {
        "there is no such file or folder, and no such recipe".to_owned()
    } else if embedded().any(|key| key == data) || data.is_empty() {
        "a recipe begins with the name of its data set".to_owned()
    } else {
        format!("there is no recipe for a data set `{data}`")
    };
    Problem::new(ProblemKind::UnknownName, name, message).hint(hint)
}
