//! `timestep analyze adaptive`: what steps does a pair with control of its error take, and what do they cost?

use crate::args::AdaptiveArgs;
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::ui::Ui;
use timestep_numerics::adaptive::{Stopped, Tolerance, pair, solve};
use timestep_numerics::problems::problem;
use timestep_study::adaptive::SolutionOfPair;
use timestep_study::codes::Code;

/// Solves, prints, writes.
pub(crate) fn run(args: &AdaptiveArgs, ui: Ui) -> Result<u8, Failure> {
    let outputs = Outputs::check(&[args.csv.as_deref()], &[], args.overwrite.force)?;
    let tolerance = Tolerance {
        relative: args.rtol,
        absolute: args.atol,
        evaluations: args.evaluations as usize,
    };
    let mut rows = String::from("pair,problem,time,h,estimate\n");
    for key in &args.pairs {
        // Both names were checked when the command line was read.
        let (Some(pair), Some(problem)) = (pair(key), problem(&args.problem)) else {
            continue;
        };
        let found = solve(pair, problem, &tolerance).map_err(|stopped| refused(key, &stopped))?;
        let answer = SolutionOfPair::of(found, &tolerance);
        for step in &answer.steps {
            rows.push_str(&format!(
                "{key},{},{},{},{}\n",
                problem.key, step.time, step.h, step.estimate
            ));
        }
        ui.answer(&answer);
    }
    if let Some(path) = &args.csv {
        outputs.write(path, rows.as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(0)
}

/// Why a pair has no solution, as a failure of the command.
fn refused(pair: &str, stopped: &Stopped) -> Failure {
    let (code, hint) = match stopped {
        Stopped::Tolerance => (
            Code::AnalysisInput,
            "--rtol 1e-6 --atol 1e-9 is usual for double precision",
        ),
        Stopped::Spent { .. } => (
            Code::NoAnswer,
            "allow more with --evaluations, a larger tolerance with --rtol, or take a pair of higher order",
        ),
        Stopped::TooSmall { .. } | Stopped::Step(_) => (
            Code::NoAnswer,
            "allow a larger tolerance with --rtol and --atol",
        ),
    };
    Failure::usage(format!("`{pair}`: {stopped}"), hint).coded(code)
}
