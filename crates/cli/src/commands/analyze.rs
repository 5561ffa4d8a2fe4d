//! `timestep analyze`: the theory of a scheme, or of what a network learned.

use crate::args::{Analysis, Analyze, Modified, OfScheme, StabilityArgs};
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::registry::Question;
use crate::theory::intervals;
use crate::ui::{Ui, table};
use serde_json::{Value, json};
use timestep_numerics::analysis::{self, ModifiedEquation};
use timestep_report::plots;

/// What is known of `timestep analyze modified-equation`.
pub(crate) static MODIFIED_EQUATION: Question = Question::new(
    "modified-equation",
    "Which differential equation does a scheme really solve?",
);

/// What is known of `timestep analyze order`.
pub(crate) static ORDER: Question =
    Question::new("order", "How fast does the error fall with the step size?");

/// Runs one analysis.
pub(crate) fn run(args: &Analyze, ui: Ui) -> Result<u8, Failure> {
    match &args.what {
        Analysis::Order(of) => order(of, ui),
        Analysis::WeakOrder(args) => super::weak_order::run(args, ui),
        Analysis::Stability(args) => super::spectrum::run(args, ui),
        Analysis::ModifiedEquation(args) => modified(args, ui),
        Analysis::Momentum(args) => super::momentum::run(args, ui),
        Analysis::Trace(args) => super::trace::run(args, ui),
        Analysis::Diffusion(args) => super::diffusion::run(args, ui),
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
pub(crate) fn with_k(k: Option<f64>) -> String {
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
        "{}{}: order {:.3} (theory {}) on {}\n{}\n\n{}",
        found.scheme,
        with_k(found.k),
        found.order,
        found.theory,
        found.problem,
        time_scale(found.time_scale),
        table(&rows)
    ));
    Ok(0)
}

/// The stability of a scheme.
pub(crate) fn stability(args: &StabilityArgs, outputs: &Outputs, ui: Ui) -> Result<u8, Failure> {
    let (name, k) = (args.what.as_str(), args.k);
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
            "polynomial": polynomial.map(|p| p.iter().map(|c| number(*c)).collect::<Vec<_>>()),
        }));
    } else {
        let mut text = format!(
            "{}{}: stable for {}\nreal interval       [{:.4}, 0]\nimaginary interval  {:.4}\nzero-stable         {}\n",
            found.scheme,
            with_k(found.k),
            intervals(&found),
            found.real_interval.0 + 0.0,
            found.imaginary_interval,
            if found.zero_stable {
                "yes"
            } else {
                "no: errors of the history grow without f"
            }
        );
        if let Some(polynomial) = polynomial {
            text.push_str(&format!("R(z)                {}\n", written(&polynomial)));
        }
        ui.data(&text);
    }
    if let Some(path) = &args.svg {
        let title = format!("Stability region of {}{}", found.scheme, with_k(found.k));
        let picture = plots::stability(name, k, &title)?;
        outputs.write(path, picture.as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(0)
}

/// A polynomial as a person writes it: `1 + z + 0.5 z^2`.
fn written(coefficients: &[f64]) -> String {
    let mut text = String::new();
    for (power, c) in coefficients
        .iter()
        .enumerate()
        .filter(|(_, c)| c.abs() > 1e-12)
    {
        text.push_str(match (text.is_empty(), *c < 0.0) {
            (true, true) => "-",
            (true, false) => "",
            (false, true) => " - ",
            (false, false) => " + ",
        });
        let six = format!("{:.6}", c.abs());
        let size = six.trim_end_matches('0').trim_end_matches('.');
        let variable = match power {
            0 => String::new(),
            1 => "z".to_owned(),
            _ => format!("z^{power}"),
        };
        match (size, power) {
            (_, 0) => text.push_str(size),
            ("1", _) => text.push_str(&variable),
            _ => text.push_str(&format!("{size} {variable}")),
        }
    }
    text
}

/// What the coefficient of u' means.
fn time_scale(scale: f64) -> String {
    if (scale - 1.0).abs() < 1e-9 {
        return "its time is that of u' = f(u)".to_owned();
    }
    format!(
        "it follows {scale:.4} u' = f(u): time runs {:.4} times as fast",
        1.0 / scale
    )
}

/// What the first two coefficients of a modified equation mean.
fn meaning(found: &ModifiedEquation) -> String {
    let scale = found.time_scale();
    let first = if scale.abs() < 1e-9 {
        "it has no u': an equation of second order in time".to_owned()
    } else {
        time_scale(scale)
    };
    let inertia = found.inertia();
    match inertia {
        _ if found.coefficients.len() < 2 => first,
        i if i.abs() < 1e-9 => format!("{first}; no inertia, for it has no u''"),
        i => format!("{first}; inertia {i:.4} h, the coefficient of u''"),
    }
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
        let meaning = meaning(&found);
        ui.data(&format!(
            "{}{}: {found}\n{meaning}",
            found.scheme,
            with_k(found.k)
        ));
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_written_like_mathematics() {
        assert_eq!(
            written(&[1.0, 1.0, 0.5, -0.25]),
            "1 + z + 0.5 z^2 - 0.25 z^3"
        );
        assert_eq!(written(&[-2.0, 0.0, -1.0]), "-2 - z^2");
    }

    #[test]
    fn json_has_no_minus_zero_and_no_bare_nan() {
        assert_eq!(number(-0.0).to_string(), "0.0");
        assert_eq!(number(f64::NAN), "nan");
        assert_eq!(number(f64::NEG_INFINITY), "-inf");
    }
}
