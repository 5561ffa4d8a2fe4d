//! Which linear multistep method do the weights of a definition make, fixed or learned?

use super::Method;
use super::numbers::{Number, TYPED, list, numbers, sum, values};
use super::table::{Fallible, MOST_STEPS, Read, only, wrong};
use crate::Sharing;
use crate::multistep::{Start, Weights};
use timestep_registry::{did_you_mean, near, quoted};
use toml::{Table, Value};

pub(super) fn multistep(own: &Table) -> Fallible<Read> {
    only(
        own,
        "multistep",
        &["states", "slopes", "start", "learned", "init", "decay"],
    )?;
    let learned = match own.get("learned") {
        None => false,
        Some(Value::Boolean(learned)) => *learned,
        Some(_) => {
            return wrong(
                "`learned` is neither true nor false",
                "write learned = true",
            );
        }
    };
    let states = numbers(own.get("states"), "`states`", MOST_STEPS)?;
    if states.is_empty() {
        return wrong("`states` is empty", "give the weight of u_n first: [1]");
    }
    let total: f64 = states.iter().map(|n| n.value).sum();
    if (total - 1.0).abs() > TYPED {
        return wrong(
            format!("the weights of `states` sum to {total}, not to 1: constants would move"),
            "write fractions as \"1/3\", not as 0.333",
        );
    }
    if learned {
        return learned_multistep(own, &states);
    }
    if let Some(key) = ["init", "decay"].iter().find(|key| own.contains_key(**key)) {
        return wrong(
            format!("`{key}` is for learned coefficients"),
            "leave it out, or write learned = true",
        );
    }
    let slopes = numbers(own.get("slopes"), "`slopes`", MOST_STEPS)?;
    let total: f64 = slopes.iter().map(|n| n.value).sum();
    if total.abs() < TYPED {
        return wrong(
            "the weights of `slopes` sum to 0: f would not count",
            "give the weight of f(u_n) first: [\"3/2\", \"-1/2\"]",
        );
    }
    let start = start(own, &states, &slopes)?;
    let (alpha, beta) = (values(&states), values(&slopes));
    let weights = Weights {
        states: &alpha,
        slopes: &beta,
        start,
    };
    let scale = weights.time_scale();
    if scale < TYPED {
        return wrong(
            format!("it follows {scale:.4} u' = f(u), whose time does not run forward"),
            "check the signs of the weights",
        );
    }
    let own_order = weights.order();
    // A start of order p costs one error of h^(p+1).
    let order = match weights.memory() {
        0 => own_order,
        _ => own_order.min(start.order() + 1),
    };
    let past = |name: &'static str| {
        move |j: usize| match j {
            0 => name.replace('*', ""),
            1 => name.replace('*', "_prev"),
            j => name.replace('*', &format!("_(n-{j})")),
        }
    };
    let steps = weights.memory() + 1;
    let h = match slopes.len() {
        1 => format!(" + h * {}", sum(&slopes, past("f(u*)"))).replace("h * f", "h f"),
        _ => format!(" + h ({})", sum(&slopes, past("f(u*)"))),
    };
    Ok(Read {
        sharing: Sharing::PerStep,
        order,
        highest: 16,
        title: format!("linear multistep, {steps} steps, order {order}"),
        equation: sum(&states, past("u*")) + &h,
        text: format!(
            "states = {}, slopes = {}, start = \"{}\"",
            list(&states),
            list(&slopes),
            start.key()
        ),
        method: Method::Multistep {
            states: alpha,
            slopes: beta,
            start,
        },
    })
}

/// The starting procedure; forward Euler where nobody says otherwise.
fn start(own: &Table, states: &[Number], slopes: &[Number]) -> Fallible<Start> {
    let keys = Start::ALL.map(Start::key);
    let given = match own.get("start") {
        None => return Ok(Start::Euler),
        Some(Value::String(name)) => name.as_str(),
        Some(_) => "",
    };
    let Some(start) = Start::ALL.into_iter().find(|start| start.key() == given) else {
        let hint = did_you_mean(&near(given, keys))
            .unwrap_or_else(|| format!("there are {}", quoted(&keys, " and ")));
        return wrong("`start` is no way to start", hint);
    };
    if states.len().max(slopes.len()) == 1 {
        return wrong(
            "`start` is for methods with history, and this one has none",
            "leave it out",
        );
    }
    Ok(start)
}

/// Coefficients `k_1, k_2, …` of earlier states, learned from the given ones on.
fn learned_multistep(own: &Table, states: &[Number]) -> Fallible<Read> {
    if let Some(key) = ["start"].iter().find(|key| own.contains_key(**key)) {
        return wrong(
            format!(
                "`{key}` is for fixed coefficients: learned ones use the history that is there"
            ),
            "leave it out",
        );
    }
    if let Some(slopes) = own.get("slopes") {
        let slopes = numbers(Some(slopes), "`slopes`", MOST_STEPS)?;
        if slopes.len() != 1 || slopes[0].value != 1.0 {
            return wrong(
                "with learned coefficients the only slope is f(u_n), with weight 1",
                "leave `slopes` out: the scale of f is in the weights of the block",
            );
        }
    }
    if states.len() < 2 {
        return wrong(
            "there is no earlier state whose coefficient could be learned",
            "give two or more `states`",
        );
    }
    let init = match own.get("init") {
        None => None,
        Some(value) => {
            let pair = numbers(Some(value), "`init`", 2)?;
            match &pair[..] {
                [low, high] if low.value <= high.value => Some((low.clone(), high.clone())),
                _ => {
                    return wrong(
                        "`init` is no interval",
                        "write the least and the greatest first value: init = [-0.1, 0]",
                    );
                }
            }
        }
    };
    let decay = match own.get("decay") {
        None => 0,
        Some(Value::Integer(decay)) if (0..=8).contains(decay) => *decay as i32,
        Some(_) => {
            return wrong(
                "`decay` is no whole number from 0 to 8",
                "the interval of u_(n-j) is divided by j^decay",
            );
        }
    };
    let k = values(&states[1..]);
    let alpha = values(states);
    let scale = Weights {
        states: &alpha,
        slopes: &[1.0],
        start: Start::Euler,
    }
    .time_scale();
    if scale < TYPED {
        return wrong(
            format!(
                "at these `states` it follows {scale:.4} u' = f(u), whose time does not run forward"
            ),
            "give `states` with which it can be analysed; they are not where learning starts: that is `init`",
        );
    }
    let mut text = format!("learned = true, states = {}", list(states));
    if let Some((low, high)) = &init {
        text += &format!(", init = [{}, {}]", low.written(), high.written());
    }
    if decay != 0 {
        text += &format!(", decay = {decay}");
    }
    Ok(Read {
        sharing: Sharing::PerStep,
        order: 1,
        highest: 1,
        title: format!("linear multistep, {} steps, learned k", states.len()),
        equation: match k.len() {
            1 => "(1-k) u + k u_prev + h f(u)".to_owned(),
            _ => "(1 - sum k_j) u + sum k_j u_(n-j) + h f(u)".to_owned(),
        },
        text,
        method: Method::Learned {
            values: k,
            init: init.map_or((-0.1, 0.0), |(low, high)| (low.value, high.value)),
            decay,
        },
    })
}
