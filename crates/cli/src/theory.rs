//! What does the theory say of a scheme, measured now on the code that networks run?

use crate::commands::analyze::number;
use serde_json::{Value, json};
use timestep_numerics::SchemeFacts;
use timestep_numerics::analysis::{
    ModifiedEquation, Order, Stability, modified_equation, order, stability,
};

/// Derivatives of a measured modified equation.
const TERMS: usize = 3;

/// The answers of the analyses; `None` where a scheme at this `k` has none.
pub(crate) struct Theory {
    /// The coefficient, if the scheme has one.
    pub(crate) k: Option<f64>,
    /// Order of convergence.
    pub(crate) order: Option<Order>,
    /// Stable intervals.
    pub(crate) stability: Option<Stability>,
    /// The equation that is really solved.
    pub(crate) equation: Option<ModifiedEquation>,
}

impl Theory {
    /// Runs the analyses at `k`, or at the default coefficient of the scheme.
    pub(crate) fn of(scheme: &SchemeFacts, k: Option<f64>) -> Self {
        let k = scheme.coefficient.map(|c| k.unwrap_or(c.default));
        Self {
            k,
            order: order(scheme.key, k).ok(),
            stability: stability(scheme.key, k).ok(),
            equation: modified_equation(scheme.key, k, TERMS).ok(),
        }
    }

    /// A few lines.
    pub(crate) fn text(&self) -> String {
        let mut lines = Vec::new();
        if let Some(k) = self.k {
            lines.push(format!("at k = {k}:"));
        }
        if let Some(found) = &self.order {
            lines.push(format!("order {:.3} on {}", found.order, found.problem));
        }
        if let Some(found) = &self.stability {
            lines.push(format!("stable for {}", intervals(found)));
        }
        if let Some(equation) = &self.equation {
            lines.push(format!("really solves {equation}"));
        }
        lines.join("\n")
    }

    /// One object.
    pub(crate) fn json(&self) -> Value {
        let coefficients = |e: &ModifiedEquation| {
            e.coefficients
                .iter()
                .map(|c| number(*c))
                .collect::<Vec<_>>()
        };
        json!({
            "k": self.k,
            "order": self.order.as_ref().map(|o| number(o.order)),
            "real_interval": self.stability.as_ref().map(|s| json!([number(s.real_interval.0), 0.0])),
            "imaginary_interval": self.stability.as_ref().map(|s| number(s.imaginary_interval)),
            "zero_stable": self.stability.as_ref().map(|s| s.zero_stable),
            "coefficients": self.equation.as_ref().map(coefficients),
            "equation": self.equation.as_ref().map(ToString::to_string),
        })
    }
}

/// The stable intervals in words.
pub(crate) fn intervals(found: &Stability) -> String {
    let (left, top) = (found.real_interval.0, found.imaginary_interval);
    match (left < 0.0, top > 0.0) {
        (true, true) => format!("real hλ in [{left:.4}, 0] and imaginary hλ up to ±{top:.4}i"),
        (true, false) => format!("real hλ in [{left:.4}, 0]"),
        (false, true) => format!("imaginary hλ up to ±{top:.4}i only, no real hλ"),
        (false, false) => "no hλ on either axis".to_owned(),
    }
}
