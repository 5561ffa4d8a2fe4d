//! `timestep analyze momentum`: which coefficients did networks learn, how, and what do they mean?

use crate::args::{Form, Momentum};
use crate::codes::Code;
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::registry::Question;
use crate::speech::Speech;
use crate::trained::{self, NonFinite};
use crate::ui::{Ui, table};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use timestep_nets::all_coefficients;
use timestep_numerics::SchemeFacts;
use timestep_numerics::analysis::modified_equation_with;
use timestep_report::momentum::{self, Curve, History, Learned};
use timestep_study::json::number;
use timestep_train::event::Event;

/// What is known of `timestep analyze momentum`.
pub(crate) static FACTS: Question = Question::new(
    "momentum",
    "What did a network learn: k_n, momentum, effective step, its equation",
);

/// Steps with coefficients of which each gets a column of its own in the table of the history.
const COLUMNS: usize = 10;
/// Ages of earlier states that have columns of their own where means of segments are shown; `dense` has many.
const AGES: usize = 2;
/// Epochs shown in that table.
const ROWS: usize = 12;

/// Prints the learned k_n of each network, their meaning and their history; draws them on request.
pub(crate) fn run(args: &Momentum, ui: Ui) -> Result<u8, Failure> {
    if args.form.is_some() && args.svg.is_none() && args.history.is_none() {
        return Err(Failure::usage(
            "--form says what plots show, and no plot is asked for",
            "name one with --svg FILE or --history FILE, or leave --form out",
        ));
    }
    let inputs: Vec<&Path> = args.weights.iter().map(PathBuf::as_path).collect();
    let outputs = Outputs::check(
        &[args.svg.as_deref(), args.history.as_deref()],
        &inputs,
        args.overwrite.force,
    )?;
    let form = match args.form {
        None | Some(Form::Momentum) => momentum::Form::Momentum,
        Some(Form::OneMinusK) => momentum::Form::OneMinusK,
    };
    let (mut networks, mut histories) = (Vec::new(), Vec::new());
    for path in &args.weights {
        let trained = trained::load(path, NonFinite::Allowed, ui)?;
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
                "history": history.iter().map(epoch_json).collect::<Vec<_>>(),
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
                text.push_str(&over_training(&history));
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
        outputs.write(svg, picture.as_bytes())?;
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
        outputs.write(svg, picture.as_bytes())?;
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

/// An epoch with its coefficients by segment and step, that of the newest earlier state first.
type Epoch = (usize, Vec<Vec<Vec<f64>>>);

/// Where a coefficient belongs: segment, step and age of the earlier state, all from 1.
type Place = (usize, usize, usize);

fn epoch_json((epoch, k): &Epoch) -> Value {
    let newest = |steps: &Vec<Vec<f64>>| steps.iter().map(|s| s.first().copied()).collect();
    let newest: Vec<Vec<Option<f64>>> = k.iter().map(newest).collect();
    json!({"epoch": epoch, "k": newest, "all_k": k})
}

/// The coefficients after each epoch, from the run's events; empty for a weights file alone. Lines of
/// other versions are passed over; where a run logged the newest coefficient only, that is all there is.
fn history(path: &Path) -> Vec<Epoch> {
    let file = run_folder(path).map(|folder| folder.join("events.jsonl"));
    let Some(Ok(text)) = file.map(std::fs::read_to_string) else {
        return Vec::new();
    };
    text.lines()
        .filter_map(|line| match serde_json::from_str(line) {
            Ok(Event::Epoch {
                epoch,
                memory_k,
                all_k,
                ..
            }) if all_k.is_empty() => {
                let listed = |k: Vec<Option<f64>>| k.into_iter().map(Vec::from_iter).collect();
                Some((epoch, memory_k.into_iter().map(listed).collect()))
            }
            Ok(Event::Epoch { epoch, all_k, .. }) => Some((epoch, all_k)),
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

/// Every place that has a coefficient.
fn learning(history: &[Epoch]) -> Vec<Place> {
    let mut places = Vec::new();
    for (i, steps) in history
        .last()
        .iter()
        .flat_map(|(_, k)| k.iter().enumerate())
    {
        for (n, ks) in steps.iter().enumerate() {
            places.extend((1..=ks.len()).map(|age| (i + 1, n + 1, age)));
        }
    }
    places
}

fn at(k: &[Vec<Vec<f64>>], (segment, step, age): Place) -> Option<f64> {
    k.get(segment - 1)?.get(step - 1)?.get(age - 1).copied()
}

/// The history as a table: every coefficient where there are few; otherwise means of segments, one column
/// for each age.
fn over_training(history: &[Epoch]) -> String {
    let places = learning(history);
    if places.is_empty() {
        return String::new();
    }
    let few = places.len() <= COLUMNS;
    let several = places.iter().any(|(_, _, age)| *age > 1);
    let named = |what: String, age: usize| match age {
        1 => what,
        _ => format!("{what}, age {age}"),
    };
    let mut columns: Vec<(String, Vec<Place>)> = Vec::new();
    for place in places {
        let (segment, step, age) = place;
        let head = if few {
            named(format!("{segment}.{step}"), age)
        } else if age > AGES {
            continue;
        } else {
            named(format!("segment {segment}"), age)
        };
        match columns.iter_mut().find(|(known, _)| *known == head) {
            Some((_, own)) => own.push(place),
            None => columns.push((head, vec![place])),
        }
    }
    let mut head = vec!["epoch".to_owned()];
    head.extend(columns.iter().map(|(head, _)| head.clone()));
    let mut rows = vec![head];
    let last = history.len() - 1;
    let shown = ROWS.min(history.len());
    // Evenly spread, first and last included.
    let picked = (0..shown).map(|i| if shown > 1 { i * last / (shown - 1) } else { 0 });
    for (epoch, k) in picked.map(|i| &history[i]) {
        let mean = |(_, own): &(String, Vec<Place>)| {
            let values: Vec<f64> = own.iter().filter_map(|p| at(k, *p)).collect();
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
    let ages = if several {
        "; age 2 is the state before the newest earlier one"
    } else {
        ""
    };
    format!("\nHistory over training: {what}{ages}\n{}", table(&rows))
}

/// The history as curves.
fn curves(label: String, history: &[Epoch]) -> History {
    let curve = |place: Place| Curve {
        segment: place.0,
        step: place.1,
        age: place.2,
        values: history.iter().map(|(_, k)| at(k, place)).collect(),
    };
    History {
        label,
        epochs: history.iter().map(|(epoch, _)| *epoch).collect(),
        curves: learning(history).into_iter().map(curve).collect(),
    }
}
