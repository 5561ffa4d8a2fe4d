//! `timestep cite`: what should a paper cite that used this?

use crate::args::Cite;
use crate::failure::Failure;
use crate::ui::Ui;
use timestep_report::names::cite;
use timestep_study::names::Cited;

/// Prints BibTeX.
pub(crate) fn run(args: &Cite, ui: Ui) -> Result<u8, Failure> {
    let entries = cite::of(&args.name)?;
    if entries.is_empty() {
        ui.note(&format!(
            "`{}` has no publication of its own to cite",
            args.name
        ));
    }
    for entry in entries {
        ui.answer(&Cited {
            name: args.name.clone(),
            bibtex: entry,
        });
    }
    Ok(0)
}
