//! Runs side by side, in words.

use super::Answer;
use super::page::{Page, head};
use crate::compare::verdict;
use serde_json::Value;
use timestep_study::baselines::Baseline;
use timestep_study::compare::{ChangedSetting, ComparedGroup, ComparedRuns};
use timestep_study::runs::duration;

impl Answer for ComparedRuns {
    fn text(&self, page: &mut Page) {
        let intervals = match self.groups.len() {
            0 | 1 => String::new(),
            _ => format!("; 95 % intervals: {}", self.interval),
        };
        page.line(format!("{}, {}{intervals}", self.data, self.counts));
        let measure = format!("{} mean ± sd", self.measure);
        let mut rows = head([self.subject, "n", &measure]);
        let columns = self.groups.first().map(columns).unwrap_or_default();
        rows[0].extend(columns.iter().map(|(head, _)| (*head).to_owned()));
        rows[0].push("difference to the first".to_owned());
        rows.extend(self.groups.iter().map(row));
        page.table(&rows);
        for group in self.groups.iter().skip(1) {
            let settings: Vec<String> = group.settings.iter().map(changed).collect();
            page.line(format!("{}: {}", group.group, settings.join("; ")));
        }
        if let [group] = &self.groups[..] {
            page.line(match group.n {
                1 => "one run has no spread: any difference to it would be inconclusive",
                _ => "one recipe only: there is nothing to compare it with",
            });
        }
    }
}

/// A group as a row.
fn row(group: &ComparedGroup) -> Vec<String> {
    let spread = group
        .deviation
        .map_or("-".to_owned(), |d| format!("{d:.4}"));
    let mut row = vec![
        group.group.clone(),
        group.n.to_string(),
        format!("{:.4} ± {spread}", group.mean),
    ];
    row.extend(columns(group).into_iter().map(|(_, text)| text));
    row.push(group.difference().as_ref().map_or(String::new(), verdict));
    row
}

/// What is known of a group beside its result, each with the head of its column.
fn columns(group: &ComparedGroup) -> Vec<(&'static str, String)> {
    let size = |count: Option<u64>| count.map(|count| size(count as f64));
    let all = [
        ("parameters", size(group.parameters)),
        ("multiply-adds", size(group.multiply_adds)),
        ("epoch", group.seconds_per_epoch.map(duration)),
        ("evaluations", group.evaluations.map(|n| format!("{n:.0}"))),
        ("time", group.seconds.map(duration)),
    ];
    let known = all.into_iter();
    known
        .filter_map(|(head, text)| Some((head, text?)))
        .collect()
}

/// A number with a unit that people read at a glance.
fn size(value: f64) -> String {
    match value {
        v if v >= 1e9 => format!("{:.2} G", v / 1e9),
        v if v >= 1e6 => format!("{:.2} M", v / 1e6),
        v if v >= 1e3 => format!("{:.1} k", v / 1e3),
        v => format!("{v:.0}"),
    }
}

impl Answer for ChangedSetting {
    fn text(&self, page: &mut Page) {
        page.line(changed(self));
    }
}

/// A setting with its values in both groups.
fn changed(setting: &ChangedSetting) -> String {
    let show = |value: &Option<Value>| value.as_ref().map_or("none".to_owned(), written);
    let (left, right) = (show(&setting.left), show(&setting.right));
    format!("{}: {left} → {right}", setting.path)
}

/// A value as a recipe has it.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(written).collect();
            format!("[{}]", all.join(", "))
        }
        other => other.to_string(),
    }
}

impl Answer for Vec<Baseline> {
    fn text(&self, page: &mut Page) {
        if self.is_empty() {
            return;
        }
        let mut rows = head(["baseline", "parameters", "multiply-adds", "train it with"]);
        let percent = |ratio: f64| format!("{:+.1} %", 100.0 * (ratio - 1.0) + 0.0);
        rows.extend(self.iter().map(|baseline| {
            vec![
                baseline.network.to_owned(),
                percent(baseline.parameters_ratio),
                percent(baseline.multiply_adds_ratio),
                baseline.command.clone(),
            ]
        }));
        page.blank();
        page.table(&rows);
    }
}
