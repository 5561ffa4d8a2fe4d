//! `timestep doctor`: is this machine and this build in order?

use crate::args::Doctor;
use crate::failure::{Failure, NEGATIVE};
use crate::ui::Ui;
use timestep_study::doctor::Checkup;

/// Tests the program on itself and describes the machine.
pub(crate) fn run(_args: &Doctor, ui: Ui) -> Result<u8, Failure> {
    let found = Checkup::run(rayon::current_num_threads())?;
    ui.answer(&found);
    Ok(if found.ok { 0 } else { NEGATIVE })
}
