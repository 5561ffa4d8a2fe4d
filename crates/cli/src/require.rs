//! Does a result meet the conditions of `--require`?

use crate::failure::Failure;
use timestep_train::event::TestMetrics;

/// A condition such as `top1>=0.9`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    metric: Metric,
    comparison: Comparison,
    bound: f64,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Metric {
    Top1,
    Top5,
    Loss,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    AtLeast,
    AtMost,
    Above,
    Below,
}

/// Reads conditions; wrong ones are usage errors before anything runs.
pub(crate) fn parse(texts: &[String]) -> Result<Vec<Condition>, Failure> {
    texts.iter().map(|text| parse_one(text)).collect()
}

fn parse_one(text: &str) -> Result<Condition, Failure> {
    let wrong = || {
        Failure::usage(
            format!("`{text}` is no condition"),
            "write for instance --require 'top1>=0.9': top1, top5 or loss; >=, <=, > or <; a number",
        )
    };
    let operators = [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        (">", Comparison::Above),
        ("<", Comparison::Below),
    ];
    let (operator, comparison) = operators
        .into_iter()
        .find(|(o, _)| text.contains(o))
        .ok_or_else(wrong)?;
    let (left, right) = text.split_once(operator).ok_or_else(wrong)?;
    let metric = match left.trim() {
        "top1" => Metric::Top1,
        "top5" => Metric::Top5,
        "loss" => Metric::Loss,
        _ => return Err(wrong()),
    };
    let bound: f64 = right.trim().parse().map_err(|_| wrong())?;
    Ok(Condition {
        metric,
        comparison,
        bound,
        text: text.to_owned(),
    })
}

/// Fails with exit code 1 if a condition does not hold.
pub(crate) fn check(conditions: &[Condition], test: &TestMetrics) -> Result<(), Failure> {
    for condition in conditions {
        let value = match condition.metric {
            Metric::Top1 => test.top1,
            Metric::Top5 => test.top5,
            Metric::Loss => test.loss,
        };
        let holds = match condition.comparison {
            Comparison::AtLeast => value >= condition.bound,
            Comparison::AtMost => value <= condition.bound,
            Comparison::Above => value > condition.bound,
            Comparison::Below => value < condition.bound,
        };
        if !holds {
            let message = format!("required {}, measured {value:.4}", condition.text);
            return Err(Failure::negative(message, None));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_or_not() {
        let test = TestMetrics {
            loss: 0.5,
            top1: 0.9,
            top5: 1.0,
        };
        let holds = |text: &str| check(&[parse_one(text).expect("a condition")], &test).is_ok();
        assert!(holds("top1>=0.9") && holds("loss < 1") && holds("top5<=1"));
        assert!(!holds("top1>0.9") && !holds("loss>=0.6"));
        assert!(parse_one("accuracy>1").is_err() && parse_one("top1=1").is_err());
    }
}
