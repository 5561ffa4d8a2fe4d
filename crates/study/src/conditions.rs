//! Does a result meet conditions such as `top1>=0.9`?

use timestep_train::event::{Measured, TestMetrics};
use timestep_train::recipe::TaskKind;

/// What a test of a network measures.
const TEST: [&str; 3] = ["top1", "top5", "loss"];

/// What is measured of a restorer in training.
const RESTORED: [&str; 1] = ["psnr"];

/// A condition such as `top1>=0.9`.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    measure: &'static str,
    comparison: Comparison,
    bound: f64,
    text: String,
}

/// Why a condition cannot be asked for.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConditionError {
    /// It is not of the form measure, comparison, number.
    #[error("`{text}` is no condition")]
    Unreadable {
        /// What was written.
        text: String,
        /// What could be written.
        hint: String,
    },
    /// It is about something that only the other task measures.
    #[error("`{text}`: {task} has no `{name}`")]
    OtherTask {
        /// What was written.
        text: String,
        /// What the task trains, in words.
        task: &'static str,
        /// The measure.
        name: String,
        /// What could be written.
        hint: String,
    },
}

impl ConditionError {
    /// What could be written.
    #[must_use]
    pub fn hint(&self) -> &str {
        let (Self::Unreadable { hint, .. } | Self::OtherTask { hint, .. }) = self;
        hint
    }
}

/// A condition that does not hold.
#[derive(Clone, Debug, thiserror::Error)]
#[error("required {condition}, measured {value:.4}")]
pub struct NotMet {
    /// The condition as it was written.
    pub condition: String,
    /// What was measured instead; NaN if nothing was.
    pub value: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    AtLeast,
    AtMost,
    Above,
    Below,
}

/// Reads conditions on the result of a task.
///
/// # Errors
/// One that cannot be read, or is about a measure of the other task.
pub fn parse(texts: &[String], task: TaskKind) -> Result<Vec<Condition>, ConditionError> {
    let (own, example, others): (&[_], _, &[&str]) = match task {
        TaskKind::Classify => (&TEST, "top1>=0.9", &RESTORED),
        TaskKind::Restore => (&RESTORED, "psnr>=28", &TEST),
    };
    for text in texts {
        let name = text.split(['<', '>']).next().unwrap_or_default().trim();
        if others.contains(&name) {
            return Err(ConditionError::OtherTask {
                text: text.clone(),
                task: task.noun(),
                name: name.to_owned(),
                hint: format!(
                    "it is measured by {}, for instance --require '{example}'",
                    own.join(", ")
                ),
            });
        }
    }
    parse_for(texts, own, example)
}

/// Reads conditions on these measures.
///
/// # Errors
/// One that cannot be read.
pub fn parse_for(
    texts: &[String],
    measures: &[&'static str],
    example: &str,
) -> Result<Vec<Condition>, ConditionError> {
    let one = |text: &String| parse_one(text, measures, example);
    texts.iter().map(one).collect()
}

fn parse_one(
    text: &str,
    measures: &[&'static str],
    example: &str,
) -> Result<Condition, ConditionError> {
    let wrong = || ConditionError::Unreadable {
        text: text.to_owned(),
        hint: format!(
            "write for instance --require '{example}': {}; >=, <=, > or <; a number",
            measures.join(" or ")
        ),
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
    let measure = measures
        .iter()
        .find(|m| **m == left.trim())
        .ok_or_else(wrong)?;
    let bound: f64 = right.trim().parse().map_err(|_| wrong())?;
    Ok(Condition {
        measure,
        comparison,
        bound,
        text: text.to_owned(),
    })
}

/// Do all conditions hold for a test?
///
/// # Errors
/// The first that does not.
pub fn check(conditions: &[Condition], test: &TestMetrics) -> Result<(), NotMet> {
    let values = [
        ("top1", test.top1),
        ("top5", test.top5),
        ("loss", test.loss),
    ];
    check_values(conditions, &values)
}

/// Do all conditions hold at the end of a run? The PSNR of a restorer is that on its test pictures;
/// without any, that on its training pictures.
///
/// # Errors
/// The first that does not.
pub fn check_measured(conditions: &[Condition], measured: &Measured) -> Result<(), NotMet> {
    match measured {
        Measured::Classifier { test, .. } => check(conditions, test),
        Measured::Restorer { last, .. } => check_values(conditions, &[("psnr", last.counted())]),
    }
}

/// Do all conditions hold for these values? One that was not measured is NaN, for which none holds.
///
/// # Errors
/// The first that does not.
pub fn check_values(conditions: &[Condition], values: &[(&str, f64)]) -> Result<(), NotMet> {
    for condition in conditions {
        let found = values.iter().find(|(name, _)| *name == condition.measure);
        let value = found.map_or(f64::NAN, |(_, value)| *value);
        let holds = match condition.comparison {
            Comparison::AtLeast => value >= condition.bound,
            Comparison::AtMost => value <= condition.bound,
            Comparison::Above => value > condition.bound,
            Comparison::Below => value < condition.bound,
        };
        if !holds {
            return Err(NotMet {
                condition: condition.text.clone(),
                value,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<Condition, ConditionError> {
        parse_one(text, &TEST, "top1>=0.9")
    }

    #[test]
    fn conditions_hold_or_not() {
        let test = TestMetrics {
            loss: 0.5,
            top1: 0.9,
            top5: 1.0,
        };
        let holds = |text: &str| check(&[one(text).expect("a condition")], &test).is_ok();
        assert!(holds("top1>=0.9") && holds("loss < 1") && holds("top5<=1"));
        assert!(!holds("top1>0.9") && !holds("loss>=0.6"));
        assert!(one("accuracy>1").is_err() && one("top1=1").is_err());
        let of = |text: &str, task| parse(&[text.to_owned()], task);
        assert!(of("psnr>=28", TaskKind::Restore).is_ok());
        for (text, task) in [
            ("psnr>=28", TaskKind::Classify),
            ("top1>=0.9", TaskKind::Restore),
        ] {
            let failure = of(text, task).expect_err("of the other task");
            assert!(matches!(failure, ConditionError::OtherTask { .. }));
        }
        let psnr = parse_for(&["psnr>=28".to_owned()], &["psnr"], "psnr>=28").expect("a condition");
        assert!(check_values(&psnr, &[("psnr", 28.5)]).is_ok());
        assert!(check_values(&psnr, &[("psnr", f64::NAN)]).is_err());
    }
}
