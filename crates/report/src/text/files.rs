//! Files that were written or checked, recipes and data sets, in words.

use super::Answer;
use super::compare::written;
use super::page::{Page, head};
use serde_json::Value;
use timestep_study::files::{
    CheckedReport, FetchedData, RecipeText, SettingWithOrigin, ShellScript, VerifiedData,
    WrittenReport,
};

impl Answer for WrittenReport {
    fn text(&self, page: &mut Page) {
        page.markdown(&format!("{}\n{}\n", self.html, self.markdown));
    }
}

impl Answer for CheckedReport {
    fn text(&self, page: &mut Page) {
        if self.ok {
            page.line(format!(
                "{}: {} numbers and {} drawings agree with the records",
                self.report, self.numbers, self.figures
            ));
        }
        self.differences.iter().for_each(|line| page.line(line));
    }
}

impl Answer for Vec<SettingWithOrigin> {
    fn text(&self, page: &mut Page) {
        let mut rows = head(["setting", "value", "from"]);
        rows.extend(self.iter().map(|setting| {
            let value = written(&setting.value);
            vec![setting.path.clone(), value, setting.origin.clone()]
        }));
        page.table(&rows);
    }
}

impl Answer for RecipeText {
    fn text(&self, page: &mut Page) {
        page.markdown(&self.recipe);
    }
}

impl Answer for FetchedData {
    fn text(&self, page: &mut Page) {
        let text = |key: &str| self.fetched[key].as_str().unwrap_or_default();
        let how = match self.fetched["already"].as_bool() {
            Some(true) => "was there already",
            _ => "fetched and verified",
        };
        page.line(format!("{} {how}: {}", text("name"), text("folder")));
    }
}

impl Answer for VerifiedData {
    fn text(&self, page: &mut Page) {
        let list = |key: &str| self.report[key].as_array().into_iter().flatten();
        for file in list("files") {
            page.markdown(&format!(
                "{}  {} bytes  sha256 {}\n",
                file["name"].as_str().unwrap_or_default(),
                file["bytes"],
                file["sha256"].as_str().unwrap_or_default()
            ));
        }
        page.facts(&[
            (
                "train images of each class",
                written(&self.report["train_counts"]),
            ),
            (
                "test images of each class",
                written(&self.report["test_counts"]),
            ),
        ]);
        let sentences = list("notes").chain(list("problems"));
        sentences
            .filter_map(Value::as_str)
            .for_each(|s| page.line(s));
        page.line(match self.ok {
            true => "in order",
            false => "NOT in order",
        });
    }
}

impl Answer for ShellScript {
    fn text(&self, page: &mut Page) {
        page.markdown(&self.script);
    }
}
