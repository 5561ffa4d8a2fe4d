//! A checkup of the machine, a rate that suits a recipe, and what weights do with images, in words.

use super::Answer;
use super::page::Page;
use timestep_study::doctor::{BATCH, Checkup};
use timestep_study::lr_find::SuggestedRate;

impl Answer for Checkup {
    fn text(&self, page: &mut Page) {
        let own = &self.environment;
        let memory = self.memory_gb;
        let memory = memory.map_or("memory unknown".to_owned(), |gb| {
            format!("{gb:.1} GB memory")
        });
        let folder = match self.writable {
            true => "the current folder is writable",
            false => "the current folder is NOT writable: use --out",
        };
        let data = self.data.iter().map(|data| match data.found {
            true => format!("{}: found", data.name),
            false => format!("{}: not in ./data", data.name),
        });
        let data: Vec<String> = data.collect();
        let ranks = match &self.ranks {
            one if one.count == 1 => "one process".to_owned(),
            all => format!(
                "{} processes on {} machine{}, {} here; the first may use {} of {} cores",
                all.count,
                all.machines,
                if all.machines == 1 { "" } else { "s" },
                all.local,
                all.allowed,
                all.cores
            ),
        };
        page.facts(&[
            ("timestep", env!("CARGO_PKG_VERSION").to_owned()),
            (
                "machine",
                format!(
                    "{}, {} cores, {} threads, {}, {memory}",
                    own["cpu"].as_str().unwrap_or("unknown processor"),
                    own["cores"],
                    own["threads"],
                    self.instruction_sets.join(" ")
                ),
            ),
            ("kernels", self.kernels.to_owned()),
            ("ranks", ranks),
            ("folder", folder.to_owned()),
            ("data", data.join(", ")),
            (
                "self-test",
                format!(
                    "Euler order {:.2}, RK4 order {:.2}, gradient against finite differences {:.1e}",
                    self.euler_order, self.rk4_order, self.gradient_error
                ),
            ),
            (
                "speed",
                format!(
                    "{:.0} images/s (lm-resnet-20, 3×32×32, batch {BATCH}, one training step)",
                    BATCH as f64 / self.step_seconds
                ),
            ),
        ]);
        let outcome = match self.ok {
            true => "all in order",
            false => "NOT in order",
        };
        page.line(format!("{outcome} in {:.1} s", self.seconds));
    }
}

impl Answer for SuggestedRate {
    fn text(&self, page: &mut Page) {
        page.line(format!(
            "{} on {}: {} steps of {} images, rates from {} to {}, seed {}",
            self.network,
            self.data,
            self.steps,
            self.batch,
            rate(self.from),
            rate(self.to),
            self.seed
        ));
        page.line(match (self.not_finite_at, self.end) {
            (Some(lr), _) => format!("then the loss was not finite, at rate {}", rate(lr)),
            (None, "rising") => "then the smoothed loss exceeded four times its minimum".to_owned(),
            (None, _) => "the loss did not rise to four times its minimum".to_owned(),
        });
        let (Some(found), Some(minimum)) = (self.suggestion, self.minimum) else {
            return;
        };
        let second = format!(
            "{}   a tenth of the rate at its minimum ({})",
            rate(minimum / 10.0),
            rate(minimum)
        );
        let first = format!("{}   where the smoothed loss falls fastest", rate(found));
        page.facts(&[
            ("suggestion", first),
            ("second opinion", second),
            ("the recipe has", rate(self.recipe)),
        ]);
        page.line(format!("use it: train with --lr {}", rate(found)));
    }
}

/// A rate with two digits: no test tells more.
pub fn rate(value: f64) -> String {
    let power = value.abs().log10().floor();
    if !power.is_finite() {
        return value.to_string();
    }
    let unit = 10_f64.powf(power - 1.0);
    let decimals = (1.0 - power).clamp(0.0, 12.0) as usize;
    let text = format!("{:.decimals$}", (value / unit).round() * unit);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn rates_have_two_digits() {
        for (value, text) in [
            (0.0834, "0.083"),
            (1e-4, "0.0001"),
            (3.0, "3"),
            (0.0996, "0.1"),
            (12.34, "12"),
            (0.000_012_3, "0.000012"),
        ] {
            assert_eq!(rate(value), text);
        }
    }
}
