//! `timestep analyze momentum`: which coefficients did networks learn, how, and what do they mean?

use super::analyze::number;
use crate::args::{Form, Momentum};
use crate::codes::Code;
use crate::failure::Failure;
use crate::speech::Speech;
use crate::ui::{Ui, table};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use timestep_nets::{all_coefficients, device};
use timestep_numerics::SchemeFacts;
use timestep_numerics::analysis::modified_equation_with;
use timestep_report::momentum::{self, History, Learned};
use timestep_train::event::Event;
use timestep_train::{Trained, files};

/// Steps with coefficients of which each gets a column of its own in the table of the history.
const COLUMNS: usize = 10;
/// Epochs shown in that table.
const ROWS: usize = 12;

/// Prints the learned k_n of each network, their meaning and their history; draws them on request.
pub(crate) fn run(args: &Momentum, ui: Ui) -> Result<u8, Failure> {
    let device = device("cpu")?;
    let form = match args.form {
        Form::Momentum => momentum::Form::Momentum,
        Form::OneMinusK => momentum::Form::OneMinusK,
    };
    let (mut networks, mut histories) = (Vec::new(), Vec::new());
    for path in &args.weights {
        let trained = Trained::load(path, &device)?;
        let speech = Speech::new(&trained.network, &trained.parameters)?;
        let scheme = trained.network.scheme();
        let name = &trained.card.network.name;
        let all = all_coefficients(&trained.network, &trained.parameters);
        let steps = effective_steps(scheme, &all)?;
        let history = history(path);
        if ui.json {
            ui.object(json!({
                "weights": path.display().to_string(),
                "network": name,
                "scheme": scheme.key,
                "epoch": trained.card.epoch,
                "segments": segments_json(&speech, &all, &steps),
                "history": history.iter().map(|(epoch, k)| json!({"epoch": epoch, "k": k})).collect::<Vec<_>>(),
            }));
        } else {
            let mut text = format!(
                "{} ({name}, epoch {})\n{}",
                path.display(),
                trained.card.epoch,
                speech.text()
            );
            if scheme.coefficient.is_some() {
                text.push_str(&sequences(&speech, &steps));
                text.push_str(&older(&all));
                let several = all.iter().flatten().any(|step| step.len() > 1);
                text.push_str(&over_training(&history, several));
            }
            ui.data(&text);
        }
        if scheme.coefficient.is_none() {
            ui.note(&format!(
                "`{}` steps with `{}`, which learns no coefficient",
                path.display(),
                scheme.key
            ));
        } else if args.history.is_some() && history.is_empty() {
            ui.note(&format!(
                "`{}` has no history: the events.jsonl of its run folder is not there, or holds no epoch",
                path.display()
            ));
        }
        let label = label(path, name);
        if !history.is_empty() && scheme.coefficient.is_some() {
            histories.push(curves(label.clone(), &history));
        }
        networks.push(Learned {
            label,
            segments: all,
        });
    }
    if let Some(svg) = &args.svg {
        let picture = momentum::learned(&networks, form);
        files::write_atomic(svg, |out| out.write_all(picture.as_bytes()))?;
        ui.note(&format!("wrote {}", svg.display()));
    }
    if let Some(svg) = &args.history {
        if histories.is_empty() {
            return Err(Failure::usage(
                "no network here has a history of learned coefficients",
                "give the folder of a run whose scheme learns some, such as `lm`: it keeps events.jsonl",
            )
            .coded(Code::NoAnswer));
        }
        let picture = momentum::history(&histories, form);
        files::write_atomic(svg, |out| out.write_all(picture.as_bytes()))?;
        ui.note(&format!("wrote {}", svg.display()));
    }
    Ok(0)
}

/// The run folder that weights lie in, if they do.
fn run_folder(path: &Path) -> Option<PathBuf> {
    let folder = if path.is_dir() {
        path.to_owned()
    } else {
        // A file named without a folder is in the current one.
        path.canonicalize().ok()?.parent()?.parent()?.to_owned()
    };
    folder
        .join(timestep_train::run::RECIPE)
        .is_file()
        .then_some(folder)
}

/// The run's name if the weights lie in a run folder, else the network's.
fn label(path: &Path, network: &str) -> String {
    run_folder(path)
        .and_then(|f| {
            Some(
                f.canonicalize()
                    .ok()?
                    .file_name()?
                    .to_string_lossy()
                    .into_owned(),
            )
        })
        .unwrap_or_else(|| network.to_owned())
}

/// Epochs with `k_n` of the newest earlier state by segment and step, from the run's events.
type Epochs = Vec<(usize, Vec<Vec<Option<f64>>>)>;

/// `k_n` after each epoch; empty for a weights file alone. Lines of other versions are passed over.
fn history(path: &Path) -> Epochs {
    let file = run_folder(path).map(|folder| folder.join("events.jsonl"));
    let Some(Ok(text)) = file.map(std::fs::read_to_string) else {
        return Vec::new();
    };
    text.lines()
        .filter_map(|line| match serde_json::from_str(line) {
            Ok(Event::Epoch {
                epoch, memory_k, ..
            }) => Some((epoch, memory_k)),
            _ => None,
        })
        .collect()
}

/// The step size of every step in the scheme's own time: `1/c` where the step follows `c u' = f`. `None`
/// where it follows no such equation. A restart is forward Euler.
fn effective_steps(
    scheme: &SchemeFacts,
    all: &[Vec<Vec<f64>>],
) -> Result<Vec<Vec<Option<f64>>>, Failure> {
    let one = |coefficients: &Vec<f64>| {
        // A coefficient without a time scale, such as k = -1, is no failure.
        let found = modified_equation_with(scheme.key, coefficients, 1).ok();
        found
            .map(|e| 1.0 / e.time_scale())
            .filter(|h| h.is_finite())
    };
    Ok(all
        .iter()
        .map(|segment| segment.iter().map(one).collect())
        .collect())
}

fn segments_json(speech: &Speech, all: &[Vec<Vec<f64>>], steps: &[Vec<Option<f64>>]) -> Value {
    let mut segments = speech.json();
    if let Value::Array(objects) = &mut segments {
        for (((object, all), steps), s) in objects
            .iter_mut()
            .zip(all)
            .zip(steps)
            .zip(speech.segments())
        {
            let roots = s.zero_stability.as_ref().map(|z| {
                let roots = z.roots.iter();
                roots
                    .map(|r| json!([number(r.re), number(r.im)]))
                    .collect::<Vec<_>>()
            });
            object["all_k"] = json!(all);
            object["effective_steps"] = json!(steps);
            object["time"] = json!(time(steps).map(number));
            object["variation"] = json!(s.zero_stability.as_ref().map(|z| number(z.variation)));
            object["roots"] = json!(roots);
        }
    }
    segments
}

/// Time that a segment covers: the sum of its effective steps.
fn time(steps: &[Option<f64>]) -> Option<f64> {
    steps.iter().copied().sum()
}

/// Time and zero-stability of the learned sequences.
fn sequences(speech: &Speech, steps: &[Vec<Option<f64>>]) -> String {
    let head = [
        "segment",
        "effective steps",
        "time",
        "zero-stable",
        "growth",
        "variation",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    for (s, steps) in speech.segments().iter().zip(steps) {
        let each: Vec<String> = steps
            .iter()
            .map(|h| h.map_or("none".into(), |h| format!("{h:.3}")))
            .collect();
        let zero = s.zero_stability.as_ref();
        rows.push(vec![
            s.segment.to_string(),
            each.join(" "),
            time(steps).map_or("-".into(), |t| format!("{t:.3}")),
            zero.map_or("-", |z| if z.zero_stable { "yes" } else { "NO" })
                .to_owned(),
            zero.map_or("-".into(), |z| format!("{:.3}", z.growth)),
            zero.map_or("-".into(), |z| format!("{:.3}", z.variation)),
        ]);
    }
    format!(
        "\nThe learned sequences, as they are\n{}\
         effective steps: h/c where a step follows c u' = f(u), c = 1 + k_n for `lm`; time: their sum.\n\
         growth: largest factor of an error in the states over any run of steps (norm of the partial products at f = 0).\n\
         variation: sup of sum of partial products |k_m … k_n|, how far one error moves all later states.\n",
        table(&rows)
    )
}

/// All coefficients of steps that have more than one.
fn older(all: &[Vec<Vec<f64>>]) -> String {
    if !all.iter().flatten().any(|step| step.len() > 1) {
        return String::new();
    }
    let head = ["segment", "step", "coefficients of u_(n-1), u_(n-2), …"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for (segment, steps) in all.iter().enumerate() {
        for (step, ks) in steps.iter().enumerate().filter(|(_, ks)| !ks.is_empty()) {
            let ks: Vec<String> = ks.iter().map(|k| format!("{k:+.3}")).collect();
            rows.push(vec![
                (segment + 1).to_string(),
                (step + 1).to_string(),
                ks.join(" "),
            ]);
        }
    }
    format!("\nAll coefficients\n{}", table(&rows))
}

/// Segments and steps (both from 1) that have a coefficient.
fn learning(history: &Epochs) -> Vec<(usize, usize)> {
    let Some((_, last)) = history.last() else {
        return Vec::new();
    };
    let steps = last.iter().enumerate().flat_map(|(segment, steps)| {
        let with = steps.iter().enumerate().filter(|(_, k)| k.is_some());
        with.map(move |(step, _)| (segment + 1, step + 1))
    });
    steps.collect()
}

fn at(k: &[Vec<Option<f64>>], (segment, step): (usize, usize)) -> Option<f64> {
    k.get(segment - 1)?.get(step - 1).copied().flatten()
}

/// The history as a table: every step where there are few, means of segments otherwise.
fn over_training(history: &Epochs, several: bool) -> String {
    let steps = learning(history);
    if steps.is_empty() {
        return String::new();
    }
    let segments = history.last().map_or(0, |(_, k)| k.len());
    let few = steps.len() <= COLUMNS;
    let columns: Vec<Vec<(usize, usize)>> = if few {
        steps.iter().map(|s| vec![*s]).collect()
    } else {
        let of = |n: usize| steps.iter().copied().filter(|s| s.0 == n).collect();
        (1..=segments).map(of).collect()
    };
    let mut head = vec!["epoch".to_owned()];
    head.extend(
        columns
            .iter()
            .enumerate()
            .map(|(i, column)| match column[..] {
                [(segment, step)] if few => format!("{segment}.{step}"),
                _ => format!("segment {}", i + 1),
            }),
    );
    let mut rows = vec![head];
    let last = history.len() - 1;
    let shown = ROWS.min(history.len());
    // Evenly spread, first and last included.
    let picked = (0..shown).map(|i| if shown > 1 { i * last / (shown - 1) } else { 0 });
    for (epoch, k) in picked.map(|i| &history[i]) {
        let mean = |column: &Vec<(usize, usize)>| {
            let values: Vec<f64> = column.iter().filter_map(|s| at(k, *s)).collect();
            if values.is_empty() {
                return "·".to_owned();
            }
            format!("{:+.3}", values.iter().sum::<f64>() / values.len() as f64)
        };
        let mut row = vec![epoch.to_string()];
        row.extend(columns.iter().map(mean));
        rows.push(row);
    }
    let what = if few {
        "k_n, by segment.step"
    } else {
        "mean k_n of each segment"
    };
    let which = if several {
        " (of the newest earlier state)"
    } else {
        ""
    };
    format!("\nHistory over training: {what}{which}\n{}", table(&rows))
}

/// The history as curves.
fn curves(label: String, history: &Epochs) -> History {
    let steps = learning(history).into_iter();
    let curve = |place: (usize, usize)| {
        let values = history.iter().map(|(_, k)| at(k, place)).collect();
        (place.0, place.1, values)
    };
    History {
        label,
        epochs: history.iter().map(|(epoch, _)| *epoch).collect(),
        curves: steps.map(curve).collect(),
    }
}
