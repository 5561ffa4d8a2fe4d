//! `timestep analyze weak-order`: is a scheme with noise a discretised stochastic equation, and how good a one?

use super::weak_order_report::{csv, objects};
use crate::args::WeakOrderArgs;
use crate::codes::Code;
use crate::failure::Failure;
use crate::outputs::Outputs;
use crate::registry::Question;
use crate::ui::{Ui, table};
use std::fmt::Write;
use timestep_numerics::analysis::weak_order;
use timestep_numerics::analysis::weak_order::{
    Condition, Curve, Estimate, NetworkBlock, Plan, Setting, WeakOrder, condition, network,
    second_order,
};
use timestep_numerics::noise::{NOISES, NoiseFacts, noise_facts, noises};
use timestep_registry::{did_you_mean, quoted};
use timestep_report::weak_order as picture;

/// What is known of `timestep analyze weak-order`.
pub(crate) static FACTS: Question = Question::new(
    "weak-order",
    "With noise: how fast do means approach those of a stochastic differential equation?",
);

/// Networks of Lu et al. 2018 with stochastic depth: layers, residual blocks, `p_L`.
const PUBLISHED: [(&str, usize, f64); 2] = [("LM-ResNet-56", 27, 0.8), ("LM-ResNet-110", 54, 0.5)];

/// Probabilities that are looked at when none are given.
const KEEP: [f64; 2] = [0.8, 0.9];

/// Everything that is shown of one noise.
pub(crate) struct Noise {
    pub(crate) facts: &'static NoiseFacts,
    pub(crate) settings: Vec<Setting>,
    /// By setting.
    pub(crate) conditions: Vec<Vec<Condition>>,
    /// Title and blocks, for noises that change with depth.
    pub(crate) networks: Vec<(String, Vec<NetworkBlock>)>,
}

/// Simulates, prints, draws.
pub(crate) fn run(args: &WeakOrderArgs, ui: Ui) -> Result<u8, Failure> {
    check(args)?;
    let outputs = Outputs::check(
        &[args.svg.as_deref(), args.csv.as_deref()],
        &[],
        args.overwrite.force,
    )?;
    let steps: Vec<usize> = args.steps.iter().map(|n| *n as usize).collect();
    let noises = (args.noises.iter())
        .map(|name| noise(name, args, &steps))
        .collect::<Result<Vec<_>, _>>()?;
    let settings: Vec<Setting> = noises.iter().flat_map(|n| n.settings.clone()).collect();
    let found = match args.damping {
        Some(damping) => second_order(damping, &steps, &settings)?,
        None => weak_order(
            &Plan {
                scheme: &args.scheme,
                k: args.k,
                steps,
                paths: args.paths as usize,
                seed: args.seed,
            },
            &settings,
        )?,
    };
    for noise in &noises {
        if ui.json {
            objects(noise, &found, ui);
        } else {
            ui.data(&text(noise, &found));
        }
    }
    if let Some(path) = &args.svg {
        let picture = picture::weak_order(&found);
        outputs.write(path, picture.as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    if let Some(path) = &args.csv {
        let rows = csv(&found, args);
        outputs.write(path, rows.as_bytes())?;
        ui.note(&format!("wrote {}", path.display()));
    }
    Ok(0)
}

/// Refuses numbers that mean nothing, in the words of the flags.
fn check(args: &WeakOrderArgs) -> Result<(), Failure> {
    // A noise drops blocks if it says with which probability one is kept.
    let drops = |noise: &NoiseFacts| noise.setting("keep").is_some();
    let dropped = |name: &String| noise_facts(name).is_some_and(drops);
    for (flag, given) in [
        ("--keep", !args.keep.is_empty()),
        ("--blocks", args.blocks.is_some()),
    ] {
        if given && !args.noises.iter().any(dropped) {
            let all = noises().into_iter().filter(|noise| drops(noise));
            let dropping: Vec<&str> = all.map(|noise| noise.key).collect();
            return Err(Failure::usage(
                format!(
                    "{flag} is about blocks that are dropped, and none of these noises drops any"
                ),
                format!("leave it out, or look at {}", quoted(&dropping, " or ")),
            )
            .coded(Code::AnalysisInput));
        }
    }
    if let Some(p) = args.keep.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
        return Err(Failure::usage(
            format!("--keep {p}: a probability between 0 and 1 is needed"),
            "at 0 and 1 there is no noise; 0.5 is where the condition holds, the paper's networks have 0.8 and 0.5",
        )
        .coded(Code::AnalysisInput));
    }
    let mut steps = args.steps.clone();
    steps.sort_unstable();
    steps.dedup();
    if steps.len() < 3 {
        return Err(Failure::usage(
            format!(
                "--steps has {} different numbers, which is too few for an order",
                steps.len()
            ),
            "three are needed, for example --steps 16,64,256",
        )
        .coded(Code::AnalysisInput));
    }
    Ok(())
}

/// Probabilities to keep a block that are looked at.
fn keep(args: &WeakOrderArgs) -> Vec<f64> {
    match args.keep.as_slice() {
        [] => KEEP.to_vec(),
        asked => asked.to_vec(),
    }
}

/// Looks a noise up and gathers what is known without simulation.
fn noise(name: &str, args: &WeakOrderArgs, steps: &[usize]) -> Result<Noise, Failure> {
    let Some(facts) = noise_facts(name) else {
        let keys: Vec<&str> = NOISES.keys().collect();
        let all = format!("the noises are {}", keys.join(", "));
        let question = did_you_mean(&NOISES.near(name));
        let hint = question.map_or(all.clone(), |question| format!("{question} {all}"));
        let message = format!("there is no noise `{name}`");
        return Err(Failure::usage(message, hint).coded(Code::UnknownPart));
    };
    let mut sorted = steps.to_vec();
    sorted.sort_unstable();
    // `check` has seen three numbers at least.
    let sizes = [0, sorted.len() / 2, sorted.len() - 1].map(|at| 1.0 / sorted[at] as f64);
    let settings = Setting::of(facts.key, &keep(args), sizes[0]);
    let conditions = (settings.iter())
        .map(|setting| sizes.map(|dt| condition(setting, dt, args.seed)).to_vec())
        .collect();
    let mut networks = Vec::new();
    if settings.iter().any(|s| s.survival.is_some()) {
        if let Some(blocks) = args.blocks {
            let keep = keep(args)[0];
            let title = format!("A network of {blocks} blocks, the last kept with p = {keep}");
            networks.push((title, network(keep, blocks as usize)?));
        } else {
            for (name, blocks, keep) in PUBLISHED {
                let title = format!("{name}: {blocks} blocks, the last kept with p = {keep}");
                networks.push((title, network(keep, blocks)?));
            }
        }
    }
    Ok(Noise {
        facts,
        settings,
        conditions,
        networks,
    })
}

/// `0.51 ± 0.01`, or a dash; the margin is rounded up.
fn estimate(order: Option<Estimate>) -> String {
    order.map_or("-".into(), |o| {
        let margin = (o.margin * 100.0).ceil() / 100.0;
        format!("{:.2} ± {margin:.2}", o.order)
    })
}

/// The curves of a setting.
pub(crate) fn curves<'a>(
    found: &'a WeakOrder,
    setting: &Setting,
) -> impl Iterator<Item = &'a Curve> {
    let label = setting.label();
    (found.curves.iter()).filter(move |curve| curve.setting.label() == label)
}

/// Everything about one noise as text.
fn text(noise: &Noise, found: &WeakOrder) -> String {
    let k = found.coefficient();
    let mut text = format!(
        "{} with {}{}: {}\n\nItô form   {}\nas a step  X + dt a(X) + b(X) dW, dW = sqrt(dt) (eta - E eta)/sqrt(Var eta);\n           \
         for the limit dt -> 0, f in the noise is taken of size 1/sqrt(dt)\nlimit      {}\n\n",
        noise.facts.key,
        found.scheme,
        k.map_or(String::new(), |k| format!(" (k = {k})")),
        noise.facts.title,
        noise.facts.ito,
        limit(found),
    );
    text.push_str("Condition of weak order 1: |E dW| + |E dW^3| + |E dW^2 - dt| <= K dt^2\n");
    text.push_str("(moments measured ± standard error; the third also by formula)\n");
    let head = [
        "law",
        "dt",
        "p",
        "E dW/dt^0.5",
        "E dW^2/dt",
        "E dW^3/dt^1.5",
        "formula",
        "K",
    ];
    let mut rows = vec![head.map(String::from).to_vec()];
    for (setting, conditions) in noise.settings.iter().zip(&noise.conditions) {
        for (line, c) in conditions.iter().enumerate() {
            let measured = c
                .measured
                .map(|(mean, error)| format!("{mean:+.3} ± {error:.3}"));
            let [first, second, third] = measured;
            rows.push(vec![
                if line == 0 {
                    short(setting)
                } else {
                    String::new()
                },
                format!("1/{:.0}", 1.0 / c.dt),
                c.survival.map_or("-".into(), |p| format!("{p:.3}")),
                first,
                second,
                third,
                format!("{:+.3}", c.skew + 0.0),
                format!("{:.2}", c.bound),
            ]);
        }
    }
    text.push_str(&table(&rows));
    for (title, blocks) in &noise.networks {
        let _ = write!(
            text,
            "\n{title} (dt = 1/{})\n{}",
            blocks.len(),
            of_network(blocks)
        );
    }
    if !noise.networks.is_empty() {
        text.push_str(
            "K is |1-2p|/sqrt(p (1-p) dt). Near p = 1 it is large although the noise itself, of variance p (1-p),\n\
             and its third moment vanish.\n",
        );
    }
    let _ = write!(text, "\n{}", orders(noise, found));
    text
}

/// The equation that the means converge to.
fn limit(found: &WeakOrder) -> String {
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
fn short(setting: &Setting) -> String {
    let label = setting.label();
    match label.split_once(' ') {
        Some((_, rest)) => rest.to_owned(),
        None => label,
    }
}

/// A few blocks of a network.
fn of_network(blocks: &[NetworkBlock]) -> String {
    let head = ["block", "p", "p (1-p) (1-2p)", "E dW^3/dt^1.5", "K"];
    let mut rows = vec![head.map(String::from).to_vec()];
    let last = blocks.len() - 1;
    let mut shown = vec![0, 1, last / 4, last / 2, 3 * last / 4, last];
    shown.dedup();
    for block in shown.into_iter().map(|at| blocks[at]) {
        let or_none =
            |value: Option<f64>| value.map_or("no noise".into(), |v| format!("{:.2}", v + 0.0));
        rows.push(vec![
            (block.block + 1).to_string(),
            format!("{:.3}", block.survival),
            format!("{:.4}", block.third + 0.0),
            or_none(block.skew),
            or_none(block.bound),
        ]);
    }
    table(&rows)
}

/// The measured orders and what they mean.
fn orders(noise: &Noise, found: &WeakOrder) -> String {
    let computed = found.damping.is_some();
    let mut text = String::from(if computed {
        "Weak orders of errors computed without draws (±: how far they are from a pure power)\n"
    } else {
        "Weak orders, simulated ± 95 % (in brackets: computed without draws; -: no larger than chance)\n"
    });
    let head = ["law", "equation", "E X", "E X^2", "E X^3"];
    let mut rows = vec![head.map(String::from).to_vec()];
    let mut verdicts = Vec::new();
    for setting in &noise.settings {
        let all: Vec<&Curve> = curves(found, setting).collect();
        for (line, of_equation) in all.chunks(3).enumerate() {
            let mut row = vec![
                if line == 0 {
                    short(setting)
                } else {
                    String::new()
                },
                of_equation[0].sde.name.to_owned(),
            ];
            row.extend(of_equation.iter().map(|curve| {
                if computed {
                    return estimate(curve.computed);
                }
                let second = curve.computed;
                let second = second.map_or(String::new(), |o| format!(" ({:.2})", o.order));
                estimate(curve.order) + &second
            }));
            rows.push(row);
        }
        verdicts.push(verdict(setting, &all, found));
    }
    text.push_str(&table(&rows));
    let _ = writeln!(text, "\n{}", verdicts.join("\n"));
    text
}

/// What the orders of one law say.
fn verdict(setting: &Setting, curves: &[&Curve], found: &WeakOrder) -> String {
    // Computed orders have no chance in them; an error that changes its sign has none that says anything.
    let range = |moments: &[u32]| -> Option<(f64, f64)> {
        (curves.iter())
            .filter(|curve| moments.contains(&curve.moment))
            .filter_map(|curve| curve.computed.or(curve.order))
            .filter(|o| o.margin < 0.3)
            .map(|o| (o.order, o.order))
            .reduce(|(low, high), (order, _)| (low.min(order), high.max(order)))
    };
    let words = |range: Option<(f64, f64)>| match range {
        Some((low, high)) if high - low >= 0.005 => format!("orders {low:.2} to {high:.2}"),
        Some((low, _)) => format!("order {low:.2}"),
        None => "no order that is seen".to_owned(),
    };
    let law = short(setting);
    let third = words(range(&[3]));
    if !found.damped {
        return format!(
            "{law}: the history of `{}` keeps noise for ever, so its variance is not that of the equation: E X^2 has {}, \
             E X^3 {third}, and 0 means that the error does not fall.",
            found.scheme,
            words(range(&[2]))
        );
    }
    if setting.holds() {
        return format!(
            "{law}: the condition holds, which gives order 1 in the limit; at these steps E X^3 has {third}."
        );
    }
    format!(
        "{law}: the condition fails, for the third moment of the noise does not vanish with dt; the limit is order 1/2, and at \
         these steps E X^3 has {third}. E X and E X^2 have {}.",
        words(range(&[1, 2]))
    )
}
