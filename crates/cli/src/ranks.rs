//! What if this process is one of several? It joins them, and fails with all of them.

use crate::args::Command;
use crate::commands::reproduce;
use crate::failure::Failure;
use crate::ui::Ui;
use std::sync::Arc;
use std::time::Duration;
use timestep_train::TrainError;
use timestep_train::cluster::mpi::Mpi;
use timestep_train::cluster::{Alone, ClusterError, Communicator, Place, launch};

/// Ranks that fail all alike should not all say so: the first is heard, and ends the others before their turn.
const TURN: Duration = Duration::from_secs(2);

/// Is this process one of several, and not the first?
pub(crate) fn is_another() -> bool {
    launch().is_some_and(|launch| launch.rank > 0)
}

/// Joins the processes that were started with this one, for a command that they can work on together.
pub(crate) fn join(command: &Command) -> Result<Arc<dyn Communicator>, Failure> {
    let Some(launch) = launch() else {
        return Ok(Arc::new(Alone));
    };
    let alone = match command {
        Command::Train(args) if args.dry_run => Some("a dry run is made"),
        Command::Train(_) | Command::Doctor(_) => None,
        Command::Reproduce(args) if reproduce::trains(args) => None,
        _ => Some("this command works"),
    };
    if let Some(what) = alone {
        let what = what.to_owned();
        let ranks = launch.size;
        return Err(TrainError::from(ClusterError::OneProcess { what, ranks }).into());
    }
    Ok(Arc::new(Mpi::join(launch).map_err(TrainError::from)?))
}

/// How many threads this process should have, if others share its machine; the first rank says how all are placed.
pub(crate) fn threads(ranks: &dyn Communicator, ui: Ui) -> Result<Option<usize>, Failure> {
    let size = ranks.size();
    if size == 1 {
        return Ok(None);
    }
    let place = Place::find(ranks).map_err(TrainError::from)?;
    if ranks.rank() == 0 {
        let machines = match place.machines {
            1 => "1 machine".to_owned(),
            n => format!("{n} machines"),
        };
        let threads = match place.threads {
            1 => "1 thread".to_owned(),
            n => format!("{n} threads"),
        };
        ui.note(&format!(
            "{size} ranks on {machines}; {} here, for which {threads} each would suit {} of {} cores",
            place.local, place.allowed, place.cores
        ));
        if place.is_bound() {
            ui.note(&format!(
                "the launcher has bound this process to {} of {} cores: `mpirun --bind-to none`, or `srun --cpus-per-task`, \
                 lets it use more",
                place.allowed, place.cores
            ));
        }
    }
    // Whoever has set this has decided.
    let decided = std::env::var_os("RAYON_NUM_THREADS").is_some();
    Ok((!decided).then_some(place.threads))
}

/// Waits until a failure of this process is worth saying: at once for the first rank, for another one only if that has
/// not failed itself by then, which ends all others.
pub(crate) fn await_turn() {
    if is_another() {
        std::thread::sleep(TURN);
    }
}

/// A failure with the rank that it is of.
pub(crate) fn named(failure: Failure) -> Failure {
    match launch() {
        Some(launch) if launch.rank > 0 => Failure {
            message: format!("rank {}: {}", launch.rank, failure.message),
            ..failure
        },
        _ => failure,
    }
}
