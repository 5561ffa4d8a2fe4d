//! `timestep analyze momentum`: which coefficients did networks learn, how, and what do they mean?

use crate::args::{Form, Momentum};
use crate::failure::Failure;
use crate::outputs::{Outputs, check_drawing};
use crate::trained::{self, NonFinite};
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use timestep_report::momentum::{self, History, Learned};
use timestep_report::text::learns;
use timestep_study::codes::Code;
use timestep_study::learned::LearnedNetwork;

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
    check_drawing(args.svg.as_deref())?;
    let form = match args.form {
        None | Some(Form::Momentum) => momentum::Form::Momentum,
        Some(Form::OneMinusK) => momentum::Form::OneMinusK,
    };
    let (mut networks, mut histories) = (Vec::new(), Vec::new());
    for path in &args.weights {
        let trained = trained::load(path, NonFinite::Allowed, ui)?;
        let found = LearnedNetwork::read(path, &trained)?;
        ui.answer(&found);
        let (path, scheme) = (path.display(), found.scheme);
        if !learns(scheme, &found.segments) {
            ui.note(&format!(
                "`{path}` steps with `{scheme}`, which learns no coefficient"
            ));
        } else if args.history.is_some() && found.history.is_empty() {
            ui.note(&format!(
                "`{path}` has no history: the events.jsonl of its run folder is not there, or holds no epoch"
            ));
        }
        if !found.history.is_empty() && learns(scheme, &found.segments) {
            histories.push(History::of(&found));
        }
        networks.push(Learned {
            label: found.label(),
            segments: found.segments.into_iter().map(|s| s.all_k).collect(),
        });
    }
    outputs.save(args.svg.as_deref(), ui, || {
        Ok(momentum::learned(&networks, form))
    })?;
    outputs.save(args.history.as_deref(), ui, || {
        if histories.is_empty() {
            return Err(Failure::usage(
                "no network here has a history of learned coefficients",
                "give the folder of a run whose scheme learns some, such as `lm`: it keeps events.jsonl",
            )
            .coded(Code::NoAnswer));
        }
        Ok(momentum::history(&histories, form))
    })?;
    Ok(0)
}
