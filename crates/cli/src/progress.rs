//! What does a person see while a network trains? A bar in a terminal, a line per epoch otherwise.

use crate::ui::Ui;
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use timestep_data::Watch;
use timestep_report::text::events::Words;
use timestep_train::event::{Event, Position, Sink, SinkError, What};

/// Shows events on standard error, or as JSON lines on standard output.
pub(crate) struct Display {
    ui: Ui,
    bar: Option<ProgressBar>,
    words: Words,
}

impl Display {
    /// A display that speaks as `ui` says.
    pub(crate) fn new(ui: Ui) -> Self {
        Self {
            ui,
            bar: None,
            words: Words::default(),
        }
    }

    /// Says a line above the bar.
    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.ui.note(text)),
            None => self.ui.note(text),
        }
    }

    fn start(&mut self, steps: u64, done: usize) {
        if !self.ui.live() {
            return;
        }
        let bar = ProgressBar::new(steps);
        // The template is a constant that the tests render.
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {percent:>3} %  ETA {eta}")
        {
            bar.set_style(style);
        }
        bar.set_position(done as u64);
        bar.reset_eta();
        self.bar = Some(bar);
    }

    fn show(&mut self, event: &Event) {
        for line in self.words.of(event) {
            self.line(&line);
        }
        match event {
            Event::Start {
                what:
                    What::Classifier {
                        epochs,
                        steps_per_epoch,
                        ..
                    },
                resumed,
                ..
            } => self.start(
                (epochs * steps_per_epoch) as u64,
                resumed.map_or(0, Position::count),
            ),
            Event::Step { step, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_position(*step as u64);
                    bar.set_message(self.words.under_way(event).unwrap_or_default());
                }
            }
            Event::Epoch { step, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_position(*step as u64);
                }
            }
            Event::Diverged { .. } | Event::Interrupted { .. } | Event::End { .. } => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
            }
            _ => {}
        }
    }
}

/// Work that lasts shows how far it is after so long.
const PATIENCE: Duration = Duration::from_secs(2);

/// How far work of equal pieces is, and how long it will take at the pace so far: a bar on a terminal, once two seconds
/// have passed.
pub(crate) struct Waiting {
    ui: Ui,
    what: &'static str,
    total: usize,
    began: Instant,
    bar: Option<ProgressBar>,
}

impl Waiting {
    /// Work on `total` pieces, which are called `what`.
    pub(crate) fn new(ui: Ui, what: &'static str, total: usize) -> Self {
        Self {
            ui,
            what,
            total,
            began: Instant::now(),
            bar: None,
        }
    }

    /// So many of what is called `what` are done: where it changes, other work has begun, at another pace.
    pub(crate) fn now(&mut self, what: &'static str, done: usize, total: usize) {
        if self.what != what {
            self.what = what;
            self.began = Instant::now();
            // Patience was shown already, but nothing is known of the new pace.
            if let Some(bar) = self.bar.take() {
                bar.finish_and_clear();
            }
        }
        self.of(done, total);
    }

    /// So many pieces of `total` are done, where there are more or fewer than was thought.
    pub(crate) fn of(&mut self, done: usize, total: usize) {
        self.total = total;
        self.at(done);
    }

    /// So many pieces are done.
    pub(crate) fn at(&mut self, done: usize) {
        let elapsed = self.began.elapsed();
        if !self.ui.live() || elapsed < PATIENCE || done == 0 {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(self.total as u64);
            // The template is a constant; with a wrong one the bar would keep its plain style.
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}") {
                bar.set_style(style);
            }
            bar
        });
        bar.set_length(self.total as u64);
        bar.set_position(done as u64);
        let left = elapsed.mul_f64(self.total.saturating_sub(done) as f64 / done as f64);
        let total = self.total;
        bar.set_message(format!("{done}/{total} {}  ETA {}", self.what, eta(left)));
    }
}

/// Work on files that several threads read, which says how far it is.
pub(crate) fn watched<T>(ui: Ui, what: &'static str, work: impl FnOnce(Watch<'_>) -> T) -> T {
    let waiting = Mutex::new(Waiting::new(ui, what, 0));
    work(&|done, total| {
        // Who finds it taken leaves telling to the other.
        if let Ok(mut waiting) = waiting.try_lock() {
            waiting.of(done, total);
        }
    })
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A time to come: `8 s`, `3 min 20 s`, `2 h 05 min`.
pub(crate) fn eta(left: Duration) -> String {
    let seconds = left.as_secs_f64().ceil() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

impl Sink for Display {
    fn on(&mut self, event: &Event) -> Result<(), SinkError> {
        if self.ui.json {
            self.ui.data(&event.to_json());
        }
        self.show(event);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_come() {
        let of = |seconds| eta(Duration::from_secs_f64(seconds));
        assert_eq!((of(7.2), of(200.0)), ("8 s".into(), "3 min 20 s".into()));
        assert_eq!(of(7500.0), "2 h 05 min");
    }
}
