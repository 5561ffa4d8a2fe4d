//! In what do two recipes differ, and which differences may a continued run have?

use super::TaskRecipe;
use super::model::Recipe;
use super::settings::settings;
use crate::schedules::SCHEDULES;
use serde::Serialize;
use std::fmt;
use toml::Value;

/// A setting that two recipes give different values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The setting.
    pub path: &'static str,
    /// Its value in the first recipe; none if that has another optimiser, without this setting.
    pub left: Option<Value>,
    /// Its value in the second.
    pub right: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Option<Value>| match value {
            Some(value) => value.to_string(),
            None => "none".to_owned(),
        };
        let (left, right) = (show(&self.left), show(&self.right));
        write!(f, "{}: {left} → {right}", self.path)
    }
}

/// The settings in which two recipes differ, in the order of a written recipe.
pub fn diff<R: TaskRecipe>(left: &R, right: &R) -> Vec<Difference> {
    let (left, right) = (left.values(), right.values());
    let of = |values: &[(&str, Value)], path| {
        let value = values.iter().find(|(at, _)| *at == path);
        value.map(|(_, value)| value.clone())
    };
    let all = settings(R::TASK).iter().map(|setting| Difference {
        path: setting.path,
        left: of(&left, setting.path),
        right: of(&right, setting.path),
    });
    all.filter(|difference| difference.left != difference.right)
        .collect()
}

/// Whether a run of this recipe may continue with another value of `path`.
///
/// Only what leaves the steps already taken as they were: the time budget, the place of the data, which weights are kept, and
/// what [`TaskRecipe::may_change`] adds for the task.
pub fn may_change_on_resume<R: TaskRecipe>(recipe: &R, path: &str) -> bool {
    matches!(path, "train.time" | "train.keep" | "data.dir") || recipe.may_change(path)
}

/// Of a classifier: the size of a measured batch, the patience, and the number of epochs where the rate of a
/// step does not depend on it. With a cosine or one-cycle schedule, more epochs would have meant other rates from
/// the first step on.
pub(super) fn may_change(recipe: &Recipe, path: &str) -> bool {
    match path {
        "train.eval_batch" | "train.patience" => true,
        "train.epochs" => {
            let schedule = SCHEDULES.find(&recipe.schedule.name);
            schedule.is_some_and(|facts| !facts.knows_end)
        }
        _ => false,
    }
}

/// The differences that forbid to continue a run of `saved` as `wanted`; none means go.
pub fn resume_refusals<R: TaskRecipe>(saved: &R, wanted: &R) -> Vec<Difference> {
    let differences = diff(saved, wanted).into_iter();
    differences
        .filter(|difference| !may_change_on_resume(saved, difference.path))
        .collect()
}
