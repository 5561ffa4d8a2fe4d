//! `timestep analyze`: the theory of a scheme, or of what a network learned.

use crate::args::{Analysis, Analyze, OrderArgs, OrderStarArgs, Schemes};
use crate::failure::Failure;
use crate::outputs::{Outputs, check_drawing};
use crate::schemes::{Asked, asked};
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use timestep_numerics::problems::problem;
use timestep_report::order::order as order_picture;
use timestep_report::order_star::{order_stars, star_boundaries};
use timestep_study::schemes::{EquationOfScheme, OrderOfScheme, OrderStarOfScheme, order_table};

/// Runs one analysis.
pub(crate) fn run(args: &Analyze, ui: Ui) -> Result<u8, Failure> {
    match &args.what {
        Analysis::Order(args) => return order(args, ui),
        Analysis::ModifiedEquation(args) => {
            let terms = args.terms as usize;
            for Asked { facts, k } in of(&args.of)? {
                ui.answer(&EquationOfScheme::measure(facts.written(), k, terms)?);
            }
        }
        Analysis::OrderStar(args) => return order_star(args, ui),
        Analysis::Adaptive(args) => return super::adaptive::run(args, ui),
        Analysis::WeakOrder(args) => return super::weak_order::run(args, ui),
        Analysis::Stability(args) => return super::stability::run(args, ui),
        Analysis::Momentum(args) => return super::momentum::run(args, ui),
        Analysis::Trace(args) => return super::trace::run(args, ui),
        Analysis::Convergence(args) => return super::resample::run_convergence(args, ui),
        Analysis::Diffusion(args) => return super::diffusion::run(args, ui),
    }
    Ok(0)
}

/// The order of schemes.
fn order(args: &OrderArgs, ui: Ui) -> Result<u8, Failure> {
    let all = of(&args.of)?;
    let paths = [args.svg.as_deref(), args.csv.as_deref()];
    let inputs: Vec<&Path> = args.of.scheme_file.iter().map(PathBuf::as_path).collect();
    let outputs = Outputs::check(&paths, &inputs, args.overwrite.force)?;
    let problem = args.problem.as_deref().and_then(problem);
    let mut found = Vec::new();
    for Asked { facts, k } in all {
        let one = OrderOfScheme::measure(facts.written(), k, problem)?;
        ui.answer(&one);
        found.push(one);
    }
    outputs.save(args.svg.as_deref(), ui, || Ok(order_picture(&found)))?;
    outputs.save(args.csv.as_deref(), ui, || Ok(order_table(&found)))?;
    Ok(0)
}

/// The order stars of schemes.
fn order_star(args: &OrderStarArgs, ui: Ui) -> Result<u8, Failure> {
    let all = of(&args.of)?;
    let paths = [args.svg.as_deref(), args.csv.as_deref()];
    let inputs: Vec<&Path> = args.of.scheme_file.iter().map(PathBuf::as_path).collect();
    let outputs = Outputs::check(&paths, &inputs, args.overwrite.force)?;
    check_drawing(args.svg.as_deref())?;
    let mut found = Vec::new();
    for Asked { facts, k } in all {
        let one = OrderStarOfScheme::measure(facts.written(), k)?;
        ui.answer(&one);
        found.push((facts, one));
    }
    outputs.save(args.svg.as_deref(), ui, || Ok(order_stars(&found)?))?;
    outputs.save(args.csv.as_deref(), ui, || Ok(star_boundaries(&found)?))?;
    Ok(0)
}

/// The schemes that are asked about.
fn of(schemes: &Schemes) -> Result<Vec<Asked>, Failure> {
    asked(&schemes.schemes, &schemes.scheme_file, schemes.k)
}
