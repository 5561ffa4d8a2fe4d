//! Several seeds of one recipe: one after the other, or handed out to the ranks, each of which trains its own alone.

use super::conclude::{conclude, finish};
use super::{Session, code, create, notes, open, options, show, traffic};
use crate::args::Train;
use crate::failure::Failure;
use crate::ui::Ui;
use std::sync::Arc;
use timestep_study::conditions::Condition;
use timestep_study::training::OverSeeds;
use timestep_train::TrainError;
use timestep_train::cluster::gather::of_all;
use timestep_train::cluster::{Alone, Communicator};
use timestep_train::event::Measured;
use timestep_train::recipe::AnyResolved;
use timestep_train::trainer::Outcome;

/// A run that ended: its seed, its folder, what was measured.
type Ended = (u64, String, Measured);

/// Trains a recipe with each of its seeds.
pub(super) fn run(
    args: &Train,
    resolved: &AnyResolved,
    conditions: &[Condition],
    session: &Session<'_>,
    ui: Ui,
) -> Result<u8, Failure> {
    let ranks = session.ranks;
    let (rank, size) = (ranks.rank(), ranks.size());
    // Independent work costs no exchange. With fewer seeds than ranks, some would have nothing to do.
    let handed_out = size > 1 && args.seeds >= size as u64;
    let team: Arc<dyn Communicator> = match handed_out {
        true => Arc::new(Alone),
        false => ranks.clone(),
    };
    if handed_out {
        ui.note(&format!(
            "{} seeds for {size} ranks: each run is trained by one of them alone",
            args.seeds
        ));
    }
    let mut ended: Vec<Ended> = Vec::new();
    let mut code = 0;
    for n in 0..args.seeds {
        if handed_out && n % size as u64 != rank as u64 {
            continue;
        }
        let job = open(with_seed(resolved, n), &*team, ui)?;
        job.check_ranks(team.size())?;
        if n == 0 {
            notes(&job, ui);
        }
        let folder = create(args, &job, &*team)?;
        show(session.live, &folder);
        let place = (session.engine, &team);
        let options = options(args, ui, place, session.stop.clone(), rank == 0);
        let outcome = job.train(&folder, options)?;
        traffic(&*team, ui);
        code = match &outcome {
            outcome if rank == 0 => conclude(args, &job, &folder, outcome, conditions, ui)?,
            outcome if !handed_out => self::code(outcome),
            Outcome::Finished { measured, .. } => {
                finish(args, &job, &folder, measured, conditions, ui)?
            }
            outcome => conclude(args, &job, &folder, outcome, conditions, ui)?,
        };
        if code != 0 {
            break;
        }
        if let Outcome::Finished { measured, .. } = outcome {
            ended.push((job.seed(), folder.display().to_string(), measured));
        }
    }
    if handed_out {
        (code, ended) = share(&**ranks, code, ended)?;
        // What the first rank trained, it has said already.
        for (n, (seed, folder, measured)) in ended.iter().enumerate() {
            if n % size != 0 {
                ui.note(&format!("seed {seed}: {}, in {folder}", said(measured)));
            }
        }
    }
    if code == 0 && ended.len() > 1 && rank == 0 {
        ui.answer(&OverSeeds::of(ended.iter().map(|(_, _, m)| m)));
    }
    Ok(code)
}

/// The runs of all ranks in the order of seeds, and the largest of their exit codes.
fn share(
    ranks: &dyn Communicator,
    code: u8,
    ended: Vec<Ended>,
) -> Result<(u8, Vec<Ended>), Failure> {
    let said = of_all(ranks, &(code, ended)).map_err(TrainError::from)?;
    let (mut code, mut runs) = (0, Vec::new());
    for (one, ended) in said {
        code = code.max(one);
        runs.extend(ended);
    }
    runs.sort_by_key(|(seed, ..)| *seed);
    Ok((code, runs))
}

/// What a run measured, in a word.
fn said(measured: &Measured) -> String {
    match measured {
        Measured::Classifier { test, .. } => format!("top-1 {:.4}", test.top1),
        Measured::Restorer { last, .. } => format!("PSNR {:.3} dB", last.counted()),
    }
}

/// The recipe with its seed counted up by `n`.
fn with_seed(resolved: &AnyResolved, n: u64) -> AnyResolved {
    match resolved {
        AnyResolved::Classify(resolved) => {
            AnyResolved::Classify(Box::new(resolved.with_seed_plus(n)))
        }
        AnyResolved::Restore(resolved) => {
            AnyResolved::Restore(Box::new(resolved.with_seed_plus(n)))
        }
    }
}
