//! How far a run is, as a screen that is drawn again and again.

use super::Answer;
use super::curve::curve;
use super::machine::rate;
use super::page::Page;
use timestep_study::runs::duration;
use timestep_study::watch::Watched;

/// Two curves stand side by side on pages at least so wide.
const PAIR: usize = 72;
/// Curves and bars are at most so wide.
const WIDEST: usize = 120;
/// Lines of a curve.
const ROWS: usize = 6;

impl Answer for Watched {
    fn text(&self, page: &mut Page) {
        page.line(match self.model.as_str() {
            "" => self.run.clone(),
            model => format!("{}: {model} on {}", self.run, self.data),
        });
        page.line(progress(self, page.width()));
        let score = |v: f64| match self.measure {
            "psnr" => format!("{v:.2}"),
            _ => format!("{v:.4}"),
        };
        let now = [
            self.score
                .last()
                .map(|v| format!("{} {}", self.measure, score(*v))),
            self.best.map(|v| format!("best {}", score(v))),
            self.loss.last().map(|v| format!("loss {v:.4}")),
            self.lr.map(|v| format!("lr {}", rate(v))),
            self.images_per_second.map(|v| format!("{v:.0} images/s")),
        ];
        let now: Vec<String> = now.into_iter().flatten().collect();
        if !now.is_empty() {
            page.line(now.join("  "));
        }
        let narrow = page.width().min(WIDEST);
        let side = if narrow >= PAIR {
            (narrow - 4) / 2
        } else {
            narrow
        };
        let curves = [
            (
                format!("{} after each {}", self.measure, self.unit),
                curve(&self.score, side, ROWS, score),
            ),
            (
                "loss in training".to_owned(),
                curve(&self.loss, side, ROWS, |v| format!("{v:.3}")),
            ),
        ];
        draw(&curves, side, narrow >= PAIR, page);
        if !self.mean_k.is_empty() {
            let lines = curve(&self.mean_k, side, 3, |v| format!("{v:+.3}"));
            draw(
                &[("mean of the learned k_n".to_owned(), lines)],
                side,
                false,
                page,
            );
            for (n, segment) in self.memory_k.iter().enumerate() {
                let k: Vec<String> = segment
                    .iter()
                    .map(|k| k.map_or("·".to_owned(), |k| format!("{k:+.3}")))
                    .collect();
                page.line(format!("k_n of segment {}: {}", n + 1, k.join(" ")));
            }
        }
        for warning in &self.warnings {
            page.line(format!("warning: {warning}"));
        }
    }
}

/// A bar, how far it is, and how long it takes.
fn progress(run: &Watched, width: usize) -> String {
    let share = match run.steps {
        Some(steps) if steps > 0 => run.step as f64 / steps as f64,
        _ if run.of > 0 => run.done as f64 / run.of as f64,
        _ => 0.0,
    };
    let cells = (width.min(WIDEST) / 4).clamp(8, 24);
    let full = ((share * cells as f64).floor() as usize).min(cells);
    let bar = format!("{}{}", "█".repeat(full), "░".repeat(cells - full));
    let eta = run.eta.map_or(String::new(), |eta| {
        format!("  about {} left", duration(eta))
    });
    format!(
        "{bar} {:.0} %  {} {}/{}  {}{eta}  {}",
        (100.0 * share).floor(),
        run.unit,
        run.done,
        run.of,
        duration(run.seconds),
        run.status
    )
}

/// Curves with titles, side by side or one below the other.
fn draw(curves: &[(String, Vec<String>)], side: usize, beside: bool, page: &mut Page) {
    let drawn: Vec<&(String, Vec<String>)> = curves
        .iter()
        .filter(|(_, lines)| !lines.is_empty())
        .collect();
    let padded = |text: &str| {
        format!(
            "{text}{}",
            " ".repeat(side.saturating_sub(text.chars().count()))
        )
    };
    match drawn[..] {
        [(left, a), (right, b)] if beside => {
            page.blank();
            page.markdown(&format!("{}    {right}\n", padded(left)));
            for (a, b) in a.iter().zip(b) {
                page.markdown(&format!("{}    {b}\n", padded(a)));
            }
        }
        _ => {
            for (title, lines) in drawn {
                page.blank();
                page.markdown(&format!("{title}\n"));
                lines
                    .iter()
                    .for_each(|line| page.markdown(&format!("{line}\n")));
            }
        }
    }
}
