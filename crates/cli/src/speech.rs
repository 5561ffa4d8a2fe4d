//! What does a network say as a differential equation, in words and as JSON?

use crate::ui::table;
use serde_json::{Value, json};
use timestep_nets::{NetError, Network, Parameters, SegmentEquation, equations};

/// Derivatives shown in modified equations.
const TERMS: usize = 3;

/// The equations of a trained network.
pub(crate) struct Speech {
    scheme: &'static str,
    learns: bool,
    segments: Vec<SegmentEquation>,
}

impl Speech {
    /// Reads a network.
    pub(crate) fn new(network: &Network, parameters: &Parameters) -> Result<Self, NetError> {
        let scheme = network.scheme();
        Ok(Self {
            scheme: scheme.key,
            learns: scheme.coefficient.is_some(),
            segments: equations(network, parameters, TERMS)?,
        })
    }

    /// The equations of the segments, from which plots are made.
    pub(crate) fn segments(&self) -> &[SegmentEquation] {
        &self.segments
    }

    /// A table and one equation a segment (one for all where they are the same).
    pub(crate) fn text(&self) -> String {
        let mut text = String::from("As a differential equation\n");
        if self.learns {
            let head = [
                "segment",
                "k_n",
                "mean k",
                "momentum -k",
                "step 1/(1+k)",
                "stable hλ",
            ];
            let mut rows = vec![head.map(String::from).to_vec()];
            for s in &self.segments {
                let k: Vec<String> =
                    s.k.iter()
                        .map(|k| k.map_or("·".into(), |k| format!("{k:+.3}")))
                        .collect();
                rows.push(vec![
                    s.segment.to_string(),
                    k.join(" "),
                    s.mean_k.map_or("-".into(), |k| format!("{k:+.4}")),
                    s.mean_k.map_or("-".into(), |k| format!("{:+.4}", -k)),
                    s.effective_step.map_or("-".into(), |h| format!("{h:.4}")),
                    s.stability.as_ref().map_or("-".into(), interval),
                ]);
            }
            text.push_str(&table(&rows));
            text.push_str("(· is a restart: a forward Euler step, which uses no k)\n");
        }
        let equation = |s: &SegmentEquation| {
            s.equation
                .as_ref()
                .map_or("none: the scheme is not zero-stable".to_owned(), |e| {
                    e.to_string()
                })
        };
        if self.learns {
            for s in &self.segments {
                text.push_str(&format!("segment {}:  {}\n", s.segment, equation(s)));
            }
            for s in self.segments.iter().filter(|s| unstable(s)) {
                text.push_str(&format!(
                    "segment {}: its sequence k_n is not zero-stable\n",
                    s.segment
                ));
            }
        } else if let Some(first) = self.segments.first() {
            text.push_str(&format!("scheme `{}`:  {}\n", self.scheme, equation(first)));
            if let Some(stability) = &first.stability {
                text.push_str(&format!("stable for hλ in {}\n", interval(stability)));
            }
        }
        text
    }

    /// One object a segment.
    pub(crate) fn json(&self) -> Value {
        let segments = self.segments.iter().map(|s| {
            json!({
                "segment": s.segment,
                "k": s.k,
                "mean_k": s.mean_k,
                "effective_step": s.effective_step,
                "real_interval": s.stability.as_ref().map(|i| [i.real_interval.0, 0.0]),
                "imaginary_interval": s.stability.as_ref().map(|i| i.imaginary_interval),
                "zero_stable": s.zero_stability.as_ref().map(|z| z.zero_stable),
                "growth": s.zero_stability.as_ref().map(|z| z.growth),
                "coefficients": s.equation.as_ref().map(|e| e.coefficients.clone()),
                "equation": s.equation.as_ref().map(ToString::to_string),
            })
        });
        Value::Array(segments.collect())
    }
}

/// Is the learned sequence of a segment known to amplify errors?
fn unstable(segment: &SegmentEquation) -> bool {
    segment
        .zero_stability
        .as_ref()
        .is_some_and(|z| !z.zero_stable)
}

/// A stable interval as text; schemes for waves have an imaginary one.
fn interval(stability: &timestep_numerics::analysis::Stability) -> String {
    let real = format!("[{:.3}, 0]", stability.real_interval.0);
    if stability.imaginary_interval > 0.0 {
        return format!("{real} and ±{:.3}i", stability.imaginary_interval);
    }
    real
}
