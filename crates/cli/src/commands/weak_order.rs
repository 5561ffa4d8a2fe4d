//! `timestep analyze weak-order`: is a scheme with noise a discretised stochastic equation, and how good a one?

use crate::args::WeakOrderArgs;
use crate::failure::Failure;
use crate::outputs::{Outputs, check_drawing};
use crate::progress::Waiting;
use crate::schemes;
use crate::ui::Ui;
use timestep_numerics::analysis::weak_order::Plan;
use timestep_numerics::noise::{NOISES, NoiseFacts, noise_facts, noises};
use timestep_registry::{did_you_mean, quoted};
use timestep_report::weak_order as picture;
use timestep_study::codes::Code;
use timestep_study::weak_order;

/// Simulates, prints, draws.
pub(crate) fn run(args: &WeakOrderArgs, ui: Ui) -> Result<u8, Failure> {
    check(args)?;
    let outputs = Outputs::check(
        &[args.svg.as_deref(), args.csv.as_deref()],
        &[],
        args.overwrite.force,
    )?;
    check_drawing(args.svg.as_deref())?;
    let steps: Vec<usize> = args.steps.iter().map(|n| *n as usize).collect();
    let own = args.scheme_file.as_deref().map(schemes::read).transpose()?;
    let scheme = own.map_or(args.scheme.as_str(), |facts| facts.written());
    let noises: Result<Vec<_>, _> = args.noises.iter().map(|name| noise(name)).collect();
    let question = weak_order::Question {
        plan: Plan {
            scheme,
            k: args.k,
            steps,
            paths: args.paths as usize,
            seed: args.seed,
        },
        damping: args.damping,
        keep: &args.keep,
        blocks: args.blocks.map(|blocks| blocks as usize),
    };
    let mut waiting = Waiting::new(ui, "laws", 0);
    let tell = |done, total| waiting.of(done, total);
    let (answers, found) = weak_order::answer(&noises?, &question, tell)?;
    drop(waiting);
    answers.iter().for_each(|answer| ui.answer(answer));
    outputs.save(args.svg.as_deref(), ui, || Ok(picture::weak_order(&found)))?;
    outputs.save(args.csv.as_deref(), ui, || {
        Ok(picture::csv(&found, args.paths, args.seed))
    })?;
    Ok(0)
}

/// Refuses numbers that mean nothing, in the words of the flags.
fn check(args: &WeakOrderArgs) -> Result<(), Failure> {
    // A noise drops blocks if it says with which probability one is kept.
    let drops = |noise: &NoiseFacts| noise.setting("keep").is_some();
    let dropped = |name: &String| noise_facts(name).is_some_and(drops);
    for (flag, given) in [
        ("--keep", !args.keep.is_empty()),
        ("--blocks", args.blocks.is_some()),
    ] {
        if given && !args.noises.iter().any(dropped) {
            let all = noises().into_iter().filter(|noise| drops(noise));
            let dropping: Vec<&str> = all.map(|noise| noise.key).collect();
            return Err(Failure::usage(
                format!(
                    "{flag} is about blocks that are dropped, and none of these noises drops any"
                ),
                format!("leave it out, or look at {}", quoted(&dropping, " or ")),
            )
            .coded(Code::AnalysisInput));
        }
    }
    if let Some(p) = args.keep.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
        return Err(Failure::usage(
            format!("--keep {p}: a probability between 0 and 1 is needed"),
            "at 0 and 1 there is no noise; 0.5 is where the condition holds, the paper's networks have 0.8 and 0.5",
        )
        .coded(Code::AnalysisInput));
    }
    let mut steps = args.steps.clone();
    steps.sort_unstable();
    steps.dedup();
    if steps.len() < 3 {
        return Err(Failure::usage(
            format!(
                "--steps has {} different numbers, which is too few for an order",
                steps.len()
            ),
            "three are needed, for example --steps 16,64,256",
        )
        .coded(Code::AnalysisInput));
    }
    Ok(())
}

/// Looks a noise up.
fn noise(name: &str) -> Result<&'static NoiseFacts, Failure> {
    noise_facts(name).ok_or_else(|| {
        let keys: Vec<&str> = NOISES.keys().collect();
        let all = format!("the noises are {}", keys.join(", "));
        let question = did_you_mean(&NOISES.near(name));
        let hint = question.map_or(all.clone(), |question| format!("{question} {all}"));
        let message = format!("there is no noise `{name}`");
        Failure::usage(message, hint).coded(Code::UnknownPart)
    })
}
