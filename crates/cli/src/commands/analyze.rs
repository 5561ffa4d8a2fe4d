//! `timestep analyze`: the theory of a scheme, or of what a network learned.

use crate::args::{Analysis, Analyze, StabilityArgs};
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::ui::Ui;
use timestep_report::plots;
use timestep_report::text::with_k;
use timestep_study::schemes::{EquationOfScheme, OrderOfScheme, StabilityOfScheme};

/// Runs one analysis.
pub(crate) fn run(args: &Analyze, ui: Ui) -> Result<u8, Failure> {
    match &args.what {
        Analysis::Order(of) => ui.answer(&OrderOfScheme::measure(&of.scheme, of.k)?),
        Analysis::ModifiedEquation(args) => {
            let terms = args.terms as usize;
            ui.answer(&EquationOfScheme::measure(
                &args.of.scheme,
                args.of.k,
                terms,
            )?);
        }
        Analysis::WeakOrder(args) => return super::weak_order::run(args, ui),
        Analysis::Stability(args) => return super::spectrum::run(args, ui),
        Analysis::Momentum(args) => return super::momentum::run(args, ui),
        Analysis::Trace(args) => return super::trace::run(args, ui),
        Analysis::Diffusion(args) => return super::diffusion::run(args, ui),
    }
    Ok(0)
}

/// The stability of a scheme.
pub(crate) fn stability(args: &StabilityArgs, outputs: &Outputs, ui: Ui) -> Result<u8, Failure> {
    let found = StabilityOfScheme::measure(&args.what, args.k)?;
    ui.answer(&found);
    if let Some(path) = &args.svg {
        let title = format!("Stability region of {}{}", found.scheme, with_k(found.k));
        let picture = plots::stability(&args.what, args.k, &title)?;
        outputs.write(path, picture.as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(0)
}
