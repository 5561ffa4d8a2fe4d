//! A noise with a scheme as a stochastic equation, in words.

use super::Answer;
use super::page::{Page, head};
use std::fmt::Write;
use timestep_numerics::noise::noise_facts;
use timestep_study::weak_order::{
    ConditionAtStep, NoiseInBlock, NoiseWithScheme, OrderOfMean, OrderWithMargin, WeakOrderOfNoise,
};

impl Answer for WeakOrderOfNoise {
    fn text(&self, page: &mut Page) {
        let noise = &self.noise;
        page.line(format!(
            "{} with {}{}: {}",
            noise.noise,
            noise.scheme,
            coefficient(noise),
            noise_facts(noise.noise).map_or("", |facts| facts.title)
        ));
        page.blank();
        page.facts(&[
            ("Itô form", noise.ito.to_owned()),
            (
                "as a step",
                "X + dt a(X) + b(X) dW, dW = sqrt(dt) (eta - E eta)/sqrt(Var eta); for the limit dt -> 0, f in the \
                 noise is taken of size 1/sqrt(dt)"
                    .to_owned(),
            ),
            ("limit", limit(noise)),
        ]);
        page.blank();
        conditions(&self.conditions, page);
        networks(&self.networks, page);
        orders(self, page);
        page.blank();
        for (setting, curves) in laws(self) {
            page.line(verdict(setting, &curves, self));
        }
    }
}

/// ` (k = -0.5)`, or nothing.
fn coefficient(noise: &NoiseWithScheme) -> String {
    match (noise.damping, noise.k) {
        (Some(damping), _) => format!(" (k = -(1 - {damping} dt))"),
        (None, k) => super::with_k(k),
    }
}

/// `0.51 ± 0.01`, or a dash; the margin is rounded up.
fn estimate(order: Option<&OrderWithMargin>) -> String {
    order.map_or("-".into(), |o| {
        let margin = (o.margin * 100.0).ceil() / 100.0;
        format!("{:.2} ± {margin:.2}", o.order)
    })
}

/// The condition of order 1, by law and step size.
fn conditions(all: &[ConditionAtStep], page: &mut Page) {
    page.line("Condition of weak order 1: |E dW| + |E dW^3| + |E dW^2 - dt| <= K dt^2");
    page.line("(moments measured ± standard error; the third also by formula)");
    let mut rows = head([
        "law",
        "dt",
        "p",
        "E dW/dt^0.5",
        "E dW^2/dt",
        "E dW^3/dt^1.5",
        "formula",
        "K",
    ]);
    let mut before = "";
    for c in all {
        let of = |n: usize| format!("{:+.3} ± {:.3}", c.measured[n], c.deviations[n]);
        rows.push(vec![
            match c.setting == before {
                true => String::new(),
                false => short(&c.setting),
            },
            format!("1/{:.0}", 1.0 / c.dt),
            c.p.map_or("-".into(), |p| format!("{p:.3}")),
            of(0),
            of(1),
            of(2),
            format!("{:+.3}", c.third + 0.0),
            format!("{:.2}", c.bound),
        ]);
        before = &c.setting;
    }
    page.table(&rows);
}

/// A few blocks of each network in which the noise grows with depth.
fn networks(all: &[NoiseInBlock], page: &mut Page) {
    if all.is_empty() {
        return;
    }
    for blocks in all.chunk_by(|a, b| a.network == b.network) {
        page.blank();
        page.line(format!("{} (dt = 1/{})", blocks[0].network, blocks.len()));
        page.table(&of_network(blocks));
    }
    page.line(
        "K is |1-2p|/sqrt(p (1-p) dt). Near p = 1 it is large although the noise itself, of variance p (1-p), and its \
         third moment vanish.",
    );
}

/// The measured orders.
fn orders(found: &WeakOrderOfNoise, page: &mut Page) {
    let computed = found.noise.damping.is_some();
    page.blank();
    page.line(match computed {
        true => {
            "Weak orders of errors computed without draws (±: how far they are from a pure power)"
        }
        false => {
            "Weak orders, simulated ± 95 % (in brackets: computed without draws; -: no larger than chance)"
        }
    });
    let mut rows = head(["law", "equation", "E X", "E X^2", "E X^3"]);
    for (setting, all) in laws(found) {
        for (line, of_equation) in all.chunks(3).enumerate() {
            let mut row = vec![
                match line {
                    0 => short(setting),
                    _ => String::new(),
                },
                of_equation[0].problem.to_owned(),
            ];
            row.extend(of_equation.iter().map(|curve| {
                let second = curve.computed.as_ref();
                if computed {
                    return estimate(second);
                }
                let second = second.map_or(String::new(), |o| format!(" ({:.2})", o.order));
                estimate(curve.simulated.as_ref()) + &second
            }));
            rows.push(row);
        }
    }
    page.table(&rows);
}

/// The curves of each law.
fn laws(found: &WeakOrderOfNoise) -> Vec<(&str, Vec<&OrderOfMean>)> {
    let laws = found.orders.chunk_by(|a, b| a.setting == b.setting);
    laws.map(|own| (own[0].setting.as_str(), own.iter().collect()))
        .collect()
}

/// The equation that the means converge to.
fn limit(found: &NoiseWithScheme) -> String {
    if let Some(g) = found.damping {
        return format!(
            "dX = Y dt, dY = (-{g} Y + a(X)) dt + b(X) dW: of second order, for the memory does not fade"
        );
    }
    let sense = match found.reading {
        0.0 => "in Itô's sense".to_owned(),
        r if (r - 0.5).abs() < 1e-3 => {
            "in Stratonovich's sense, for the stages of a step share a draw".to_owned()
        }
        r => format!(
            "with {r} b' b added to the drift in Itô form, for the stages of a step share a draw"
        ),
    };
    let scale = if (found.time_scale - 1.0).abs() < 1e-9 {
        String::new()
    } else {
        format!(
            " (steps of h = {:.3} dt, in the scheme's own time)",
            found.time_scale
        )
    };
    format!("dX = a(X) dt + b(X) dW {sense}{scale}")
}

/// `p = 0.8`, or the name of a law without a probability.
fn short(setting: &str) -> String {
    let rest = setting.split_once(' ').map(|(_, rest)| rest);
    rest.unwrap_or(setting).to_owned()
}

/// A few blocks of a network.
fn of_network(blocks: &[NoiseInBlock]) -> Vec<Vec<String>> {
    let mut rows = head(["block", "p", "p (1-p) (1-2p)", "E dW^3/dt^1.5", "K"]);
    let last = blocks.len() - 1;
    let mut shown = [0, 1.min(last), last / 4, last / 2, 3 * last / 4, last].to_vec();
    shown.sort_unstable();
    shown.dedup();
    for block in shown.into_iter().map(|at| &blocks[at]) {
        let or_none =
            |value: Option<f64>| value.map_or("no noise".into(), |v| format!("{:.2}", v + 0.0));
        rows.push(vec![
            (block.block + 1).to_string(),
            format!("{:.3}", block.p),
            format!("{:.4}", block.third_of_eta + 0.0),
            or_none(block.third),
            or_none(block.bound),
        ]);
    }
    rows
}

/// What the orders of one law say.
fn verdict(setting: &str, curves: &[&OrderOfMean], found: &WeakOrderOfNoise) -> String {
    // Computed orders have no chance in them; an error that changes its sign has none that says anything.
    let range = |moments: &[u32]| -> Option<(f64, f64)> {
        (curves.iter())
            .filter(|curve| moments.contains(&curve.moment))
            .filter_map(|curve| curve.computed.as_ref().or(curve.simulated.as_ref()))
            .filter(|o| o.margin < 0.3)
            .map(|o| (o.order, o.order))
            .reduce(|(low, high), (order, _)| (low.min(order), high.max(order)))
    };
    let words = |range: Option<(f64, f64)>| match range {
        Some((low, high)) if high - low >= 0.005 => format!("orders {low:.2} to {high:.2}"),
        Some((low, _)) => format!("order {low:.2}"),
        None => "no order that is seen".to_owned(),
    };
    let mut text = short(setting);
    let third = words(range(&[3]));
    let holds = found
        .conditions
        .iter()
        .any(|c| c.setting == setting && c.holds);
    // Writing to a string cannot fail.
    let _ = if !found.noise.damped {
        write!(
            text,
            ": the history of `{}` keeps noise for ever, so its variance is not that of the equation: E X^2 has {}, \
             E X^3 {third}, and 0 means that the error does not fall.",
            found.noise.scheme,
            words(range(&[2]))
        )
    } else if holds {
        write!(
            text,
            ": the condition holds, which gives order 1 in the limit; at these steps E X^3 has {third}."
        )
    } else {
        write!(
            text,
            ": the condition fails, for the third moment of the noise does not vanish with dt; the limit is order 1/2, \
             and at these steps E X^3 has {third}. E X and E X^2 have {}.",
            words(range(&[1, 2]))
        )
    };
    text
}
