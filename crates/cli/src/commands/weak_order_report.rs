//! What do programs get from `timestep analyze weak-order`? JSON objects, and a table of all errors.

use super::weak_order::{Noise, curves};
use crate::args::WeakOrderArgs;
use crate::ui::Ui;
use serde_json::{Value, json};
use std::fmt::Write;
use timestep_numerics::analysis::weak_order::{Curve, Estimate, Survival, WeakOrder};
use timestep_study::json::number;

/// Everything about one noise as JSON.
pub(crate) fn objects(noise: &Noise, found: &WeakOrder, ui: Ui) {
    let key = noise.facts.key;
    ui.object(json!({
        "part": "noise",
        "noise": key,
        "ito": noise.facts.ito,
        "scheme": found.scheme,
        "k": found.k,
        "damping": found.damping.map(number),
        "time_scale": number(found.time_scale),
        "reading": number(found.reading),
        "damped": found.damped,
    }));
    for (setting, conditions) in noise.settings.iter().zip(&noise.conditions) {
        for c in conditions {
            ui.object(json!({
                "part": "condition",
                "noise": key,
                "setting": setting.label(),
                "dt": number(c.dt),
                "p": c.survival,
                "measured": c.measured.map(|(mean, _)| number(mean)),
                "deviations": c.measured.map(|(_, error)| number(error)),
                "third": number(c.skew),
                "bound": number(c.bound),
                "holds": setting.holds(),
            }));
        }
    }
    for (title, blocks) in &noise.networks {
        for block in blocks {
            ui.object(json!({
                "part": "network",
                "noise": key,
                "network": title,
                "block": block.block,
                "p": number(block.survival),
                "third_of_eta": number(block.third),
                "third": block.skew.map(number),
                "bound": block.bound.map(number),
            }));
        }
    }
    for setting in &noise.settings {
        for curve in curves(found, setting) {
            ui.object(order_object(curve));
        }
    }
}

/// One curve with its samples.
fn order_object(curve: &Curve) -> Value {
    let with_margin = |order: Option<Estimate>| {
        order.map(|o| json!({"order": number(o.order), "margin": number(o.margin)}))
    };
    let samples = curve.samples.iter().map(|s| {
        json!({
            "steps": s.steps,
            "dt": number(s.dt),
            "error": number(s.error),
            "deviation": number(s.deviation),
            "computed": s.computed.map(number),
        })
    });
    json!({
        "part": "order",
        "noise": curve.setting.noise.key,
        "setting": curve.setting.label(),
        "c": match curve.setting.survival {
            Some(Survival::Half { c }) => number(c),
            _ => Value::Null,
        },
        "problem": curve.sde.name,
        "equation": curve.sde.equation,
        "reference": curve.sde.reference,
        "moment": curve.moment,
        "exact": number(curve.exact),
        "simulated": with_margin(curve.order),
        "computed": with_margin(curve.computed),
        "samples": samples.collect::<Vec<_>>(),
    })
}

/// One row an error.
pub(crate) fn csv(found: &WeakOrder, args: &WeakOrderArgs) -> String {
    let mut text = String::from(
        "scheme,k,setting,equation,moment,exact,steps,dt,paths,seed,error,standard_error,computed_error,order,margin,computed_order\n",
    );
    let or_empty = |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:.4}"));
    // Nothing is drawn where all errors are computed.
    let paths = if found.damping.is_some() {
        0
    } else {
        args.paths
    };
    for curve in &found.curves {
        for s in &curve.samples {
            let _ = writeln!(
                text,
                "{},{},{},{},{},{:.8},{},{},{},{},{:.6e},{:.2e},{},{},{},{}",
                found.scheme,
                found.coefficient().unwrap_or_default(),
                curve.setting.label(),
                curve.sde.name,
                curve.moment,
                curve.exact,
                s.steps,
                s.dt,
                paths,
                args.seed,
                s.error,
                s.deviation,
                s.computed.map_or(String::new(), |v| format!("{v:.6e}")),
                or_empty(curve.order.map(|o| o.order)),
                or_empty(curve.order.map(|o| o.margin)),
                or_empty(curve.computed.map(|o| o.order)),
            );
        }
    }
    text
}
