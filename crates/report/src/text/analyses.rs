//! Order, stability and modified equation of a scheme, in words.

use super::Answer;
use super::page::{Page, head};
use timestep_study::adaptive::SolutionOfPair;
use timestep_study::schemes::{
    EquationOfScheme, OrderOfScheme, OrderStarOfScheme, StabilityOfScheme, Theory,
};

/// ` (k = -0.5)`, or nothing.
pub fn with_k(k: Option<f64>) -> String {
    k.map_or(String::new(), |k| format!(" (k = {k})"))
}

impl Answer for OrderOfScheme {
    fn text(&self, page: &mut Page) {
        page.line(format!(
            "{}{}: order {:.3} (theory {}) on {}: {}",
            self.scheme,
            with_k(self.k),
            self.order,
            self.theory,
            self.problem,
            self.equation
        ));
        page.line(time_scale(self.time_scale));
        if let Some(splitting) = &self.splitting {
            let order = match splitting.order {
                Some(order) => format!("order {order:.3} (theory {})", splitting.theory),
                None => "no error that falls: the terms commute".to_owned(),
            };
            page.line(format!(
                "with exact sub-flows of {}: {order}",
                splitting.terms
            ));
        }
        page.blank();
        let mut rows = head(["h", "error", "evaluations of f"]);
        let samples = self.samples.iter();
        rows.extend(samples.map(|s| {
            vec![
                format!("{:.6}", s.h),
                format!("{:.3e}", s.error),
                s.evaluations.to_string(),
            ]
        }));
        page.table(&rows);
    }
}

impl Answer for SolutionOfPair {
    fn text(&self, page: &mut Page) {
        page.line(format!(
            "{} on {}: {}",
            self.pair, self.problem, self.equation
        ));
        let (least, most) = self
            .steps
            .iter()
            .fold((f64::INFINITY, 0.0_f64), |(least, most), s| {
                (least.min(s.h), most.max(s.h))
            });
        page.facts(&[
            ("steps", format!("{}, {} refused", self.taken, self.refused)),
            ("step sizes", format!("{least:.3e} to {most:.3e}")),
            ("evaluations of f", self.evaluations.to_string()),
            ("error at time 1", format!("{:.3e}", self.error)),
            (
                "tolerance",
                format!("{:e} relative, {:e} absolute", self.relative, self.absolute),
            ),
        ]);
    }
}

impl Answer for StabilityOfScheme {
    fn text(&self, page: &mut Page) {
        let (left, top) = (self.real_interval[0], self.imaginary_interval);
        page.line(format!(
            "{}{}: stable for {}",
            self.scheme,
            with_k(self.k),
            intervals(left, top)
        ));
        let zero_stable = match self.zero_stable {
            true => "yes",
            false => "no: errors of the history grow without f",
        };
        let mut facts = vec![
            ("real interval", format!("[{:.4}, 0]", left + 0.0)),
            ("imaginary interval", format!("{top:.4}")),
            ("zero-stable", zero_stable.to_owned()),
        ];
        facts.extend(self.polynomial.as_ref().map(|p| ("R(z)", written(p))));
        page.facts(&facts);
    }
}

impl Answer for OrderStarOfScheme {
    fn text(&self, page: &mut Page) {
        page.line(format!(
            "{}{}: {} sectors of |R(z)| > |e^z| meet at 0, so it has order {} for linear equations",
            self.scheme,
            with_k(self.k),
            self.sectors,
            self.order
        ));
        if self.time_scale != 1.0 {
            page.line(time_scale(self.time_scale));
        }
    }
}

impl Answer for EquationOfScheme {
    fn text(&self, page: &mut Page) {
        page.line(format!(
            "{}{}: {}",
            self.scheme,
            with_k(self.k),
            self.equation
        ));
        page.line(meaning(&self.coefficients));
        if self.linear_f_only {
            page.line("for linear f; others have further terms, from the order of the scheme on");
        }
    }
}

impl Answer for Theory {
    fn text(&self, page: &mut Page) {
        if let Some(k) = self.k {
            page.line(format!("at k = {k}:"));
        }
        if let (Some(order), Some(problem)) = (self.order, self.problem) {
            page.line(format!("order {order:.3} on {problem}"));
        }
        if let (Some([left, _]), Some(top)) = (self.real_interval, self.imaginary_interval) {
            page.line(format!("stable for {}", intervals(left, top)));
        }
        if let Some(equation) = &self.equation {
            page.line(format!("really solves {equation}"));
        }
    }
}

/// The stable intervals in words: of real `hλ` from `left` to 0, of imaginary `hλ` up to `top`.
pub fn intervals(left: f64, top: f64) -> String {
    let all = |x: f64| x.is_infinite();
    match (left < 0.0, top > 0.0) {
        (true, true) if all(left) && all(top) => {
            "all real hλ below 0 and all imaginary hλ".to_owned()
        }
        (true, _) if all(left) => "all real hλ below 0".to_owned(),
        (true, true) => format!("real hλ in [{left:.4}, 0] and imaginary hλ up to ±{top:.4}i"),
        (true, false) => format!("real hλ in [{left:.4}, 0]"),
        (false, true) => format!("imaginary hλ up to ±{top:.4}i only, no real hλ"),
        (false, false) => "no hλ on either axis".to_owned(),
    }
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
fn meaning(coefficients: &[f64]) -> String {
    let scale = coefficients.first().copied().unwrap_or(0.0);
    let first = if scale.abs() < 1e-9 {
        "it has no u': an equation of second order in time".to_owned()
    } else {
        time_scale(scale)
    };
    match coefficients.get(1) {
        None => first,
        Some(inertia) if inertia.abs() < 1e-9 => {
            format!("{first}; no inertia, for it has no u''")
        }
        Some(inertia) => format!("{first}; inertia {inertia:.4} h, the coefficient of u''"),
    }
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
}
