//! `timestep analyze`: the theory of a scheme, or of what a network learned.

use crate::args::{Analysis, Analyze, OrderArgs, Schemes, StabilityArgs};
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::schemes::{Asked, asked};
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use timestep_numerics::problems::problem;
use timestep_report::order::order as order_picture;
use timestep_report::plots;
use timestep_report::text::with_k;
use timestep_study::schemes::{EquationOfScheme, OrderOfScheme, StabilityOfScheme};

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
        Analysis::Adaptive(args) => return super::adaptive::run(args, ui),
        Analysis::WeakOrder(args) => return super::weak_order::run(args, ui),
        Analysis::Stability(args) => return super::spectrum::run(args, ui),
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
    if let Some(path) = &args.svg {
        outputs.write(path, order_picture(&found).as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &args.csv {
        let mut rows = String::from("scheme,k,problem,h,evaluations,error\n");
        for one in &found {
            let k = one.k.map_or(String::new(), |k| k.to_string());
            for s in &one.samples {
                rows.push_str(&format!(
                    "{},{k},{},{},{},{}\n",
                    one.scheme,
                    one.problem.replace(',', ""),
                    s.h,
                    s.evaluations,
                    s.error
                ));
            }
        }
        outputs.write(path, rows.as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(0)
}

/// The boundaries of stability regions, a row a point; `part` counts the closed curves of a region.
fn boundaries(all: &[Asked]) -> Result<String, Failure> {
    let mut rows = String::from("scheme,k,part,re,im\n");
    for Asked { facts, k } in all {
        let shown = k.or(facts.coefficient.map(|c| c.default));
        let shown = shown.map_or(String::new(), |k| k.to_string());
        for (part, curve) in plots::boundary(facts.written(), *k)?.iter().enumerate() {
            for (re, im) in curve {
                rows.push_str(&format!("{},{shown},{part},{re},{im}\n", facts.key));
            }
        }
    }
    Ok(rows)
}

/// The schemes that are asked about.
fn of(schemes: &Schemes) -> Result<Vec<Asked>, Failure> {
    asked(&schemes.schemes, &schemes.scheme_file, schemes.k)
}

/// The stability of schemes.
pub(crate) fn stability(
    args: &StabilityArgs,
    all: &[Asked],
    outputs: &Outputs,
    ui: Ui,
) -> Result<u8, Failure> {
    for Asked { facts, k } in all {
        ui.answer(&StabilityOfScheme::measure(facts.written(), *k)?);
    }
    if let Some(path) = &args.svg {
        let picture = match all {
            [Asked { facts, k }] => {
                let shown = k.or(facts.coefficient.map(|c| c.default));
                let title = format!("Stability region of {}{}", facts.key, with_k(shown));
                plots::stability(facts.written(), *k, &title)?
            }
            all => {
                let all: Vec<_> = all.iter().map(|one| (one.facts, one.k)).collect();
                plots::stabilities(&all)?
            }
        };
        outputs.write(path, picture.as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &args.csv {
        outputs.write(path, boundaries(all)?.as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(0)
}
