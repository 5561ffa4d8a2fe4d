//! `timestep doctor`: is this machine and this build in order?

use crate::args::Doctor;
use crate::failure::{Failure, NEGATIVE};
use crate::ui::Ui;
use timestep_study::doctor::{Checkup, Ranks};
use timestep_train::TrainError;
use timestep_train::cluster::{Communicator, Place};

/// Tests the program on itself and describes the machine; of several ranks the first does.
pub(crate) fn run(_args: &Doctor, ui: Ui, ranks: &dyn Communicator) -> Result<u8, Failure> {
    let place = Place::find(ranks).map_err(TrainError::from)?;
    if ranks.rank() > 0 {
        return Ok(0);
    }
    let ranks = Ranks::of(ranks.size(), &place);
    let found = Checkup::run(rayon::current_num_threads(), ranks)?;
    ui.answer(&found);
    Ok(if found.ok { 0 } else { NEGATIVE })
}
