//! What says the same for the other task? Hints for settings that a recipe cannot have.

use super::settings::{sections, setting};
use super::words::TaskKind;
use timestep_registry::quoted;

/// The task that has this setting, if it is another than `task`.
pub(super) fn owner(task: TaskKind, path: &str) -> Option<TaskKind> {
    let other = match task {
        TaskKind::Classify => TaskKind::Restore,
        TaskKind::Restore => TaskKind::Classify,
    };
    setting(other, path).map(|_| other)
}

/// What to use instead of a setting that recipes of `task` do not have.
pub(super) fn instead(task: TaskKind, path: &str) -> String {
    let said = match task {
        TaskKind::Restore => for_restorer(path),
        TaskKind::Classify => for_classifier(path),
    };
    match said {
        Some(hint) => hint.to_owned(),
        None => format!(
            "sections of {}: {}",
            task.noun(),
            quoted(&sections(task), ", ")
        ),
    }
}

/// A restorer was given a setting of a classifier.
fn for_restorer(path: &str) -> Option<&'static str> {
    Some(match path {
        "network.scheme" => "use `model.scheme`",
        "network.steps" => "use `model.steps`",
        "network.noise" => {
            "the level of Gaussian noise is `model.sigma`; other noise is `data.noise`, such as `--set data.noise=camera:iso=1600`"
        }
        "data.name" => "give a folder of pictures: `--data-dir DIR`",
        "data.limit" | "train.overfit" | "train.batch" | "train.eval_batch" => {
            "L-BFGS uses all chosen pictures in every evaluation, `--set data.every=8` chooses fewer; steps of Adam take `train.drawn_batch` at a time"
        }
        "train.epochs" => {
            "`--set train.greedy=N`, `train.joint` and `train.finish` are iterations of L-BFGS, `train.drawn` steps of Adam"
        }
        _ => match path.split('.').next().unwrap_or(path) {
            "network" => {
                "`model.method`, `model.size` and `model.steps` say what is trained: `--set model.size=7`"
            }
            "noise" => {
                "the level of Gaussian noise is `model.sigma`; other noise is `data.noise`, such as `--set data.noise=camera:iso=1600`"
            }
            "optimiser" | "schedule" => {
                "L-BFGS finds its own step sizes, and `train.drawn_lr` is that of Adam; `train.greedy`, `train.joint` and `train.drawn` say how long they run"
            }
            _ => return None,
        },
    })
}

/// A classifier was given a setting of a restorer.
fn for_classifier(path: &str) -> Option<&'static str> {
    Some(match path {
        "model.scheme" => "use `network.scheme`, or `--scheme`",
        "model.steps" => "use `network.steps`, or `--steps`",
        "data.every" | "data.skip" => "`data.limit` takes fewer images",
        "data.test_dir" | "data.test_every" | "data.test_skip" => {
            "a data set has test images of its own"
        }
        "train.greedy" | "train.joint" | "train.finish" | "train.drawn" => {
            "use `train.epochs`, or `--epochs`"
        }
        "train.drawn_batch" => "use `train.batch`, or `--batch`",
        "train.drawn_lr" => "use `optimiser.lr`, or `--lr`",
        _ if path.starts_with("model.") => {
            "`network.preset` says what is trained, or `--net`; restorers are \
             trained by recipes such as `denoising/trd-5x5-s25`"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::settings;

    #[test]
    fn every_setting_of_the_other_task_has_an_owner_and_a_hint() {
        let (classify, restore) = (TaskKind::Classify, TaskKind::Restore);
        for (task, other) in [(classify, restore), (restore, classify)] {
            for row in settings(other) {
                assert_eq!(owner(task, row.path), Some(other), "{}", row.path);
                assert!(!instead(task, row.path).is_empty(), "{}", row.path);
            }
        }
        assert_eq!(owner(classify, "train.epohcs"), None);
    }
}
