//! Which Runge-Kutta method do a tableau or a composition of methods define, and do their numbers fit together?

use super::Method;
use super::numbers::{Number, TYPED, list, number, numbers, sum, values};
use super::table::{Fallible, MOST_NAME, MOST_STAGES, MOST_STEPS, Read, only, wrong};
use crate::{Butcher, Sharing, schemes};
use timestep_registry::quoted;
use toml::{Table, Value};

pub(super) fn tableau(own: &Table) -> Fallible<Read> {
    only(own, "tableau", &["a", "b", "c", "sharing"])?;
    let b = numbers(own.get("b"), "`b`", MOST_STAGES)?;
    if b.is_empty() {
        return wrong("`b` is empty", "a step has at least one evaluation of f");
    }
    let rows = match own.get("a") {
        Some(Value::Array(rows)) => rows.clone(),
        None if b.len() == 1 => vec![Value::Array(Vec::new())],
        _ => {
            return wrong(
                "`a` is no list of rows",
                "write a = [[], [\"1/2\"], [-1, 2]]: one row for each stage",
            );
        }
    };
    if rows.len() != b.len() {
        return wrong(
            format!(
                "`a` has {} rows, but `b` has {} weights",
                rows.len(),
                b.len()
            ),
            "there is one row and one weight for each stage",
        );
    }
    let mut a: Vec<Vec<Number>> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let what = format!("row {} of `a`", i + 1);
        let mut row = numbers(Some(row), &what, MOST_STAGES)?;
        if row.iter().skip(i).any(|n| n.value != 0.0) {
            return wrong(
                format!("{what} uses slopes of its own or of later stages: the method is implicit"),
                "methods from a file are explicit: row i has numbers for the stages before it",
            );
        }
        if row.len() < i {
            return wrong(
                format!("{what} has {} numbers, not {i}", row.len()),
                "row i has one number for each stage before it; write zeros too",
            );
        }
        row.truncate(i);
        a.push(row);
    }
    let tableau = Butcher::new(a.iter().map(|row| values(row)).collect(), values(&b));
    if own.contains_key("c") {
        let c = numbers(own.get("c"), "`c`", MOST_STAGES)?;
        if c.len() != b.len() {
            return wrong(
                format!(
                    "`c` has {} nodes, but there are {} stages",
                    c.len(),
                    b.len()
                ),
                "leave `c` out: nodes are the sums of the rows",
            );
        }
        for (i, (node, sum)) in c.iter().zip(tableau.nodes()).enumerate() {
            if (node.value - sum).abs() > TYPED * (1.0 + sum.abs()) {
                return wrong(
                    format!(
                        "row {} of `a` sums to {sum}, but its node in `c` is {}",
                        i + 1,
                        node.text
                    ),
                    "leave `c` out, or correct the row",
                );
            }
        }
    }
    let sharing = match own.get("sharing") {
        None => Sharing::PerStep,
        Some(Value::String(word)) if word == "per-step" => Sharing::PerStep,
        Some(Value::String(word)) if word == "per-stage" => Sharing::PerStage,
        Some(_) => {
            return wrong(
                "`sharing` is neither \"per-step\" nor \"per-stage\"",
                "all stages of a step have the same weights, or each has its own",
            );
        }
    };
    let shared = match sharing {
        Sharing::PerStage => ", sharing = \"per-stage\"",
        _ => "",
    };
    let text: Vec<String> = a.iter().map(|row| list(row)).collect();
    let order = order_of(&tableau)?;
    Ok(Read {
        sharing,
        order,
        highest: 5,
        title: format!("Runge-Kutta, {} stages, order {order}", b.len()),
        equation: format!("u + h ({})", sum(&b, |i| format!("s{}", i + 1))),
        text: format!("a = [{}], b = {}{shared}", text.join(", "), list(&b)),
        method: Method::RungeKutta(tableau),
    })
}

/// The order of a tableau, which is at least 1.
fn order_of(tableau: &Butcher) -> Fallible<u32> {
    match tableau.order() {
        0 => wrong(
            format!(
                "the weights `b` sum to {}, not to 1",
                tableau.weights().iter().sum::<f64>()
            ),
            "write fractions as \"1/3\", not as 0.333",
        ),
        order => Ok(order),
    }
}

pub(super) fn composition(own: &Table) -> Fallible<Read> {
    only(own, "composition", &["steps"])?;
    const HINT: &str =
        "write steps = [{ scheme = \"heun\", h = \"1/2\" }, { scheme = \"heun\", h = \"1/2\" }]";
    let Some(Value::Array(all)) = own.get("steps") else {
        return wrong("`steps` is no list", HINT);
    };
    if all.is_empty() || all.len() > MOST_STEPS {
        return wrong(
            format!("`steps` has {} steps, not 1 to {MOST_STEPS}", all.len()),
            HINT,
        );
    }
    let (mut parts, mut texts, mut words) = (Vec::new(), Vec::new(), Vec::new());
    for (i, step) in all.iter().enumerate() {
        let what = format!("step {}", i + 1);
        let Value::Table(step) = step else {
            return wrong(format!("{what} is no table"), HINT);
        };
        only(step, &what, &["scheme", "h"])?;
        let Some(Value::String(name)) = step.get("scheme") else {
            return wrong(format!("{what} has no `scheme`"), HINT);
        };
        let Some(tableau) = schemes::tableau(name) else {
            let all: Vec<&str> = schemes::schemes()
                .into_iter()
                .map(|facts| facts.key)
                .filter(|key| schemes::tableau(key).is_some())
                .collect();
            let shown: String = name.chars().take(MOST_NAME).collect();
            return wrong(
                format!(
                    "`{}` is no Runge-Kutta method of the program",
                    shown.escape_debug()
                ),
                format!("there are {}", quoted(&all, " and ")),
            );
        };
        let h = match step.get("h") {
            None => return wrong(format!("{what} has no `h`, its part of the step"), HINT),
            Some(value) => number(value, &format!("`h` of {what}"))?,
        };
        texts.push(format!("{{ scheme = \"{name}\", h = {} }}", h.written()));
        words.push(format!("{name} of {} h", h.text));
        parts.push((h.value, tableau));
    }
    let whole: f64 = parts.iter().map(|(h, _)| h).sum();
    if (whole - 1.0).abs() > TYPED {
        return wrong(
            format!("the parts `h` of the step sum to {whole}, not to 1"),
            "write fractions as \"1/3\", not as 0.333",
        );
    }
    let stages: usize = parts.iter().map(|(_, tableau)| tableau.stages()).sum();
    if stages > MOST_STAGES {
        return wrong(
            format!("it has {stages} evaluations of f, more than {MOST_STAGES}"),
            "use fewer steps",
        );
    }
    let tableau = Butcher::composed(&parts);
    let order = order_of(&tableau)?;
    Ok(Read {
        sharing: Sharing::PerStep,
        order,
        highest: 5,
        title: format!("composition of {} steps, order {order}", parts.len()),
        equation: words.join(", then "),
        text: format!("steps = [{}]", texts.join(", ")),
        method: Method::RungeKutta(tableau),
    })
}
