//! `timestep list`: what is registered?

use crate::args::{Kind, List};
use crate::codes::Code;
use crate::failure::Failure;
use crate::names::{self, NO_NOISE, type_name};
use crate::recipes::recipes;
use crate::ui::{Ui, table};
use clap::ValueEnum;
use serde_json::{Map, Value, json};
use std::path::Path;
use timestep_nets::{Network, blocks, presets, squeeze_excite};
use timestep_numerics::noise::noises;
use timestep_numerics::schemes;
use timestep_restore::methods::METHODS;
use timestep_train::optimisers::optimisers;
use timestep_train::recipe::{AnyResolved, TaskKind, default_of};
use timestep_train::run;
use timestep_train::sinks::SINKS;

/// The heads of a table, and its rows.
pub(crate) type Entries = (Vec<&'static str>, Vec<Vec<Value>>);

/// Prints one registry, a row (or JSON object) an entry.
pub(crate) fn run(args: &List, ui: Ui) -> Result<u8, Failure> {
    if args.kind == Kind::Data {
        super::data::sets(ui);
        return Ok(0);
    }
    let (head, rows) = entries(args.kind)?;
    show(&head, rows, ui);
    Ok(0)
}

/// The entries of a registry.
pub(crate) fn entries(kind: Kind) -> Result<Entries, Failure> {
    Ok(match kind {
        Kind::Kinds => (vec!["kind", "what"], kinds()),
        Kind::Networks => (
            vec![
                "network",
                "block",
                "scheme",
                "input",
                "parameters",
                "coefficients",
                "multiply_adds",
                "published",
                // For programs that read an earlier version: `published` says the same.
                "depth",
                "cifar10_error",
                "source",
            ],
            networks()?,
        ),
        Kind::Schemes => (
            vec![
                "scheme",
                "network",
                "equation",
                "order",
                "stages",
                "memory",
                "coefficient",
            ],
            schemes()
                .iter()
                .map(|s| {
                    let coefficient = s.coefficient.map(|c| c.name);
                    vec![
                        json!(s.key),
                        json!(s.network),
                        json!(s.equation),
                        json!(s.order),
                        json!(s.stages),
                        json!(s.memory),
                        json!(coefficient),
                    ]
                })
                .collect(),
        ),
        Kind::Blocks => (
            vec!["block", "equation", "what"],
            blocks()
                .chain([squeeze_excite()])
                .map(|b| vec![json!(b.key), json!(b.equation), json!(b.title)])
                .collect(),
        ),
        Kind::Noises => (
            vec!["noise", "equation", "what"],
            std::iter::once(vec![
                json!(NO_NOISE),
                json!("u + f(u)"),
                json!("steps are not random; also turns off what a published network has"),
            ])
            .chain(
                noises()
                    .iter()
                    .map(|n| vec![json!(n.key), json!(n.equation), json!(n.title)]),
            )
            .collect(),
        ),
        Kind::Optimisers => (
            vec![
                "optimiser",
                "equation",
                "lr",
                "weight_decay",
                "memory",
                "what",
            ],
            optimisers()
                .iter()
                .map(|o| {
                    vec![
                        json!(o.key),
                        json!(o.equation),
                        json!(o.lr),
                        json!(o.weight_decay),
                        json!(o.memory),
                        json!(o.title),
                    ]
                })
                .collect(),
        ),
        Kind::Methods => (
            vec!["method", "what"],
            METHODS
                .iter()
                .map(|m| vec![json!(m.facts.key), json!(m.facts.title)])
                .collect(),
        ),
        Kind::Data => (super::data::HEAD.to_vec(), super::data::rows()),
        Kind::Recipes => (
            vec!["recipe"],
            recipes().into_iter().map(|r| vec![json!(r)]).collect(),
        ),
        Kind::Settings => (vec!["setting", "of", "type", "default", "what"], settings()),
        Kind::Analyses => (vec!["analysis", "what"], analyses()),
        Kind::Logs => (
            vec!["log", "file", "always", "what"],
            SINKS
                .iter()
                .map(|s| vec![json!(s.key), json!(s.file), json!(s.always), json!(s.about)])
                .collect(),
        ),
        Kind::Errors => (
            vec!["error", "what"],
            Code::ALL
                .iter()
                .map(|code| vec![json!(code.key()), json!(code.title())])
                .collect(),
        ),
        Kind::Runs => (
            vec![
                "run",
                "preset",
                "epochs",
                "test_top1",
                "model",
                "evaluations",
                "psnr",
            ],
            runs(Path::new("runs")),
        ),
    })
}

/// Prints rows with their heads as table or objects.
fn show(head: &[&str], rows: Vec<Vec<Value>>, ui: Ui) {
    if ui.json {
        for row in rows {
            let names = head.iter().map(|h| (*h).to_owned());
            ui.object(Value::Object(
                names.zip(row).collect::<Map<String, Value>>(),
            ));
        }
        return;
    }
    let cell = |value: Value| match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    // What only programs need stays out of the table.
    let shown = head
        .iter()
        .position(|h| *h == "depth")
        .unwrap_or(head.len());
    let mut lines = vec![head[..shown].iter().map(|h| (*h).to_owned()).collect()];
    lines.extend(
        rows.into_iter()
            .map(|row| row.into_iter().take(shown).map(cell).collect()),
    );
    ui.data(&table(&lines));
}

fn kinds() -> Vec<Vec<Value>> {
    Kind::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value)
        .map(|v| {
            vec![
                json!(v.get_name()),
                json!(v.get_help().map(ToString::to_string)),
            ]
        })
        .collect()
}

fn analyses() -> Vec<Vec<Value>> {
    let about = |a: &clap::Command| a.get_about().map(ToString::to_string);
    names::analyses()
        .map(|a| vec![json!(a.get_name()), json!(about(&a))])
        .collect()
}

/// Every published network with what it costs on the images it was published for.
fn networks() -> Result<Vec<Vec<Value>>, Failure> {
    presets()
        .iter()
        .map(|p| {
            let network = Network::build(&p.at_home())?;
            let (cost, config) = (network.cost(), network.config());
            let input = config.input;
            let cifar10 = p.published.iter().find(|e| e.data == "CIFAR-10");
            let published: Vec<String> = (p.published.iter())
                .map(|e| format!("{} {} % ({})", e.data, e.error, e.source))
                .collect();
            Ok(vec![
                json!(p.name),
                json!(config.block),
                json!(config.scheme),
                json!(format!(
                    "{}x{}x{}",
                    input.channels, input.height, input.width
                )),
                json!(cost.parameters),
                json!(network.coefficient_count()),
                json!(cost.multiply_adds),
                match published.as_slice() {
                    [] => Value::Null,
                    all => json!(all.join(", ")),
                },
                json!(depth(p.name)),
                json!(cifar10.map(|e| e.error)),
                json!(cifar10.map(|e| e.source)),
            ])
        })
        .collect()
}

/// The depth in a name, which is the first number that is no width.
fn depth(name: &str) -> Option<usize> {
    let numbers = name.split('-').filter_map(|part| part.parse().ok());
    numbers.into_iter().find(|n| *n >= 16)
}

/// Every setting of the recipes of each task with its type, default and meaning.
fn settings() -> Vec<Vec<Value>> {
    let of = |task: TaskKind| {
        let settings = timestep_train::recipe::settings(task).iter();
        settings.map(move |s| {
            let default = default_of(task, s.path);
            vec![
                json!(s.path),
                json!(task.key()),
                json!(type_name(s.kind)),
                serde_json::to_value(default).unwrap_or(Value::Null),
                json!(s.about),
            ]
        })
    };
    of(TaskKind::Classify)
        .chain(of(TaskKind::Restore))
        .collect()
}

/// The run folders in `out`, with the last row of their metrics.
fn runs(out: &Path) -> Vec<Vec<Value>> {
    let Ok(entries) = std::fs::read_dir(out) else {
        return Vec::new();
    };
    let mut folders: Vec<_> = entries
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.join(timestep_train::run::RECIPE).is_file())
        .collect();
    folders.sort();
    folders
        .into_iter()
        .map(|folder| {
            let text = std::fs::read_to_string(folder.join("metrics.csv")).unwrap_or_default();
            let mut lines = text.lines();
            let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
            let last: Vec<&str> = lines.next_back().unwrap_or_default().split(',').collect();
            let field = |name: &str| {
                let at = head.iter().position(|h| *h == name)?;
                last.get(at)
                    .filter(|v| !v.is_empty())
                    .map(|v| (*v).to_owned())
            };
            let parsed = |name: &str| field(name).and_then(|v| serde_json::from_str(&v).ok());
            let recipe = run::layers(&folder).ok().and_then(|l| l.resolve_any().ok());
            let (network, model) = match recipe {
                Some(AnyResolved::Classify(r)) => (Some(r.recipe.network.preset), None),
                Some(AnyResolved::Restore(r)) => (None, Some(r.recipe.model_name())),
                None => (None, None),
            };
            let number = |name: &str| parsed(name).unwrap_or(Value::Null);
            vec![
                json!(folder.display().to_string()),
                json!(network),
                number("epoch"),
                number("test_top1"),
                json!(model),
                number("evaluation"),
                number("psnr"),
            ]
        })
        .collect()
}
