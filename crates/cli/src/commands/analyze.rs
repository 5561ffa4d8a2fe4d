//! `timestep analyze`: the theory of a scheme, or of what a network learned.

use crate::args::{Analysis, Analyze, Modified, OfScheme, StabilityArgs};
use crate::failure::Failure;
use crate::ui::{Ui, table};
use serde_json::{Value, json};
use timestep_numerics::analysis;
use timestep_report::plots;
use timestep_train::files;

/// Runs one analysis.
pub(crate) fn run(args: &Analyze, ui: Ui) -> Result<u8, Failure> {
    match &args.what {
        Analysis::Order(of) => order(of, ui),
        Analysis::Stability(args) => stability(args, ui),
        Analysis::ModifiedEquation(args) => modified(args, ui),
        Analysis::Momentum(args) => super::momentum::run(args, ui),
    }
}

/// A number for JSON, which has no infinities; `-0` is 0.
pub(crate) fn number(value: f64) -> Value {
    if value.is_finite() {
        json!(value + 0.0)
    } else if value.is_nan() {
        json!("nan")
    } else {
        json!(if value > 0.0 { "inf" } else { "-inf" })
    }
}

/// ` (k = -0.5)`, or nothing.
fn with_k(k: Option<f64>) -> String {
    k.map_or(String::new(), |k| format!(" (k = {k})"))
}

fn order(of: &OfScheme, ui: Ui) -> Result<u8, Failure> {
    let found = analysis::order(&of.scheme, of.k)?;
    if ui.json {
        let samples: Vec<Value> = found
            .samples
            .iter()
            .map(|s| json!({"h": number(s.h), "error": number(s.error)}))
            .collect();
        ui.object(json!({
            "scheme": found.scheme,
            "k": found.k,
            "order": number(found.order),
            "theory": found.theory,
            "time_scale": number(found.time_scale),
            "problem": found.problem,
            "samples": samples,
        }));
        return Ok(0);
    }
    let mut rows = vec![vec!["h".to_owned(), "error".to_owned()]];
    rows.extend(
        found
            .samples
            .iter()
            .map(|s| vec![format!("{:.6}", s.h), format!("{:.3e}", s.error)]),
    );
    ui.data(&format!(
        "{}{}: order {:.3} (theory {}) on {}\nit follows {:.4} u' = f(u)\n\n{}",
        found.scheme,
        with_k(found.k),
        found.order,
        found.theory,
        found.problem,
        found.time_scale,
        table(&rows)
    ));
    Ok(0)
}

fn stability(args: &StabilityArgs, ui: Ui) -> Result<u8, Failure> {
    let (name, k) = (args.of.scheme.as_str(), args.of.k);
    let found = analysis::stability(name, k)?;
    // Schemes with memory have no stability polynomial; that is no failure.
    let polynomial = analysis::stability_polynomial(name, k).ok();
    if ui.json {
        ui.object(json!({
            "scheme": found.scheme,
            "k": found.k,
            "real_interval": [number(found.real_interval.0), 0.0],
            "imaginary_interval": number(found.imaginary_interval),
            "zero_stable": found.zero_stable,
            "polynomial": polynomial,
        }));
    } else {
        let mut text = format!(
            "{}{}\nreal interval       [{:.4}, 0]\nimaginary interval  {:.4}\nzero-stable         {}\n",
            found.scheme,
            with_k(found.k),
            found.real_interval.0 + 0.0,
            found.imaginary_interval,
            if found.zero_stable { "yes" } else { "no" }
        );
        if let Some(polynomial) = polynomial {
            let terms: Vec<String> = polynomial
                .iter()
                .enumerate()
                .filter(|(_, c)| **c != 0.0)
                .map(|(power, c)| match power {
                    0 => format!("{c:.6}"),
                    1 => format!("{c:.6} z"),
                    _ => format!("{c:.6} z^{power}"),
                })
                .collect();
            text.push_str(&format!("R(z)                {}\n", terms.join(" + ")));
        }
        ui.data(&text);
    }
    if let Some(path) = &args.svg {
        let left = (found.real_interval.0 * 1.2).clamp(-12.0, -3.0);
        let top = (found.imaginary_interval * 1.2).clamp(-left * 0.75, 9.0);
        let region = analysis::region(name, k, (left, 1.0), (-top, top), 240, 240)?;
        let title = format!("Stability region of {}{}", found.scheme, with_k(found.k));
        let picture = plots::stability_region(&region, &title);
        files::write_atomic(path, |out| out.write_all(picture.as_bytes()))?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(0)
}

fn modified(args: &Modified, ui: Ui) -> Result<u8, Failure> {
    let found = analysis::modified_equation(&args.of.scheme, args.of.k, args.terms as usize)?;
    if ui.json {
        let coefficients: Vec<Value> = found.coefficients.iter().map(|c| number(*c)).collect();
        ui.object(json!({
            "scheme": found.scheme,
            "k": found.k,
            "coefficients": coefficients,
            "equation": found.to_string(),
        }));
    } else {
        ui.data(&format!("{}{}: {found}", found.scheme, with_k(found.k)));
    }
    Ok(0)
}
